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
standing = Gauge(
    "helpline_referral_standing_referrals",
    "Referrals by the state they are in",
    ["programme", "state"],
)
awaited = Gauge(
    "helpline_referral_awaited_referrals",
    "Referrals a partner has not received yet",
    ["partner"],
)
oldest_awaited = Gauge(
    "helpline_referral_oldest_awaited_seconds",
    "How long ago the first of them was sent, domain time",
    ["partner"],
)
relays = Gauge(
    "helpline_referral_directory_relays",
    "Relays that are proposed to people, by whether anybody has checked them",
    ["checked"],
)
newest_import = Gauge(
    "helpline_referral_directory_age_seconds",
    "How long ago an entry of the directory came last, domain time",
    [],
)
posts = Counter(
    "helpline_referral_webhook_attempts_total",
    "Attempts to post to partners, by kind of answer",
    ["answer"],
)
given_up = Counter(
    "helpline_referral_webhooks_given_up_total", "Webhooks of partners that were given up", ["why"]
)
dead = Gauge("helpline_referral_dead_webhooks", "Webhooks of partners that are given up now", [])
unposted = Gauge("helpline_referral_unposted_events", "Events that wait to be posted", [])
oldest_unposted = Gauge(
    "helpline_referral_oldest_unposted_seconds",
    "How long ago the first of them was told, domain time",
    [],
)


def record_post(answer: str) -> None:
    """A partner was posted to, or could not be."""
    posts.labels(answer).inc()


def record_given_up(why: str) -> None:
    """A partner's webhook was given up: gone, or no answer over days."""
    given_up.labels(why).inc()


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
cards_expired = Gauge(
    "helpline_referral_cards_expired",
    "Information cards that expired in the last thirty days and nobody renewed",
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
