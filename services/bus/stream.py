"""The one file that speaks FastStream: connect, read, publish, ask.

FastStream is used the way its users expect (broker, subscribers, decoders), with what loses, leaks
or holds back replaced (the table of DESIGN 6): durables are read by a standing request (pull.py)
and acknowledged after the commit, `stream=` on every publish, nothing declared by a service,
endless jittered reconnects, no stock log lines, metrics or reply publishers.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import nats.errors
import nats.js.errors
from faststream.exceptions import IncorrectState
from faststream.nats import NatsBroker, NatsMessage
from faststream.nats.security import NatsNKey
from nats.aio.client import Client, Server
from nats.aio.msg import Msg
from nats.js.api import ConsumerInfo

from contracts.envelope import Stream
from services.bus.decode import ReadEvent, Unreadable, read_command, read_event
from services.bus.pull import NOT_CARRIED, Durable, StandingPull
from services.bus.settings import BusSettings
from services.bus.table import Service
from services.bus.trust import NotTrusted, distrust, nats_not_trusted, nats_tls

log = logging.getLogger(__name__)

#: A stop waits so long for what is on its way to the server; what is lost comes again.
_CLOSE_WITHIN_SECONDS = 5.0

#: JetStream refusals that no retry will change: message too large for the stream or server.
_REFUSED_FOR_GOOD = frozenset({10054, 10097})


class Refused(Exception):
    """The server will never accept this message."""


class Unacknowledged(Exception):
    """No PubAck came in time: the server is away, or has the message and could not say so."""


class Delivery:
    """One delivered message, read or unreadable, and the means to answer for it."""

    __slots__ = ("_message", "read")

    def __init__(self, message: Msg, read: Any) -> None:
        self._message = message
        self.read = read

    @property
    def stream_sequence(self) -> int:
        """Its place in the stream: where it can be read again."""
        return int(self._message.metadata.sequence.stream)

    @property
    def deliveries(self) -> int:
        """How often the server has delivered it, to whichever process: 1 the first time."""
        return int(self._message.metadata.num_delivered)

    async def ack(self) -> None:
        """It is handled: the server may forget it. Unheard, it comes again and the inbox knows."""
        with suppress(*NOT_CARRIED):
            await self._message.ack()

    async def give_back(self, after: timedelta) -> None:
        """It is not handled: have it delivered again after a pause (or after ack_wait)."""
        with suppress(*NOT_CARRIED):
            await self._message.nak(delay=after.total_seconds())


OnDelivery = Callable[[Delivery], Awaitable[None]]
OnCommand = Callable[[Delivery], Awaitable[bytes]]


class Connection:
    """One service's connection to NATS, under its own key and with its own inbox."""

    def __init__(
        self, service: Service, settings: BusSettings, when_closed: Callable[[], None]
    ) -> None:
        self._service = service
        self._settings = settings
        self._inbox = f"_INBOX_{service.name}"
        self._when_closed = when_closed
        self._leaving = False
        tls = nats_tls(settings.nats_url, settings.nats_ca_file)
        self._broker = NatsBroker(
            settings.nats_url,
            name=f"helpline {service.name}",
            security=NatsNKey.from_file(
                str(settings.nkey(service.name)),
                ssl_context=tls,
                tls_handshake_first=tls is not None,
            ),
            inbox_prefix=self._inbox,
            max_reconnect_attempts=-1,
            reconnect_to_server_handler=self._next_server,
            ping_interval=5,
            max_outstanding_pings=2,
            reconnected_cb=self._reconnected,
            closed_cb=self._closed,
            error_cb=self._noted,
            apply_types=False,
            logger=None,
        )
        self._subscribers: list[Any] = []
        self._pulls: list[StandingPull] = []

    def read_stream(self, stream: Stream, handle: OnDelivery) -> None:
        """Have `handle` called for what this service's durable on `stream` delivers."""

        async def on_message(message: Msg) -> None:
            await handle(Delivery(message, _event_in(message)))

        durable = Durable(
            stream=stream.value,
            name=self._service.durable(stream),
            inbox=self._inbox,
            workers=_workers(self._service),
        )
        self._pulls.append(StandingPull(durable, on_message))

    def answer_commands(self, handle: OnCommand) -> None:
        """Have `handle` called for every command of this service; what it returns is the reply."""
        subscriber = self._broker.subscriber(
            f"desk.{self._service.name}.>",
            queue=self._service.name,
            decoder=_as_command,
            max_workers=_workers(self._service),
        )
        subscriber(handle)
        self._subscribers.append(subscriber)

    async def connect(self) -> None:
        """Connect; waits for NATS as long as it takes.

        Raises NotTrusted when whoever answers is not believed to be NATS: waiting would not help.
        """
        await self._broker.connect()

    async def start_reading(self) -> None:
        """Start every subscriber; the durables must exist."""
        for pull in self._pulls:
            await pull.start(self._client)
        for subscriber in self._subscribers:
            await subscriber.start()

    async def stop_reading(self) -> None:
        """Fetch nothing more and wait for what is in hand."""
        for subscriber in self._subscribers:
            with suppress(*NOT_CARRIED):
                await subscriber.stop()
        for pull in self._pulls:
            await pull.stop()

    async def close(self) -> None:
        """Drain and close; while the server is away there is nothing to drain."""
        self._leaving = True
        client = self._broker._connection
        if client is None:
            return
        for leave in (self._broker.stop, client.close):
            if not client.is_closed:
                with suppress(*NOT_CARRIED):
                    async with asyncio.timeout(_CLOSE_WITHIN_SECONDS):
                        await leave()

    async def _reconnected(self) -> None:
        for pull in self._pulls:
            pull.ask_anew()

    def _next_server(
        self, servers: list[Server], told: dict[str, Any]
    ) -> tuple[Server | None, float]:
        """Where to connect again; the CA is read anew, for it may have been replaced meanwhile."""
        with suppress(NotTrusted):  # half-written or gone: the last one that could be read stays
            tls = nats_tls(self._settings.nats_url, self._settings.nats_ca_file)
            self._client.options["tls"] = tls
        return _any_server_soon(servers, told)

    async def _noted(self, error: Exception) -> None:
        """Say what the client meets; at start, end it where nobody but a person can help."""
        facts = {"service": self._service.name, "error": type(error).__name__}
        if "ermissions" in str(error):  # a denied publish shows here and nowhere else
            facts["denied"] = str(error)[:200]
        if (why := distrust(error)) is not None:
            facts["reason"] = why
            if self._broker._connection is None:
                raise nats_not_trusted(
                    self._settings.nats_url, self._settings.nats_ca_file, why
                ) from error
        log.warning("NATS says", extra={"facts": facts})

    async def _closed(self) -> None:
        """The client gave up; with endless reconnects it never should."""
        if not self._leaving:
            self._when_closed()

    @property
    def connected(self) -> bool:
        """Whether the connection is up at this moment."""
        client = self._broker._connection
        return client is not None and client.is_connected

    @property
    def given_up(self) -> bool:
        """Whether the connection is down and the client does not try to have it up again."""
        client = self._broker._connection
        if client is None or client.is_connected or self._leaving:
            return False
        trying = client._reconnection_task
        return trying is None or trying.done()

    @property
    def _client(self) -> Client:
        client = self._broker._connection
        if client is None:
            raise IncorrectState("not connected yet")
        return client

    async def publish(self, stream: str, subject: str, headers: dict[str, str], body: str) -> int:
        """Publish and wait for the PubAck; its stream sequence.

        Raises Refused when the server will never take it, Unacknowledged when it did not answer.
        """
        try:
            ack = await self._broker.publish(
                body.encode(),
                subject,
                headers=headers,
                stream=stream,
                timeout=self._settings.publish_timeout_seconds,
            )
        except nats.errors.MaxPayloadError as error:
            raise Refused("max_payload") from error
        except nats.js.errors.APIError as error:
            if error.err_code in _REFUSED_FOR_GOOD:
                raise Refused(f"err_code_{error.err_code}") from error
            raise Unacknowledged from error
        except NOT_CARRIED as error:
            raise Unacknowledged from error
        return int(ack.seq)

    async def ask(self, subject: str, headers: dict[str, str], body: str, seconds: float) -> bytes:
        """Send a command and wait for the reply; raises TimeoutError when none came."""
        try:
            reply = await self._broker.request(
                body.encode(), subject, headers=headers, timeout=seconds
            )
        except nats.errors.NoRespondersError:
            raise TimeoutError("nobody answers these commands at the moment") from None
        except NOT_CARRIED as error:
            raise TimeoutError("NATS did not carry the command") from error
        return bytes(reply.raw_message.data)

    async def acknowledged(self, stream: Stream, durable: str) -> int:
        """Up to which sequence of a stream somebody's durable has been acknowledged; 0: nothing.

        Raises TimeoutError when NATS did not tell.
        """
        try:
            info = await self._client.jetstream(timeout=2).consumer_info(stream.value, durable)
        except nats.js.errors.NotFoundError:
            return 0
        except NOT_CARRIED as error:
            raise TimeoutError("NATS did not tell") from error
        return 0 if info.ack_floor is None else int(info.ack_floor.stream_seq)

    async def durable(self, stream: Stream) -> ConsumerInfo:
        """How this service's durable stands; raises nats.js.errors.NotFoundError when gone."""
        manager = self._client.jetstream(timeout=2)
        info: ConsumerInfo = await manager.consumer_info(
            stream.value, self._service.durable(stream)
        )
        return info


def _workers(service: Service) -> int:
    """Messages in hand at once; an exclusive service fetches the next while it handles one."""
    return max(service.workers, 2)


def _event_in(message: Msg) -> ReadEvent | Unreadable:
    return read_event(message.subject, message.headers or {}, message.data)


async def _as_command(message: NatsMessage) -> Delivery:
    raw = message.raw_message
    return Delivery(raw, read_command(raw.subject, message.headers, message.body))


def _any_server_soon(servers: list[Server], _: dict[str, Any]) -> tuple[Server, float]:
    """Reconnect within a second, spread out so that services do not come back in step."""
    return random.choice(servers), random.uniform(0.05, 0.5)
