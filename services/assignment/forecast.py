"""What callers to expect, counted from those who came lately.

The surprising thing: only callers at risk are counted; nothing is kept back for anyone else.
"""

from collections.abc import Iterable
from datetime import datetime

from services.assignment.domain import Forecast, Group, Rules, WaitingContact


def forecast_from(
    joined: Iterable[WaitingContact], counted_since: datetime, now: datetime, rules: Rules
) -> Forecast:
    """Arrivals per second at risk, from the contacts that joined between `counted_since` and `now`.

    A span below ten minutes counts as ten, so that the first callers of a day foretell no surge.
    A caller of several languages counts for each in part.
    """
    span_seconds = max((now - counted_since).total_seconds(), 600.0)
    weights: dict[Group, float] = {}
    for contact in joined:
        if contact.band >= rules.accredited_from_band:
            languages = contact.languages or rules.default_languages
            for language in languages:
                group = Group(language, True)
                weights[group] = weights.get(group, 0.0) + 1 / len(languages)
    return Forecast({group: weight / span_seconds for group, weight in weights.items()})
