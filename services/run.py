"""Runs services in this process: all of them (the pilot's shape) or the named ones.

`python -m services.run [NAME ...]`, configured by HELPLINE_ variables (services/bus/settings.py).
SIGTERM or Ctrl-C: fetch nothing more, finish what is in hand, publish it, leave.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Sequence

import uvloop

from services.bus.door import StartRefused
from services.bus.http import PortTaken, QuietServer, server_for
from services.bus.lineage import TablesDiffer
from services.bus.logs import start_logs
from services.bus.ops import ops_app
from services.bus.runner import DurableMissing, RunningService
from services.bus.settings import BusSettings
from services.bus.table import Service
from services.bus.traces import start_tracing
from services.bus.trust import NotTrusted
from services.bus.watchdog import Watchdog
from services.registry import SERVICES

log = logging.getLogger("services.run")  # started as a program it has no name of its own

_SWITCH_SECONDS = 0.0005


def chosen(names: Sequence[str]) -> tuple[Service, ...]:
    """The services named, all when none is; raises SystemExit for an unknown name."""
    by_name = {service.name: service for service in SERVICES}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise SystemExit(f"unknown service {unknown[0]!r}; there are: {', '.join(by_name)}")
    return tuple(by_name[name] for name in names) if names else SERVICES


async def run(services: Sequence[Service], settings: BusSettings) -> None:
    """Run until SIGTERM or SIGINT; raises DurableMissing when the ground was not provisioned."""
    leave = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leave.set)
    watchdog = Watchdog(settings.stuck_after_seconds)
    beating = asyncio.create_task(watchdog.beat_for_ever())
    watchdog.start()
    running = [RunningService(service, settings) for service in services]
    ops, doors = _servers(running, settings)
    asked = asyncio.create_task(ops.serve())
    open_doors = [asyncio.create_task(door.serve()) for door in doors]
    try:
        await _start(running, leave)
        await leave.wait()
    finally:
        begun = [service for service in running if service.ready]
        for service in begun:
            service.ready = False
        # What is in hand at a door still needs its service; health and figures are told to the end.
        for door in doors:
            door.leave()
        await asyncio.gather(*open_doors, return_exceptions=True)
        await asyncio.gather(*(service.stop() for service in begun))
        ops.leave()
        await asyncio.gather(asked, return_exceptions=True)
        watchdog.stop()
        beating.cancel()


async def _start(running: Sequence[RunningService], leave: asyncio.Event) -> None:
    """Start all; a signal that comes first wins over a ground that does not."""
    starting = asyncio.create_task(_start_all(running))
    leaving = asyncio.create_task(leave.wait())
    await asyncio.wait([starting, leaving], return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    if not starting.done():
        starting.cancel()
        return
    starting.result()
    gc.collect()
    gc.freeze()  # what start-up made stays: the collector need not look at it again
    names = [service.service for service in running]
    log.info("ready", extra={"facts": {"services": names}})


async def _start_all(running: Sequence[RunningService]) -> bool:
    await asyncio.gather(*(service.start() for service in running))
    return True


def _servers(
    running: Sequence[RunningService], settings: BusSettings
) -> tuple[QuietServer, list[QuietServer]]:
    """The server of health and figures, and those of the doors."""
    ops = server_for(ops_app(running), settings.host, settings.ops_port)
    doors = []
    for service in running:
        if service.table.door is not None:
            app = service.table.door(service)
            doors.append(server_for(app, settings.host, settings.door_port(service.service)))
    return ops, doors


def main(arguments: Sequence[str]) -> int:
    """Entry point; the exit code."""
    # With several services at work in one process, the event loop waits for a busy thread to let
    # go of the interpreter at every hop of a contact: by default 5 ms each time.
    sys.setswitchinterval(_SWITCH_SECONDS)
    start_logs()
    services = chosen(arguments)
    settings = BusSettings.from_environment()
    start_tracing(settings)
    try:
        uvloop.run(run(services, settings))
    except (DurableMissing, NotTrusted, PortTaken, StartRefused, TablesDiffer) as error:
        log.critical("cannot start", extra={"facts": {"reason": str(error)}})
        return 78  # EX_CONFIG
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
