"""Pictures of dashboards show what Prometheus answered, and say that they are no screenshots."""

import json

import httpx
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from observability.pictures import LABEL, Span, drawn, png_of, said
from tests.observability.boards import boards

SPAN = Span(1_600_000_000.0, 1_600_000_600.0)
RED = "#c4162a"
VALUES = [[SPAN.start, "3"], [SPAN.end, "3"]]


def answering(value: float) -> httpx.Client:
    """A Prometheus of which everything is so much, but for one moment of which it knows nothing."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert "$" not in request.url.params["query"]
        points = [[SPAN.start, "NaN"], [SPAN.start + 60, str(value)], [SPAN.end, str(value)]]
        result = [{"metric": {"service": "risk"}, "values": points}]
        return httpx.Response(
            200, text=json.dumps({"status": "success", "data": {"result": result}})
        )

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://prometheus")


def a_night_wall(value: float) -> Figure:
    return drawn(boards()["helpline-night-wall"], answering(value), SPAN, "")


def test_picture_has_a_place_for_each_panel_and_says_what_it_is() -> None:
    figure = a_night_wall(2)
    titles = {axes.get_title(loc="left") for axes in figure.axes}
    assert titles == {panel["title"] for panel in boards()["helpline-night-wall"]["panels"]}
    assert any(LABEL in text.get_text() for text in figure.texts)
    assert "not a Grafana screenshot" in LABEL


@pytest.mark.parametrize(("waiting", "red"), [(2, False), (3, True)])
def test_number_is_red_from_where_the_dashboard_says(waiting: float, red: bool) -> None:
    (now,) = (
        axes for axes in a_night_wall(waiting).axes if axes.get_title(loc="left") == "Waiting now"
    )
    assert (to_hex(now.get_facecolor()) == RED) is red
    assert [text.get_text() for text in now.texts] == [str(waiting)]


@pytest.mark.parametrize(
    "name",
    ["risk", "assignment assignment.finish_wrap_up.v1", "referral referral.relay_outcome_given.v1"],
)
def test_names_of_curves_stay_within_their_panel_and_above_the_curves(name: str) -> None:
    told = [{"metric": {"service": f"{name}{each}"}, "values": VALUES} for each in range(12)]

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"status": "success", "data": {"result": told}})

    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://prometheus")
    figure = drawn(boards()["helpline-services"], client, SPAN, "")
    figure.draw_without_rendering()
    assert figure.axes
    for axes in figure.axes:
        legend = axes.get_legend()
        assert legend is not None
        names, panel = legend.get_window_extent(), axes.get_window_extent()
        assert panel.x0 <= names.x0 <= names.x1 <= panel.x1
        highest = max(max(np.asarray(line.get_ydata(), dtype=float)) for line in axes.lines)
        assert names.y0 >= axes.transData.transform((0, highest))[1]


def test_picture_is_small() -> None:
    picture = png_of(a_night_wall(7))
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 150_000


def test_moment_nobody_knows_is_no_point() -> None:
    lines = [line for axes in a_night_wall(2).axes for line in axes.lines]
    assert lines
    assert all(np.isfinite(np.asarray(line.get_ydata(), dtype=float)).all() for line in lines)


def test_numbers_are_said_in_their_unit() -> None:
    words = {
        "percentunit": said(0.875, "percentunit"),
        "s": said(42, "s"),
        "long": said(300, "s"),
        "bytes": said(3 * 2**20, "bytes"),
        "ops": said(1.5, "ops"),
    }
    assert words == {
        "percentunit": "87.5 %",
        "s": "42 s",
        "long": "5 min",
        "bytes": "3 MiB",
        "ops": "1.5/s",
    }


def test_a_rate_is_never_taken_over_fewer_than_four_scrapes() -> None:
    assert Span(0, 240).filled_in("rate(x[$__rate_interval])") == "rate(x[60s])"
    assert Span(0, 86_400).filled_in("rate(x[$__rate_interval])") == "rate(x[1440s])"
