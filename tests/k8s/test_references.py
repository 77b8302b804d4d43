"""Everything an overlay names exists: in it, in the tables of the services, in the code."""

import pytest

from tests.k8s.references import broken_references
from tests.k8s.rendered import OVERLAYS, rendered, rendered_text


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_renders_the_same_twice(overlay: str) -> None:
    assert rendered_text(overlay) == rendered_text(overlay)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_reference_leads_somewhere(overlay: str) -> None:
    assert broken_references(rendered(overlay)) == ()
