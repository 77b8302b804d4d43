"""What is known of one contact, in whatever order it was told.

For counting only. The surprising thing: each event adds what it says and never needs another, so
that learning a history twice, or backwards, ends in the same facts.
"""

from __future__ import annotations

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
)
from contracts.contact import ContactEnded, ContactOpened
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    Destination,
    OfferId,
    Outcome,
    Priority,
    ProgrammeId,
    Stage,
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

    @property
    def rank(self) -> tuple[datetime, int, str]:
        """The newest decision counts; of two at one moment the more urgent."""
        return self.decided_at, -int(self.priority.value[1]), self.destination.value


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
    last_sign_at: datetime | None = None  #: last thing that anybody did for it


def learn(facts: ContactFacts, event: ContactFact) -> ContactFacts:
    """Return what is known once `event` is known too, whatever was told before."""
    known = _sign(facts, sign_of(event))
    match event:
        case ContactOpened():
            version, opened_at = event.programme_version, event.opened_at
            return replace(known, programme_version=version, opened_at=opened_at)
        case ContactTriaged():
            version, opened_at = event.programme_version, event.opened_at
            known = replace(known, programme_version=version, opened_at=opened_at)
            return _decided(known, event)
        case ContactSentUntriaged():
            return replace(known, untriaged_priority=event.priority)
        case ContactEnded():
            return replace(
                known,
                opened_at=event.opened_at,
                ended_at=event.ended_at,
                outcome=event.outcome,
            )
        case OfferMade() | OfferDeclined() | OfferExpired():
            return known
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
    return isinstance(event, OfferMade | OfferDeclined | OfferExpired)


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
        case _:
            assert_never(event)


def _sign(facts: ContactFacts, at: datetime | None) -> ContactFacts:
    signs = [sign for sign in (at, facts.last_sign_at) if sign is not None]
    return replace(facts, last_sign_at=max(signs, default=None))


def _decided(facts: ContactFacts, event: ContactTriaged) -> ContactFacts:
    told = Decision(event.decided_at, event.priority, event.destination)
    if facts.decision is not None and facts.decision.rank > told.rank:
        return facts
    return replace(facts, decision=told)


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


def in_limbo(facts: ContactFacts, now: datetime, bound: timedelta) -> bool:
    """Whether a contact waits and nobody has done anything for it for longer than `bound`.

    Who waits is offered to somebody again and again; silence that long means that it has fallen
    between two services, or that nobody is there. Both are for a human to look at (I15).
    """
    if facts.ended_at is not None or is_with_human(facts):
        return False
    return facts.last_sign_at is None or now - facts.last_sign_at > bound


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
