"""The registry of metrics and the instruments in the code say the same."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

REGISTRY = Path(__file__).parents[2] / "observability" / "telemetry.yaml"
UNITS = {"count", "s", "ratio", "bytes"}


def registered(service: str) -> dict[str, dict[str, Any]]:
    metrics = yaml.safe_load(REGISTRY.read_text())["metrics"]
    return {m["name"]: m for m in metrics if m["name"].startswith(f"helpline_{service}_")}


def in_code(service: str) -> dict[str, MetricWrapperBase]:
    module = importlib.import_module(f"services.{service}.metrics")
    found = [each for each in vars(module).values() if isinstance(each, MetricWrapperBase)]
    return {
        metric._name + ("_total" if metric._type == "counter" else ""): metric for metric in found
    }


@pytest.mark.parametrize(
    "service", ["bus", "intake", "triage", "assignment", "roster", "quality", "console", "risk"]
)
def test_registry_and_code_name_the_same_metrics(service: str) -> None:
    code, registry = in_code(service), registered(service)
    assert code, "a service without any figure says nothing of itself"
    assert code.keys() == registry.keys()
    for name, metric in code.items():
        entry = registry[name]
        assert (entry["type"], tuple(entry["labels"])) == (metric._type, metric._labelnames)
        assert entry["unit"] in UNITS
        assert entry["meaning"]
