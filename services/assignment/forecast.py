"""What callers to expect, counted from those who came lately.

The surprising thing: a caller who speaks two languages is not counted for the rarer one.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from services.assignment.domain import Forecast, Rules, WaitingContact


def forecast_from(
    joined: Iterable[WaitingContact],
    counted_since: datetime,
    now: datetime,
    rules: Rules,
) -> Forecast:
    """Arrivals per second, from the contacts that joined between `counted_since` and `now`.

    A span below ten minutes counts as ten, so that the first callers of a day foretell no surge.
    A caller of several languages counts for the one most asked for: the others are his reserve.
    """
    span_seconds = max((now - counted_since).total_seconds(), 600.0)
    spoken = [(contact.languages or rules.default_languages, contact.band) for contact in joined]
    asked = Counter(language for languages, _ in spoken for language in languages)
    counts = Counter((max(sorted(langs), key=asked.__getitem__), band) for langs, band in spoken)
    return Forecast({key: count / span_seconds for key, count in counts.items()})


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
