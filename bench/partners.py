"""Row `partners`: from the wish to send a referral to the partner that reads it.

Two hundred partners, each with an account, a key and a connection of its own, wait for what is
theirs. Agreed referrals lie ready; each is sent by a command as the console sends it, a hundred a
second at random, and the clock runs until its partner has it. Beside it, in the same run and on the
same durables: messages of the same size put on the stream and read, with nothing of ours between.
"""

from __future__ import annotations

import asyncio
import base64
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nats
import nats.errors
import nkeys
import orjson
import yaml
from nacl.public import PrivateKey
from nats.aio.client import Client
from sqlalchemy import create_engine, make_url
from sqlmodel import Session

from bench.figures import Figure, percentile, spread
from bench.ground import Ground, ground_for
from bench.offer import fdatasync_ms
from bench.setting import Setting
from contracts.envelope import CommandEnvelope, CommandId, SessionId
from contracts.referral import SendReferral
from contracts.vocabulary import PersonId, ProgrammeId, ReferralId, Role
from deploy.partners import take_in
from services.bus.decode import command_headers
from services.bus.driver import ask
from services.bus.provision.keys import seed_path
from services.bus.provision.partners import read_partner
from services.bus.provision.permissions import inbox_prefix
from services.bus.work import new_id
from services.referral.directory.committed import COMMITTED, document, read_departements
from services.referral.lists.hsds import rows_of
from services.referral.lists.importing import import_rows

ROW = "partners"
_PARTNERS, _PER_SECOND = 200, 100.0
_AT_MOST_MS = 100.0
_WARM_UP = 100
_SILENT_SECONDS = 20.0
_AGREED = """
    INSERT INTO referral.referral (referral_id, contact_id, programme, relay_id, state, mode, need,
        urgency, minor, scope, consented_at, outcome_given, version)
    VALUES (%(referral_id)s, %(contact_id)s, 'sos-crise', %(relay_id)s, 'consented', 'message',
        'solitude', 'P4', false, '{need,urgency}', public.helpline_now(), false, 2)
"""
_CONTACT = """
    INSERT INTO referral.contact (contact_id, programme) VALUES (%(contact_id)s, 'sos-crise')
"""


@dataclass
class Reading:
    """When each message was read, by its subject's last token; `time.monotonic()`."""

    at: dict[str, float] = field(default_factory=dict)

    async def read(self, client: Client, name: str) -> None:
        """Read a partner's durable for ever."""
        durable = await client.jetstream().pull_subscribe_bind(f"partner-{name}", "PARTNER")
        while True:
            try:
                messages = await durable.fetch(10, timeout=60)
            except nats.errors.ConnectionClosedError:
                return
            except TimeoutError:
                continue
            for message in messages:
                self.at[message.subject.rpartition(".")[2]] = time.monotonic()
                await message.ack()

    async def until_read(self, names: set[str]) -> None:
        """Wait until all of these were read; TimeoutError when nothing comes any more."""
        async with asyncio.timeout(_SILENT_SECONDS):
            while names - self.at.keys():
                await asyncio.sleep(0.02)


def measure(setting: Setting) -> list[Figure]:
    """Let the partners in, send to them, then the bare stream."""
    with ground_for(setting.folder, *setting.arguments) as ground:
        ground.wait_settled()
        relays = _relays(ground)
        seeds = _let_in(ground, setting.folder / "partners-of-bench", relays)
        count = int(setting.seconds * _PER_SECOND)
        agreed = _agreed(ground, relays, count + _WARM_UP)
        disk = fdatasync_ms(setting.folder)
        ours, bare = asyncio.run(_play(ground, seeds, agreed))
    ours = ours[_WARM_UP:]
    beside = (
        f"{spread(ours, 'ms')}; bare stream: {spread(bare, 'ms')}; fdatasync {spread(disk, 'ms')}"
    )
    what = f"sent to received, p99 of {len(ours)} to {_PARTNERS} partners at {_PER_SECOND:.0f}/s"
    return [Figure(ROW, what, percentile(ours, 0.99), "ms", beside, _AT_MOST_MS)]


def _relays(ground: Ground) -> list[str]:
    """An entry of the directory for each partner, verified."""
    (model,) = (
        row
        for row in rows_of(document(COMMITTED / "relays.json"))
        if isinstance(row, dict) and row["x_relay"]["slug"] == "fr-3114"
    )
    rows: list[Any] = []
    for number in range(_PARTNERS):
        row = deepcopy(model)
        row["x_relay"]["slug"] = f"fr-bench-{number}"
        rows.append(row)
    owner = make_url(ground.platform.owner_dsn).set(drivername="postgresql+psycopg")
    engine = create_engine(owner)
    with Session(engine) as session, session.begin():
        import_rows(
            session, "bench", rows, frozenset(read_departements()), datetime.now(UTC), whole=True
        )
        ask(
            session,
            "INSERT INTO referral.relay (relay_id, verified_at, withdrawn)"
            " SELECT relay_id, public.helpline_now() - interval '1 day', false"
            " FROM referral.entry WHERE source = 'bench'",
        )
        ask(
            session,
            "UPDATE referral.entry SET holds_until = public.helpline_now() + interval '90 days'"
            " WHERE source = 'bench'",
        )
    engine.dispose()
    return [row["x_relay"]["slug"] for row in rows]


def _let_in(ground: Ground, folder: Path, relays: list[str]) -> dict[str, Path]:
    """Let a partner in for each relay; where the seed of each is."""
    folder.mkdir(parents=True, exist_ok=True)
    seeds, manifests = {}, {}
    sealing = base64.b64encode(bytes(PrivateKey.generate().public_key)).decode()
    for number, relay in enumerate(relays):
        name = f"bench{number}"
        seed = nkeys.encode_seed(name.ljust(32, ".").encode(), nkeys.PREFIX_BYTE_USER)
        public = bytes(nkeys.from_seed(bytearray(seed)).public_key).decode()
        seeds[name] = folder / f"{name}.nk"
        seeds[name].write_bytes(seed)
        written = {"partner": name, "called": name, "relays": [relay], "nats_keys": [public]}
        file = folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(written | {"sealing_key": sealing}))
        manifests[file] = read_partner(file)
    asyncio.run(take_in(ground.run, ground.platform, manifests))
    return seeds


def _agreed(ground: Ground, relays: list[str], count: int) -> list[str]:
    """So many referrals a person has agreed to, spread over the partners."""
    with ground.database() as connection, connection.cursor() as cursor:
        rows = [
            {"referral_id": new_id(), "contact_id": new_id(), "relay_id": relays[place % _PARTNERS]}
            for place in range(count)
        ]
        cursor.executemany(_CONTACT, rows)
        cursor.executemany(_AGREED, rows)
    return [row["referral_id"] for row in rows]


async def _play(
    ground: Ground, seeds: dict[str, Path], agreed: list[str]
) -> tuple[list[float], list[float]]:
    url, reading = ground.platform.nats_url, Reading()
    async with AsyncExitStack() as stack:
        for name, seed in seeds.items():
            client = await nats.connect(url, nkeys_seed=str(seed))
            stack.push_async_callback(client.close)
            stack.callback(asyncio.create_task(reading.read(client, name)).cancel)
        console = await _service(ground, "console")
        stack.push_async_callback(console.close)
        referral = await _service(ground, "referral")
        stack.push_async_callback(referral.close)

        async def send(referral_id: str) -> str:
            wish = SendReferral(referral_id=ReferralId(referral_id))
            headers = command_headers(_as_supervisor())
            body = wish.model_dump_json().encode()
            reply = await console.request(wish.subject(), body, timeout=20, headers=headers)
            return str(orjson.loads(reply.data)["result"]["partner_reference"])

        async def put(name: str) -> str:
            partner = random.choice(list(seeds))
            subject = f"partner.{partner}.partner_referral.sent.v1.{name}"
            await referral.jetstream().publish(subject, b"x" * 700, stream="PARTNER")
            return name

        ours = await _timed(send, agreed, reading)
        bare = await _timed(put, [f"bare{place}" for place in range(len(agreed))], reading)
    return ours, bare


async def _timed(
    do: Callable[[str], Awaitable[str]], each: list[str], reading: Reading
) -> list[float]:
    """Do each at a random moment, a hundred a second; milliseconds until it was read."""
    chance, begun = random.Random(29), time.monotonic()
    started: dict[str, float] = {}
    named: dict[str, str] = {}

    async def one(name: str) -> None:
        started[name] = time.monotonic()
        named[name] = await do(name)

    doing, next_at = [], 0.0
    for name in each:
        next_at += chance.expovariate(_PER_SECOND)
        await asyncio.sleep(max(begun + next_at - time.monotonic(), 0))
        doing.append(asyncio.create_task(one(name)))
    await asyncio.gather(*doing)
    await reading.until_read(set(named.values()))
    return [(reading.at[named[name]] - started[name]) * 1000 for name in each]


async def _service(ground: Ground, name: str) -> Client:
    keys = Path(ground.platform.keys)
    return await nats.connect(
        ground.platform.nats_url,
        nkeys_seed=str(seed_path(keys, name)),
        inbox_prefix=inbox_prefix(name),
    )


def _as_supervisor() -> CommandEnvelope:
    return CommandEnvelope(
        command_id=CommandId(new_id()),
        session_id=SessionId(new_id()),
        actor=PersonId("bench-supervisor"),
        role=Role.SUPERVISOR,
        programme=ProgrammeId("sos-crise"),
        deadline=datetime.now(UTC) + timedelta(minutes=1),
    )
