"""What a service knows of a contact goes when intake has said that it must.

A service declares it with its deadlines: `forgetting(...)` names the tables. From then on every end
of a contact that it hears of sets one deadline, and the rows go together with it. The surprising
thing: one deadline takes along all that are due, so that a day's contacts are one piece of work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from contracts.contact import ContactEnded
from services.bus.driver import ask
from services.bus.table import Due
from services.bus.work import Work

FORGET = "forget"
#: Contacts in one piece of work; the rest are due still.
MOST_AT_ONCE = 500
#: What is spared is looked at again; less than the day that retention may be late (I26).
ASKED_AGAIN_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class Through:
    """A table without the contact's own id: its rows go with those of another, by a column."""

    table: str
    of: str
    by: str


#: Of these contacts, those that must stay for now.
Spares = Callable[[Session, Sequence[str]], frozenset[str]]


@dataclass(frozen=True)
class Forgetting:
    """What a service does when contacts are to be forgotten."""

    schema: str
    tables: tuple[str | Through, ...]  #: in this order
    spares: Spares | None = None

    def __call__(self, key: str, work: Work) -> None:
        """Forget a contact, and every other that is due."""
        due = [key, *self._others(work)]
        spared = frozenset() if self.spares is None else self.spares(work.session, due)
        gone = [contact for contact in due if contact not in spared]
        for table in self.tables:
            ask(work.session, _delete(self.schema, table), {"contacts": gone})
        for contact in due:
            if contact in spared:
                work.set_deadline(FORGET, contact, work.now + ASKED_AGAIN_AFTER)
            elif contact != key:
                work.clear_deadline(FORGET, contact)

    def _others(self, work: Work) -> list[str]:
        statement = f"""
            SELECT key FROM {self.schema}.deadline WHERE kind = %(kind)s AND due_at <= %(now)s
            ORDER BY due_at, key LIMIT %(most)s FOR UPDATE SKIP LOCKED
        """  # noqa: S608 - a schema of ours, here and below
        asked = {"kind": FORGET, "now": work.now, "most": MOST_AT_ONCE}
        return [row.key for row in ask(work.session, statement, asked)]


def forgetting(schema: str, *tables: str | Through, spares: Spares | None = None) -> Due:
    """The deadline of a service that forgets contacts in these tables."""
    return Due(FORGET, Forgetting(schema, tables, spares))


def remember_to_forget(event: ContactEnded, work: Work) -> None:
    """A contact has ended: until when it may be known."""
    work.set_deadline(FORGET, event.contact_id, event.kept_until)


def _delete(schema: str, table: str | Through) -> str:
    if isinstance(table, str):
        return f"DELETE FROM {schema}.{table} WHERE contact_id = ANY(%(contacts)s)"  # noqa: S608
    return (
        f"DELETE FROM {schema}.{table.table} WHERE {table.by} IN"  # noqa: S608
        f" (SELECT {table.by} FROM {schema}.{table.of} WHERE contact_id = ANY(%(contacts)s))"
    )
