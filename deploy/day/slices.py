"""Some hours of a day, as a trace of their own that the judge reads like any other."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.day.trace import Trace, read_trace


@dataclass(frozen=True)
class Hours:
    """From `start` on, and callers who call before `end`; seconds from midnight."""

    start: float
    end: float


def take_hours(trace: Trace, hours: Hours, folder: Path) -> Trace:
    """Write the part of the trace within `hours` to `folder` and read it again.

    Nobody is in a contact when it begins: who is on duty by then starts at its first second.
    """
    folder.mkdir(parents=True, exist_ok=True)
    calls = [row for row in _read(trace, "arrivals") if hours.start <= float(row["t"]) < hours.end]
    shifts = [
        row | {"start": str(max(float(row["start"]), hours.start))}
        for row in _read(trace, "shifts")
        if float(row["end"]) > hours.start and float(row["start"]) < hours.end
    ]
    _write(folder / "arrivals.csv", calls)
    _write(folder / "listeners.csv", _read(trace, "listeners"))
    _write(folder / "shifts.csv", shifts)
    span = [hours.start, hours.end]
    meta = dict(trace.meta) | {"calls": len(calls), "open": span}
    (folder / "meta.json").write_text(json.dumps(meta, indent=1))
    return replace(read_trace(folder), folder=folder)


def _read(trace: Trace, name: str) -> list[dict[str, str]]:
    with (trace.folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys() if rows else ["none"])
        writer.writeheader()
        writer.writerows(rows)
