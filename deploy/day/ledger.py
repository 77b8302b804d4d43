"""Whether the platform's ledger and the driver's log tell of the same calls: nothing lost or twice.

The one thing here that does not go through a door: the ledger is read as the checker reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from deploy.day.caller import Caller
from deploy.day.stamps import Line

_READ = "SELECT contact_id, state, outcome FROM intake.contact"


@dataclass(frozen=True)
class Reconciled:
    """What both sides say of every call."""

    calls: int
    never_opened: int  #: callers the door gave no contact to
    lost: int  #: contacts the door had opened and the ledger does not know
    twice: int  #: contacts in the ledger that belong to no caller
    not_ended: int
    #: What became of a caller by the driver's log, and of the contact by the ledger.
    endings: Counter[tuple[str, str]]

    @property
    def sound(self) -> bool:
        """Whether no call was lost, doubled or left hanging."""
        return not (self.lost or self.twice or self.not_ended or self.never_opened)


def reconcile(owner_dsn: str, callers: Iterable[Caller]) -> Reconciled:
    """Compare; psycopg.Error when the database cannot be reached."""
    with psycopg.connect(owner_dsn) as connection:
        rows = connection.execute(_READ).fetchall()
    return compare({row[0]: (row[1], row[2]) for row in rows}, tuple(callers))


def compare(ledger: dict[str, tuple[str, str | None]], callers: tuple[Caller, ...]) -> Reconciled:
    """Compare the ledger's contacts (state and outcome by id) with the callers of the trace."""
    opened = {caller.contact_id: caller for caller in callers if caller.contact_id is not None}
    endings: Counter[tuple[str, str]] = Counter()
    for contact_id, (state, outcome) in ledger.items():
        caller = opened.get(contact_id)
        ours = "unknown" if caller is None else (caller.place or Line.GONE).value
        endings[ours, outcome or state] += 1
    return Reconciled(
        calls=len(callers),
        never_opened=len(callers) - len(opened),
        lost=len(opened.keys() - ledger.keys()),
        twice=len(ledger.keys() - opened.keys()),
        not_ended=sum(state != "ended" for state, _ in ledger.values()),
        endings=endings,
    )
