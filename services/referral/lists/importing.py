"""A list of relays, taken into the directory: row by row, so that a bad one costs itself alone.

A row is read by whoever knows how its list is written; HSDS where nobody else is named.

What a source told before and tells wrong now stays as it was; what a whole list no longer has is
closed, not deleted: referrals name it. Where a row does not even say which relay it is of, as in a
file that was cut, nothing is closed. A relay belongs to the source that brought it first; what
others tell of it is kept beside it, and where they differ is shown (`sources.py`). Once that source
has it no longer, it is whose that tells of it next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlmodel import Session

from contracts.vocabulary import RelayId
from services.bus.driver import ask
from services.referral.directory import entries, sources
from services.referral.directory.relay import Relay
from services.referral.lists.hsds import RowFlaw, read_row

#: Rows between two times somebody is told how far it has come.
_BATCH = 500
_LEADS_NOWHERE = """
    SELECT relay_id, replaced_by FROM referral.entry AS e
    WHERE source = %(source)s AND replaced_by IS NOT NULL
        AND NOT EXISTS (SELECT FROM referral.entry WHERE relay_id = e.replaced_by)
    ORDER BY relay_id
"""


@dataclass(frozen=True)
class Imported:
    """What became of a list, in rows."""

    new: int
    changed: int
    unchanged: int
    closed: int
    told_too: int  #: belong to another source; what this one tells is kept beside it
    skipped: int  #: nobody a line like ours would lead a caller to
    flaws: tuple[RowFlaw, ...]  #: of rows that were refused, and of successors nobody knows
    kept_open: bool = False  #: nothing was closed, as rows do not say which relay they are of


_SLUG = re.compile(r"[a-z]{2}-[a-z0-9][a-z0-9-]{0,40}")
#: Reads the row at a place of its list; the départements there are. None: it is none for us.
Reader = Callable[[int, object, frozenset[str]], Relay | list[RowFlaw] | None]


def import_rows(  # noqa: PLR0913 - a list is all of these
    session: Session,
    source: str,
    rows: Iterable[object],
    departements: frozenset[str],
    at: datetime,
    *,
    whole: bool,
    read: Reader = read_row,
    tell: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Take `rows` into the directory; `whole` when the source has no others.

    `tell` hears how many rows were read so far. The caller commits.
    """
    reading = _Reading(read, departements)
    new = changed = unchanged = told_too = 0
    numbered = enumerate(rows)
    while batch := list(islice(numbered, _BATCH)):
        relays = list(reading.relays(batch))
        before = entries.standing(session, [relay.slug for relay in relays])
        taken, told = [], []
        for relay in relays:
            was = before.get(relay.slug)
            if was is not None and was.source != source and not was.gone:
                told.append(relay)
            elif was is not None and was.digest == entries.digest(relay.row):
                unchanged += 1
            else:
                taken.append(relay)
                new, changed = new + (was is None), changed + (was is not None)
        entries.keep(session, source, taken, at)
        sources.keep(session, source, told, at)
        told_too += len(told)
        tell(batch[-1][0] + 1)
    closing = whole and not reading.nameless
    closed = entries.close_all_but(session, source, reading.seen) if closing else 0
    forgotten = sources.forget_all_but(session, source, reading.seen) if closing else 0
    if new or changed or closed:
        entries.stand_in(session)
    if new or changed or closed or told_too or forgotten:
        sources.compare(session)
    flaws = (*reading.flaws, *_flaws_of_successors(session, source))
    kept_open = whole and not closing
    return Imported(new, changed, unchanged, closed, told_too, reading.skipped, flaws, kept_open)


@dataclass
class _Reading:
    """A list while it is read."""

    read: Reader
    departements: frozenset[str]
    seen: set[str] = field(default_factory=set)  #: relays it has, refused ones too
    flaws: list[RowFlaw] = field(default_factory=list)
    skipped: int = 0
    nameless: bool = False  #: a refused row may be of any relay

    def relays(self, rows: Iterable[tuple[int, object]]) -> Iterator[Relay]:
        """Those of `rows` that can be taken."""
        for place, row in rows:
            read = self.read(place, row, self.departements)
            if read is None:
                self.skipped += 1
            elif not isinstance(read, Relay):
                self.flaws += read
                self.seen.update(flaw.row for flaw in read)  # named, and not gone
                self.nameless |= any(_SLUG.fullmatch(flaw.row) is None for flaw in read)
            elif read.slug in self.seen:
                self.flaws.append(RowFlaw(read.slug, "x_relay.slug", "two rows have it"))
            else:
                self.seen.add(read.slug)
                yield read


def _flaws_of_successors(session: Session, source: str) -> Iterator[RowFlaw]:
    for row in ask(session, _LEADS_NOWHERE, {"source": source}):
        why = f"no row is {RelayId(row.replaced_by)!r}"
        yield RowFlaw(row.relay_id, "x_relay.replaced_by", why)
