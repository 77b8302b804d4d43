"""Plays one drill: a platform of its own, its alert, whom it wakes, what its runbook has typed."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.drill.drills import DRILLS
from deploy.drill.provoking import nothing
from deploy.drill.runbooks import Typed, ask_all, found, type_all
from deploy.drill.stage import a_stage
from deploy.embedded.ports import spare_port
from deploy.night import OBSERVABILITY, Beside, Night, Page, a_night, shell
from deploy.platform import Platform
from deploy.running import running
from deploy.seat import CallFailed
from services.registry import SERVICES

#: What an alert waits for is divided by this.
FASTER = 30
#: How often Prometheus asks and decides; at night each 15 seconds.
EVERY_SECONDS = 1
#: Domain time when it begins: in the open hours of the lines.
BEGINS = "2026-01-14T13:00:00+01:00"
_LOOK_SECONDS = 0.25
_WATCHED_WITHIN_SECONDS = 30.0
_UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Played:
    """What came of one drill; `after` in machine seconds, None when its page never came."""

    name: str
    after: float | None
    page: Page | None
    others: frozenset[str]  #: alerts told meanwhile
    typed: tuple[Typed, ...]

    @property
    def well(self) -> bool:
        """Its page came, and everything its runbook has typed works."""
        return self.after is not None and all(each.works for each in self.typed)


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


def play(name: str) -> Played:
    """Play one; StartRefused, CallFailed and what doors raise when it cannot be brought about."""
    drill, told = DRILLS[name], list[Page]()
    with tempfile.TemporaryDirectory(prefix="drill-", dir="/var/tmp") as root:
        folder = Path(root)
        folder.chmod(0o711)  # the account of root's Postgres walks through
        (folder / "rules").mkdir()
        robot = spare_port()
        ports = {each: spare_port() for each in ("prometheus", "alertmanager", "pager")}
        beside = Beside(_faster_rules(folder / "rules"), (f"127.0.0.1:{robot}",), EVERY_SECONDS)
        options = ("--at", BEGINS, "--speed", str(drill.rate))
        shape = ("--processes",) if drill.apart else ()
        with (
            running(
                folder / "run", *options, *shape, environment=drill.environment(folder)
            ) as begun,
            a_night(begun.platform, ports, told.append, beside) as night,
        ):
            return asyncio.run(_play(name, _Set(begun.platform, night, robot, told)))


@dataclass(frozen=True)
class _Set:
    """What stands when a drill begins; `told` grows."""

    platform: Platform
    night: Night
    robot_port: int
    told: list[Page]


async def _play(name: str, at: _Set) -> Played:
    drill, told = DRILLS[name], at.told
    typed: list[Typed] = []
    commands = shell(at.platform, at.night)
    await _watched(at.night)
    async with a_stage(at.platform, at.robot_port) as stage:
        if drill.provoke is not nothing:
            told.clear()  # what was absent before the first look is no answer to what is done
        began = time.monotonic()
        await drill.provoke(stage)
        page, after = await _paged(name, told, began, drill.within_seconds)
        if page is not None:
            labels = {label.upper(): value for label, value in page.labels.items()}
            commands |= {each: labels[each] for each in ("SERVICE", "PROGRAMME") if each in labels}
            typed += await asyncio.to_thread(ask_all, name, at.night.prometheus)
            typed += await asyncio.to_thread(type_all, name, commands, after=False)
    if page is not None:  # what was broken is whole again
        typed += await asyncio.to_thread(type_all, name, commands, after=True)
    others = frozenset(each.alert for each in told if each.firing) - {name}
    return Played(name, after, page, others, tuple(typed))


async def _watched(night: Night) -> None:
    """Wait until Prometheus has looked: it begins late, and what was there before did not rise."""
    give_up_at = time.monotonic() + _WATCHED_WITHIN_SECONDS
    while found("helpline_bus_ground_up", night.prometheus) < len(SERVICES):
        if time.monotonic() > give_up_at:
            raise CallFailed("Prometheus does not look at the platform")
        await asyncio.sleep(_LOOK_SECONDS)
    await asyncio.sleep(2 * EVERY_SECONDS)


async def _paged(
    name: str, told: list[Page], began: float, within_seconds: float
) -> tuple[Page | None, float | None]:
    """Its page, and seconds since it began; None when there was none in time."""
    while True:
        for page in list(told):
            if page.alert == name and page.firing:
                return page, time.monotonic() - began
        if time.monotonic() - began > within_seconds:
            return None, None
        await asyncio.sleep(_LOOK_SECONDS)
