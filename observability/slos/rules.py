"""From objectives to Prometheus's rules, under Sloth's names (`slo:...`, labels `sloth_...`).

Three things are not as Sloth makes them. An alert wants a least volume in its longer window: a
helpline has hours with three requests. The month counts events, not five-minute shares: a quiet
night does not weigh as much as a Sunday evening. And what fires for a page has another name than
what makes a ticket: each has its runbook.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

#: A rule of Prometheus, as its file holds it.
Rule = dict[str, Any]

_WINDOW = "{{.window}}"
_PERIOD_DAYS = 30
_SECONDS = {"m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Burn:
    """The budget goes `factor` times as fast as it may, in both windows."""

    long: str
    short: str  #: over again within it, so that what has stopped is not told for hours
    factor: Decimal


#: "Recommended parameters" of the SRE workbook, chapter 5, for 30 days: 2 % of the budget in one
#: hour, 5 % in six, 10 % in a day, 10 % in three.
PAGE = (Burn("1h", "5m", Decimal("14.4")), Burn("6h", "30m", Decimal(6)))
TICKET = (Burn("1d", "2h", Decimal(3)), Burn("3d", "6h", Decimal(1)))


class NoAlert(Exception):
    """No window of this objective can ever burn so fast: its alert must be disabled."""


@dataclass(frozen=True)
class Objective:
    """One objective of a file in Sloth's format."""

    service: str
    spec: Mapping[str, Any]

    @property
    def name(self) -> str:
        """As Sloth's label `sloth_slo`."""
        return str(self.spec["name"])

    @property
    def budget(self) -> Decimal:
        """The share that may fail, between 0 and 1."""
        return 1 - Decimal(str(self.spec["objective"])) / 100

    @property
    def labels(self) -> dict[str, str]:
        """Those every rule of it bears."""
        return {
            "sloth_id": f"{self.service}-{self.name}",
            "sloth_service": self.service,
            "sloth_slo": self.name,
        }

    @property
    def least_events(self) -> int:
        """With fewer in the longer window, nobody is told."""
        return int(self.spec["alerting"]["annotations"]["minimum_events"])

    def rate(self, what: str, window: str) -> str:
        """Events a second of `error` or `total`."""
        return str(self.spec["sli"]["events"][f"{what}_query"]).replace(_WINDOW, window)

    def possible(self, burns: tuple[Burn, ...]) -> tuple[Burn, ...]:
        """Those that can come: when everything fails, a budget goes 1 / budget times as fast."""
        return tuple(each for each in burns if each.factor * self.budget < 1)


def groups_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The groups of rules of a file in Sloth's format; NoAlert when one of its alerts is none."""
    groups = []
    for spec in document["slos"]:
        one = Objective(document["service"], spec)
        rules = [*_recordings(one), *_month(one), *_alerts(one)]
        groups.append({"name": f"slo-{one.name}", "rules": rules})
    return groups


def _recordings(one: Objective) -> Iterator[Rule]:
    """The share of failures in each window somebody looks at; none where nothing was asked.

    That of an hour is on the dashboard, whatever an alert asks.
    """
    burns = (*one.possible(PAGE), *one.possible(TICKET))
    windows = {"5m", "1h", *(each.long for each in burns), *(each.short for each in burns)}
    for window in sorted(windows, key=seconds_of):
        yield _recorded(
            one,
            f"slo:sli_error:ratio_rate{window}",
            f"({one.rate('error', window)}) / (({one.rate('total', window)}) > 0)",
            {"sloth_window": window},
        )


def _month(one: Objective) -> Iterator[Rule]:
    """The budget of the month, and what is left of it."""
    for what in ("error", "total"):
        yield _recorded(one, f"slo:sli_{what}:rate5m", one.rate(what, "5m"))
    period = f"{_PERIOD_DAYS}d"
    yield _recorded(
        one,
        f"slo:sli_error:ratio_rate{period}",
        f"sum_over_time({_of(one, 'slo:sli_error:rate5m')}[{period}]) / "
        f"(sum_over_time({_of(one, 'slo:sli_total:rate5m')}[{period}]) > 0)",
        {"sloth_window": period},
    )
    yield _recorded(one, "slo:objective:ratio", f"vector({1 - one.budget})")
    yield _recorded(one, "slo:error_budget:ratio", f"vector({one.budget})")
    for name, window in (("current", "5m"), ("period", period)):
        yield _recorded(
            one,
            f"slo:{name}_burn_rate:ratio",
            f"max without (sloth_window) ({_of(one, f'slo:sli_error:ratio_rate{window}')})"
            f" / {one.budget}",
        )
    yield _recorded(
        one,
        "slo:period_error_budget_remaining:ratio",
        f"1 - {_of(one, 'slo:period_burn_rate:ratio')}",
    )


def _alerts(one: Objective) -> Iterator[Rule]:
    told = one.spec["alerting"]
    for which, burns, ending in (("page_alert", PAGE, "Fast"), ("ticket_alert", TICKET, "")):
        if told[which].get("disable"):
            continue
        possible = one.possible(burns)
        if not possible:
            raise NoAlert(f"{one.name}: {which}")
        name = f"{told['name']}{ending}"
        runbook = {"runbook": f"observability/runbooks/{name}.md"}
        yield {
            "alert": name,
            "expr": "\nor\n".join(_burning(one, each) for each in possible),
            "labels": dict(told[which]["labels"]),
            "annotations": dict(told[which]["annotations"]) | runbook,
        }


def _burning(one: Objective, burn: Burn) -> str:
    """Both windows burn, and in the longer one enough was asked to say so."""
    shares = (
        f"max without (sloth_window) ({_of(one, f'slo:sli_error:ratio_rate{window}')})"
        f" > ({burn.factor} * {one.budget})"
        for window in (burn.long, burn.short)
    )
    volume = f"({one.rate('total', burn.long)}) * {seconds_of(burn.long)} >= {one.least_events}"
    return "(\n" + "\nand\n".join(shares) + f"\nand on ()\n{volume}\n)"


def _recorded(
    one: Objective, name: str, expression: str, more: Mapping[str, str] | None = None
) -> Rule:
    return {"record": name, "expr": expression, "labels": one.labels | dict(more or {})}


def _of(one: Objective, name: str) -> str:
    return f'{name}{{sloth_id="{one.labels["sloth_id"]}"}}'


def seconds_of(window: str) -> int:
    """A duration as Prometheus writes it: `90m`, `6h`, `3d`."""
    return int(window[:-1]) * _SECONDS[window[-1]]
