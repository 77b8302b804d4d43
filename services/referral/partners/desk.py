"""What the people of a partner see of it on a page of ours, and what only they do there.

The console keeps nothing of a partner's: each page asks here, so that what is withdrawn, over or
forgotten is on no page any more. Whose it is says the subject; another partner's is not there.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from contracts.envelope import Reply, done, refused
from contracts.partner import (
    LONGEST_FULL,
    MOST_ON_A_DESK,
    DeskShown,
    HandedShown,
    OpenReferral,
    OwnRelay,
    PartnerReferralSent,
    SeeDesk,
    TellSaturation,
    person_of,
)
from contracts.vocabulary import PartnerState, ReferralState, Refusal, RelayId
from services.bus.work import Work
from services.referral import store
from services.referral.directory import entries
from services.referral.directory.relay import Saturation
from services.referral.partners import partners
from services.referral.partners.partners import OnDesk, PartnerRow

#: Of a service that can take people again; what is known of it before is unknown afterwards.
_NOT_FULL_FOR = timedelta(hours=1)


def on_see_desk(command: SeeDesk, work: Work) -> Reply:
    """Say what waits for the partner and what it has taken up; nothing is changed."""
    partner = _with_a_desk(work)
    if partner is None:
        return refused(Refusal.NOT_YOURS)
    found = partners.on_desk(work.session, partner.partner, MOST_ON_A_DESK + 1, command.only)
    return done(
        result=DeskShown(
            called=partner.called,
            at=work.now,
            relays=tuple(_relays(partner, work)),
            referrals=tuple(map(_shown, found[:MOST_ON_A_DESK])),
            more=len(found) > MOST_ON_A_DESK,
        )
    )


def on_open_referral(command: OpenReferral, work: Work) -> Reply:
    """Keep that somebody of the partner has it; the first moment stays."""
    partner = _with_a_desk(work)
    if partner is None:
        return refused(Refusal.NOT_YOURS)
    if not partners.keep_opened(work.session, partner.partner, command.reference, work.now):
        return refused(Refusal.UNKNOWN_REFERRAL, "reference")
    return done()


def on_tell_saturation(command: TellSaturation, work: Work) -> Reply:
    """Keep that a service of its own is full for a time, or is not; after it nothing is known."""
    assert work.partner is not None
    partner = work.session.get(PartnerRow, work.partner)
    if partner is None or command.relay_id not in partner.relays:
        return refused(Refusal.UNKNOWN_RELAY, "relay_id")
    if command.saturated and command.until is None:
        return refused(Refusal.INVALID_FIELD, "until")
    until = command.until or work.now + _NOT_FULL_FOR
    if not work.now < until <= work.now + LONGEST_FULL:
        return refused(Refusal.INVALID_FIELD, "until")
    seen = Saturation(command.saturated, work.now, _in_minutes(until - work.now))
    store.observe(work.session, command.relay_id, seen, person_of(work.partner))
    return done()


def _with_a_desk(work: Work) -> PartnerRow | None:
    """The partner that asks, if it is referred to and has a desk."""
    assert work.partner is not None
    row = work.session.get(PartnerRow, work.partner)
    has_one = row is not None and row.desk and row.state == PartnerState.ACTIVE.value
    return row if has_one else None


def _relays(partner: PartnerRow, work: Work) -> list[OwnRelay]:
    known = (entries.one(work.session, RelayId(each)) for each in partner.relays)
    return [
        OwnRelay(
            relay_id=each.slug,
            called=each.name,
            full_until=_full_until(each.saturation, work.now),
        )
        for each in known
        if each is not None
    ]


def _full_until(seen: Saturation | None, now: datetime) -> datetime | None:
    if seen is None or not seen.saturated or not seen.holds_at(now):
        return None
    return seen.observed_at + seen.lifetime


def _shown(found: OnDesk) -> HandedShown:
    return HandedShown(
        told=PartnerReferralSent.model_validate_json(found.body, extra="ignore"),
        state=ReferralState(found.state),
        received_at=found.received_at,
        outcome_told=found.outcome_given,
    )


def _in_minutes(span: timedelta) -> timedelta:
    """Whole minutes, the last one begun with it."""
    return timedelta(minutes=-(-span // timedelta(minutes=1)))
