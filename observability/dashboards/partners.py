"""Relays and partners: what became of referrals, who has not received theirs, what grows old."""

from __future__ import annotations

from observability.dashboards.panels import Board, Panel, known_to, number

_LINE = '{programme=~"$programme"}'
_STATES = ("proposed", "consented", "sent", "accepted", "declined", "expired", "closed")


def _known(asks: str) -> str:
    return known_to("referral", asks)


def _now(name: str) -> str:
    return _known(f"sum({name}{_LINE})")


def _each(asks: str) -> str:
    """A figure for each of something, and one 0 where there is none of it."""
    return _known(asks).replace(" or 0 *", " or on () 0 *")


def _entered(state: str) -> str:
    moves = f'helpline_referral_moves_total{{programme=~"$programme", state="{state}"}}'
    return _known(f"sum(increase({moves}[$__range]))")


PARTNERS = Board(
    uid="helpline-partners",
    title="Relays and partners",
    says="What became of referrals, which partner does not receive its own, what must be renewed.",
    side="callers",
    variables=("programme",),
    hours=24,
    panels=(
        number(
            "Sent and not answered",
            "Referrals a relay or partner has and has not answered.",
            _known(
                'sum(helpline_referral_standing_referrals{programme=~"$programme", state="sent"})'
            ),
        ),
        number(
            "Not received in time",
            "Referrals told to people in the time chosen: their partner had not received them.",
            _known(f"sum(increase(helpline_referral_undelivered_total{_LINE}[$__range]))"),
        ),
        number(
            "Not received yet",
            "Referrals partners have neither acknowledged nor taken by webhook.",
            _known("sum(helpline_referral_awaited_referrals)"),
        ),
        number(
            "Webhooks given up",
            "Partners that are posted to no more. Ask each, then apply its file again.",
            _known("max(helpline_referral_dead_webhooks)"),
        ),
        Panel(
            "What became of referrals",
            "Referrals that entered each state in the time chosen before each moment.",
            {state: _entered(state) for state in _STATES},
            columns=12,
        ),
        Panel(
            "Where referrals are now",
            "Referrals of contacts that are still known, by state.",
            {"{{state}}": _each(f"sum by (state) (helpline_referral_standing_referrals{_LINE})")},
            columns=12,
        ),
        Panel(
            "How long partners have not received theirs",
            "By partner: age of the first referral it has not received, domain time. Above 15 min"
            " people were told of it.",
            {"{{partner}}": _each("max by (partner) (helpline_referral_oldest_awaited_seconds)")},
            unit="s",
        ),
        Panel(
            "Not received, by partner",
            "Referrals each partner has not acknowledged. One that grows is a program that stands.",
            {"{{partner}}": _each("max by (partner) (helpline_referral_awaited_referrals)")},
        ),
        Panel(
            "Posts to partners, by answer",
            "Attempts a second: 2xx was taken, a word of ours is why nobody answered.",
            {
                "{{answer}}": _each(
                    "sum by (answer) (rate("
                    "helpline_referral_webhook_attempts_total[$__rate_interval]))"
                )
            },
            unit="ops",
        ),
        Panel(
            "Posts that wait",
            "Events to be posted, and the age of the first in domain time.",
            {"events": _known("max(helpline_referral_unposted_events)")},
        ),
        Panel(
            "First post that waits",
            "How long ago the first event that waits was told. Beyond half an hour: somebody's"
            " receiver fails.",
            {"oldest": _known("max(helpline_referral_oldest_unposted_seconds)")},
            unit="s",
        ),
        Panel(
            "Webhooks given up over time",
            "In the time chosen, by why: gone is the partner's own word.",
            {
                "{{why}}": _each(
                    "sum by (why) (increase(helpline_referral_webhooks_given_up_total[$__range]))"
                )
            },
        ),
        number(
            "Cards that expire in a week",
            "Information cards somebody has to look at before they are hidden.",
            _now("helpline_referral_cards_expiring"),
        ),
        number(
            "Cards that have expired",
            "In the last thirty days, neither renewed nor revoked: regulators find nothing there.",
            _now("helpline_referral_cards_expired"),
        ),
        number(
            "Relays to check",
            "Relays proposed to people that nobody of the line has checked.",
            _known('sum(helpline_referral_directory_relays{checked="no"})'),
        ),
        number(
            "Newest entry",
            "How long ago an entry of the directory came last. Lists grow old in months.",
            _known("max(helpline_referral_directory_age_seconds)"),
            unit="s",
        ),
        Panel(
            "Relays in the directory",
            "Relays proposed to people, checked by somebody or not.",
            {"checked {{checked}}": _each("sum by (checked) (helpline_referral_directory_relays)")},
            columns=12,
        ),
        Panel(
            "Searches of the directory",
            "Searches in the time chosen. Where many find nobody, rows are missing.",
            {
                "{{found}}": _each(
                    f"sum by (found) (increase(helpline_referral_searches_total{_LINE}[$__range]))"
                )
            },
            columns=12,
        ),
    ),
)
