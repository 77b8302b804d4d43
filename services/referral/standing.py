"""What stands now, for the gauges: referrals and who has not received them, the directory, cards
that expire, and what is to be posted.
"""

from __future__ import annotations

from sqlmodel import Session

from services.bus.driver import ask
from services.bus.metrics import set_all
from services.referral import metrics

_UNSENT = """
    SELECT programme, count(*) AS referrals,
        coalesce(extract(epoch FROM public.helpline_now() - min(consented_at)), 0) AS oldest_seconds
    FROM referral.referral WHERE state = 'consented' GROUP BY programme
"""
_EXPIRING = """
    SELECT programme, count(*) AS cards
    FROM referral.card, unnest(programmes) AS programme, public.helpline_now() AS now
    WHERE revoked_at IS NULL AND valid_from <= now AND now < expires_at
        AND expires_at <= now + interval '7 days'
    GROUP BY programme
"""
_WEBHOOKS = """
    SELECT
        (SELECT count(*) FROM referral.partner
            WHERE webhook_given_up_at IS NOT NULL AND state = 'active'
                AND partner !~ '^sandbox(-|$)') AS dead,
        count(*) AS unposted,
        coalesce(extract(epoch FROM public.helpline_now()
            - min(o.made_at) FILTER (WHERE p.webhook_given_up_at IS NULL)
        ), 0) AS oldest_seconds
    FROM referral.webhook_order o JOIN referral.partner p ON p.partner = o.partner
    WHERE o.state = 'waiting' AND p.state = 'active' AND p.webhook_url IS NOT NULL
        AND p.partner !~ '^sandbox(-|$)'
"""
_EXPIRED = """
    SELECT programme, count(*) AS cards
    FROM referral.card, unnest(programmes) AS programme, public.helpline_now() AS now
    WHERE revoked_at IS NULL AND expires_at <= now AND expires_at > now - interval '30 days'
    GROUP BY programme
"""
_STANDING = "SELECT programme, state, count(*) AS referrals FROM referral.referral GROUP BY 1, 2"
#: A partner that has none is told as 0: it has received everything.
_AWAITED = """
    SELECT p.partner, count(r.referral_id) AS referrals,
        coalesce(extract(epoch FROM public.helpline_now()
            - min((b.envelope->>'time')::timestamptz) FILTER (WHERE r.referral_id IS NOT NULL)
        ), 0) AS oldest_seconds
    FROM referral.partner p
        LEFT JOIN referral.handed h ON h.partner = p.partner AND h.received_at IS NULL
        LEFT JOIN referral.referral r ON r.referral_id = h.referral_id AND r.state = 'sent'
        LEFT JOIN referral.outbox b ON b.id = h.event_id
    WHERE p.state = 'active' GROUP BY p.partner
"""
_DIRECTORY = """
    SELECT count(*) FILTER (WHERE checked) AS checked, count(*) FILTER (WHERE NOT checked) AS other,
        coalesce(extract(epoch FROM public.helpline_now() - max(imported_at)), 0) AS age_seconds
    FROM (
        SELECT e.imported_at, r.withdrawn IS NOT TRUE
            AND coalesce(r.verified_at, e.verified_at) IS NOT NULL AS checked
        FROM referral.entry e LEFT JOIN referral.relay r USING (relay_id) WHERE e.active
    ) AS known
"""


def set_gauges(session: Session) -> None:
    """Set the gauges to what the ledger says."""
    found = ask(session, _UNSENT).fetchall()
    set_all(metrics.unsent, {(row.programme,): row.referrals for row in found})
    set_all(metrics.oldest_unsent, {(row.programme,): float(row.oldest_seconds) for row in found})
    standing = ask(session, _STANDING).fetchall()
    set_all(metrics.standing, {(row.programme, row.state): row.referrals for row in standing})
    _of_partners(session)
    _of_directory(session)


def _of_partners(session: Session) -> None:
    awaited = ask(session, _AWAITED).fetchall()
    set_all(metrics.awaited, {(row.partner,): row.referrals for row in awaited})
    oldest = {(row.partner,): float(row.oldest_seconds) for row in awaited}
    set_all(metrics.oldest_awaited, oldest)
    (webhooks,) = ask(session, _WEBHOOKS).fetchall()
    metrics.dead.set(webhooks.dead)
    metrics.unposted.set(webhooks.unposted)
    metrics.oldest_unposted.set(float(webhooks.oldest_seconds))


def _of_directory(session: Session) -> None:
    for gauge, asked in ((metrics.cards_expiring, _EXPIRING), (metrics.cards_expired, _EXPIRED)):
        set_all(gauge, {(row.programme,): row.cards for row in ask(session, asked)})
    (directory,) = ask(session, _DIRECTORY).fetchall()
    metrics.relays.labels("yes").set(directory.checked)
    metrics.relays.labels("no").set(directory.other)
    metrics.newest_import.set(float(directory.age_seconds))
