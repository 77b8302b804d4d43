"""I04, first half: the history of each aggregate is a word of its declared machine.

The machines are tables: (state, what happened) -> next state; what is not there is forbidden. They
are written from DESIGN 2 and 7 and share nothing with the code they judge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from contracts.assignment import (
    LineStaffed,
    LiveStateEntered,
    OfferEvent,
    OfferTaken,
    OfferWithdrawn,
)
from contracts.contact import ContactEnded
from contracts.envelope import Event
from contracts.triage import ContactTriaged
from contracts.vocabulary import LiveState, LiveStateReason
from deploy.verify.history import Fact, History
from deploy.verify.replay import replay_of
from deploy.verify.verdict import Checked, Violation, violation


@dataclass(frozen=True)
class Machine:
    """A declared machine. Every state may be the last one: what must not stay is I01, I14, I15."""

    start: str
    steps: Mapping[tuple[str, str], str]

    def first_stray(self, letters: Sequence[str]) -> int | None:
        """Index of the first letter that is not allowed where it stands; None for a word."""
        state = self.start
        for index, letter in enumerate(letters):
            if (state, letter) not in self.steps:
                return index
            state = self.steps[state, letter]
        return None


#: A contact as intake judges it.
CONTACT = Machine("new", {("new", "opened"): "open", ("open", "ended"): "ended"})

#: What triage decides of a contact: again, up or down, until a decision ends it. A call for rescue
#: ends nothing: the human stays.
_STAYS = ("listener", "rescue")
_ENDS = ("informed", "within_frame", "relay")
TRIAGE = Machine(
    "undecided",
    {
        (state, f"triaged {destination}"): "decided" if destination in _STAYS else "sent away"
        for state in ("undecided", "decided")
        for destination in (*_STAYS, *_ENDS)
    },
)

#: What assignment does with a contact that waits by itself: a step down the ladder, before any
#: human has heard it, and after one has a way out, once.
IN_LINE = Machine(
    "in line",
    {
        ("in line", "sent_untriaged"): "listening line",
        ("in line", "offered"): "way out offered",
        ("listening line", "offered"): "way out offered",
    },
)

#: Said at each change alone.
LINE = Machine(
    "new",
    {
        ("new", "staffed"): "staffed",
        ("new", "left"): "left",
        ("staffed", "left"): "left",
        ("left", "staffed"): "staffed",
    },
)

OFFER = Machine(
    "new",
    {
        ("new", "made"): "open",
        ("open", "taken"): "taken",
        ("open", "declined"): "over",
        ("open", "expired"): "over",
        ("open", "withdrawn"): "over",
        ("taken", "withdrawn, was taken"): "over",
    },
)

_READY, _PAUSED, _RESTING = LiveState.READY, LiveState.PAUSED, LiveState.RESTING
_OFFERED, _TALKING = LiveState.OFFERED, LiveState.TALKING
_WRAPPING_UP, _OFF = LiveState.WRAPPING_UP, LiveState.OFF_DUTY
_R = LiveStateReason

#: What a person on duty may do next, and why (DESIGN 7 and 10).
LIVE_STATES: Mapping[LiveState, Mapping[LiveState, frozenset[LiveStateReason]]] = {
    _OFF: {_READY: frozenset({_R.ASKED}), _RESTING: frozenset({_R.ASKED})},
    _PAUSED: {
        _READY: frozenset({_R.ASKED}),
        _RESTING: frozenset({_R.ASKED}),
        _OFF: frozenset({_R.ASKED}),
    },
    _READY: {
        _OFFERED: frozenset({_R.OFFER_MADE}),
        _PAUSED: frozenset({_R.ASKED, _R.HEARTBEAT_LOST}),
        _OFF: frozenset({_R.ASKED}),
    },
    _RESTING: {
        _READY: frozenset({_R.RESTED}),
        # A look at the floor in the moment a rest ends may come before its deadline is handled.
        _OFFERED: frozenset({_R.OFFER_MADE}),
        _PAUSED: frozenset({_R.ASKED}),
        _OFF: frozenset({_R.ASKED}),
    },
    _OFFERED: {
        _TALKING: frozenset({_R.OFFER_TAKEN}),
        _READY: frozenset(
            {_R.OFFER_DECLINED, _R.OFFER_EXPIRED, _R.OFFER_WITHDRAWN, _R.HANDED_OVER}
        ),
        _PAUSED: frozenset({_R.ASKED, _R.TWO_MISSED_OFFERS, _R.HEARTBEAT_LOST}),
        _OFF: frozenset({_R.ASKED}),
    },
    _TALKING: {
        _WRAPPING_UP: frozenset({_R.CONTACT_ENDED}),
        # Who chats is asked to take another chat, and goes on with one when another ends.
        _TALKING: frozenset(
            {
                _R.OFFER_MADE,
                _R.OFFER_TAKEN,
                _R.OFFER_DECLINED,
                _R.OFFER_EXPIRED,
                _R.OFFER_WITHDRAWN,
                _R.CONTACT_ENDED,
                _R.HANDED_OVER,
                # By telephone they go on while their desk is not heard.
                _R.HEARTBEAT_LOST,
                _R.HEARTBEAT_BACK,
            }
        ),
        _READY: frozenset({_R.HANDED_OVER, _R.CONTACT_ENDED, _R.OFFER_WITHDRAWN}),
        _PAUSED: frozenset({_R.ASKED, _R.HEARTBEAT_LOST}),
        _OFF: frozenset({_R.ASKED}),
    },
    _WRAPPING_UP: {
        _READY: frozenset({_R.ASKED}),
        _RESTING: frozenset({_R.REST_AFTER_HARD, _R.REST_AFTER_SEVERAL}),
        _PAUSED: frozenset({_R.ASKED}),
        _OFF: frozenset({_R.ASKED}),
    },
}

PERSON = Machine(
    _OFF.value,
    {(_WRAPPING_UP.value, "noted"): _WRAPPING_UP.value}  # hard, said while finishing
    | {
        (state.value, f"{after.value}: {reason.value}"): after.value
        for state, afters in LIVE_STATES.items()
        for after, reasons in afters.items()
        for reason in reasons
    },
)

#: An alert goes up by itself, and ends by a human. One that is taken may want somebody more.
ALERT = Machine(
    "new",
    {
        ("new", "raised"): "open",
        **{("open", letter): "open" for letter in ("raised", "escalated", "unreached")},
        ("open", "acknowledged"): "taken",
        ("taken", "raised"): "taken",
        ("taken", "acknowledged"): "taken",
        ("taken", "escalated"): "open",
        **{
            (state, letter): "over"
            for state in ("open", "taken")
            for letter in ("stood_down", "closed")
        },
    },
)

#: A rescue a human has called: somebody has the person, or it failed and the alert comes up again.
RESCUE = Machine(
    "new",
    {
        ("new", "started"): "called",
        ("called", "confirmed"): "over",
        ("called", "failed"): "over",
    },
)

#: Anonymity is lifted by two, or one with a life at stake; it is shown once, and reviewed if alone.
LIFT = Machine(
    "new",
    {
        ("new", "asked"): "asked",
        ("asked", "refused"): "over",
        ("asked", "agreed"): "agreed",
        ("agreed", "shown"): "shown",
        **{
            (state, letter): state
            for state in ("agreed", "shown")
            for letter in ("reviewed", "review_missed")
        },
    },
)

AT_RISK_REPORT = Machine(
    "new",
    {
        ("new", "owed"): "owed",
        ("owed", "missed"): "owed",
        ("owed", "written"): "written",
        ("written", "written"): "written",
        ("written", "read"): "read",
    },
)
LEGAL_REPORT = Machine("new", {("new", "proposed"): "proposed", ("proposed", "decided"): "decided"})

#: A call to the duty professional. Delivered is not taken: that is the alert's.
DUTY_CALL = Machine(
    "new",
    {
        ("new", "called"): "waiting",
        ("waiting", "delivered"): "over",
        ("waiting", "lapsed"): "over",
    },
)

#: Whose every version replaces the one before: any number of them is a word.
_REPLACED = {
    letter: Machine("known", {("known", letter): "known"})
    for letter in ("published", "established", "counted", "sealed", "nature_corrected")
}

#: An hour that lacks somebody may lack others too; filled, it may be left again.
HOLE = Machine(
    "whole",
    {
        ("whole", "foreseen"): "lacking",
        ("lacking", "foreseen"): "lacking",
        ("lacking", "filled"): "whole",
    },
)

#: A yes may be widened or narrowed until something went out; an answer may come late.
REFERRAL = Machine(
    "new",
    {
        ("new", "proposed"): "proposed",
        ("proposed", "consented"): "consented",
        ("consented", "consented"): "consented",
        ("consented", "sent"): "sent",
        ("sent", "answered"): "answered",
        ("sent", "undelivered"): "sent",
        ("sent", "expired"): "expired",
        ("expired", "answered"): "answered",
        **{
            (state, "closed"): "closed"
            for state in ("proposed", "consented", "sent", "answered", "expired")
        },
    },
)
#: As its partner is told; an answer of the partner is told to us alone.
PARTNER_REFERRAL = Machine(
    "new",
    {
        ("new", "sent"): "sent",
        ("sent", "expired"): "expired",
        ("sent", "withdrawn"): "withdrawn",
        ("expired", "withdrawn"): "withdrawn",
    },
)
#: Told to each line; one that did not refer yet when it was given up hears the end alone.
PARTNER_WEBHOOK = Machine(
    "known",
    {
        (state, fact): fact
        for state in ("known", "given_up", "seen_to")
        for fact in ("given_up", "seen_to")
    },
)
RELAY_OUTCOME = Machine("unknown", {("unknown", "given"): "given"})


CONSENT = Machine("unknown", {("unknown", "withdrawn"): "withdrawn"})


#: Of a message: each new one is read, answered, and may ring, in any order with the next one.
WRITTEN = Machine(
    "written",
    {
        ("written", letter): "written"
        for letter in ("first_read", "answered", "clock_rang", "human_wanted")
    },
)

#: Said once by a caller; it stands.
URGENCY = Machine("unsaid", {("unsaid", "declared"): "declared"})

#: Offered once; wanted, overdue, held or turned down.
DEBRIEF = Machine(
    "none",
    {("none", "offered"): "offered"}
    | {
        (state, fact): after
        for state in ("offered", "wanted", "overdue")
        for fact, after in (("wanted", "wanted"), ("overdue", "overdue"), ("closed", "closed"))
    },
)

#: By publisher and noun of the aggregate.
MACHINES: Mapping[tuple[str, str], Machine] = {
    ("intake", "contact"): CONTACT,
    ("intake", "programme"): _REPLACED["published"],
    ("intake", "texts"): _REPLACED["sealed"],
    ("intake", "written"): WRITTEN,
    ("intake", "urgency"): URGENCY,
    ("intake", "nature"): _REPLACED["nature_corrected"],
    ("triage", "contact"): TRIAGE,
    ("assignment", "contact"): IN_LINE,
    ("assignment", "line"): LINE,
    ("assignment", "offer"): OFFER,
    ("assignment", "person"): PERSON,
    ("roster", "eligibility"): _REPLACED["established"],
    ("roster", "hole"): HOLE,
    ("roster", "debrief"): DEBRIEF,
    ("referral", "referral"): REFERRAL,
    ("referral", "partner_referral"): PARTNER_REFERRAL,
    ("intake", "consent"): CONSENT,
    ("referral", "partner_webhook"): PARTNER_WEBHOOK,
    ("referral", "relay_outcome"): RELAY_OUTCOME,
    ("quality", "hour"): _REPLACED["counted"],
    ("risk", "alert"): ALERT,
    ("risk", "duty_call"): DUTY_CALL,
    ("risk", "rescue"): RESCUE,
    ("risk", "lift"): LIFT,
    ("risk", "at_risk_report"): AT_RISK_REPORT,
    ("risk", "legal_report"): LEGAL_REPORT,
}


def letter_of(event: Event) -> str:
    """What happened, in the words of the machines."""
    match event:
        case OfferWithdrawn(was_taken=True):
            return "withdrawn, was taken"
        case ContactTriaged():
            return f"triaged {event.destination.value}"
        case LiveStateEntered():
            return f"{event.state.value}: {event.reason.value}"
        case LineStaffed(staffed=False):
            return "left"
        case _:
            return event.fact


def check_i04(history: History) -> Checked:
    """Each aggregate by its machine, then each contact by the product of all of them."""
    words: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in history.facts:
        words[fact.service, fact.aggregate].append(fact)
    found: list[Violation] = []
    for (service, aggregate), facts in words.items():
        found.extend(_strays(service, aggregate, sorted(facts, key=lambda fact: fact.version)))
    composed = replay_of(history)
    found.extend(composed.strays)
    found.extend(_without_a_human(history))
    return Checked(len(words) + len(composed.contacts), tuple(found))


def _without_a_human(history: History) -> Iterator[Violation]:
    """Nobody decides on a contact before a human took it, and who it ended with had taken it."""
    taken: dict[str, list[OfferTaken]] = defaultdict(list)
    deciders: dict[str, set[str]] = defaultdict(set)
    for _, take in history.told(OfferTaken):
        taken[take.contact_id].append(take)
    for id, decision in history.told(ContactTriaged):
        contact = decision.contact_id
        deciders[contact].add(decision.decided_by)
        if all(take.taken_at > decision.decided_at for take in taken[contact]):
            yield violation("triaged before any human had it", contact=contact, event=id)
    for id, end in history.told(ContactEnded):
        holders = {take.person_id for take in taken[end.contact_id] if take.stage is end.stage}
        if end.person_id is not None and end.person_id not in holders | deciders[end.contact_id]:
            yield violation(
                "ended with somebody who never took it", contact=end.contact_id, event=id
            )


def _strays(service: str, aggregate: str, facts: list[Fact]) -> Iterator[Violation]:
    machine = MACHINES.get((service, aggregate.split(":")[0]))
    if machine is None:
        yield violation("no machine is declared", service=service, aggregate=aggregate)
        return
    events = [fact.event for fact in facts if fact.event is not None]
    if len(events) < len(facts):
        yield violation("its own contract cannot read it", service=service, aggregate=aggregate)
        return
    stray = machine.first_stray([letter_of(event) for event in events])
    if stray is not None:
        yield violation(
            "not allowed where it stands",
            aggregate=aggregate,
            event=facts[stray].id,
            type=facts[stray].type,
        )
        return
    yield from _broken_links(facts, events)


def _broken_links(facts: list[Fact], events: list[Event]) -> Iterator[Violation]:
    """Facts of one aggregate speak of the same thing, and each begins where the last one ended."""
    told = [(f, e) for f, e in zip(facts, events, strict=True) if e.fact != "noted"]
    for (_, before), (fact, event) in pairwise(told):
        match before, event:
            case LiveStateEntered(), LiveStateEntered():
                follows = (event.previous, event.previous_since) == (
                    before.state,
                    before.entered_at,
                )
            case OfferEvent(), OfferEvent():
                follows = _about(before) == _about(event)
            case _:
                follows = True
        if not follows:
            yield violation("does not follow from the one before", event=fact.id, type=fact.type)
    if isinstance(events[0], LiveStateEntered) and events[0].previous is not LiveState.OFF_DUTY:
        yield violation("does not begin off duty", event=facts[0].id, type=facts[0].type)


def _about(event: OfferEvent) -> tuple[str, ...]:
    return (event.offer_id, event.contact_id, event.person_id, event.stage, event.channel)
