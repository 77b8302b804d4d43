"""What quality has counted: service to callers over days, for coordinators and boards."""

from __future__ import annotations

from observability.dashboards.panels import Board, Panel, number, share

_LINE = '{programme=~"$programme"}'


def _in_range(name: str) -> str:
    return f"sum(increase({name}{_LINE}[$__range]))"


def _rate(name: str) -> str:
    return f"sum by (programme) (rate({name}{_LINE}[$__rate_interval]))"


_OPENED = _in_range("helpline_quality_opened_total")

QUALITY = Board(
    uid="helpline-quality",
    title="Quality of service",
    says="Service to callers in the time chosen. Figures of reports are quality's counts of hours.",
    side="callers",
    variables=("programme",),
    hours=24,
    panels=(
        number(
            "Opened",
            "Contacts opened in the time chosen.",
            _OPENED,
        ),
        number(
            "Answered",
            "Contacts a human took, of those opened.",
            share(_in_range("helpline_quality_answered_total"), _OPENED),
            unit="percentunit",
        ),
        number(
            "Answered within the target",
            "Contacts a first human took within the programme's target, of those opened.",
            share(_in_range("helpline_quality_answered_in_target_total"), _OPENED),
            unit="percentunit",
        ),
        number(
            "Rests given",
            "Rests after a hard contact or several in a row. None on a hard night: ask why.",
            _in_range("helpline_quality_rests_given_total"),
        ),
        Panel(
            "Opened and answered",
            "Contacts a second opened, and taken by a human, by line.",
            {
                "{{programme}} opened": _rate("helpline_quality_opened_total"),
                "{{programme}} answered": _rate("helpline_quality_answered_total"),
            },
            unit="ops",
            columns=12,
        ),
        Panel(
            "Wait until a human answered",
            "Of the hour before: half of the callers waited less, nine of ten did. Domain time.",
            {
                # Of an hour nobody was answered in there is no wait, and NaN is no figure.
                f"{{{{stage}}}} {words}": (
                    f"histogram_quantile({part}, sum by (stage, le) (increase("
                    f"helpline_quality_wait_seconds_bucket{_LINE}[1h]))) >= 0"
                )
                for words, part in (("half", 0.5), ("nine of ten", 0.9))
            },
            unit="s",
            columns=12,
        ),
        Panel(
            "Left, by the line they waited in",
            "Contacts a second that left a line; listener is after a human had heard them.",
            {
                "{{stage}}": (
                    "sum by (stage) (rate("
                    f"helpline_quality_abandoned_total{_LINE}[$__rate_interval]))"
                )
            },
            unit="ops",
            columns=12,
        ),
        Panel(
            "What listeners' time goes into",
            "Listeners at each moment who are ready, with somebody or wrapping up, and resting.",
            {
                f"{{{{programme}}}} {what}": _rate(f"helpline_quality_{what}_seconds_total")
                for what in ("ready", "busy", "resting")
            },
            columns=12,
        ),
    ),
)
