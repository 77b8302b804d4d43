"""What is known of one contact, in whatever order it was told.

For counting only. The surprising thing: each event adds what it says and never needs another, so
that learning a history twice, or backwards, ends in the same facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from contracts.assignment import (
    ContactSentUntriaged,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferTaken,
    OfferWithdrawn,
    WayOutOffered,
)
from contracts.contact import ContactEnded, ContactOpened, UrgencyDeclared
from contracts.referral import ReferralClosed
from contracts.risk import AlertAcknowledged, AlertRaised
from contracts.text import TextSealed, WrittenAnswered, WrittenClockRang, WrittenFirstRead
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    AuthorKind,
    Channel,
    Departement,
    Destination,
    Nature,
    Need,
    OfferId,
    Outcome,
    Priority,
    ProgrammeId,
    Stage,
    TallyKind,
    TextKind,
    WayOut,
    WithdrawalReason,
)

ContactFact = (
    ContactOpened
    | ContactTriaged
    | ContactSentUntriaged
    | ContactEnded
    | OfferMade
    | OfferTaken
    | OfferDeclined
    | OfferExpired
    | OfferWithdrawn
    | WayOutOffered
    | UrgencyDeclared
    | AlertRaised
    | AlertAcknowledged
    | WrittenFirstRead
    | WrittenAnswered
    | WrittenClockRang
    | TextSealed
    | ReferralClosed
)

#: Under which waits are counted of contacts whose priority nobody set.
UNTRIAGED = "untriaged"


@dataclass(frozen=True)
class Take:
    """One human took the contact; who, is not kept."""

    offer_id: OfferId
    stage: Stage | None = None
    taken_at: datetime | None = None  #: empty while only the withdrawal has been told
    waiting_since: datetime | None = None  #: in the line of this stage
    withdrawn: WithdrawalReason | None = None

    @property
    def counts(self) -> bool:
        """Whether a human heard the person.

        Not when the contact had already ended as intake judged it: assignment takes that back.
        """
        return self.taken_at is not None and self.withdrawn is not WithdrawalReason.CONTACT_ENDED


@dataclass(frozen=True)
class Decision:
    """What a regulator decided."""

    decided_at: datetime
    priority: Priority
    destination: Destination
    departement: Departement | None = None  #: of the person in danger, as said
    need: Need | None = None  #: the main one; of decisions taken before it was kept there is none

    @property
    def rank(self) -> tuple[datetime, int, str, str, str]:
        """The newest decision counts; of two at one moment the more urgent."""
        return (
            self.decided_at,
            -int(self.priority.value[1]),
            self.destination.value,
            self.departement or "",
            self.need or "",
        )


@dataclass(frozen=True, order=True)
class Mark:
    """Something that happened to the contact once, whatever the number of times it is told."""

    kind: TallyKind
    word: str
    of: str  #: what it happened to: an offer, an alert, a message by its moment
    at: datetime


@dataclass(frozen=True)
class ContactFacts:
    """All that is kept of a contact. Learning is commutative and idempotent."""

    programme: ProgrammeId
    programme_version: int | None = None
    opened_at: datetime | None = None
    decision: Decision | None = None
    untriaged_priority: Priority | None = None
    takes: tuple[Take, ...] = ()  #: in the order of their ids
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    nature: Nature | None = None
    marks: tuple[Mark, ...] = ()  #: in order, each once
    last_sign_at: datetime | None = None  #: last thing that anybody did for it
    channel: Channel | None = None
    asked_at: datetime | None = None  #: when its newest message came; it restarts its clocks


def learn(facts: ContactFacts, event: ContactFact) -> ContactFacts:
    """Return what is known once `event` is known too, whatever was told before."""
    known = _sign(facts, sign_of(event))
    match event:
        case ContactOpened():
            version, opened_at = event.programme_version, event.opened_at
            known = replace(known, programme_version=version, opened_at=opened_at)
            return _asked(replace(known, channel=event.channel), event.opened_at)
        case ContactTriaged():
            version, opened_at = event.programme_version, event.opened_at
            known = replace(known, programme_version=version, opened_at=opened_at)
            return _decided(known, event)
        case ContactSentUntriaged():
            return replace(known, untriaged_priority=event.priority)
        case WayOutOffered():
            word = f"{event.way_out.value}_offered"
            return _with_mark(
                known, Mark(TallyKind.WAY_OUT, word, event.contact_id, event.offered_at)
            )
        case UrgencyDeclared():
            said = Mark(TallyKind.URGENCY, "declared", event.contact_id, event.declared_at)
            return _with_mark(known, said)
        case ContactEnded():
            known = _gone(known, event)
            return replace(
                known,
                opened_at=event.opened_at,
                ended_at=event.ended_at,
                outcome=event.outcome,
                nature=event.nature,
            )
        case OfferMade():
            again = Mark(TallyKind.RE_OFFER, event.stage.value, event.offer_id, event.made_at)
            return known if event.attempt == 1 else _with_mark(known, again)
        case OfferDeclined() | OfferExpired():
            return known
        case AlertRaised():
            mark = Mark(TallyKind.ALERT, "raised", event.alert_id, event.raised_at)
            return _with_mark(known, mark)
        case AlertAcknowledged():
            raised = Mark(TallyKind.ALERT, "raised", event.alert_id, event.raised_at)
            taken = Mark(TallyKind.ALERT, "taken", event.alert_id, event.acknowledged_at)
            return _with_mark(_with_mark(known, raised), taken)
        case WrittenFirstRead():
            known = _asked(known, event.asked_at)
            return _with_mark(known, _clock_mark(TallyKind.FIRST_READING, event))
        case WrittenAnswered():
            known = _asked(known, event.asked_at)
            return _with_mark(known, _clock_mark(TallyKind.ANSWER, event))
        case WrittenClockRang():
            return known
        case ReferralClosed():
            why = event.why.value
            mark = Mark(TallyKind.REFERRAL, why, event.referral_id, event.closed_at)
            return _with_mark(known, mark)
        case TextSealed():
            return _asked(known, event.sealed_at) if asks(event) else known
        case OfferTaken():
            take = replace(
                _take(known, event.offer_id),
                stage=event.stage,
                taken_at=event.taken_at,
                waiting_since=event.waiting_since,
            )
            return _with_take(known, take)
        case OfferWithdrawn():
            if not event.was_taken:
                return known
            taken_back = replace(_take(known, event.offer_id), withdrawn=event.reason)
            return _with_take(known, taken_back)
        case _:
            assert_never(event)


def is_mere_sign(event: ContactFact) -> bool:
    """Whether an event says only that somebody did something for the contact, and when."""
    if isinstance(event, OfferWithdrawn):
        return not event.was_taken
    if isinstance(event, OfferMade):
        return event.attempt == 1
    return isinstance(event, OfferDeclined | OfferExpired | WrittenClockRang)


def asks(event: TextSealed) -> bool:
    """Whether a text is a caller's message, which restarts the clocks of its contact."""
    return event.kind is TextKind.MESSAGE and event.author is AuthorKind.CALLER


def sign_of(event: ContactFact) -> datetime | None:
    """When somebody did something for the contact; None when it was its end."""
    match event:
        case ContactOpened():
            return event.opened_at
        case ContactTriaged():
            return event.decided_at
        case ContactSentUntriaged():
            return event.sent_at
        case ContactEnded():
            return None
        case OfferMade():
            return event.made_at
        case OfferDeclined():
            return event.declined_at
        case OfferExpired():
            return event.expired_at
        case OfferTaken():
            return event.taken_at
        case OfferWithdrawn():
            return event.withdrawn_at
        case WrittenFirstRead():
            return event.read_at
        case WrittenAnswered():
            return event.answered_at
        case WrittenClockRang():
            return event.rang_at
        case (
            AlertRaised()
            | AlertAcknowledged()
            | TextSealed()
            | ReferralClosed()
            | WayOutOffered()
            | UrgencyDeclared()
        ):
            return None  # said of a contact, not done for who waits
        case _:
            assert_never(event)


def _sign(facts: ContactFacts, at: datetime | None) -> ContactFacts:
    signs = [sign for sign in (at, facts.last_sign_at) if sign is not None]
    return replace(facts, last_sign_at=max(signs, default=None))


def _asked(facts: ContactFacts, at: datetime) -> ContactFacts:
    newest = at if facts.asked_at is None else max(at, facts.asked_at)
    return replace(facts, asked_at=newest)


def _decided(facts: ContactFacts, event: ContactTriaged) -> ContactFacts:
    told = Decision(
        event.decided_at, event.priority, event.destination, event.departement, event.need
    )
    if facts.decision is not None and facts.decision.rank > told.rank:
        return facts
    return replace(facts, decision=told)


#: How a contact ends whose caller has said yes to a way out: nobody was with them then.
_LEFT_BY = {
    Outcome.RETURN_PASS_GIVEN: WayOut.RETURN_PASS,
    Outcome.OVERFLOWED: WayOut.ANOTHER_LINE,
}


def _gone(facts: ContactFacts, event: ContactEnded) -> ContactFacts:
    """Who left by a way out; a pass that a human gave is none."""
    way_out = _LEFT_BY.get(event.outcome)
    if way_out is None or event.stage is not None:
        return facts
    word = f"{way_out.value}_taken"
    return _with_mark(facts, Mark(TallyKind.WAY_OUT, word, event.contact_id, event.ended_at))


def _clock_mark(kind: TallyKind, event: WrittenFirstRead | WrittenAnswered) -> Mark:
    """How a clock of the newest message ended; a message restarts both."""
    word = "late" if event.late else "on_time"
    return Mark(kind, word, event.asked_at.isoformat(), event.asked_at)


def _with_mark(facts: ContactFacts, mark: Mark) -> ContactFacts:
    return replace(facts, marks=tuple(sorted({*facts.marks, mark})))


def _take(facts: ContactFacts, offer_id: OfferId) -> Take:
    return next((take for take in facts.takes if take.offer_id == offer_id), Take(offer_id))


def _with_take(facts: ContactFacts, take: Take) -> ContactFacts:
    others = (other for other in facts.takes if other.offer_id != take.offer_id)
    return replace(facts, takes=tuple(sorted((*others, take), key=lambda each: each.offer_id)))


# --- what it says ---------------------------------------------------------------------------------


def taken_at(facts: ContactFacts, stage: Stage | None = None) -> datetime | None:
    """When the first human, or the first of a stage, took the contact."""
    moments = (
        take.taken_at
        for take in facts.takes
        if take.counts and take.taken_at and stage in (None, take.stage)
    )
    return min(moments, default=None)


def is_with_human(facts: ContactFacts) -> bool:
    """Whether somebody is in the contact: taken, not given back and not sent on."""
    return any(_holds(facts, take) for take in facts.takes)


def _holds(facts: ContactFacts, take: Take) -> bool:
    if take.taken_at is None or take.withdrawn is not None:
        return False
    decision = facts.decision
    if take.stage is Stage.LISTENER or decision is None:
        return True
    sent_on = decision.destination is Destination.LISTENER
    return not (sent_on and decision.decided_at >= take.taken_at)


@dataclass(frozen=True)
class Clocks:
    """How long a line lets a message wait: to be read by a human, and to be answered."""

    first_reading: timedelta
    answer: timedelta


def in_limbo(
    facts: ContactFacts,
    now: datetime,
    bound: timedelta,
    clocks: Mapping[int, Clocks] | None = None,
) -> bool:
    """Whether a contact waits and nobody has done anything for it for longer than `bound`.

    Who waits is offered to somebody again and again; silence that long means that it has fallen
    between two services, or that nobody is there. Both are for a human to look at (I15). A message
    waits by the clocks of its line (by version), of which each ring is a thing done for it: it is
    in limbo when one that should have rung has not, or when the last has and nobody came.
    """
    if facts.ended_at is not None or is_with_human(facts):
        return False
    cared_until = _cared_until(facts, clocks or {})
    return cared_until is None or now - cared_until > bound


def _cared_until(facts: ContactFacts, clocks: Mapping[int, Clocks]) -> datetime | None:
    last, asked_at = facts.last_sign_at, facts.asked_at
    running = clocks.get(facts.programme_version or 0)
    if last is None or asked_at is None or running is None:
        return last
    if facts.channel is not Channel.MESSAGE or _is_over(facts, TallyKind.ANSWER):
        return last
    rings = [asked_at + running.answer]
    if not _is_over(facts, TallyKind.FIRST_READING):
        rings.append(asked_at + running.first_reading)
    return min((ring for ring in rings if ring > last), default=last)


def _is_over(facts: ContactFacts, clock: TallyKind) -> bool:
    """Whether this clock of the newest message stands still."""
    return any(mark.kind is clock and mark.at == facts.asked_at for mark in facts.marks)


def priority_of(facts: ContactFacts) -> str:
    """The priority under which its waits are counted; `untriaged` when nobody set any."""
    if facts.decision is not None:
        return facts.decision.priority.value
    return facts.untriaged_priority.value if facts.untriaged_priority else UNTRIAGED


def wait_of(facts: ContactFacts, stage: Stage) -> timedelta | None:
    """How long it waited in the line of `stage` for the first human who took it there."""
    takes = [take for take in facts.takes if take.counts and take.stage is stage]
    waits = [(t.taken_at, t.waiting_since) for t in takes if t.taken_at and t.waiting_since]
    if not waits:
        return None
    taken, since = min(waits)
    return max(taken - since, timedelta())


def talk_of(facts: ContactFacts) -> timedelta | None:
    """How long the last listener who took it was with the person, once it is over."""
    takes = [t.taken_at for t in facts.takes if t.counts and t.stage is Stage.LISTENER]
    last = max((at for at in takes if at is not None), default=None)
    if last is None or facts.ended_at is None or facts.ended_at < last:
        return None
    return facts.ended_at - last
