"""When all streams were last copied whole: noted on the server that holds them.

In the metadata of one stream that carries no event of ours; the monitoring port tells it
(services/bus/nats_figures.py). The note is no part of what is declared and stays when that changes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from services.bus.figures import COPIED_AT
from services.bus.provision.declared import ADVISORY


async def note_copied(js: JetStreamContext, at: datetime) -> None:
    """Note it; `js` is signed in as `provisioner`, `at` is machine time with its zone."""
    config = (await js.stream_info(ADVISORY)).config
    metadata = {**(config.metadata or {}), COPIED_AT: at.isoformat(timespec="seconds")}
    await js.update_stream(replace(config, metadata=metadata))


def with_note(declared: StreamConfig, live: StreamConfig) -> StreamConfig:
    """What is declared, with the note that stands on the live stream."""
    noted = (live.metadata or {}).get(COPIED_AT)
    if noted is None:
        return declared
    return replace(declared, metadata={**(declared.metadata or {}), COPIED_AT: noted})
