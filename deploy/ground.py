"""`python -m deploy.ground`: brings both servers to what the code declares, then ends.

A process of its own, started by `up`: it imports every service's table, which would make the
process that watches large. It speaks with `up` by lines: first it writes what NATS needs to start
and says so, then it is told where the servers are and does the rest.
"""

import argparse
import asyncio
import json
import os
import secrets
import sys
import traceback
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from deploy import cards
from deploy.directory_kept import keep_directory
from deploy.embedded.nats import SERVER_FILE
from deploy.embedded.runfolder import RunFolder, write_atomically
from deploy.partner_desks import keep_demonstration
from deploy.platform import DEVELOPMENT_KEY, KEYS_WRITTEN, ROBOT_KEY
from services.bus import database
from services.bus.capability import KEY_FILE as CAPABILITY_KEY
from services.bus.migrating import migrate
from services.bus.provision.apply import apply
from services.bus.provision.keys import PROVISIONER, ensure_keys
from services.bus.provision.partners import with_partners
from services.bus.provision.permissions import server_conf
from services.bus.provision.signed_in import signed_in
from services.bus.table import Table
from services.console.desk_seal import DESK_KEY
from services.referral.partners.postman import WEBHOOK_KEY
from services.referral.settings import SETTINGS
from services.registry import SERVICES

DATABASE = "helpline"


@dataclass(frozen=True)
class Servers:
    """Where both servers are and how domain time runs: one JSON line on standard input.

    On standard input, because a command line can be read by everybody on the machine.
    `owner_dsn` has no database in it; `anchor` is ISO 8601, empty for the real time.
    """

    owner_dsn: str
    nats_url: str
    rate: float
    anchor: str


def everybody(run: RunFolder) -> tuple[Table, ...]:
    """Who has a place on the bus: the services, and the partners that were let in.

    Raises PartnersFlawed.
    """
    return with_partners(SERVICES, run.partners)


def write_server_conf(run: RunFolder) -> None:
    """Make the keys that are missing and write accounts, permissions and store of NATS."""
    public_keys = ensure_keys(run.keys, SERVICES)
    make_development_key(run.keys)
    made = (CAPABILITY_KEY, ROBOT_KEY, "risk-seal.key", "risk-push.key", WEBHOOK_KEY, DESK_KEY)
    for name in made:
        make_key(run.keys / name)
    write_atomically(run.nats / SERVER_FILE, server_conf(everybody(run), public_keys, run.nats))


def make_development_key(keys: Path) -> None:
    """Make the key of the development provider of sessions, once."""
    make_key(keys / DEVELOPMENT_KEY)


def make_key(path: Path) -> None:
    """Make a key of 256 bits in hexadecimal, once, readable by its owner only."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32) + "\n")


def prepare_database(run: RunFolder, servers: Servers) -> None:
    """Make the database, its roles, schemas and clock."""
    with psycopg.connect(f"{servers.owner_dsn}/postgres", autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if known.fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")
    owner_dsn = f"{servers.owner_dsn}/{DATABASE}".replace("postgresql:", "postgresql+psycopg:", 1)
    database.prepare(owner_dsn, SERVICES, run.keys, migrate)
    keep_directory(owner_dsn, SETTINGS.directory)
    anchor = datetime.fromisoformat(servers.anchor) if servers.anchor else None
    database.set_clock(owner_dsn, anchor, servers.rate, development=True)
    cards.take(owner_dsn, cards.DEMONSTRATION)


async def prepare_streams(run: RunFolder, servers: Servers) -> None:
    """Bring streams and durables to what the tables declare."""
    async with signed_in(servers.nats_url, run.keys, PROVISIONER) as client:
        await apply(client.jetstream(), everybody(run))


def main() -> int:
    """Prepare the ground of one run folder."""
    parser = argparse.ArgumentParser(description="Prepare the ground; called by `up`.")
    parser.add_argument("--run-dir", type=Path, required=True)
    run = RunFolder(parser.parse_args().run_dir)
    try:
        return _prepare(run)
    except Exception as failed:  # noqa: BLE001 whatever it is, `up` shows this line and we end
        traceback.print_exc()
        print(f"{type(failed).__name__}: {str(failed).strip().splitlines()[0]}")
        return 1


def _prepare(run: RunFolder) -> int:
    keep_demonstration(run)
    write_server_conf(run)
    print(KEYS_WRITTEN, *(service.name for service in SERVICES), flush=True)
    told = sys.stdin.readline()
    if not told:
        return 1  # `up` ended
    servers = Servers(**json.loads(told))
    prepare_database(run, servers)
    asyncio.run(prepare_streams(run, servers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
