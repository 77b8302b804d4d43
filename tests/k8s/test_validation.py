"""Manifests against the API's own schemas, strictly: an unknown field is a slip of the pen.

Those of operators against what we ask of them, which a release's own definitions are held against
by `python -m tests.k8s.operators`.
"""

from collections.abc import Callable
from typing import Any

import kubernetes_validate
import pytest

from tests.k8s import operators
from tests.k8s.rendered import DEMONSTRATION, ONE_WRITER, OVERLAYS, Manifest, name_of, one, rendered

#: The oldest Kubernetes the manifests are for (a preStop that sleeps), and the newest there is.
VERSIONS = ("1.30", kubernetes_validate.latest_version())


def _faults(manifests: list[Manifest], version: str) -> list[str]:
    faults = list[str]()
    for each in manifests:
        if operators.kind_of(each) in operators.asked():
            faults += operators.faults(each, operators.asked()[operators.kind_of(each)])
            continue
        try:
            kubernetes_validate.validate(each, version, strict=True)
        except kubernetes_validate.ValidationError as wrong:
            faults.append(f"{name_of(each)}: {'.'.join(map(str, wrong.path))}: {wrong.message}")
    return faults


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", [*OVERLAYS, DEMONSTRATION, ONE_WRITER])
def test_the_api_knows_every_field(overlay: str, version: str) -> None:
    assert _faults(rendered(overlay), version) == []


def test_a_field_the_api_does_not_know_is_a_fault() -> None:
    manifests = rendered("pilot")
    one(manifests, "Deployment/helpline-all")["spec"]["template"]["spec"]["containers"][0][
        "livenessProb"
    ] = {}
    assert len(_faults(manifests, VERSIONS[0])) == 1


@pytest.mark.parametrize(
    ("name", "spoil"),
    {
        "Cluster/helpline-postgres": lambda spec: spec.update(instanses=spec.pop("instances")),
        "ScheduledBackup/helpline-postgres": lambda spec: spec.update(schedule=3),
        "ObjectStore/helpline-postgres": lambda spec: spec["configuration"]["wal"].update(
            compression="gz"
        ),
        "ScaledObject/helpline-triage": lambda spec: spec.update(minReplicas=2),
        "ScaledObject/helpline-quality": lambda spec: spec["triggers"][0]["metadata"].update(
            lagThreshhold="50"
        ),
        "PodMonitor/helpline": lambda spec: spec["podMetricsEndpoints"][0].update(intervall="15s"),
        "PrometheusRule/helpline": lambda spec: spec["groups"][0]["rules"][0].pop("expr"),
        "HTTPRoute/helpline-intake": lambda spec: spec["rules"][0]["backendRefs"][0].update(
            ports=[8100]
        ),
        "ExternalSecret/helpline-issuer": lambda spec: spec["target"].update(creation="Owner"),
    }.items(),
)
def test_a_field_an_operator_does_not_know_is_a_fault(
    name: str, spoil: Callable[[dict[str, Any]], object]
) -> None:
    manifests = rendered("everything")
    assert _faults(manifests, VERSIONS[0]) == []
    spoil(one(manifests, name)["spec"])
    told = _faults(manifests, VERSIONS[0])
    assert told
    assert all(each.startswith(f"{name}: spec") for each in told)


def test_pilot_needs_no_custom_resource() -> None:
    assert not any(operators.kind_of(each) in operators.asked() for each in rendered("pilot"))
