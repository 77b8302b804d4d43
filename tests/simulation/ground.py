"""The house for runs: made once, with open connections, and emptied for each seed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from deploy.directory_kept import keep_directory
from deploy.embedded.postgres import EmbeddedPostgres
from services.bus.database import prepare
from services.intake.day_keys import FOLDER
from services.registry import SERVICES
from tests.simulation.house import House

_DATABASE = "simulation"
#: A partner that stands for every relay, and acknowledges nothing. Nothing is sealed to it, because
#: each box is another and a seed is to play the same again.
_PARTNER = """
    INSERT INTO referral.partner (partner, called, state, relays, subscribes)
    SELECT 'aplus', 'Association A+', 'active', array_agg(relay_id), true FROM referral.entry
"""


@contextmanager
def a_house(server: EmbeddedPostgres, keys: Path) -> Iterator[House]:
    """A house on a database of its own, which is dropped afterwards."""
    _owned(server, f"CREATE DATABASE {_DATABASE}")
    try:
        url = make_url(server.dsn(_DATABASE)).set(drivername="postgresql+psycopg")
        owner = url.render_as_string(hide_password=False)
        prepare(owner, SERVICES, keys)
        keep_directory(owner)
        _owned(server, _PARTNER, _DATABASE)
        with _day_keys_in(keys / "days"):
            house = House(server.dsn(_DATABASE), keys)
            try:
                yield house
            finally:
                house.close()
    finally:
        _owned(server, f"DROP DATABASE {_DATABASE} WITH (FORCE)")


@contextmanager
def _day_keys_in(folder: Path) -> Iterator[None]:
    """The keys of days are there, as for intake's own process."""
    before = os.environ.get(FOLDER)
    os.environ[FOLDER] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[FOLDER]
        else:
            os.environ[FOLDER] = before


def _owned(server: EmbeddedPostgres, statement: str, database: str = "postgres") -> None:
    with psycopg.connect(server.dsn(database), autocommit=True) as connection:
        connection.execute(statement.encode())
