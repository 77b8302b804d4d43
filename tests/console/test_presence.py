"""Whether a supervisor is there: what a listener's page says of it, and when it is drawn anew."""

from contracts.vocabulary import LiveState, LiveStateReason, PersonId, Role
from services.bus.testing import ServiceUnderTest
from services.console.pictures import news_for
from services.console.presence import supervisors_of
from tests.console import facts
from tests.console.desks import SUPERVISOR as HELENE
from tests.console.desks import Comes, at_desks
from tests.console.facts import LINE, LISTENER, REGULATOR, session_of
from tests.console.scripted_door import ScriptedDoor

SUPERVISOR, PROFESSIONAL = PersonId("supervisor-1"), PersonId("professional-1")
NOBODY = "Aucun superviseur n’est présent."


def told(console: ServiceUnderTest, person_id: PersonId) -> list[str]:
    news = console.read(lambda session: news_for(session, {person_id: 0}))
    return [one.kind for one in news]


def present(console: ServiceUnderTest) -> tuple[PersonId, ...]:
    return console.read(lambda session: supervisors_of(session, LINE))


def goes(
    console: ServiceUnderTest,
    state: LiveState,
    before: LiveState,
    reason: LiveStateReason = LiveStateReason.ASKED,
    version: int = 1,
) -> None:
    entered = facts.entered(state, SUPERVISOR, Role.SUPERVISOR, previous=before, reason=reason)
    console.deliver(entered, version=version)


def test_who_may_ask_for_a_supervisor_hears_that_one_comes_and_goes(
    console: ServiceUnderTest,
) -> None:
    people = {
        LISTENER: Role.LISTENER,
        REGULATOR: Role.REGULATOR,
        PROFESSIONAL: Role.DUTY_PROFESSIONAL,
    }
    for person_id, role in people.items():
        console.deliver(facts.established(person_id, role))
        session_of(console, person_id, role)
    goes(console, LiveState.READY, LiveState.OFF_DUTY)
    for person_id in (LISTENER, REGULATOR):
        assert told(console, person_id) == ["presence"]
    goes(console, LiveState.OFF_DUTY, LiveState.READY, version=2)
    for person_id in (LISTENER, REGULATOR):
        assert told(console, person_id) == ["presence", "presence"]
    assert told(console, PROFESSIONAL) == []
    assert told(console, SUPERVISOR) == ["live_state", "live_state"]


def test_what_else_a_supervisor_does_is_told_to_nobody(console: ServiceUnderTest) -> None:
    session_of(console, LISTENER, Role.LISTENER)
    goes(console, LiveState.READY, LiveState.OFF_DUTY)
    goes(console, LiveState.PAUSED, LiveState.READY, version=2)
    goes(console, LiveState.READY, LiveState.PAUSED, version=3)
    console.deliver(facts.entered(person_id=REGULATOR, role=Role.REGULATOR))
    assert told(console, LISTENER) == ["presence"]
    assert present(console) == (SUPERVISOR,)


def test_a_supervisor_whose_desk_is_lost_is_not_there_until_they_go_on(
    console: ServiceUnderTest,
) -> None:
    session_of(console, LISTENER, Role.LISTENER)
    goes(console, LiveState.READY, LiveState.OFF_DUTY)
    lost = LiveStateReason.HEARTBEAT_LOST
    goes(console, LiveState.PAUSED, LiveState.READY, lost, version=2)
    assert present(console) == ()
    goes(console, LiveState.READY, LiveState.PAUSED, version=3)
    assert present(console) == (SUPERVISOR,)
    assert told(console, LISTENER) == ["presence"] * 3


def test_people_of_another_line_hear_nothing(console: ServiceUnderTest) -> None:
    session_of(console, LISTENER, Role.LISTENER)
    entered = facts.entered(person_id=SUPERVISOR, role=Role.SUPERVISOR, programme="sos-amitie")
    console.deliver(entered)
    assert told(console, LISTENER) == []


def test_a_listeners_page_says_who_is_there_before_and_on_duty(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        await comes(HELENE)
        browser = await comes(LISTENER)
        assert NOBODY in (await browser.get("/")).text
        await door.deliver(facts.entered(person_id=HELENE, role=Role.SUPERVISOR))
        assert "Hélène M. est là, en supervision," in (await browser.get("/part")).text
        await door.deliver(facts.entered())
        assert "Hélène M. est là, en supervision," in (await browser.get("/part")).text

    at_desks(door, visit)


def test_a_desk_that_was_lost_says_why_it_is_paused_and_how_to_go_on(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        listener, supervisor = await comes(LISTENER), await comes(HELENE)
        lost = LiveStateReason.HEARTBEAT_LOST
        await door.deliver(facts.entered(LiveState.PAUSED, reason=lost))
        page = (await listener.get("/")).text
        assert "La connexion de ce poste s’est perdue, la pause est venue d’elle-même." in page
        assert 'action="/act/desk/duty/resume"' in page
        entered = facts.entered(LiveState.PAUSED, HELENE, Role.SUPERVISOR, reason=lost)
        await door.deliver(entered)
        page = (await supervisor.get("/")).text
        assert "La connexion de ce poste s’est perdue : les écoutants" in page
        assert 'action="/act/desk/duty/resume"' in page

    at_desks(door, visit)


def test_a_pause_somebody_chose_says_nothing_of_a_connection(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        listener = await comes(LISTENER)
        await door.deliver(facts.entered(LiveState.PAUSED))
        page = (await listener.get("/")).text
        assert "Vous êtes en pause." in page
        assert "connexion de ce poste" not in page

    at_desks(door, visit)
