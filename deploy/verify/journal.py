"""The journal of who stood at the doors: what callers were answered, and what nonsense was sent.

The platform cannot know what an edge told a caller when the platform itself forgot it; so whoever
plays the callers (the driver of the day, an edge) writes it down, one JSON object on a line:

    {"type": "contact_opened", "contact_id": ID}            a caller was told they are in contact
    {"type": "malformed_sent", "request_id": ID}            a malformed request went to a door
    {"type": "malformed_answered", "request_id": ID, "status": 422, "refusal": "unknown_field"}

Other lines are somebody else's and are skipped, so that one file can serve several readers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class JournalUnreadable(Exception):
    """A line of the journal is not JSON, or lacks a field; the message says which line."""


@dataclass(frozen=True)
class Answered:
    """The answer of a door to a malformed request."""

    request_id: str
    status: int
    refusal: str | None


@dataclass(frozen=True)
class Journal:
    """What was seen from outside."""

    contacts: tuple[str, ...] = ()
    malformed: tuple[str, ...] = ()
    answers: tuple[Answered, ...] = ()


def read_journal(path: Path) -> Journal:
    """Read a journal; OSError when there is none, JournalUnreadable when it is damaged."""
    with path.open(encoding="utf-8") as lines:
        return parse_journal(lines)


def parse_journal(lines: Iterable[str]) -> Journal:
    """Read the lines of a journal."""
    contacts: list[str] = []
    malformed: list[str] = []
    answers: list[Answered] = []
    for number, line in enumerate(lines, 1):
        entry = _entry(number, line)
        try:
            match entry.get("type"):
                case "contact_opened":
                    contacts.append(str(entry["contact_id"]))
                case "malformed_sent":
                    malformed.append(str(entry["request_id"]))
                case "malformed_answered":
                    answers.append(
                        Answered(entry["request_id"], int(entry["status"]), entry.get("refusal"))
                    )
        except (KeyError, TypeError, ValueError) as error:
            raise JournalUnreadable(f"line {number} lacks a field: {error}") from None
    return Journal(tuple(contacts), tuple(malformed), tuple(answers))


def _entry(number: int, line: str) -> dict[str, Any]:
    if not line.strip():
        return {}
    try:
        entry = json.loads(line)
    except ValueError:
        raise JournalUnreadable(f"line {number} is not JSON") from None
    if not isinstance(entry, dict):
        raise JournalUnreadable(f"line {number} is not an object")
    return entry
