"""A run written down by hand: what every service would have recorded, without a service.

Each verb writes the rows of one piece of work (inbox, outbox, state), as the platform would; a test
then plants what must never be. `history()` is sound as long as nobody has planted anything.
"""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

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
from contracts.contact import ContactEnded, ContactOpened
from contracts.envelope import Event
from contracts.frame import Federation
from contracts.partner import PartnerReferralSent
from contracts.programme import AssignmentTerms
from contracts.referral import ReferralConsented, ReferralProposed, ReferralSent
from contracts.rescue import RescueFailed, RescueStarted
from contracts.risk import AlertAcknowledged, AlertClosed, AlertEscalated, AlertRaised
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    Channel,
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
    PartnerId,
    PersonId,
    Priority,
    Role,
    Stage,
    WayOut,
    WithdrawalReason,
)
from deploy.verify.history import (
    AttemptStanding,
    ContactStanding,
    Deadline,
    Fact,
    LineStanding,
    OrderStanding,
    PersonStanding,
    ShownStanding,
)
from services.bus.work import derived_id
from services.intake.keeping import kept_until
from tests.assignment.builders import SOS, an_eligibility, published_terms, terms
from tests.verify.recorder import Recorder, an_id

#: What a partner is told as it was sent, beside what was consented to.
_AS_SENT = ("programme", "relay_id", "scope", "consented_at", "sent_at", "answer_by")


class ARun(Recorder):
    """A run of one line being written down, a verb at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.chats_at_once, self.in_a_row = 1, 4
        self.channel = Channel.PHONE
        self._live: dict[str, LiveStateEntered] = {}
        self._role: dict[str, Role] = {}
        self._opened: dict[str, ContactOpened] = {}
        self._triaged: dict[str, ContactTriaged] = {}
        self._front: set[str] = set()
        self._offers: dict[str, list[OfferMade]] = defaultdict(list)
        self._attempts: Counter[str] = Counter()

    # --- the line and its people ------------------------------------------------------------------

    def line(
        self,
        assignment: dict[str, Any] | None = None,
        federation: Federation | None = None,
        **times: int,
    ) -> None:
        """The line is published, and assignment knows it; `times` replace its clocks."""
        usual = terms()
        framed = {"chats_at_once": self.chats_at_once, "federation": federation}
        frame = usual.frame.model_copy(update=framed)
        rest = usual.rest.model_copy(update={"max_consecutive_contacts": self.in_a_row})
        more = AssignmentTerms(
            **{"way_out": True, "language_fallback_seconds": 120} | (assignment or {})
        )
        event = published_terms(assignment=more, frame=frame, rest=rest)
        clocks = event.terms.times.model_copy(update=times)
        timed = event.terms.model_copy(update={"times": clocks})
        (fact,) = self.work("intake", event.model_copy(update={"terms": timed}))
        self.work("assignment", heard=fact)

    def person(
        self,
        name: str,
        role: Role = Role.LISTENER,
        shift: dict[str, Any] | None = None,
        **changes: Any,
    ) -> None:
        """Somebody comes on duty; `changes` to what they bring, `shift` to when they go."""
        event = an_eligibility(name, role)
        brings = event.qualification.model_copy(update=changes)
        event = event.model_copy(update={"qualification": brings} | (shift or {}))
        (fact,) = self.work("roster", event)
        self.work("assignment", heard=fact)
        self._role[name] = role
        self.work("assignment", self._enters(name, LiveState.READY, LiveStateReason.ASKED))

    def people_again(self, name: str, state: LiveState) -> None:
        """Somebody does what they did before."""
        self.work("assignment", self._enters(name, state, LiveStateReason.OFFER_MADE))

    def takes_duty_as(self, name: str, role: Role) -> None:
        """As what somebody is about to come."""
        self._role[name] = role

    def enters(self, name: str, state: LiveState) -> LiveStateEntered:
        """What somebody does from now on, because they ask for it."""
        return self._enters(name, state, LiveStateReason.ASKED)

    def works_as(self, name: str, role: Role) -> None:
        """Somebody goes, and comes back in another role."""
        self.work("assignment", self._enters(name, LiveState.OFF_DUTY, LiveStateReason.ASKED))
        self._role[name] = role
        self.work("assignment", self._enters(name, LiveState.READY, LiveStateReason.ASKED))

    def _enters(
        self,
        name: str,
        state: LiveState,
        reason: LiveStateReason,
        contact: ContactId | None = None,
        until: datetime | None = None,
    ) -> LiveStateEntered:
        before = self._live.get(name)
        event = LiveStateEntered(
            person_id=PersonId(name),
            programme=SOS,
            role=self._role[name],
            state=state,
            reason=reason,
            entered_at=self.now,
            previous=LiveState.OFF_DUTY if before is None else before.state,
            previous_since=self.now if before is None else before.entered_at,
            until=until,
            contact_id=contact,
        )
        self._live[name] = event
        self.people[name] = PersonStanding(name, state.value, until, SOS)
        return event

    # --- relays -----------------------------------------------------------------------------------

    def refers(self, name: str) -> None:
        """A minor is referred: a professional says yes to need, urgency and département; sent."""
        about = {
            "referral_id": an_id("referral", name),
            "contact_id": an_id(name),
            "programme": SOS,
            "relay_id": "fr-3114",
        }
        asked = {"need": "crise_suicidaire", "urgency": "P2", "mode": "message"}
        scope = {"scope": ("need", "urgency", "departement"), "consented_at": self.now}
        steps: tuple[tuple[type[Event], dict[str, Any]], ...] = (
            (
                ReferralProposed,
                {"minor": True, "anonymity_to_say": True, "proposed_by": "reg-1"}
                | asked
                | {"proposed_at": self.now},
            ),
            (
                ReferralConsented,
                {"given_by": "professional", "anonymity_said": True, "recorded_by": "sup-1"}
                | scope,
            ),
            (
                ReferralSent,
                {"partner_reference": "0" * 32, "departement": "75", "sent_by": "sup-1"}
                | asked
                | scope
                | {"sent_at": self.now, "answer_by": self.now},
            ),
        )
        for kind, said in steps[:-1]:  # each in a piece of work of its own
            self.work("referral", kind.model_validate(about | said))
        sent = ReferralSent.model_validate(about | steps[-1][1])
        told = {name: getattr(sent, name) for name in (*sent.scope, *_AS_SENT)}
        reference = sent.partner_reference
        event = PartnerReferralSent(partner=PartnerId("aplus"), reference=reference, **told)
        self.work("referral", sent, event)

    def posts(self) -> None:
        """What partners were told is posted to them, and taken."""
        for fact in self.facts:
            if isinstance(fact.event, PartnerReferralSent):
                order = OrderStanding(fact.id, fact.event.partner, fact.event.sent_at, 1)
                self.orders.append(order)
                made = AttemptStanding(fact.id, 1, "2xx", self.machine, (1,), "public")
                self.attempts.append(made)
                self.did_for_itself("referral", derived_id("webhook", fact.id, "1"))

    # --- danger -----------------------------------------------------------------------------------

    def alarms(self, name: str) -> None:
        """An alert goes on, is taken; its rescue fails and alarms again; a human closes it."""
        begun = self.now
        about = {"alert_id": an_id("alert", name), "contact_id": an_id(name), "programme": SOS}
        alert: dict[str, Any] = about | {
            "raised_by": "lis-1",
            "raised_as": Role.LISTENER,
            "raised_at": begun,
            "standing": "open",
            "level": 1,
            "next_at": begun + timedelta(seconds=30),
        }
        (fact,) = self.work(
            "risk",
            AlertRaised.model_validate(alert | {"policy": {}, "confirmed_in_contact": True}),
        )
        self.work("console", heard=fact)
        self.wait(30)
        alert |= {"level": 2, "next_at": begun + timedelta(seconds=90)}
        on = {"escalated_at": self.now, "due_at": begun + timedelta(seconds=30)}
        self.work("risk", AlertEscalated.model_validate(alert | on | {"reason": "unanswered"}))
        self.wait(20)
        alert |= {"standing": "taken", "held_by": "sup-1", "held_since": self.now, "next_at": None}
        took = {"acknowledged_by": "sup-1", "acknowledged_as": "supervisor"}
        self.work(
            "risk",
            AlertAcknowledged.model_validate(alert | took | {"acknowledged_at": self.now}),
        )
        rescue = about | {
            "rescue_id": an_id("rescue", name),
            "service": "medical",
            "started_by": "lis-1",
            "started_as": Role.LISTENER,
            "started_at": self.now,
        }
        by = {"report_by": self.now + timedelta(seconds=120)}
        self.work("risk", RescueStarted.model_validate(rescue | by))
        self.wait(60)
        alert |= {
            "standing": "open",
            "level": 3,
            "calls": 1,
            "next_at": self.now + timedelta(seconds=60),
        }
        self.work(
            "risk",
            RescueFailed.model_validate(rescue | {"why": "refused", "failed_at": self.now}),
            AlertEscalated.model_validate(
                alert | {"reason": "rescue_failed", "escalated_at": self.now}
            ),
        )
        self.wait(10)
        alert |= {"standing": "closed", "next_at": None}
        closed = {"closed_by": "sup-1", "closed_as": "supervisor", "closed_at": self.now}
        self.work("risk", AlertClosed.model_validate(alert | closed | {"outcome": "rescue_came"}))

    # --- one contact ------------------------------------------------------------------------------

    def opens(self, name: str, language: LanguageCode = LanguageCode.FR) -> None:
        """Somebody calls."""
        event = ContactOpened(
            contact_id=ContactId(an_id(name)),
            programme=SOS,
            programme_version=1,
            channel=self.channel,
            language=language,
            first_stage=Stage.REGULATOR,
            opened_at=self.now,
        )
        self._opened[name] = event
        (fact,) = self.work("intake", event)
        self.work("assignment", heard=fact)
        self._stand(name, "waiting_regulator", "waiting")

    def offers(self, name: str, person: str, **changes: Any) -> OfferMade:
        """The contact is offered to somebody."""
        made = self.an_offer(name, person, **changes)
        self._attempts[name] += 1
        self._offers[name].append(made)
        self.work(
            "assignment",
            made,
            self._enters(
                person,
                LiveState.OFFERED,
                LiveStateReason.OFFER_MADE,
                made.contact_id,
                made.expires_at,
            ),
        )
        self._stand(name, None, "offered", made.offer_id)
        self.deadlines.append(
            Deadline("assignment", "offer_expires", made.offer_id, made.expires_at)
        )
        return made

    def an_offer(self, name: str, person: str, **changes: Any) -> OfferMade:
        """An offer as it would be made now."""
        opened, triaged = self._opened[name], self._triaged.get(name)
        regulating = triaged is None
        first = OfferReason.WAITED_LONGEST
        if name in self._front:
            first = OfferReason.RE_OFFERED_IN_FRONT
        asked = () if opened.language is LanguageCode.UNKNOWN else (opened.language,)
        languages = asked if triaged is None else triaged.languages
        shared = OfferReason.LANGUAGE_SHARED if languages else OfferReason.LANGUAGE_UNKNOWN
        made = OfferMade(
            offer_id=OfferId(an_id(name, "offer", str(len(self._offers[name])))),
            contact_id=opened.contact_id,
            programme=SOS,
            person_id=PersonId(person),
            stage=Stage.REGULATOR if regulating else Stage.LISTENER,
            channel=self.channel,
            made_at=self.now,
            expires_at=self.now + timedelta(seconds=15),
            waiting_since=opened.opened_at if triaged is None else triaged.decided_at,
            attempt=self._attempts[name] + 1,
            priority=None if triaged is None else triaged.priority,
            need=Need.UNKNOWN if triaged is None else triaged.need,
            languages=languages,
            reasons=(first, shared),
            rules_version="triage-2026.1",
            eligibility_version=1,
        )
        return made.model_copy(update=changes)

    def takes(self, name: str, **changes: Any) -> OfferTaken:
        """The person takes it."""
        made = self._offers[name][-1]
        taken = OfferTaken(
            **_about(made),
            taken_at=self.now,
            waiting_since=made.waiting_since,
            priority=made.priority,
            untriaged=made.untriaged,
        ).model_copy(update=changes)
        self.work("assignment", taken, self._follows(made, LiveState.TALKING, "offer_taken"))
        held = "with_regulator" if made.stage is Stage.REGULATOR else "with_listener"
        self._stand(name, held, "taken", made.offer_id)
        self._forget(made)
        return taken

    def declines(self, name: str) -> None:
        """The person says no."""
        made = self._offers[name][-1]
        declined = OfferDeclined(**_about(made), declined_at=self.now)
        self.work("assignment", declined, self._follows(made, LiveState.READY, "offer_declined"))
        self._gives_back(name, made)

    def misses(self, name: str) -> None:
        """Nobody answers; time runs out."""
        made = self._offers[name][-1]
        self.now = made.expires_at
        expired = OfferExpired(**_about(made), expired_at=self.now)
        self.work("assignment", expired, self._follows(made, LiveState.READY, "offer_expired"))
        self._gives_back(name, made)

    def falls_silent(self, name: str, person: str, then: str) -> None:
        """A desk is lost while it rings; the next one is asked in the same work."""
        made = self.offers(name, person)
        withdrawn = OfferWithdrawn(
            **_about(made), withdrawn_at=self.now, reason=WithdrawalReason.PERSON_UNREACHABLE
        )
        lost = self._follows(made, LiveState.PAUSED, "heartbeat_lost")
        self._front.add(name)
        again = self.an_offer(name, then)
        self._offers[name].append(again)
        self.work(
            "assignment",
            *(withdrawn, lost, again),
            self._enters(then, LiveState.OFFERED, LiveStateReason.OFFER_MADE, again.contact_id),
        )

    def loses_desk(self, name: str) -> None:
        """The desk of who writes with them is lost: they wait again at the head of their line."""
        made = self._offers[name][-1]
        withdrawn = OfferWithdrawn(
            **_about(made),
            withdrawn_at=self.now,
            reason=WithdrawalReason.PERSON_UNREACHABLE,
            was_taken=True,
        )
        self.work("assignment", withdrawn, self._follows(made, LiveState.PAUSED, "heartbeat_lost"))
        self._gives_back(name, made)
        waits = "waiting_regulator" if made.stage is Stage.REGULATOR else "waiting_listener"
        self._stand(name, waits, "waiting")
        self.contacts[an_id(name)] = self.contacts[an_id(name)]._replace(lost_human=True)

    def goes_out_of_sight(self, name: str) -> None:
        """The desk of who talks with them by telephone is lost: they go on."""
        made = self._offers[name][-1]
        self.work("assignment", self._follows(made, LiveState.TALKING, "heartbeat_lost"))

    def decision(
        self, name: str, priority: Priority = Priority.P3, **changes: Any
    ) -> ContactTriaged:
        """What the regulator who was last offered it decides now."""
        opened, made = self._opened[name], self._offers[name][-1]
        return ContactTriaged(
            contact_id=opened.contact_id,
            programme=SOS,
            programme_version=1,
            channel=self.channel,
            opened_at=opened.opened_at,
            priority=priority,
            destination=Destination.LISTENER,
            need=Need.SOLITUDE,
            languages=(LanguageCode.FR,),
            for_whom=ForWhom.SELF,
            decided_by=made.person_id,
            decided_at=self.now,
            proposed_priority=priority,
            rules_version="triage-2026.1",
        ).model_copy(update=changes)

    def triages(self, name: str, priority: Priority = Priority.P3, **changes: Any) -> None:
        """The regulator sends it to a listener."""
        event, made = self.decision(name, priority, **changes), self._offers[name][-1]
        self._triaged[name] = event
        self._attempts[name] = 0
        self._front.discard(name)
        (fact,) = self.work("triage", event)
        freed = self._follows(made, LiveState.READY, "handed_over", None)
        self.work("assignment", freed, heard=fact)
        self._stand(name, "waiting_listener", "waiting")

    def sends_untriaged(self, name: str, person: str, **changes: Any) -> None:
        """No regulator came: a listener is offered it in the same work."""
        opened = self._opened[name]
        sent = ContactSentUntriaged(
            contact_id=opened.contact_id, programme=SOS, sent_at=self.now, priority=Priority.P3
        )
        untriaged = {"stage": Stage.LISTENER, "untriaged": True, "priority": Priority.P3}
        made = self.an_offer(name, person, **(untriaged | changes))
        self._attempts[name] += 1
        self._offers[name].append(made)
        entered = self._enters(
            person, LiveState.OFFERED, LiveStateReason.OFFER_MADE, made.contact_id, made.expires_at
        )
        self.work("assignment", sent, made, entered)
        self._stand(name, None, "offered", made.offer_id)

    def ends(self, name: str, outcome: Outcome = Outcome.LISTENED) -> None:
        """The talk is over; the listener wraps up and is ready again."""
        made = self._offers[name][-1]
        fact = self._ended(name, outcome, made)
        wrapping = self._follows(made, LiveState.WRAPPING_UP, "contact_ended")
        self.work("assignment", wrapping, heard=fact)
        self._stand(name, "ended", "ended")

    def wraps_up(
        self, person: str, state: LiveState = LiveState.READY, reason: str = "asked"
    ) -> None:
        """The person has finished after a contact."""
        until = None if state is LiveState.READY else self.now + timedelta(seconds=600)
        entered = self._enters(person, state, LiveStateReason(reason), None, until)
        self.work("assignment", entered)
        if until is not None:
            self.deadlines.append(Deadline("assignment", "rest_over", person, until))

    def leaves(self, name: str) -> None:
        """The caller hangs up while waiting; an offer that rings is withdrawn."""
        rings = self.lines[an_id(name)].state == "offered"
        fact = self._ended(name, Outcome.ABANDONED, None)
        said: list[Event] = []
        if rings:
            made = self._offers[name][-1]
            withdrawn = OfferWithdrawn(
                **_about(made), withdrawn_at=self.now, reason=WithdrawalReason.CONTACT_ENDED
            )
            said = [withdrawn, self._follows(made, LiveState.READY, "offer_withdrawn", None)]
            self._forget(made)
        self.work("assignment", *said, heard=fact)
        self._stand(name, "ended", "ended")

    def offers_way_out(self, name: str, **changes: Any) -> WayOutOffered:
        """Who waits for a listener may go, if they say yes."""
        offered = WayOutOffered(
            contact_id=ContactId(an_id(name)),
            programme=SOS,
            way_out=WayOut.RETURN_PASS,
            offered_at=self.now,
            valid_until=self.now + timedelta(minutes=10),
            rules_version="triage-2026.1",
        ).model_copy(update=changes)
        self.work("assignment", offered)
        return offered

    def goes(self, name: str, outcome: Outcome = Outcome.RETURN_PASS_GIVEN) -> None:
        """The caller says yes to a way out."""
        self.work("assignment", heard=self._ended(name, outcome, None))
        self._stand(name, "ended", "ended")

    def _ended(self, name: str, outcome: Outcome, made: OfferMade | None) -> Fact:
        opened = self._opened[name]
        event = ContactEnded(
            contact_id=opened.contact_id,
            programme=SOS,
            channel=self.channel,
            opened_at=opened.opened_at,
            ended_at=self.now,
            kept_until=kept_until(published_terms().terms, self.now),
            outcome=outcome,
            nature=Nature.ORDINARY,
            ended_by=EndedBy.CALLER if made is None else EndedBy.LISTENER,
            stage=None if made is None else made.stage,
            person_id=None if made is None else made.person_id,
        )
        (fact,) = self.work("intake", event)
        return fact

    def _gives_back(self, name: str, made: OfferMade) -> None:
        self._front.add(name)
        self._stand(name, None, "waiting")
        self._forget(made)

    def _forget(self, made: OfferMade) -> None:
        self.deadlines = [each for each in self.deadlines if each.key != made.offer_id]

    def _follows(
        self, made: OfferMade, state: LiveState, reason: str, contact: ContactId | None = None
    ) -> LiveStateEntered:
        in_contact = state in (LiveState.TALKING, LiveState.WRAPPING_UP)
        about = made.contact_id if in_contact else contact
        return self._enters(made.person_id, state, LiveStateReason(reason), about)

    def _stand(self, name: str, state: str | None, line: str, offer: str | None = None) -> None:
        contact = an_id(name)
        if state is not None:
            self.contacts[contact] = ContactStanding(contact, SOS, state)
            self.shown[contact] = ShownStanding(contact, SOS, state)
        self.lines[contact] = LineStanding(contact, SOS, line, offer)


def _about(made: OfferMade) -> dict[str, Any]:
    return made.model_dump(
        include={"offer_id", "contact_id", "programme", "person_id", "stage", "channel"}
    )


def a_day() -> ARun:
    """Two callers heard from beginning to end, one who left; an offer declined, one missed."""
    run = ARun()
    run.line()
    run.person("reg-1", Role.REGULATOR)
    run.person("lis-1")
    run.person("lis-2")
    run.opens("ana")
    run.opens("ben")
    run.offers("ana", "reg-1")
    run.wait(2)
    run.takes("ana")
    run.wait(60)
    run.triages("ana")
    run.offers("ana", "lis-1")
    run.offers("ben", "reg-1")
    run.declines("ana")
    run.takes("ben")
    run.offers("ana", "lis-2")
    run.misses("ana")
    run.offers("ana", "lis-1")
    run.takes("ana")
    run.wait(60)
    run.refers("ben")
    run.triages("ben")
    run.offers("ben", "lis-2")
    run.takes("ben")
    run.opens("cas", LanguageCode.UNKNOWN)
    run.offers("cas", "reg-1")
    run.leaves("cas")
    run.alarms("ana")
    run.wait(480)
    run.ends("ana")
    run.ends("ben")
    run.wraps_up("lis-1")
    run.wraps_up("lis-2", LiveState.RESTING, "rest_after_hard")
    return run
