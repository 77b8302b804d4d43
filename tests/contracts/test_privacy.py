"""What may cross the bus: classified, bounded, in closed words, and nobody's identity."""

from __future__ import annotations

import re
from typing import Annotated

import pytest

from contracts.catalogue import EVENTS
from contracts.envelope import STREAM_ALLOWS, Contract, Event, Stream
from contracts.privacy import LARGEST_COUNT, PrivacyClass, ops, public, staff
from contracts.schemas import schema_of
from contracts.vocabulary import Need
from tests.contracts.fields import Field, all_fields, fields_of

#: Fields that hold another contract's dump; that contract is checked in its own right.
HOLDS_A_CONTRACT = {("envelope/v1/reply", "result")}

#: Fields whose name sounds like a person's and is not: the public name of the line.
NOT_A_PERSON = {"terms.name"}

FORBIDDEN_WORDS = re.compile(
    r"(^|_)(first_?name|last_?name|surname|name|nom|prenom|phone|telephone|mobile|sip|caller|msisdn"
    r"|e?mail|address|adresse|street|postcode|zip|city|commune|ip|user_agent|birth\w*|born"
    r"|religion\w*|faith|politic\w*|party|union|origin\w*|ethnic\w*|race|nationality|sexual\w*"
    r"|orientation|gender|text|note|comment|message|quote|body|content|transcript)($|_)"
)

#: Nobody's: numbers reserved for fiction, a reserved domain, a documentation address.
IDENTITIES = {
    "a national number": "0639980012",
    "an international number": "+33639980012",
    "a spaced number": "06 39 98 00 12",
    "a bare number": "33639980012",
    "an e-mail": "marie.dupont@example.org",
    "a name": "Marie Dupont",
    "a street": "12 rue des Lilas, 75011 Paris",
    "an IPv4 address": "192.0.2.17",
    "an IPv6 address": "2001:db8::17",
    "a quotation": "je veux mourir ce soir",
}

#: Needs that come near a special category of data. A need names the kind of help of the shared
#: directory (`data/relays.json`), often for somebody else, and is no trait of whoever calls. A new
#: one is put to the ethics committee first.
NEEDS_NEAR_SPECIAL_CATEGORIES = {
    Need.LGBT,
    Need.MIGRANTS,
    Need.RADICALISATION,
    Need.SANTE_SEXUELLE,
    Need.VIOLENCES_SEXUELLES,
}
SPECIAL_CATEGORIES = re.compile(
    r"lgbt|gay|lesb|trans$|homo|hetero|bisex|sexu|migran|refug|etrang|radical|relig|musul|juif|jewish"
    r"|chret|christ|cathol|islam|polit|syndic|ethni|origin|nation|race"
)


def unclassified(field: Field) -> bool:
    return field.privacy not in {each.value for each in PrivacyClass} - {"FORBIDDEN"}


def unexplained(field: Field) -> bool:
    return not field.schema.get("description") or "\n" in field.schema["description"]


def unbounded_number(field: Field) -> bool:
    """A number without unit, smallest and largest value."""
    if field.schema.get("type") not in ("integer", "number"):
        return False
    low = "minimum" in field.schema or "exclusiveMinimum" in field.schema
    high = "maximum" in field.schema or "exclusiveMaximum" in field.schema
    return not (field.schema.get("x-unit") and low and high)


def free_text(field: Field) -> bool:
    """A string that is no closed word, no moment and has no pattern. A length alone bounds nothing
    but how much is said, so it will do for what is public only.
    """
    schema = field.schema
    if schema.get("type") != "string":
        return False
    closed = "enum" in schema or "const" in schema or "pattern" in schema
    moment = schema.get("format") == "date-time"
    return not (closed or moment or ("maxLength" in schema and field.privacy == "PUBLIC"))


def endless_list(field: Field) -> bool:
    return field.schema.get("type") == "array" and "maxItems" not in field.schema


def shapeless(field: Field) -> bool:
    """Something that is neither a value, a list nor an object with named fields."""
    schema = field.schema
    if "anyOf" in schema or schema.get("type") in (
        "string", "integer", "number", "boolean", "array", "null",
    ):  # fmt: skip
        return False
    if schema.get("type") == "object" and schema.get("additionalProperties") is False:
        return False
    return (field.contract, field.path) not in HOLDS_A_CONTRACT


FAULTS = {
    "unclassified": unclassified,
    "unexplained": unexplained,
    "unbounded number": unbounded_number,
    "free text": free_text,
    "endless list": endless_list,
    "shapeless": shapeless,
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_no_field_that_crosses_the_bus_is(fault: object) -> None:
    assert callable(fault)
    assert [str(field) for field in all_fields() if fault(field)] == []


class Careless(Contract):
    """What the rules above are for."""

    plain: str
    said: Annotated[str, ops("What was said")]
    short: Annotated[str, ops("Eighty letters say a name", max_length=80)]
    seconds: Annotated[int, ops("How long", ge=0, le=60)]
    count: Annotated[int, ops("How many", unit="count", ge=0)]
    prices: Annotated[tuple[float, float], ops("Prices", unit="points")]
    said_by: Annotated[tuple[str, ...] | None, staff("Names")]
    words: Annotated[dict[str, str], ops("Anything at all")]
    title: Annotated[str, public("Public title", max_length=60)]


CARELESS = {
    "unclassified": {"plain"},
    "unexplained": {"plain"},
    "unbounded number": {"seconds", "count", "prices[0]", "prices[1]"},
    "free text": {"plain", "said", "short", "said_by[]"},
    "endless list": {"said_by"},
    "shapeless": {"words"},
}


@pytest.mark.parametrize(("fault", "guilty"), CARELESS.items(), ids=CARELESS.keys())
def test_each_rule_finds_the_careless_field(fault: str, guilty: set[str]) -> None:
    fields = fields_of("careless", schema_of("careless/v1/written.json", Careless))
    assert {field.path for field in fields if FAULTS[fault](field)} == guilty


def forbidden_classes(event: type[Event]) -> list[str]:
    """Fields of an event whose class its stream does not carry."""
    allowed = {each.value for each in STREAM_ALLOWS[event.stream]}
    fields = fields_of(event.type_name(), schema_of("any.json", event))
    return [str(field) for field in fields if field.privacy not in allowed]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type_name())
def test_stream_carries_every_class_of_its_event(event: type[Event]) -> None:
    assert forbidden_classes(event) == []


def test_every_stream_says_what_it_may_carry_and_none_carries_forbidden() -> None:
    assert set(STREAM_ALLOWS) == set(Stream)
    assert all(PrivacyClass.FORBIDDEN not in allowed for allowed in STREAM_ALLOWS.values())


def test_quality_never_names_a_person_on_duty() -> None:
    assert PrivacyClass.STAFF not in STREAM_ALLOWS[Stream.QUALITY]
    assert PrivacyClass.REFERENCE not in STREAM_ALLOWS[Stream.QUALITY]
    events = [event for event in EVENTS if event.stream is Stream.QUALITY]
    assert events
    for event in events:
        assert not {"person_id", "contact_id", "offer_id"} & set(event.model_fields)


def test_a_person_in_a_quality_event_is_found() -> None:
    class Counted(Event):
        noun, fact, stream = "hour", "counted", Stream.QUALITY
        publisher, subject_field = "quality", "best"

        best: Annotated[str, staff("Who answered most", pattern="^v-[0-9]+$")]

    assert forbidden_classes(Counted) == ["hour.counted.v1 best"]


def test_no_field_is_named_after_what_may_not_cross_the_bus() -> None:
    named = [
        field
        for field in all_fields()
        if FORBIDDEN_WORDS.search(field.path.rpartition(".")[2].rstrip("[]0123456789"))
        and field.path not in NOT_A_PERSON
    ]
    assert [str(field) for field in named] == []


@pytest.mark.parametrize(
    "name", ["caller_name", "phone", "email", "postal_address", "religion", "sexual_life", "origin"]
)
def test_a_forbidden_name_is_found(name: str) -> None:
    assert FORBIDDEN_WORDS.search(name)


@pytest.mark.parametrize("identity", IDENTITIES.values(), ids=IDENTITIES.keys())
def test_no_text_that_crosses_the_bus_could_be(identity: str) -> None:
    def holds(field: Field) -> bool:
        schema = field.schema
        if schema.get("type") != "string" or "enum" in schema or "format" in schema:
            return False
        public_name = field.privacy == "PUBLIC" and "pattern" not in schema
        return not public_name and bool(re.search(schema.get("pattern", ""), identity))

    assert [str(field) for field in all_fields() if holds(field)] == []


def test_no_number_that_crosses_the_bus_could_be_a_telephone_number() -> None:
    numbers = [f for f in all_fields() if f.schema.get("type") in ("integer", "number")]
    assert numbers
    assert all(field.schema["maximum"] <= LARGEST_COUNT < 33_639_980_012 for field in numbers)


def test_patterns_are_closed_at_both_ends() -> None:
    patterns = {field.schema["pattern"] for field in all_fields() if "pattern" in field.schema}
    assert patterns
    assert [p for p in patterns if not (p.startswith("^") and p.endswith("$"))] == []


def test_no_vocabulary_says_a_faith_an_opinion_an_origin_or_a_sexual_life() -> None:
    near = {
        (field.contract, field.path, word)
        for field in all_fields()
        for word in field.schema.get("enum", ())
        if SPECIAL_CATEGORIES.search(str(word).lower())
    }
    known = {need.value for need in NEEDS_NEAR_SPECIAL_CATEGORIES}
    assert {word for _, _, word in near} == known
