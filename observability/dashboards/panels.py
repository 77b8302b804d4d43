"""The grammar of our dashboards: a board is rows of panels, a panel asks Prometheus something.

Grafana's own types (grafana-foundation-sdk) write the JSON, so a field it does not know cannot be
written. Every panel says what it shows and what to do about it, has a unit, and asks the datasource
the reader has chosen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
)
from grafana_foundation_sdk.models.dashboard import Dashboard as Built
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
    VariableSort,
)

#: Grafana's words for what a number is.
Unit = Literal["short", "s", "percentunit", "ops", "reqps", "bytes", "Bps", "none"]
#: Whom a board is for: who answers for callers, or who runs the platform.
Side = Literal["callers", "platform"]

#: The one colour of people who wait, and the one of everything else.
RED, CALM = "red", "blue"
_DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_WIDTH = 24  #: columns of Grafana's grid
_VARIABLES = {
    "programme": ("Programme", "label_values(helpline_intake_line_open, programme)"),
    "service": ("Service", "label_values(helpline_bus_ground_up, service)"),
}


@dataclass(frozen=True)
class Panel:
    """One figure or curve. `asks`: legend -> PromQL.

    `red_from`: the value from which somebody waits too long; only for figures of people who wait.
    `when_none` is what stands where there is no number at all.
    """

    title: str
    says: str
    asks: Mapping[str, str]
    unit: Unit = "short"
    big: bool = False  #: one number instead of a curve
    red_from: float | None = None
    columns: int = 8
    when_none: str = "no figure"


@dataclass(frozen=True)
class Board:
    """One dashboard; `uid` is its file and its address."""

    uid: str
    title: str
    says: str
    side: Side
    panels: Sequence[Panel]
    variables: Sequence[str] = ()
    hours: int = 6  #: it opens on the last so many


def number(title: str, says: str, asks: str, unit: Unit = "short") -> Panel:
    """One big number, a quarter of the width."""
    return Panel(title, says, {"": asks}, unit, big=True, columns=6)


def waiting(title: str, says: str, red_from: float, asks: str) -> Panel:
    """One big number of people who wait, red from so much on; seconds when its figure is."""
    unit: Unit = "s" if "_seconds" in asks else "short"
    return Panel(title, says, {"": asks}, unit, big=True, red_from=red_from, columns=6)


def known_to(service: str, asks: str) -> str:
    """The figure, and 0 where there is none while the service that would know it has looked.

    A service that is gone or cannot read tells nothing, and nothing is shown: never a calm 0.
    """
    looked = f'helpline_bus_figures_read{{service="{service}", question="standing"}}'
    return f"{asks} or 0 * max({looked} == 1)"


def or_none(rate: str, label: str, whole: str) -> str:
    """A rate of what went wrong, and 0 by `label` where there was work and nothing did.

    Nothing at all is then shown only where nothing was asked, or nobody told.
    """
    return f"{rate} or on ({label}) 0 * sum by ({label}) (rate({whole}[$__rate_interval]))"


def share(part: str, whole: str) -> str:
    """A part of a whole; nothing, rather than NaN, of a whole that is 0."""
    return f"({part} or vector(0)) / ({whole} > 0)"


def written(board: Board) -> str:
    """The board as Grafana imports it, ending in a newline."""
    return json.dumps(built(board), cls=JSONEncoder, sort_keys=True, indent=1) + "\n"


def built(board: Board) -> Built:
    """The board in Grafana's types."""
    drawn = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.says)
        .tags(["helpline", board.side])
        .readonly()
        .timezone("browser")
        .refresh("15s")
        .time(f"now-{board.hours}h", "now")
        .with_variable(_datasource())
    )
    for name in board.variables:
        drawn.with_variable(_choice(name))
    places = _places(board.panels)
    for number_of, (panel, (x, y)) in enumerate(zip(board.panels, places, strict=True), 1):
        drawn.with_panel(_drawn(panel, x, y).id(number_of))
    return drawn.build()


def _places(panels: Sequence[Panel]) -> list[tuple[int, int]]:
    """Where each goes, left to right; a row is as high as its highest."""
    places, x, y, highest = [], 0, 0, 0
    for panel in panels:
        if x + panel.columns > _WIDTH:
            x, y, highest = 0, y + highest, 0
        places.append((x, y))
        x, highest = x + panel.columns, max(highest, _height(panel))
    return places


def _height(panel: Panel) -> int:
    return 4 if panel.big else 8


def _datasource() -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _choice(name: str) -> dashboard.QueryVariable:
    label, query = _VARIABLES[name]
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(_DATASOURCE)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
    )


def _drawn(panel: Panel, x: int, y: int) -> stat.Panel | timeseries.Panel:
    drawn = _number(panel) if panel.big else _curve()
    place = dashboard.dashboard.GridPos(h=_height(panel), w=panel.columns, x=x, y=y)  # type: ignore[attr-defined] # the package names what it re-exports nowhere
    (
        drawn.title(panel.title)
        .description(panel.says)
        .datasource(_DATASOURCE)
        .unit(panel.unit)
        .min(0)
        .no_value(panel.when_none)
        .thresholds(_thresholds(panel.red_from))
        .grid_pos(place)
    )
    for letter, (legend, expression) in zip("ABCDEF", panel.asks.items(), strict=False):
        drawn.with_target(
            prometheus.Dataquery()
            .ref_id(letter)
            .datasource(_DATASOURCE)
            .expr(expression)
            .legend_format(legend or "__auto")
            .range()
        )
    return drawn


def _number(panel: Panel) -> stat.Panel:
    last = common.ReduceDataOptions().calcs(["lastNotNull"])
    coloured = BigValueColorMode.NONE if panel.red_from is None else BigValueColorMode.BACKGROUND
    return (
        stat.Panel()
        .reduce_options(last)
        .graph_mode(BigValueGraphMode.AREA)
        .color_mode(coloured)
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS))
    )


def _curve() -> timeseries.Panel:
    legend = (
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    # Shades of one colour: the usual palette has a red in it.
    shades = dashboard.FieldColor().mode(FieldColorModeId.SHADES).fixed_color(CALM)
    return timeseries.Panel().legend(legend).color_scheme(shades).fill_opacity(8)


def _thresholds(red_from: float | None) -> dashboard.ThresholdsConfig:
    steps = [Threshold(value=None, color=CALM)]
    if red_from is not None:
        steps.append(Threshold(value=red_from, color=RED))
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
