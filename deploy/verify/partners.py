"""I27, I29, I30: a partner is told of its own referrals, all of them, and of no others, signed.

What the server lets each account reach is tried by tests (tests/bus/test_partners.py); here it is
judged what was put where a partner reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from contracts.envelope import Stream
from contracts.partner import PartnerEvent, PartnerReferralSent, is_sandbox
from contracts.referral import (
    ReferralAnswered,
    ReferralClosed,
    ReferralExpired,
    ReferralSent,
    ReferralUndelivered,
)
from contracts.vocabulary import ReferralField
from deploy.verify.history import AttemptStanding, History, Message
from deploy.verify.referrals import facts_of
from deploy.verify.verdict import Checked, Violation, violation
from services.bus.decode import ReadEvent, read_event
from services.bus.work import derived_id

#: After this a referral its partner has not received is told to people.
RECEIVED_WITHIN = timedelta(minutes=15)
#: A receiver refuses what was signed longer ago, or so far ahead (Standard Webhooks).
REFUSED_AFTER = timedelta(minutes=5)
_STATUSES = frozenset(f"{first}xx" for first in range(1, 6))
#: Machine time in which a deadline that is due is seen to, with the ground away a moment.
_SEEN_TO_WITHIN_SECONDS = 60.0


def check_i27(history: History) -> Checked:
    """Each message a partner can read is one of referral's, for it, of a referral to its relay.

    In a sandbox it is of no referral there is.

    A reference is one partner's; what the message carries is what was sent, and not more.
    """
    sent = {event.partner_reference: event for _, event in facts_of(history, ReferralSent)}
    told = [message for message in history.messages if message.stream == Stream.PARTNER]
    whose: dict[str, set[str]] = defaultdict(set)
    found: list[Violation] = []
    for message in told:
        read = read_event(message.subject, message.headers, message.body)
        if not isinstance(read, ReadEvent) or not isinstance(read.event, PartnerEvent):
            found.append(violation("nothing a partner is told", sequence=message.sequence))
            continue
        whose[read.event.reference].add(read.event.partner)
        found += _misplaced(message, read.event, sent.get(read.event.reference))
    found += [
        violation("two partners have one reference", reference=reference)
        for reference, partners in whose.items()
        if len(partners) > 1
    ]
    found += _posted_elsewhere(history)
    return Checked(len(told) + len(history.orders), tuple(found))


def _posted_elsewhere(history: History) -> Iterator[Violation]:
    for order in history.orders:
        fact = history.fact_by_id.get(order.event_id)
        if fact is None or not isinstance(fact.event, PartnerEvent):
            yield violation("posted, and nothing a partner is told", event=order.event_id)
        elif fact.event.partner != order.partner:
            yield violation("posted to another partner", event=order.event_id)


def _misplaced(
    message: Message, event: PartnerEvent, sent: ReferralSent | None
) -> Iterator[Violation]:
    if message.subject != event.subject():
        yield violation("stands where another partner reads", sequence=message.sequence)
    if message.headers.get("ce-contactid") or message.headers.get("ce-causedby"):
        yield violation("leads to a contact", sequence=message.sequence)
    if is_sandbox(event.partner):
        if sent is not None:
            yield violation("somebody's, in a sandbox", reference=event.reference)
        return
    if not isinstance(event, PartnerReferralSent):
        return
    if sent is None:
        yield violation("of no referral that was sent", reference=event.reference)
        return
    if event.relay_id != sent.relay_id:
        yield violation("of another relay's referral", reference=event.reference)
    beyond = [name for name in ReferralField if _told(event, name) != _told(sent, name)]
    if event.scope != sent.scope or beyond:
        yield violation("tells another thing than was sent", reference=event.reference)


def _told(event: PartnerReferralSent | ReferralSent, name: ReferralField) -> object:
    """What of the case it tells; of what is sealed, that it is there."""
    told: object = getattr(event, name.value)
    return told is not None if name is ReferralField.CONTACT_MEANS else told


def check_i29(history: History) -> Checked:
    """Each referral a partner was told of was received, answered or ended, or people were told."""
    referrals = {event.partner_reference: event for _, event in facts_of(history, ReferralSent)}
    undelivered = {event.referral_id: event for _, event in facts_of(history, ReferralUndelivered)}
    over = {
        *(event.referral_id for _, event in facts_of(history, ReferralAnswered)),
        *(event.referral_id for _, event in facts_of(history, ReferralExpired)),
        *(event.referral_id for _, event in facts_of(history, ReferralClosed)),
    }
    told = list(facts_of(history, PartnerReferralSent))
    latest = RECEIVED_WITHIN + history.domain(_SEEN_TO_WITHIN_SECONDS)
    found: list[Violation] = []
    for fact, event in told:
        referral = referrals.get(event.reference)
        if referral is None:
            continue  # I27
        raised = undelivered.get(referral.referral_id)
        if raised is not None:
            if raised.undelivered_at > event.sent_at + latest:
                found.append(violation("told to people too late", referral=referral.referral_id))
            continue
        known = fact.id in history.received or referral.referral_id in over
        if not known and history.clock.domain > event.sent_at + latest:
            found.append(violation("nobody knows of it", referral=referral.referral_id))
    return Checked(len(told), tuple(found))


def check_i30(history: History) -> Checked:
    """Each post was signed, at its own moment, and went to a public address or nowhere.

    As its attempt says. Whether a receiver refuses what it should is its own to prove.
    """
    inbox = history.handled_by.get("referral", {})
    found: list[Violation] = []
    unknown = here = 0
    before: dict[str, datetime] = {}
    for attempt in history.attempts:
        handled = inbox.get(derived_id("webhook", attempt.event_id, str(attempt.number)))
        if attempt.signed_at is None or attempt.secrets is None or handled is None:
            unknown += 1
            continue
        here += attempt.dialled == "here"
        ids = {"event": attempt.event_id, "attempt": attempt.number}
        found += (violation(what, **ids) for what in _wrong_with(attempt))
        if abs(handled.handled_at - attempt.signed_at) > REFUSED_AFTER:
            found.append(violation("signed at a moment a receiver must refuse", **ids))
        if attempt.signed_at < before.get(attempt.event_id, attempt.signed_at):
            found.append(violation("signed at an older moment than the attempt before", **ids))
        before[attempt.event_id] = attempt.signed_at
    unknown += sum(order.attempts for order in history.orders) - len(history.attempts)
    missing = (
        f"{unknown} attempts of which nothing was kept" if unknown > 0 else "",
        f"{here} posts to this machine, which development allows" if here else "",
    )
    said = "; ".join(each for each in missing if each)
    return Checked(len(history.attempts), tuple(found), said or None)


def _wrong_with(attempt: AttemptStanding) -> Iterator[str]:
    if not attempt.secrets:
        yield "posted without a signature"
    if attempt.dialled not in (None, "public", "here"):
        yield "an address that is not public was dialled"
    if attempt.dialled is None and attempt.answer in _STATUSES:
        yield "answered by nobody knows whom"
