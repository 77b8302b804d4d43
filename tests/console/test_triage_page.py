"""The triage of a minute: the decision, the capsule, the rules' proposal."""

from __future__ import annotations

from uuid import UUID

import pytest

from contracts.envelope import Reply, done, not_yet, refused
from contracts.text import TEXT_PURPOSE, TextCapability
from contracts.triage import DecideTriage, ProposeTriage, TriageNotes, TriageProposal
from contracts.vocabulary import (
    AgeBand,
    Departement,
    Destination,
    ForWhom,
    LanguageCode,
    Need,
    PersonId,
    Priority,
    Refusal,
    RiskSignal,
)
from services.bus.capability import read
from tests.console.facts import CONTACT, REGULATOR
from tests.console.regulating import (
    CARD,
    COORDINATOR,
    NOTED,
    PROPOSAL,
    RELAYS,
    RESCUE,
    SCRIPTS,
    TEXTS,
    TRIAGE,
    VITAL,
    Desk,
    Visiting,
    listened,
)

TAKE_BACK = f"/desk/contacts/{CONTACT}/take-back-capsule"


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
    "too long": (["dit", "x" * 82], "la capsule, 2 lettres en trop."),
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


# --- the proposal ---------------------------------------------------------------------------------


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
