"""Signing in to NATS with a key of the key folder, for the tools (services have their own way)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
from nats.aio.client import Client

from services.bus.provision.keys import seed_path
from services.bus.provision.permissions import inbox_prefix


@asynccontextmanager
async def signed_in(url: str, folder: Path, name: str) -> AsyncIterator[Client]:
    """Connect as `name` for the length of the block; raises nats.errors.Error or OSError."""
    client = await nats.connect(
        url,
        name=f"helpline {name}",
        nkeys_seed=str(seed_path(folder, name)),
        inbox_prefix=inbox_prefix(name),
        allow_reconnect=False,
    )
    try:
        yield client
    finally:
        await client.close()
