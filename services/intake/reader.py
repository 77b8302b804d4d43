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

from contracts.envelope import Contract
from contracts.ladder import CallerTerms
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import Sha256
from services.intake.document import Document, Fault, Path, Unusable, dotted, read_document
from services.intake.flaws import Flaw, flaws_of
from services.intake.gaps import gaps_of
from services.intake.manifest import Manifest
from services.intake.meaning import callers_of, terms_of
from services.intake.misfits import misfits
from services.intake.origin import origin_of_callers, origin_of_terms

C = TypeVar("C", bound=Contract)


@dataclass(frozen=True)
class Sound:
    """A manifest without fault, and what it means to the services."""

    manifest: Manifest
    terms: ProgrammeTerms
    callers: CallerTerms
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
    faults = tuple(_at(place, reason, document) for place, reason in misfits(manifest))
    if faults:
        return Faulty(faults)
    return _compiled(manifest, document, Sha256(sha256(content).hexdigest()))


def _compiled(manifest: Manifest, document: Document, digest: Sha256) -> Sound | Faulty:
    terms = _checked(ProgrammeTerms, terms_of(manifest))
    callers = _checked(CallerTerms, callers_of(manifest))
    if isinstance(terms, ProgrammeTerms) and isinstance(callers, CallerTerms):
        found = _flaws(terms, callers)
        if not found:
            return Sound(manifest, terms, callers, digest)
        return Faulty(
            tuple(
                _at(_written_at(manifest, _split(flaw.field)), flaw.why, document) for flaw in found
            )
        )
    unfit = {"terms": terms, "callers": callers}
    return Faulty(
        tuple(
            _fault(each, document, _written_at(manifest, (root, *each["loc"])))
            for root, errors in unfit.items()
            if isinstance(errors, list)
            for each in errors
        )
    )


def _checked(contract: type[C], written: dict[str, Any]) -> C | list[ErrorDetails]:
    """What was written as the contract wants it, or all that it finds in it."""
    try:
        return contract.model_validate_json(json.dumps(written))
    except ValidationError as error:
        return _distinct(error)


def _flaws(terms: ProgrammeTerms, callers: CallerTerms) -> list[Flaw]:
    """What is wrong with the terms, else what is missing: a gap may only follow from a flaw."""
    wrong = [Flaw(f"terms.{flaw.field}", flaw.why) for flaw in flaws_of(terms)]
    return wrong or list(gaps_of(terms, callers))


def _written_at(manifest: Manifest, path: Path) -> Path:
    origin = origin_of_callers if path[0] == "callers" else origin_of_terms
    return origin(manifest, path[1:])


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
