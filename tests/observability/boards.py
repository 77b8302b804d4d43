"""What the committed dashboards ask, read as Grafana reads them: from their JSON alone."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "observability" / "dashboards"


@dataclass(frozen=True)
class Asked:
    """One query of one panel."""

    board: str
    panel: str
    expression: str

    def __str__(self) -> str:
        """As a test names it."""
        return f"{self.board}: {self.panel}"


def boards() -> dict[str, dict[str, Any]]:
    """Each committed dashboard, by its uid."""
    return {each.stem: json.loads(each.read_text("utf-8")) for each in FOLDER.glob("*.json")}


def panels() -> list[tuple[str, dict[str, Any]]]:
    """Every panel with its board's uid."""
    return [(uid, panel) for uid, board in sorted(boards().items()) for panel in board["panels"]]


def asked() -> list[Asked]:
    """Every query."""
    return [
        Asked(uid, panel["title"], target["expr"])
        for uid, panel in panels()
        for target in panel["targets"]
    ]


def metrics_of(expression: str) -> set[str]:
    """The metrics a query names, as the registry has them: without a histogram's endings."""
    known = known_metrics()
    named = re.findall(r"\b(?:(?:helpline|jetstream|gnatsd|pg|barman)_|slo:)[\w:]+", expression)
    ended = {name: re.sub(r"_(bucket|sum|count)$", "", name) for name in named}
    return {
        whole if known.get(whole, {}).get("type") == "histogram" else name
        for name, whole in ended.items()
    }


@cache
def known_metrics() -> dict[str, dict[str, Any]]:
    """What may be asked for: the registry's metrics, and what our rules record, by name."""
    told = yaml.safe_load((FOLDER.parent / "telemetry.yaml").read_text("utf-8"))["metrics"]
    metrics: dict[str, dict[str, Any]] = {each["name"]: each for each in told}
    for file in (FOLDER.parent / "alerts").glob("*.yaml"):
        for group in yaml.safe_load(file.read_text("utf-8")).get("groups", ()):
            for rule in (each for each in group["rules"] if "record" in each):
                metrics[rule["record"]] = {"type": "gauge", "labels": sorted(rule["labels"])}
    return metrics
