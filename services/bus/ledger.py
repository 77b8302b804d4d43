"""The ledger of a service: inbox, outbox, deadlines, versions seen, parked messages, lease.

The same six tables in each service's own schema. State, inbox row and outbox rows commit together;
`txid` proves it (invariant I10). Outbox rows are kept for the retention of their class, so that a
stream can be rebuilt from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Session

from contracts.envelope import Reply
from services.bus.work import Announced, Work

_NOW = text("clock_timestamp()")
_TXID = text("txid_current()")


def _moment(name: str, **options: Any) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), **options)


class Ledger:
    """The six tables of one schema, and what is done with them. Never commits."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.metadata = MetaData(schema=service)
        self.inbox = Table(
            "inbox",
            self.metadata,
            Column("id", Text, primary_key=True),
            Column("kind", Text, nullable=False),
            Column("type", Text, nullable=False),
            Column("late", Boolean, nullable=False, server_default=text("false")),
            Column("fingerprint", Text),
            Column("reply", JSONB),
            _moment("handled_at", nullable=False, server_default=_NOW),
            Column("txid", BigInteger, nullable=False, server_default=_TXID),
        )
        self.outbox = Table(
            "outbox",
            self.metadata,
            Column("sequence", BigInteger, primary_key=True, autoincrement=True),
            Column("id", Text, nullable=False, unique=True),
            Column("type", Text, nullable=False),
            Column("stream", Text, nullable=False),
            Column("subject", Text, nullable=False),
            Column("aggregate", Text, nullable=False),
            Column("version", Integer, nullable=False),
            Column("envelope", JSONB, nullable=False),
            Column("body", Text, nullable=False),
            _moment("committed_at", nullable=False, server_default=_NOW),
            Column("txid", BigInteger, nullable=False, server_default=_TXID),
            _moment("published_at"),
            Column("stream_sequence", BigInteger),
            Column("refused", Text),
            UniqueConstraint("aggregate", "version"),
        )
        Index(
            "outbox_waiting",
            self.outbox.c.committed_at,
            postgresql_where=self.outbox.c.published_at.is_(None) & self.outbox.c.refused.is_(None),
        )
        self.deadline = Table(
            "deadline",
            self.metadata,
            Column("kind", Text, primary_key=True),
            Column("key", Text, primary_key=True),
            _moment("due_at", nullable=False, index=True),
        )
        self.seen = Table(
            "seen",
            self.metadata,
            Column("aggregate", Text, primary_key=True),
            Column("version", Integer, nullable=False),
        )
        self.parked = Table(
            "parked",
            self.metadata,
            Column("number", BigInteger, primary_key=True, autoincrement=True),
            Column("stream", Text, nullable=False),
            Column("stream_sequence", BigInteger, nullable=False),
            Column("durable", Text, nullable=False),
            Column("type", Text, nullable=False),
            Column("event_id", Text),
            Column("reason", Text, nullable=False),
            Column("where", Text),
            _moment("parked_at", nullable=False, server_default=_NOW),
            _moment("replayed_at"),
        )
        Index(
            "parked_once",
            self.parked.c.durable,
            self.parked.c.stream_sequence,
            unique=True,
            postgresql_where=self.parked.c.replayed_at.is_(None),
        )
        self.lease = Table(
            "lease",
            self.metadata,
            Column("name", Text, primary_key=True),
            Column("holder", Text, nullable=False),
            Column("epoch", BigInteger, nullable=False),
            _moment("until", nullable=False),
        )

    def receive(self, session: Session, id: str, kind: str, type: str) -> datetime | None:
        """Record that this is being handled; its domain time, or None when it already was."""
        row = session.execute(
            insert(self.inbox)
            .values(id=id, kind=kind, type=type)
            .on_conflict_do_nothing()
            .returning(func.public.helpline_now())
        ).one_or_none()
        return None if row is None else row[0]

    def mark_late(self, session: Session, id: str) -> None:
        """Say of an event that a newer one of its aggregate had been seen."""
        session.execute(self.inbox.update().where(self.inbox.c.id == id).values(late=True))

    def is_newest(self, session: Session, source: str, aggregate: str, version: int) -> bool:
        """Whether no newer event of this aggregate was seen; remembers it if so."""
        statement = insert(self.seen).values(aggregate=f"{source}/{aggregate}", version=version)
        row = session.execute(
            statement.on_conflict_do_update(
                index_elements=["aggregate"],
                set_={"version": statement.excluded.version},
                where=self.seen.c.version < statement.excluded.version,
            ).returning(self.seen.c.version)
        ).one_or_none()
        return row is not None

    def earlier_reply(self, session: Session, id: str) -> tuple[str | None, Reply] | None:
        """Fingerprint and reply of a command or request that was answered before."""
        row = session.execute(
            self.inbox.select()
            .with_only_columns(self.inbox.c.fingerprint, self.inbox.c.reply)
            .where(self.inbox.c.id == id)
        ).one_or_none()
        if row is None or row.reply is None:
            return None
        return row.fingerprint, Reply.model_validate(row.reply)

    def keep_reply(self, session: Session, id: str, fingerprint: str, reply: Reply) -> None:
        """Store the reply with the inbox row of what it answers."""
        session.execute(
            self.inbox.update()
            .where(self.inbox.c.id == id)
            .values(fingerprint=fingerprint, reply=reply.model_dump(mode="json"))
        )

    def write(self, session: Session, work: Work) -> None:
        """Write what the work announced and which deadlines it moved."""
        if work.announced:
            session.execute(self.outbox.insert(), [_outbox_row(item) for item in work.announced])
        due, forgotten = work.moved_deadlines()
        for kind, key in forgotten:
            session.execute(
                self.deadline.delete().where(
                    (self.deadline.c.kind == kind) & (self.deadline.c.key == key)
                )
            )
        if due:
            statement = insert(self.deadline)
            session.execute(
                statement.on_conflict_do_update(
                    index_elements=["kind", "key"], set_={"due_at": statement.excluded.due_at}
                ),
                [{"kind": kind, "key": key, "due_at": at} for (kind, key), at in due.items()],
            )

    def stamp(self, session: Session, published: Sequence[tuple[str, int]]) -> None:
        """Note on rows (event id, stream sequence) that the server has them."""
        session.execute(
            text(
                f"UPDATE {self.service}.outbox AS o SET published_at = clock_timestamp(), "  # noqa: S608 - a schema name of ours
                "stream_sequence = p.sequence FROM unnest(cast(:ids AS text[]), "
                "cast(:sequences AS bigint[])) AS p(id, sequence) "
                "WHERE o.id = p.id AND o.published_at IS NULL"
            ),
            {"ids": [id for id, _ in published], "sequences": [number for _, number in published]},
        )

    def refuse(self, session: Session, id: str, reason: str) -> None:
        """Take a row the server will never accept out of the way; the alarm counts these."""
        session.execute(self.outbox.update().where(self.outbox.c.id == id).values(refused=reason))

    def park(self, session: Session, **row: Any) -> None:
        """Note a message that cannot be handled: where it is, never what it holds."""
        session.execute(insert(self.parked).values(**row).on_conflict_do_nothing())


def _outbox_row(item: Announced) -> dict[str, Any]:
    return {
        "id": item.envelope.id,
        "type": item.envelope.type,
        "stream": item.event.stream.value,
        "subject": item.event.subject(),
        "aggregate": item.envelope.aggregate,
        "version": item.envelope.version,
        "envelope": item.envelope.model_dump(mode="json"),
        "body": item.body,
    }
