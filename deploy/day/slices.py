"""Some hours of a day, as a trace of their own that the judge reads like any other."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from random import Random

from deploy.day.trace import Trace, read_trace


@dataclass(frozen=True)
class Hours:
    """From `start` on, and callers who call before `end`; seconds from midnight."""

    start: float
    end: float


WHOLE = Hours(0.0, inf)

#: A copied caller calls within so many seconds of the one they are like.
_SURGE_SECONDS = 900.0


def take_hours(trace: Trace, hours: Hours, folder: Path, surge: int = 1) -> Trace:
    """Write the part of the trace within `hours` to `folder` and read it again.

    Nobody is in a contact when it begins: who is on duty by then starts at its first second.
    `surge`: so many callers for each of the trace, alike, around the same time; the same ones each
    time it is taken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    calls = [row for row in _read(trace, "arrivals") if hours.start <= float(row["t"]) < hours.end]
    last = float(calls[-1]["t"]) if calls else hours.start
    span = Hours(hours.start, hours.end if hours.end < inf else last)
    surged = tuple(_surged(calls, surge, span))
    shifts = [
        row | {"start": str(max(float(row["start"]), hours.start))}
        for row in _read(trace, "shifts")
        if float(row["end"]) > hours.start and float(row["start"]) < hours.end
    ]
    _write(folder / "arrivals.csv", surged)
    _write(folder / "listeners.csv", _read(trace, "listeners"))
    _write(folder / "shifts.csv", shifts)
    meta = dict(trace.meta) | {"calls": len(surged)}
    if hours.end < inf:
        meta["open"] = [hours.start, hours.end]
    (folder / "meta.json").write_text(json.dumps(meta, indent=1))
    return replace(read_trace(folder), folder=folder)


def _surged(
    calls: Sequence[Mapping[str, str]], surge: int, span: Hours
) -> Iterator[Mapping[str, str]]:
    dice = Random(surge)
    for call in calls:
        yield call
        for copy in range(1, surge):
            moved = float(call["t"]) + dice.uniform(-_SURGE_SECONDS, _SURGE_SECONDS)
            at = max(min(moved, span.end - 0.001), span.start)
            yield dict(call) | {"call_id": f"{call['call_id']}-{copy}", "t": f"{at:.3f}"}


def _read(trace: Trace, name: str) -> list[dict[str, str]]:
    with (trace.folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys() if rows else ["none"])
        writer.writeheader()
        writer.writerows(rows)
