"""Figures of referral. Counted where the handler decides, so a transaction that is tried again
counts again: good for a dashboard; what is reported comes from quality.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from contracts.vocabulary import ProgrammeId, ReferralState

searches = Counter(
    "helpline_referral_searches_total", "Searches of the directory", ["programme", "found"]
)
moves = Counter(
    "helpline_referral_moves_total", "Referrals that entered a state", ["programme", "state"]
)
undelivered = Counter(
    "helpline_referral_undelivered_total",
    "Referrals their partner had not received a quarter of an hour after",
    ["programme"],
)

unsent = Gauge(
    "helpline_referral_unsent_referrals", "Referrals agreed to and not sent", ["programme"]
)
oldest_unsent = Gauge(
    "helpline_referral_oldest_unsent_seconds",
    "How long ago the first of them was agreed to, domain time",
    ["programme"],
)

card_searches = Counter(
    "helpline_referral_card_searches_total", "Searches of information cards", ["programme", "found"]
)
cards_shown = Counter(
    "helpline_referral_cards_shown_total", "Information cards shown to who searched", ["programme"]
)
cards_expiring = Gauge(
    "helpline_referral_cards_expiring",
    "Information cards that hold and expire within seven days",
    ["programme"],
)


def record_search(programme: ProgrammeId, *, found: bool) -> None:
    """The directory was asked. Where it often knows nobody, rows are missing."""
    searches.labels(programme, "somebody" if found else "nobody").inc()


def record_move(programme: ProgrammeId, state: ReferralState) -> None:
    """A referral entered a state."""
    moves.labels(programme, state.value).inc()


def record_undelivered(programme: ProgrammeId) -> None:
    """A referral went to a human because its partner did not receive it."""
    undelivered.labels(programme).inc()


def record_card_search(programme: ProgrammeId, *, shown: int) -> None:
    """Cards were looked up. Where nothing is found often, a card is missing."""
    card_searches.labels(programme, "something" if shown else "nothing").inc()
    cards_shown.labels(programme).inc(shown)
