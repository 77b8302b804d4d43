"""Signing in to NATS with a key of the key folder, for the tools (services have their own way)."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
from nats.aio.client import Client

from services.bus.provision.keys import seed_path
from services.bus.provision.permissions import inbox_prefix
from services.bus.trust import NATS_CA_FILE, distrust, nats_not_trusted, nats_tls

log = logging.getLogger(__name__)


@asynccontextmanager
async def signed_in(url: str, folder: Path, name: str) -> AsyncIterator[Client]:
    """Connect as `name` for the length of the block; a `tls://` server is known by the CA that
    HELPLINE_NATS_CA_FILE names, or by public ones.

    Raises NotTrusted when it is not the server it should be, nats.errors.Error or OSError.
    """
    ca_file = os.environ.get(NATS_CA_FILE)
    tls = nats_tls(url, Path(ca_file) if ca_file else None)
    try:
        client = await nats.connect(
            url,
            name=f"helpline {name}",
            nkeys_seed=str(seed_path(folder, name)),
            inbox_prefix=inbox_prefix(name),
            tls=tls,
            tls_handshake_first=tls is not None,
            allow_reconnect=False,
            # Without these two the first connection is tried for two minutes.
            max_reconnect_attempts=1,
            reconnect_time_wait=0.1,
            error_cb=_note,
        )
    except ssl.SSLError as error:
        if (why := distrust(error)) is None:
            raise
        raise nats_not_trusted(url, ca_file, why) from error
    try:
        yield client
    finally:
        await client.close()


def reason(error: BaseException) -> str:
    """What a server said, or what became of the connection; repr hides what an API error says."""
    return str(error) or repr(error)


async def _note(error: Exception) -> None:
    """What the server refuses shows here and nowhere else: the caller sees a time-out."""
    log.warning("NATS says: %s", error)
