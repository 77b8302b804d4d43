"""The registry of metrics and the instruments in the code say the same."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from services.bus import nats_figures, postgres_figures
from services.registry import SERVICES

REGISTRY = Path(__file__).parents[2] / "observability" / "telemetry.yaml"
#: Of servers that are not ours, read when they are asked for: no instruments.
FIGURES = {each.name: each for each in (*nats_figures.FIGURES, *postgres_figures.FIGURES)}
UNITS = {"count", "s", "ratio", "percent", "bytes"}


def registered(service: str) -> dict[str, dict[str, Any]]:
    metrics = yaml.safe_load(REGISTRY.read_text())["metrics"]
    ours = {m["name"]: m for m in metrics if m["name"].startswith(f"helpline_{service}_")}
    return {name: m for name, m in ours.items() if name not in FIGURES}


def in_code(service: str) -> dict[str, MetricWrapperBase]:
    module = importlib.import_module(f"services.{service}.metrics")
    found = [each for each in vars(module).values() if isinstance(each, MetricWrapperBase)]
    return {
        metric._name + ("_total" if metric._type == "counter" else ""): metric for metric in found
    }


@pytest.mark.parametrize("service", ["bus", *(each.name for each in SERVICES)])
def test_registry_and_code_name_the_same_metrics(service: str) -> None:
    code, registry = in_code(service), registered(service)
    assert code, "a service without any figure says nothing of itself"
    assert code.keys() == registry.keys()
    for name, metric in code.items():
        entry = registry[name]
        assert (entry["type"], tuple(entry["labels"])) == (metric._type, metric._labelnames)
        assert entry["unit"] in UNITS
        assert entry["meaning"]


def test_registry_names_the_figures_of_servers_that_are_not_ours_as_they_are_told() -> None:
    entries = {
        each["name"]: each
        for each in yaml.safe_load(REGISTRY.read_text())["metrics"]
        if each["name"] in FIGURES
        or not (each["name"].startswith("helpline_") or "told_by" in each)
    }
    assert FIGURES.keys() == entries.keys()
    for name, figure in FIGURES.items():
        entry = entries[name]
        assert (entry["type"], tuple(entry["labels"])) == (figure.type, figure.labels)
        assert entry["unit"] in UNITS
        assert entry["meaning"] == figure.meaning


def test_nothing_is_registered_that_nobody_tells() -> None:
    names = [each["name"] for each in yaml.safe_load(REGISTRY.read_text())["metrics"]]
    assert len(names) == len(set(names))
    rooms = {"bus", "synthetic", *(each.name for each in SERVICES)}
    ours = [name for name in names if name.startswith("helpline_")]
    assert {name.split("_")[1] for name in ours} == rooms
