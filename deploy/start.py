"""Starts what a platform consists of, in order: ground, then services.

Nothing here is imported from a service or from the bus: the process that watches stays small, and
starts what is broken as well as what is whole.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.embedded import nats, postgres
from deploy.embedded.nats import EmbeddedNats, NatsAddress, write_config
from deploy.embedded.postgres import EmbeddedPostgres, postgres_place
from deploy.embedded.processes import Program, log_since, size_of
from deploy.embedded.runfolder import RunFolder
from deploy.embedded.trouble import explain
from deploy.embedded.watch import Watch
from deploy.platform import (
    DEVELOPMENT_KEY,
    DOORS,
    KEYS_WRITTEN,
    NATS_FIGURES,
    ROBOT_KEY,
    Platform,
)

OPERATIONS_PORT = 9100
NATS_FIGURES_PORT = 17777
ALL_IN_ONE = "services"
REPOSITORY = Path(__file__).resolve().parents[1]
#: Invented people of the demonstration: who they are, as what, on which line.
PEOPLE = REPOSITORY / "deploy/people.json"
_READY_WITHIN = timedelta(seconds=60)
#: Stopped before Postgres and NATS, on which they stand.
_SERVICES_TIER = 1


@dataclass(frozen=True)
class Options:
    """What the person asked for. `anchor` and `rate` set domain time; None is the real one."""

    run_dir: Path
    one_process_each: bool
    rate: float
    anchor: datetime | None
    spare_ports: bool


@dataclass(frozen=True)
class Ground:
    """Both servers, where they listen, and the services that will stand on them."""

    postgres: EmbeddedPostgres
    nats: NatsAddress
    services: tuple[str, ...]


def choose_doors(run: RunFolder, options: Options) -> dict[str, int]:
    """Return the port of each door; StartRefused when one is taken, before anything was started."""
    return {name: _take(run, options, name, port) for name, port in DOORS.items()}


def _take(run: RunFolder, options: Options, name: str, wanted: int) -> int:
    """Return a port people know by number, or with --spare-ports any that is free."""
    if options.spare_ports:
        return run.ports.keep(name, 0)
    return run.ports.insist(name, wanted)


def _keep(run: RunFolder, options: Options, name: str, wanted: int) -> int:
    """Return a port only programs know: the wanted one when it is free."""
    return run.ports.keep(name, 0 if options.spare_ports else wanted)


def start_ground(run: RunFolder, watch: Watch, options: Options) -> Ground:
    """Start both servers and bring them to what the code declares."""
    with prepared_ground(run, watch, options) as ground:
        pass
    return ground


@contextmanager
def prepared_ground(run: RunFolder, watch: Watch, options: Options) -> Iterator[Ground]:
    """Start both servers; within the block they are on their way, after it as the code declares."""
    run.ground_file.unlink(missing_ok=True)
    with _preparing(run) as ground:
        ledger = EmbeddedPostgres(
            postgres_place(run, _keep(run, options, "postgres", postgres.DEFAULT_PORT))
        )
        log_start = size_of(ledger.place.log)
        started = watch.start(ledger.program())
        # Meanwhile the ground makes keys and permissions; without them NATS must not start.
        services = _names_after_keys(run, ground)
        streams = EmbeddedNats(_nats_config(run, options), run.nats, run.log / "nats.log")
        nats_log_start = size_of(streams.log)
        address = streams.wait_ready(watch.start(streams.program()), nats_log_start)
        yield Ground(ledger, address, services)
        ledger.wait_ready(started, log_start)
        _finish(
            run,
            ground,
            {
                "owner_dsn": ledger.dsn("").rstrip("/"),
                "nats_url": address.url,
                "rate": options.rate,
                "anchor": options.anchor.isoformat() if options.anchor else "",
            },
        )
    run.ground_file.touch()


def _nats_config(run: RunFolder, options: Options) -> Path:
    return write_config(
        run.nats,
        _keep(run, options, "nats", nats.DEFAULT_PORT),
        _keep(run, options, "nats monitoring", nats.DEFAULT_MONITORING_PORT),
    )


@contextmanager
def _preparing(run: RunFolder) -> Iterator[subprocess.Popen[str]]:
    """Run `deploy.ground` beside the block; it never outlives it."""
    with (
        (run.log / "ground.log").open("a") as log,
        subprocess.Popen(
            (sys.executable, "-m", "deploy.ground", "--run-dir", str(run.root)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=REPOSITORY,
        ) as ground,
    ):
        try:
            yield ground
        finally:
            ground.kill()


def _names_after_keys(run: RunFolder, ground: subprocess.Popen[str]) -> tuple[str, ...]:
    """Wait until the keys are there; return the names of the services."""
    assert ground.stdout is not None
    said = ""
    for line in ground.stdout:
        if line.startswith(KEYS_WRITTEN):
            return tuple(line.removeprefix(KEYS_WRITTEN).split())
        said += line
    raise explain(said, f"The keys could not be written ({run.log / 'ground.log'}).")


def _finish(run: RunFolder, ground: subprocess.Popen[str], servers: Mapping[str, object]) -> None:
    said, _ = ground.communicate(json.dumps(servers) + "\n")
    if ground.returncode != 0:
        raise explain(said, f"Postgres or NATS could not be prepared ({run.log / 'ground.log'}).")


@dataclass(frozen=True)
class Begun:
    """What of services was begun: the ports of their doors, and each process.

    Of a process its health port, and where its log began.
    """

    ground: Ground
    doors: Mapping[str, int]
    processes: tuple[tuple[Program, subprocess.Popen[bytes], int, int], ...]


def begin_services(run: RunFolder, watch: Watch, options: Options, ground: Ground) -> Begun:
    """Begin all services in one process or one each; they wait for the ground."""
    doors = choose_doors(run, options)
    groups = {ALL_IN_ONE: ground.services}
    if options.one_process_each:
        groups = {name: (name,) for name in ground.services}
    health = {
        name: _take(run, options, f"health of {name}", OPERATIONS_PORT + place)
        for place, name in enumerate(groups)
    }
    begun = []
    for name, members in groups.items():
        program = Program(
            name=name,
            command=when(run.ground_file, "services.run", *members),
            log=run.log / f"{name}.log",
            folder=REPOSITORY,
            environment=environment_of(run, ground, doors | {"ops": health[name]}),
            tier=_SERVICES_TIER,
        )
        log_start = size_of(program.log)
        begun.append((program, watch.start(program), health[name], log_start))
    return Begun(ground, doors, tuple(begun))


def when(file: Path, module: str, *arguments: str) -> tuple[str, ...]:
    """The command that reads a module now and does what it does once a file is there."""
    return (sys.executable, "-m", "deploy.begin", str(file), module, *arguments)


def services_ready(run: RunFolder, watch: Watch, options: Options, begun: Begun) -> Platform:
    """Wait until each says it is ready; where everything is then."""
    for program, child, port, log_start in begun.processes:
        _wait_ready(program, child, log_start, port)
    health = {program.name: port for program, _, port, _ in begun.processes}
    figures = _keep(run, options, "figures of nats", NATS_FIGURES_PORT)
    watch.start(_figures_of_nats(run, begun.ground, figures))
    health[NATS_FIGURES] = figures
    return platform_on(
        run,
        begun.ground,
        doors=begun.doors,
        operations={name: f"http://127.0.0.1:{port}" for name, port in health.items()},
        rate=options.rate,
        anchor=options.anchor.isoformat() if options.anchor else "",
        pids=watch.pids(),
    )


def platform_on(
    run: RunFolder, ground: Ground, *, doors: Mapping[str, int], **more: Any
) -> Platform:
    """Where everything of a platform is; `doors` by their ports, `more` fields of Platform."""
    return Platform(
        pid=os.getpid(),
        folder=str(run.root),
        logs=str(run.log),
        keys=str(run.keys),
        owner_dsn=ground.postgres.dsn("helpline"),
        postgres_port=ground.postgres.place.port,
        nats_url=ground.nats.url,
        nats_monitoring_url=ground.nats.monitoring_url,
        doors={name: f"http://127.0.0.1:{port}" for name, port in doors.items()},
        **more,
    )


def _figures_of_nats(run: RunFolder, ground: Ground, port: int) -> Program:
    """What tells Prometheus of the server; nobody waits for it."""
    server = ground.nats.monitoring_url
    return Program(
        name=NATS_FIGURES,
        command=(
            *(sys.executable, "-m", "services.bus.nats_figures"),
            *("--server", server, "--port", str(port)),
        ),
        log=run.log / f"{NATS_FIGURES}.log",
        folder=REPOSITORY,
        tier=_SERVICES_TIER,
    )


def environment_of(run: RunFolder, ground: Ground, ports: dict[str, int]) -> dict[str, str]:
    """Return what a service process finds in its environment; never a secret, only where it is."""
    return os.environ | {
        "HELPLINE_ENVIRONMENT": "development",
        "HELPLINE_NATS_URL": ground.nats.url,
        "HELPLINE_KEYS_DIR": str(run.keys),
        "HELPLINE_DEVELOPMENT_KEY_FILE": str(run.keys / DEVELOPMENT_KEY),
        "HELPLINE_DEVELOPMENT_PEOPLE_FILE": str(PEOPLE),
        "HELPLINE_ROBOT_KEY_FILE": str(run.keys / ROBOT_KEY),
        "HELPLINE_POSTGRES_HOST": "127.0.0.1",
        "HELPLINE_POSTGRES_PORT": str(ground.postgres.place.port),
        # A desk whose console is silent asks risk by itself: each must know where the other is.
        "HELPLINE_CONSOLE_RISK_ORIGIN": f"http://127.0.0.1:{ports['risk']}",
        "HELPLINE_RISK_DESK_ORIGINS": ",".join(
            f"http://{host}:{ports['console']}" for host in ("127.0.0.1", "localhost")
        ),
        **{f"HELPLINE_{name.upper()}_PORT": str(port) for name, port in ports.items()},
    }


def _wait_ready(
    program: Program, child: subprocess.Popen[bytes], log_start: int, port: int
) -> None:
    give_up_at = time.monotonic() + _READY_WITHIN.total_seconds()
    while not says_ready(port):
        failed = child.poll() is not None
        if failed or time.monotonic() > give_up_at:
            raise explain(
                log_since(program.log, log_start),
                f"{program.name} {'ended' if failed else 'is not ready'} ({program.log}).",
            )
        time.sleep(0.05)


def says_ready(port: int) -> bool:
    """Whether the process whose health port this is says that all of it can take work."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False
