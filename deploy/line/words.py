"""What callers are told, in each language of a line: our drafts, then what people made of them.

They stand in one file, `texts.yaml`, in which a native speaker changes what is wrong and writes
that they have read it. The manifest is written from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from contracts.vocabulary import Channel, LanguageCode
from deploy.line.answers import Answers
from deploy.line.unfit import Unfit
from services.intake.document import Unusable, dotted, read_document
from services.intake.facts import Day, Part

_DRAFTS = Path(__file__).with_name("words.yaml")
#: As long as a contract lets one text be.
_Said = Annotated[str, StringConstraints(min_length=1, max_length=1200)]


class Draft(Part):
    """Our words in one language."""

    closed: _Said
    nobody_on_duty: _Said
    all_busy: _Said
    platform_fault: _Said
    transparency: dict[Literal["who", "number", "written", "notes"], _Said]


class Told(Part):
    """What callers are told in one language, and who has read it."""

    #: A native speaker, by what they are to the line, never by name; empty: nobody has, yet.
    read_by: Annotated[str, StringConstraints(min_length=3, max_length=80)] | None = None
    read_on: Day | None = None
    closed: _Said
    nobody_on_duty: _Said
    all_busy: _Said
    platform_fault: _Said
    transparency: _Said


def _read_wholly(told: Told) -> Told:
    if (told.read_by is None) is not (told.read_on is None):
        raise ValueError("read_by and read_on go together: who has read it, on which day")
    return told


class Texts(Part):
    """The file of texts of a line."""

    format: Literal["helpline-texts/1"] = "helpline-texts/1"
    languages: Annotated[
        dict[LanguageCode, Annotated[Told, AfterValidator(_read_wholly)]], Field(min_length=1)
    ]


@lru_cache(maxsize=1)
def drafts() -> Mapping[LanguageCode, Draft]:
    """Our words, in every language a line can have."""
    document = read_document(_DRAFTS.read_bytes())
    assert not isinstance(document, Unusable), document
    return {
        LanguageCode(language): Draft.model_validate_json(json.dumps(words), strict=True)
        for language, words in document.content.items()
    }


#: The languages there are words in, the order in which they are named to people.
DRAFTED: tuple[LanguageCode, ...] = tuple(drafts())


def proposed(answers: Answers) -> Texts:
    """Our words in the languages of a line; nobody has read them."""
    return Texts(languages={each: _proposed(answers, each) for each in answers.languages})


def _proposed(answers: Answers, language: LanguageCode) -> Told:
    draft = drafts()[language]
    told = {
        "who": True,
        "number": Channel.PHONE in answers.channels,
        "written": answers.channels != (Channel.PHONE,),
        "notes": answers.keeps_notes,
    }
    return Told(
        **draft.model_dump(exclude={"transparency"}),
        transparency=" ".join(
            draft.transparency[part] for part in draft.transparency if told[part]
        ),
    )


def read_texts(content: bytes) -> Texts:
    """Read a file of texts; Unfit with line, field and reason."""
    document = read_document(content)
    if isinstance(document, Unusable):
        fault = document.faults[0]
        raise Unfit(f"line {fault.line}: {fault.field} {fault.reason}")
    try:
        return Texts.model_validate_json(json.dumps(document.content), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = f"line {document.line_of(first['loc'])}: {dotted(first['loc'])}"
        raise Unfit(f"{place}: {first['msg']}") from None


def kept(texts: Texts, answers: Answers) -> Texts:
    """What people made of the texts, with our words in a language that was added since."""
    known = proposed(answers).languages | texts.languages
    return Texts(languages={each: known[each] for each in answers.languages})
