"""One holder at a time for an exclusive service, in Postgres, in machine time.

The holder renews each second and has lost the lease three seconds after its last renewal; every
transaction checks it (`Transactions._hold_lease`), so that a process that was stopped and wakes up
cannot commit a decision. Another process takes over within five seconds.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import case, func, or_
from sqlalchemy.dialects.postgresql import insert

from services.bus.lane import Lane
from services.bus.ledger import Ledger


class Lease:
    """The lease of one service, as one process sees it."""

    def __init__(self, ledger: Ledger, lane: Lane, holder: str, seconds: float) -> None:
        self._table = ledger.lease
        self._lane = lane
        self._holder = holder
        self._length = timedelta(seconds=seconds)
        self.renew_every_seconds = seconds / 3

    def take_or_renew(self) -> int | None:
        """Take the lease if it is free, or renew it; its epoch, or None when another holds it.

        A lease that had run out gets a new epoch even for its own holder: what was begun under the
        old one can no longer commit.
        """
        lease = self._table
        until = func.clock_timestamp() + self._length
        still_mine = (lease.c.holder == self._holder) & (lease.c.until > func.clock_timestamp())
        taken = (
            insert(lease)
            .values(
                name=lease.schema,
                holder=self._holder,
                epoch=1,
                since=func.clock_timestamp(),
                until=until,
            )
            .on_conflict_do_update(
                index_elements=["name"],
                set_={
                    "holder": self._holder,
                    "until": until,
                    "since": case((still_mine, lease.c.since), else_=func.clock_timestamp()),
                    "epoch": case((still_mine, lease.c.epoch), else_=lease.c.epoch + 1),
                },
                where=or_(still_mine, lease.c.until <= func.clock_timestamp()),
            )
            .returning(lease.c.epoch)
        )
        with self._lane.session() as session, session.begin():
            row = session.execute(taken).one_or_none()
        return None if row is None else int(row[0])

    def give_up(self) -> None:
        """Let another take it at once: on a planned stop."""
        lease = self._table
        with self._lane.session() as session, session.begin():
            session.execute(
                lease.update()
                .where(lease.c.holder == self._holder)
                .values(until=func.clock_timestamp())
            )
