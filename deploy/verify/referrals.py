"""I28: nothing of a case leaves for a relay before a yes to exactly that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TypeVar

from contracts.envelope import Event
from contracts.partner import PartnerReferralSent, PartnerReferralWithdrawn
from contracts.referral import (
    ReferralClosed,
    ReferralConsented,
    ReferralProposed,
    ReferralSent,
)
from contracts.vocabulary import ConsentGivenBy, ReferralClosing
from deploy.verify.history import Fact, History
from deploy.verify.verdict import Checked, Violation, violation

E = TypeVar("E", bound=Event)


def check_i28(history: History) -> Checked:
    """Each referral that was sent has an earlier consent to it whose scope covers what it carries.

    The newest consent before it counts: a narrower one takes back. A minor's rests on a
    professional, and where anonymity had to be said it was. Whoever was told of what was taken back
    was told that too.
    """
    proposed = {event.referral_id: event for _, event in facts_of(history, ReferralProposed)}
    consents: dict[str, list[tuple[Fact, ReferralConsented]]] = defaultdict(list)
    for fact, consent in facts_of(history, ReferralConsented):
        consents[consent.referral_id].append((fact, consent))
    sent = list(facts_of(history, ReferralSent))
    found = [
        each
        for fact, event in sent
        for each in _wrong(fact, event, proposed.get(event.referral_id), consents)
    ]
    return Checked(len(sent), (*found, *_not_told_to_forget(history)))


def _not_told_to_forget(history: History) -> Iterator[Violation]:
    """Referrals a partner was told of whose yes was taken back, without a word to the partner."""
    references = {event.referral_id: event for _, event in facts_of(history, ReferralSent)}
    told = {event.reference for _, event in facts_of(history, PartnerReferralSent)}
    forget = {event.reference for _, event in facts_of(history, PartnerReferralWithdrawn)}
    for _, event in facts_of(history, ReferralClosed):
        sent = references.get(event.referral_id)
        withdrawn = event.why is ReferralClosing.CONSENT_WITHDRAWN
        if withdrawn and sent is not None and sent.partner_reference in told - forget:
            yield violation("a yes taken back, unknown to who was told", referral=event.referral_id)


def facts_of(history: History, kind: type[E]) -> Iterator[tuple[Fact, E]]:
    """Every fact of a type, with its event, in order."""
    for fact in history.facts:
        if isinstance(fact.event, kind):
            yield fact, fact.event


def _wrong(
    fact: Fact,
    event: ReferralSent,
    proposed: ReferralProposed | None,
    consents: dict[str, list[tuple[Fact, ReferralConsented]]],
) -> Iterator[Violation]:
    earlier = [
        (place.version, consent)
        for place, consent in consents[event.referral_id]
        if place.version < fact.version
    ]
    if not earlier:
        yield violation("sent without consent", referral=event.referral_id, event=fact.id)
        return
    _, consent = max(earlier, key=lambda each: each[0])
    beyond = event.carried - set(consent.scope)
    if beyond:
        told = ",".join(sorted(beyond))
        yield violation("told more than was consented to", referral=event.referral_id, fields=told)
    if consent.relay_id != event.relay_id:
        yield violation("consent was to another relay", referral=event.referral_id)
    if consent.consented_at != event.consented_at:
        yield violation("says another time of consent", referral=event.referral_id)
    if proposed is None:
        return
    if proposed.minor and consent.given_by is not ConsentGivenBy.PROFESSIONAL:
        yield violation("a minor's without a professional", referral=event.referral_id)
    if proposed.anonymity_to_say and not consent.anonymity_said:
        yield violation("anonymity was not said", referral=event.referral_id)
