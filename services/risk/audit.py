"""The audit: a chain in which each entry holds the hash of the one before.

What happened, who did it and why: anonymity lifted, data exported, roles changed. Who changes or
removes an entry breaks the chain from there on; who cuts its end off is found by the events it no
longer covers (`deploy/verify/audits.py`). It names no caller and no number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import BigInteger, Column
from sqlmodel import Field, Session

from services.bus.driver import ask
from services.risk.store import Row, moment

#: Nothing comes before the first entry.
BEGINNING = "0" * 64


class AuditKind(StrEnum):
    """What is kept."""

    LIFT_ASKED = "lift_asked"
    LIFT_AGREED = "lift_agreed"
    LIFT_ALONE = "lift_alone"
    LIFT_REFUSED = "lift_refused"
    LIFT_SHOWN = "lift_shown"
    LIFT_REVIEWED = "lift_reviewed"
    LIFT_REVIEW_MISSED = "lift_review_missed"
    EXPORT = "export"
    ROLE_CHANGE = "role_change"


@dataclass(frozen=True)
class AuditEntry:
    """One entry, as it is hashed."""

    at: datetime
    kind: str
    programme: str
    actor: str  #: who; a service where no human did
    role: str
    subject: str  #: what it was about, an id
    reason: str  #: closed words


@dataclass(frozen=True)
class Link:
    """One entry in its place."""

    number: int  #: from 1, dense
    entry: AuditEntry
    previous: str
    hash: str


def hash_of(number: int, entry: AuditEntry, previous: str) -> str:
    """SHA-256 of an entry in its place, in hexadecimal."""
    fields = [
        number,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.kind,
        entry.programme,
        entry.actor,
        entry.role,
        entry.subject,
        entry.reason,
        previous,
    ]
    return sha256(orjson.dumps(fields)).hexdigest()


def first_break(links: Iterable[Link]) -> int | None:
    """Number of the first entry that does not follow from the ones before; None: it verifies."""
    expected, previous = 1, BEGINNING
    for link in links:
        holds = (
            link.number == expected
            and link.previous == previous
            and link.hash == hash_of(link.number, link.entry, previous)
        )
        if not holds:
            return expected
        expected, previous = expected + 1, link.hash
    return None


class AuditRow(Row, table=True):
    """An entry of the chain."""

    __tablename__ = "audit"

    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at: datetime = moment(nullable=False)
    kind: str
    programme: str
    actor: str
    role: str
    subject: str
    reason: str
    previous: str
    hash: str


_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(8001932)"
_END = "SELECT number, hash FROM risk.audit ORDER BY number DESC LIMIT 1"
_APPEND = """
    INSERT INTO risk.audit
        (number, at, kind, programme, actor, role, subject, reason, previous, hash)
    VALUES (%(number)s, %(at)s, %(kind)s, %(programme)s, %(actor)s, %(role)s, %(subject)s,
        %(reason)s, %(previous)s, %(hash)s)
"""


def append(session: Session, entry: AuditEntry) -> None:
    """Add an entry; transactions that do wait for each other, so that the chain has one end."""
    ask(session, _ONE_AT_A_TIME)
    end = ask(session, _END).fetchone()
    number = 1 if end is None else end.number + 1
    previous = BEGINNING if end is None else end.hash
    facts: dict[str, Any] = {**vars(entry), "number": number, "previous": previous}
    ask(session, _APPEND, facts | {"hash": hash_of(number, entry, previous)})
