"""`just drill NAME...`: provoke alerts, one platform each; `--list` names them."""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import yaml
from prometheus_client import start_http_server

from deploy.desk import DoorRefused, DoorSilent
from deploy.drill.drills import DRILLS, WITHOUT, Drill
from deploy.drill.runbooks import try_all
from deploy.drill.stage import a_stage
from deploy.embedded.ports import spare_port
from deploy.embedded.runfolder import open_run_folder
from deploy.embedded.trouble import StartRefused
from deploy.night import OBSERVABILITY, Beside, Night, Page, a_night
from deploy.platform import Platform, read_platform
from deploy.seat import CallFailed

#: What an alert waits for is divided by this.
FASTER = 30
#: Domain time when it begins: in the open hours of the lines.
BEGINS = "2026-01-14T13:00:00+01:00"
_REPOSITORY = Path(__file__).resolve().parents[2]
_START_SECONDS, _LOOK_SECONDS = 60.0, 0.25
_NOT_PLAYED = (StartRefused, CallFailed, DoorRefused, DoorSilent, OSError, psycopg.Error)
_UNITS = {"s": 1, "m": 60, "h": 3600}


def faster(rules: dict[str, Any], factor: int = FASTER) -> dict[str, Any]:
    """The same rules, with every `for` divided; nothing else is changed."""
    for group in rules["groups"]:
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = f"{max(1, _seconds(rule['for']) // factor)}s"
    return rules


def _seconds(told: str) -> int:
    found = re.fullmatch(r"([0-9]+)([smh])", told)
    assert found is not None, told
    return int(found[1]) * _UNITS[found[2]]


def _faster_rules(folder: Path) -> tuple[Path, ...]:
    written = []
    for file in sorted((OBSERVABILITY / "alerts").glob("*.yaml")):
        if file.stem == "tests":
            continue
        into = folder / file.name
        into.write_text(yaml.safe_dump(faster(yaml.safe_load(file.read_text("utf-8")))))
        written.append(into)
    return tuple(written)


@contextmanager
def _a_platform(folder: Path, drilled: Drill) -> Iterator[Platform]:
    shape = ("--processes",) if drilled.apart else ()
    command = (
        sys.executable, "-m", "deploy.up", "--run-dir", str(folder), "--spare-ports",
        "--at", BEGINS, "--speed", str(drilled.rate), *shape,
    )  # fmt: skip
    with (folder.parent / "up.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=_REPOSITORY)
    try:
        yield _wait_for_platform(folder, process)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_for_platform(folder: Path, process: subprocess.Popen[bytes]) -> Platform:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            return read_platform(open_run_folder(folder))
        except StartRefused:
            if process.poll() is not None or time.monotonic() > until:
                raise
        time.sleep(0.2)


async def _play(name: str, platform: Platform, told: list[Page]) -> float | None:
    """Provoke it; real seconds until its page came, None when none did."""
    drill = DRILLS[name]
    async with a_stage(platform) as stage:
        began = time.monotonic()
        await drill.provoke(stage)
        while time.monotonic() - began < drill.within_seconds:
            if any(page.alert == name and page.firing for page in told):
                return time.monotonic() - began
            await asyncio.sleep(_LOOK_SECONDS)
    return None


def drill(name: str, figures: int) -> bool:
    """Play one drill and say what came of it; whether its page came and its runbook works."""
    told: list[Page] = []
    drilled = DRILLS[name]
    how = f"`for` divided by {FASTER}, domain time x{drilled.rate}"
    print(f"{name}: {drilled.does} ({how}).")
    with tempfile.TemporaryDirectory(prefix="drill-", dir="/var/tmp") as root:
        rules = Path(root) / "rules"
        rules.mkdir()
        ports = {each: spare_port() for each in ("prometheus", "alertmanager", "pager")}
        beside = Beside(_faster_rules(rules), (f"127.0.0.1:{figures}",))
        with (
            _a_platform(Path(root) / "run", DRILLS[name]) as platform,
            a_night(platform, ports, told.append, beside) as night,
        ):
            after = asyncio.run(_play(name, platform, told))
            works = _say_page(name, after, told) and _say_runbook(name, night, platform)
    return works


def _say_page(name: str, after: float | None, told: list[Page]) -> bool:
    if after is None:
        print(f"  it did not fire; told meanwhile: {sorted({page.alert for page in told})}")
        return False
    page = next(page for page in told if page.alert == name and page.firing)
    print(f"  fired and told after {after:.1f} s, to the receiver of a {page.way}: {page.summary}")
    print(f"  runbook: {page.runbook}")
    return True


def _say_runbook(name: str, night: Night, platform: Platform) -> bool:
    typed = try_all(name, night.prometheus, Path(platform.folder))
    for each in typed:
        print(f"  {'works' if each.works else 'BROKEN'}: {each.what} -> {each.came}")
    return all(each.works for each in typed)


def main(arguments: list[str] | None = None) -> int:
    """Play what is named; 1 when one did not fire or a runbook's command does not work."""
    parser = argparse.ArgumentParser(prog="just drill", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="alerts; `all` is every one")
    parser.add_argument("--list", action="store_true", dest="listed")
    asked = parser.parse_args(arguments)
    if asked.listed or not asked.names:
        for name, each in DRILLS.items():
            print(f"{name:<28} {each.does}")
        for name, needs in WITHOUT.items():
            print(f"{name:<28} no drill yet: needs {needs}")
        return 0
    names = list(DRILLS) if asked.names == ["all"] else asked.names
    unknown = [name for name in names if name not in DRILLS]
    if unknown:
        print(f"No drill: {', '.join(unknown)}. `just drill --list` names them.", file=sys.stderr)
        return 2
    figures = spare_port()
    start_http_server(figures, "127.0.0.1")
    failed = []
    for name in names:
        try:
            well = drill(name, figures)
        except _NOT_PLAYED as trouble:
            print(f"  it could not be played: {trouble}")
            well = False
        if not well:
            failed.append(name)
    print(
        f"{len(names) - len(failed)} of {len(names)} went as they should."
        + (f" Not: {', '.join(failed)}." if failed else "")
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
