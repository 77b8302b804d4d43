"""What referral tells partners and hears from them: each its own referrals, by its own reference.

A partner never learns of a contact, a person of ours or another partner; what only it may read is
sealed to its key before it is stored anywhere.
"""

from __future__ import annotations

from datetime import timedelta

from contracts.envelope import EventId, Reply, done, refused
from contracts.partner import (
    ApplyPartner,
    PartnerEvent,
    PartnerReferralExpired,
    PartnerReferralSent,
    PartnerReferralWithdrawn,
    is_sandbox,
)
from contracts.sealing import seal
from contracts.vocabulary import (
    PartnerId,
    PartnerState,
    ReferralClosing,
    ReferralId,
    ReferralState,
    Refusal,
    RelayId,
    SealingKey,
    Withdrawing,
)
from services.bus.work import Versioned, Work
from services.referral import facts, metrics, store
from services.referral.directory import entries
from services.referral.domain import Sent
from services.referral.partners import partners, webhooks
from services.referral.store import ReferralRow

ANSWER_DUE = "answer"
DELIVERY_DUE = "delivery"
#: After this a referral its partner has not received goes to a human (I29).
RECEIVED_WITHIN = timedelta(minutes=15)
_WITHDRAWN = {
    ReferralClosing.CONSENT_WITHDRAWN: Withdrawing.CONSENT_WITHDRAWN,
    ReferralClosing.BY_MISTAKE: Withdrawing.BY_MISTAKE,
}


def on_apply_partner(command: ApplyPartner, work: Work) -> Reply:
    """Take a partner in as its file says, or let it go: nobody waits for an answer of it then, nor
    of one that is left no way to be told.
    """
    active = command.state is PartnerState.ACTIVE
    if is_sandbox(command.partner) and command.relays:
        return refused(Refusal.INVALID_FIELD, "relays")
    for place, relay_id in enumerate(command.relays if active else ()):
        if entries.one(work.session, relay_id) is None:
            return refused(Refusal.UNKNOWN_RELAY, f"relays.{place}")
        others = partners.partner_of(work.session, relay_id, but=command.partner)
        if others is not None:
            return refused(Refusal.INVALID_FIELD, f"relays.{place}")
    # Orders before their partner, as an attempt that is kept takes them: else each waits for both.
    webhooks.order_again(work.session, command.partner)
    see_to_webhook(partners.partner_to_change(work.session, command.partner), work)
    kept = partners.keep_partner(work.session, command)
    if not active or not kept.is_told:
        for referral_id in partners.waiting_for(work.session, command.partner):
            work.set_deadline(ANSWER_DUE, referral_id, work.now)
    return done()


def told_for(relay_id: RelayId, work: Work) -> partners.Standing | None:
    """Who is told of referrals to a relay, if anybody."""
    partner = partners.partner_of(work.session, relay_id)
    if partner is None or not partner.is_told or is_sandbox(partner.partner):
        return None
    return partner


def key_of(relay_id: RelayId, work: Work) -> SealingKey | None:
    """What is for the partner of a relay alone is sealed to this; None: there is no such thing."""
    partner = told_for(relay_id, work)
    return None if partner is None else partner.sealing_key


def see_to_webhook(partner: partners.PartnerRow | None, work: Work) -> None:
    """Somebody has seen to a webhook that was given up: it is posted to again."""
    if partner is None or partner.webhook_given_up_at is None:
        return
    partner.webhook_given_up_at, partner.webhook_given_up_why = None, None
    for line in store.lines_that_refer(work.session):
        work.announce(facts.webhook_seen_to(partner, line, work), of=partner)


def hand_over(  # noqa: PLR0913 - what, to whom, and what goes with it
    row: ReferralRow, sent: Sent, partner: partners.Standing, token: str, work: Work
) -> bool:
    """Tell a partner of a referral to a relay it stands for.

    Whether the token went with it: sealed, so that nobody else has it.
    """
    known, key = row.known, partner.sealing_key
    assert row.partner_reference is not None
    assert row.consented_at is not None
    handed = partners.HandedRow(
        reference=row.partner_reference,
        referral_id=row.referral_id,
        partner=partner.partner,
        event_id="",
    )
    told = {name.value: getattr(known, name.value) for name in sent.carried}
    event = PartnerReferralSent(
        partner=partner.partner,
        programme=row.programme,
        reference=row.partner_reference,
        relay_id=row.relay_id,
        scope=known.scope,
        consented_at=row.consented_at,
        sent_at=work.now,
        answer_by=sent.answer_by,
        outcome_token=None if key is None else seal(token, key),
        **told,
    )
    handed.event_id = tell(event, handed, partner.has_webhook, work)
    partners.hand(work.session, handed)
    work.set_deadline(DELIVERY_DUE, row.referral_id, work.now + RECEIVED_WITHIN)
    return key is not None


def tell(event: PartnerEvent, of: Versioned, has_webhook: bool, work: Work) -> EventId:
    """Tell it on the stream, and order that it is posted where the partner has a webhook."""
    event_id = work.announce(event, of=of)
    if has_webhook:
        webhooks.order(work.session, event_id, event.partner, work.now)
        work.set_deadline(webhooks.OLD_POSTS, *webhooks.forgotten_with(work.now))
    return event_id


def withdraw(row: ReferralRow, why: ReferralClosing, work: Work) -> None:
    """Have the partner forget it, where that is why, and it was not told so before."""
    handed = partners.handed(work.session, row)
    if handed is None or why not in _WITHDRAWN or handed.withdrawn_at is not None:
        return
    handed.withdrawn_at = work.now
    webhooks.take_back(work.session, handed.event_id)
    event = PartnerReferralWithdrawn(
        partner=PartnerId(handed.partner),
        programme=row.programme,
        reference=handed.reference,
        why=_WITHDRAWN[why],
        withdrawn_at=work.now,
    )
    tell(event, handed, partners.has_webhook(work.session, handed.partner), work)


def expire(row: ReferralRow, work: Work) -> None:
    """Tell the partner that somebody else is looked for."""
    handed = partners.handed(work.session, row)
    if handed is None:
        return
    event = PartnerReferralExpired(
        partner=PartnerId(handed.partner),
        programme=row.programme,
        reference=handed.reference,
        expired_at=work.now,
    )
    tell(event, handed, partners.has_webhook(work.session, handed.partner), work)


def on_delivery_due(key: str, work: Work) -> None:
    """A quarter of an hour has passed: if the partner does not have it, people are told."""
    row = store.referral_to_change(work.session, ReferralId(key))
    handed = None if row is None else partners.handed(work.session, row)
    if row is None or handed is None or handed.received_at is not None:
        return
    if row.known.state is ReferralState.SENT:  # whoever answered has it
        work.announce(facts.undelivered(row, work), of=row)
        metrics.record_undelivered(row.programme)
