"""Builders for servers that live as long as one test."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.embedded.account import account_for_postgres, can_reach
from deploy.embedded.nats import SERVER_FILE, EmbeddedNats, write_config
from deploy.embedded.ports import spare_port
from deploy.embedded.postgres import PostgresPlace

_SHELTER = "helpline-test-"


def a_postgres_place(folder: Path) -> PostgresPlace:
    """A place for a server in `folder`, at a port of its own."""
    return PostgresPlace(
        folder=folder / "postgres",
        keys=folder / "keys",
        log=folder / "postgres.log",
        port=spare_port(),
        durable=False,
    )


@contextmanager
def within_reach(folder: Path) -> Iterator[Path]:
    """Yield `folder`, or one the account of root's servers can walk to: pytest's are closed."""
    account = account_for_postgres(folder)
    if account is None or can_reach(folder / "postgres", account):
        yield folder
        return
    _remove_abandoned()
    shelter = Path(tempfile.mkdtemp(prefix=f"{_SHELTER}{os.getpid()}-", dir="/var/tmp"))
    shelter.chmod(0o711)
    try:
        yield shelter
    finally:
        shutil.rmtree(shelter)


def _remove_abandoned() -> None:
    """Remove the folders of test runs that were killed, by the process number in their name."""
    for shelter in Path("/var/tmp").glob(f"{_SHELTER}*"):
        pid = shelter.name.removeprefix(_SHELTER).split("-")[0]
        if not Path(f"/proc/{pid}").exists():
            shutil.rmtree(shelter, ignore_errors=True)


def an_open_nats(folder: Path) -> EmbeddedNats:
    """A server with streams and without accounts, at ports that stay the same when it restarts."""
    store = json.dumps(str(folder))
    (folder / SERVER_FILE).write_text(
        f"jetstream {{ store_dir: {store}, sync_interval: always, max_file_store: 1GB }}\n"
    )
    config = write_config(folder, spare_port(), spare_port())
    return EmbeddedNats(config, folder, folder / "nats.log")
