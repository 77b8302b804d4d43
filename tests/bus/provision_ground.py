"""A NATS server as provisioning leaves it, and tables that need no service to exist yet."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from sqlalchemy import MetaData

from contracts.assignment import LiveStateEntered, OfferMade, OfferTaken, StartDuty, TakeOffer
from contracts.catalogue import COMMANDS, EVENTS
from contracts.contact import ContactEnded, ContactOpened, EndContact
from contracts.envelope import Command, Event
from contracts.programme import ProgrammePublished
from contracts.roster import EligibilityEstablished
from contracts.triage import ContactTriaged, DecideTriage
from deploy.embedded.nats import SERVER_FILE, EmbeddedNats, write_config
from services.bus.provision.apply import apply
from services.bus.provision.keys import PROVISIONER, ensure_keys, seed_path
from services.bus.provision.permissions import inbox_prefix, server_conf
from services.bus.provision.signed_in import signed_in
from services.bus.table import Answer, On, Service, Table

T = TypeVar("T")


def never(*_: object) -> NoReturn:
    """Stand where a handler stands in a table that is only read."""
    raise AssertionError("nothing is handled here")


def a_service(
    name: str,
    consumes: tuple[type[Event], ...] = (),
    answers: tuple[type[Command], ...] = (),
    **rest: Any,
) -> Service:
    """A table without handlers; it publishes what the contracts say it publishes."""
    return Service(
        name=name,
        tables=MetaData(),
        consumes=tuple(On(event, never) for event in consumes),
        answers=tuple(Answer(command, never) for command in answers),
        publishes=tuple(event for event in EVENTS if event.publisher == name),
        **rest,
    )


#: The shape of the pilot: a service of each kind (door, decider, edge, counter).
TABLES: tuple[Service, ...] = (
    a_service("intake", (OfferTaken, ContactTriaged), (EndContact,)),
    a_service("triage", (ContactOpened, OfferTaken), (DecideTriage,)),
    a_service(
        "assignment",
        (ContactOpened, ContactTriaged, ContactEnded, EligibilityEstablished, ProgrammePublished),
        (StartDuty, TakeOffer),
        exclusive=True,
    ),
    a_service("roster", answers=tuple(c for c in COMMANDS if c.service == "roster")),
    a_service("quality", (ContactOpened, ContactEnded, OfferTaken, LiveStateEntered)),
    a_service("console", (OfferMade, OfferTaken, ContactEnded), sends=COMMANDS),
    a_service("bystander"),
)


@dataclass(frozen=True)
class Ground:
    """A running server, and the keys of who may sign in."""

    url: str
    keys: Path
    server: EmbeddedNats

    async def signed_in(self, name: str, note: Callable[[Exception], None]) -> Client:
        """Connect as `name`; what the server refuses goes to `note`."""

        async def noted(error: Exception) -> None:
            note(error)

        return await nats.connect(
            self.url,
            nkeys_seed=str(seed_path(self.keys, name)),
            inbox_prefix=inbox_prefix(name),
            error_cb=noted,
        )

    async def as_provisioner(self, do: Callable[[JetStreamContext], Awaitable[T]]) -> T:
        """Do something with the whole JetStream API."""
        async with signed_in(self.url, self.keys, PROVISIONER) as client:
            return await do(client.jetstream())


@contextmanager
def a_ground(
    folder: Path,
    tables: tuple[Table, ...] = TABLES,
    widen: Callable[[str], str] = lambda conf: conf,
) -> Iterator[Ground]:
    """Run a server whose accounts come from `tables`; `widen` may spoil the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    config = write_config(folder, -1, -1)
    conf = server_conf(tables, ensure_keys(folder / "keys", tables), folder)
    (folder / SERVER_FILE).write_text(widen(conf))
    server = EmbeddedNats(config, folder, folder / "nats.log")
    address = server.start()
    try:
        yield Ground(address.url, folder / "keys", server)
    finally:
        server.stop()


async def applied(js: JetStreamContext) -> None:
    """Bring the server to what TABLES declare."""
    await apply(js, TABLES)


def by_hand(ground: Ground, do: Callable[[JetStreamContext], Awaitable[object]]) -> None:
    """Change something behind the tool's back."""
    asyncio.run(ground.as_provisioner(do))
