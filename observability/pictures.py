"""`./just pictures`: each dashboard as a picture, drawn by matplotlib from what Prometheus answers.

They are no screenshots of Grafana, and say so: nothing here runs it. What a panel asks, its unit
and the value it turns red from are read from the committed JSON, as Grafana reads them.
Prometheus must have seen something: `./just day --keep` beside `./just night`, or people.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.figure import Figure
from PIL import Image

from observability.dashboards.__main__ import FOLDER

DOCS = Path(__file__).resolve().parents[1] / "docs" / "dashboards"
LABEL = "Drawn from Prometheus data by ./just pictures, not a Grafana screenshot."
_POINTS = 240  #: at the most, in a curve
#: What a rate is taken over at the least: four times what `just night` lets pass between two looks.
_FOUR_SCRAPES_SECONDS = 60
_NAMES_IN_A_COLUMN = 4  #: of curves; the rest are drawn without
#: Of a legend's type: a letter, a line, and what stands before a name.
_LETTER_INCHES, _LINE_INCHES, _MARK_INCHES = 0.058, 0.14, 0.4
_COLUMN_INCHES, _ROW_INCHES = 0.5, 0.42
_DOTS_PER_INCH = 88
_COLOURS = 64  #: of the picture: it is lines and words
_CALM, _RED, _INK = "#1f60c4", "#c4162a", "#1f2937"
_SHADES = ("#0b3d91", "#1f60c4", "#5794f2", "#8ab8ff", "#37872d", "#73bf69", "#6b7280", "#b0b7c3")


def filled_in(expression: str, rate: str = "1m", in_all: str = "1h") -> str:
    """A panel's query with what Grafana puts in for its variables, everything chosen.

    `rate` for $__rate_interval, `in_all` for $__range: durations as PromQL writes them. Raises
    ValueError for a variable nothing fills in.
    """
    put_in = {"__rate_interval": rate, "__range": in_all, "programme": ".+", "service": ".+"}
    for name, value in put_in.items():
        expression = expression.replace(f"${name}", value)
    if "$" in expression:
        raise ValueError(f"nothing fills in what is left of {expression}")
    return expression


@dataclass(frozen=True)
class Span:
    """From when to when (seconds since 1970), and how far apart points are."""

    start: float
    end: float

    @property
    def step(self) -> float:
        """Seconds from point to point."""
        return max(1.0, (self.end - self.start) / _POINTS)

    def filled_in(self, expression: str) -> str:
        """A panel's query with what Grafana puts in for its variables."""
        rate, whole = max(_FOUR_SCRAPES_SECONDS, round(4 * self.step)), round(self.end - self.start)
        return filled_in(expression, f"{rate}s", f"{whole}s")


@dataclass(frozen=True)
class Curve:
    """One series: when (UTC) and what."""

    legend: str
    at: Sequence[datetime]
    values: Sequence[float]


def curves(prometheus: httpx.Client, panel: Mapping[str, Any], span: Span) -> list[Curve]:
    """What a panel's queries answer over a span; the highest first."""
    found = [
        _curve(target, series)
        for target in panel["targets"]
        for series in _range(prometheus, span.filled_in(target["expr"]), span)
    ]
    return sorted(found, key=lambda each: -max(each.values, default=0.0))


def _range(prometheus: httpx.Client, query: str, span: Span) -> list[dict[str, Any]]:
    asked: dict[str, str | float] = {
        "query": query,
        "start": span.start,
        "end": span.end,
        "step": span.step,
    }
    told = prometheus.get("/api/v1/query_range", params=asked).json()
    if told["status"] != "success":
        raise ValueError(f"{query}: {told['error']}")
    found: list[dict[str, Any]] = told["data"]["result"]
    return found


def _curve(target: Mapping[str, Any], series: Mapping[str, Any]) -> Curve:
    legend = "" if target["legendFormat"] == "__auto" else str(target["legendFormat"])
    for label, value in series["metric"].items():
        legend = legend.replace(f"{{{{{label}}}}}", value)
    points = [(float(at), float(value)) for at, value in series["values"]]
    points = [(at, value) for at, value in points if math.isfinite(value)]
    return Curve(
        legend, [datetime.fromtimestamp(at, UTC) for at, _ in points], [v for _, v in points]
    )


def said(value: float, unit: str) -> str:
    """A number as a person reads it in this unit of Grafana."""
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit == "s":
        return f"{value:.3g} s" if value < 120 else f"{value / 60:.3g} min"
    if unit == "bytes":
        return f"{value / 2**20:.3g} MiB"
    ending = {"ops": "/s", "reqps": "/s"}.get(unit, "")
    return f"{value:.3g}{ending}" if value < 1000 else f"{value:.0f}{ending}"


def drawn(board: Mapping[str, Any], prometheus: httpx.Client, span: Span, note: str) -> Figure:
    """A whole dashboard, its panels where Grafana puts them."""
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    height = rows * _ROW_INCHES + 1.0
    figure = Figure(figsize=(24 * _COLUMN_INCHES, height), facecolor="white")
    top = 1 - 0.55 / height
    figure.text(0.01, 1 - 0.22 / height, board["title"], size=14, weight="bold", va="center")
    figure.text(0.99, 1 - 0.22 / height, _when(span), size=8, ha="right", va="center")
    words = f"{LABEL} {note}".strip()
    figure.text(0.01, 0.16 / height, words, size=8, style="italic", va="center")
    for panel in board["panels"]:
        at = panel["gridPos"]
        width, tall = at["w"] / 24, at["h"] * _ROW_INCHES / height
        bottom = top - (at["y"] + at["h"]) * _ROW_INCHES / height
        box = (at["x"] / 24 + 0.035, bottom + 0.30 / height, width - 0.045, tall - 0.72 / height)
        axes = figure.add_axes(box)
        axes.set_title(panel["title"], size=9, loc="left", color=_INK)
        found = curves(prometheus, panel, span)
        (_number if panel["type"] == "stat" else _lines)(axes, panel, found)
    return figure


def _when(span: Span) -> str:
    first, last = (datetime.fromtimestamp(at, UTC) for at in (span.start, span.end))
    return f"{first:%Y-%m-%d %H:%M} to {last:%H:%M} UTC"


def _number(axes: Axes, panel: Mapping[str, Any], found: Sequence[Curve]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    axes.set_xticks([])
    axes.set_yticks([])
    value = found[0].values[-1] if found and found[0].values else None
    steps = defaults["thresholds"]["steps"]
    from_red = [step["value"] for step in steps if step["color"] == "red"]
    red = value is not None and any(value >= each for each in from_red)
    if from_red:
        axes.set_facecolor(_RED if red else _CALM)
    ink = "white" if from_red else _INK
    words = defaults["noValue"] if value is None else said(value, defaults["unit"])
    if found and found[0].values and not from_red:
        axes.fill_between(found[0].at, found[0].values, color="#dbe7fb")  # type: ignore[arg-type] # dates
        axes.set_ylim(bottom=0)
    middle: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "center"}
    axes.text(0.5, 0.5, words, size=17, color=ink, **middle)


def _lines(axes: Axes, panel: Mapping[str, Any], found: Sequence[Curve]) -> None:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    width, height = _inches(axes)
    columns = _columns(found, width)
    named = min(len(found), columns * _NAMES_IN_A_COLUMN)
    legend_part = (math.ceil(named / columns) + 1) * _LINE_INCHES / height
    for place, curve in enumerate(found):
        name = curve.legend if place < named else None
        colour = _SHADES[place % len(_SHADES)]
        axes.plot(curve.at, curve.values, color=colour, linewidth=1.1, label=name)  # type: ignore[arg-type] # dates
    highest = max((max(each.values, default=0) for each in found), default=0) or 1
    axes.set_ylim(bottom=0, top=highest / (1 - legend_part))
    axes.tick_params(labelsize=7)
    axes.yaxis.set_major_formatter(lambda value, _: said(value, unit))
    axes.xaxis.set_major_locator(AutoDateLocator(maxticks=7))  # type: ignore[no-untyped-call] # matplotlib's
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))  # type: ignore[no-untyped-call] # matplotlib's
    axes.grid(visible=True, color="#e5e7eb", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if found:
        axes.legend(fontsize=6.5, ncols=columns, loc="upper left", frameon=False)
    else:
        axes.text(0.5, 0.5, "no figure", transform=axes.transAxes, ha="center", size=9)


def _inches(axes: Axes) -> tuple[float, float]:
    figure, box = axes.get_figure(root=True), axes.get_position()
    assert figure is not None
    return box.width * figure.get_figwidth(), box.height * figure.get_figheight()


def _columns(found: Sequence[Curve], width: float) -> int:
    """Columns of names that stay within a panel so wide (inches): two, or one for long names."""
    longest = max((len(each.legend) for each in found), default=0)
    return 2 if 2 * (_MARK_INCHES + longest * _LETTER_INCHES) <= width else 1


def png_of(figure: Figure) -> bytes:
    """The picture with few colours, so that it is small."""
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=_DOTS_PER_INCH)
    small = io.BytesIO()
    with Image.open(raw) as image:
        image.convert("RGB").quantize(_COLOURS).save(small, format="png", optimize=True)
    return small.getvalue()


def pictures(prometheus: httpx.Client, span: Span, note: str) -> Iterator[tuple[str, bytes]]:
    """Name and picture of each committed dashboard."""
    for file in sorted(FOLDER.glob("*.json")):
        board = json.loads(file.read_text("utf-8"))
        yield f"{file.stem}.png", png_of(drawn(board, prometheus, span, note))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a picture of each dashboard; 2 when Prometheus does not answer."""
    parser = argparse.ArgumentParser(
        prog="just pictures", description="Draw each dashboard from a Prometheus that runs."
    )
    parser.add_argument("--prometheus", default="http://127.0.0.1:19090", help="its address")
    parser.add_argument("--minutes", type=float, default=20.0, help="up to now")
    parser.add_argument("--to", type=Path, default=DOCS, help="the folder of the pictures")
    parser.add_argument("--note", default="", help="what was going on, under each")
    read = parser.parse_args(arguments)
    mpl.rcParams["font.family"] = "DejaVu Sans"
    now = datetime.now(UTC).timestamp()
    span = Span(now - 60 * read.minutes, now)
    read.to.mkdir(parents=True, exist_ok=True)
    try:
        with httpx.Client(base_url=read.prometheus, trust_env=False, timeout=30) as prometheus:
            for name, picture in pictures(prometheus, span, read.note):
                (read.to / name).write_bytes(picture)
                print(f"{read.to / name}: {len(picture) / 1000:.0f} kB")
    except httpx.TransportError as silent:
        print(f"Prometheus does not answer at {read.prometheus}: {silent}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
