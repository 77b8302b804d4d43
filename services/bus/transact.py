"""One transaction for each piece of work: inbox, state and outbox commit together.

Runs in worker threads. Whatever is handled is recorded first; a second delivery finds the record
and has no effect. What was announced is published by the caller after the commit, and by the
forwarder if the caller dies in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import func, select, text
from sqlmodel import Session

from contracts.envelope import (
    Command,
    CommandEnvelope,
    Event,
    EventEnvelope,
    Reply,
    ReplyStatus,
    not_yet,
    refused,
)
from contracts.vocabulary import Refusal
from services.bus.failure import is_ground_away
from services.bus.lane import Lane
from services.bus.ledger import Ledger
from services.bus.table import Answer, Due, On, Service
from services.bus.traces import step
from services.bus.work import Announced, Work, new_id


class LeaseLost(Exception):
    """Another process holds the lease of this exclusive service; nothing was changed."""


class DueFailed(Exception):
    """The handler of a deadline failed; the deadline stands and is tried again."""

    def __init__(self, key: str) -> None:
        super().__init__("the handler of a deadline failed")
        self.key = key


class Verdict(StrEnum):
    """What became of a delivery."""

    HANDLED = "handled"
    DUPLICATE = "duplicate"  #: handled before; no effect
    LATE = "late"  #: a newer event of its aggregate was handled before; no effect


@dataclass(frozen=True)
class Committed:
    """What a transaction left behind."""

    verdict: Verdict
    announced: tuple[Announced, ...] = ()
    deadlines_moved: bool = False
    reply: Reply | None = None


@dataclass(frozen=True)
class Begun:
    """A transaction that has begun: `now` is domain time, None when it was handled before."""

    session: Session
    now: datetime | None


@dataclass(frozen=True)
class Request:
    """Something that is answered once per key."""

    key: str
    name: str
    fingerprint: str  #: what makes two requests the same
    traceparent: str | None


class Transactions:
    """The transactions of one service."""

    def __init__(self, service: Service, ledger: Ledger) -> None:
        self.service = service
        self.ledger = ledger
        self.epoch: int | None = None  #: of the lease we hold, for an exclusive service
        # Who takes every event, late or not, keeps no versions: the name of an aggregate may be a
        # person's, and quality holds none (invariant I23 and the privacy tests of quality).
        self.tells_late = not all(on.even_late for on in service.consumes)

    def handle_event(
        self, lane: Lane, on: On[Event], envelope: EventEnvelope, event: Event
    ) -> Committed:
        """Handle one event; raises what the handler raises, after rolling back."""
        with (
            step(self.service.name, f"on {envelope.type}", envelope.traceparent) as traceparent,
            self._begin(lane, envelope.id, "event", envelope.type) as begun,
        ):
            if begun.now is None:
                return Committed(Verdict.DUPLICATE)
            newest = not self.tells_late or self.ledger.is_newest(
                begun.session, envelope.source, envelope.aggregate, envelope.version
            )
            if not newest:
                self.ledger.mark_late(begun.session, envelope.id)
                if not on.even_late:
                    return Committed(Verdict.LATE)
            work = Work(begun.session, begun.now, self.service.name, envelope.id, traceparent)
            work.envelope = envelope
            on.handler(event, work)
            return self._written(work)

    def handle_command(
        self, lane: Lane, answer: Answer[Command], envelope: CommandEnvelope, command: Command
    ) -> Committed:
        """Answer one command, once; a repeat gets the stored reply."""
        if envelope.role not in command.roles:
            return Committed(Verdict.HANDLED, reply=refused(Refusal.ROLE_NOT_PERMITTED))

        def ask(work: Work) -> Reply:
            work.asker = envelope
            if envelope.deadline < work.now:
                return refused(Refusal.PAST_DEADLINE)
            return answer.handler(command, work)

        name, trace = command.type_name(), envelope.traceparent
        with step(self.service.name, f"answer {name}", trace) as traceparent:
            if not answer.kept:
                return self._answer_unkept(lane, ask)
            asked = _fingerprint(envelope, command)
            request = Request(envelope.command_id, name, asked, traceparent)
            return self._answer(lane, request, ask)

    def handle_request(
        self, lane: Lane, key: str, fingerprint: str, handler: Callable[[Work], Reply]
    ) -> Committed:
        """Answer a request at this service's own door, once per key."""
        with step(self.service.name, "answer at the door", None) as traceparent:
            return self._answer(lane, Request(key, "door", fingerprint, traceparent), handler)

    def handle_due(self, lane: Lane, due: Due) -> Committed | None:
        """Handle the first deadline of this kind that is due; None when there is none."""
        table = self.ledger.deadline
        with lane.session() as session, session.begin():
            self._hold_lease(session)
            row = session.execute(
                select(table.c.key, table.c.due_at, func.public.helpline_now().label("now"))
                .where(table.c.kind == due.kind, table.c.due_at <= func.public.helpline_now())
                .order_by(table.c.due_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).one_or_none()
            if row is None:
                return None
            session.execute(
                table.delete().where((table.c.kind == due.kind) & (table.c.key == row.key))
            )
            cause = new_id()  # once by itself: the row goes with this transaction
            now = self.ledger.receive(session, cause, "deadline", due.kind)
            assert now is not None
            with step(self.service.name, f"due {due.kind}", None) as traceparent:
                work = Work(session, now, self.service.name, cause, traceparent)
                try:
                    due.handler(row.key, work)
                    return self._written(work)
                except Exception as error:
                    if is_ground_away(error):
                        raise
                    raise DueFailed(row.key) from error

    def postpone(self, lane: Lane, due: Due, key: str, seconds: float) -> None:
        """Try a deadline again after `seconds` of machine time."""
        with lane.session() as session, session.begin():
            session.execute(
                text(
                    f"UPDATE {self.service.name}.deadline SET due_at = public.helpline_now() + "  # noqa: S608
                    "make_interval(secs => :seconds * (SELECT rate FROM public.clock)) "
                    "WHERE kind = :kind AND key = :key"
                ),
                {"seconds": seconds, "kind": due.kind, "key": key},
            )

    def settle(self, lane: Lane) -> Committed:
        """Let an exclusive service look at everything and decide."""
        assert self.service.settle is not None
        cause = new_id()
        with lane.session() as session, session.begin():
            self._hold_lease(session)
            now: datetime = session.execute(select(func.public.helpline_now())).scalar_one()
            with step(self.service.name, "settle", None) as traceparent:
                work = Work(session, now, self.service.name, cause, traceparent)
                self.service.settle(work)
            if work.announced:
                self.ledger.receive(session, cause, "settle", "settle")
            return self._written(work)

    def next_due(self, lane: Lane) -> tuple[str, float] | None:
        """Kind of the next deadline and seconds of machine time until it; None without one."""
        with lane.session() as session:
            row = session.execute(
                text(
                    "SELECT kind, extract(epoch FROM due_at - public.helpline_now()) / "  # noqa: S608
                    f"(SELECT rate FROM public.clock) FROM {self.service.name}.deadline "
                    "ORDER BY due_at LIMIT 1"
                )
            ).one_or_none()
        return None if row is None else (str(row[0]), float(row[1]))

    def _answer(self, lane: Lane, request: Request, handler: Callable[[Work], Reply]) -> Committed:
        with lane.session() as session:
            transaction = session.begin()
            with transaction:
                self._hold_lease(session)
                now = self.ledger.receive(session, request.key, "command", request.name)
                if now is None:
                    return self._repeat(session, request)
                work = Work(session, now, self.service.name, request.key, request.traceparent)
                reply = handler(work)
                if reply.status is ReplyStatus.DONE:
                    self.ledger.keep_reply(session, request.key, request.fingerprint, reply)
                    return replace(self._written(work), reply=reply)
                transaction.rollback()  # whatever the handler had begun
        if reply.status is ReplyStatus.REFUSED:
            self._keep_refusal(lane, request, reply)
        return Committed(Verdict.HANDLED, reply=reply)

    def _keep_refusal(self, lane: Lane, request: Request, reply: Reply) -> None:
        with lane.session() as session, session.begin():
            if self.ledger.receive(session, request.key, "command", request.name) is not None:
                self.ledger.keep_reply(session, request.key, request.fingerprint, reply)

    def _repeat(self, session: Session, request: Request) -> Committed:
        earlier = self.ledger.earlier_reply(session, request.key)
        if earlier is None:
            return Committed(Verdict.DUPLICATE, reply=not_yet())
        if earlier[0] != request.fingerprint:
            other = refused(Refusal.REPEATED_WITH_ANOTHER_BODY)
            return Committed(Verdict.DUPLICATE, reply=other)
        return Committed(Verdict.DUPLICATE, reply=earlier[1])

    def _answer_unkept(self, lane: Lane, handler: Callable[[Work], Reply]) -> Committed:
        with lane.session() as session, session.begin():
            self._hold_lease(session)
            now: datetime = session.execute(select(func.public.helpline_now())).scalar_one()
            work = Work(session, now, self.service.name, "", None)
            reply = handler(work)
            if work.announced:
                raise ValueError("a command that is not kept must not announce anything")
            return Committed(Verdict.HANDLED, reply=reply)

    @contextmanager
    def _begin(self, lane: Lane, id: str, kind: str, type: str) -> Iterator[Begun]:
        with lane.session() as session, session.begin():
            self._hold_lease(session)
            yield Begun(session, self.ledger.receive(session, id, kind, type))

    def _hold_lease(self, session: Session) -> None:
        if not self.service.exclusive:
            return
        lease = self.ledger.lease
        held = session.execute(
            select(lease.c.epoch)
            .where(lease.c.epoch == self.epoch, lease.c.until > func.clock_timestamp())
            .with_for_update(read=True)
        ).one_or_none()
        if held is None:
            raise LeaseLost

    def _written(self, work: Work) -> Committed:
        work.session.flush()
        self.ledger.write(work.session, work)
        due, _ = work.moved_deadlines()
        return Committed(Verdict.HANDLED, tuple(work.announced), bool(due))


def _fingerprint(envelope: CommandEnvelope, command: Command) -> str:
    """What makes two commands the same: who asks for what."""
    asked = f"{envelope.actor} {command.type_name()} {command.model_dump_json()}"
    return sha256(asked.encode()).hexdigest()
