"""The bus on real servers: a table that runs, and a way in beside it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from nats.js import JetStreamContext
from sqlalchemy import make_url, text

from contracts.envelope import Event, EventEnvelope, EventId
from deploy.embedded.nats import SERVER_FILE, EmbeddedNats, write_config
from deploy.embedded.ports import spare_port
from services.bus.database import prepare
from services.bus.decode import event_headers
from services.bus.provision.apply import apply
from services.bus.provision.keys import PROVISIONER, ensure_keys
from services.bus.provision.permissions import server_conf
from services.bus.provision.signed_in import signed_in
from services.bus.runner import RunningService
from services.bus.settings import BusSettings
from services.bus.table import Service
from services.bus.testing import settings_for_tests
from services.bus.work import new_id
from tests.authority import Shown, tls_conf


@dataclass
class LiveGround:
    """Both servers, provisioned for `tables`; `js` may do anything on NATS."""

    tables: tuple[Service, ...]
    settings: BusSettings
    owner_dsn: str
    nats: EmbeddedNats
    js: JetStreamContext  #: may look at and change everything, publish nothing
    as_service: JetStreamContext  #: the first table's own key: publishes its events

    async def publish(
        self, event: Event, *, version: int = 1, headers: Mapping[str, str] = {}
    ) -> EventId:
        """Publish an event as its service would; `headers` replace or add to its own."""
        envelope = EventEnvelope(
            id=EventId(new_id()),
            source=event.publisher,
            type=event.type_name(),
            time=getattr(event, "opened_at"),  # noqa: B009 - the events of these tests have it
            aggregate=f"contact:{getattr(event, 'contact_id', '')}",
            version=version,
            programme=getattr(event, "programme"),  # noqa: B009
            contact_id=getattr(event, "contact_id", None),
        )
        await self.publish_raw(
            event.subject(),
            event.model_dump_json().encode(),
            event_headers(envelope.model_dump(mode="json")) | dict(headers),
        )
        return envelope.id

    @asynccontextmanager
    async def signed_in_again(self) -> AsyncIterator["LiveGround"]:
        """The same ground with fresh connections, after the server was killed."""
        url, keys = self.settings.nats_url, self.settings.keys_dir
        async with signed_in(url, keys, self.tables[0].name) as service:
            yield replace(self, as_service=service.jetstream())

    async def publish_raw(self, subject: str, body: bytes, headers: dict[str, str]) -> None:
        """Publish any bytes under the first table's key."""
        await self.as_service.publish(subject, body, headers=headers)

    def count(self, query: str) -> int:
        """One number from the database, as its owner."""
        from sqlalchemy import create_engine

        engine = create_engine(self.owner_dsn)
        try:
            with engine.connect() as connection:
                return int(connection.execute(text(query)).scalar_one())
        finally:
            engine.dispose()


@asynccontextmanager
async def a_live_ground(
    tables: tuple[Service, ...], owner_dsn: str, folder: Path, shown: Shown | None = None
) -> AsyncIterator[LiveGround]:
    """Provision both servers for `tables`; nothing runs on them yet.

    `shown`: NATS speaks TLS; the tools find its CA by HELPLINE_NATS_CA_FILE.
    """
    owner = make_url(owner_dsn).set(drivername="postgresql+psycopg")
    keys = folder / "keys"
    public_keys = ensure_keys(keys, tables)
    owner_text = owner.render_as_string(hide_password=False)
    prepare(owner_text, tables, keys)
    config = write_config(folder, spare_port(), -1)
    tls = "" if shown is None else tls_conf(shown)
    (folder / SERVER_FILE).write_text(server_conf(tables, public_keys, folder) + tls)
    server = EmbeddedNats(config, folder, folder / "nats.log")
    address = server.start()
    settings = settings_for_tests(owner, keys, address.url)
    if shown is not None:
        settings = settings.model_copy(update={"nats_ca_file": shown.ca})
    try:
        async with (
            signed_in(address.url, keys, PROVISIONER) as provisioner,
            signed_in(address.url, keys, tables[0].name) as service,
        ):
            js = provisioner.jetstream()
            await apply(js, tables)
            yield LiveGround(tables, settings, owner_text, server, js, service.jetstream())
    finally:
        server.stop()


@asynccontextmanager
async def running(ground: LiveGround, service: Service) -> AsyncIterator[RunningService]:
    """Run one table on the ground."""
    at_work = RunningService(service, ground.settings)
    await at_work.start()
    try:
        yield at_work
    finally:
        await at_work.stop()


async def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until it holds; fails when it does not within so many seconds."""
    give_up = time.monotonic() + seconds
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < give_up, "it did not happen in time"
        await asyncio.sleep(0.05)
