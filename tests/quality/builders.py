"""What the tests of quality are about: histories of contacts and of people on duty."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st

from contracts.assignment import (
    ContactSentUntriaged,
    LiveStateEntered,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferTaken,
    OfferWithdrawn,
    WayOutOffered,
)
from contracts.contact import ContactEnded, ContactOpened, UrgencyDeclared
from contracts.envelope import Event
from contracts.programme import ProgrammePublished, RiskPolicy
from contracts.referral import ReferralClosed, RelayOutcomeGiven
from contracts.risk import AlertAcknowledged, AlertRaised
from contracts.text import TextSealed, WrittenAnswered, WrittenClockRang, WrittenFirstRead
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    AuthorKind,
    Channel,
    Clock,
    ClockStep,
    ContactId,
    Destination,
    EndedBy,
    ForWhom,
    LanguageCode,
    LiveState,
    LiveStateReason,
    Nature,
    Need,
    OfferId,
    OfferReason,
    Outcome,
    PersonId,
    Priority,
    ProgrammeId,
    ReferralClosing,
    ReferralId,
    RelayId,
    RelayOutcome,
    Role,
    SealedId,
    Stage,
    TextKind,
    WayOut,
    WithdrawalReason,
)
from tests.terms import a_line

NOON = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)
LINE = ProgrammeId("sos-crise")
#: Never seen anywhere but in events: whoever is on duty in these tests.
CANARY = PersonId("canary-7f3a")


#: Minutes a talk lasts by the guidance, by version; the third gives none.
GUIDANCE: dict[int, tuple[int, int] | None] = {1: (15, 25), 2: (1, 40), 3: None}


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def contact_id(name: str) -> ContactId:
    return ContactId(str(uuid.uuid5(uuid.NAMESPACE_OID, f"contact/{name}")))


def offer_id(name: str) -> OfferId:
    return OfferId(str(uuid.uuid5(uuid.NAMESPACE_OID, f"offer/{name}")))


class AContact:
    """Builds the events of one contact; times in seconds after noon."""

    def __init__(
        self,
        name: str = "a",
        opened: float = 0,
        programme: ProgrammeId = LINE,
        programme_version: int = 1,
        channel: Channel = Channel.PHONE,
    ) -> None:
        self.channel = channel
        self.name = f"{programme}/{name}"
        self.id = contact_id(self.name)
        self.opened_at = at(opened)
        self.programme = programme
        self.programme_version = programme_version

    def opened(self) -> ContactOpened:
        return ContactOpened(
            contact_id=self.id,
            programme=self.programme,
            programme_version=self.programme_version,
            channel=self.channel,
            language=LanguageCode.UNKNOWN,
            first_stage=Stage.REGULATOR,
            opened_at=self.opened_at,
        )

    def alert_raised(self, seconds: float, alert: str = "1") -> AlertRaised:
        return AlertRaised(
            **self._alert(seconds, alert), policy=RiskPolicy(), confirmed_in_contact=True
        )

    def alert_taken(self, seconds: float, raised: float, alert: str = "1") -> AlertAcknowledged:
        return AlertAcknowledged(
            **self._alert(raised, alert),
            acknowledged_by=CANARY,
            acknowledged_as=Role.SUPERVISOR,
            acknowledged_at=at(seconds),
        )

    def first_read(self, seconds: float, asked: float, late: bool = False) -> WrittenFirstRead:
        return WrittenFirstRead(
            contact_id=self.id,
            programme=self.programme,
            asked_at=at(asked),
            read_at=at(seconds),
            late=late,
        )

    def answered(self, seconds: float, asked: float, late: bool = False) -> WrittenAnswered:
        return WrittenAnswered(
            contact_id=self.id,
            programme=self.programme,
            asked_at=at(asked),
            answered_at=at(seconds),
            late=late,
        )

    def asks(self, seconds: float, author: AuthorKind = AuthorKind.CALLER) -> TextSealed:
        """A message, or an answer to one."""
        return TextSealed(
            sealed_id=SealedId(str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.id} {seconds}"))),
            contact_id=self.id,
            programme=self.programme,
            channel=self.channel,
            kind=TextKind.MESSAGE,
            author=author,
            characters=200,
            position=1,
            sealed_at=at(seconds),
        )

    def referral_closed(
        self, seconds: float, why: ReferralClosing, referral: str = "1"
    ) -> ReferralClosed:
        name = f"referral/{self.name}/{referral}"
        return ReferralClosed(
            referral_id=ReferralId(str(uuid.uuid5(uuid.NAMESPACE_OID, name))),
            contact_id=self.id,
            programme=self.programme,
            relay_id=RelayId("fr-3114"),
            why=why,
            closed_by=CANARY,
            closed_at=at(seconds),
        )

    def rang(
        self, seconds: float, asked: float, clock: Clock, step: ClockStep = ClockStep.LATE
    ) -> WrittenClockRang:
        return WrittenClockRang(
            contact_id=self.id,
            programme=self.programme,
            asked_at=at(asked),
            clock=clock,
            step=step,
            rang_at=at(seconds),
        )

    def _alert(self, raised: float, alert: str) -> dict[str, Any]:
        name = f"alert/{self.name}/{alert}"
        return {
            "alert_id": str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
            "contact_id": self.id,
            "programme": self.programme,
            "raised_by": CANARY,
            "raised_as": Role.LISTENER,
            "raised_at": at(raised),
            "standing": "open",
            "level": 1,
        }

    def made(self, stage: Stage, seconds: float, offer: str = "1", attempt: int = 1) -> OfferMade:
        return OfferMade(
            **self._offer(stage, offer),
            made_at=at(seconds),
            expires_at=at(seconds + 15),
            waiting_since=self.opened_at,
            attempt=attempt,
            reasons=(OfferReason.WAITED_LONGEST,),
            rules_version="assignment-2026.1",
            eligibility_version=1,
        )

    def taken(self, stage: Stage, seconds: float, since: float = 0, offer: str = "1") -> OfferTaken:
        return OfferTaken(
            **self._offer(stage, offer), taken_at=at(seconds), waiting_since=at(since)
        )

    def declined(self, stage: Stage, seconds: float, offer: str = "1") -> OfferDeclined:
        return OfferDeclined(**self._offer(stage, offer), declined_at=at(seconds))

    def expired(self, stage: Stage, seconds: float, offer: str = "1") -> OfferExpired:
        return OfferExpired(**self._offer(stage, offer), expired_at=at(seconds))

    def withdrawn(
        self,
        stage: Stage,
        seconds: float,
        reason: WithdrawalReason,
        was_taken: bool = True,
        offer: str = "1",
    ) -> OfferWithdrawn:
        return OfferWithdrawn(
            **self._offer(stage, offer),
            withdrawn_at=at(seconds),
            reason=reason,
            was_taken=was_taken,
        )

    def triaged(
        self,
        seconds: float,
        priority: Priority = Priority.P3,
        destination: Destination = Destination.LISTENER,
    ) -> ContactTriaged:
        return ContactTriaged(
            contact_id=self.id,
            programme=self.programme,
            programme_version=self.programme_version,
            channel=Channel.PHONE,
            opened_at=self.opened_at,
            priority=priority,
            destination=destination,
            need=Need.UNKNOWN,
            languages=(),
            for_whom=ForWhom.UNKNOWN,
            decided_by=CANARY,
            decided_at=at(seconds),
            proposed_priority=priority,
            rules_version="triage-2026.1",
        )

    def sent_untriaged(self, seconds: float) -> ContactSentUntriaged:
        return ContactSentUntriaged(
            contact_id=self.id,
            programme=self.programme,
            sent_at=at(seconds),
            priority=Priority.P3,
        )

    def offered_way_out(
        self, seconds: float, way_out: WayOut = WayOut.RETURN_PASS
    ) -> WayOutOffered:
        return WayOutOffered(
            contact_id=self.id,
            programme=self.programme,
            way_out=way_out,
            offered_at=at(seconds),
            valid_until=at(seconds + 600),
            rules_version="assignment-2026.1",
        )

    def declared_urgent(self, seconds: float) -> UrgencyDeclared:
        return UrgencyDeclared(
            contact_id=self.id,
            programme=self.programme,
            channel=Channel.CHAT,
            declared_at=at(seconds),
        )

    def ended(
        self,
        seconds: float,
        outcome: Outcome = Outcome.LISTENED,
        stage: Stage | None = None,
        nature: Nature = Nature.ORDINARY,
    ) -> ContactEnded:
        return ContactEnded(
            contact_id=self.id,
            programme=self.programme,
            channel=Channel.PHONE,
            opened_at=self.opened_at,
            ended_at=at(seconds),
            kept_until=at(seconds) + timedelta(days=400),
            outcome=outcome,
            nature=nature,
            ended_by=EndedBy.CALLER,
            stage=stage,
            person_id=CANARY if stage else None,
        )

    def _offer(self, stage: Stage, offer: str) -> dict[str, Any]:
        return {
            "offer_id": offer_id(f"{self.name}/{stage}/{offer}"),
            "contact_id": self.id,
            "programme": self.programme,
            "person_id": CANARY,
            "stage": stage,
            "channel": Channel.PHONE,
        }


def a_change(
    previous: LiveState,
    since: float,
    until: float,
    state: LiveState = LiveState.READY,
    reason: LiveStateReason = LiveStateReason.ASKED,
    role: Role = Role.LISTENER,
    programme: ProgrammeId = LINE,
) -> LiveStateEntered:
    """Somebody did `previous` from `since` to `until`, in seconds after noon."""
    return LiveStateEntered(
        person_id=CANARY,
        programme=programme,
        role=role,
        state=state,
        reason=reason,
        entered_at=at(until),
        previous=previous,
        previous_since=at(since),
    )


def a_published_programme(
    version: int = 1, target_seconds: int = 20, programme: ProgrammeId = LINE
) -> ProgrammePublished:
    return ProgrammePublished(
        programme=programme,
        programme_version=version,
        effective_at=NOON,
        manifest_sha256="0" * 64,
        rules_version="triage-2026.1",
        terms=a_line(answer_target_seconds=target_seconds, talk_guidance_minutes=GUIDANCE[version]),
    )


def a_relay_outcome(
    outcome: RelayOutcome, hour: int = 0, programme: ProgrammeId = LINE
) -> RelayOutcomeGiven:
    """Told so many hours after noon of somebody at a relay."""
    relay = RelayId("fr-3114")
    told = at(3600 * hour)
    return RelayOutcomeGiven(programme=programme, relay_id=relay, outcome=outcome, hour=told)


# --- any history ----------------------------------------------------------------------------------

#: Seconds around noon, so that much of it lies near the border of an hour.
SECONDS = st.one_of(st.integers(-60, 60), st.floats(-4000, 8000).map(lambda s: round(s, 6)))


#: Seconds after noon: before, at and after the clocks of a message.
RINGS = (100.0, 4 * 3600.0, 24 * 3600.0, 48 * 3600.0 + 60, 50 * 3600.0)
ENDINGS = (
    Outcome.ABANDONED,
    Outcome.LISTENED,
    Outcome.DROPPED,
    Outcome.RETURN_PASS_GIVEN,
    Outcome.OVERFLOWED,
)


@st.composite
def an_offer(draw: st.DrawFn, contact: AContact, name: str) -> list[Event]:
    """One offer: made, perhaps taken, perhaps taken back or turned down. Times need not fit."""
    stage = draw(st.sampled_from(Stage))
    events: list[Event] = [contact.made(stage, draw(SECONDS), name, draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        events.append(contact.taken(stage, draw(SECONDS), draw(SECONDS), name))
        if draw(st.booleans()):
            reason = draw(st.sampled_from(WithdrawalReason))
            events.append(contact.withdrawn(stage, draw(SECONDS), reason, offer=name))
        return events
    withdrawn = partial(
        contact.withdrawn, reason=WithdrawalReason.CONTACT_ENDED, was_taken=False, offer=name
    )
    turned_down: list[Callable[[], Event]] = [
        lambda: contact.declined(stage, draw(SECONDS), name),
        lambda: contact.expired(stage, draw(SECONDS), name),
        lambda: withdrawn(stage, draw(SECONDS)),
    ]
    return [*events, draw(st.sampled_from(turned_down))()]


@st.composite
def a_contact_history(draw: st.DrawFn, name: str, programme: ProgrammeId) -> list[Event]:
    """The events of one contact, each perhaps missing."""
    channel = draw(st.sampled_from((Channel.PHONE, Channel.MESSAGE)))
    contact = AContact(name, draw(SECONDS), programme, draw(st.integers(1, 2)), channel)
    events: list[Event] = [contact.opened()]
    for number in range(draw(st.integers(0, 4))):
        events += draw(an_offer(contact, str(number)))
    for _ in range(draw(st.integers(0, 2))):
        events.append(
            contact.triaged(
                draw(SECONDS), draw(st.sampled_from(Priority)), draw(st.sampled_from(Destination))
            )
        )
    if draw(st.booleans()):
        events.append(contact.sent_untriaged(draw(SECONDS)))
    if draw(st.booleans()):
        way_out = draw(st.sampled_from([WayOut.RETURN_PASS, WayOut.ANOTHER_LINE]))
        events.append(contact.declared_urgent(draw(SECONDS)))
        events.append(contact.offered_way_out(draw(SECONDS), way_out))
    if draw(st.booleans()):
        outcome = draw(st.sampled_from(ENDINGS))
        stage, nature = draw(st.sampled_from([None, *Stage])), draw(st.sampled_from(Nature))
        events.append(contact.ended(draw(SECONDS), outcome, stage, nature))
    for number in range(draw(st.integers(0, 2))):
        raised = draw(SECONDS)
        events.append(contact.alert_raised(raised, str(number)))
        soon = st.sampled_from([0, 30, 30.5, 90, 91])
        for _ in range(draw(st.integers(0, 2))):
            events.append(contact.alert_taken(raised + draw(soon), raised, str(number)))
    for number in range(draw(st.integers(0, 2))):
        asked, late = 100.0 * number, draw(st.booleans())
        events += [contact.first_read(asked + 9, asked, late), contact.answered(asked, asked, late)]
        events += [contact.asks(asked), contact.asks(asked + 50, draw(st.sampled_from(AuthorKind)))]
        events.append(
            contact.rang(draw(st.sampled_from(RINGS)), asked, draw(st.sampled_from(Clock)))
        )
    for number in range(draw(st.integers(0, 2))):
        why = draw(st.sampled_from(ReferralClosing))
        events.append(contact.referral_closed(5000, why, str(number)))
    return draw(st.lists(st.sampled_from(events), unique=True)) if draw(st.booleans()) else events


@st.composite
def a_history(draw: st.DrawFn, programme: ProgrammeId = LINE) -> list[Event]:
    """Events of a line in any order; some of them twice."""
    events: list[Event] = []
    for number in range(draw(st.integers(0, 4))):
        events += draw(a_contact_history(str(number), programme))
    for _ in range(draw(st.integers(0, 5))):
        events.append(
            a_change(
                draw(st.sampled_from(LiveState)),
                draw(SECONDS),
                draw(SECONDS),
                draw(st.sampled_from(LiveState)),
                draw(st.sampled_from(LiveStateReason)),
                draw(st.sampled_from(Role)),
                programme,
            )
        )
    for version in (1, 2):
        if draw(st.booleans()):
            events.append(a_published_programme(version, 20 * version, programme))
    events = list(dict.fromkeys(events))
    again = draw(st.lists(st.sampled_from(events))) if events else []
    return draw(st.permutations([*events, *again]))
