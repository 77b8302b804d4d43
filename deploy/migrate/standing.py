"""How streams and durables stand on a server, and where two servers differ. Pure but for `read`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo, StreamInfo

from services.bus.provision.drift import read_live


@dataclass(frozen=True)
class StreamPlace:
    """How far a stream has come."""

    messages: int
    first_sequence: int
    last_sequence: int


@dataclass(frozen=True)
class DurablePlace:
    """How far a durable has come, in sequences of its stream, and how much waits or is in hand."""

    delivered: int
    ack_floor: int
    waiting: int
    in_hand: int


@dataclass(frozen=True)
class Standing:
    """Everything one server holds."""

    streams: Mapping[str, StreamPlace]
    durables: Mapping[tuple[str, str], DurablePlace]

    @property
    def messages(self) -> int:
        """Events in all streams."""
        return sum(stream.messages for stream in self.streams.values())

    @property
    def lag(self) -> int:
        """Messages that wait or are in hand, for all durables."""
        return sum(each.waiting + each.in_hand for each in self.durables.values())


async def read(js: JetStreamContext) -> Standing:
    """Read how a server stands; raises nats.errors.Error when it does not answer."""
    live = await read_live(js)
    return Standing(
        {name: _stream(info) for name, info in live.streams.items()},
        {place: _durable(info) for place, info in live.durables.items()},
    )


def differences(old: Standing, new: Standing) -> tuple[str, ...]:
    """Every stream and durable that is not the same on both, in a sentence each."""
    found = [
        f"{name}: {old.streams.get(name)} on the old server, {new.streams.get(name)} on the new"
        for name in sorted(old.streams.keys() | new.streams.keys())
        if old.streams.get(name) != new.streams.get(name)
    ]
    for place in sorted(old.durables.keys() | new.durables.keys()):
        before, after = old.durables.get(place), new.durables.get(place)
        if before != after:
            where = "/".join(place)
            found.append(f"{where}: {before} on the old server, {after} on the new")
    return tuple(found)


def _stream(info: StreamInfo) -> StreamPlace:
    state = info.state
    # An empty stream begins at 0 until it was restored or emptied, at 1 after that.
    return StreamPlace(state.messages, max(1, state.first_seq), state.last_seq)


def _durable(info: ConsumerInfo) -> DurablePlace:
    delivered = 0 if info.delivered is None else info.delivered.stream_seq
    floor = 0 if info.ack_floor is None else info.ack_floor.stream_seq
    return DurablePlace(delivered, floor, info.num_pending or 0, info.num_ack_pending or 0)
