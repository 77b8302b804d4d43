"""What referral announces, put together from its row."""

from __future__ import annotations

from contracts.partner import PartnerWebhookGivenUp, PartnerWebhookSeenTo
from contracts.referral import (
    RecordConsent,
    ReferralAnswered,
    ReferralClosed,
    ReferralConsented,
    ReferralExpired,
    ReferralProposed,
    ReferralSent,
    ReferralUndelivered,
)
from contracts.vocabulary import (
    PartnerId,
    PersonId,
    ProgrammeId,
    ReferralClosing,
    ReferralField,
    WebhookEnd,
)
from services.bus.work import Work
from services.referral.domain import Proposed, Sent
from services.referral.partners.partners import PartnerRow
from services.referral.store import ReferralRow


def proposed(row: ReferralRow, decided: Proposed, work: Work) -> ReferralProposed:
    """The relay was proposed."""
    known = row.known
    return ReferralProposed(
        referral_id=row.referral_id,
        contact_id=row.contact_id,
        programme=row.programme,
        relay_id=row.relay_id,
        mode=known.mode,
        need=known.need,
        urgency=known.urgency,
        minor=row.minor,
        anonymity_to_say=decided.anonymity_to_say,
        proposed_by=work.command.actor,
        proposed_at=work.now,
    )


def consented(
    row: ReferralRow, command: RecordConsent, scope: tuple[ReferralField, ...], work: Work
) -> ReferralConsented:
    """The person, or a professional, said yes."""
    return ReferralConsented(
        referral_id=row.referral_id,
        contact_id=row.contact_id,
        programme=row.programme,
        relay_id=row.relay_id,
        scope=scope,
        given_by=command.given_by,
        anonymity_said=command.anonymity_said,
        recorded_by=work.command.actor,
        consented_at=work.now,
    )


def answered(row: ReferralRow, accepted: bool, by: PersonId, work: Work) -> ReferralAnswered:
    """The relay has answered."""
    return ReferralAnswered(
        referral_id=row.referral_id,
        contact_id=row.contact_id,
        programme=row.programme,
        relay_id=row.relay_id,
        accepted=accepted,
        recorded_by=by,
        answered_at=work.now,
    )


def closed(row: ReferralRow, why: ReferralClosing, by: PersonId, work: Work) -> ReferralClosed:
    """Nothing more comes of it."""
    return ReferralClosed(
        referral_id=row.referral_id,
        contact_id=row.contact_id,
        programme=row.programme,
        relay_id=row.relay_id,
        why=why,
        closed_by=by,
        closed_at=work.now,
    )


def expired(row: ReferralRow, work: Work) -> ReferralExpired:
    """The relay did not answer in time."""
    return ReferralExpired(
        referral_id=row.referral_id,
        contact_id=row.contact_id,
        programme=row.programme,
        relay_id=row.relay_id,
        expired_at=work.now,
    )


def undelivered(row: ReferralRow, work: Work) -> ReferralUndelivered:
    """Its partner has not received it in time."""
    return ReferralUndelivered(
        referral_id=row.referral_id,
        contact_id=row.contact_id,
        programme=row.programme,
        relay_id=row.relay_id,
        undelivered_at=work.now,
    )


def sent(row: ReferralRow, decided: Sent, work: Work) -> ReferralSent:
    """The least that was consented to has gone out."""
    known = row.known
    told = {name.value: getattr(known, name.value) for name in decided.carried}
    if ReferralField.CONTACT_MEANS in decided.carried:
        told[ReferralField.CONTACT_MEANS.value] = True  # itself is for the partner alone
    assert row.consented_at is not None
    assert row.partner_reference is not None
    return ReferralSent(
        referral_id=row.referral_id,
        contact_id=row.contact_id,
        programme=row.programme,
        relay_id=row.relay_id,
        mode=known.mode,
        partner_reference=row.partner_reference,
        scope=known.scope,
        consented_at=row.consented_at,
        sent_by=work.command.actor,
        sent_at=work.now,
        answer_by=decided.answer_by,
        **told,
    )


def webhook_given_up(
    row: PartnerRow, line: ProgrammeId, why: WebhookEnd, work: Work
) -> PartnerWebhookGivenUp:
    """A partner is posted to no more."""
    return PartnerWebhookGivenUp(
        partner=PartnerId(row.partner),
        programme=line,
        called=row.called,
        why=why,
        told_otherwise=row.subscribes,
        given_up_at=work.now,
    )


def webhook_seen_to(row: PartnerRow, line: ProgrammeId, work: Work) -> PartnerWebhookSeenTo:
    """It is posted to again, or nobody waits for that."""
    return PartnerWebhookSeenTo(partner=PartnerId(row.partner), programme=line, seen_to_at=work.now)
