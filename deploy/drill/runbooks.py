"""What a runbook tells an engineer to type: its recipes and queries, and whether they work."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.night import OBSERVABILITY

_QUOTED = re.compile(r"`([^`]+)`")
#: Recipes that only look: a drill runs them.
_LOOKS = {
    "verify": ("deploy.verify", ()),
    "parked": ("deploy.parked", ("list",)),
}
_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Typed:
    """Something an engineer is told to type, and what came of it."""

    what: str
    came: str
    works: bool


def commands_in(name: str) -> tuple[str, ...]:
    """Everything a runbook quotes, whatever lines it is broken over; fenced lines first."""
    text = (OBSERVABILITY / "runbooks" / f"{name}.md").read_text("utf-8")
    fenced = [
        line
        for block in re.findall(r"```(?:sh)?\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
    ]
    plain = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    quoted = [" ".join(each.split()) for each in _QUOTED.findall(plain)]
    return tuple(dict.fromkeys((*fenced, *quoted)))


def recipes() -> frozenset[str]:
    """Names of the recipes there are."""
    told = (_REPOSITORY / "justfile").read_text("utf-8")
    return frozenset(re.findall(r"^([a-z-]+)(?: [A-Z*+A-Za-z]+)*:", told, re.MULTILINE))


def try_all(name: str, prometheus: str, run_dir: Path) -> list[Typed]:
    """Run what only looks, ask every query, and see that every other recipe exists."""
    return [each for told in commands_in(name) if (each := _try(told, prometheus, run_dir))]


def _try(told: str, prometheus: str, run_dir: Path) -> Typed | None:
    if told.startswith("./just "):
        recipe = told.split()[1]
        if recipe not in recipes():
            return Typed(told, "no such recipe", False)
        if recipe not in _LOOKS or told.split()[2:3] == ["replay"]:
            return Typed(told, "the recipe exists; it is not run here", True)
        return _run(told, recipe, run_dir)
    if "helpline_" in told and "=" not in told.split("helpline_")[0]:
        asked = httpx.get(f"{prometheus}/api/v1/query", params={"query": told}, trust_env=False)
        answer = asked.json()
        works = answer["status"] == "success"
        came = f"{len(answer['data']['result'])} series" if works else answer["error"]
        return Typed(told, came, works)
    return None  # a word, a file, a command of another machine


def _run(told: str, recipe: str, run_dir: Path) -> Typed:
    module, words = _LOOKS[recipe]
    command = (sys.executable, "-m", module, "--run-dir", str(run_dir), *words)
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=_REPOSITORY, timeout=60
    )
    last = (ran.stdout + ran.stderr).strip().splitlines()[-1:] or ["nothing said"]
    # 1 says that something is broken, which in a drill it is; 2 that it could not look.
    return Typed(told, last[0][:100], ran.returncode in (0, 1))
