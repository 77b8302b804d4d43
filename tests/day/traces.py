"""Builders of small traces, in the judge's own files."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.day.trace import Trace, read_trace

Row = Mapping[str, object]

_CALL: Row = {
    "region": "r00",
    "need": "ecoute",
    "langs": "fr",
    "risk": 0,
    "patience": 100,
    "triage": 60,
    "talk": 600,
    "wrap": 100,
    "hard": 0,
}
_LISTENER: Row = {"region": "r00", "skills": "ecoute|deuil", "langs": "fr", "accred": 1}


def a_call(call_id: str, at: float, **other: object) -> Row:
    """A row of arrivals.csv."""
    return {"call_id": call_id, "t": at, **_CALL, **other}


def a_listener(listener_id: str, **other: object) -> Row:
    """A row of listeners.csv."""
    return {"listener_id": listener_id, **_LISTENER, **other}


def a_shift(person_id: str, start: float, end: float, role: str = "listener") -> Row:
    """A row of shifts.csv."""
    return {"id": person_id, "role": role, "start": start, "end": end}


def a_trace(
    folder: Path, calls: Sequence[Row], listeners: Sequence[Row], shifts: Sequence[Row]
) -> Trace:
    """Write a trace and read it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("arrivals", calls), ("listeners", listeners), ("shifts", shifts)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
    meta = {"name": "small", "regulators": True, "calls": len(calls), "rules": {}}
    (folder / "meta.json").write_text(json.dumps(meta))
    return read_trace(folder)
