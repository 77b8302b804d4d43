"""Advice for a line: patience from censored waits, hours, and saying that it cannot be."""

from pathlib import Path
from random import Random

import pytest

from deploy.staffing.advice import Line, People, advise, judge, spread
from deploy.staffing.command import main
from deploy.staffing.erlang import Target
from deploy.staffing.patience import FEWEST_LEFT, Waited, estimate_patience


def test_patience_is_found_though_most_were_answered_first() -> None:
    random = Random(7)
    waits = []
    for _ in range(20_000):
        patience, answered = random.expovariate(1 / 240), random.expovariate(1 / 40)
        waits.append(Waited(min(patience, answered), patience < answered))
    found = estimate_patience(waits)
    assert found is not None
    assert found.mean_seconds == pytest.approx(240, rel=0.05)
    assert found.low_seconds < 240 < found.high_seconds
    gone = [wait.seconds for wait in waits if wait.left]
    assert sum(gone) / len(gone) < 60  # what looking at those who left alone would say


def test_too_few_who_left_say_nothing() -> None:
    waits = [Waited(30, True)] * (FEWEST_LEFT - 1) + [Waited(30, False)] * 1000
    assert estimate_patience(waits) is None


LINE = Line(900, 120, 1.25, Target(0.8, 20))


def test_rest_is_planned_on_top_and_a_silent_hour_still_has_somebody() -> None:
    hours = {each.hour: each for each in advise({0: 40.0, 1: 0.0}, LINE)}
    bare = next(iter(advise({0: 40.0}, Line(900, 120, 1.0, LINE.target))))
    assert bare.listeners is not None
    assert hours[0].listeners == -int(-bare.listeners * 1.25 // 1)
    assert hours[1].listeners == 1


def test_calls_of_a_day_are_spread_as_hours_are_open() -> None:
    calls = spread(100, {9: 1.0, 10: 0.5, 33: 1.0, 34: 0.5})
    assert sum(calls.values()) == pytest.approx(200)
    assert calls[9] == pytest.approx(2 * calls[10])


def test_more_than_the_people_there_can_do_is_infeasible_by_arithmetic_alone() -> None:
    calls = spread(2500, dict.fromkeys(range(168), 1.0))
    verdict = judge(tuple(advise(calls, LINE)), LINE, People(150, 4))
    assert verdict.feasible is False
    assert verdict.talk_hours == pytest.approx(2500 * 7 / 4)
    assert verdict.calls_possible_a_week == pytest.approx(600 * 4)
    assert judge(tuple(advise(calls, LINE)), LINE, People(150, 4000)).feasible is True
    assert judge(tuple(advise(calls, LINE)), LINE, None).feasible is None


def test_line_of_the_first_spring_says_infeasible_and_shows_why(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    told = main(["--programme", "sos-confinement", "--run-dir", str(tmp_path)])
    said = capsys.readouterr().out
    assert told == 1
    assert "2,500 par jour (manifeste" in said
    assert "150 bénévoles x 4 h = 600 h" in said
    assert "17,500 appels par semaine x" in said
    assert "INFAISABLE : il manque" in said


def test_hours_are_written_for_a_spreadsheet(tmp_path: Path) -> None:
    file = tmp_path / "hours.csv"
    wish = ["--programme", "sos-crise", "--calls-per-day", "40", "--run-dir", str(tmp_path)]
    assert main([*wish, "--volunteers", "500", "--csv", str(file)]) == 0
    heads, *rows = file.read_text().splitlines()
    assert heads.startswith("weekday,hour,calls,listeners")
    assert len(rows) >= 7 * 12


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--programme", "sos-nulle-part"], "pas de ligne"),
        (["--programme", "sos-crise"], "--calls-per-day"),
    ],
)
def test_nothing_to_advise_from_is_a_sentence(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([*options, "--run-dir", str(tmp_path)]) == 2
    assert says in capsys.readouterr().err
