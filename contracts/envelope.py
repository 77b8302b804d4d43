"""What every event and command carries beside its fields.

Events follow CloudEvents 1.0 (binary content mode: attributes in NATS headers, the fields as the
JSON body). `version` counts the publisher's own aggregate: 1..n, dense. Consumers keep the newest
version they have seen and never require the one before.
"""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, NewType

from pydantic import BaseModel, ConfigDict, StringConstraints

from contracts.privacy import LARGEST_COUNT, PrivacyClass, ops, reference, staff
from contracts.promise import Deprecation
from contracts.vocabulary import ContactId, Moment, PersonId, ProgrammeId, Refusal, Role

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
#: `contact:<id>`; what follows the noun is the publisher's own key.
_AGGREGATE = r"^[a-z_]+:[A-Za-z0-9][A-Za-z0-9:._+/-]{0,120}$"
_TRACEPARENT = r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"
_FIELD_PATH = r"^[A-Za-z_][A-Za-z0-9_.-]{0,118}$"
EventId = NewType("EventId", Annotated[str, StringConstraints(pattern=_UUID)])
CommandId = NewType("CommandId", Annotated[str, StringConstraints(pattern=_UUID)])
SessionId = NewType("SessionId", Annotated[str, StringConstraints(pattern=_UUID)])


class Stream(StrEnum):
    """Where an event is kept."""

    CONTACT = "CONTACT"
    ASSIGNMENT = "ASSIGNMENT"
    ROSTER = "ROSTER"
    QUALITY = "QUALITY"
    REFERRAL = "REFERRAL"
    RISK = "RISK"  #: small and apart, so that nothing else can fill it or hold it up
    PARTNER = "PARTNER"  #: what partner organisations subscribe to, each to its own


#: The privacy classes a stream may carry. QUALITY never names a person on duty.
STREAM_ALLOWS: dict[Stream, frozenset[PrivacyClass]] = {
    Stream.CONTACT: frozenset(
        {PrivacyClass.PUBLIC, PrivacyClass.OPS, PrivacyClass.STAFF, PrivacyClass.REFERENCE}
    ),
    Stream.ASSIGNMENT: frozenset({PrivacyClass.PUBLIC, PrivacyClass.OPS, PrivacyClass.STAFF}),
    Stream.ROSTER: frozenset({PrivacyClass.PUBLIC, PrivacyClass.OPS, PrivacyClass.STAFF}),
    Stream.QUALITY: frozenset({PrivacyClass.PUBLIC, PrivacyClass.OPS}),
    Stream.REFERRAL: frozenset(
        {PrivacyClass.PUBLIC, PrivacyClass.OPS, PrivacyClass.STAFF, PrivacyClass.REFERENCE}
    ),
    Stream.RISK: frozenset({PrivacyClass.PUBLIC, PrivacyClass.OPS, PrivacyClass.STAFF}),
    Stream.PARTNER: frozenset(
        {PrivacyClass.PUBLIC, PrivacyClass.OPS, PrivacyClass.REFERENCE, PrivacyClass.SEALED}
    ),
}


class Contract(BaseModel):
    """Frozen, closed to unknown fields; the bus alone reads with `extra="ignore"`."""

    deprecated: ClassVar[Deprecation | None] = None

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=False, hide_input_in_errors=True
    )


class Event(Contract):
    """A past fact in domain words, published by exactly one service."""

    noun: ClassVar[str]  #: what it is about, in the subject
    fact: ClassVar[str]  #: what happened, in the subject
    major: ClassVar[int] = 1  #: version of the contract, `v1` in the subject
    publisher: ClassVar[str]  #: the one service that may publish it
    stream: ClassVar[Stream]
    subject_field: ClassVar[str]  #: the field whose value ends the subject

    @classmethod
    def type_name(cls) -> str:
        """`contact.opened.v1`: the CloudEvents type, the key of the catalogue."""
        return f"{cls.noun}.{cls.fact}.v{cls.major}"

    @classmethod
    def subject_filter(cls) -> str:
        """The NATS subject of every event of this type."""
        return f"helpline.{cls.type_name()}.>"

    @classmethod
    def address(cls) -> str:
        """Its NATS subjects, with the fields they are made of in braces."""
        return f"helpline.{cls.type_name()}.{{programme}}.{{{cls.subject_field}}}"

    @classmethod
    def has_subject(cls, subject: str) -> bool:
        """Whether a NATS subject is one of this type's."""
        return subject.startswith(f"helpline.{cls.type_name()}.")

    def subject(self) -> str:
        """The NATS subject of this event: general to specific, ids last."""
        programme: str = getattr(self, "programme")  # noqa: B009 - every event has one, tested
        return f"helpline.{self.type_name()}.{programme}.{getattr(self, self.subject_field)}"


class Command(Contract):
    """A wish of a person at a desk; answered once, whatever the number of repeats."""

    service: ClassVar[str]  #: who answers
    verb: ClassVar[str]
    major: ClassVar[int] = 1
    roles: ClassVar[frozenset[Role]]  #: who may ask; checked by the edge and again by the service

    @classmethod
    def type_name(cls) -> str:
        """`triage.decide.v1`: the key of the catalogue."""
        return f"{cls.service}.{cls.verb}.v{cls.major}"

    @classmethod
    def subject(cls) -> str:
        """The NATS subject the answering service listens on."""
        return f"desk.{cls.type_name()}"


class EventEnvelope(Contract):
    """Headers of an event."""

    id: Annotated[EventId, ops("The event; equal ids mean equal content")]
    source: Annotated[str, ops("The service that published it", pattern=r"^[a-z]{2,20}$")]
    type: Annotated[str, ops("noun.fact.vN", pattern=r"^[a-z_]+\.[a-z_]+\.v[0-9]+$")]
    time: Annotated[Moment, ops("Domain time of the fact", unit="UTC")]
    aggregate: Annotated[
        str, ops("The publisher's own aggregate that `version` counts", pattern=_AGGREGATE)
    ]
    version: Annotated[
        int,
        ops("Place of this fact in its aggregate", unit="count from 1", ge=1, le=LARGEST_COUNT),
    ]
    programme: Annotated[ProgrammeId, ops("The line")]
    contact_id: Annotated[ContactId | None, ops("The contact, when the fact is about one")] = None
    caused_by: Annotated[
        str | None,
        reference("Event, command, request or deadline that led to this one", pattern=_UUID),
    ] = None
    traceparent: Annotated[
        str | None, ops("W3C trace context of the publisher", pattern=_TRACEPARENT)
    ] = None


def event_header(field: str) -> str:
    """The NATS header of a field of the envelope, by the CloudEvents rules.

    Attribute names are lower-case letters and digits: `contact_id` is `ce-contactid`. The aggregate
    is what CloudEvents calls the subject.
    """
    return "ce-subject" if field == "aggregate" else "ce-" + field.replace("_", "")


def schema_name(type_name: str) -> str:
    """The `dataschema` of an event, and the `$id` of its JSON Schema (contracts/schemas.py)."""
    noun, fact, version = type_name.split(".")
    return f"urn:helpline:{noun}:{version}:{fact}"


class CommandEnvelope(Contract):
    """Headers of a command, filled by the edge from its own authenticated session."""

    command_id: Annotated[CommandId, ops("Chosen by the desk; a repeat gets the same reply")]
    session_id: Annotated[SessionId, staff("The desk's session")]
    actor: Annotated[PersonId, staff("Who asks")]
    role: Annotated[Role, staff("In which role")]
    programme: Annotated[ProgrammeId, ops("The line")]
    deadline: Annotated[Moment, ops("After this the command is refused", unit="UTC, domain time")]
    expected_version: Annotated[
        int | None,
        ops(
            "Version the desk has seen; refused when it moved on",
            unit="count",
            ge=0,
            le=LARGEST_COUNT,
        ),
    ] = None
    traceparent: Annotated[
        str | None, ops("W3C trace context of the edge", pattern=_TRACEPARENT)
    ] = None


class ReplyStatus(StrEnum):
    """What became of a command."""

    DONE = "done"
    REFUSED = "refused"
    NOT_YET = "not_yet"  #: an event this service needs is still on its way; ask again, same id


class Reply(Contract):
    """The answer to a command, stored with it."""

    status: Annotated[ReplyStatus, ops("What became of the command")]
    refusal: Annotated[Refusal | None, ops("Why it was refused")] = None
    field: Annotated[str | None, ops("Path of the field that is wrong", pattern=_FIELD_PATH)] = None
    version: Annotated[
        int | None,
        ops("Version of the aggregate afterwards", unit="count", ge=0, le=LARGEST_COUNT),
    ] = None
    result: Annotated[dict[str, Any] | None, ops("What the command found out, by its contract")] = (
        None
    )


def done(version: int | None = None, result: Contract | None = None) -> Reply:
    """The command took effect."""
    body = None if result is None else result.model_dump(mode="json")
    return Reply(status=ReplyStatus.DONE, version=version, result=body)


def refused(why: Refusal, field: str | None = None) -> Reply:
    """The command had no effect; asking again will not help."""
    return Reply(status=ReplyStatus.REFUSED, refusal=why, field=field)


def not_yet() -> Reply:
    """The command had no effect yet; asking again with the same id will help."""
    return Reply(status=ReplyStatus.NOT_YET)
