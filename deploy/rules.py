"""`python -m deploy.rules [check]`: our alerts as a cluster's Prometheus operator takes them.

`observability/alerts` is where rules are written and tried; the PrometheusRule of the monitoring
component is written from it and never by hand. `check` writes nothing: 1 when they differ.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

_REPOSITORY = Path(__file__).resolve().parents[1]
_ALERTS = _REPOSITORY / "observability/alerts"
RESOURCE = _REPOSITORY / "k8s/components/monitoring/rules.yaml"
_HEAD = "# Written by `./just rules` from observability/alerts, where each is tried. Not by hand.\n"


def groups() -> list[dict[str, Any]]:
    """Every group of rules, in the order of their files; `tests.yaml` holds none."""
    files = (each for each in sorted(_ALERTS.glob("*.yaml")) if each.stem != "tests")
    return [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]


def resource() -> str:
    """The text of the PrometheusRule, the same for the same rules."""
    manifest = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "helpline", "labels": {"app.kubernetes.io/name": "helpline"}},
        "spec": {"groups": groups()},
    }
    return _HEAD + yaml.safe_dump(manifest, sort_keys=False, width=100)


def main(arguments: list[str] | None = None) -> int:
    """Write or compare."""
    if (sys.argv[1:] if arguments is None else arguments) == ["check"]:
        same = RESOURCE.exists() and RESOURCE.read_text() == resource()
        print("As it is written." if same else "Other rules in the cluster: run ./just rules")
        return 0 if same else 1
    RESOURCE.write_text(resource())
    print(RESOURCE.relative_to(_REPOSITORY))
    return 0


if __name__ == "__main__":
    sys.exit(main())
