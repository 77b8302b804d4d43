"""Builders for servers that live as long as one test."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.embedded.account import account_for_postgres, can_reach, shelter_for
from deploy.embedded.nats import SERVER_FILE, EmbeddedNats, write_config
from deploy.embedded.ports import spare_port
from deploy.embedded.postgres import PostgresPlace


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
    """Yield `folder`, or where root's servers keep its like: pytest's folders are closed."""
    account = account_for_postgres(folder)
    if account is None or can_reach(folder / "postgres", account):
        yield folder
        return
    shelter = shelter_for(folder)
    try:
        yield shelter
    finally:
        shutil.rmtree(shelter)


def an_open_nats(folder: Path) -> EmbeddedNats:
    """A server with streams and without accounts, at ports that stay the same when it restarts."""
    store = json.dumps(str(folder))
    (folder / SERVER_FILE).write_text(
        f"jetstream {{ store_dir: {store}, sync_interval: always, max_file_store: 1GB }}\n"
    )
    config = write_config(folder, spare_port(), spare_port())
    return EmbeddedNats(config, folder, folder / "nats.log")
