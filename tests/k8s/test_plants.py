"""Each planted fault is seen, by the check it is for: a check that sees nothing is none."""

import pytest

from tests.k8s.checklist import CHECKS
from tests.k8s.flows import allowed_flows, required_flows
from tests.k8s.plants import FLOWS, PLANTS, REFERENCES
from tests.k8s.references import broken_references
from tests.k8s.rendered import Manifest, rendered


def _seen_by(check: str, manifests: list[Manifest]) -> bool:
    if check == REFERENCES:
        return bool(broken_references(manifests))
    if check == FLOWS:
        return allowed_flows(manifests) != required_flows(manifests)
    (found,) = (each for each in CHECKS if each.__name__ == check)
    return bool(list(found(manifests)))


@pytest.mark.parametrize("fault", PLANTS)
def test_planted_fault_is_seen(fault: str) -> None:
    plant = PLANTS[fault]
    manifests = rendered(plant.overlay)
    assert not _seen_by(plant.caught_by, manifests)
    plant.spoil(manifests)
    assert _seen_by(plant.caught_by, manifests)


def test_every_check_has_seen_a_fault() -> None:
    seeing = {plant.caught_by for plant in PLANTS.values()}
    assert {check.__name__ for check in CHECKS} <= seeing
