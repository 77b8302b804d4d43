"""A line, contacts and facts about them, as the rest of the platform would bring them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from contracts.assignment import ContactSentUntriaged, OfferTaken, OfferWithdrawn
from contracts.contact import ContactEnded
from contracts.envelope import Reply, ReplyStatus
from contracts.frame import AlertDuty
from contracts.opening import OpeningRule
from contracts.programme import ApplyProgramme, ProgrammeTerms
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    AlertRole,
    Channel,
    ContactId,
    Destination,
    ForWhom,
    LanguageCode,
    LeaveReason,
    Need,
    OfferId,
    PersonId,
    Priority,
    ProgrammeId,
    Role,
    Sha256,
    Stage,
    WithdrawalReason,
)
from services.bus.testing import ServiceUnderTest
from services.bus.work import new_id
from services.intake import callers, store
from services.intake.reader import Sound, read_manifest
from tests.intake.conftest import NOON
from tests.intake.manifests import PROGRAMMES

LINE = ProgrammeId("sos-crise")
REGULATOR = PersonId("r-anna")
LISTENER = PersonId("v-bruno")
TOKEN_SHA256 = Sha256(sha256(b"a token").hexdigest())


def shipped(programme: str = LINE) -> Sound:
    """A line we ship, as its manifest says it."""
    read = read_manifest((PROGRAMMES / f"{programme}.yaml").read_bytes())
    assert isinstance(read, Sound)
    return read


def the_shipped_terms() -> ProgrammeTerms:
    return shipped().terms


def an_application(**changed: object) -> ApplyProgramme:
    usual = ApplyProgramme(
        programme=LINE,
        manifest_sha256=Sha256(sha256(b"a manifest").hexdigest()),
        rules_version="triage-2026.1",
        terms=the_shipped_terms(),
        callers=shipped().callers,
    )
    return usual.model_copy(update=changed)


def apply_line(intake: ServiceUnderTest, **changed: object) -> Reply:
    return intake.ask(an_application(**changed), "o-fatou", Role.OPERATOR)


def put_into_force(
    intake: ServiceUnderTest, programme: str, effective_at: datetime | None = None
) -> Reply:
    """Apply a line we ship, as its operator would."""
    line = shipped(programme)
    application = an_application(
        programme=programme, terms=line.terms, callers=line.callers, effective_at=effective_at
    )
    return intake.ask(application, "o-fatou", Role.OPERATOR, programme=programme)


def open_contact(intake: ServiceUnderTest, channel: Channel = Channel.PHONE) -> ContactId:
    arrival = callers.Arrival(LINE, channel, LanguageCode.UNKNOWN, TOKEN_SHA256)
    reply = intake.request(partial(callers.open_contact, arrival))
    assert reply.status is ReplyStatus.DONE, reply
    assert reply.result is not None
    return ContactId(reply.result["contact_id"])


def a_written_line(**changed: object) -> ProgrammeTerms:
    """The shipped line, served by chat and message around the clock too."""
    shipped = the_shipped_terms()
    channels = (Channel.PHONE, Channel.CHAT, Channel.MESSAGE)
    opening = tuple(
        OpeningRule(
            channel=channel, days=(1, 2, 3, 4, 5, 6, 7), opens_at="00:00", closes_at="00:00"
        )
        for channel in channels
    )
    always = AlertDuty(
        role=AlertRole.SUPERVISOR, days=(1, 2, 3, 4, 5, 6, 7), begins_at="00:00", ends_at="00:00"
    )
    frame = shipped.frame.model_copy(update={"alert_duty": (always,)})
    usual = {"channels": channels, "opening": opening, "frame": frame}
    return shipped.model_copy(update=usual | changed)


def leave_contact(
    intake: ServiceUnderTest, contact_id: ContactId, reason: LeaveReason = LeaveReason.HUNG_UP
) -> Reply:
    departure = callers.Departure(contact_id, TOKEN_SHA256, reason)
    return intake.request(partial(callers.leave_contact, departure))


@dataclass(frozen=True)
class Desk:
    """Who takes a contact, as what, by which offer."""

    contact_id: ContactId
    person_id: PersonId
    stage: Stage
    offer_id: OfferId

    def taken(self, seconds: float = 0) -> OfferTaken:
        return OfferTaken(
            offer_id=self.offer_id,
            contact_id=self.contact_id,
            programme=LINE,
            person_id=self.person_id,
            stage=self.stage,
            channel=Channel.PHONE,
            taken_at=NOON + timedelta(seconds=seconds),
            waiting_since=NOON,
        )

    def withdrawn(self, *, was_taken: bool = True) -> OfferWithdrawn:
        return OfferWithdrawn(
            offer_id=self.offer_id,
            contact_id=self.contact_id,
            programme=LINE,
            person_id=self.person_id,
            stage=self.stage,
            channel=Channel.PHONE,
            withdrawn_at=NOON,
            reason=WithdrawalReason.PERSON_UNREACHABLE,
            was_taken=was_taken,
        )


def a_regulator(contact_id: ContactId) -> Desk:
    return Desk(contact_id, REGULATOR, Stage.REGULATOR, OfferId(new_id()))


def a_listener(contact_id: ContactId) -> Desk:
    return Desk(contact_id, LISTENER, Stage.LISTENER, OfferId(new_id()))


def a_triage(
    contact_id: ContactId, destination: Destination = Destination.LISTENER, seconds: float = 30
) -> ContactTriaged:
    return ContactTriaged(
        contact_id=contact_id,
        programme=LINE,
        programme_version=1,
        channel=Channel.PHONE,
        opened_at=NOON,
        priority=Priority.P3,
        destination=destination,
        need=Need.SOLITUDE,
        languages=(LanguageCode.FR,),
        for_whom=ForWhom.SELF,
        decided_by=REGULATOR,
        decided_at=NOON + timedelta(seconds=seconds),
        proposed_priority=Priority.P3,
        rules_version="triage-2026.1",
    )


def sent_untriaged(contact_id: ContactId, seconds: float = 60) -> ContactSentUntriaged:
    return ContactSentUntriaged(
        contact_id=contact_id,
        programme=LINE,
        sent_at=NOON + timedelta(seconds=seconds),
        priority=Priority.P3,
    )


def the_contact(intake: ServiceUnderTest, contact_id: ContactId) -> store.ContactRow:
    found = intake.read(lambda session: session.get(store.ContactRow, contact_id))
    assert found is not None
    return found


def endings(intake: ServiceUnderTest) -> list[ContactEnded]:
    return list(intake.announced(ContactEnded))


Step = Callable[[ContactId], object]
