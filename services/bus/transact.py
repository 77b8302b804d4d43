"""One transaction for each piece of work: inbox, state and outbox commit together.

Runs in worker threads. Whatever is handled is recorded first; a second delivery finds the record
and has no effect. What was announced is published by the caller after the commit, and by the
forwarder if the caller dies in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlmodel import Session

from contracts.contact import ContactEnded
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
from contracts.vocabulary import PersonId, Refusal
from services.bus.decode import FromPartner
from services.bus.failure import is_ground_away
from services.bus.forgetting import FORGET, remember_to_forget
from services.bus.lane import Lane
from services.bus.ledger import Arrival, Ledger, NextDue, Received, Request
from services.bus.table import Answer, Due, On, Service
from services.bus.traces import Step, step
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
    next_deadline: datetime | None = None  #: the first of those it set, domain time
    reply: Reply | None = None

    @property
    def changed(self) -> bool:
        """Whether anything may be different now."""
        done = self.reply is None or self.reply.status is ReplyStatus.DONE
        return self.verdict is Verdict.HANDLED and done


class Transactions:
    """The transactions of one service."""

    def __init__(self, service: Service, ledger: Ledger) -> None:
        self.service = service
        self.ledger = ledger
        self.epoch: int | None = None  #: of the lease we hold, for an exclusive service
        # Who takes every event, late or not, keeps no versions: the name of an aggregate may be a
        # person's, and quality holds none (invariant I23 and the privacy tests of quality).
        self.tells_late = not all(on.even_late for on in service.consumes)
        self._forgets = any(due.kind == FORGET for due in service.deadlines)

    def handle_event(
        self, lane: Lane, on: On[Event], envelope: EventEnvelope, event: Event
    ) -> Committed:
        """Handle one event; raises what the handler raises, after rolling back."""
        aggregate = f"{envelope.source}/{envelope.aggregate}" if self.tells_late else None
        arrival = Arrival(envelope.id, "event", envelope.type, aggregate, envelope.version)
        with (
            step(self.service.name, f"on {envelope.type}", envelope.traceparent) as taken,
            lane.session() as session,
            session.begin(),
        ):
            received = self._receive(session, arrival)
            if received.now is None:
                return Committed(Verdict.DUPLICATE)
            if not received.newest:
                self.ledger.mark_late(session, envelope.id)
                if not on.even_late:
                    return Committed(Verdict.LATE)
            work = Work(session, received.now, self.service.name, envelope.id, taken)
            work.envelope = envelope
            on.handler(event, work)
            if self._forgets and isinstance(event, ContactEnded):
                remember_to_forget(event, work)
            return self._written(work)

    def handle_command(
        self,
        lane: Lane,
        answer: Answer[Command],
        envelope: CommandEnvelope | FromPartner,
        command: Command,
    ) -> Committed:
        """Answer one command, once; a repeat gets the stored reply."""
        partner = envelope.partner if isinstance(envelope, FromPartner) else None
        if isinstance(envelope, CommandEnvelope) and envelope.role not in command.roles:
            return Committed(Verdict.HANDLED, reply=refused(Refusal.ROLE_NOT_PERMITTED))

        def ask(work: Work) -> Reply:
            work.partner = partner
            if isinstance(envelope, CommandEnvelope):
                work.asker = envelope
                if envelope.deadline < work.now:
                    return refused(Refusal.PAST_DEADLINE)
            return answer.handler(command, work)

        name, trace = command.type_name(), envelope.traceparent
        with step(self.service.name, f"answer {name}", trace) as taken:
            if not answer.kept:
                return self._answer_unkept(lane, ask, taken)
            asked = fingerprint_of(envelope.actor, command)
            return self._answer(lane, Request(envelope.command_id, name, asked), ask, taken)

    def handle_request(
        self, lane: Lane, key: str, fingerprint: str, handler: Callable[[Work], Reply]
    ) -> Committed:
        """Answer a request at this service's own door, once per key."""
        with step(self.service.name, "answer at the door") as taken:
            return self._answer(lane, Request(key, "door", fingerprint), handler, taken)

    def handle_due(self, lane: Lane, due: Due) -> Committed | None:
        """Handle the first deadline of this kind that is due; None when there is none."""
        cause = new_id()  # once by itself: the deadline goes with this transaction
        with lane.session() as session, session.begin():
            received = self.ledger.receive_due(session, due.kind, cause, self.epoch)
            if not received.held:
                raise LeaseLost
            if received.key is None or received.now is None:
                return None
            with step(self.service.name, f"due {due.kind}") as taken:
                work = Work(session, received.now, self.service.name, cause, taken)
                try:
                    due.handler(received.key, work)
                    return self._written(work)
                except Exception as error:
                    if is_ground_away(error):
                        raise
                    raise DueFailed(received.key) from error

    def postpone(self, lane: Lane, due: Due, key: str, seconds: float) -> None:
        """Try a deadline again after `seconds` of machine time."""
        with lane.session() as session, session.begin():
            self.ledger.postpone(session, due.kind, key, seconds)

    def settle(self, lane: Lane) -> Committed:
        """Let an exclusive service look at everything and decide."""
        assert self.service.settle is not None
        cause = new_id()
        with lane.session() as session, session.begin():
            now = self._moment(session)
            with step(self.service.name, "settle") as taken:
                work = Work(session, now, self.service.name, cause, taken)
                self.service.settle(work)
            if work.announced:
                self._receive(session, Arrival(cause, "settle", "settle"))
            return self._written(work)

    def next_due(self, lane: Lane) -> NextDue | None:
        """The deadline that comes first; None without one."""
        with lane.autocommit() as session:
            return self.ledger.next_due(session)

    def _answer(
        self, lane: Lane, request: Request, handler: Callable[[Work], Reply], taken: Step
    ) -> Committed:
        with lane.session() as session:
            transaction = session.begin()
            with transaction:
                now = self._receive(session, Arrival(request.key, "command", request.name)).now
                if now is None:
                    return self._repeat(session, request)
                work = Work(session, now, self.service.name, request.key, taken)
                reply = handler(work)
                if reply.status is ReplyStatus.DONE:
                    self.ledger.keep_reply(session, request.key, request.fingerprint, reply)
                    return replace(self._written(work), reply=reply)
                transaction.rollback()  # whatever the handler had begun
        # A refusal for being late is about this asking, not about what was asked.
        if reply.status is ReplyStatus.REFUSED and reply.refusal is not Refusal.PAST_DEADLINE:
            self._keep_refusal(lane, request, reply)
        return Committed(Verdict.HANDLED, reply=reply)

    def _keep_refusal(self, lane: Lane, request: Request, reply: Reply) -> None:
        with lane.autocommit() as session:
            if not self.ledger.keep_refusal(session, request, reply, self.epoch):
                raise LeaseLost

    def _repeat(self, session: Session, request: Request) -> Committed:
        earlier = self.ledger.earlier_reply(session, request.key)
        if earlier is None:
            return Committed(Verdict.DUPLICATE, reply=not_yet())
        if earlier[0] != request.fingerprint:
            other = refused(Refusal.REPEATED_WITH_ANOTHER_BODY)
            return Committed(Verdict.DUPLICATE, reply=other)
        return Committed(Verdict.DUPLICATE, reply=earlier[1])

    def _answer_unkept(
        self, lane: Lane, handler: Callable[[Work], Reply], taken: Step
    ) -> Committed:
        with lane.session() as session, session.begin():
            now = self._moment(session)
            work = Work(session, now, self.service.name, "", taken)
            reply = handler(work)
            if work.announced:
                raise ValueError("a command that is not kept must not announce anything")
            return Committed(Verdict.HANDLED, reply=reply)

    def _receive(self, session: Session, arrival: Arrival) -> Received:
        received = self.ledger.receive(session, arrival, self.epoch)
        if not received.held:
            raise LeaseLost
        return received

    def _moment(self, session: Session) -> datetime:
        now = self.ledger.moment(session, self.epoch)
        if now is None:
            raise LeaseLost
        return now

    def _written(self, work: Work) -> Committed:
        work.session.flush()
        self.ledger.write(work.session, work)
        due, _ = work.moved_deadlines()
        return Committed(Verdict.HANDLED, tuple(work.announced), min(due.values()) if due else None)


def fingerprint_of(actor: PersonId, command: Command) -> str:
    """What makes two commands the same: who asks for what, by whichever way it comes.

    What was left at its default does not count: the next version may know one field more, and a
    command repeated across an upgrade is the same command.
    """
    asked = f"{actor} {command.type_name()} {command.model_dump_json(exclude_defaults=True)}"
    return sha256(asked.encode()).hexdigest()
