"""What stands now, for the gauges: referrals that went nowhere yet, cards that expire soon, and
what is to be posted.
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
        coalesce(extract(epoch FROM public.helpline_now() - min(o.made_at)), 0) AS oldest_seconds
    FROM referral.webhook_order o JOIN referral.partner p ON p.partner = o.partner
    WHERE o.state = 'waiting' AND p.state = 'active' AND p.webhook_url IS NOT NULL
        AND p.partner !~ '^sandbox(-|$)'
"""


def set_gauges(session: Session) -> None:
    """Set the gauges to what the ledger says."""
    found = ask(session, _UNSENT).fetchall()
    set_all(metrics.unsent, {(row.programme,): row.referrals for row in found})
    set_all(metrics.oldest_unsent, {(row.programme,): float(row.oldest_seconds) for row in found})
    expiring = ask(session, _EXPIRING).fetchall()
    set_all(metrics.cards_expiring, {(row.programme,): row.cards for row in expiring})
    (webhooks,) = ask(session, _WEBHOOKS).fetchall()
    metrics.dead.set(webhooks.dead)
    metrics.unposted.set(webhooks.unposted)
    metrics.oldest_unposted.set(float(webhooks.oldest_seconds))
