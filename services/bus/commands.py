"""Commands: answering those of a service, and asking another's on behalf of a desk."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial

from sqlalchemy import exc

from contracts.envelope import (
    Command,
    CommandEnvelope,
    CommandId,
    Reply,
    ReplyStatus,
    not_yet,
    refused,
)
from contracts.partner import PartnerCommand
from contracts.vocabulary import PartnerId, Refusal
from services.bus import metrics
from services.bus.clock import DomainClock
from services.bus.decode import FromPartner, ReadCommand, Unreadable, command_headers
from services.bus.door import Asker, ReplyUnknown
from services.bus.failure import is_ground_away, may_pass
from services.bus.lane import Lane
from services.bus.stream import Connection, Delivery
from services.bus.traces import step
from services.bus.transact import Committed, LeaseLost, Transactions

log = logging.getLogger(__name__)

_ASK_AGAIN_SECONDS = 0.05
#: Whoever died with a command in hand never answers it: after this the same command is asked again.
_ANSWERED_WITHIN_SECONDS = 1.5
#: Kinds of pydantic errors a desk is told apart; everything else is an invalid field.
_REFUSALS = {
    "extra_forbidden": Refusal.UNKNOWN_FIELD,
    "json_invalid": Refusal.UNREADABLE,
    "too_large": Refusal.UNREADABLE,
    "wrong_version": Refusal.WRONG_VERSION,
}


class Answering:
    """Answers the commands of one service."""

    def __init__(
        self,
        transactions: Transactions,
        lane: Lane,
        clock: DomainClock,
        after: Callable[[Committed], None],
    ) -> None:
        self._transactions = transactions
        self._service = transactions.service
        self._lane = lane
        self._clock = clock
        self._after = after
        self._by_type = {answer.command.type_name(): answer for answer in self._service.answers}
        metrics.expect_failures(self._service.name, self._by_type)

    async def on_command(self, delivery: Delivery) -> bytes:
        """Answer one command; never raises. A failure of ours is said as such, not recorded."""
        match delivery.read:
            case Unreadable(reason, where):
                reply = refused(_REFUSALS.get(reason, Refusal.INVALID_FIELD), where)
            case ReadCommand(envelope, command):
                reply = await self._answer(envelope, command)
            case _:
                reply = refused(Refusal.UNREADABLE)
        return reply.model_dump_json(exclude_none=True).encode()

    async def _answer(self, envelope: CommandEnvelope | FromPartner, command: Command) -> Reply:
        answer = self._by_type.get(command.type_name())
        if answer is None:
            return refused(Refusal.WRONG_VERSION)
        if isinstance(envelope, CommandEnvelope) and await self._is_late(envelope):
            return refused(Refusal.PAST_DEADLINE)
        started = time.perf_counter()
        try:
            committed = await self._lane.run(
                partial(
                    self._transactions.handle_command,
                    self._lane,
                    answer,
                    envelope,
                    command,
                )
            )
        except LeaseLost:
            return not_yet()
        except Exception as error:  # noqa: BLE001 - every failure is answered by its kind
            return self._failed(envelope, command, error)
        reply = committed.reply or not_yet()
        if answer.kept:
            self._note(envelope, command, reply, time.perf_counter() - started)
            self._after(committed)
        return reply

    def _failed(
        self, envelope: CommandEnvelope | FromPartner, command: Command, error: Exception
    ) -> Reply:
        facts = {
            "service": self._service.name,
            "command": envelope.command_id,
            "type": command.type_name(),
        }
        if is_ground_away(error):  # no fault of the command's: it is asked again until it is back
            facts["error"] = type(error).__name__
            log.warning("command waits for Postgres", extra={"facts": facts})
            return not_yet()
        metrics.record_failed(self._service.name, command.type_name())
        log.error("command failed", exc_info=error, extra={"facts": facts})
        return not_yet() if may_pass(error) else refused(Refusal.PLATFORM_FAULT)

    async def _is_late(self, envelope: CommandEnvelope) -> bool:
        """Whether nobody waits for this any more: then it costs no transaction.

        Under a surge this is what lets a line of commands drain. Without Postgres we cannot tell.
        """
        with suppress(exc.DBAPIError, exc.TimeoutError):
            return envelope.deadline < await self._clock.in_machine_seconds(0)
        return False

    def _note(
        self,
        envelope: CommandEnvelope | FromPartner,
        command: Command,
        reply: Reply,
        seconds: float,
    ) -> None:
        verdict = reply.refusal.value if reply.refusal else reply.status.value
        metrics.record_handled(self._service.name, command.type_name(), verdict)
        facts = {
            "service": self._service.name,
            "command": envelope.command_id,
            "type": command.type_name(),
            "contact": getattr(command, "contact_id", None),
            "trace": envelope.traceparent,
            "verdict": verdict,
            "milliseconds": round(seconds * 1000, 1),
        }
        log.info("command answered", extra={"facts": facts})


class Asking:
    """Sends commands to other services, for a desk."""

    def __init__(self, service: str, connection: Connection, clock: DomainClock) -> None:
        self._service = service
        self._connection = connection
        self._clock = clock

    async def send(  # noqa: PLR0913 - a command is all of these
        self,
        command: Command,
        asker: Asker,
        command_id: CommandId,
        wait: timedelta,
        expected_version: int | None,
    ) -> Reply:
        """Ask until there is an answer; raises ReplyUnknown when `wait` is over."""
        with step(self._service, f"send {command.type_name()}") as taken:
            envelope = CommandEnvelope(
                command_id=command_id,
                session_id=asker.session_id,
                actor=asker.person_id,
                role=asker.role,
                programme=asker.programme,
                deadline=await self._clock.in_machine_seconds(wait.total_seconds()),
                expected_version=expected_version,
                traceparent=taken.traceparent(getattr(command, "contact_id", None)),
            )
            headers, until = command_headers(envelope), time.monotonic() + wait.total_seconds()
            return await self._ask(command, command.subject(), headers, until)

    async def send_for(self, partner: PartnerId, command: PartnerCommand, wait: timedelta) -> Reply:
        """Ask as a partner: who asks is said by the subject, so that no header goes with it."""
        with step(self._service, f"send {command.type_name()}"):
            until = time.monotonic() + wait.total_seconds()
            return await self._ask(command, command.subject_of(partner), {}, until)

    async def _ask(
        self, command: Command, subject: str, headers: dict[str, str], until: float
    ) -> Reply:
        # A field left at its default is not sent: who answers may be older and not know it yet.
        body = command.model_dump_json(exclude_defaults=True)
        reply: Reply | None = None
        while (left := until - time.monotonic()) > 0:
            try:
                within = min(left, _ANSWERED_WITHIN_SECONDS)
                answer = await self._connection.ask(subject, headers, body, within)
            except TimeoutError:
                await asyncio.sleep(_ASK_AGAIN_SECONDS)
                continue
            reply = Reply.model_validate_json(answer, extra="ignore")
            if reply.status is not ReplyStatus.NOT_YET:
                return reply
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
        if reply is not None:
            return reply
        raise ReplyUnknown
