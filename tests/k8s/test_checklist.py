"""Every line of the reviewer's checklist that a rendered overlay can be asked."""

import pytest

from tests.k8s.checklist import CHECKS, Check
from tests.k8s.rendered import OVERLAYS, rendered


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_an_overlay_passes_the_checklist(overlay: str, check: Check) -> None:
    assert list(check(rendered(overlay))) == []
