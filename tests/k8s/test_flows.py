"""Whoever must reach somebody may, and nobody else reaches anybody."""

import pytest

from tests.k8s.flows import allowed_flows, required_flows
from tests.k8s.rendered import OVERLAYS, rendered


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_exactly_the_named_flows_are_allowed(overlay: str) -> None:
    manifests = rendered(overlay)
    allowed, required = allowed_flows(manifests), required_flows(manifests)
    assert required - allowed == set(), "must reach, and may not"
    assert allowed - required == set(), "may reach, and need not"
