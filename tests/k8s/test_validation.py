"""Manifests against the API's own schemas, strictly: an unknown field is a slip of the pen."""

import kubernetes_validate
import pytest

from tests.k8s.rendered import DEMONSTRATION, ONE_WRITER, OVERLAYS, Manifest, name_of, one, rendered

#: The oldest Kubernetes the manifests are for (a preStop that sleeps), and the newest there is.
VERSIONS = ("1.30", kubernetes_validate.latest_version())

#: Kinds that operators bring; the referential test reads what it can of them.
CUSTOM = {
    "barmancloud.cnpg.io/v1": {"ObjectStore"},
    "cert-manager.io/v1": {"Certificate", "Issuer"},
    "external-secrets.io/v1": {"ExternalSecret"},
    "gateway.networking.k8s.io/v1": {"HTTPRoute"},
    "keda.sh/v1alpha1": {"ScaledObject"},
    "monitoring.coreos.com/v1": {"PodMonitor", "PrometheusRule"},
    "postgresql.cnpg.io/v1": {"Cluster", "ScheduledBackup"},
}


def _faults(manifests: list[Manifest], version: str) -> list[str]:
    faults = []
    for each in manifests:
        if each["kind"] in CUSTOM.get(each["apiVersion"], ()):
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


def test_pilot_needs_no_custom_resource() -> None:
    assert not any(each["apiVersion"] in CUSTOM for each in rendered("pilot"))
