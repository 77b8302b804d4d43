"""Where in a manifest a place in its terms, or in what callers are told, was written.

Pure. For faults found in what was made from the manifest: its author knows the file alone.
"""

from __future__ import annotations

from contracts.vocabulary import Situation
from services.intake.document import Path
from services.intake.manifest import Manifest
from services.intake.meaning import channels_of, opening_of


def origin_of_terms(manifest: Manifest, path: Path) -> Path:
    """The place in the manifest that a place in the terms was made from."""
    field, rest = str(path[0]), path[1:]
    match field:
        case "times" | "rest" | "prices":
            return ("assumed", field, *rest[:1], "value", *rest[1:])
        case "writing" | "returning" | "keeping" | "roster" | "assignment" | "risk":
            return ("assumed", field, "value", *rest)
        case "special_days" | "on_holidays":
            return ("assumed", "calendar", "value", field, *rest)
        case "frame":
            return ("assumed", "frame", *rest[:1], "value", *rest[1:])
        case "talk_guidance_minutes":
            said = manifest.facts.call_duration_minutes is not None
            return ("facts", "call_duration_minutes", "value") if said else _assumed(field)
        case "first_stage":
            return ("facts", "triage_step", "value")
        case "timezone":
            return (*opening_of(manifest, channels_of(manifest)[0])[0], "timezone")
        case "opening":
            return _origin_of_hours(manifest, rest)
    side = "facts" if getattr(manifest.facts, field, None) is not None else "assumed"
    return (side, field, "value", *rest)


def origin_of_callers(manifest: Manifest, path: Path) -> Path:
    """The place in the manifest that a place in what callers are told was made from."""
    field, rest = str(path[0]), path[1:]
    here: Path = ("assumed", "callers", field)
    match field:
        case "numbers":
            held = {"from_at": "from_day", "until_at": "until_day"}.get(str(path[-1]))
            if held is not None:
                return ("assumed", "number_held", "value", held)
            said = manifest.facts.phone_number is not None
            return ("facts" if said else "assumed", "phone_number", *(("value",) if rest else ()))
        case "ladders" if rest:
            situation = _situation_at(manifest, int(rest[0]))
            return (*here, situation.value, *_inside_ladder(rest[1:]))
        case "partners" if rest:
            return (*here, rest[0], "value", *rest[1:])
        case "controllers" | "transparency":
            return (*here, "value", *rest)
    return here


def _situation_at(manifest: Manifest, place: int) -> Situation:
    return list(manifest.assumed.callers.ladders)[place]


def _inside_ladder(rest: Path) -> Path:
    """Words are written under their languages, those of a rung under the rung."""
    return ("value", *("words" if step == "wordings" else step for step in rest))


def _assumed(field: str) -> Path:
    return ("assumed", field, "value")


def _origin_of_hours(manifest: Manifest, rest: Path) -> Path:
    """One rule for each channel and each of its hours; blame the hours."""
    places: list[Path] = [
        (*where, "rules", place)
        for channel in channels_of(manifest)
        for where, opening in [opening_of(manifest, channel)]
        for place in range(len(opening.rules))
    ]
    if not rest:
        return places[0][:-1]
    days = ["byday" if step == "days" else step for step in rest[1:]]
    return (*places[int(rest[0])], *days)
