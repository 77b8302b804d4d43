"""A list of relays, taken into the directory: row by row, so that a bad one costs itself alone.

What a source told before and tells wrong now stays as it was; what a whole list no longer has is
closed, not deleted: referrals name it. A relay belongs to the source that brought it first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from contracts.vocabulary import RelayId
from services.bus.driver import ask
from services.referral import entries
from services.referral.hsds import RowFlaw, read_row
from services.referral.relay import Relay

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
    flaws: tuple[RowFlaw, ...]  #: of rows that were refused, and of successors nobody knows


def import_rows(  # noqa: PLR0913 - a list is all of these
    session: Session,
    source: str,
    rows: Sequence[object],
    departements: frozenset[str],
    at: datetime,
    *,
    whole: bool,
    tell: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Take `rows` of HSDS into the directory; `whole` when the source has no others.

    `tell` hears how many rows were read so far. The caller commits.
    """
    seen: set[str] = set()
    flaws: list[RowFlaw] = []
    new = changed = unchanged = 0
    for first in range(0, len(rows), _BATCH):
        batch = rows[first : first + _BATCH]
        relays = list(_read(enumerate(batch, first), departements, seen, flaws))
        before = entries.standing(session, [relay.slug for relay in relays])
        taken = []
        for relay in relays:
            was = before.get(relay.slug)
            if was is not None and was.source != source:
                flaws.append(RowFlaw(relay.slug, "x_relay.slug", f"is kept from {was.source}"))
            elif was is not None and was.digest == entries.digest(relay.row):
                unchanged += 1
            else:
                taken.append(relay)
                new, changed = new + (was is None), changed + (was is not None)
        entries.keep(session, source, taken, at)
        tell(first + len(batch))
    closed = entries.close_all_but(session, source, seen) if whole else 0
    if new or changed or closed:
        entries.stand_in(session)
    flaws += _flaws_of_successors(session, source)
    return Imported(new, changed, unchanged, closed, tuple(flaws))


def _read(
    rows: Iterable[tuple[int, object]],
    departements: frozenset[str],
    seen: set[str],
    flaws: list[RowFlaw],
) -> Iterator[Relay]:
    for place, row in rows:
        read = read_row(place, row, departements)
        if not isinstance(read, Relay):
            flaws += read
            seen.update(flaw.row for flaw in read)  # named, and not gone
        elif read.slug in seen:
            flaws.append(RowFlaw(read.slug, "x_relay.slug", "two rows have it"))
        else:
            seen.add(read.slug)
            yield read


def _flaws_of_successors(session: Session, source: str) -> Iterator[RowFlaw]:
    for row in ask(session, _LEADS_NOWHERE, {"source": source}):
        why = f"no row is {RelayId(row.replaced_by)!r}"
        yield RowFlaw(row.relay_id, "x_relay.replaced_by", why)
