"""Decisions of triage, and the rules against the protocol and the scenarios they come from."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import CommandEnvelope
from contracts.triage import DecideTriage, ProposeTriage, TriageNotes
from contracts.vocabulary import (
    AgeBand,
    Destination,
    ForWhom,
    Need,
    PersonId,
    Priority,
    Refusal,
    Role,
)
from services.triage.domain import (
    KEPT_HUMAN_PRIORITY,
    RULES_2026_1,
    RULES_VERSION,
    AlreadySo,
    ContactKnown,
    Decided,
    HumanDecision,
    LineTerms,
    MayNot,
    NotYet,
    Proposed,
    judge_decision,
    judge_proposal,
    propose,
)
from tests.triage.builders import CONTACT, LINE, a_command, an_asker

DATA = Path(os.environ.get("HELPLINE_SHARED", Path(__file__).parents[3] / "shared")) / "data"
with_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the data of $HELPLINE_SHARED")

ANY_NOTES = st.builds(
    TriageNotes,
    need=st.sampled_from(Need),
    for_whom=st.sampled_from(ForWhom),
    age_band=st.none() | st.sampled_from(AgeBand),
    danger_now=st.booleans(),
    silent=st.booleans(),
)
ANY_DECISION = st.builds(
    HumanDecision,
    priority=st.sampled_from(Priority),
    destination=st.sampled_from(Destination),
    notes=ANY_NOTES,
)

# --- the rules ------------------------------------------------------------------------------------

PROPOSALS: dict[str, tuple[TriageNotes, Priority, Destination, str]] = {
    "danger at this moment": (
        TriageNotes(danger_now=True),
        Priority.P1,
        Destination.RESCUE,
        "danger-now",
    ),
    "danger at this moment, and a demand for an address": (
        TriageNotes(danger_now=True, need=Need.DEMARCHES),
        Priority.P1,
        Destination.RESCUE,
        "danger-now",
    ),
    "a child in danger at this moment": (
        TriageNotes(danger_now=True, age_band=AgeBand.CHILD),
        Priority.P1,
        Destination.RESCUE,
        "danger-child",
    ),
    "violence at this moment": (
        TriageNotes(danger_now=True, need=Need.VIOLENCES_CONJUGALES),
        Priority.P1,
        Destination.RESCUE,
        "danger-violence",
    ),
    "an act about to be done": (
        TriageNotes(danger_now=True, need=Need.CRISE_SUICIDAIRE),
        Priority.P1,
        Destination.RESCUE,
        "danger-suicide",
    ),
    "a medical emergency": (
        TriageNotes(need=Need.URGENCE_VITALE),
        Priority.P1,
        Destination.RESCUE,
        "medical-emergency",
    ),
    "danger named, the box not ticked": (
        TriageNotes(need=Need.DANGER_IMMEDIAT),
        Priority.P1,
        Destination.RESCUE,
        "danger-named",
    ),
    "a suicidal crisis without imminence": (
        TriageNotes(need=Need.CRISE_SUICIDAIRE),
        Priority.P2,
        Destination.LISTENER,
        "suicidal-crisis",
    ),
    "violence that is over": (
        TriageNotes(need=Need.VIOLENCES_SEXUELLES),
        Priority.P2,
        Destination.LISTENER,
        "violence",
    ),
    "a child who is lonely": (
        TriageNotes(need=Need.SOLITUDE, age_band=AgeBand.CHILD),
        Priority.P2,
        Destination.LISTENER,
        "minor",
    ),
    "a teenager who wants an address": (
        TriageNotes(need=Need.DEMARCHES, age_band=AgeBand.TEEN),
        Priority.P2,
        Destination.LISTENER,
        "minor",
    ),
    "a missing child": (
        TriageNotes(need=Need.DISPARITION_MINEUR, for_whom=ForWhom.SOMEONE_ELSEWHERE),
        Priority.P2,
        Destination.LISTENER,
        "child-at-risk",
    ),
    "an old person ill-treated": (
        TriageNotes(need=Need.MALTRAITANCE_VULNERABLE),
        Priority.P2,
        Destination.LISTENER,
        "abuse",
    ),
    "a relative who fears for someone": (
        TriageNotes(need=Need.PROCHE_INQUIET),
        Priority.P2,
        Destination.LISTENER,
        "worried-relative",
    ),
    "silence": (TriageNotes(silent=True), Priority.P3, Destination.LISTENER, "silent"),
    "silence of someone known to be lonely": (
        TriageNotes(silent=True, need=Need.SOLITUDE),
        Priority.P3,
        Destination.LISTENER,
        "silent",
    ),
    "distress": (
        TriageNotes(need=Need.DETRESSE_PSYCHOLOGIQUE),
        Priority.P3,
        Destination.LISTENER,
        "distress",
    ),
    "nothing known": (TriageNotes(), Priority.P3, Destination.LISTENER, "not-known"),
    "loneliness": (
        TriageNotes(need=Need.SOLITUDE, age_band=AgeBand.A75_PLUS),
        Priority.P4,
        Destination.LISTENER,
        "loneliness",
    ),
    "someone who wants to talk": (
        TriageNotes(need=Need.ECOUTE_GENERALISTE),
        Priority.P4,
        Destination.LISTENER,
        "wants-to-talk",
    ),
    "an insult is no reason to send away": (
        TriageNotes(need=Need.HORS_CADRE),
        Priority.P4,
        Destination.LISTENER,
        "beyond-frame",
    ),
    "a demand for an address": (
        TriageNotes(need=Need.DEMARCHES),
        Priority.P5,
        Destination.INFORMED,
        "information",
    ),
}


@pytest.mark.parametrize("name", PROPOSALS)
def test_rules_propose(name: str) -> None:
    notes, priority, destination, first_reason = PROPOSALS[name]
    proposal = propose(notes)
    assert (proposal.priority, proposal.destination) == (priority, destination)
    assert proposal.reasons[0] == first_reason
    assert proposal.rules_version == RULES_VERSION


def test_every_rule_is_the_first_to_speak_somewhere() -> None:
    spoken = {reason for _, _, _, reason in PROPOSALS.values()}
    assert spoken == {rule.code for rule in RULES_2026_1}


def test_every_reason_that_spoke_is_given() -> None:
    notes = TriageNotes(danger_now=True, need=Need.VIOLENCES_CONJUGALES, age_band=AgeBand.TEEN)
    assert propose(notes).reasons == (
        "danger-child",
        "danger-violence",
        "danger-now",
        "violence",
        "minor",
    )


@pytest.mark.parametrize("need", [need for need in Need if need is not Need.UNKNOWN])
def test_every_need_but_unknown_is_named_by_a_rule(need: Need) -> None:
    assert "not-known" not in propose(TriageNotes(need=need)).reasons


def test_rules_stand_from_the_most_urgent_to_the_least() -> None:
    priorities = [rule.priority for rule in RULES_2026_1]
    assert priorities == sorted(priorities)
    assert len({rule.code for rule in RULES_2026_1}) == len(RULES_2026_1)


@given(ANY_NOTES)
def test_danger_is_always_proposed_first(notes: TriageNotes) -> None:
    in_danger = notes.model_copy(update={"danger_now": True})
    assert propose(in_danger).priority is Priority.P1
    assert propose(in_danger).destination is Destination.RESCUE


@given(ANY_NOTES)
def test_only_information_is_proposed_without_a_listener(notes: TriageNotes) -> None:
    proposal = propose(notes)
    if proposal.destination is Destination.INFORMED:
        assert proposal.priority is Priority.P5
    else:
        assert proposal.destination in (Destination.LISTENER, Destination.RESCUE)


@given(ANY_NOTES, ANY_DECISION)
def test_a_proposal_never_lowers_what_a_human_set(
    notes: TriageNotes, earlier: HumanDecision
) -> None:
    proposal, alone = propose(notes, earlier), propose(notes)
    assert proposal.priority == min(earlier.priority, alone.priority)
    assert (KEPT_HUMAN_PRIORITY in proposal.reasons) == (earlier.priority < alone.priority)


def test_unknown_version_of_the_rules_never_stands_in_the_way() -> None:
    proposal = propose(TriageNotes(silent=True), version="triage-2031.7")
    assert proposal.rules_version == RULES_VERSION
    assert proposal.priority is Priority.P3


# --- the rules against their source ---------------------------------------------------------------


def protocol_line(path: str) -> str:
    protocol = json.loads((DATA / "protocol.json").read_text())
    if path == "natures.rule":
        return str(protocol["natures"]["rule"])
    _, code, field = path.split(".")
    (priority,) = (entry for entry in protocol["priorities"] if entry["code"] == code)
    return str(priority[field])


@with_data
@pytest.mark.parametrize("rule", RULES_2026_1, ids=lambda rule: rule.code)
def test_rule_quotes_the_protocol(rule: Any) -> None:
    assert rule.words in protocol_line(rule.line)


#: What one need and two boxes cannot say, so that the rules alone propose less than the scenario:
#: the regulator hears it and sets more.
BEYOND_THE_NOTES = {
    "S14": "a mother with a child of four: two needs, and the notes hold one",
    "S43": "a farmer with hints of suicide: two needs, and the notes hold one",
    "S34": "only a language is missing, yet the scenario asks for P3",
    "S38": "the same question as S39, asked from Mayotte, where no other line answers",
}


@with_data
def test_rules_never_propose_less_than_a_scenario_asks() -> None:
    lower = {}
    for line in (DATA / "scenarios.jsonl").read_text().splitlines():
        scenario = json.loads(line)
        expected = scenario["expected"]
        age = scenario["caller"].get("age_band", "unknown")
        notes = TriageNotes(
            need=Need(expected["need"]),
            age_band=None if age == "unknown" else AgeBand(age),
            danger_now=expected["risk"]["level"] == "imminent"
            or "danger_immediat" in expected["secondary_needs"],
        )
        if propose(notes).priority > expected["priority"]:
            lower[scenario["id"]] = propose(notes).priority
    assert lower.keys() == BEYOND_THE_NOTES.keys()


# --- who may decide, and when ---------------------------------------------------------------------

TERMS = LineTerms(frozenset({Need.SOLITUDE, Need.CRISE_SUICIDAIRE}), RULES_VERSION)
HELD = ContactKnown(
    programme=LINE,
    version=0,
    held_by=PersonId("regulator-1"),
    sent_untriaged=False,
    with_listener=False,
    ended=False,
    decided=None,
)
LISTEN = HumanDecision(Priority.P4, Destination.LISTENER, TriageNotes(need=Need.SOLITUDE))
INFORM = replace(LISTEN, destination=Destination.INFORMED)

HOLDER = an_asker("regulator-1")
SUPERVISOR = an_asker("supervisor-1", Role.SUPERVISOR)

HINDRANCES: dict[str, tuple[ContactKnown, CommandEnvelope, NotYet | MayNot]] = {
    "somebody else holds it": (HELD, an_asker("regulator-2"), MayNot(Refusal.NOT_YOURS)),
    "nobody's take has arrived": (replace(HELD, held_by=None), HOLDER, NotYet()),
    "nobody has heard the person, not even for a supervisor": (
        replace(HELD, held_by=None),
        SUPERVISOR,
        NotYet(),
    ),
    "sent on untriaged": (
        replace(HELD, held_by=None, sent_untriaged=True),
        HOLDER,
        MayNot(Refusal.WRONG_STATE),
    ),
    "the contact is over": (replace(HELD, ended=True), HOLDER, MayNot(Refusal.CONTACT_OVER)),
    "over for a supervisor too": (
        replace(HELD, ended=True),
        SUPERVISOR,
        MayNot(Refusal.CONTACT_OVER),
    ),
    "it was answered by the regulator": (
        replace(HELD, version=1, decided=INFORM),
        HOLDER,
        MayNot(Refusal.CONTACT_OVER),
    ),
    "a listener has taken it": (
        replace(HELD, version=1, decided=LISTEN, with_listener=True),
        HOLDER,
        MayNot(Refusal.WRONG_STATE),
    ),
    "a supervisor of another line": (
        HELD,
        an_asker("supervisor-1", Role.SUPERVISOR, programme="sos-other"),
        MayNot(Refusal.NOT_IN_PROGRAMME),
    ),
}


@pytest.mark.parametrize("name", HINDRANCES)
def test_neither_decision_nor_proposal_when(name: str) -> None:
    contact, asker, expected = HINDRANCES[name]
    assert judge_decision(contact, TERMS, a_command(), asker) == expected
    assert judge_proposal(contact, TERMS, ProposeTriage(contact_id=CONTACT), asker) == expected


def test_holder_of_any_role_decides() -> None:
    for role in (Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR):
        asker = an_asker("regulator-1", role)
        assert isinstance(judge_decision(HELD, TERMS, a_command(), asker), Decided)


def test_supervisor_decides_on_what_somebody_else_holds() -> None:
    assert isinstance(judge_decision(HELD, TERMS, a_command(), SUPERVISOR), Decided)


def test_decision_waits_for_the_terms_of_the_line() -> None:
    assert judge_decision(HELD, None, a_command(), HOLDER) == NotYet()
    over = replace(HELD, ended=True)
    assert judge_decision(over, None, a_command(), HOLDER) == MayNot(Refusal.CONTACT_OVER)


def test_need_the_line_does_not_serve_is_refused_by_its_field() -> None:
    wish = a_command(need=Need.AGRICULTEURS)
    assert judge_decision(HELD, TERMS, wish, HOLDER) == MayNot(Refusal.INVALID_FIELD, "notes.need")


@pytest.mark.parametrize("need", [Need.UNKNOWN, Need.URGENCE_VITALE, Need.DANGER_IMMEDIAT])
def test_emergency_and_unknown_may_be_noted_on_every_line(need: Need) -> None:
    assert isinstance(judge_decision(HELD, TERMS, a_command(need=need), HOLDER), Decided)


def test_only_priority_and_destination_are_compulsory() -> None:
    wish = DecideTriage(contact_id=CONTACT, priority=Priority.P3, destination=Destination.LISTENER)
    assert isinstance(judge_decision(HELD, TERMS, wish, HOLDER), Decided)


def test_decision_is_put_right_before_a_listener_takes_it() -> None:
    decided = replace(HELD, version=1, decided=LISTEN)
    up = judge_decision(decided, TERMS, a_command(Priority.P2), HOLDER)
    assert isinstance(up, Decided)
    down = judge_decision(
        replace(decided, decided=replace(LISTEN, priority=Priority.P1)),
        TERMS,
        a_command(Priority.P4),
        HOLDER,
    )
    assert isinstance(down, Decided)
    assert down.proposal.priority is Priority.P1  # the rules do not lower; the human may


def test_rescue_is_an_act_during_the_contact_which_goes_on() -> None:
    rescued = replace(HELD, version=1, decided=replace(LISTEN, destination=Destination.RESCUE))
    assert isinstance(judge_decision(rescued, TERMS, a_command(), HOLDER), Decided)


def test_same_decision_again_changes_nothing() -> None:
    decided = replace(HELD, version=1, decided=LISTEN)
    wish = a_command(Priority.P4, need=Need.SOLITUDE)
    assert judge_decision(decided, TERMS, wish, HOLDER) == AlreadySo()
    stale = an_asker("regulator-1", expected_version=0)
    assert judge_decision(decided, TERMS, wish, stale) == AlreadySo()


def test_desk_that_saw_an_older_version_is_refused() -> None:
    decided = replace(HELD, version=1, decided=LISTEN)
    stale = an_asker("regulator-1", expected_version=0)
    current = an_asker("regulator-1", expected_version=1)
    assert judge_decision(decided, TERMS, a_command(Priority.P2), stale) == MayNot(
        Refusal.STALE_VERSION
    )
    assert isinstance(judge_decision(decided, TERMS, a_command(Priority.P2), current), Decided)


def test_proposal_explains_to_whoever_may_decide() -> None:
    wish = ProposeTriage(contact_id=CONTACT, notes=TriageNotes(silent=True))
    assert judge_proposal(HELD, TERMS, wish, SUPERVISOR) == Proposed(propose(wish.notes))
