"""Reads a manifest and says what it means to the services, or everything that is wrong with it.

For the operator, before a line goes live. A fault names file line, field and reason in a plain
sentence, also when it is found in the compiled terms: it is traced back to where it was written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.programme import ProgrammeTerms
from contracts.vocabulary import Sha256
from services.intake.document import Document, Fault, Path, Unusable, dotted, read_document
from services.intake.manifest import Manifest
from services.intake.meaning import misfits, origin, terms_of
from services.intake.terms import flaws_of


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
        manifest = Manifest.model_validate_json(json.dumps(document.content), strict=True)
    except ValidationError as error:
        return Faulty(tuple(_fault(each, document) for each in _distinct(error)))
    faults = _overlaps_and_gaps(manifest, document)
    if faults:
        return Faulty(faults)
    return _compiled(manifest, document, Sha256(sha256(content).hexdigest()))


def _overlaps_and_gaps(manifest: Manifest, document: Document) -> tuple[Fault, ...]:
    return tuple(_at(place, reason, document) for place, reason in misfits(manifest))


def _compiled(manifest: Manifest, document: Document, digest: Sha256) -> Sound | Faulty:
    try:
        terms = ProgrammeTerms.model_validate_json(json.dumps(terms_of(manifest)))
    except ValidationError as error:
        return Faulty(
            tuple(
                _fault(each, document, origin(manifest, each["loc"])) for each in _distinct(error)
            )
        )
    faults = tuple(
        _at(origin(manifest, _split(flaw.field)), flaw.why, document) for flaw in flaws_of(terms)
    )
    return Faulty(faults) if faults else Sound(manifest, terms, digest)


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
