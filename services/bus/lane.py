"""A lane: a bounded set of worker threads with database connections of their own.

Each durable has one, so that a slow reader cannot take the connections of another. Handlers are
plain functions in these threads: a transaction cannot be cancelled half-way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Engine, create_engine, text
from sqlmodel import Session

from services.bus.settings import BusSettings
from services.bus.table import Service

T = TypeVar("T")


class Lane:
    """`workers` threads, `workers + 2` connections, as one role."""

    def __init__(self, name: str, service: Service, settings: BusSettings, workers: int) -> None:
        self.name = name
        self.workers = workers
        self.engine: Engine = create_engine(
            settings.dsn(service.name),
            pool_size=workers + 2,
            max_overflow=0,
            pool_timeout=1,
            hide_parameters=True,  # an error of the database must not print what was written
            connect_args={
                "connect_timeout": 2,
                "application_name": f"helpline {name}",
                "options": (
                    f"-c statement_timeout={int(service.statement_timeout.total_seconds() * 1000)}"
                    " -c lock_timeout=1000 -c idle_in_transaction_session_timeout=10000"
                ),
                "keepalives_idle": 5,
                "keepalives_interval": 5,
                "keepalives_count": 2,
            },
        )
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=name)

    def session(self) -> Session:
        """A session on a connection of this lane; the caller begins and ends its transaction."""
        return Session(self.engine, expire_on_commit=False)

    def autocommit(self) -> Session:
        """A session whose statements commit each by itself: for reads, and for one statement.

        Without a transaction there is no BEGIN and no COMMIT or ROLLBACK: two round trips less, and
        the driver keeps the statements it has prepared, which it forgets at every ROLLBACK.
        """
        return Session(self._autocommit)

    async def run(self, call: Callable[[], T]) -> T:
        """Run `call` in one of the threads; a cancelled wait never stops a call that has begun."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def probe(self) -> bool:
        """Whether Postgres answers (blocking, at most two seconds)."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except Exception:  # noqa: BLE001 - any failure of a probe has the same meaning
            return False
        return True

    def close(self) -> None:
        """Let the running calls finish, then close the connections."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.engine.dispose()
