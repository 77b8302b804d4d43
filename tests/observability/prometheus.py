"""Debian's Prometheus and its promtool, asked by tests."""

import shutil
import subprocess
from typing import Any

import httpx


def promtool(*arguments: object) -> str:
    """Its word on what it was asked; it comes with Debian's Prometheus."""
    program = shutil.which("promtool")
    assert program is not None, "promtool is missing: apt-get install prometheus"
    command = [program, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def ask(prometheus: httpx.Client, query: str) -> list[dict[str, Any]]:
    """What a running Prometheus answers now: `metric` and `value` of each series."""
    told = prometheus.get("/api/v1/query", params={"query": query}).json()
    assert told["status"] == "success", told
    found: list[dict[str, Any]] = told["data"]["result"]
    return found
