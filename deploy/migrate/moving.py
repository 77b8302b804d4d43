"""The move between two servers, step by step; whatever breaks off, the old one takes events again.

Events are held back by the stream itself: `max_bytes: 1` refuses every publish at once, drops
nothing (`discard: new`), and outlives a crash of whoever set it. Outboxes keep what is refused.
The surprising thing: desks and commands go on meanwhile, and durables are read to their end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import APIError

from deploy.migrate.snapshot import copy_stream, names
from deploy.migrate.standing import Standing, differences, read
from services.bus.provision.copied import with_note
from services.bus.provision.declared import PERMANENT, PILOT, Scale, declare
from services.bus.provision.drift import drift, read_live
from services.bus.provision.signed_in import reason
from services.bus.table import Table

#: Stands on a stream that was copied and is not in use yet: such a one may be copied anew.
MARK = "helpline-copied-from"
_PROBE = "MIGRATE_PROBE"
_LOOK_EVERY_SECONDS = 0.1
#: A server that restores waits this long for the next piece (nats-server 2.15). Until then it may
#: still say that it failed, and that would be taken for the next try.
_GIVEN_UP_AFTER_SECONDS = 5.0
Look = Callable[[Standing, Standing], Awaitable[tuple[str, ...]]]


class NotMoved(Exception):
    """The move was not made: the message names the place and the reason, and what to do."""


@dataclass(frozen=True)
class Moved:
    """What was moved. `held_seconds`: how long no event was taken (machine time), up to now."""

    standing: Standing
    bytes_carried: int
    left_waiting: int  #: messages that were in hand or waiting when copied; they come again
    held_seconds: float


@dataclass(frozen=True)
class Move:
    """A move of everything `tables` declare; both clients are signed in as `provisioner`."""

    source: Client
    target: Client
    tables: Sequence[Table]
    tell: Callable[[str], None]
    old_scale: Scale = PILOT
    new_scale: Scale = PERMANENT
    drain_within: timedelta = timedelta(seconds=30)
    settle_within: timedelta = timedelta(seconds=60)
    whole_within: timedelta = timedelta(seconds=5)  #: new servers that have just come

    async def plan(self) -> Standing:
        """Look whether it can be made, and change nothing for good; raises NotMoved."""
        for difference in await drift(self._old, self.tables, self.old_scale):
            if difference.field != "max_bytes" or difference.live != 1:
                raise NotMoved(
                    f"The old server is not as declared: {difference}. "
                    "`just provision apply` first."
                )
        old = await read(self._old)
        await self._expect_quorum()
        await self._refuse_live_target(old)
        return old

    async def make(self) -> Moved:
        """Make it; raises NotMoved, the old server then takes events again and holds everything."""
        planned = await self.plan()
        try:
            await self._clear_target(planned)
            held_since = time.monotonic()
            await self._hold()
            self.tell("Events wait in the outboxes; durables are read to their end.")
            old = await self._drained()
            carried = await self._copy(old)
            new = await self._grown(old)
        except BaseException:  # also when somebody pressed Ctrl-C
            await asyncio.shield(self._release())
            raise
        return Moved(new, carried, old.lag, time.monotonic() - held_since)

    async def give_back(self) -> None:
        """Have the old server take events again; NotMoved when the new one is in use."""
        await self._refuse_live_target(await read(self._old))
        await self._release()

    @property
    def _old(self) -> JetStreamContext:
        return self.source.jetstream(timeout=10)

    @property
    def _new(self) -> JetStreamContext:
        return self.target.jetstream(timeout=10)

    @property
    def _mark(self) -> dict[str, str]:
        return {MARK: self.source.connected_url.netloc if self.source.connected_url else "unknown"}

    async def _refuse_live_target(self, old: Standing) -> None:
        """A target may hold what an earlier try left, and nothing else."""
        new = await read_live(self._new)
        in_use = any(info.num_waiting for info in new.durables.values())
        for name, info in new.streams.items():
            if MARK not in (info.config.metadata or {}):
                raise NotMoved(
                    f"The new servers are not empty: {name} holds {info.state.messages} events "
                    "nobody copied there. Nothing was changed; give them empty volumes."
                )
            kept = old.streams.get(name)
            if kept is None or info.state.last_seq > kept.last_sequence or in_use:
                raise NotMoved(
                    f"The new servers are in use already ({name} at {info.state.last_seq}). "
                    "Nothing was changed; nothing is left to move."
                )

    async def _expect_quorum(self) -> None:
        """Ask for a stream on all servers: only a cluster that is whole gives one. One that has
        just come is away for the others a moment longer.
        """
        give_up_at = time.monotonic() + self.whole_within.total_seconds()
        while (why := await self._lacks_quorum()) is not None:
            if time.monotonic() > give_up_at:
                raise NotMoved(
                    f"The new servers have no quorum for {self.new_scale.replicas} copies: {why}. "
                    "Nothing was changed; see that all of them run and know each other."
                )
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def _lacks_quorum(self) -> str | None:
        """What stands in the way of a stream on all servers; None when there is one."""
        wanted = StreamConfig(
            name=_PROBE, subjects=["migrate.probe"], num_replicas=self.new_scale.replicas
        )
        try:
            await self._new.add_stream(wanted)
            try:
                if await self._spreads(_PROBE):
                    return None
                return f"a stream is on {await self._servers_of(_PROBE)}"
            finally:
                await self._new.delete_stream(_PROBE)
        except (APIError, nats.errors.Error) as error:
            return getattr(error, "description", None) or "no leader answers"

    async def _spreads(self, stream: str) -> bool:
        for _ in range(50):
            if await self._servers_of(stream) >= self.new_scale.replicas:
                return True
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
        return False

    async def _clear_target(self, old: Standing) -> None:
        """Free every name, those of restores that broke off too: no server shows a stream there."""
        taken = await names(self.target)
        if taken - {str(info.config.name) for info in await self._new.streams_info()}:
            await asyncio.sleep(_GIVEN_UP_AFTER_SECONDS)
            await self._refuse_live_target(old)
        for name in sorted(taken):
            self.tell(f"{name}: a copy of an earlier try is made anew.")
            await self._new.delete_stream(name)

    async def _hold(self) -> None:
        for stream in declare(self.tables, self.old_scale).streams:
            await _change(self._old, replace(stream, max_bytes=1))

    async def _release(self) -> None:
        for stream in declare(self.tables, self.old_scale).streams:
            await _change(self._old, stream)

    async def _drained(self) -> Standing:
        """Wait until nothing waits or is in hand; what then still does is copied too."""
        give_up_at = time.monotonic() + self.drain_within.total_seconds()
        old = await read(self._old)
        while old.lag and time.monotonic() < give_up_at:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            old = await read(self._old)
        return old

    async def _copy(self, old: Standing) -> int:
        carried = 0
        for stream in declare(self.tables, self.new_scale).streams:
            name = str(stream.name)
            began = time.monotonic()
            live = await self._old.stream_info(name)
            copy = with_note(replace(stream, num_replicas=1, metadata=self._mark), live.config)
            carried += await copy_stream(self.source, self.target, copy)
            seconds = time.monotonic() - began
            self.tell(f"{name}: {old.streams[name].messages} events copied in {seconds:.2f} s.")
        return carried

    async def _grown(self, old: Standing) -> Standing:
        """Each stream on every server, and everything as it was; raises NotMoved otherwise."""
        await self._wait_until_same(old, self._same)
        await self._wait_until_same(old, self._spread_out)
        return await self._wait_until_same(old, self._same_on_all)

    async def _wait_until_same(self, old: Standing, look: Look) -> Standing:
        """Look until nothing differs. A list may lack streams whose servers are just changing."""
        give_up_at = time.monotonic() + self.settle_within.total_seconds()
        while True:
            try:
                new = await read(self._new)
                found = await look(old, new)
            except (APIError, nats.errors.Error) as away:
                if self.target.is_closed:
                    raise NotMoved("The new servers went away while they took it over.") from away
                found = (f"the new servers do not answer, or refuse: {reason(away)}",)
            else:
                if not found:
                    return new
            if time.monotonic() > give_up_at:
                raise NotMoved("The copy is not what was copied. " + "; ".join(found))
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def _same(self, old: Standing, new: Standing) -> tuple[str, ...]:
        return differences(old, new)

    async def _spread_out(self, *_: Standing) -> tuple[str, ...]:
        """Have each stream on every server; refused while one of them is just coming back."""
        # The mark stays: until somebody reads there, it may be copied anew.
        for stream in declare(self.tables, self.new_scale).streams:
            await _change(self._new, replace(stream, metadata=self._mark))
        return ()

    async def _same_on_all(self, old: Standing, new: Standing) -> tuple[str, ...]:
        declared = await drift(self._new, self.tables, self.new_scale)
        return differences(old, new) + tuple(map(str, declared)) + await self._not_current()

    async def _not_current(self) -> tuple[str, ...]:
        """Streams that are not yet on as many servers as they shall be."""
        found = []
        for stream in declare(self.tables, self.new_scale).streams:
            servers = await self._servers_of(str(stream.name))
            if servers < self.new_scale.replicas:
                found.append(f"{stream.name} is on {servers} servers")
        return tuple(found)

    async def _servers_of(self, stream: str) -> int:
        """On how many servers a stream is whole, its leader's included."""
        info = await self._new.stream_info(stream)
        peers = [] if info.cluster is None else info.cluster.replicas or []
        return 1 + sum(1 for peer in peers if peer.current and not peer.offline)


async def _change(js: JetStreamContext, stream: StreamConfig) -> None:
    """Have a stream be so, and keep the note of when it was copied last."""
    live = await js.stream_info(str(stream.name))
    await js.update_stream(with_note(stream, live.config))
