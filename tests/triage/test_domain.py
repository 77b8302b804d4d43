"""Decisions of triage, and the rules against the protocol and the scenarios they come from."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import CommandEnvelope
from contracts.triage import DecideTriage, ProposeTriage, RudRating, TriageNotes
from contracts.vocabulary import (
    AgeBand,
    Destination,
    ForWhom,
    Need,
    PersonId,
    Priority,
    Refusal,
    RiskLevel,
    RiskSignal,
    Role,
    RudValue,
)
from services.triage.domain import (
    KEPT_HUMAN_PRIORITY,
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
from services.triage.rules import GROUPS, RULES_2026_1
from tests.triage.builders import CONTACT, LINE, a_command, an_asker

PROTOCOL = json.loads(
    (Path(__file__).parents[2] / "deploy" / "protocol" / "protocol-0.1.json").read_bytes()
)
RATINGS = st.builds(
    RudRating,
    risk=st.sampled_from(RudValue),
    urgency=st.sampled_from(RudValue),
    dangerousness=st.sampled_from(RudValue),
)
ANY_NOTES = st.builds(
    TriageNotes,
    need=st.sampled_from(Need),
    for_whom=st.sampled_from(ForWhom),
    age_band=st.none() | st.sampled_from(AgeBand),
    danger_now=st.booleans(),
    silent=st.booleans(),
    also=st.lists(st.sampled_from(Need), max_size=3).map(tuple),
    signals=st.lists(st.sampled_from(RiskSignal), max_size=4, unique=True).map(tuple),
    rating=st.none() | RATINGS,
    level_noted=st.none() | st.sampled_from(RiskLevel),
    psychic_trouble=st.booleans(),
    language_barrier=st.booleans(),
    only_rescue_answers=st.booleans(),
)
ANY_DECISION = st.builds(
    HumanDecision,
    priority=st.sampled_from(Priority),
    destination=st.sampled_from(Destination),
    notes=ANY_NOTES,
)

# --- the rules ------------------------------------------------------------------------------------


def rated(risk: str, urgency: str, dangerousness: str) -> RudRating:
    return RudRating(
        risk=RudValue(risk), urgency=RudValue(urgency), dangerousness=RudValue(dangerousness)
    )


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
    "a malaise was noticed": (
        TriageNotes(signals=(RiskSignal.MEDICAL,)),
        Priority.P1,
        Destination.RESCUE,
        "medical-signal",
    ),
    "rated imminent, the box not ticked": (
        TriageNotes(rating=rated("faible", "eleve", "eleve")),
        Priority.P1,
        Destination.RESCUE,
        "rated-imminent",
    ),
    "a plan and the means, not yet rated": (
        TriageNotes(signals=(RiskSignal.PLAN, RiskSignal.MOYEN)),
        Priority.P1,
        Destination.RESCUE,
        "plan-and-means",
    ),
    "a plan and the means, rated": (
        TriageNotes(
            signals=(RiskSignal.PLAN, RiskSignal.MOYEN),
            rating=rated("moyen", "moyen", "faible"),
        ),
        Priority.P2,
        Destination.LISTENER,
        "rated-medium",
    ),
    "a farmer, rated high": (
        TriageNotes(need=Need.AGRICULTEURS, rating=rated("eleve", "moyen", "moyen")),
        Priority.P2,
        Destination.LISTENER,
        "rated-high",
    ),
    "talks of dying": (
        TriageNotes(need=Need.SOLITUDE, signals=(RiskSignal.MORT,)),
        Priority.P2,
        Destination.LISTENER,
        "suicidal-crisis",
    ),
    "a suicidal crisis rated low by who may rate": (
        TriageNotes(need=Need.CRISE_SUICIDAIRE, rating=rated("faible", "faible", "faible")),
        Priority.P3,
        Destination.LISTENER,
        "rated-low",
    ),
    "cries in the background": (
        TriageNotes(need=Need.SOLITUDE, signals=(RiskSignal.VIOLENCE,)),
        Priority.P2,
        Destination.LISTENER,
        "violence",
    ),
    "a child who sleeps outside with their mother": (
        TriageNotes(need=Need.HEBERGEMENT_URGENCE, signals=(RiskSignal.MINEUR,)),
        Priority.P2,
        Destination.LISTENER,
        "child-exposed",
    ),
    "a child who plays beside": (
        TriageNotes(need=Need.SOLITUDE, signals=(RiskSignal.MINEUR, RiskSignal.SEUL)),
        Priority.P4,
        Destination.LISTENER,
        "loneliness",
    ),
    "a second need that is graver": (
        TriageNotes(need=Need.DEMARCHES, also=(Need.VIOLENCES_CONJUGALES,)),
        Priority.P2,
        Destination.LISTENER,
        "violence",
    ),
    "nobody understands them": (
        TriageNotes(need=Need.ECOUTE_GENERALISTE, language_barrier=True),
        Priority.P3,
        Destination.LISTENER,
        "not-understood",
    ),
    "understood in spite of the language": (
        TriageNotes(need=Need.SOLITUDE, language_barrier=True),
        Priority.P4,
        Destination.LISTENER,
        "loneliness",
    ),
    "believes they are watched": (
        TriageNotes(need=Need.SOLITUDE, psychic_trouble=True),
        Priority.P3,
        Destination.LISTENER,
        "psychic-trouble",
    ),
    "a student of whom nothing else is known": (
        TriageNotes(need=Need.ETUDIANTS),
        Priority.P3,
        Destination.LISTENER,
        "distress",
    ),
    "a student who is lonely": (
        TriageNotes(need=Need.ETUDIANTS, also=(Need.SOLITUDE,)),
        Priority.P4,
        Destination.LISTENER,
        "loneliness",
    ),
    "a question of health with nobody to answer it": (
        TriageNotes(need=Need.SANTE_INFORMATION, only_rescue_answers=True),
        Priority.P3,
        Destination.LISTENER,
        "nobody-to-answer-it",
    ),
    "thanks": (
        TriageNotes(need=Need.ECOUTE_GENERALISTE, level_noted=RiskLevel.NOT_APPLICABLE),
        Priority.P5,
        Destination.INFORMED,
        "asks-for-nothing",
    ),
    "nobody could say what they asked for": (
        TriageNotes(need=Need.ECOUTE_GENERALISTE, level_noted=RiskLevel.NOT_RATEABLE),
        Priority.P4,
        Destination.LISTENER,
        "wants-to-talk",
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


SUPERVISED: dict[str, tuple[TriageNotes, bool, bool]] = {
    "P1: told, and the card is opened": (TriageNotes(danger_now=True), True, True),
    "P2: told": (TriageNotes(need=Need.VIOLENCES_CONJUGALES), True, False),
    "a missing child: the card too": (TriageNotes(need=Need.DISPARITION_MINEUR), True, True),
    "psychic trouble: told": (TriageNotes(psychic_trouble=True), True, False),
    "P3: not": (TriageNotes(need=Need.DEUIL), False, False),
}


@pytest.mark.parametrize("name", SUPERVISED)
def test_who_is_told_and_whether_a_card_is_opened(name: str) -> None:
    notes, told, card = SUPERVISED[name]
    proposal = propose(notes)
    assert (proposal.supervisor_informed, proposal.emergency_card) == (told, card)


@given(ANY_NOTES, st.sampled_from(RiskSignal))
def test_a_signal_more_never_lowers_a_proposal(notes: TriageNotes, signal: RiskSignal) -> None:
    more = notes.model_copy(update={"signals": (*notes.signals, signal)})
    assert propose(more).priority <= propose(notes).priority


@given(ANY_NOTES, st.sampled_from(sorted(set(Need) - GROUPS - {Need.UNKNOWN})))
def test_any_notes_are_answered_within_the_bounds_of_a_proposal(
    notes: TriageNotes, need: Need
) -> None:
    more = notes.model_copy(update={"also": (*notes.also, need)})
    assert 1 <= len(propose(more).reasons) <= 12


# --- the rules against their source ---------------------------------------------------------------


def protocol_line(path: str) -> str:
    """Words of the protocol at a path; lists are looked up by `code` and read line by line."""
    found: Any = PROTOCOL
    for part in path.split("."):
        if isinstance(found, list):
            (found,) = (entry for entry in found if entry["code"] == part)
        else:
            found = found[part]
    return "\n".join(found) if isinstance(found, list) else str(found)


@pytest.mark.parametrize("rule", RULES_2026_1, ids=lambda rule: rule.code)
def test_rule_quotes_the_protocol(rule: Any) -> None:
    assert rule.words in protocol_line(rule.line)


def test_the_protocol_says_that_it_is_a_proposal() -> None:
    assert "for clinical validation" in PROTOCOL["status"]


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


@pytest.mark.parametrize("field", ["rating", "level_noted"])
def test_a_volunteer_notes_signals_and_never_rates(field: str) -> None:
    value = rated("moyen", "moyen", "faible") if field == "rating" else RiskLevel.LOW
    notes = TriageNotes(need=Need.SOLITUDE, signals=(RiskSignal.MORT,)).model_copy(
        update={field: value}
    )
    listener = an_asker("regulator-1", Role.LISTENER)
    refused = MayNot(Refusal.ROLE_NOT_PERMITTED, f"notes.{field}")
    ask = ProposeTriage(contact_id=CONTACT, notes=notes)
    assert judge_proposal(HELD, TERMS, ask, listener) == refused
    assert isinstance(judge_proposal(HELD, TERMS, ask, HOLDER), Proposed)
    decide = a_command().model_copy(update={"notes": notes})
    assert judge_decision(HELD, TERMS, decide, listener) == refused
    assert isinstance(judge_decision(HELD, TERMS, decide, HOLDER), Decided)


def test_another_need_is_one_the_line_serves() -> None:
    notes = TriageNotes(need=Need.SOLITUDE, also=(Need.DEUIL,))
    decide = a_command().model_copy(update={"notes": notes})
    assert judge_decision(HELD, TERMS, decide, HOLDER) == MayNot(
        Refusal.INVALID_FIELD, "notes.also"
    )
