"""Row `policy`: the assignment policy alone, on recorded days and on days resampled from them.

A resampled day draws its callers anew from those of the trace, at times drawn from the trace's,
with the same people on the same shifts. Beside it the judge's own example, who gives the first
caller to whoever has been free longest. The surprising thing: the same policy differs twofold from
day to day, so a gain on one day proves nothing.
"""

from __future__ import annotations

import csv
import shutil
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from bench.figures import Figure
from bench.setting import Setting
from deploy.day.judged import Judge
from deploy.day.options import shared_folder

ROW = "policy"
#: A caller's time moves by so much at most, so that the curve of the day keeps its shape.
JITTER_SECONDS = 900.0
DAY_SECONDS = 86_400.0
#: Mean cost per call to reach, by trace: with ways out, and with none.
TARGETS = {"pressday": (0.66, 0.92), "detresse": (1.60, 2.40)}
#: Of the callers of risk 2 and 3 of the press day, how many may give up.
AT_RISK_LOST = 0.03
_BREACHES = ("rest_violations", "lang_mismatch", "sent_away_at_risk")


def open_spans(trace: Path) -> list[tuple[float, float]]:
    """When at least one listener is on shift, in seconds of the trace, in order."""
    spans: list[tuple[float, float]] = []
    with (trace / "shifts.csv").open() as rows:
        shifts = [r for r in csv.DictReader(rows) if r["role"] == "listener"]
    for start, end in sorted((float(r["start"]), float(r["end"])) for r in shifts):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def resampled_times(times: list[float], spans: list[tuple[float, float]], dice: Random) -> float:
    """One time of arrival: one of the trace, on any of its days, moved a little, while open."""
    days = int(max(times) // DAY_SECONDS) + 1
    starts = [start for start, _ in spans]
    while True:
        at = dice.choice(times)
        if days > 1:
            at = at % DAY_SECONDS + DAY_SECONDS * dice.randrange(days)
        at += dice.uniform(-JITTER_SECONDS, JITTER_SECONDS)
        index = bisect_right(starts, at) - 1
        if index >= 0 and at < spans[index][1]:
            return at


def resample(trace: Path, out: Path, seed: int) -> None:
    """Write a day like `trace` to `out`: as many callers on average, drawn as they are."""
    dice = Random(seed)
    with (trace / "arrivals.csv").open() as file:
        rows = list(csv.DictReader(file))
    times, spans = [float(row["t"]) for row in rows], open_spans(trace)
    count = round(dice.gauss(len(rows), len(rows) ** 0.5))
    drawn = sorted(resampled_times(times, spans, dice) for _ in range(count))
    out.mkdir(parents=True)
    for name in ("listeners.csv", "shifts.csv", "meta.json"):
        shutil.copyfile(trace / name, out / name)
    with (out / "arrivals.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        for number, at in enumerate(drawn):
            caller = {"call_id": f"c{number:06}", "t": f"{at:.3f}"}
            writer.writerow({**dice.choice(rows), **caller})


def measure(setting: Setting) -> list[Figure]:
    """The given day and `setting.days` resampled ones of each trace, with ways out and without."""
    judge = Judge(shared_folder() / "judge")
    figures: list[Figure] = []
    for name, targets in TARGETS.items():
        trace = judge.folder / "traces" / name
        example = judge.play(trace, (sys.executable, str(judge.folder / "example_policy.py")))
        for way_out, target in zip((True, False), targets, strict=True):
            with TemporaryDirectory() as scratch:
                days = (trace, *_resampled(trace, Path(scratch), setting.days))
                scores = [judge.play_policy(day, way_out=way_out) for day in days]
            what = f"{name}, {'with ways out' if way_out else 'none sent away'}"
            beside = f"example, given day {example['cost_per_call']:.2f}"
            figures += _figures(what, target, scores, beside)
    return figures


def _resampled(trace: Path, folder: Path, days: int) -> Iterator[Path]:
    for seed in range(1, days + 1):
        resample(trace, folder / str(seed), seed)
        yield folder / str(seed)


def _figures(
    what: str, target: float, scores: Sequence[dict[str, Any]], beside: str
) -> Iterator[Figure]:
    costs = [score["cost_per_call"] for score in scores]
    spread = f"given day {costs[0]:.2f}, {min(costs):.2f} to {max(costs):.2f}; {beside}"
    mean = sum(costs) / len(costs)
    yield Figure(ROW, f"{what}: cost per call", mean, "", spread, target)
    at_risk = [
        band for score in scores for risk, band in score["by_risk"].items() if int(risk) >= 2
    ]
    lost = sum(band["abandoned"] * band["n"] for band in at_risk)
    share = lost / sum(band["n"] for band in at_risk)
    limit = AT_RISK_LOST if what.startswith("pressday") else None
    yield Figure(ROW, f"{what}: share given up at risk 2 and 3", share, "", "", limit)
    breaches = sum(score[breach] for score in scores for breach in _BREACHES)
    breaches += sum(not score["valid"] for score in scores)
    yield Figure(ROW, f"{what}: breaches", breaches, "", "rest, language, at risk, log", 0)
