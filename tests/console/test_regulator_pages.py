"""The regulator's desk: who waits, the triage of a minute, the capsule, P1 and its card."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import Session

from contracts.envelope import Command, Event, Reply, done, not_yet, refused
from contracts.referral import FindRelays, RelayFound, RelaysFound
from contracts.rescue import (
    Arrival,
    ReportArrival,
    RescueConfirmed,
    RescueId,
    RescueNamed,
    RescueService,
    StartRescue,
)
from contracts.risk import RISK_PURPOSE, RaiseAlert, RiskCapability
from contracts.text import TEXT_PURPOSE, TextCapability
from contracts.triage import DecideTriage, ProposeTriage, TriageNotes, TriageProposal
from contracts.vocabulary import (
    AgeBand,
    Channel,
    ContactId,
    Departement,
    Destination,
    ForWhom,
    LanguageCode,
    LiveState,
    Need,
    OfferId,
    PersonId,
    Priority,
    Refusal,
    RelayId,
    RiskSignal,
    Role,
    Stage,
)
from services.bus.capability import KEY_FILE, KEYS_DIR, read
from services.bus.testing import ServiceUnderTest
from services.console.door import build
from services.console.settings import InventedPerson, Settings
from services.risk.cards import EmergencyCard
from tests.console import facts
from tests.console.facts import ALERT, CONTACT, LINE, LISTENER, REGULATOR
from tests.console.inside import Inside, inside_door
from tests.console.scripted_door import ScriptedDoor
from tests.console.test_pages import PEOPLE, Browser, texts_of
from tests.terms import a_line

TRIAGE = f"/triage/{CONTACT}"
NOTED = f"/triage/{CONTACT}/noted"
PROPOSAL = f"/triage/{CONTACT}/proposal"
RELAYS = f"/relays/{CONTACT}"
VITAL = f"/vital/{CONTACT}"
CARD = f"/card/{CONTACT}"
RESCUE = f"/card/{CONTACT}/rescue"
TEXTS = f"/desk/contacts/{CONTACT}/texts"
TAKE_BACK = f"/desk/contacts/{CONTACT}/take-back-capsule"
KEPT_CARD = f"/contacts/{CONTACT}/card"
COORDINATOR = PersonId("coordinator-1")

SCRIPTS = {"hx_request": "true"}


@dataclass
class Desk:
    """A regulator at a desk, and what is behind it."""

    browser: Browser
    door: ScriptedDoor
    intake: Inside
    risk: Inside

    async def take_a_contact(self) -> None:
        """Sign in, and be in a contact that has not been triaged."""
        await self.browser.enters(REGULATOR)
        await self.door.deliver(facts.opened())
        await self.door.deliver(facts.made(Stage.REGULATOR))
        await self.door.deliver(facts.taken(Stage.REGULATOR))
        await self.door.deliver(facts.entered(LiveState.TALKING, REGULATOR, Role.REGULATOR))
        await self.browser.get("/")

    async def send(self, path: str, fields: Mapping[str, object]) -> httpx.Response:
        """Send a form of the page, as its scripts do."""
        sent: dict[str, Any] = {**self.browser.button(), **fields}
        return await self.browser.post(path, sent, **SCRIPTS)

    @property
    def sent(self) -> list[Command]:
        """The commands that left the desk."""
        return [each.command for each in self.door.sent]


@pytest.fixture
def visiting(
    console: ServiceUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Callable[[Desk], Awaitable[None]]], None]]:
    """Run a visit at a regulator's desk."""
    (tmp_path / KEY_FILE).write_text("17" * 32)
    monkeypatch.setenv(KEYS_DIR, str(tmp_path))
    with inside_door() as intake, inside_door() as risk:

        def run(visit: Callable[[Desk], Awaitable[None]]) -> None:
            async def go() -> None:
                door = ScriptedDoor(console)
                coordinator = InventedPerson(
                    person_id=COORDINATOR, name="Anne R.", role=Role.COORDINATOR, programme=LINE
                )
                settings = Settings(
                    development_key="k" * 40,
                    development_people=(*PEOPLE, coordinator),
                    intake_url=intake.url,
                    risk_url=risk.url,
                )
                transport = httpx.ASGITransport(build(door, settings))
                async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
                    await visit(Desk(Browser(http), door, intake, risk))

            asyncio.run(go())

        yield run


Visiting = Callable[[Callable[[Desk], Awaitable[None]]], None]


def listened(**changes: object) -> dict[str, object]:
    """A decision for a listener, with nothing else filled in."""
    return {"priority": "P3", "destination": "listener", "channel": "phone"} | changes


# --- who waits ------------------------------------------------------------------------------------


def test_regulator_reads_who_waits_and_since_when(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.browser.enters(REGULATOR)
        await desk.door.deliver(facts.entered(LiveState.READY, REGULATOR, Role.REGULATOR))
        quiet = (await desk.browser.get("/part")).text
        assert "Vous êtes en régulation." in quiet
        assert "La plus ancienne" not in quiet
        await desk.door.deliver(facts.opened())
        waiting = (await desk.browser.get("/part")).text
        assert "1 personne attend." in waiting
        assert "La plus ancienne depuis" in waiting
        assert "Téléphone" in waiting
        assert f'data-since="{facts.NOON.isoformat()}"' in waiting
        assert "/take" not in waiting  # one at a time, by an offer

    visiting(visit)


@pytest.mark.parametrize("opened_first", [True, False])
def test_who_says_it_is_urgent_is_shown_so_and_passes_nobody(
    visiting: Visiting, opened_first: bool
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.browser.enters(REGULATOR)
        await desk.door.deliver(facts.entered(LiveState.READY, REGULATOR, Role.REGULATOR))
        before = ContactId("99999999-9999-4999-8999-999999999999")
        await desk.door.deliver(facts.opened(before))
        later = facts.opened().model_copy(update={"opened_at": facts.later(2)})
        told = [later, facts.says_urgent()]
        for event in told if opened_first else reversed(told):
            await desk.door.deliver(event)
        rows = (await desk.browser.get("/part")).text.split('<li><span class="since"')[1:]
        assert ["c’est urgent" in row for row in rows] == [False, True]
        await desk.door.deliver(facts.made(Stage.REGULATOR))
        await desk.door.deliver(
            facts.entered(LiveState.OFFERED, REGULATOR, Role.REGULATOR), version=2
        )
        assert "c’est urgent" in (await desk.browser.get("/part")).text

    visiting(visit)


def test_who_waits_stands_beside_the_form_and_not_over_it(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        page = desk.browser.page
        assert "Personne n’attend." in page
        form = f'id="regulation-{CONTACT}" hx-morph-skip'
        assert page.index('class="waiting"') < page.index(form)
        assert form in page

    visiting(visit)


def test_line_without_regulators_says_so_to_one(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        newer = facts.published().model_copy(
            update={"terms": a_line(first_stage=Stage.LISTENER), "programme_version": 2}
        )
        await desk.door.deliver(newer, version=2)
        await desk.browser.enters(REGULATOR)
        await desk.door.deliver(facts.entered(LiveState.READY, REGULATOR, Role.REGULATOR))
        assert "n’a pas de régulation" in (await desk.browser.get("/")).text

    visiting(visit)


def test_regulator_who_listens_is_given_a_listeners_page(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.browser.enters(REGULATOR)
        await desk.door.deliver(facts.opened(first_stage=Stage.LISTENER))
        await desk.door.deliver(facts.taken(Stage.LISTENER, person_id=REGULATOR))
        await desk.door.deliver(facts.entered(LiveState.TALKING, REGULATOR, Role.REGULATOR))
        page = (await desk.browser.get("/")).text
        assert 'id="tri"' not in page
        assert f"/act/desk/contacts/{CONTACT}/alert" in page

    visiting(visit)


def test_listener_trained_to_regulate_triages(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.browser.enters(LISTENER)
        await desk.door.deliver(facts.opened())
        await desk.door.deliver(facts.taken(Stage.REGULATOR, person_id=LISTENER))
        await desk.door.deliver(facts.entered(LiveState.TALKING))
        page = (await desk.browser.get("/")).text
        assert 'id="tri"' in page
        assert "Personne n’attend." not in page  # of that line their stream tells nothing
        assert (await desk.send(TRIAGE, listened())).status_code == 204

    visiting(visit)


# --- the decision ---------------------------------------------------------------------------------


def test_decision_needs_priority_and_destination_alone(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        assert (await desk.send(TRIAGE, listened())).status_code == 204
        decided = DecideTriage(
            contact_id=CONTACT, priority=Priority.P3, destination=Destination.LISTENER
        )
        assert desk.sent == [decided]
        for missing in ("priority", "destination"):
            said = listened()
            del said[missing]
            assert (await desk.send(TRIAGE, said)).status_code == 400
        assert desk.sent == [decided]
        assert desk.intake.asked == []

    visiting(visit)


def test_everything_that_was_understood_is_sent(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        said = listened(
            **{
                "notes.for_whom": "someone_here",
                "notes.need": "solitude",
                "notes.languages[]": ["pt", "fr"],
                "notes.departement": "31 · Haute-Garonne",
                "notes.age_band": "15-17",
                "notes.signals[]": ["SIG-MINEUR", "SIG-SEUL"],
                "notes.silent": "true",
            }
        )
        assert (await desk.send(TRIAGE, said)).status_code == 204
        (command,) = desk.sent
        assert isinstance(command, DecideTriage)
        assert command.notes == TriageNotes(
            for_whom=ForWhom.SOMEONE_HERE,
            need=Need.SOLITUDE,
            languages=(LanguageCode.PT, LanguageCode.FR),
            departement=Departement("31"),
            age_band=AgeBand.TEEN,
            signals=(RiskSignal.MINEUR, RiskSignal.SEUL),
            silent=True,
        )

    visiting(visit)


def test_postcode_is_no_place_and_nothing_is_sent(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        answer = await desk.send(TRIAGE, listened(**{"notes.departement": "31000"}))
        assert answer.status_code == 400
        assert 'data-field="notes.departement"' in answer.text
        assert desk.sent == []

    visiting(visit)


def test_decision_pressed_twice_is_taken_once(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.intake.answers["POST", TEXTS] = (201, {})
        said = listened(agreed="yes", **{"capsule[]": ["Parle bas."]})
        for _ in range(2):
            assert (await desk.send(TRIAGE, said)).status_code == 204
        first, second = (each.command_id for each in desk.door.sent)
        assert first == second
        assert desk.intake.asked[0].key == desk.intake.asked[1].key
        another = listened(agreed="yes", **{"capsule[]": ["Parle plus bas."]})
        await desk.send(TRIAGE, another)
        assert desk.intake.asked[2].key != desk.intake.asked[0].key

    visiting(visit)


REFUSALS = {
    "stale": (refused(Refusal.STALE_VERSION), 409, "a changé entre-temps"),
    "over": (refused(Refusal.CONTACT_OVER), 410, "terminée"),
    "with a listener already": (refused(Refusal.WRONG_STATE), 409, "pas possible à ce moment"),
    "not yet known": (not_yet(), 503, "Pas encore possible"),
}


@pytest.mark.parametrize(("reply", "status", "words"), REFUSALS.values(), ids=REFUSALS.keys())
def test_decision_that_comes_too_late_is_told_kindly_and_the_form_stays(
    visiting: Visiting, reply: Reply, status: int, words: str
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.door.reply = reply
        answer = await desk.send(TRIAGE, listened())
        assert answer.status_code == status
        assert words in answer.text
        assert "<form" not in answer.text  # a sentence beside the form, which is not drawn anew

    visiting(visit)


@pytest.mark.parametrize("path", [TRIAGE, PROPOSAL, RELAYS, VITAL])
@pytest.mark.parametrize("person", [COORDINATOR, PersonId("operator-1")])
def test_nobody_else_triages(visiting: Visiting, path: str, person: PersonId) -> None:
    async def visit(desk: Desk) -> None:
        await desk.browser.enters(person)
        await desk.browser.get("/affichage")
        assert (await desk.send(path, listened())).status_code == 403
        assert desk.sent == []

    visiting(visit)


@pytest.mark.parametrize("path", [TRIAGE, PROPOSAL, RELAYS, VITAL, CARD, RESCUE])
def test_another_sites_form_is_not_ours(visiting: Visiting, path: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        answer = await desk.browser.post(path, {"priority": "P1"}, **SCRIPTS)
        assert answer.status_code == 403
        assert desk.sent == []
        assert desk.risk.asked == []

    visiting(visit)


# --- the capsule ----------------------------------------------------------------------------------


def test_capsule_is_sealed_before_the_decision_leaves(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        order: list[str] = []
        desk.intake.answers["POST", TEXTS] = (201, {})

        def decide() -> Reply:
            order.append(f"{len(desk.intake.asked)} sealed")
            return done()

        desk.door.answering = decide
        said = listened(agreed="yes", **{"capsule[]": ["  Parle   bas. ", "", "Ne pas rappeler."]})
        assert (await desk.send(TRIAGE, said)).status_code == 204
        assert order == ["1 sealed"]
        (asked,) = desk.intake.asked
        assert asked.body == {"text": "Parle bas.\nNe pas rappeler.", "kind": "capsule"}
        assert UUID(asked.key).version == 4
        shown = read(bytes.fromhex("17" * 32), TEXT_PURPOSE, asked.bearer, TextCapability)
        assert shown is not None
        assert (shown.contact_id, shown.person_id) == (CONTACT, REGULATOR)
        assert "Parle" not in desk.sent[0].model_dump_json()

    visiting(visit)


def test_capsule_the_person_refused_is_written_nowhere(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        said = listened(agreed="no", **{"capsule[]": ["Parle bas."]})
        assert (await desk.send(TRIAGE, said)).status_code == 204
        assert len(desk.sent) == 1
        assert desk.intake.asked == []

    visiting(visit)


def test_capsule_nobody_said_back_holds_the_decision(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        answer = await desk.send(TRIAGE, listened(**{"capsule[]": ["Parle bas."]}))
        assert answer.status_code == 400
        assert "oui, ou non" in answer.text
        assert (desk.sent, desk.intake.asked) == ([], [])

    visiting(visit)


NO_CAPSULES = {
    "too long": (["dit", "x" * 82], "la capsule, lettres en trop : 2."),
    "too many": (["1", "2", "3", "4"], "la capsule."),
}


@pytest.mark.parametrize(("lines", "words"), NO_CAPSULES.values(), ids=NO_CAPSULES.keys())
def test_capsule_is_three_lines_of_eighty(visiting: Visiting, lines: list[str], words: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        answer = await desk.send(TRIAGE, listened(agreed="yes", **{"capsule[]": lines}))
        assert answer.status_code == 400
        assert f"À corriger : {words}" in answer.text
        assert (desk.sent, desk.intake.asked) == ([], [])

    visiting(visit)


def test_capsule_that_cannot_be_sealed_holds_the_decision(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.intake.answers["POST", TEXTS] = (503, {"code": "platform_fault"})
        said = listened(agreed="yes", **{"capsule[]": ["Parle bas."]})
        assert (await desk.send(TRIAGE, said)).status_code == 503
        assert desk.sent == []

    visiting(visit)


def test_capsule_goes_to_a_listener_alone(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        said = listened(agreed="yes", destination="informed", **{"capsule[]": ["Parle bas."]})
        assert (await desk.send(TRIAGE, said)).status_code == 204
        assert desk.intake.asked == []

    visiting(visit)


TAKES_BACK = {
    "no": {"agreed": "no", "capsule[]": ["Parle bas."]},
    "elsewhere": {"agreed": "yes", "destination": "informed", "capsule[]": ["Parle bas."]},
    "emptied": {"agreed": "yes"},
}
SEALED = listened(agreed="yes", **{"capsule[]": ["Parle bas."]})


async def refused_with_a_capsule(desk: Desk) -> None:
    """A decision whose capsule is sealed, and which itself was not to be had."""
    await desk.take_a_contact()
    desk.intake.answers["POST", TEXTS] = (201, {})
    desk.intake.answers["POST", TAKE_BACK] = (200, {})
    desk.door.reply = not_yet()
    assert (await desk.send(TRIAGE, SEALED)).status_code == 503
    desk.door.reply = done()


@pytest.mark.parametrize("changed", TAKES_BACK.values(), ids=TAKES_BACK.keys())
def test_capsule_sealed_for_a_decision_that_was_refused_is_taken_back(
    visiting: Visiting, changed: dict[str, object]
) -> None:
    async def visit(desk: Desk) -> None:
        await refused_with_a_capsule(desk)
        assert (await desk.send(TRIAGE, listened(**changed))).status_code == 204
        assert [each.path for each in desk.intake.asked] == [TEXTS, TAKE_BACK]

    visiting(visit)


def test_capsule_nobody_has_spoken_of_again_stays(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await refused_with_a_capsule(desk)
        await desk.send(NOTED, {"priority": "P3"})
        assert (await desk.send(TRIAGE, listened())).status_code == 204
        assert [each.path for each in desk.intake.asked] == [TEXTS]

    visiting(visit)


def test_decision_waits_until_the_capsule_is_taken_back(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await refused_with_a_capsule(desk)
        await desk.send(NOTED, {"priority": "P3"})
        desk.intake.answers["POST", TAKE_BACK] = (503, {"code": "platform_fault"})
        decisions = len(desk.sent)
        assert (await desk.send(TRIAGE, listened(agreed="no"))).status_code == 503
        assert len(desk.sent) == decisions

    visiting(visit)


# --- what is noted so far -------------------------------------------------------------------------

HALFWAY: dict[str, object] = {
    "notes.for_whom": "self",
    "notes.need": "solitude",
    "notes.languages[]": ["fr", "pt"],
    "notes.departement": "31 · Haute-Garonne",
    "notes.age_band": "25-34",
    "notes.signals[]": ["SIG-MINEUR"],
    "notes.danger_now": "true",
    "priority": "P2",
    "destination": "informed",
}
CHOSEN = (
    'name="notes.for_whom" value="self" checked',
    'value="solitude" selected',
    'name="notes.languages[]" value="fr" checked',
    'name="notes.languages[]" value="pt" checked',
    'name="notes.departement" value="31 · Haute-Garonne"',
    'name="notes.age_band" value="25-34" checked',
    'name="notes.signals[]" value="SIG-MINEUR" checked',
    'name="notes.danger_now" value="true" checked',
    'name="priority" value="P2" checked',
    'name="destination" value="informed" checked',
    'id="signs" open',
)


def kept_notes(desk: Desk) -> list[str]:
    """Everything the console keeps of notes, as text."""
    query = text("SELECT noted::text FROM console.noted AS noted")
    return [
        str(row[0]) for row in desk.door.console.read(lambda session: session.execute(query).all())
    ]


def test_what_is_chosen_is_there_after_a_reload_and_on_another_device(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        assert (await desk.send(NOTED, HALFWAY)).status_code == 204
        page = (await desk.browser.get("/")).text
        assert [each for each in CHOSEN if each not in page] == []
        await desk.send(NOTED, {"priority": "P3"})  # the newest counts, whole
        page = (await desk.browser.get("/")).text
        assert [each for each in CHOSEN if each in page] == []
        assert 'name="priority" value="P3" checked' in page

    visiting(visit)


def test_nothing_that_was_typed_is_kept_with_the_notes(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        typed = {"capsule[]": ["Parle bas."], "agreed": "yes", "notes.departement": "Haute-Garo"}
        assert (await desk.send(NOTED, {**HALFWAY, **typed})).status_code == 204
        [kept] = kept_notes(desk)
        assert "Parle" not in kept
        assert "Garo" not in kept
        assert "solitude" in kept

    visiting(visit)


GOES_ON = {
    "handed over": lambda: facts.triaged(),
    "informed": lambda: facts.triaged(Destination.INFORMED),
    "sent on untriaged": lambda: facts.sent_untriaged(),
    "over": lambda: facts.ended(),
}


@pytest.mark.parametrize("event", GOES_ON.values(), ids=GOES_ON.keys())
def test_notes_are_gone_when_the_contact_goes_on_and_none_are_kept_after(
    visiting: Visiting, event: Callable[[], Event]
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        await desk.send(NOTED, HALFWAY)
        assert len(kept_notes(desk)) == 1
        button = desk.browser.button()
        await desk.door.deliver(event(), version=2)
        assert kept_notes(desk) == []
        late = await desk.browser.post(NOTED, {**button, "priority": "P2"}, **SCRIPTS)
        assert late.status_code == 204
        assert kept_notes(desk) == []

    visiting(visit)


def test_notes_stay_while_rescue_is_on_its_way(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        await desk.send(NOTED, HALFWAY)
        await desk.door.deliver(facts.triaged(Destination.RESCUE))
        assert len(kept_notes(desk)) == 1

    visiting(visit)


def test_notes_are_of_who_has_the_contact_and_shown_to_nobody_else(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        await desk.send(NOTED, HALFWAY)
        await desk.browser.enters(LISTENER)
        await desk.browser.get("/")
        assert (await desk.send(NOTED, {"priority": "P5"})).status_code == 204
        [kept] = kept_notes(desk)
        assert "P5" not in kept
        await desk.door.deliver(facts.withdrawn(stage=Stage.REGULATOR, was_taken=True))
        again = OfferId("77777777-7777-4777-8777-777777777777")
        await desk.door.deliver(facts.taken(Stage.REGULATOR, again, LISTENER))
        await desk.door.deliver(facts.entered(LiveState.TALKING))
        page = (await desk.browser.get("/")).text
        assert 'id="tri"' in page
        assert [each for each in CHOSEN if each in page] == []

    visiting(visit)


# --- the proposal, the relays ---------------------------------------------------------------------


def test_proposal_says_why_in_words_and_awaits_a_human(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        proposal = TriageProposal(
            priority=Priority.P2,
            destination=Destination.LISTENER,
            reasons=("violence", "a-rule-of-tomorrow"),
            rules_version="triage-2026.1",
            supervisor_informed=True,
        )
        desk.door.reply = done(result=proposal)
        answer = await desk.send(PROPOSAL, {"notes.need": "violences_conjugales"})
        for words in (
            "P2 crise",
            "parce que : violences",
            "parce que : a-rule-of-tomorrow",
            "la supervision en est informée",
            "règles triage-2026.1, à valider",
            'data-takes="P2"',
            'data-key="Alt+Shift+R"',
        ):
            assert words in answer.text
        notes = TriageNotes(need=Need.VIOLENCES_CONJUGALES)
        assert desk.sent == [ProposeTriage(contact_id=CONTACT, notes=notes)]

    visiting(visit)


def test_place_that_is_half_typed_holds_no_proposal_up(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        proposal = TriageProposal(
            priority=Priority.P4,
            destination=Destination.LISTENER,
            reasons=("loneliness",),
            rules_version="triage-2026.1",
        )
        desk.door.reply = done(result=proposal)
        said = {"notes.need": "solitude", "notes.departement": "Haute-Garo"}
        assert (await desk.send(PROPOSAL, said)).status_code == 200
        notes = TriageNotes(need=Need.SOLITUDE)
        assert desk.sent == [ProposeTriage(contact_id=CONTACT, notes=notes)]

    visiting(visit)


def found(**changes: object) -> RelayFound:
    said = {
        "relay_id": RelayId("eu-116006-fr"),
        "called": "116 006 - aide aux victimes",
        "mode": "number",
        "why": ("need",),
        "against": ("unverified", "anonymity-unknown"),
        "verified": False,
        "anonymity_to_say": True,
        "may_transfer": False,
        "closes_at": facts.later(3600),
    }
    return RelayFound.model_validate(said | changes)


def test_relays_say_anonymity_doubt_and_their_number_behind_a_button(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.door.reply = done(result=RelaysFound(now=(found(),), later=(), no_second_choice=True))
        said = {
            "channel": "chat",
            "notes.need": "solitude",
            "notes.departement": "31",
            "notes.signals[]": ["SIG-MORT"],
        }
        answer = await desk.send(RELAYS, said)
        for words in ("anonymat non connu, à dire avant", "à vérifier", "jusqu’à 14", "<summary>"):
            assert words in answer.text
        assert answer.text.index("<summary>") < answer.text.index("116006</p>")
        assert desk.sent == [
            FindRelays(
                needs=(Need.SOLITUDE,),
                departement=Departement("31"),
                channel=Channel.CHAT,
                suicide_not_excluded=True,
            )
        ]

    visiting(visit)


def test_nobody_open_is_said(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        later = found(opens_at=facts.later(80_000), closes_at=None)
        desk.door.reply = done(result=RelaysFound(now=(), later=(later,), no_second_choice=False))
        answer = await desk.send(RELAYS, {"channel": "phone", "notes.need": "solitude"})
        assert "Aucun relais connu" in answer.text
        assert "ouvre jeudi 15 janvier" in answer.text

    visiting(visit)


def test_line_that_refers_nobody_shows_no_relays(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        frame = a_line().frame.model_copy(update={"refers": False})
        newer = facts.published().model_copy(
            update={"terms": a_line(frame=frame), "programme_version": 2}
        )
        await desk.door.deliver(newer, version=2)
        await desk.take_a_contact()
        assert 'id="relays"' not in desk.browser.page
        assert 'value="relay"' not in desk.browser.page
        assert 'id="proposal"' in desk.browser.page
        answer = await desk.send(RELAYS, {"channel": "phone", "notes.need": "solitude"})
        assert answer.status_code == 409
        assert desk.sent == []

    visiting(visit)


# --- P1, the card, rescue -------------------------------------------------------------------------


def test_one_key_raises_the_alert_and_decides_p1_with_nothing_else(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        for _ in range(2):
            assert (await desk.send(VITAL, {})).status_code == 204
        expected = [
            RaiseAlert(contact_id=CONTACT),
            DecideTriage(contact_id=CONTACT, priority=Priority.P1, destination=Destination.RESCUE),
        ]
        assert desk.sent == expected * 2
        ids = [each.command_id for each in desk.door.sent]
        assert ids[:2] == ids[2:]
        assert ids[0] != ids[1]

    visiting(visit)


def test_alert_leaves_even_where_the_decision_is_refused(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        replies = iter([done(), refused(Refusal.WRONG_STATE)])
        desk.door.answering = lambda: next(replies)
        answer = await desk.send(VITAL, {})
        assert answer.status_code == 409
        assert isinstance(desk.sent[0], RaiseAlert)
        assert isinstance(desk.sent[1], DecideTriage)

    visiting(visit)


def test_desk_shows_who_holds_the_alert_of_this_contact(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        raised = {"raised_by": REGULATOR, "raised_as": Role.REGULATOR}
        await desk.door.deliver(facts.alert_raised(**raised))
        page = (await desk.browser.get("/part")).text
        assert f'data-alerted="{ALERT}"' in page
        assert "Elle vient de partir." in page
        assert f"/act/desk/alerts/{ALERT}/stand-down" in page
        taken = facts.alert_taken(PersonId("supervisor-1")).model_copy(update=raised)
        await desk.door.deliver(taken, version=2)
        assert "supervisor-1 l’a prise." in (await desk.browser.get("/part")).text

    visiting(visit)


def test_alert_of_others_that_has_come_to_regulators_can_be_taken(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.browser.enters(REGULATOR)
        await desk.door.deliver(facts.entered(LiveState.READY, REGULATOR, Role.REGULATOR))
        await desk.door.deliver(facts.alert_raised())
        take = f"/act/desk/alerts/{ALERT}/acknowledge"
        assert take not in (await desk.browser.get("/part")).text  # it is with the supervisors
        await desk.door.deliver(facts.alert_escalated(), version=2)
        page = (await desk.browser.get("/part")).text
        assert "Une alerte que personne n’a prise" in page
        assert take in page

    visiting(visit)


SERVICES = {
    "country": "FR",
    "services": [
        {"service": "medical", "number": "15", "in_writing": False},
        {"service": "in_writing", "number": "114", "in_writing": True},
    ],
}


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ((200, SERVICES), ["medical", "in_writing"]),
        ((503, {"code": "platform_fault"}), [each.value for each in RescueService]),
    ],
    ids=["said", "away"],
)
def test_page_of_an_alert_offers_the_services_its_country_has(
    visiting: Visiting, told: tuple[int, object], wanted: list[str]
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["GET", "/rescue-services"] = told
        await desk.door.deliver(facts.alert_raised(raised_by=REGULATOR, raised_as=Role.REGULATOR))
        page = (await desk.browser.get(f"/alertes/{ALERT}")).text
        assert re.findall('name="whom" value="([a-z_]+)"', page) == wanted

    visiting(visit)


def test_card_opens_empty_with_the_numbers_of_the_country(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["GET", "/rescue-services"] = (200, SERVICES)
        page = (await desk.browser.get(CARD, **SCRIPTS)).text
        assert 'name="place" value=""' in page
        assert "15 · médical" in page
        assert "114 · par écrit" in page
        assert "Plateforme d’écoute" in page

    visiting(visit)


def test_card_opens_with_112_where_risk_says_no_numbers(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["GET", "/rescue-services"] = (503, {"code": "platform_fault"})
        assert "112 · partout en Europe" in (await desk.browser.get(CARD, **SCRIPTS)).text

    visiting(visit)


def test_card_is_sent_incomplete_and_kept_by_risk_alone(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["PUT", KEPT_CARD] = (204, None)
        answer = await desk.send(CARD, {"place": "12 rue de l'Exemple", "conscious": "no"})
        assert answer.status_code == 200
        assert "Carte scellée à 13" in answer.text
        (asked,) = desk.risk.asked
        card = EmergencyCard.model_validate(asked.body)
        assert (card.place, card.conscious) == ("12 rue de l'Exemple", "no")
        shown = read(bytes.fromhex("17" * 32), RISK_PURPOSE, asked.bearer, RiskCapability)
        assert shown is not None
        assert (shown.person_id, shown.role) == (REGULATOR, Role.REGULATOR)
        kept = desk.door.console.read(_everything_kept)
        assert "Exemple" not in kept

    visiting(visit)


def test_card_written_before_is_there_again(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        card = {"place": "<b>12 rue</b>", "alone": "yes", "service": "medical"}
        told = {"card": card, "written_by": REGULATOR, "written_at": facts.NOON.isoformat()}
        desk.risk.answers["GET", KEPT_CARD] = (200, told | {"erased_at": facts.NOON.isoformat()})
        desk.risk.answers["GET", "/rescue-services"] = (200, SERVICES)
        page = (await desk.browser.get(CARD, **SCRIPTS)).text
        assert 'value="&lt;b&gt;12 rue&lt;/b&gt;"' in page
        assert "<b>12 rue" not in page
        assert "Écrite à 13" in page

    visiting(visit)


def test_card_that_was_not_kept_says_so(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["PUT", KEPT_CARD] = (403, {"code": "not_yours"})
        answer = await desk.send(CARD, {"place": "12 rue"})
        assert answer.status_code == 403
        assert "12 rue" not in answer.text

    visiting(visit)


def test_card_says_which_field_is_too_long_and_by_how_much(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["PUT", KEPT_CARD] = (204, None)
        fields = texts_of((await desk.browser.get(CARD, **SCRIPTS)).text)
        assert {name for name, _ in fields} == {"place", "who", "what_now", "call_back"}
        for name, most in fields:
            desk.risk.asked.clear()
            told = await desk.send(CARD, {name: "x" * (most + 3)})
            assert (told.status_code, desk.risk.asked) == (400, [])
            assert f'data-field="{name}"' in told.text
            assert "lettres en trop : 3." in told.text
            assert (await desk.send(CARD, {name: "x" * most})).status_code == 200

    visiting(visit)


def test_help_that_is_too_long_is_refused_by_how_much_and_written_nowhere(
    visiting: Visiting,
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        [most] = [most for name, most in texts_of(desk.browser.page) if name == "text"]
        given = {"text": "x" * (most + 1), "kind": "help"}
        told = await desk.send(f"/talk/{CONTACT}", given)
        assert (told.status_code, desk.intake.asked) == (400, [])
        assert "À corriger : le texte, lettres en trop : 1." in told.text

    visiting(visit)


RESCUE_AND_CARD = {
    "kept": ((204, None), "12 rue"),
    "not kept": ((503, {"code": "x"}), "12 rue"),
    "too long to be kept": ((204, None), "12 rue " * 100),
}


@pytest.mark.parametrize(("kept", "place"), RESCUE_AND_CARD.values(), ids=RESCUE_AND_CARD.keys())
def test_call_for_rescue_never_waits_for_the_card(
    visiting: Visiting, kept: tuple[int, object], place: str
) -> None:
    sealed = kept[0] == 204 and len(place) < 300

    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["PUT", KEPT_CARD] = kept
        named = RescueNamed(
            rescue_id=RescueId("55555555-5555-4555-8555-555555555555"), alert_id=ALERT, number="15"
        )
        desk.door.reply = done(result=named)
        answer = await desk.send(RESCUE, {"place": place, "service": "medical"})
        assert answer.status_code == 200
        assert "vous appelez le 15" in answer.text
        assert ("pas encore scellée" in answer.text) is not sealed
        medical = RescueService.MEDICAL
        assert desk.sent == [StartRescue(contact_id=CONTACT, whom=medical, confirmed=True)]
        if len(place) < 300:
            card = EmergencyCard.model_validate(desk.risk.asked[-1].body)
            assert card.called_by == REGULATOR
            assert card.called_at is not None

    visiting(visit)


def test_what_became_of_rescue_is_said_by_who_called(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        who = {"started_by": REGULATOR, "started_as": Role.REGULATOR}
        raised = {"raised_by": REGULATOR, "raised_as": Role.REGULATOR}
        await desk.door.deliver(facts.alert_raised(**raised))
        started = facts.rescue_started().model_copy(update=who)
        await desk.door.deliver(started)
        page = (await desk.browser.get("/part")).text
        arrival = f"/act/desk/rescues/{started.rescue_id}/arrival"
        assert page.count(f'action="{arrival}"') == 3
        assert (await desk.send(arrival, {"arrival": "confirmed"})).status_code == 204
        assert desk.sent == [ReportArrival(rescue_id=started.rescue_id, arrival=Arrival.CONFIRMED)]
        said = started.model_dump(exclude={"report_by"}) | {
            "confirmed_by": REGULATOR,
            "confirmed_as": Role.REGULATOR,
            "confirmed_at": facts.later(60),
        }
        await desk.door.deliver(RescueConfirmed.model_validate(said), version=2)
        page = (await desk.browser.get("/part")).text
        assert "Les secours ont la personne." in page
        assert arrival not in page

    visiting(visit)


# --- what is at hand ------------------------------------------------------------------------------

KEYS = {
    "P1": ("F8", "P1 vitale"),
    "a child": ("Alt+Shift+E", "Enfant"),
    "silence": ("Alt+Shift+S", "Silence"),
    "a language": ("Alt+Shift+L", "Langue inconnue"),
    "the hand-over": ("Control+Enter", "Préparer le passage"),
}


@pytest.mark.parametrize(("key", "words"), KEYS.values(), ids=KEYS.keys())
def test_key_is_printed_on_its_button(visiting: Visiting, key: str, words: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        bar = desk.browser.page.split('class="verbs')[1]
        button = next(each for each in bar.split("<button")[1:] if f">{words}<" in each)
        assert f'data-key="{key}"' in button
        assert "<kbd>" in button

    visiting(visit)


def test_child_is_led_to_119_and_asked_to_consent_to_nothing(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        panel = desk.browser.page.split('id="panel-child"')[1].split("</section>")[0]
        assert panel.index("119") < panel.index("17.")
        assert "On ne fait signer ni promettre rien" in panel
        assert "<form" not in panel
        silence = desk.browser.page.split('id="panel-silence"')[1].split("</section>")[0]
        assert "data-since" not in silence  # a silence is not timed

    visiting(visit)


def _everything_kept(session: Session) -> str:
    """All rows of the console, as text."""
    named = "SELECT tablename FROM pg_tables WHERE schemaname = 'console'"
    tables = [row.tablename for row in session.execute(text(named))]
    asked = [text(f'SELECT * FROM console."{table}"') for table in tables]
    return "\n".join(str(row) for each in asked for row in session.execute(each))


# --- who is writing -------------------------------------------------------------------------------

SIGN = f"/talk/{CONTACT}/sign"
TYPING = f"/desk/contacts/{CONTACT}/typing"


def told_of(typing: Mapping[str, object]) -> dict[str, object]:
    """What intake tells who follows a contact, lines left out."""
    return {"state": "with_regulator", "last": 2_147_483_647, "texts": [], "typing": typing}


def test_sign_of_the_other_side_is_waited_for_and_holds_no_line(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.intake.answers["GET", TEXTS] = (200, told_of({"number": 4, "now": True}))
        answer = await desk.browser.get(f"{SIGN}?after=3", **SCRIPTS)
        assert answer.json() == {"number": 4, "now": True}
        [asked] = desk.intake.asked
        asked_for = httpx.URL(asked.path).params
        assert asked_for["typing_after"] == "3"
        assert int(asked_for["after"]) > 1_000_000_000  # no text has such a place
        assert 10 <= int(asked_for["wait_seconds"]) <= 25

    visiting(visit)


def test_sign_of_a_desk_says_who_writes_and_never_what(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.intake.answers["POST", TYPING] = (200, {})
        answer = await desk.send(SIGN, {"text": "jamais envoyé"})
        assert answer.status_code == 204
        [asked] = desk.intake.asked
        assert (asked.path, asked.body) == (TYPING, None)
        key = bytes.fromhex("17" * 32)
        shown = read(key, TEXT_PURPOSE, asked.bearer, TextCapability)
        assert shown is not None
        assert shown.person_id == REGULATOR

    visiting(visit)


@pytest.mark.parametrize("refusal", [Refusal.CONTACT_OVER, Refusal.NOT_YOURS, Refusal.WRONG_STATE])
def test_sign_in_a_talk_that_is_no_more_is_nobodys_trouble(
    visiting: Visiting, refusal: Refusal
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        for asked in (("GET", TEXTS), ("POST", TYPING)):
            desk.intake.answers[asked] = (409, {"code": refusal.value})
        assert (await desk.browser.get(f"{SIGN}?after=0", **SCRIPTS)).status_code == 204
        await desk.browser.get("/")
        assert (await desk.send(SIGN, {})).status_code == 204

    visiting(visit)


def test_intake_that_is_away_is_said_to_who_waits_for_a_sign(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.intake.answers["GET", TEXTS] = (503, {"code": "platform_fault"})
        assert (await desk.browser.get(f"{SIGN}?after=0", **SCRIPTS)).status_code == 503

    visiting(visit)
