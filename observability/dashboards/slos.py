"""What is left of the month's budgets, and how fast they go. Names of Sloth."""

from __future__ import annotations

from observability.dashboards.panels import Board, Panel, number

_EACH = "{{sloth_slo}}"
_OBJECTIVES = {
    "callers-door": (
        "Callers' door",
        "Of what may fail in 30 days, what has not yet: answers within a second, 99.9 of 100.",
    ),
    "handling": (
        "Handling",
        "Of what may be late in 30 days, what has not been: handled within a second, 99.5 of 100.",
    ),
    "answered-in-target": (
        "Answered in target",
        "Of callers who may wait past their programme's target in 30 days, 20 of 100, who has not.",
    ),
}


def _by_slo(name: str) -> str:
    return f"max by (sloth_slo) ({name})"


SLOS = Board(
    uid="helpline-slos",
    title="Objectives and budgets",
    says="What is left of the month's budgets. Prometheus must keep 30 days.",
    side="platform",
    hours=24,
    panels=(
        *(
            Panel(
                f"Budget left: {title}",
                says,
                {"": (f'max(slo:period_error_budget_remaining:ratio{{sloth_slo="{name}"}})')},
                unit="percentunit",
                big=True,
                columns=6,
            )
            for name, (title, says) in _OBJECTIVES.items()
        ),
        number(
            "Fastest burn now",
            "Of all objectives, in the last five minutes: at 1 a budget lasts the month exactly.",
            "max(slo:current_burn_rate:ratio)",
        ),
        Panel(
            "How fast budgets go",
            "Times as fast as they may, over an hour. More than 14.4 pages.",
            {
                _EACH: (
                    f"{_by_slo('slo:sli_error:ratio_rate1h')} / {_by_slo('slo:error_budget:ratio')}"
                )
            },
            columns=12,
        ),
        Panel(
            "Budget left",
            "Of the month's. Below 0 more has failed than was allowed: changes wait.",
            {_EACH: _by_slo("slo:period_error_budget_remaining:ratio")},
            unit="percentunit",
            columns=12,
        ),
        Panel(
            "Failed, by objective",
            "Share of the last five minutes. No line: nothing was asked.",
            {_EACH: _by_slo("slo:sli_error:ratio_rate5m")},
            unit="percentunit",
            columns=12,
        ),
        Panel(
            "Asked, by objective",
            "Events a second an objective is told by. Few: a share of them says little.",
            {_EACH: _by_slo("slo:sli_total:rate5m")},
            unit="ops",
            columns=12,
        ),
    ),
)
