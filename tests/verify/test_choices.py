"""I13 catches an offer against each hard rule, and each soft one without time or reason."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.assignment import LineStaffed, OfferMade
from contracts.contact import ContactEnded
from contracts.frame import Federation, Member
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    Channel,
    Departement,
    EndedBy,
    LanguageCode,
    LiveState,
    Need,
    OfferReason,
    OrganisationId,
    Outcome,
    Pool,
    Priority,
    Role,
    SkillCode,
    WayOut,
)
from deploy.verify.choices import check_i13
from deploy.verify.history import History
from deploy.verify.machines import check_i04
from tests.assignment.builders import SOS, an_eligibility
from tests.verify.a_run import ARun, a_day
from tests.verify.plants import fact_of, said_otherwise
from tests.verify.recorder import TEN_O_CLOCK

MARSEILLE, PARIS = OrganisationId("asso-marseille"), OrganisationId("asso-paris")


def said(history: History) -> list[str]:
    return [each.what for each in check_i13(history).violations]


def a_run(**brings: Any) -> ARun:
    """A line with a regulator and a listener who brings this."""
    run = ARun()
    run.line()
    run.person("reg-1", Role.REGULATOR)
    run.person("lis-1", **brings)
    return run


def sent_on(run: ARun, name: str = "ana", **triage: Any) -> ARun:
    """A contact a regulator has just sent to the listeners."""
    run.opens(name)
    run.offers(name, "reg-1")
    run.takes(name)
    run.triages(name, **triage)
    return run


# --- what the offer rests on ----------------------------------------------------------------------

CLAIMS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "an eligibility nobody established": (
        {"eligibility_version": 9},
        {
            "names an eligibility the roster never established",
            "rests on another version of the eligibility than was known",
        },
    ),
    "other rules": ({"rules_version": "triage-2020.9"}, {"names other rules than those in force"}),
    "another language than was said": (
        {"languages": (LanguageCode.DE,)},
        {
            "says other than what was known of the contact",
            "made in another language before the programme allows it",
        },
    ),
    "another priority than was set": (
        {"priority": Priority.P4},
        {"says other than what was known of the contact"},
    ),
    "a contact that nobody had triaged": (
        {"untriaged": True},
        {"says other than what was known of the contact"},
    ),
}


@pytest.mark.parametrize(("changes", "expected"), CLAIMS.values(), ids=CLAIMS.keys())
def test_offer_that_claims(changes: dict[str, Any], expected: set[str]) -> None:
    run = sent_on(a_run())
    run.wait(60)
    run.offers("ana", "lis-1", **changes)
    assert set(said(run.history(still_open=True))) == expected


def test_eligibility_that_is_newer_than_the_one_named_is_found() -> None:
    run = sent_on(a_run())
    (newer,) = run.work("roster", an_eligibility("lis-1", Role.LISTENER))
    run.work("assignment", heard=newer)
    run.offers("ana", "lis-1")
    assert said(run.history(still_open=True)) == [
        "rests on another version of the eligibility than was known"
    ]


# --- hard rules -----------------------------------------------------------------------------------


def lapsed() -> ARun:
    """The listener's accreditation ends before the first call."""
    run = a_run()
    (fact,) = run.work("roster", an_eligibility("lis-1", Role.LISTENER, valid_until=TEN_O_CLOCK))
    run.work("assignment", heard=fact)
    return run


def busy() -> ARun:
    run = sent_on(a_run(), "zoe")
    run.offers("zoe", "lis-1")
    run.takes("zoe")
    return run


def resting(seconds_since: float) -> ARun:
    run = sent_on(a_run(), "zoe")
    run.offers("zoe", "lis-1")
    run.takes("zoe")
    run.ends("zoe")
    run.wraps_up("lis-1", LiveState.RESTING, "rest_after_hard")
    run.wait(seconds_since)
    return run


def tired() -> ARun:
    """Four contacts in a row, and ready again at once."""
    run = a_run()
    for name in ("a", "b", "c", "d"):
        sent_on(run, name)
        run.offers(name, "lis-1")
        run.takes(name)
        run.ends(name)
        run.wraps_up("lis-1")
    return run


def on_another_channel() -> ARun:
    held = an_eligibility("lis-1", Role.LISTENER).qualification.accreditations
    return a_run(
        accreditations=tuple(each.model_copy(update={"channel": Channel.CHAT}) for each in held)
    )


HARD: dict[str, tuple[Callable[[], ARun], str]] = {
    "in a contact": (busy, "made to a person who is talking"),
    "owed rest after a hard contact": (lambda: resting(60), "made to a person who was owed rest"),
    "owed a break after several": (tired, "made to a person who was owed rest"),
    "not accredited for the channel": (
        on_another_channel,
        "made to a person not accredited for the channel",
    ),
    "without the language": (
        lambda: a_run(languages=(LanguageCode.PT,)),
        "made to a person who shares no language",
    ),
    "with a declared limit": (
        lambda: a_run(declines=(Need.SOLITUDE,)),
        "made against a limit the person has declared",
    ),
}


@pytest.mark.parametrize(("begin", "what"), HARD.values(), ids=HARD.keys())
def test_offer_to_a_person(begin: Callable[[], ARun], what: str) -> None:
    run = sent_on(begin())
    run.offers("ana", "lis-1")
    assert said(run.history(still_open=True)) == [what]


def test_offer_to_a_person_whose_accreditation_has_lapsed() -> None:
    run = sent_on(lapsed())
    run.offers("ana", "lis-1", eligibility_version=2)
    assert set(said(run.history(still_open=True))) == {
        "made to a person whose accreditation had lapsed",
        "made to a person not accredited for the channel",
    }


def test_rest_that_is_over_forbids_nothing() -> None:
    run = sent_on(resting(601))
    run.offers("ana", "lis-1")
    assert said(run.history(still_open=True)) == []


def test_unknown_language_is_tried_in_the_language_of_the_line_and_said() -> None:
    run = a_run()
    run.opens("ana", LanguageCode.UNKNOWN)
    run.offers("ana", "reg-1")
    assert said(run.history(still_open=True)) == []
    silent = said_otherwise(
        run.history(still_open=True), OfferMade, reasons=(OfferReason.WAITED_LONGEST,)
    )
    assert said(silent) == ["made without saying that the language is unknown"]


# --- roles ----------------------------------------------------------------------------------------

ROLES: dict[str, tuple[Role, tuple[SkillCode, ...], float, bool]] = {
    "a regulator at once": (Role.REGULATOR, (), 0, True),
    "a trained listener too early": (Role.LISTENER, (SkillCode("SK-REGUL"),), 10, False),
    "a trained listener in time": (Role.LISTENER, (SkillCode("SK-REGUL"),), 20, True),
    "a listener without the skill": (Role.LISTENER, (), 60, False),
    "a supervisor in time": (Role.SUPERVISOR, (), 20, True),
}


@pytest.mark.parametrize(("role", "skills", "waited", "allowed"), ROLES.values(), ids=ROLES.keys())
def test_who_may_regulate(
    role: Role, skills: tuple[SkillCode, ...], waited: float, allowed: bool
) -> None:
    run = ARun()
    run.line()
    run.person("one", role, skills=skills)
    run.opens("ana")
    run.wait(waited)
    run.offers("ana", "one")
    found = [] if allowed else ["made to a person whose role does not allow it"]
    assert said(run.history(still_open=True)) == found


@pytest.mark.parametrize(("waited", "allowed"), [(59, False), (60, True)])
def test_untriaged_only_once_the_ladder_allows_it(waited: float, allowed: bool) -> None:
    run = ARun()
    run.line()
    run.person("lis-1")
    run.opens("ana")
    run.wait(waited)
    run.sends_untriaged("ana", "lis-1")
    found = [] if allowed else ["made to a person whose role does not allow it"]
    assert said(run.history(still_open=True)) == found


def test_role_on_duty_is_one_the_roster_gives() -> None:
    run = a_run()
    run.works_as("lis-1", Role.REGULATOR)
    run.opens("ana")
    run.offers("ana", "lis-1")
    assert said(run.history(still_open=True)) == ["made to a person whose role does not allow it"]


def test_accreditation_ends_at_its_moment() -> None:
    run = sent_on(a_run())
    until = run.now
    (fact,) = run.work("roster", an_eligibility("lis-1", Role.LISTENER, valid_until=until))
    run.work("assignment", heard=fact)
    run.offers("ana", "lis-1", eligibility_version=2, made_at=until)
    assert "made to a person whose accreditation had lapsed" in said(run.history(still_open=True))


def test_listener_line_is_for_listeners() -> None:
    run = sent_on(a_run())
    run.offers("ana", "reg-1")
    assert said(run.history(still_open=True)) == ["made to a person whose role does not allow it"]


# --- soft rules -----------------------------------------------------------------------------------

_TOPIC, _LEVEL = OfferReason.FALLBACK_TOPIC, OfferReason.FALLBACK_LEVEL
_LANGUAGE = OfferReason.FALLBACK_LANGUAGE
_LB: dict[str, Any] = {"languages": (LanguageCode.LB,)}
_EARLY = "before the programme allows it"
_UNSAID = "without saying so"

SOFT: dict[str, tuple[dict[str, Any], float, tuple[OfferReason, ...], set[str]]] = {
    "off topic, in time and said": ({"need": Need.DEUIL}, 30, (_TOPIC,), set()),
    "off topic, too early": ({"need": Need.DEUIL}, 29, (_TOPIC,), {_EARLY}),
    "off topic, unsaid": ({"need": Need.DEUIL}, 30, (), {_UNSAID}),
    "below the level, in time and said": ({"priority": Priority.P2}, 45, (_LEVEL,), set()),
    "below the level, too early": ({"priority": Priority.P2}, 44, (_LEVEL,), {_EARLY}),
    "below the level, unsaid": ({"priority": Priority.P1}, 45, (), {_UNSAID}),
    "another language, in time and said": (_LB, 120, (_LANGUAGE,), set()),
    "another language, too early": (_LB, 119, (_LANGUAGE,), {_EARLY}),
    "another language, unsaid": (_LB, 120, (), {_UNSAID}),
    "a need nobody could name": ({"need": Need.UNKNOWN}, 0, (), set()),
}


@pytest.mark.parametrize(
    ("triage", "waited", "reasons", "expected"), SOFT.values(), ids=SOFT.keys()
)
def test_soft_rule_gives_way_in_time_and_with_its_reason(
    triage: dict[str, Any],
    waited: float,
    reasons: tuple[OfferReason, ...],
    expected: set[str],
) -> None:
    run = sent_on(a_run(), **triage)
    run.wait(waited)
    shared = (OfferReason.WAITED_LONGEST, OfferReason.LANGUAGE_SHARED)
    run.offers("ana", "lis-1", reasons=(*shared, *reasons))
    found = said(run.history(still_open=True))
    assert len(found) == len(expected)
    assert all(any(each in what for each in expected) for what in found)


def test_line_that_never_gives_way_in_language_is_held_to_it() -> None:
    run = ARun()
    run.line(assignment={"language_fallback_seconds": 0})
    run.person("reg-1", Role.REGULATOR)
    run.person("lis-1")
    sent_on(run, **_LB).wait(900)
    run.offers("ana", "lis-1", reasons=(OfferReason.WAITED_LONGEST, _LANGUAGE))
    assert said(run.history(still_open=True)) == ["made to a person who shares no language"]


SPLIT = Federation(
    pool=Pool.SPLIT,
    associations=2,
    members=(Member(organisation=MARSEILLE, departements=(Departement("13"),)),),
)


@pytest.mark.parametrize(
    ("departement", "expected"),
    [("13", ["made to a person of another association than the caller's own"]), ("75", [])],
)
def test_split_caller_is_offered_to_nobody_of_another_association(
    departement: str, expected: list[str]
) -> None:
    run = ARun()
    run.line(federation=SPLIT)
    run.person("reg-1", Role.REGULATOR)
    run.person("lis-1", organisation=PARIS)
    sent_on(run, departement=Departement(departement)).wait(60)
    run.offers("ana", "lis-1")
    assert said(run.history(still_open=True)) == expected


SHIFTS: dict[str, tuple[float, bool, list[str]]] = {
    "before the last minutes": (1201, False, []),
    "agreed": (30, True, []),
    "not agreed": (
        1200,
        False,
        ["made in the last minutes of a shift to a person who had not agreed"],
    ),
}


@pytest.mark.parametrize(("left", "agrees", "expected"), SHIFTS.values(), ids=SHIFTS.keys())
def test_offer_in_the_last_minutes_of_a_shift(
    left: float, agrees: bool, expected: list[str]
) -> None:
    run = ARun()
    run.line()
    run.person("reg-1", Role.REGULATOR)
    ends = run.now + timedelta(seconds=left)
    run.person("lis-1", shift={"shift_ends_at": ends, "accepts_last_minutes": agrees})
    sent_on(run)
    run.offers("ana", "lis-1")
    assert said(run.history(still_open=True)) == expected


def who_chats(at_once: int, has: Channel = Channel.CHAT, in_a_row: int = 4) -> ARun:
    """A listener in a contact, on a line that lets them hold so many chats, and begin so many."""
    (held,) = an_eligibility("lis-1", Role.LISTENER).qualification.accreditations
    accredited = tuple(held.model_copy(update={"channel": each}) for each in Channel)
    run = ARun()
    run.chats_at_once, run.in_a_row, run.channel = at_once, in_a_row, has
    run.line()
    run.person("reg-1", Role.REGULATOR, accreditations=accredited)
    run.person("lis-1", accreditations=accredited)
    sent_on(run, "zoe", channel=has)
    run.offers("zoe", "lis-1")
    run.takes("zoe")
    return run


CHATTING: dict[str, tuple[Callable[[], ARun], Channel, list[str]]] = {
    "a second of two chats": (lambda: who_chats(2), Channel.CHAT, []),
    "a message beside a chat": (lambda: who_chats(2), Channel.MESSAGE, []),
    "a second of one chat": (lambda: who_chats(1), Channel.CHAT, ["talking"]),
    "a call beside a chat": (lambda: who_chats(2), Channel.PHONE, ["talking"]),
    "a chat beside a call": (lambda: who_chats(2, Channel.PHONE), Channel.CHAT, ["talking"]),
    "one more than before a break": (
        lambda: who_chats(2, in_a_row=1),
        Channel.CHAT,
        ["talking"],
    ),
}


@pytest.mark.parametrize(("begin", "channel", "expected"), CHATTING.values(), ids=CHATTING.keys())
def test_offer_to_who_is_in_a_contact(
    begin: Callable[[], ARun], channel: Channel, expected: list[str]
) -> None:
    run = begin()
    run.channel = channel
    sent_on(run, channel=channel)
    run.offers("ana", "lis-1")
    found = [what for what in said(run.history(still_open=True)) if "who is" in what]
    assert found == [f"made to a person who is {state}" for state in expected]


def test_who_chats_is_asked_to_take_one_more_at_a_time() -> None:
    run = who_chats(4)
    for name in ("ana", "bea"):
        sent_on(run, name, channel=Channel.CHAT)
    run.offers("ana", "lis-1")
    run.people_again("lis-1", LiveState.TALKING)
    run.offers("bea", "lis-1")
    assert said(run.history(still_open=True)) == ["made to a person who is talking"]


def test_level_that_reaches_the_risk_needs_no_wait() -> None:
    (phone,) = an_eligibility("lis-1", Role.LISTENER).qualification.accreditations
    run = a_run(accreditations=(phone.model_copy(update={"level": 2}),))
    sent_on(run, priority=Priority.P2)
    run.offers("ana", "lis-1")
    assert said(run.history(still_open=True)) == []


def test_level_on_another_channel_does_not_reach() -> None:
    (phone,) = an_eligibility("lis-1", Role.LISTENER).qualification.accreditations
    chat = phone.model_copy(update={"channel": Channel.CHAT, "level": 3})
    run = sent_on(a_run(accreditations=(phone, chat)), priority=Priority.P2)
    run.wait(45)
    run.offers("ana", "lis-1")
    assert said(run.history(still_open=True)) == [
        "made below the level of the risk without saying so"
    ]


def test_corrected_triage_is_what_is_known_from_then_on() -> None:
    run = sent_on(a_run())
    event = run.facts[-2].event
    assert isinstance(event, ContactTriaged)
    raised = event.model_copy(update={"priority": Priority.P2, "decided_at": run.now})
    (fact,) = run.work("triage", raised)
    run.work("assignment", heard=fact)
    run.wait(60)
    reasons = (OfferReason.WAITED_LONGEST, OfferReason.LANGUAGE_SHARED, _LEVEL)
    run.offers("ana", "lis-1", priority=Priority.P2, reasons=reasons)
    assert said(run.history(still_open=True)) == []


# --- sent away ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("priority", "by", "sent_away"),
    {
        "at risk, by software": (Priority.P2, EndedBy.PLATFORM, True),
        "at risk, by a return pass the caller took": (Priority.P1, EndedBy.CALLER, True),
        "at risk, by a human": (Priority.P2, EndedBy.SUPERVISOR, False),
        "not at risk": (Priority.P4, EndedBy.PLATFORM, False),
    }.values(),
)
def test_nobody_at_risk_is_sent_away_by_software(
    priority: Priority, by: EndedBy, sent_away: bool
) -> None:
    run = sent_on(a_run(), priority=priority)
    run.leaves("ana")
    changes = {"outcome": Outcome.OVERFLOWED, "ended_by": by}
    history = said_otherwise(run.history(), ContactEnded, **changes)
    known = heard_by_intake(history, before_the_end=True)
    assert ("at risk, and sent away by software" in said(known)) is sent_away


def heard_by_intake(history: History, *, before_the_end: bool) -> History:
    """Intake has heard how urgent the contact is before it ended, or afterwards."""
    end = fact_of(history, lambda event: isinstance(event, ContactEnded))
    txid = end.txid - 1 if before_the_end else end.txid + 1
    rows = tuple(
        row._replace(txid=txid) if (row.service, row.type) == _HEARS_URGENCY else row
        for row in history.handled
    )
    return replace(history, handled=rows)


_HEARS_URGENCY = ("intake", ContactTriaged.type_name())


def test_a_risk_intake_had_not_heard_of_sends_nobody_away() -> None:
    run = sent_on(a_run(), priority=Priority.P2)
    run.leaves("ana")
    history = said_otherwise(run.history(), ContactEnded, outcome=Outcome.OVERFLOWED)
    unheard = heard_by_intake(history, before_the_end=False)
    assert "at risk, and sent away by software" not in said(unheard)


def test_every_offer_of_a_day_is_looked_at() -> None:
    history = a_day().history()
    made = [each for each in history.facts if isinstance(each.event, OfferMade)]
    assert check_i13(history).count == len(made) == 7


# --- ways out -------------------------------------------------------------------------------------


def one_who_waits(priority: Priority = Priority.P4, **line: Any) -> ARun:
    run = ARun()
    run.line(**line)
    run.person("reg-1", Role.REGULATOR)
    return sent_on(run, priority=priority)


def test_who_says_yes_to_a_way_out_goes() -> None:
    run = one_who_waits()
    run.offers_way_out("ana")
    run.wait(30)
    run.goes("ana")
    assert said(run.history()) == []


OFFERED_AMISS: dict[str, tuple[Callable[[], ARun], dict[str, Any], str]] = {
    "somebody at risk": (
        lambda: one_who_waits(Priority.P2),
        {},
        "offered a way out, and a human had found them at risk",
    ),
    "somebody once at risk": (
        lambda: corrected(one_who_waits(Priority.P1)),
        {},
        "offered a way out, and a human had found them at risk",
    ),
    "somebody nobody had heard": (
        lambda: unheard(),
        {},
        "offered a way out before a human had heard them",
    ),
    "callers of a line without ways out": (
        lambda: one_who_waits(assignment={"way_out": False}),
        {},
        "offered a way out where the programme has none",
    ),
    "a message box": (one_who_waits, {"way_out": WayOut.MESSAGE_BOX}, "offered what no way out is"),
}


def corrected(run: ARun) -> ARun:
    run.triages("ana", Priority.P4)
    return run


def unheard() -> ARun:
    run = a_run()
    run.opens("ana")
    return run


@pytest.mark.parametrize(
    ("run", "changes", "expected"), OFFERED_AMISS.values(), ids=OFFERED_AMISS.keys()
)
def test_way_out_offered_to(
    run: Callable[[], ARun], changes: dict[str, Any], expected: str
) -> None:
    begun = run()
    begun.offers_way_out("ana", **changes)
    assert expected in said(begun.history(still_open=True))


def test_way_out_offered_to_who_has_been_taken_is_found() -> None:
    run = sent_on(a_run())
    run.offers("ana", "lis-1")
    run.takes("ana")
    run.offers_way_out("ana")
    strays = [each.what for each in check_i04(run.history(still_open=True)).violations]
    assert strays == ["not allowed while the contact is taken"]


def test_second_way_out_offered_to_one_caller_is_found() -> None:
    run = one_who_waits()
    run.offers_way_out("ana")
    run.offers_way_out("ana")
    strays = [each.what for each in check_i04(run.history(still_open=True)).violations]
    assert strays == ["not allowed where it stands"]


GONE_AMISS: dict[str, tuple[Outcome, float]] = {
    "what was never offered": (Outcome.OVERFLOWED, 30),
    "an offer that had run out": (Outcome.RETURN_PASS_GIVEN, 601),
}


@pytest.mark.parametrize(("outcome", "seconds"), GONE_AMISS.values(), ids=GONE_AMISS.keys())
def test_caller_gone_by(outcome: Outcome, seconds: float) -> None:
    run = one_who_waits()
    run.offers_way_out("ana")
    run.wait(seconds)
    run.goes("ana", outcome)
    assert said(run.history()) == ["gone by a way out nobody offered"]


@pytest.mark.parametrize(("staffed", "found"), [(False, 0), (True, 1)])
def test_unheard_caller_is_led_to_another_line_only_where_nobody_is_on_duty(
    staffed: bool, found: int
) -> None:
    run = ARun()
    run.line()
    run.work("assignment", LineStaffed(programme=SOS, staffed=staffed, since=run.now))
    run.opens("ana")
    run.wait(60)
    run.goes("ana", Outcome.OVERFLOWED)
    assert said(run.history()) == ["gone by a way out nobody offered"] * found


@pytest.mark.parametrize(("heard_in_time", "found"), [(False, 0), (True, 1)])
def test_who_is_led_elsewhere_as_intake_had_heard_is_no_fault(
    heard_in_time: bool, found: int
) -> None:
    run = a_run()
    (nobody,) = run.work("assignment", LineStaffed(programme=SOS, staffed=False, since=run.now))
    run.work("intake", heard=nobody)
    run.wait(1)
    (came,) = run.work("assignment", LineStaffed(programme=SOS, staffed=True, since=run.now))
    if heard_in_time:
        run.work("intake", heard=came)
    run.opens("ana")
    run.wait(60)
    run.goes("ana", Outcome.OVERFLOWED)
    assert said(run.history()).count("gone by a way out nobody offered") == found
