"""The pure assignment decision: hard rules, order, ladder, reasons, rest; and the floor beside it.

No fixtures and no mocks: values in, values out. The last two tests play random histories on the
floor, kept or made for one look, and ask the plain choice the same question.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.vocabulary import (
    Channel,
    LiveState,
    LiveStateReason,
    OfferReason,
    Priority,
    Role,
    WayOut,
)
from contracts.vocabulary import Stage as Line
from services.assignment.choice import choose
from services.assignment.domain import (
    CallerKind,
    Decision,
    Forecast,
    Group,
    Look,
    NobodyFree,
    NobodyReason,
    PersonOnDuty,
    Proposal,
    Rules,
    Settled,
    WaitingContact,
    WayOutProposed,
)
from services.assignment.eligibility import at_home, may_take, profile_of, request_class
from services.assignment.floor import Floor
from services.assignment.forecast import forecast_from, with_spare_prices
from services.assignment.rest import (
    LiveLoad,
    Paused,
    StillReady,
    after_missed_offer,
    is_rest_due,
    load_when_taken,
    load_when_wrapped_up,
    rest_after,
)
from services.assignment.spare import Demand, spare_prices

NOW = datetime(2020, 4, 10, 18, 0, tzinfo=UTC)
RULES = Rules(rules_version="assignment-2026.1")


def ago(span_seconds: float) -> datetime:
    return NOW - timedelta(seconds=span_seconds)


def a_waiting_contact(contact_id: str = "c1", **changes: Any) -> WaitingContact:
    contact = WaitingContact(
        contact_id=contact_id,
        programme="sos-crise",
        stage=Line.LISTENER,
        channel=Channel.PHONE,
        priority=Priority.P4,
        risk_band=0,
        need="deuil",
        languages=frozenset({"fr"}),
        region="75",
        waiting_since=ago(5),
        joined_at=ago(5),
        heard=True,
    )
    return replace(contact, **changes)


def a_listener(person_id: str = "l1", **changes: Any) -> PersonOnDuty:
    person = PersonOnDuty(
        person_id=person_id,
        state=LiveState.READY,
        roles=frozenset({Role.LISTENER}),
        channels=frozenset({Channel.PHONE}),
        languages=frozenset({"fr"}),
        topics=frozenset({"deuil"}),
        skills=frozenset(),
        level=1,
        region="75",
        eligibility_version=7,
        valid_until=NOW + timedelta(days=30),
        ready_since=ago(60),
    )
    return replace(person, **changes)


def a_regulator(person_id: str = "r1", **changes: Any) -> PersonOnDuty:
    return a_listener(person_id, roles=frozenset({Role.REGULATOR}), **changes)


def decide(
    waiting: list[WaitingContact],
    people: list[PersonOnDuty],
    rules: Rules = RULES,
    forecast: Forecast | None = None,
) -> Decision:
    return choose(tuple(waiting), tuple(people), Look(NOW, rules, forecast or Forecast()))


def pairs(decision: Decision) -> list[tuple[str, str]]:
    return [(p.contact_id, p.person_id) for p in decision.proposals]


def reasons_of(decision: Decision, contact_id: str) -> tuple[OfferReason | NobodyReason, ...]:
    for outcome in decision.outcomes:
        if outcome.contact_id == contact_id and isinstance(outcome, Proposal | NobodyFree):
            return outcome.reasons
    raise AssertionError(f"nothing was decided about {contact_id}")


def test_listener_who_fits_is_offered_the_contact_with_rules_and_eligibility_named() -> None:
    (proposal,) = decide([a_waiting_contact()], [a_listener()]).proposals
    assert (proposal.contact_id, proposal.person_id) == ("c1", "l1")
    assert proposal.stage is Line.LISTENER
    assert proposal.rules_version == "assignment-2026.1"
    assert proposal.eligibility_version == 7
    assert OfferReason.TRAINED_FOR_NEED in proposal.reasons


FORBIDDEN: dict[str, tuple[dict[str, Any], dict[str, Any], NobodyReason]] = {
    "paused": ({}, {"state": LiveState.PAUSED}, NobodyReason.ALL_BUSY),
    "already offered another": ({}, {"state": LiveState.OFFERED}, NobodyReason.ALL_BUSY),
    "wrapping up": ({}, {"state": LiveState.WRAPPING_UP}, NobodyReason.ALL_BUSY),
    "off duty": ({}, {"state": LiveState.OFF_DUTY}, NobodyReason.ALL_BUSY),
    "rest not over": ({}, {"rest_until": NOW + timedelta(seconds=1)}, NobodyReason.ALL_RESTING),
    "accreditation lapsed": ({}, {"valid_until": NOW}, NobodyReason.ACCREDITATION_LAPSED),
    "channel not accredited": (
        {"channel": Channel.CHAT},
        {},
        NobodyReason.CHANNEL_NOT_ACCREDITED,
    ),
    "no common language": (
        {"languages": frozenset({"ar", "en"})},
        {},
        NobodyReason.NO_SHARED_LANGUAGE,
    ),
    "unknown language and not the line's own": (
        {"languages": frozenset()},
        {"languages": frozenset({"pt"})},
        NobodyReason.NO_SHARED_LANGUAGE,
    ),
    "declared limit": (
        {},
        {"declined_needs": frozenset({"deuil"})},
        NobodyReason.DECLARED_LIMIT,
    ),
    "regulator does not listen": (
        {},
        {"roles": frozenset({Role.REGULATOR})},
        NobodyReason.NOT_A_LISTENER,
    ),
    "level before the fallback delay": (
        {"risk_band": 2},
        {"level": 1},
        NobodyReason.WAITING_FOR_LEVEL,
    ),
    "topic before the fallback delay": (
        {"need": "violences"},
        {},
        NobodyReason.WAITING_FOR_TOPIC,
    ),
    "who declined, at once": (
        {"declined_by": frozenset({"l1"})},
        {},
        NobodyReason.DECLINED,
    ),
}


@pytest.mark.parametrize("case", FORBIDDEN)
def test_hard_rule_keeps_the_contact_waiting_and_says_why(case: str) -> None:
    contact, person, reason = FORBIDDEN[case]
    decision = decide([a_waiting_contact(**contact)], [a_listener(**person)])
    assert decision.proposals == ()
    assert reasons_of(decision, "c1") == (reason,)


PERMITTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "rest just over": ({}, {"state": LiveState.RESTING, "rest_until": NOW}),
    "accredited one second more": ({}, {"valid_until": NOW + timedelta(seconds=1)}),
    "one of two languages": ({"languages": frozenset({"ar", "fr"})}, {}),
    "unknown language, the line's own": ({"languages": frozenset()}, {}),
    "level after the fallback delay": ({"risk_band": 2, "joined_at": ago(20)}, {"level": 1}),
    "topic after the fallback delay": ({"need": "violences", "joined_at": ago(10)}, {}),
    "need unknown": ({"need": "unknown"}, {"topics": frozenset()}),
    "limit on another need": ({}, {"declined_needs": frozenset({"violences"})}),
}


@pytest.mark.parametrize("case", PERMITTED)
def test_contact_is_offered_when_no_hard_rule_forbids_it(case: str) -> None:
    contact, person = PERMITTED[case]
    assert pairs(decide([a_waiting_contact(**contact)], [a_listener(**person)])) == [("c1", "l1")]


ROOM: dict[str, tuple[Channel, tuple[Channel, ...], bool]] = {
    "voice when free": (Channel.PHONE, (), True),
    "voice excludes a second voice": (Channel.PHONE, (Channel.PHONE,), False),
    "voice excludes chat": (Channel.CHAT, (Channel.PHONE,), False),
    "chat excludes voice": (Channel.PHONE, (Channel.CHAT,), False),
    "second chat within capacity": (Channel.CHAT, (Channel.CHAT,), True),
    "third chat beyond capacity": (Channel.CHAT, (Channel.CHAT, Channel.CHAT), False),
}


@pytest.mark.parametrize("case", ROOM)
def test_voice_excludes_all_else_and_writing_goes_up_to_capacity(case: str) -> None:
    channel, live, offered = ROOM[case]
    person = a_listener(
        state=LiveState.TALKING if live else LiveState.READY,
        channels=frozenset({Channel.PHONE, Channel.CHAT}),
        live=live,
    )
    rules = replace(RULES, chats_at_once=2)
    decision = decide([a_waiting_contact(channel=channel)], [person], rules)
    assert bool(decision.proposals) is offered
    if not offered:
        assert reasons_of(decision, "c1") == (NobodyReason.ALL_BUSY,)


def test_caller_at_risk_passes_before_earlier_callers() -> None:
    earlier = a_waiting_contact("c1", waiting_since=ago(90), joined_at=ago(90))
    at_risk = a_waiting_contact("c2", priority=Priority.P1, risk_band=3)
    decision = decide([earlier, at_risk], [a_listener(level=3)])
    assert pairs(decision) == [("c2", "l1")]
    assert OfferReason.PRIORITY in reasons_of(decision, "c2")
    assert OfferReason.ACCREDITED_FOR_RISK in reasons_of(decision, "c2")


SAME_CLASS: dict[str, tuple[dict[str, Any], float]] = {
    "ordinary contact, once on any topic": ({}, 15),
    "first line, once down the ladder": ({"stage": Line.REGULATOR, "need": "unknown"}, 110),
}


@pytest.mark.parametrize("case", SAME_CLASS)
def test_wait_alone_does_not_split_a_class_where_it_changes_nothing(case: str) -> None:
    changes, waited = SAME_CLASS[case]
    contact = a_waiting_contact(**changes, joined_at=ago(waited), waiting_since=ago(waited))
    later = NOW + timedelta(seconds=10)
    assert request_class(contact, NOW, RULES) == request_class(contact, later, RULES)


def test_within_a_class_who_waited_longest_is_first() -> None:
    line = [a_waiting_contact(f"c{n}", waiting_since=ago(n), joined_at=ago(n)) for n in (5, 9, 7)]
    people = [a_listener("l1"), a_listener("l2")]
    assert [contact for contact, _ in pairs(decide(line, people))] == ["c9", "c7"]


def test_who_was_offered_and_not_taken_is_first_and_says_so() -> None:
    longer = a_waiting_contact("c1", waiting_since=ago(300), joined_at=ago(300))
    front = a_waiting_contact("c2", front=True, waiting_since=ago(30), joined_at=ago(1))
    decision = decide([longer, front], [a_listener()])
    assert pairs(decision) == [("c2", "l1")]
    assert OfferReason.RE_OFFERED_IN_FRONT in reasons_of(decision, "c2")


def test_original_wait_counts_and_not_the_moment_of_joining_the_line() -> None:
    first = a_waiting_contact("c1", waiting_since=ago(300), joined_at=ago(2))
    second = a_waiting_contact("c2", waiting_since=ago(100), joined_at=ago(50))
    assert pairs(decide([second, first], [a_listener()])) == [("c1", "l1")]


def test_who_declined_is_passed_over_while_someone_else_is_free() -> None:
    contact = a_waiting_contact(declined_by=frozenset({"l1"}), joined_at=ago(90))
    people = [a_listener("l1", ready_since=ago(900)), a_listener("l2", ready_since=ago(1))]
    assert pairs(decide([contact], people)) == [("c1", "l2")]


def test_who_declined_is_asked_again_after_a_minute_when_nobody_else_is_free() -> None:
    contact = a_waiting_contact(declined_by=frozenset({"l1"}), joined_at=ago(60))
    assert pairs(decide([contact], [a_listener()])) == [("c1", "l1")]


def test_who_declined_takes_the_next_contact_of_the_line_meanwhile() -> None:
    declined = a_waiting_contact("c1", declined_by=frozenset({"l1"}), front=True)
    other = a_waiting_contact("c2")
    assert pairs(decide([declined, other], [a_listener()])) == [("c2", "l1")]


def test_person_gets_one_proposal_at_most() -> None:
    decision = decide([a_waiting_contact("c1"), a_waiting_contact("c2")], [a_listener()])
    assert len(decision.proposals) == 1


LADDER: dict[str, tuple[float, dict[str, Any], OfferReason | None]] = {
    "regulator at once": (0, {"roles": frozenset({Role.REGULATOR})}, OfferReason.REGULATOR_FREE),
    "supervisor not before 20 s": (19, {"roles": frozenset({Role.SUPERVISOR})}, None),
    "supervisor from 20 s": (
        20,
        {"roles": frozenset({Role.SUPERVISOR})},
        OfferReason.SUPERVISOR_REGULATES,
    ),
    "trained listener from 20 s": (
        20,
        {"skills": frozenset({"SK-REGUL"})},
        OfferReason.LISTENER_TRAINED_TO_REGULATE,
    ),
    "listener not before 40 s": (39, {}, None),
    "listener untriaged from 40 s": (40, {}, OfferReason.UNTRIAGED),
}


@pytest.mark.parametrize("case", LADDER)
def test_first_line_goes_down_the_ladder_with_the_wait(case: str) -> None:
    waited, person, reason = LADDER[case]
    contact = a_waiting_contact(
        stage=Line.REGULATOR,
        priority=None,
        need="unknown",
        waiting_since=ago(waited),
        joined_at=ago(waited),
    )
    decision = decide([contact], [a_listener(**person)])
    if reason is None:
        assert reasons_of(decision, "c1") == (NobodyReason.WAITING_FOR_REGULATOR,)
        assert decision.next_look_at == NOW + timedelta(seconds=1)
        return
    (proposal,) = decision.proposals
    assert reason in proposal.reasons
    untriaged = reason is OfferReason.UNTRIAGED
    assert proposal.stage is (Line.LISTENER if untriaged else Line.REGULATOR)


def test_untriaged_contact_is_served_as_p3_at_least() -> None:
    untriaged = a_waiting_contact(
        "c1", stage=Line.REGULATOR, priority=None, waiting_since=ago(40), joined_at=ago(40)
    )
    ordinary = a_waiting_contact("c2", waiting_since=ago(300), joined_at=ago(300))
    assert pairs(decide([ordinary, untriaged], [a_listener()])) == [("c1", "l1")]
    marked = a_waiting_contact(untriaged=True, priority=Priority.P5)
    assert marked.band == 1


def test_regulator_is_preferred_to_a_trained_listener() -> None:
    contact = a_waiting_contact(stage=Line.REGULATOR, waiting_since=ago(30), joined_at=ago(30))
    trained = a_listener("l1", skills=frozenset({"SK-REGUL"}), ready_since=ago(900))
    assert pairs(decide([contact], [trained, a_regulator("r1")])) == [("c1", "r1")]


def test_person_trained_for_the_need_is_preferred_to_a_fallback() -> None:
    contact = a_waiting_contact(need="violences", joined_at=ago(30), waiting_since=ago(30))
    other = a_listener("l1", ready_since=ago(900))
    trained = a_listener("l2", topics=frozenset({"violences"}))
    decision = decide([contact], [other, trained])
    assert pairs(decision) == [("c1", "l2")]
    decision = decide([contact], [other])
    assert OfferReason.FALLBACK_TOPIC in reasons_of(decision, "c1")


def test_least_versatile_is_given_and_the_accredited_kept() -> None:
    broad = a_listener("l1", languages=frozenset({"fr", "ar"}), level=3, ready_since=ago(900))
    decision = decide([a_waiting_contact()], [broad, a_listener("l2")])
    assert pairs(decision) == [("c1", "l2")]
    assert OfferReason.LEAST_VERSATILE_FREE in reasons_of(decision, "c1")
    assert OfferReason.RESERVED_ACCREDITED in reasons_of(decision, "c1")


def test_longest_ready_is_given_among_equals() -> None:
    people = [a_listener("l1", ready_since=ago(10)), a_listener("l2", ready_since=ago(20))]
    decision = decide([a_waiting_contact()], people)
    assert pairs(decision) == [("c1", "l2")]
    assert OfferReason.LONGEST_READY in reasons_of(decision, "c1")


def test_same_region_breaks_a_tie() -> None:
    people = [a_listener("l1", region="13", ready_since=ago(900)), a_listener("l2")]
    assert pairs(decide([a_waiting_contact()], people)) == [("c1", "l2")]


MANY_AT_RISK = Forecast({("fr", 2): 1 / 60, ("fr", 0): 1 / 60, ("ar", 0): 1 / 600})


def test_last_accredited_is_kept_for_risk_when_the_line_is_short() -> None:
    busy = [a_listener(f"b{n}", state=LiveState.TALKING, level=1) for n in range(60)]
    last = a_listener("l1", level=3)
    held = decide([a_waiting_contact()], [last, *busy], forecast=MANY_AT_RISK)
    assert reasons_of(held, "c1") == (NobodyReason.ALL_BUSY, NobodyReason.HELD_BACK)
    given = decide([a_waiting_contact()], [last, *busy])
    assert pairs(given) == [("c1", "l1")]


def test_nobody_at_risk_is_ever_held_back() -> None:
    contact = a_waiting_contact(risk_band=2, joined_at=ago(30))
    busy = [a_listener(f"b{n}", state=LiveState.WRAPPING_UP, level=3) for n in range(60)]
    decision = decide([contact], [a_listener("l1", level=1), *busy], forecast=MANY_AT_RISK)
    assert pairs(decision) == [("c1", "l1")]
    assert OfferReason.FALLBACK_LEVEL in reasons_of(decision, "c1")


def test_nobody_is_held_back_for_longer_than_the_programme_says() -> None:
    last = a_listener("l1", level=3)
    busy = [a_listener(f"b{n}", state=LiveState.TALKING, level=1) for n in range(60)]
    for waited, offered in ((299, []), (300, [("c1", "l1")])):
        contact = a_waiting_contact(joined_at=ago(waited), waiting_since=ago(waited))
        assert pairs(decide([contact], [last, *busy], forecast=MANY_AT_RISK)) == offered


def test_nobody_on_duty_is_a_decision_too() -> None:
    decision = decide([a_waiting_contact()], [])
    assert reasons_of(decision, "c1") == (NobodyReason.NOBODY_ON_DUTY,)


WAYS_OUT: dict[str, tuple[dict[str, Any], WayOut | None]] = {
    "return pass when it costs less": ({}, WayOut.RETURN_PASS),
    "never at risk 2": ({"risk_band": 2}, None),
    "never at priority P1": ({"priority": Priority.P1}, None),
    "never before a human has heard": ({"heard": False}, None),
    "never untriaged": ({"untriaged": True}, None),
    "never who was at risk once": ({"was_at_risk": True}, None),
    "never who wrote and waits for an answer": ({"channel": Channel.MESSAGE}, None),
    "never in the first line": ({"stage": Line.REGULATOR}, None),
    "never twice": ({"way_out_proposed": True}, None),
}


@pytest.mark.parametrize("case", WAYS_OUT)
def test_way_out_is_proposed_only_to_who_may_leave(case: str) -> None:
    changes, way_out = WAYS_OUT[case]
    contact = a_waiting_contact(**changes)
    decision = decide([contact], [], replace(RULES, way_out=True))
    proposed = [o.way_out for o in decision.outcomes if isinstance(o, WayOutProposed)]
    assert proposed == ([] if way_out is None else [way_out])


def test_no_way_out_is_proposed_while_the_rule_is_off() -> None:
    assert [type(o) for o in decide([a_waiting_contact()], []).outcomes] == [NobodyFree]


def test_partner_line_is_proposed_where_it_costs_less() -> None:
    prices = replace(RULES.prices, partner_line_share=0.2)
    decision = decide([a_waiting_contact()], [], replace(RULES, way_out=True, prices=prices))
    assert WayOutProposed("c1", WayOut.ANOTHER_LINE, RULES.rules_version) in decision.outcomes


def test_line_that_gives_no_return_pass_proposes_another_line() -> None:
    decision = decide([a_waiting_contact()], [], replace(RULES, way_out=True, return_pass=False))
    assert WayOutProposed("c1", WayOut.ANOTHER_LINE, RULES.rules_version) in decision.outcomes


def test_nobody_is_kept_from_a_free_listener_because_a_way_out_may_be_offered() -> None:
    """Only who says yes is gone: the prices of a line do not count on it."""
    cases = [a_waiting_contact(), a_waiting_contact("c2", priority=Priority.P3, need="violences")]
    for contact in cases:
        for listener in (a_listener(), a_listener(topics=frozenset())):
            without, offering = (
                decide([contact], [listener], replace(RULES, way_out=on)).proposals
                for on in (False, True)
            )
            assert without == offering


def test_who_was_offered_a_way_out_waits_on_and_is_looked_at_again() -> None:
    contact = a_waiting_contact(need="violences", joined_at=ago(2), waiting_since=ago(2))
    busy = [a_listener(state=LiveState.TALKING)]
    with_it, without = (
        decide([contact], busy, replace(RULES, way_out=on, way_out_share=0)) for on in (True, False)
    )
    assert {type(o) for o in with_it.outcomes} == {WayOutProposed, NobodyFree}
    assert with_it.next_look_at == without.next_look_at


def test_last_of_a_long_line_is_proposed_a_way_out_and_the_first_is_not() -> None:
    line = [a_waiting_contact(f"c{n}", waiting_since=ago(90 - n)) for n in range(9)]
    busy = [a_listener(f"b{n}", state=LiveState.TALKING) for n in range(70)]
    decision = decide(line, busy, replace(RULES, way_out=True, way_out_share=0.5))
    sent = {o.contact_id for o in decision.outcomes if isinstance(o, WayOutProposed)}
    assert "c8" in sent
    assert "c0" not in sent


NEXT_LOOKS: dict[str, tuple[list[WaitingContact], list[PersonOnDuty], float | None]] = {
    "nobody waits": ([], [a_listener(rest_until=NOW + timedelta(seconds=9))], None),
    "topic fallback": ([a_waiting_contact(need="violences")], [a_listener()], 5),
    "level fallback": ([a_waiting_contact(risk_band=3, need="unknown")], [], 15),
    "rest ends first": (
        [a_waiting_contact(need="violences")],
        [a_listener(rest_until=NOW + timedelta(seconds=3))],
        3,
    ),
    "pause counts as a break": (
        [a_waiting_contact(need="unknown", languages=frozenset({"ar"}))],
        [a_listener(consecutive_contacts=2, wrapped_up_at=ago(590))],
        10,
    ),
    "pause of who writes counts as a break": (
        [a_waiting_contact(need="unknown", languages=frozenset({"ar"}))],
        [
            a_listener(
                state=LiveState.TALKING,
                channels=frozenset({Channel.CHAT}),
                live=(Channel.CHAT,),
                consecutive_contacts=2,
                wrapped_up_at=ago(590),
            )
        ],
        10,
    ),
    "asked again": (
        [a_waiting_contact(need="unknown", declined_by=frozenset({"l1"}))],
        [a_listener()],
        55,
    ),
    "held back no longer": ([a_waiting_contact(need="unknown")], [], 295),
    "no such moment": ([a_waiting_contact(need="unknown", joined_at=ago(300))], [], None),
}


@pytest.mark.parametrize("case", NEXT_LOOKS)
def test_next_look_is_when_time_alone_may_change_the_decision(case: str) -> None:
    waiting, people, after = NEXT_LOOKS[case]
    expected = None if after is None else NOW + timedelta(seconds=after)
    rules = replace(RULES, chats_at_once=2, language_fallback_seconds=0)
    assert decide(waiting, people, rules).next_look_at == expected


RESTS: dict[str, tuple[int, bool, LiveStateReason | None]] = {
    "ordinary third in a row": (3, False, None),
    "hard first": (1, True, LiveStateReason.REST_AFTER_HARD),
    "fourth in a row": (4, False, LiveStateReason.REST_AFTER_SEVERAL),
    "hard fourth in a row": (4, True, LiveStateReason.REST_AFTER_HARD),
}


@pytest.mark.parametrize("case", RESTS)
def test_rest_is_owed_after_a_hard_contact_and_after_four_in_a_row(case: str) -> None:
    consecutive, hard, reason = RESTS[case]
    rest = rest_after(LiveLoad(consecutive, NOW), hard, RULES)
    assert is_rest_due(LiveLoad(consecutive), hard, RULES) is (reason is not None)
    if reason is None:
        assert rest is None
    else:
        assert rest is not None
        assert (rest.until, rest.reason) == (NOW + timedelta(seconds=600), reason)


def test_rest_has_no_end_before_the_wrap_up_is_over() -> None:
    with pytest.raises(ValueError, match="wrap-up"):
        rest_after(LiveLoad(4), hard=False, rules=RULES)


COUNTS: dict[str, tuple[LiveLoad, int]] = {
    "first of a shift": (LiveLoad(), 1),
    "one more after a short pause": (LiveLoad(2, ago(599)), 3),
    "first again after ten free minutes": (LiveLoad(2, ago(600)), 1),
}


@pytest.mark.parametrize("case", COUNTS)
def test_contacts_in_a_row_are_counted_from_the_end_of_wrap_up(case: str) -> None:
    load, count = COUNTS[case]
    taken = load_when_taken(load, NOW, RULES)
    assert taken.consecutive_contacts == count
    assert load_when_wrapped_up(taken, NOW).wrapped_up_at == NOW


def test_two_missed_offers_in_a_row_pause_the_person() -> None:
    assert after_missed_offer(0, RULES) == StillReady(1)
    assert after_missed_offer(1, RULES) == Paused(LiveStateReason.TWO_MISSED_OFFERS)


def test_forecast_counts_callers_over_ten_minutes_at_least_in_their_usual_language() -> None:
    joined = [
        a_waiting_contact("c1"),
        a_waiting_contact("c2", risk_band=3, languages=frozenset({"fr", "ar"})),
        a_waiting_contact("c3", languages=frozenset({"ar"})),
        a_waiting_contact("c4", languages=frozenset()),
    ]
    counted = Counter((contact.languages, contact.band) for contact in joined)
    rates = forecast_from(counted, ago(60), NOW, RULES).arrivals_per_second
    assert rates == {("fr", 0): 2 / 600, ("fr", 3): 1 / 600, ("ar", 0): 1 / 600}
    rates = forecast_from(counted, ago(1800), NOW, RULES).arrivals_per_second
    assert rates[("fr", 3)] == 1 / 1800


#: As `forecast.with_spare_prices` makes it, by hand: steep, so that people are often held back.
SPARES_PRICED = replace(
    MANY_AT_RISK,
    spare_prices={
        Group("fr"): (4.0, 4.0, 2.0, 1.0),
        Group("fr", accredited=True): (5.0, 5.0, 3.0),
        Group("ar"): (9.0, 9.0),
    },
)


#: As above, and who calls is known one by one, so that a few on duty are priced as a few.
FEW_PRICED = replace(
    SPARES_PRICED,
    callers=(
        (CallerKind(frozenset({"fr"}), 0, "deuil"), 1 / 400),
        (CallerKind(frozenset({"fr", "ar"}), 1, "violences"), 1 / 2000),
        (CallerKind(frozenset({"ar"}), 3, ""), 1 / 900),
    ),
)


def test_spare_is_dearer_the_fewer_are_free_and_never_beyond_the_dearest_loss() -> None:
    demand = (Demand(1 / 20, 4.0), Demand(1 / 200, 60.0))
    prices = spare_prices(demand, 70, 1200)
    assert list(prices[1:]) == sorted(prices[1:], reverse=True)
    assert 4.0 < prices[1] < 60.0
    assert prices[0] == prices[1]


def test_spare_of_a_single_listener_is_what_callers_lose_while_she_is_away() -> None:
    # One listener, one kind of caller, refused at 10 points: she serves the share of time that
    # callers find her, so a refusal is as dear as the callers who come while she is away.
    (_, price) = spare_prices((Demand(1 / 1000, 10.0),), 1, 1000)
    assert price == pytest.approx(5.0, abs=0.01)


def test_spares_of_two_listeners_are_those_of_the_erlang_formula() -> None:
    # One caller per mean talk, two listeners: Erlang B is 1/5, so 2 points are lost per talk; the
    # last free one is worth 10 x (1 - 1/5) / 2, the first that less 2.
    assert spare_prices((Demand(1 / 1000, 10.0),), 2, 1000) == pytest.approx((4.0, 4.0, 2.0))


def test_spare_is_worth_nothing_when_nobody_is_expected_or_nobody_is_on_duty() -> None:
    assert spare_prices((), 10, 1000) == ()
    assert spare_prices((Demand(1 / 20, 4.0),), 0, 1000) == ()


@dataclass
class Rows:
    """The ledger of a random history, beside the floor it feeds."""

    waiting: dict[str, WaitingContact]
    people: dict[str, PersonOnDuty]
    floor: Floor
    ids: int = 12  #: how many people there may be

    def put(self, person: PersonOnDuty) -> None:
        self.people[person.person_id] = person
        self.floor.person(person)

    def join(self, contact: WaitingContact) -> None:
        self.waiting[contact.contact_id] = contact
        self.floor.join(contact)

    def apply(self, outcome: Proposal | WayOutProposed) -> None:
        if isinstance(outcome, WayOutProposed):
            self.join(replace(self.waiting[outcome.contact_id], way_out_proposed=True))
            return
        del self.waiting[outcome.contact_id]
        self.floor.leave(outcome.contact_id)
        self.put(replace(self.people[outcome.person_id], state=LiveState.OFFERED))


def all_outcomes(
    rows: Rows, now: datetime
) -> tuple[list[Proposal | WayOutProposed], datetime | None]:
    outcomes: list[Proposal | WayOutProposed] = []
    while True:
        outcome = rows.floor.decide(now)
        if isinstance(outcome, Settled):
            return outcomes, outcome.next_look_at
        outcomes.append(outcome)
        rows.apply(outcome)


FR, AR, NONE = frozenset({"fr"}), frozenset({"ar"}), frozenset[str]()
LISTENING = frozenset({Role.LISTENER})
ROLES = [frozenset({Role.REGULATOR}), frozenset({Role.SUPERVISOR}), LISTENING | {Role.REGULATOR}]
STATES = [LiveState.TALKING, LiveState.WRAPPING_UP, LiveState.RESTING, LiveState.PAUSED]
WRITING = frozenset(Channel)


def seldom(dice: Random, usual: Any, *others: Any) -> Any:
    """The usual value three times in four, so that people and contacts are often alike."""
    return usual if dice.random() < 0.75 else dice.choice(others)


def any_person(dice: Random, now: datetime, ids: int = 12) -> PersonOnDuty:
    wrapped_up = now - timedelta(seconds=dice.randrange(700))
    return a_listener(
        f"p{dice.randrange(ids)}",
        state=seldom(dice, LiveState.READY, *STATES),
        roles=seldom(dice, LISTENING, *ROLES),
        channels=seldom(dice, frozenset({Channel.PHONE}), WRITING),
        languages=seldom(dice, FR, AR, FR | AR),
        topics=seldom(dice, frozenset({"deuil"}), frozenset({"deuil", "violences"}), NONE),
        skills=seldom(dice, NONE, frozenset({"SK-REGUL"})),
        level=dice.choice([1, 1, 2, 3]),
        region=dice.choice(["75", "13"]),
        valid_until=now + timedelta(seconds=seldom(dice, 10**6, 30, 2000)),
        ready_since=now - timedelta(seconds=dice.randrange(5)),
        rest_until=seldom(dice, None, now + timedelta(seconds=dice.randrange(60))),
        wrapped_up_at=dice.choice([None, wrapped_up]),
        consecutive_contacts=dice.choice([0, 2, 2, 3]),
        declined_needs=seldom(dice, NONE, frozenset({"deuil"})),
        live=seldom(dice, (), (Channel.CHAT,)),
        shift_ends_at=seldom(dice, None, now + timedelta(seconds=dice.choice([-5, 30, 1210]))),
        accepts_last_minutes=dice.choice([False, True]),
    )


def any_contact(dice: Random, now: datetime) -> WaitingContact:
    joined_at = now - timedelta(seconds=dice.randrange(70))
    return a_waiting_contact(
        f"c{dice.randrange(15)}",
        stage=seldom(dice, Line.LISTENER, Line.REGULATOR),
        channel=seldom(dice, Channel.PHONE, Channel.CHAT, Channel.MESSAGE),
        priority=seldom(dice, Priority.P4, None, *Priority),
        risk_band=seldom(dice, 0, 1, 2, 3),
        need=seldom(dice, "deuil", "violences", "unknown"),
        languages=seldom(dice, FR, AR, FR | AR, NONE),
        region=dice.choice(["75", "13"]),
        waiting_since=joined_at - timedelta(seconds=dice.randrange(30)),
        joined_at=joined_at,
        front=seldom(dice, False, True),
        untriaged=seldom(dice, False, True),
        heard=seldom(dice, True, False),
        was_at_risk=seldom(dice, False, True),
        way_out_proposed=seldom(dice, False, True),
        declined_by=seldom(dice, NONE, frozenset({"p1", "p2", "p3"})),
        sought=seldom(dice, None, "p1", "p4"),
        slowed=seldom(dice, False, True),
    )


def any_rules(dice: Random) -> Rules:
    return replace(
        RULES,
        way_out=dice.random() < 0.5,
        way_out_taken=dice.random() < 0.5,
        return_pass=seldom(dice, True, False),
        chats_at_once=dice.choice([1, 2]),
        language_fallback_seconds=dice.choice([0, 30, 120]),
    )


def something_happens(rows: Rows, dice: Random, now: datetime) -> None:
    match dice.choice(["person", "person", "contact", "contact", "leaves", "off", "nothing"]):
        case "person":
            rows.put(any_person(dice, now, rows.ids))
        case "contact":
            rows.join(any_contact(dice, now))
        case "leaves":
            contact_id = f"c{dice.randrange(15)}"
            rows.waiting.pop(contact_id, None)
            rows.floor.leave(contact_id)
        case "off":
            person_id = f"p{dice.randrange(12)}"
            rows.people.pop(person_id, None)
            rows.floor.off_duty(person_id)


def assert_nobody_overtaken(rows: Rows, proposals: tuple[Proposal, ...], look: Look) -> None:
    """I16: nobody alike, not re-offered, who came earlier could have had the same person."""
    waiting = dict(rows.waiting)
    for proposal in proposals:
        chosen = waiting.pop(proposal.contact_id)
        profile = profile_of(rows.people[proposal.person_id], look.now, look.rules)
        request = request_class(chosen, look.now, look.rules)
        for other in waiting.values():
            theirs = request_class(other, look.now, look.rules)
            alike = theirs._replace(standing=request.standing) == request
            earlier = other.place < chosen.place and other.joined_at <= chosen.joined_at
            slowed = not theirs.standing.not_slowed
            if alike and earlier and not other.front and not slowed:
                assert not may_take(theirs, profile, look.rules)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_floor_makes_the_choices_of_the_plain_decision_on_any_history(seed: int) -> None:
    dice, now = Random(seed), NOW
    rules = any_rules(dice)
    forecast = dice.choice([SPARES_PRICED, FEW_PRICED])
    people = 12 if forecast is SPARES_PRICED else 5
    rows = Rows({}, {}, Floor(rules, forecast), people)
    for _ in range(40):
        now += timedelta(seconds=dice.choice([0, 0, 1, 7, 45, 600]))
        for _ in range(dice.choice([1, 1, 5])):
            something_happens(rows, dice, now)
        waiting, on_duty = tuple(rows.waiting.values()), tuple(rows.people.values())
        plain = choose(waiting, on_duty, Look(now, rules, forecast))
        assert_nobody_overtaken(rows, plain.proposals, Look(now, rules))
        outcomes, next_look_at = all_outcomes(rows, now)
        assert outcomes == [o for o in plain.outcomes if not isinstance(o, NobodyFree)]
        assert next_look_at == plain.next_look_at


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_floor_that_is_looked_at_gives_every_outcome_of_the_plain_decision(seed: int) -> None:
    """Whatever has happened since the last look, and whether its proposals came true or not."""
    dice, now = Random(seed), NOW
    rules = any_rules(dice)
    rows, floor = Rows({}, {}, Floor(rules)), Floor(rules)
    for _ in range(8):
        now += timedelta(seconds=dice.choice([0, 0, 1, 7, 45, 600]))
        for _ in range(dice.choice([0, 1, 20])):
            something_happens(rows, dice, now)
        waiting, on_duty = tuple(rows.waiting.values()), tuple(rows.people.values())
        plain = choose(waiting, on_duty, Look(now, rules, MANY_AT_RISK))
        floor.see(waiting, on_duty)
        floor.forecast = Forecast()
        if floor.is_anybody_free(now):
            floor.forecast = with_spare_prices(MANY_AT_RISK, floor.traffic(), rules)
        seen = floor.decide_all(now)
        assert seen.proposals == plain.proposals
        assert set(seen.outcomes) == set(plain.outcomes)
        assert seen.next_look_at == plain.next_look_at
        for proposal in seen.proposals if dice.random() < 0.7 else ():
            rows.apply(proposal)


# --- federations ----------------------------------------------------------------------------------

HOMES = (("75", "paris"), ("92", "paris"), ("13", "marseille"))


def test_callers_are_split_between_associations_only_where_the_line_says_so() -> None:
    caller = at_home(a_waiting_contact(region="13"), replace(RULES, homes=HOMES))
    assert caller.region == "marseille"
    people = [a_listener("l1", region="paris", ready_since=ago(900))]
    pooled = decide([caller], people, replace(RULES, homes=HOMES))
    assert pairs(pooled) == [("c1", "l1")]
    split = decide([caller], people, replace(RULES, homes=HOMES, split=True))
    assert reasons_of(split, "c1") == (NobodyReason.OTHER_ASSOCIATION,)
    own = [*people, a_listener("l2", region="marseille")]
    assert pairs(decide([caller], own, replace(RULES, homes=HOMES, split=True))) == [("c1", "l2")]


def test_caller_from_nowhere_known_is_heard_by_any_association() -> None:
    rules = replace(RULES, homes=HOMES, split=True)
    for region in ("", "2A"):
        caller = at_home(a_waiting_contact(region=region), rules)
        assert pairs(decide([caller], [a_listener("l1", region="paris")], rules)) == [("c1", "l1")]


def test_own_region_comes_first_where_callers_are_pooled() -> None:
    rules = replace(RULES, homes=HOMES)
    caller = at_home(a_waiting_contact(region="92"), rules)
    people = [
        a_listener("l1", region="marseille", ready_since=ago(900)),
        a_listener("l2", region="paris"),
    ]
    assert pairs(decide([caller], people, rules)) == [("c1", "l2")]
