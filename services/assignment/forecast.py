"""What callers to expect, counted from those who came lately.

The surprising thing: a caller who speaks two languages is not counted for the rarer one.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from math import log, pi, sqrt
from typing import TypeAlias

from services.assignment.domain import Forecast, Group, Rules
from services.assignment.pricing import Tariff, Traffic
from services.assignment.spare import Demand, rounded, spare_prices

#: Callers who joined a line, counted by their languages (none = unknown) and risk band.
Joined: TypeAlias = Counter[tuple[frozenset[str], int]]


def forecast_from(
    joined: Joined,
    counted_since: datetime,
    now: datetime,
    rules: Rules,
) -> Forecast:
    """Arrivals per second, from the callers who joined between `counted_since` and `now`.

    A span below ten minutes counts as ten, so that the first callers of a day foretell no surge.
    A caller of several languages counts for the one most asked for: the others are his reserve.
    """
    span_seconds = max((now - counted_since).total_seconds(), 600.0)
    asked: Counter[str] = Counter()
    for (languages, _), callers in joined.items():
        for language in languages or rules.default_languages:
            asked[language] += callers
    counts: Counter[tuple[str, int]] = Counter()
    for (languages, band), callers in joined.items():
        usual = max(sorted(languages or rules.default_languages), key=asked.__getitem__)
        counts[usual, band] += callers
    return Forecast(
        arrivals_per_second={key: count / span_seconds for key, count in counts.items()}
    )


@dataclass(frozen=True, slots=True)
class Observed:
    """Durations seen so far, as sums; a mean starts from ten cases of the rules' own value."""

    waited_seconds: float = 0.0
    gave_up: int = 0
    talk_seconds: float = 0.0
    talks: int = 0
    wrap_up_seconds: float = 0.0
    wrap_ups: int = 0


#: Cases the rules' own means count for.
PRIOR_CASES = 10


def with_observed(forecast: Forecast, observed: Observed, rules: Rules) -> Forecast:
    """The forecast with means of what was seen, drawn towards the rules' own while it is little."""
    n = PRIOR_CASES
    wrap = (observed.wrap_up_seconds + n * rules.wrap_up_seconds) / (observed.wrap_ups + n)
    prior_talk = rules.contact_seconds - rules.wrap_up_seconds
    talk = (observed.talk_seconds + n * prior_talk) / (observed.talks + n)
    return replace(
        forecast,
        patience_seconds=(observed.waited_seconds + n * rules.patience_seconds)
        / (observed.gave_up + n),
        contact_seconds=talk + wrap,
        wrap_up_seconds=wrap,
    )


def with_spare_prices(forecast: Forecast, traffic: Traffic, rules: Rules) -> Forecast:
    """The forecast with what a spare listener is worth, for the people on duty now."""
    tariff = Tariff(rules, forecast, traffic)
    sizes: Counter[Group] = Counter()
    for (group, _), count in traffic.listeners.items():
        if not group.need and count:
            sizes[group] += count
    away_seconds = rounded(_away_seconds(tariff))
    return replace(
        forecast,
        spare_prices={
            group: spare_prices(tuple(_demand(group, size, tariff)), size, away_seconds)
            for group, size in sizes.items()
        },
    )


def _demand(group: Group, size: int, tariff: Tariff) -> Iterator[Demand]:
    """Who will ask for a listener of this group, and what not finding one free costs them."""
    rules = tariff.rules
    back = size / _away_seconds(tariff)
    above = 0.0
    for band in reversed(range(rules.accredited_from_band if group.accredited else 0, 4)):
        per_second = tariff.forecast.arrivals_per_second.get((group.language, band), 0.0)
        above += per_second
        wait = wait_when_refused(above, back, tariff.patience_seconds)
        cost = tariff.loss(band, wait)
        if band < rules.accredited_from_band:
            # Who waits is served later and takes a listener then: a refusal spares one only where
            # the caller leaves.
            cost /= tariff.chance_of_leaving(wait)
        if rules.counts_on_way_out and band < rules.accredited_from_band:
            cost, _ = tariff.way_out_price(band)
        if group.accredited:
            cost = min(cost, rules.prices.level_mismatch)
        if per_second:
            yield Demand(rounded(per_second), rounded(cost))


def _away_seconds(tariff: Tariff) -> float:
    """How long a contact keeps one away: rest is part of it, a break after so many contacts."""
    rules = tariff.rules
    return tariff.contact_seconds + rules.break_seconds / rules.consecutive_contacts_max


def wait_when_refused(per_second: float, back: float, patience_seconds: float) -> float:
    """Seconds a caller waits who found nobody free, with `per_second` callers who go no later.

    `back`: listeners who come back per second. The line of many listeners with impatient callers,
    near the load at which all are busy (Garnett, Mandelbaum, Reiman 2002): it is never longer than
    what gives up makes it.
    """
    load = per_second / back
    wait = 1 / (back * max(1 - load, 0.0) + sqrt(pi / 2 * back / patience_seconds))
    return wait + (log(load) * patience_seconds if load > 1 else 0.0)
