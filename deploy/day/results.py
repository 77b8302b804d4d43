"""All that came out of a day, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from deploy.day.faults import Broken
from deploy.day.figures import Seen, language_mismatches, read_log
from deploy.day.ledger import Reconciled
from deploy.day.once import LATEST_SECONDS, Run
from deploy.day.verdict import Checked


@dataclass(frozen=True)
class Results:
    """One run, judged. `policy` is the score of the decision alone on the same trace."""

    run: Run
    score: dict[str, Any]
    policy: dict[str, Any] | None
    reconciled: Reconciled
    checked: Checked
    broken: tuple[Broken, ...]
    repeated_from: float | None = None  #: the speed at which the driver had been too late

    @cached_property
    def seen(self) -> dict[str, Seen]:
        """The log, call by call."""
        return read_log(self.run.stamps.events)

    @property
    def driver_was_late(self) -> bool:
        """Whether the log says more about the driver than it should."""
        return self.run.late_p99_seconds > LATEST_SECONDS

    def complaints(self) -> tuple[str, ...]:
        """What must not be; a day without any is a good day."""
        return tuple(self._complaints())

    def _complaints(self) -> Iterator[str]:
        if not self.score["valid"]:
            yield f"the judge refuses the log: {self.score['errors']} {self.score['examples']}"
        if not self.checked.sound:
            yield "the checker finds an invariant violated, or could not check"
        if not self.reconciled.sound:
            yield "calls were lost, doubled or left hanging"
        if not self.run.settled:
            yield "not every caller was heard or could leave in time"
        if self.score["rest_violations"]:
            yield f"rest was cut short {self.score['rest_violations']} times"
        mismatches = language_mismatches(self.run.trace, self.seen)
        if mismatches:
            yield f"{mismatches} callers got a listener without a common language"
        if self.score["sent_away_at_risk"]:
            yield f"{self.score['sent_away_at_risk']} callers at risk were sent away"
        if any(broken.back_after is None for broken in self.broken):
            yield "the platform was not back after a fault"
