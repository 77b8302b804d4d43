"""Everything an overlay names exists: in it, in the tables of the services, in the code."""

import re

import pytest

from tests.k8s.references import broken_references
from tests.k8s.rendered import (
    DEMONSTRATION,
    K8S,
    ONE_WRITER,
    OVERLAYS,
    name_of,
    of_kind,
    rendered,
    rendered_text,
)


@pytest.mark.parametrize("overlay", [*OVERLAYS, DEMONSTRATION, ONE_WRITER])
def test_an_overlay_renders_the_same_twice(overlay: str) -> None:
    assert rendered_text(overlay) == rendered_text(overlay)


@pytest.mark.parametrize("overlay", [*OVERLAYS, DEMONSTRATION, ONE_WRITER])
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


def test_the_readme_names_what_there_is() -> None:
    text = (K8S / "README.md").read_text()
    for kind in ("components", "overlays"):
        for folder in (K8S / kind).iterdir():
            assert f"`{folder.name}`" in text or f"`{kind}/{folder.name}`" in text, folder
    known = {name_of(each).lower() for o in (*OVERLAYS, DEMONSTRATION) for each in rendered(o)}
    said = set(re.findall(r"\b(?:job|service|deployment)/helpline-[a-z0-9-]+", text))
    assert said
    assert said <= known
