"""Row `pipeline`: what one contact costs, from the call to the end of the wrap-up.

CPU of the service processes as the kernel counts it, without the driver's, beside the CPU of 24
bare transactions against the same Postgres, measured before each batch; and what a contact leaves
on disk once dead rows have been vacuumed, as autovacuum does within minutes.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, field

import orjson

from bench.bare import TRANSACTIONS
from bench.collector import Collector, collecting
from bench.crowd import Crowd
from bench.figures import Figure
from bench.ground import Cpu, Ground, ground_for
from bench.profile import profiled
from bench.setting import Setting
from contracts.vocabulary import Role
from deploy.desk import Desk, Doors
from deploy.start import REPOSITORY

ROW = "pipeline"
_REGULATORS, _LISTENERS = 6, 12
_AT_ONCE = 4
_WARM_UP_CONTACTS = 16
_BATCHES = 3
_BARE_CONTACTS = 15
_HEARTBEATS = 100
_INBOXES = ("intake", "triage", "assignment", "console", "quality", "roster")


@dataclass
class Batch:
    """One batch of contacts, each figure for one contact."""

    cpu: Cpu  #: milliseconds
    database_bytes: float
    stream_bytes: float
    handled: float  #: rows in the inboxes
    transactions: float  #: all of the database
    messages: float  #: in and out of NATS
    bare_ms: float  #: CPU of the bare transactions, measured just before
    apart_ms: float  #: of the same, spread over threads and time


@dataclass
class Run:
    """One platform's batches."""

    batches: list[Batch] = field(default_factory=list)
    heartbeat_ms: float = 0.0

    @property
    def cpu(self) -> Cpu:
        """CPU of one contact over all batches, in milliseconds."""
        count = len(self.batches)
        return Cpu(
            sum(batch.cpu.python for batch in self.batches) / count,
            sum(batch.cpu.postgres for batch in self.batches) / count,
            sum(batch.cpu.nats for batch in self.batches) / count,
        )

    @property
    def bare_ms(self) -> float:
        """CPU of the bare transactions of one contact, in milliseconds."""
        return sum(batch.bare_ms for batch in self.batches) / len(self.batches)

    @property
    def apart_ms(self) -> float:
        """CPU of the same, spread over threads and time as a service's are."""
        return sum(batch.apart_ms for batch in self.batches) / len(self.batches)


def measure(setting: Setting) -> list[Figure]:
    """Twice: tracing one contact in ten to a collector that keeps nothing, and not at all."""
    with collecting() as collector:
        traced = _run(setting, _BATCHES, collector)
        exported = collector.taken
    untraced = _run(setting, 1, None)
    return [*_cpu_figures(traced, untraced, exported), *_disk_figures(traced.batches)]


def _run(setting: Setting, batches: int, collector: Collector | None) -> Run:
    environment = collector.environment if collector else {}
    with ground_for(setting.folder, *setting.arguments, environment=environment) as ground:
        ground.wait_settled()
        return asyncio.run(_play(ground, setting, batches, collector is not None))


async def _play(ground: Ground, setting: Setting, batches: int, full: bool) -> Run:
    run = Run()
    async with Doors.of(ground.platform, patience_seconds=60) as doors, AsyncExitStack() as stack:
        crowd = Crowd(doors, stack)
        desks = await crowd.come_on_duty({Role.REGULATOR: _REGULATORS, Role.LISTENER: _LISTENERS})
        await crowd.call_one_after_the_other(_WARM_UP_CONTACTS, _AT_ONCE)
        await asyncio.to_thread(ground.wait_settled)
        wanted = full and setting.profile
        with profiled(ground.service_pids, setting.folder) if wanted else nullcontext():
            for _ in range(batches):
                run.batches.append(await _batch(ground, crowd, setting.contacts))
        if full:
            run.heartbeat_ms = await _heartbeat_ms(ground, desks)
    return run


async def _batch(ground: Ground, crowd: Crowd, contacts: int) -> Batch:
    bare_ms, apart_ms = await asyncio.to_thread(_bare_ms, ground)
    (database, streams), handled, traffic = (
        ground.stored_bytes(),
        _handled(ground),
        ground.traffic(),
    )
    cpu = ground.cpu()
    await crowd.call_one_after_the_other(contacts, _AT_ONCE)
    await asyncio.to_thread(ground.wait_settled)
    spent, (database_after, streams_after) = ground.cpu().since(cpu), ground.stored_bytes()
    traffic_after = ground.traffic()
    return Batch(
        cpu=Cpu(*(each / contacts * 1000 for each in (spent.python, spent.postgres, spent.nats))),
        database_bytes=(database_after - database) / contacts,
        stream_bytes=(streams_after - streams) / contacts,
        handled=(_handled(ground) - handled) / contacts,
        transactions=(traffic_after.transactions - traffic.transactions) / contacts,
        messages=(traffic_after.messages - traffic.messages) / contacts,
        bare_ms=bare_ms,
        apart_ms=apart_ms,
    )


def _handled(ground: Ground) -> int:
    counts = " + ".join(f"(SELECT count(*) FROM {name}.inbox)" for name in _INBOXES)  # noqa: S608
    with ground.database() as connection:
        row = connection.execute(f"SELECT {counts}").fetchone()
    assert row is not None
    return int(row[0])


def _bare_ms(ground: Ground) -> tuple[float, float]:
    dsn = ground.platform.owner_dsn.replace("postgresql:", "postgresql+psycopg:", 1)
    done = subprocess.run(
        (sys.executable, "-m", "bench.bare", str(_BARE_CONTACTS)),
        input=f"{dsn}\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    close_ms, apart_ms = orjson.loads(done.stdout)
    return close_ms, apart_ms


async def _heartbeat_ms(ground: Ground, desks: list[Desk]) -> float:
    cpu = ground.cpu()
    for number in range(_HEARTBEATS):
        await desks[number % len(desks)].beat_heart()
    return ground.cpu().since(cpu).python / _HEARTBEATS * 1000


def _cpu_figures(traced: Run, untraced: Run, exported: int) -> list[Figure]:
    cpu, bare = traced.cpu, traced.bare_ms
    last = traced.batches[-1]
    off = f"{untraced.cpu.python:.0f} ms, {untraced.cpu.python / untraced.bare_ms:.1f} x bare"
    return [
        Figure(ROW, "Python CPU of a contact, tracing 1 in 10", cpu.python, "ms",
               f"tracing off {off}; {exported} exports", 60),
        Figure(ROW, f"the same against {TRANSACTIONS} bare transactions", cpu.python / bare, "x",
               f"bare {bare:.1f} ms; spread over threads and time as ours are "
               f"{traced.apart_ms:.1f} ms, {cpu.python / traced.apart_ms:.1f} x that", 3),
        Figure(ROW, "Postgres CPU of a contact", cpu.postgres, "ms",
               f"{last.transactions:.0f} transactions, {last.handled:.0f} with an inbox row"),
        Figure(ROW, "NATS CPU of a contact", cpu.nats, "ms", f"{last.messages:.0f} messages"),
        Figure(ROW, "Python CPU of a heartbeat", traced.heartbeat_ms, "ms",
               "one for each person on duty, every 3 s"),
    ]  # fmt: skip


def _disk_figures(batches: list[Batch]) -> list[Figure]:
    stored = [batch.database_bytes + batch.stream_bytes for batch in batches]
    mean, database = sum(stored) / len(stored), sum(b.database_bytes for b in batches)
    each = ", ".join(f"{one / 1000:.0f}" for one in stored)
    return [
        Figure(ROW, "stored for a contact", mean / 1000, "kB",
               f"database {database / len(batches) / 1000:.0f} kB; batches {each} kB", 40),
        Figure(ROW, "growth, last batch against the first", stored[-1] / stored[0], "x",
               "1 is linear", 1.15),
    ]  # fmt: skip
