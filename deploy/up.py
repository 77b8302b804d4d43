"""`python -m deploy.up`: the whole platform from one command, until Ctrl-C.

This process starts and watches; it decides nothing and imports no service, so that it stays small
and lives on whatever they do. Postgres, NATS and the services are its children: what dies is
started again, and nothing outlives it.
"""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.embedded.processes import tied_to_us
from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder, claim, open_run_folder
from deploy.embedded.trouble import StartRefused
from deploy.embedded.watch import Signals, StopAsked, Watch
from deploy.platform import Platform, write_platform
from deploy.start import (
    REPOSITORY,
    Options,
    begin_services,
    choose_doors,
    prepared_ground,
    services_ready,
    when,
)


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
        "--spare-ports", action="store_true", help="use free ports instead of the usual ones"
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
    run.platform_file.unlink(missing_ok=True)  # of a platform that was killed

    def tell(line: str) -> None:
        terminal.print(f"{time.strftime('%H:%M:%S')} {line}", markup=False, soft_wrap=True)

    platform: Platform | None = None

    def changed() -> None:
        if platform is None:
            return
        try:
            write_platform(run, replace(platform, pids=watch.pids()))
        except OSError as refused:  # a full disk must not end who starts things again
            tell(f"{run.platform_file} cannot be written: {refused.strerror}")

    watch = Watch(signals, tell, changed)
    try:
        choose_doors(run, options)
        with prepared_ground(run, watch, options) as ground:
            begun = begin_services(run, watch, options, ground)
        with _seeding(run) as seeding:
            platform = services_ready(run, watch, options, begun)
            write_platform(run, platform)
            terminal.print(described(platform, time.monotonic() - begun_at))
            watch.run(until=lambda: seeding.poll() is not None)
        if seeding.poll():
            tell("lines or people could not be put in place: see above")
        platform = replace(platform, ready=True)
        changed()
        watch.run()
        tell("stopping")
    finally:
        watch.close()
        run.platform_file.unlink(missing_ok=True)


@contextmanager
def _seeding(run: RunFolder) -> Iterator[subprocess.Popen[bytes]]:
    """Put lines and people in place beside the block, through the doors, as an operator would.

    It begins when the file says where those are. Beside it, because a service that dies meanwhile
    must be started again for it to end.
    """
    seeds = when(run.platform_file, "deploy.seeds", "--run-dir", str(run.root))
    with subprocess.Popen(seeds, cwd=REPOSITORY, preexec_fn=tied_to_us(signal.SIGKILL)) as seeding:
        try:
            yield seeding
        finally:
            seeding.kill()


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
    yield "pages of callers", f"{platform.doors['intake']}/"
    yield "desks", f"{platform.doors['console']}/entrer"
    for name, url in platform.doors.items():
        yield f"{name} door", f"{url}/openapi.json"
    for name, url in platform.operations.items():
        yield f"health, metrics: {name}", f"{url}/readyz  {url}/metrics"
    yield "Postgres", f"127.0.0.1:{platform.postgres_port}, database helpline"
    yield "NATS", f"{platform.nats_url}, monitoring {platform.nats_monitoring_url}"
    yield "domain time", f"from {platform.anchor or 'now'}, {platform.rate:g} x real time"
    yield "logs", platform.logs
    yield "data and keys", platform.folder


if __name__ == "__main__":
    sys.exit(main())
