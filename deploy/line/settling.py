"""What people settled in a manifest after it was drafted, kept when it is written again.

Answers and texts have their own files and win; whatever else was changed by hand stays: values the
design proposed, blocks and facts that were added, and what was agreed with a partner.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.line.drafting import ANSWERED_FACTS, ANSWERED_FRAME, proposed_by_design
from services.intake.document import Unusable, read_document


def settled(drafted: Mapping[str, Any], written: bytes) -> dict[str, Any]:
    """The drafted manifest with what was settled in the one written before.

    A file that cannot be read settles nothing: it is as if it were not there.
    """
    document = read_document(written)
    if isinstance(document, Unusable) or not isinstance(document.content, dict):
        return dict(drafted)
    before = document.content
    facts, assumed = _part(before, "facts"), _part(before, "assumed")
    return {
        **drafted,
        "facts": drafted["facts"] | _others(facts, ANSWERED_FACTS),
        "assumed": _assumed(drafted["assumed"], assumed),
    }


def _assumed(drafted: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    ours = {"frame", "callers", "emergency_numbers"}
    by_design = proposed_by_design()
    kept = {
        name: value
        for name, value in before.items()
        if name not in ours and (name in drafted or name not in by_design)
    }
    frame = {
        name: value
        for name, value in _part(before, "frame").items()
        if name not in ANSWERED_FRAME and (name in drafted["frame"] or name not in by_design)
    }
    return {
        **drafted,
        **kept,
        "frame": drafted["frame"] | frame,
        "callers": {
            **drafted["callers"],
            "partners": _partners(drafted["callers"]["partners"], _part(before, "callers")),
        },
    }


def _partners(drafted: list[dict[str, Any]], callers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each as it was agreed with it, where it was there before."""
    before = callers.get("partners")
    known = {
        _part(each, "value").get("partner"): each
        for each in (before if isinstance(before, list) else [])
        if isinstance(each, dict)
    }
    return [known.get(each["value"]["partner"], each) for each in drafted]


def _others(said: Mapping[str, Any], answered: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in answered}


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}
