"""Figures of servers that are not ours, under the names their own exporters gave them.

Whoever runs one of those exporters already puts it in the place of ours: dashboards ask by these
names. A server tells running totals as they are, so they are no counters of this process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client import Metric

#: What a stream's metadata calls the moment of the last whole copy of all streams (ISO 8601).
COPIED_AT = "helpline-copied-at"


@dataclass(frozen=True)
class Figure:
    """One metric as its exporter names it; `untyped` is a total that only grows."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    type: Literal["gauge", "untyped"] = "gauge"

    def told(self, values: Mapping[tuple[str, ...], float]) -> Metric:
        """The metric with a sample for each tuple of labels."""
        metric = Metric(self.name, self.meaning, self.type)
        for labels, value in values.items():
            metric.add_sample(self.name, dict(zip(self.labels, labels, strict=True)), value)
        return metric
