"""Who called while somebody was on duty: the mixture of long, the pace of lately.

A quiet line says little in an hour: its pace leans on what is remembered, and its mixture is that
of some hundred callers. The surprising thing: time counts only while somebody is on duty, so that
a night without anyone does not make the next morning look quiet.
"""

from collections import deque

from services.assignment.domain import CallerKind, Forecast, Rules
from services.assignment.spare import rounded

#: Once twice as many callers are remembered, all of them count half.
MIXTURE_CASES = 400
#: How far back the pace of lately is counted, and how many callers of the usual pace stand by it.
PACE_SECONDS = 3600.0
PACE_CASES = 10
#: The first callers of a line foretell no surge.
SHORTEST_SECONDS = 600.0
#: Shares are looked at anew once so many times the callers are remembered.
NEWS = 1.1


class Memory:
    """What is remembered of the callers of one line."""

    def __init__(self) -> None:
        self._counts: dict[CallerKind, float] = {}
        self._callers = 0.0
        self._staffed_seconds = 0.0
        self._clock = 0.0  #: seconds with somebody on duty; never halved
        self._lately: deque[float] = deque()
        self._shares: tuple[tuple[CallerKind, float], ...] = ()
        self._shared_at = 0.0

    def staffed(self, seconds: float) -> None:
        """Somebody was on duty for so long more."""
        self._staffed_seconds += seconds
        self._clock += seconds

    def called(self, kind: CallerKind) -> None:
        """Somebody called."""
        self._counts[kind] = self._counts.get(kind, 0.0) + 1
        self._callers += 1
        self._lately.append(self._clock)
        if self._callers >= 2 * MIXTURE_CASES:
            self._callers /= 2
            self._staffed_seconds /= 2
            self._counts = {kind: count / 2 for kind, count in self._counts.items()}

    def per_second(self) -> float:
        """Callers per second to expect while somebody is on duty; 0 = nobody has called yet."""
        if not self._callers:
            return 0.0
        while self._lately and self._lately[0] < self._clock - PACE_SECONDS:
            self._lately.popleft()
        usual = self._callers / max(self._staffed_seconds, SHORTEST_SECONDS)
        window = max(min(self._clock, PACE_SECONDS), SHORTEST_SECONDS)
        return (len(self._lately) + PACE_CASES) / (window + PACE_CASES / usual)

    def forecast(self, rules: Rules) -> Forecast:
        """What to expect; a caller of several languages counts for the one most asked for."""
        pace = self.per_second()
        if not pace:
            return Forecast()
        asked: dict[str, float] = {}
        for kind, count in self._counts.items():
            for language in kind.languages or rules.default_languages:
                asked[language] = asked.get(language, 0.0) + count
        rates: dict[tuple[str, int], float] = {}
        for kind, count in self._counts.items():
            usual = max(sorted(kind.languages or rules.default_languages), key=asked.__getitem__)
            rate = rates.get((usual, kind.band), 0.0)
            rates[usual, kind.band] = rate + pace * count / self._callers
        return Forecast(arrivals_per_second=rates, callers=self._mixture(rounded(pace)))

    def _mixture(self, pace: float) -> tuple[tuple[CallerKind, float], ...]:
        news = self._callers > NEWS * self._shared_at or self._callers < self._shared_at
        if news:
            self._shared_at = self._callers
            self._shares = tuple((k, n / self._callers) for k, n in self._counts.items())
        return tuple((kind, share * pace) for kind, share in self._shares)
