"""Databases for runs: prepared once, then copied for each seed, which takes 30 ms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from deploy.embedded.postgres import EmbeddedPostgres
from services.bus.database import prepare
from services.registry import SERVICES

_TEMPLATE = "simulation"


class Ground:
    """A server with one prepared database to copy."""

    def __init__(self, server: EmbeddedPostgres, keys: Path) -> None:
        self.keys = keys
        self._server = server
        self._owned("CREATE DATABASE {}", _TEMPLATE)
        url = make_url(server.dsn(_TEMPLATE)).set(drivername="postgresql+psycopg")
        prepare(url.render_as_string(hide_password=False), SERVICES, keys)

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """URL of a prepared, empty database; dropped afterwards."""
        self._owned("CREATE DATABASE {} TEMPLATE simulation", name)
        try:
            yield self._server.dsn(name)
        finally:
            self._owned("DROP DATABASE {} WITH (FORCE)", name)

    def close(self) -> None:
        """Drop what is copied."""
        self._owned("DROP DATABASE {}", _TEMPLATE)

    def _owned(self, statement: LiteralString, name: str) -> None:
        with psycopg.connect(self._server.dsn(), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
