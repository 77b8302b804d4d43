"""A platform of the bench's own: started for a row, in a folder of its own, at spare ports."""

from __future__ import annotations

import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psycopg

from bench.proc import cpu_seconds
from deploy.embedded.account import account_for_postgres
from deploy.embedded.runfolder import RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.platform import NO_SERVICES, Platform, read_platform
from deploy.running import running

_SETTLES_WITHIN_SECONDS = 60.0


@dataclass(frozen=True)
class Cpu:
    """CPU seconds since the start, by who used them."""

    python: float
    postgres: float
    nats: float

    def since(self, earlier: Cpu) -> Cpu:
        """What was used between two looks."""
        return Cpu(
            self.python - earlier.python,
            self.postgres - earlier.postgres,
            self.nats - earlier.nats,
        )


@dataclass(frozen=True)
class Traffic:
    """What has gone through both servers since they started."""

    transactions: int
    messages: int


@dataclass(frozen=True)
class Ground:
    """A running platform, and how long it took to be ready."""

    run: RunFolder
    seconds_to_ready: float

    @property
    def platform(self) -> Platform:
        """As it is now: process numbers change when something is started again."""
        return read_platform(self.run, even_starting=True)

    @property
    def service_pids(self) -> tuple[int, ...]:
        """Processes that run services."""
        pids = self.platform.pids
        return tuple(pid for name, pid in pids.items() if name not in NO_SERVICES)

    def cpu(self) -> Cpu:
        """CPU used so far. The process that only watches is not counted: it sleeps."""
        pids = self.platform.pids
        return Cpu(
            python=cpu_seconds(self.service_pids),
            postgres=cpu_seconds([pids["postgres"]]),
            nats=cpu_seconds([pids["nats"]]),
        )

    def stored_bytes(self) -> tuple[int, int]:
        """Size of the database and of the streams, dead rows made free for the next."""
        with self.database() as connection:
            connection.execute("VACUUM")
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert row is not None
        return int(row[0]), int(self._streams()["storage"])

    def database(self) -> psycopg.Connection[Any]:
        """A connection as the database's owner."""
        return psycopg.connect(self.platform.owner_dsn, autocommit=True)

    def wait_settled(self) -> None:
        """Wait until the seeds are in place and every durable has handled what there was."""
        give_up_at = time.monotonic() + _SETTLES_WITHIN_SECONDS
        while self._busy():
            if time.monotonic() > give_up_at:
                raise StartRefused("The platform does not come to rest.", "Look at its logs.")
            time.sleep(0.2)

    def _busy(self) -> bool:
        if not self.platform.ready:
            return True
        accounts = self._streams("&accounts=1&streams=1&consumers=1").get("account_details", ())
        durables = (
            durable
            for account in accounts
            for stream in account.get("stream_detail", ())
            for durable in stream.get("consumer_detail", ())
        )
        return any(one["num_pending"] + one["num_ack_pending"] > 0 for one in durables)

    def traffic(self) -> Traffic:
        """Transactions and messages so far, by everybody."""
        with self.database() as connection:
            row = connection.execute(
                "SELECT sum(xact_commit) FROM pg_stat_database WHERE datname = current_database()"
            ).fetchone()
        assert row is not None
        told = self._monitoring("varz")
        return Traffic(int(row[0]), int(told["in_msgs"]) + int(told["out_msgs"]))

    def _streams(self, more: str = "") -> dict[str, Any]:
        return self._monitoring(f"jsz?{more}")

    def _monitoring(self, page: str) -> dict[str, Any]:
        url = f"{self.platform.nats_monitoring_url}/{page}"
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - an address of ours
            told: dict[str, Any] = orjson.loads(answer.read())
            return told


@contextmanager
def ground_for(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[Ground]:
    """Start a platform for the length of the block; StartRefused when it does not start."""
    begun_at = time.monotonic()
    with running(folder, *arguments, environment=environment or {}, even_starting=True) as platform:
        yield Ground(platform.run, time.monotonic() - begun_at)


def forget(folder: Path) -> None:
    """Remove a run folder of the bench and the database that may live beside it."""
    run = RunFolder(folder.resolve())
    if not run.root.exists():
        return
    place = run.place_for(account_for_postgres(run.postgres / "data"))
    for path in {run.root, place}:
        shutil.rmtree(path, ignore_errors=True)


def is_ready(url: str) -> bool:
    """Whether a process says on its health port that it can work."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2):  # noqa: S310 - as above
            return True
    except (urllib.error.URLError, OSError):
        return False
