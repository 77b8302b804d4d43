"""The directory as it is known now: the file, and what people found out about its rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from contracts.vocabulary import RelayId
from services.referral.index import Directory
from services.referral.relay import Relay
from services.referral.store import RelayRow

#: What a row of the ledger adds to a row of the file.
_Mark = tuple[str, datetime | None, bool, bool | None, datetime | None, int | None]


class KnownDirectory:
    """The committed directory with what was found out; built anew only when that has changed."""

    def __init__(self, committed: Directory) -> None:
        self._committed = committed
        self._built: tuple[tuple[_Mark, ...], Directory] = ((), committed)

    def with_what_is_known(self, rows: tuple[RelayRow, ...]) -> Directory:
        """The directory with these rows' findings."""
        marks = tuple(_mark(row) for row in rows)
        kept, directory = self._built
        if marks != kept:
            found = {row.relay_id: row for row in rows}
            directory = Directory(
                _as_found(relay, found.get(relay.slug)) for relay in self._committed.relays
            )
            self._built = (marks, directory)
        return directory

    def relay(self, relay_id: RelayId, rows: tuple[RelayRow, ...]) -> Relay | None:
        """One row as it is known now."""
        return self.with_what_is_known(rows).by_slug.get(relay_id)


def _mark(row: RelayRow) -> _Mark:
    return (
        row.relay_id,
        row.verified_at,
        row.withdrawn,
        row.saturated,
        row.observed_at,
        row.lifetime_minutes,
    )


def _as_found(relay: Relay, row: RelayRow | None) -> Relay:
    if row is None:
        return relay
    verified_at = None if row.withdrawn else row.verified_at or relay.verified_at
    return replace(relay, verified_at=verified_at, saturation=row.saturation or relay.saturation)
