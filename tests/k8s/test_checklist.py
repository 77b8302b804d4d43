"""Every line of the reviewer's checklist that a rendered overlay can be asked."""

import pytest

from tests.k8s.checklist import CHECKS, Check
from tests.k8s.checks_of_pods import pods_are_spread, volumes_reach_their_pods
from tests.k8s.rendered import ONE_WRITER, OVERLAYS, rendered


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_an_overlay_passes_the_checklist(overlay: str, check: Check) -> None:
    assert list(check(rendered(overlay))) == []


def test_pods_that_share_a_volume_of_one_node_stand_on_it() -> None:
    """At its price, which is intake's alone."""
    manifests = rendered(ONE_WRITER)
    assert list(volumes_reach_their_pods(manifests)) == []
    assert {line.split(":")[0] for line in pods_are_spread(manifests)} == {"helpline-intake"}
