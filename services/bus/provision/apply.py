"""Brings the live server to what is declared, without losing a stored event or a durable's place.

Safe to run at any time and any number of times. What would drop events or make the next publish
fail, and what removes a durable, is done only with the operator's word for it (`Consent`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo, StreamConfig, StreamInfo
from nats.js.errors import APIError, NotFoundError

from services.bus.provision.copied import with_note
from services.bus.provision.declared import PILOT, Declared, Durable, Scale, declare
from services.bus.provision.drift import (
    WHOLE,
    Difference,
    Live,
    compare,
    durable_differences,
    read_live,
    stream_differences,
    undeclared_durables,
)
from services.bus.table import Table

#: A pause lifted by hand; long enough that nothing is delivered half-way through a change.
_UNTIL_LIFTED = "2100-01-01T00:00:00Z"


@dataclass(frozen=True)
class Consent:
    """What the operator allows beyond what is always safe."""

    remove_durables: bool = False  #: forget durables nobody declares any more, and their place
    drop_events: bool = False  #: lower a limit below what is stored


NO_CONSENT = Consent()


class Refused(Exception):
    """The server cannot be brought to what is declared: the message names what, and the way out."""


async def apply(
    js: JetStreamContext,
    tables: Iterable[Table],
    scale: Scale = PILOT,
    consent: Consent = NO_CONSENT,
) -> tuple[Difference, ...]:
    """Create and update streams and durables; return what was different before.

    `js` is signed in as `provisioner`. Raises Refused, having changed nothing, when a limit would
    drop stored events, and at the first change the server itself refuses.
    """
    declared = declare(tables, scale)
    live = await read_live(js)
    if not consent.drop_events:
        for stream in declared.streams:
            _refuse_loss(stream, live.streams.get(str(stream.name)))
    for stream in declared.streams:
        await _apply_stream(js, stream, live.streams.get(str(stream.name)))
    for durable in declared.durables:
        await _apply_durable(js, durable, live.durables.get((durable.stream, durable.name)))
    if consent.remove_durables:
        await _remove_undeclared(js, declared, live)
    return compare(declared, live)


def _refuse_loss(stream: StreamConfig, live: StreamInfo | None) -> None:
    """Raise Refused when a limit goes below what the stream holds, or may drop events by age."""
    if live is None or live.state.messages == 0:
        return
    max_bytes, stored_bytes = stream.max_bytes or 0, live.state.bytes
    if max_bytes < stored_bytes:
        raise Refused(
            f"{stream.name} max_bytes: {stored_bytes} bytes are stored and {max_bytes} declared: "
            "every publish would be refused. Declare more, or allow it with --drop-events."
        )
    declared, kept = stream.max_age or 0, live.config.max_age or math.inf
    if 0 < declared < kept:
        raise Refused(
            f"{stream.name} max_age: lowered to {declared:.0f} s, which drops the events that are "
            "older. Allow it with --drop-events."
        )


async def _apply_stream(
    js: JetStreamContext, stream: StreamConfig, live: StreamInfo | None
) -> None:
    differences = stream_differences(stream, live)
    try:
        if live is None:
            await js.add_stream(stream)
        elif differences:
            await js.update_stream(with_note(stream, live.config))
    except APIError as error:
        raise _refused(differences, error) from error


async def _apply_durable(js: JetStreamContext, durable: Durable, live: ConsumerInfo | None) -> None:
    differences = durable_differences(durable, live)
    if not differences:
        return
    try:
        if live is None:
            await js.add_consumer(durable.stream, durable.config)
        else:
            await _update_durable(js, durable, live)
    except APIError as error:
        raise _refused(differences, error) from error


async def _update_durable(js: JetStreamContext, durable: Durable, live: ConsumerInfo) -> None:
    """Update in place; a filter that is new also gets the events stored before it was there.

    The server would skip those in silence. The durable goes back to the first of them instead: what
    its service has handled already comes again, and the inbox knows it. The pause is also the mark
    of a change that was cut short: a durable found paused goes back to the start.
    """
    first = 1 if live.paused else await _first_unread(js, durable, live)
    if first is None:
        await js.add_consumer(durable.stream, durable.config)
        return
    await js.pause_consumer(durable.stream, durable.name, _UNTIL_LIFTED)
    await js.add_consumer(durable.stream, durable.config)
    await js.reset_consumer(durable.stream, durable.name, seq=first)
    await js.resume_consumer(durable.stream, durable.name)


async def _first_unread(js: JetStreamContext, durable: Durable, live: ConsumerInfo) -> int | None:
    """Find the first stored event of a new filter that lies behind the durable's place."""
    held = set(live.config.filter_subjects or (live.config.filter_subject,))
    delivered = 0 if live.delivered is None else live.delivered.stream_seq
    found: list[int] = []
    for subject in set(durable.config.filter_subjects or ()) - held:
        try:
            message = await js.get_msg(durable.stream, seq=1, subject=subject, next=True)
        except NotFoundError:
            continue
        found.append(message.seq or 1)
    first = min(found, default=delivered + 1)
    return first if first <= delivered else None


async def _remove_undeclared(js: JetStreamContext, declared: Declared, live: Live) -> None:
    known = {str(stream.name) for stream in declared.streams}
    for found in undeclared_durables(declared, live):
        if found.stream in known and found.durable is not None and found.field == WHOLE:
            await js.delete_consumer(found.stream, found.durable)


def _refused(differences: tuple[Difference, ...], error: APIError) -> Refused:
    what = "; ".join(str(difference) for difference in differences)
    return Refused(f"{what}. The server refuses: {error.description} ({error.err_code})")
