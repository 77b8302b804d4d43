"""Every value a ledger or a stream keeps of a contact that could tell two contacts as one caller's.

Words of closed lists, moments and small numbers say nothing of who called; whatever else stands in
a row or a message is read here, wherever it is kept: a new column needs no word in this file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from services.bus.table import Service


class Trace(NamedTuple):
    """A value that is kept of a contact, and where."""

    place: str  #: a column of a table, or a field of an event; of nested ones the whole path
    contact_id: str
    value: str


#: Enough of a value to tell it from another; a sealed text is long.
_LONGEST = 96
#: A number from here on may be anybody's; smaller ones count something.
_LARGE = 1_000_000
_DIGITS = 4  #: of a pass, of a number; fewer are a place's or a priority's

_WORD = re.compile(r"[A-Za-z0-9_.:/+-]{0,40}")
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ].*)?|-?(\d+ days?,? )?\d\d:\d\d:\d\d(\.\d+)?|-?P[\dTDHMSWY.-]+"
)


def says_who(value: str) -> bool:
    """Whether a value could be one caller's alone: no moment, and no short word of few digits."""
    if _MOMENT.fullmatch(value):
        return False
    digits = sum(letter.isdigit() for letter in value)
    return digits >= _DIGITS or not _WORD.fullmatch(value)


def traces_in(place: str, told: Any, contact_id: str | None = None) -> Iterator[Trace]:
    """Every such value of a row or a body, each with the contact it stands beside."""
    match told:
        case dict():
            named = told.get("contact_id")
            contact = named if isinstance(named, str) else contact_id
            for name, inner in told.items():
                yield from traces_in(f"{place}.{name}", inner, contact)
        case list():
            for inner in told:
                yield from traces_in(place, inner, contact_id)
        case str() if contact_id is not None and says_who(told):
            yield Trace(place, contact_id, told[:_LONGEST])
        case int() if contact_id is not None and told >= _LARGE:
            yield Trace(place, contact_id, str(told))


def values_in(told: Any) -> Iterator[str]:
    """Every such value of something that is about no contact."""
    match told:
        case dict():
            for inner in told.values():
                yield from values_in(inner)
        case list():
            for inner in told:
                yield from values_in(inner)
        case str() if says_who(told):
            yield told[:_LONGEST]


def traces_kept(connection: Connection, services: Iterable[Service]) -> tuple[Trace, ...]:
    """Every such value in the tables of the services, and in the replies they keep."""
    found: dict[Trace, None] = {}
    for service in services:
        for table in service.tables.tables.values():
            rows = connection.execute(text(f"SELECT to_jsonb(kept)::text FROM {table} AS kept"))  # noqa: S608 - tables of ours
            found |= _of_rows(str(table), rows)
        replies = connection.execute(
            text(
                f"SELECT jsonb_build_object('reply', reply)::text FROM {service.name}.inbox"  # noqa: S608 - a schema of ours
                " WHERE reply IS NOT NULL"
            )
        )
        found |= _of_rows(f"{service.name}.inbox", replies)
    return tuple(found)


def said_of_lines(connection: Connection) -> frozenset[str]:
    """Every such value a version of a line holds: words and numbers any caller may be told."""
    asked = text("SELECT to_jsonb(line)::text FROM intake.programme_version AS line")
    rows = connection.execute(asked)
    return frozenset(value for row in rows for value in values_in(orjson.loads(row[0])))


def _of_rows(place: str, rows: Iterable[Any]) -> Mapping[Trace, None]:
    return {trace: None for row in rows for trace in traces_in(place, orjson.loads(row[0]))}
