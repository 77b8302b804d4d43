"""How people on duty are called: kept where pages read it, for as long as they come."""

import asyncio
import secrets
from datetime import timedelta

from contracts.vocabulary import PersonId, Role
from services.bus.testing import ServiceUnderTest
from services.console import handlers, staff
from services.console.domain import SessionAsked
from services.console.sessions import DevelopmentSession, open_development_session
from services.console.settings import InventedPerson, Settings
from services.console.staff import KEEP_NAMES_FOR, names_of
from tests.console.facts import LINE, LISTENER, NOON, REGULATOR
from tests.console.scripted_door import ScriptedDoor
from tests.terms import a_line


def comes(console: ServiceUnderTest, person_id: PersonId, name: str | None) -> None:
    role = Role.LISTENER if person_id == LISTENER else Role.REGULATOR
    asked = SessionAsked(person_id, role, LINE, name)
    token = secrets.token_hex(32)
    console.request(lambda work: handlers.open_session(asked, token, timedelta(hours=24), work))


def called(console: ServiceUnderTest, *people: str) -> dict[str, str]:
    return console.read(lambda session: names_of(session, people))


def test_people_are_called_as_whoever_signed_them_in_says(console: ServiceUnderTest) -> None:
    comes(console, LISTENER, "Paul V.")
    comes(console, REGULATOR, "Nadia B.")
    assert called(console, LISTENER, REGULATOR) == {LISTENER: "Paul V.", REGULATOR: "Nadia B."}
    comes(console, LISTENER, "Paul Vidal")
    assert called(console, LISTENER) == {LISTENER: "Paul Vidal"}


def test_of_whom_nobody_said_a_name_the_identifier_is_shown(console: ServiceUnderTest) -> None:
    comes(console, LISTENER, None)
    assert called(console, LISTENER, "nobody") == {LISTENER: LISTENER, "nobody": "nobody"}
    comes(console, LISTENER, "Paul V.")
    comes(console, LISTENER, None)
    assert called(console, LISTENER) == {LISTENER: "Paul V."}, "a name once known stays"
    assert called(console) == {}


def test_a_session_that_is_refused_leaves_no_name(console: ServiceUnderTest) -> None:
    asked = SessionAsked(LISTENER, Role.SUPERVISOR, LINE, "Paul V.")
    refusing = console.request(
        lambda work: handlers.open_session(asked, "0" * 64, timedelta(hours=24), work)
    )
    assert refusing.refusal is not None
    assert called(console, LISTENER) == {LISTENER: LISTENER}


def test_who_has_not_come_for_long_is_forgotten(console: ServiceUnderTest) -> None:
    comes(console, LISTENER, "Paul V.")
    console.at(NOON + timedelta(days=1))
    comes(console, REGULATOR, "Nadia B.")
    console.at(NOON + KEEP_NAMES_FOR + timedelta(hours=1))
    console.fire_deadlines()
    assert called(console, LISTENER, REGULATOR) == {LISTENER: LISTENER, REGULATOR: "Nadia B."}


def test_a_person_finds_their_roles_on_every_line_and_the_lines_there_are(
    console: ServiceUnderTest,
) -> None:
    entries = console.read(lambda session: staff.entries_of(session, LISTENER))
    assert entries.held == {LINE: frozenset({Role.LISTENER})}
    assert entries.lines == {LINE: a_line().name}


def test_the_development_provider_says_names_too(console: ServiceUnderTest) -> None:
    invented = InventedPerson(
        person_id=REGULATOR, name="Nadia B.", role=Role.REGULATOR, programme=LINE
    )
    settings = Settings(development_key="k" * 40, development_people=(invented,))
    told = {LISTENER: (Role.LISTENER, "Paul V."), REGULATOR: (Role.REGULATOR, None)}

    async def come() -> None:
        for person_id, (role, name) in told.items():
            wanted = DevelopmentSession(
                development_key="k" * 40,
                person_id=person_id,
                role=role,
                programme=LINE,
                name=name,
            )
            await open_development_session(wanted, ScriptedDoor(console), settings)

    asyncio.run(come())
    assert called(console, LISTENER, REGULATOR) == {LISTENER: "Paul V.", REGULATOR: "Nadia B."}
