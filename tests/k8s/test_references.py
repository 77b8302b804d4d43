"""Everything an overlay names exists: in it, in the tables of the services, in the code."""

import pytest

from tests.k8s.references import broken_references
from tests.k8s.rendered import DEMONSTRATION, OVERLAYS, of_kind, rendered, rendered_text


@pytest.mark.parametrize("overlay", [*OVERLAYS, DEMONSTRATION])
def test_an_overlay_renders_the_same_twice(overlay: str) -> None:
    assert rendered_text(overlay) == rendered_text(overlay)


@pytest.mark.parametrize("overlay", [*OVERLAYS, DEMONSTRATION])
def test_every_reference_leads_somewhere(overlay: str) -> None:
    assert broken_references(rendered(overlay)) == ()


def test_only_a_demonstration_has_a_key_that_is_anybody() -> None:
    """And its doors listen to nobody outside their pod."""
    for overlay in (*OVERLAYS, DEMONSTRATION):
        (settings,) = (
            each["data"]
            for each in of_kind(rendered(overlay), "ConfigMap")
            if "HELPLINE_HOST" in each["data"]
        )
        shown = overlay == DEMONSTRATION
        assert ("HELPLINE_DEVELOPMENT_KEY_FILE" in settings) is shown
        assert (settings["HELPLINE_HOST"] == "127.0.0.1") is shown
        assert settings["HELPLINE_ENVIRONMENT"] == ("development" if shown else "production")
