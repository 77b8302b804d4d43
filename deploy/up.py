"""`python -m deploy.up`: the whole platform from one command, until Ctrl-C.

This process starts and watches; it decides nothing and imports no service, so that it stays small
and lives on whatever they do. Postgres, NATS and the services are its children: what dies is
started again, and nothing outlives it.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.embedded import nats, postgres
from deploy.embedded.nats import EmbeddedNats, NatsAddress, write_config
from deploy.embedded.postgres import EmbeddedPostgres, postgres_place
from deploy.embedded.processes import Program, log_since, size_of
from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder, claim, open_run_folder
from deploy.embedded.trouble import StartRefused, explain
from deploy.embedded.watch import Signals, StopAsked, Watch
from deploy.platform import Platform, write_platform

#: Who has a door of its own, and the port people know it by.
DOORS = {"intake": 8100, "console": 8200}
OPERATIONS_PORT = 9100
ALL_IN_ONE = "services"
#: What `deploy.ground` says when NATS may be started (not imported: that would import everything).
KEYS_WRITTEN = "keys written"
_SERVICES_FOLDER = Path(__file__).resolve().parents[1] / "services"
_READY_WITHIN = timedelta(seconds=60)
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
    """Both servers and where they listen."""

    postgres: EmbeddedPostgres
    nats: NatsAddress


def read_options(arguments: list[str] | None) -> Options:
    """Read the command line; ends the program with a message when it is wrong."""
    parser = argparse.ArgumentParser(prog="just up", description="Start the whole platform.")
    parser.add_argument(
        "--processes", action="store_true", help="one process per service instead of one for all"
    )
    parser.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER, help="where data is kept")
    parser.add_argument(
        "--speed", type=_rate, default=1.0, metavar="R", help="domain seconds per real second"
    )
    parser.add_argument(
        "--at", type=_aware_time, metavar="TIME", help="domain time to begin at, with its offset"
    )
    parser.add_argument(
        "--spare-ports", action="store_true", help="take free ports where the usual ones are taken"
    )
    read = parser.parse_args(arguments)
    return Options(read.run_dir, read.processes, read.speed, read.at, read.spare_ports)


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate <= 3600:
        raise argparse.ArgumentTypeError("a rate above 0, at most 3600")
    return rate


def _aware_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("a time with its offset: 2020-04-06T08:00:00+02:00")
    return moment


def main(arguments: list[str] | None = None) -> int:
    """Run the platform; 0 when somebody stopped it, 1 when it could not start."""
    options = read_options(arguments)
    terminal = Console(stderr=True, highlight=False)
    with Signals().heard() as signals:
        try:
            run = open_run_folder(options.run_dir)
            with claim(run):
                _keep_up(run, options, signals)
        except StartRefused as refused:
            terminal.print(refused.problem, style="bold red", markup=False)
            terminal.print(refused.remedy, markup=False)
            return 1
        except StopAsked:
            terminal.print("Stopped while starting.")
    return 0


def _keep_up(run: RunFolder, options: Options, signals: Signals) -> None:
    """Start everything in order, watch it, end it in the opposite order."""
    terminal = Console(highlight=False)
    begun_at = time.monotonic()

    def tell(line: str) -> None:
        terminal.print(f"{time.strftime('%H:%M:%S')} {line}", markup=False)

    platform: Platform | None = None

    def changed() -> None:
        if platform is not None:
            write_platform(run, replace(platform, pids=watch.pids()))

    watch = Watch(signals, tell, changed)
    try:
        ground = start_ground(run, watch, options)
        platform = start_services(run, watch, options, ground)
        write_platform(run, platform)
        terminal.print(described(platform, time.monotonic() - begun_at))
        watch.run()
        tell("stopping")
    finally:
        watch.close()
        run.platform_file.unlink(missing_ok=True)


def start_ground(run: RunFolder, watch: Watch, options: Options) -> Ground:
    """Start both servers and bring them to what the code declares."""
    with _preparing(run) as ground:
        ledger = EmbeddedPostgres(
            postgres_place(run, run.ports.keep("postgres", postgres.DEFAULT_PORT))
        )
        log_start = size_of(ledger.place.log)
        started = watch.start(ledger.program())
        # Meanwhile the ground makes keys and permissions; without them NATS must not start.
        _expect(ground, KEYS_WRITTEN)
        streams = EmbeddedNats(_nats_config(run), run.nats, run.log / "nats.log")
        nats_log_start = size_of(streams.log)
        address = streams.wait_ready(watch.start(streams.program()), nats_log_start)
        ledger.wait_ready(started, log_start)
        _finish(
            ground,
            {
                "owner_dsn": ledger.dsn("").rstrip("/"),
                "nats_url": address.url,
                "rate": options.rate,
                "anchor": options.anchor.isoformat() if options.anchor else "",
            },
        )
    return Ground(ledger, address)


def _nats_config(run: RunFolder) -> Path:
    return write_config(
        run.nats,
        run.ports.keep("nats", nats.DEFAULT_PORT),
        run.ports.keep("nats monitoring", nats.DEFAULT_MONITORING_PORT),
    )


@contextmanager
def _preparing(run: RunFolder) -> Iterator[subprocess.Popen[str]]:
    """Run `deploy.ground` beside the block; it never outlives it."""
    with subprocess.Popen(
        (sys.executable, "-m", "deploy.ground", "--run-dir", str(run.root)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as ground:
        try:
            yield ground
        finally:
            ground.kill()


def _expect(ground: subprocess.Popen[str], word: str) -> None:
    assert ground.stdout is not None
    said = ""
    for line in ground.stdout:
        if line.strip() == word:
            return
        said += line
    raise explain(said, "The keys could not be written.")


def _finish(ground: subprocess.Popen[str], servers: Mapping[str, object]) -> None:
    said, _ = ground.communicate(json.dumps(servers) + "\n")
    if ground.returncode != 0:
        raise explain(said, "Postgres or NATS could not be brought to what the code declares.")


def service_names() -> tuple[str, ...]:
    """Return the services there are: each has a table in `app.py`."""
    return tuple(sorted(table.parent.name for table in _SERVICES_FOLDER.glob("*/app.py")))


def start_services(run: RunFolder, watch: Watch, options: Options, ground: Ground) -> Platform:
    """Start all services in one process or one each, and wait until each says it is ready."""
    take = run.ports.keep if options.spare_ports else run.ports.insist
    doors = {name: take(name, port) for name, port in DOORS.items()}
    groups: dict[str, tuple[str, ...]] = {name: (name,) for name in service_names()}
    if not options.one_process_each:
        groups = {ALL_IN_ONE: service_names()}
    operations = {
        name: take(f"health of {name}", OPERATIONS_PORT + place)
        for place, name in enumerate(groups)
    }
    begun: list[tuple[Program, subprocess.Popen[bytes], int]] = []
    for name, members in groups.items():
        program = Program(
            name=name,
            command=(sys.executable, "-m", "services.run", *members),
            log=run.log / f"{name}.log",
            environment=_environment(run, ground, doors | {"ops": operations[name]}),
            tier=_SERVICES_TIER,
        )
        log_start = size_of(program.log)
        begun.append((program, watch.start(program), log_start))
    for program, child, log_start in begun:
        _wait_ready(program, child, log_start, operations[program.name])
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
        operations={name: f"http://127.0.0.1:{port}" for name, port in operations.items()},
        rate=options.rate,
        anchor=options.anchor.isoformat() if options.anchor else "",
        pids=watch.pids(),
    )


def _environment(run: RunFolder, ground: Ground, ports: dict[str, int]) -> dict[str, str]:
    """Return what a service process finds in its environment; never a secret, only where it is."""
    return os.environ | {
        "HELPLINE_ENVIRONMENT": "development",
        "HELPLINE_NATS_URL": ground.nats.url,
        "HELPLINE_KEYS_DIR": str(run.keys),
        "HELPLINE_POSTGRES_HOST": "127.0.0.1",
        "HELPLINE_POSTGRES_PORT": str(ground.postgres.place.port),
        **{f"HELPLINE_{name.upper()}_PORT": str(port) for name, port in ports.items()},
    }


def _wait_ready(
    program: Program, child: subprocess.Popen[bytes], log_start: int, port: int
) -> None:
    give_up_at = time.monotonic() + _READY_WITHIN.total_seconds()
    while not _says_ready(port):
        failed = child.poll() is not None
        if failed or time.monotonic() > give_up_at:
            raise explain(
                log_since(program.log, log_start),
                f"{program.name} {'ended' if failed else 'is not ready'} ({program.log}).",
            )
        time.sleep(0.05)


def _says_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def described(platform: Platform, seconds: float) -> Table:
    """Return the small table that says where everything is."""
    table = Table(
        title=f"The platform runs (ready in {seconds:.1f} s)",
        caption="Demonstration: nobody answers here. Stop with Ctrl-C or ./just down.",
        show_header=False,
        title_justify="left",
        caption_justify="left",
    )
    for what, where in _places(platform):
        table.add_row(what, where)
    return table


def _places(platform: Platform) -> Iterable[tuple[str, str]]:
    for name, url in platform.doors.items():
        yield f"{name} door", url
    for name, url in platform.operations.items():
        yield f"health, metrics: {name}", f"{url}/readyz  {url}/metrics"
    yield "Postgres", f"127.0.0.1:{platform.postgres_port}, database helpline"
    yield "NATS", f"{platform.nats_url}, monitoring {platform.nats_monitoring_url}"
    yield "domain time", f"from {platform.anchor or 'now'}, {platform.rate:g} x real time"
    yield "logs", platform.logs
    yield "data and keys", platform.folder


if __name__ == "__main__":
    sys.exit(main())
