"""Reads a manifest and says what it means to the services, or everything that is wrong with it.

For the operator, before a line goes live. A fault names file line, field and reason in a plain
sentence, also when it is found in the compiled terms: it is traced back to where it was written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.programme import ProgrammeTerms
from contracts.vocabulary import Sha256
from services.intake.document import Document, Fault, Path, Unusable, dotted, read_document
from services.intake.manifest import Assumed, Fact, Hours, Manifest, Part
from services.intake.terms import flaws_of

T = TypeVar("T")


@dataclass(frozen=True)
class Sound:
    """A manifest without fault, and what it means to the services."""

    manifest: Manifest
    terms: ProgrammeTerms
    sha256: Sha256  #: of the bytes of the file


@dataclass(frozen=True)
class Faulty:
    """A manifest that cannot be put into force."""

    faults: tuple[Fault, ...]


def read_manifest(content: bytes) -> Sound | Faulty:
    """Read the bytes of a manifest; every fault is found at once, as far as one can read."""
    document = read_document(content)
    if isinstance(document, Unusable):
        return Faulty(document.faults)
    try:
        # By way of JSON, because strict reading takes texts for closed words only there.
        manifest = Manifest.model_validate_json(json.dumps(document.content))
    except ValidationError as error:
        return Faulty(tuple(_fault(each, document) for each in _distinct(error)))
    faults = _overlaps_and_gaps(manifest, document)
    if faults:
        return Faulty(faults)
    return _compiled(manifest, document, Sha256(sha256(content).hexdigest()))


_EITHER = ("country", "languages", "opening")


def _overlaps_and_gaps(manifest: Manifest, document: Document) -> tuple[Fault, ...]:
    faults = []
    for name in _EITHER:
        said, assumed = getattr(manifest.facts, name), getattr(manifest.assumed, name)
        if said is not None and assumed is not None:
            reason = f"the seeds say it already (facts.{name}); do not assume otherwise"
            faults.append(_at(("assumed", name), reason, document))
        if said is None and assumed is None:
            reason = f"is needed, because no seed says it (facts.{name} is null)"
            faults.append(_at(("assumed", name), reason, document))
    return tuple(faults)


def _compiled(manifest: Manifest, document: Document, digest: Sha256) -> Sound | Faulty:
    try:
        terms = ProgrammeTerms.model_validate_json(json.dumps(_terms(manifest)))
    except ValidationError as error:
        return Faulty(
            tuple(
                _fault(each, document, _origin(manifest, each["loc"])) for each in _distinct(error)
            )
        )
    faults = tuple(
        _at(_origin(manifest, _split(flaw.field)), flaw.why, document) for flaw in flaws_of(terms)
    )
    return Faulty(faults) if faults else Sound(manifest, terms, digest)


_ISO_WEEKDAYS = {"MO": 1, "TU": 2, "WE": 3, "TH": 4, "FR": 5, "SA": 6, "SU": 7}
_CHANNELS = {"phone": "phone", "chat": "chat", "message": "message", "email": "message"}


def _terms(manifest: Manifest) -> dict[str, Any]:
    """The terms as the contract wants them, not yet checked by it."""
    facts, assumed = manifest.facts, manifest.assumed
    opening = _said_or_assumed(facts.opening, assumed.opening)
    channels = [_CHANNELS[channel] for channel in facts.channels.value]
    talk = facts.call_duration_minutes
    return {
        "name": facts.name.value,
        "country": _said_or_assumed(facts.country, assumed.country),
        "timezone": opening.timezone,
        "opening": [_rule(channel, hours) for channel in channels for hours in opening.rules],
        "channels": channels,
        "languages": _said_or_assumed(facts.languages, assumed.languages),
        "needs": assumed.needs.value,
        "first_stage": "listener" if facts.triage_step is None else "regulator",
        "untriaged_priority": assumed.untriaged_priority.value,
        "answer_target_seconds": assumed.answer_target_seconds.value,
        "talk_guidance_minutes": None if talk is None else (talk.value.min, talk.value.max),
        "times": _values(assumed.times),
        "rest": _values(assumed.rest),
        "prices": _values(assumed.prices),
        "emergency_numbers": assumed.emergency_numbers.value,
    }


def _said_or_assumed(said: Fact[T] | None, assumed: Assumed[T] | None) -> T:
    if said is not None:
        return said.value
    assert assumed is not None  # gaps were found before
    return assumed.value


def _rule(channel: str, hours: Hours) -> dict[str, Any]:
    return {
        "channel": channel,
        "days": [_ISO_WEEKDAYS[day] for day in hours.byday],
        "opens_at": "00:00" if hours.always_open else hours.opens_at,
        "closes_at": "00:00" if hours.always_open else hours.closes_at,
    }


def _values(group: Part) -> dict[str, Any]:
    return {name: getattr(group, name).value for name in type(group).model_fields}


def _origin(manifest: Manifest, path: Path) -> Path:
    """The place in the manifest that a place in the terms was made from."""
    field, rest = str(path[0]), path[1:]
    if field in ("times", "rest", "prices"):
        return ("assumed", field, *rest[:1], "value", *rest[1:])
    if field == "talk_guidance_minutes":
        return ("facts", "call_duration_minutes", "value")
    if field == "first_stage":
        return ("facts", "triage_step", "value")
    source = "opening" if field in ("opening", "timezone") else field
    side = "facts" if getattr(manifest.facts, source, None) is not None else "assumed"
    if field == "opening":
        # One rule for each channel and each of the hours; blame the hours.
        opening = _said_or_assumed(manifest.facts.opening, manifest.assumed.opening)
        place = [int(rest[0]) % len(opening.rules)] if rest else []
        days = ["byday" if step == "days" else step for step in rest[1:]]
        return (side, "opening", "value", "rules", *place, *days)
    if field == "timezone":
        return (side, "opening", "value", "timezone")
    return (side, source, "value", *rest)


def _split(field: str) -> Path:
    return tuple(int(step) if step.isdigit() else step for step in field.split("."))


def _distinct(error: ValidationError) -> list[ErrorDetails]:
    """The errors, without "too few entries" of a list whose entries are what is wrong."""
    found = error.errors(include_url=False)
    blamed = {each["loc"][:depth] for each in found for depth in range(len(each["loc"]))}
    return [each for each in found if each["type"] != "too_short" or each["loc"] not in blamed]


def _at(path: Path, reason: str, document: Document) -> Fault:
    return Fault(document.line_of(path), dotted(path), reason)


def _fault(error: ErrorDetails, document: Document, path: Path | None = None) -> Fault:
    return _at(error["loc"] if path is None else path, _sentence(error), document)


def _sentence(error: ErrorDetails) -> str:
    """What is wrong, for someone who writes manifests and has never seen the code."""
    bounds = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not a field of a manifest"
        case "literal_error" | "enum":
            return f"must be {bounds['expected']}"
        case "string_pattern_mismatch":
            return f"does not have the form {bounds['pattern']}"
        case "string_too_short":
            return f"must have {bounds['min_length']} characters at least"
        case "string_too_long":
            return f"must have {bounds['max_length']} characters at most"
        case "greater_than_equal":
            return f"must be {bounds['ge']} or more"
        case "less_than_equal":
            return f"must be {bounds['le']} or less"
        case "too_short":
            return f"must have {bounds['min_length']} entries at least"
        case "too_long":
            return f"must have {bounds['max_length']} entries at most"
        case "string_type":
            return "must be a text; put it between quotes"
        case "int_type" | "int_from_float":
            return "must be a whole number"
        case "float_type":
            return "must be a number"
        case "bool_type":
            return "must be true or false"
        case "tuple_type":
            return "must be a list"
        case "model_type":
            return "must have fields of its own"
        case _:
            return error["msg"][:1].lower() + error["msg"][1:]
