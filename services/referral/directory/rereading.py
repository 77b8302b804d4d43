"""Entries that an earlier release read in its own way are read anew from their documents.

What a search looks at are values, read when a source was imported; a release that reads a document
to other values finds them of another kind (`entries.READ_AS`). A document this release can no
longer read is proposed to nobody, and named: it waits for its source, or for a release that can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from services.bus.driver import ask, only
from services.referral.directory import entries, served
from services.referral.directory.relay import Relay
from services.referral.lists.hsds import RowFlaw, read_row

_AT_ONCE = 500
_OTHERS = """
    SELECT relay_id, source, document, imported_at, NOT active AND digest = '' AS gone,
        serves <> needs AS stands_in
    FROM referral.entry WHERE read_as <> %(read_as)s ORDER BY relay_id LIMIT %(most)s
"""
_HOW_MANY = "SELECT count(*) AS others FROM referral.entry WHERE read_as <> %(read_as)s"
_CLOSE = """
    UPDATE referral.entry SET active = false, read_as = %(read_as)s, known = ''
    WHERE relay_id = ANY(%(ids)s)
"""


@dataclass(frozen=True)
class ReadAnew:
    """What became of some entries."""

    entries: int
    flaws: tuple[RowFlaw, ...]  #: of documents that can no longer be read


def to_read_anew(session: Session) -> int:
    """Entries that were read in another way than this release reads."""
    return int(only(ask(session, _HOW_MANY, {"read_as": entries.READ_AS})).others)


def read_some_anew(session: Session, departements: frozenset[str]) -> ReadAnew:
    """Read some hundreds of them; none are left when it says 0. The caller commits.

    One commit for each call: a release that is stopped goes on where it was, and a desk never
    waits for 140,000 entries.
    """
    asked = {"read_as": entries.READ_AS, "most": _AT_ONCE}
    rows = ask(session, _OTHERS, asked).fetchall()
    flaws: list[RowFlaw] = []
    read: dict[tuple[str, Any], list[Relay]] = {}
    for place, row in enumerate(rows):
        relay = read_row(place, row.document, departements)
        if isinstance(relay, Relay):
            read.setdefault((row.source, row.imported_at), []).append(relay)
        else:
            flaws += (RowFlaw(row.relay_id, flaw.field, flaw.why) for flaw in relay)
    for (source, imported_at), relays in read.items():
        entries.keep(session, source, relays, imported_at)
    entries.close(session, [row.relay_id for row in rows if row.gone])
    _close_unreadable(session, {flaw.row: flaw for flaw in flaws})
    if flaws or any(row.stands_in for row in rows):
        entries.stand_in(session)
    return ReadAnew(len(rows), tuple(flaws))


def _close_unreadable(session: Session, flaws: Mapping[str, RowFlaw]) -> None:
    ask(session, _CLOSE, {"ids": list(flaws), "read_as": entries.READ_AS})
    served.serve(session, list(flaws))
