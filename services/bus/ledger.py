"""The ledger of a service: inbox, outbox, deadlines, versions seen, parked messages, lease.

The same six tables in each service's own schema. State, inbox row and outbox rows commit together;
`txid` proves it (invariant I10). Outbox rows are kept for the retention of their class, so that a
stream can be rebuilt from them.

What every piece of work runs goes to the driver as it stands (statements.py, driver.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Session

from contracts.envelope import Reply
from services.bus.driver import ask, only
from services.bus.statements import Statements
from services.bus.work import Announced, Work

_NOW = text("clock_timestamp()")
_TXID = text("txid_current()")


def _moment(name: str, **options: Any) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), **options)


@dataclass(frozen=True)
class Arrival:
    """Something that is handled once: `kind` is event, command, deadline or settle.

    `aggregate` (with its publisher) and `version` of an event whose newer ones would make it late;
    None where no versions are kept.
    """

    id: str
    kind: str
    type: str
    aggregate: str | None = None
    version: int = 0


@dataclass(frozen=True)
class Received:
    """What the ledger says of an arrival."""

    held: bool  #: the lease, where one is needed
    now: datetime | None  #: domain time; None when it was handled before
    newest: bool  #: no newer event of its aggregate was seen


@dataclass(frozen=True)
class DueReceived:
    """What the ledger says of the first deadline of a kind."""

    held: bool  #: the lease, where one is needed
    key: str | None  #: None when nothing is due
    now: datetime | None  #: domain time; None when there is no key, or no lease


@dataclass(frozen=True)
class Request:
    """Something that is answered once per key."""

    key: str
    name: str
    fingerprint: str  #: what makes two requests the same


@dataclass(frozen=True)
class Unpublished:
    """An outbox row no PubAck was noted for, as it goes out."""

    stream: str
    subject: str
    envelope: Mapping[str, Any]
    body: str


@dataclass(frozen=True)
class NextDue:
    """The deadline that comes first."""

    kind: str
    due_at: datetime  #: domain time
    seconds: float  #: of machine time until then; 0 or less when it is due


class Ledger:
    """The six tables of one schema, and what is done with them. Never commits."""

    def __init__(self, service: str, exclusive: bool = False) -> None:
        self.service = service
        self._exclusive = exclusive
        self._statements = Statements(service, exclusive)
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
            _moment("since", nullable=False),  # when this epoch began; machine time, as `until`
            _moment("until", nullable=False),
        )

    def receive(self, session: Session, arrival: Arrival, epoch: int | None) -> Received:
        """Record that this is being handled, and whether it is the newest of its aggregate.

        `epoch` is that of the lease we hold, for an exclusive service; without it nothing is
        recorded.
        """
        facts = {"id": arrival.id, "kind": arrival.kind, "type": arrival.type, "epoch": epoch}
        statement = self._statements.receive
        if arrival.aggregate is not None:
            statement = self._statements.receive_version
            facts |= {"aggregate": arrival.aggregate, "version": arrival.version}
        return Received(*only(ask(session, statement, facts)))

    def receive_due(
        self, session: Session, kind: str, cause: str, epoch: int | None
    ) -> DueReceived:
        """Take out the first deadline of this kind that is due, and record that it is handled."""
        facts = {"id": cause, "type": kind, "epoch": epoch}
        return DueReceived(*only(ask(session, self._statements.receive_due, facts)))

    def moment(self, session: Session, epoch: int | None) -> datetime | None:
        """Domain time; None when the lease of an exclusive service is not held."""
        row = ask(session, self._statements.moment, {"epoch": epoch}).fetchone()
        return None if row is None else row[0]

    def mark_late(self, session: Session, id: str) -> None:
        """Say of an event that a newer one of its aggregate had been seen."""
        ask(session, self._statements.mark_late, {"id": id})

    def earlier_reply(self, session: Session, id: str) -> tuple[str | None, Reply] | None:
        """Fingerprint and reply of a command or request that was answered before."""
        row = ask(session, self._statements.earlier_reply, {"id": id}).fetchone()
        if row is None or row.reply is None:
            return None
        return row.fingerprint, Reply.model_validate(row.reply, extra="ignore")

    def keep_reply(self, session: Session, id: str, fingerprint: str, reply: Reply) -> None:
        """Store the reply with the inbox row of what it answers."""
        facts = {"id": id, "fingerprint": fingerprint, "reply": reply.model_dump_json()}
        ask(session, self._statements.keep_reply, facts)

    def keep_refusal(
        self, session: Session, request: Request, reply: Reply, epoch: int | None
    ) -> bool:
        """Record a request that was refused, with its reply; whether the lease is still held."""
        facts = {
            "id": request.key,
            "kind": "command",
            "type": request.name,
            "fingerprint": request.fingerprint,
            "reply": reply.model_dump_json(),
            "epoch": epoch,
        }
        return bool(only(ask(session, self._statements.keep_refusal, facts)).held)

    def write(self, session: Session, work: Work) -> None:
        """Write what the work announced and which deadlines it moved."""
        due, forgotten = work.moved_deadlines()
        if not (work.announced or due or forgotten):
            return
        facts = {
            "announced": _json([_outbox_row(item) for item in work.announced]),
            "due": _json([{"kind": k, "key": key, "due_at": at} for (k, key), at in due.items()]),
            "forgotten": _json([{"kind": kind, "key": key} for kind, key in forgotten]),
        }
        ask(session, self._statements.write, facts)

    def next_due(self, session: Session) -> NextDue | None:
        """The deadline that comes first; None without one."""
        row = ask(session, self._statements.next_due).fetchone()
        return None if row is None else NextDue(row.kind, row.due_at, float(row.seconds))

    def postpone(self, session: Session, kind: str, key: str, seconds: float) -> None:
        """Have a deadline come due again after `seconds` of machine time."""
        facts = {"kind": kind, "key": key, "seconds": seconds}
        ask(session, self._statements.postpone, facts)

    def waiting(self, session: Session) -> Sequence[Unpublished]:
        """What was committed a second ago or earlier and not acknowledged yet, the oldest first."""
        return [Unpublished(*row) for row in ask(session, self._statements.waiting)]

    def standing(self, session: Session) -> tuple[int, float, float]:
        """Messages parked and not replayed; how old the oldest unpublished row is, and how long the
        oldest transaction of this service is open (seconds).
        """
        parked, age, transaction = only(ask(session, self._statements.standing))
        return int(parked), float(age), float(transaction)

    def stamp(self, session: Session, published: Sequence[tuple[str, int]]) -> None:
        """Note on rows (event id, stream sequence) that the server has them."""
        ids, sequences = zip(*published, strict=True)
        facts = {"ids": list(ids), "sequences": list(sequences)}
        ask(session, self._statements.stamp, facts)

    def refuse(self, session: Session, id: str, reason: str) -> None:
        """Take a row the server will never accept out of the way; the alarm counts these."""
        session.execute(self.outbox.update().where(self.outbox.c.id == id).values(refused=reason))

    def park(self, session: Session, **row: Any) -> None:
        """Note a message that cannot be handled: where it is, never what it holds."""
        session.execute(insert(self.parked).values(**row).on_conflict_do_nothing())


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(rows).decode()


def _outbox_row(item: Announced) -> dict[str, Any]:
    return {
        "id": item.envelope.id,
        "type": item.envelope.type,
        "stream": item.event.stream.value,
        "subject": item.event.subject(),
        "aggregate": item.envelope.aggregate,
        "version": item.envelope.version,
        "envelope": item.stored,
        "body": item.body,
    }
