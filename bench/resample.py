"""Scores the assignment policy on a known day and on days resampled from it, so that luck shows.

`python -m bench.resample pressday [--days 5] [--way-out]`: a resampled day draws its callers anew
from those of the trace, at times drawn from the trace's, with the same people on the same shifts.
Reads `$HELPLINE_SHARED/judge`, by default `../shared` beside the repository. The surprising thing:
the same policy differs twofold from day to day, so a gain on one day proves nothing.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from random import Random

REPOSITORY = Path(__file__).resolve().parent.parent
JUDGE = Path(os.environ.get("HELPLINE_SHARED", REPOSITORY.parent / "shared")) / "judge"
#: A caller's time moves by so much at most, so that the curve of the day keeps its shape.
JITTER_SECONDS = 900.0
DAY_SECONDS = 86_400.0
COLUMNS = ("cost_per_call", "answered", "abandoned", "overflow", "mean_wait", "rest_violations")


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


def score(trace: Path, way_out: bool) -> dict[str, float]:
    """Play one day through the adapter and score it; raises CalledProcessError when invalid."""
    adapter = [sys.executable, "-m", "services.assignment.judge", *["--way-out"] * way_out]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        drive = [sys.executable, str(JUDGE / "drive.py"), str(trace), str(log), "--", *adapter]
        subprocess.run(drive, cwd=REPOSITORY, check=True, capture_output=True)
        scorer = [sys.executable, str(JUDGE / "score.py"), str(trace), str(log), "--json"]
        scored = subprocess.run(scorer, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(scored.stdout)
    return result


def scores(trace: Path, days: int, way_out: bool) -> Iterator[tuple[str, dict[str, float]]]:
    """The given day first, then so many resampled ones."""
    yield trace.name, score(trace, way_out)
    for seed in range(1, days + 1):
        with tempfile.TemporaryDirectory() as folder:
            resample(trace, Path(folder) / "day", seed)
            yield f"seed {seed}", score(Path(folder) / "day", way_out)


def main() -> None:
    """Print a row for each day and the mean of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trace", help="pressday, detresse, or a folder")
    parser.add_argument("--days", type=int, default=5, help="resampled days")
    parser.add_argument("--way-out", action="store_true", help="propose ways out")
    asked = parser.parse_args()
    known = JUDGE / "traces" / asked.trace
    trace = known if known.exists() else Path(asked.trace)
    sys.stdout.write(f"{'day':<10}" + "".join(f"{c:>16}" for c in COLUMNS) + "\n")
    rows: list[dict[str, float]] = []
    for name, row in scores(trace, asked.days, asked.way_out):
        rows.append(row)
        sys.stdout.write(f"{name:<10}" + "".join(f"{row[c]:>16.3f}" for c in COLUMNS) + "\n")
        sys.stdout.flush()
    means = (sum(row[c] for row in rows) / len(rows) for c in COLUMNS)
    sys.stdout.write(f"{'mean':<10}" + "".join(f"{m:>16.3f}" for m in means) + "\n")


if __name__ == "__main__":
    main()
