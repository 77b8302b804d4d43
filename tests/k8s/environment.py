"""Names of the HELPLINE_ variables the code reads, found in the code."""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path

from services.bus.settings import BusSettings
from services.console.oidc_settings import _CLAIMS, NEEDED, OIDC
from services.registry import SERVICES

_SERVICES = Path(__file__).resolve().parents[2] / "services"
_WHOLE = re.compile(r"\"(HELPLINE_[A-Z_]*[A-Z])\"")


@cache
def read_by_code() -> frozenset[str]:
    """Every variable a process in the cluster may be given."""
    bus = {f"HELPLINE_{name.upper()}" for name in BusSettings.model_fields}
    oidc = {f"{OIDC}{name}" for name in (*NEEDED, *_CLAIMS)}
    return frozenset(bus | oidc | _by_prefix() | _by_whole_name())


def _by_prefix() -> set[str]:
    """Fields of each service's settings, behind its own prefix."""
    found = set()
    for service in SERVICES:
        settings = importlib.import_module(f"services.{service.name}.settings")
        prefix = getattr(settings, "_PREFIX", None)
        if prefix is not None:
            found |= {f"{prefix}{name.upper()}" for name in settings.Settings.model_fields}
    return found


def _by_whole_name() -> set[str]:
    """Names written out in the code: `KEYS_DIR = "HELPLINE_KEYS_DIR"`."""
    texts = (path.read_text() for path in _SERVICES.rglob("*.py"))
    return {name for text in texts for name in _WHOLE.findall(text)}
