"""Row `offer`: from "somebody waits" to "the offer is on the desk's stream".

Measured from the moment the waiting was written (in the transaction that commits it) to the moment
the desk's client read the offer; both lines, both clocks of this machine.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from bench.crowd import Crowd
from bench.figures import Figure, amount, percentile, spread
from bench.ground import Ground, ground_for
from bench.setting import Setting
from contracts.vocabulary import ContactId, Role, Stage
from deploy.desk import Doors
from deploy.start import REPOSITORY

ROW = "offer"
_REGULATORS_SHARE = 0.3
_WARM_UP_SECONDS = 8.0
#: Seconds after the last call in which what is still waiting is waited for.
_DRAIN_SECONDS = 15.0
_WRITTEN_AT = """
    SELECT subject_id, stage, extract(epoch FROM committed_at) FROM (
        SELECT body::jsonb ->> 'contact_id' AS subject_id, 'regulator' AS stage, committed_at
        FROM intake.outbox WHERE type = 'contact.opened.v1'
        UNION ALL
        SELECT body::jsonb ->> 'contact_id', 'listener', committed_at
        FROM triage.outbox WHERE type = 'contact.triaged.v1'
    ) AS waiting
"""


#: Where a regulator's offer was, and when (seconds): written as waiting, in assignment's hands,
#: decided, in the console's hands.
_WAY = """
    SELECT made.body::jsonb ->> 'contact_id',
        extract(epoch FROM opened.committed_at), extract(epoch FROM heard.handled_at),
        extract(epoch FROM made.committed_at), extract(epoch FROM told.handled_at)
    FROM assignment.outbox made
    JOIN intake.outbox opened ON opened.type = 'contact.opened.v1'
        AND opened.body::jsonb ->> 'contact_id' = made.body::jsonb ->> 'contact_id'
    JOIN assignment.inbox heard ON heard.id = opened.id
    JOIN console.inbox told ON told.id = made.id
    WHERE made.type = 'offer.made.v1' AND made.body::jsonb ->> 'stage' = 'regulator'
"""
_STEPS = ("to assignment", "to the decision", "to the console", "to the desk")


@dataclass
class Seen:
    """What one run saw; milliseconds."""

    regulator_ms: list[float] = field(default_factory=list)
    listener_ms: list[float] = field(default_factory=list)
    poller_ms: list[float] = field(default_factory=list)
    #: Of a regulator's offer, by step of its way.
    steps_ms: dict[str, list[float]] = field(default_factory=lambda: {one: [] for one in _STEPS})
    called: int = 0
    cores_used: float = 0.0  #: by the services, on average


def measure(setting: Setting) -> list[Figure]:
    """Start a platform, bring people on duty, let callers come at random."""
    with ground_for(setting.folder, *setting.arguments) as ground:
        ground.wait_settled()
        disk = fdatasync_ms(setting.folder)
        seen = asyncio.run(_play(ground, setting))
    return _figures(seen, disk, setting)


async def _play(ground: Ground, setting: Setting) -> Seen:
    regulators = int(setting.people * _REGULATORS_SHARE)
    seen = Seen()
    async with Doors.of(ground.platform, patience_seconds=60) as doors, AsyncExitStack() as stack:
        crowd = Crowd(doors, stack)
        await crowd.come_on_duty(
            {Role.REGULATOR: regulators, Role.LISTENER: setting.people - regulators}
        )
        await asyncio.to_thread(ground.wait_settled)
        await crowd.call_at_random(setting.per_second, _WARM_UP_SECONDS)
        crowd.offered_at.clear()
        with _poller(ground.platform.owner_dsn) as poller:
            cpu, begun_at = ground.cpu(), time.monotonic()
            calls = await crowd.call_at_random(setting.per_second, setting.seconds)
            seen.cores_used = ground.cpu().since(cpu).python / (time.monotonic() - begun_at)
            seen.called = len(calls)
            await _wait_for_offers(crowd, [call.contact_id for call in calls])
            said, _ = await asyncio.to_thread(poller.communicate, "stop\n")
        seen.poller_ms = orjson.loads(said.splitlines()[-1])
    ours = {call.contact_id for call in calls}
    _match(ground, crowd, ours, seen)
    _follow(ground, crowd, ours, seen)
    return seen


async def _wait_for_offers(crowd: Crowd, contact_ids: list[ContactId]) -> None:
    give_up_at = time.monotonic() + _DRAIN_SECONDS
    wanted = [(contact_id, stage) for contact_id in contact_ids for stage in Stage]
    while time.monotonic() < give_up_at:
        if all(one in crowd.offered_at for one in wanted):
            return
        await asyncio.sleep(0.1)


def _match(ground: Ground, crowd: Crowd, ours: set[ContactId], seen: Seen) -> None:
    with ground.database() as connection:
        for contact_id, stage, written_at in connection.execute(_WRITTEN_AT).fetchall():
            shown_at = crowd.offered_at.get((contact_id, Stage(stage)))
            if contact_id not in ours or shown_at is None:
                continue
            by_stage = seen.regulator_ms if stage == "regulator" else seen.listener_ms
            by_stage.append((shown_at - float(written_at)) * 1000)


def _follow(ground: Ground, crowd: Crowd, ours: set[ContactId], seen: Seen) -> None:
    with ground.database() as connection:
        for contact_id, *written_at in connection.execute(_WAY).fetchall():
            shown_at = crowd.offered_at.get((contact_id, Stage.REGULATOR))
            if contact_id not in ours or shown_at is None:
                continue
            moments = [*map(float, written_at), shown_at]
            for step, before, after in zip(_STEPS, moments[:-1], moments[1:], strict=True):
                seen.steps_ms[step].append((after - before) * 1000)


@contextmanager
def _poller(dsn: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        (sys.executable, "-m", "bench.poller"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    ) as poller:
        assert poller.stdin is not None
        assert poller.stdout is not None
        poller.stdin.write(f"{dsn}\n")
        poller.stdin.flush()
        poller.stdout.readline()
        try:
            yield poller
        finally:
            poller.kill()


def fdatasync_ms(folder: Path, times: int = 100) -> list[float]:
    """How long this disk takes to make 4 kB durable, in milliseconds."""
    path = folder / "fdatasync.trial"
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(b"\0" * 4096)
            begun_at = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - begun_at) * 1000)
    path.unlink()
    return taken


def _figures(seen: Seen, disk: list[float], setting: Setting) -> list[Figure]:
    waited = seen.regulator_ms + seen.listener_ms
    if not (seen.regulator_ms and seen.listener_ms):
        raise ValueError(
            f"hardly anybody was offered a contact within {_DRAIN_SECONDS:.0f} s of the last of "
            f"{seen.called} calls: this machine cannot follow {setting.per_second:g} a second"
        )
    middle = percentile(waited, 0.5)
    poller = percentile(seen.poller_ms, 0.5)
    crowd = f"{setting.people} on duty, {seen.called / setting.seconds:.1f} contacts/s"
    missing = 2 * seen.called - len(waited)
    steps = ", ".join(
        f"{amount(percentile(taken, 0.5), 'ms')} {step}" for step, taken in seen.steps_ms.items()
    )
    return [
        Figure(ROW, f"waiting to offer, p50 ({crowd})", middle, "ms",
               f"disk's fdatasync {spread(disk, 'ms')}", 10),
        Figure(ROW, "waiting to offer, p99", percentile(waited, 0.99), "ms",
               f"to regulators {spread(seen.regulator_ms, 'ms')}; "
               f"to listeners {spread(seen.listener_ms, 'ms')}", 50),
        Figure(ROW, "of it to regulators, p50", percentile(seen.regulator_ms, 0.5), "ms", steps),
        Figure(ROW, "p50 against a poller of 100 ms", middle / poller, "x",
               f"poller {spread(seen.poller_ms, 'ms')}", 0.2),
        Figure(ROW, "contacts not offered in time", missing, "", f"of {2 * seen.called} offers", 0),
        Figure(ROW, "services' CPU meanwhile", seen.cores_used, "cores",
               f"{os.cpu_count()} cores, driver on them too"),
    ]  # fmt: skip
