"""The assigner's run, replayed from its ledger: what it had heard, and what it made of it.

Assignment is exclusive, so its transactions are one after the other and txid is their order. What
it had handled before an offer is what was known at the decision; nothing else may be held against
it. I04 (a contact's composed history), I11 to I14 and I16 read from here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from weakref import WeakKeyDictionary

from contracts.assignment import (
    ContactSentUntriaged,
    LiveStateEntered,
    OfferDeclined,
    OfferEvent,
    OfferExpired,
    OfferMade,
    OfferTaken,
    OfferWithdrawn,
    WayOutOffered,
)
from contracts.contact import ContactEnded, ContactOpened, HumanWanted
from contracts.envelope import Event
from contracts.programme import ProgrammePublished, RestRules
from contracts.roster import EligibilityEstablished
from contracts.triage import ContactTriaged
from contracts.vocabulary import Channel, Destination, LanguageCode, Outcome, Priority, Stage
from deploy.verify.history import Fact, History
from deploy.verify.known import Contact, Earlier, Hold, Leaving, Offering, Place, Replay, Return
from deploy.verify.person import Person, after_entering, after_take
from deploy.verify.verdict import Violation, violation
from services.assignment.domain import Rules
from services.assignment.eligibility import RequestClass, at_home, request_class
from services.assignment.settle import rules_from
from services.assignment.store import TermsInForce

ASSIGNMENT = "assignment"
_AT_RISK = frozenset({Priority.P1, Priority.P2})
#: How a contact ends whose caller has left by a way out, with no human in it.
_TAKEN_WAYS_OUT = frozenset({Outcome.RETURN_PASS_GIVEN, Outcome.OVERFLOWED})

_REPLAYED: WeakKeyDictionary[History, Replay] = WeakKeyDictionary()


def replay_of(history: History) -> Replay:
    """The replay of a history; made once."""
    if history not in _REPLAYED:
        assigner = _Assigner()
        for step in steps_of(history):
            assigner.follow(step)
        _REPLAYED[history] = assigner.outcome
    return _REPLAYED[history]


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction: the event that was handled, if it was one, and what was announced."""

    txid: int
    heard: Event | None
    heard_version: int | None
    facts: tuple[Fact, ...]


def steps_of(history: History) -> Iterator[Step]:
    """The transactions of assignment in their order."""
    heard = {row.txid: (row.id, event) for row, event in history.heard_by(ASSIGNMENT)}
    told: dict[int, list[Fact]] = defaultdict(list)
    for fact in history.facts:
        if fact.service == ASSIGNMENT and fact.event is not None:
            told[fact.txid].append(fact)
    for txid in sorted(heard.keys() | told.keys()):
        id, event = heard.get(txid, (None, None))
        row = history.fact_by_id.get(id or "")
        facts = tuple(sorted(told[txid], key=lambda fact: fact.sequence))
        yield Step(txid, event, None if row is None else row.version, facts)


class _Assigner:
    """What the assigner knows, and what it owes before its transaction is over."""

    def __init__(self) -> None:
        self.outcome = Replay()
        self._contacts = self.outcome.contacts
        self._people: dict[str, Person] = {}
        self._eligible: dict[tuple[str, str], tuple[int | None, EligibilityEstablished]] = {}
        self._terms: dict[str, list[ProgrammePublished]] = defaultdict(list)
        self._holds: dict[str, Hold] = {}
        self._in_line: dict[str, Contact] = {}
        self._floors: dict[str, dict[str, Contact]] = {}
        self._rules: dict[tuple[str, int], Rules] = {}
        self._owed: dict[tuple[str, str], Violation] = {}
        self._txid = 0

    def follow(self, step: Step) -> None:
        """One transaction."""
        self._txid = step.txid
        if step.heard is not None:
            self._hear(step.heard, step.heard_version)
        self._floors.clear()
        for fact in step.facts:
            self._tell(fact)
        self.outcome.strays.extend(self._owed.values())
        self._owed.clear()

    # --- what it hears ----------------------------------------------------------------------------

    def _hear(self, event: Event, version: int | None) -> None:
        match event:
            case ProgrammePublished():
                self._terms[event.programme].append(event)
            case EligibilityEstablished():
                self._eligible[event.person_id, event.programme] = (version, event)
            case ContactOpened() if event.contact_id not in self._contacts:
                self._keep(_opened(event))
            case ContactTriaged(destination=Destination.LISTENER):
                self._send_to_listeners(event)
            case ContactEnded():
                self._end(event)
            case HumanWanted():
                self._raise(event)
            case _:
                pass

    def _raise(self, event: HumanWanted) -> None:
        """A message goes up while it waits."""
        contact = self._contacts.get(event.contact_id)
        if contact is not None and contact.place in (Place.WAITING, Place.OFFERED):
            at_risk = contact.was_at_risk or event.priority in _AT_RISK
            self._keep(replace(contact, priority=event.priority, was_at_risk=at_risk))

    def _send_to_listeners(self, event: ContactTriaged) -> None:
        """Into the listening line; a correction there changes how it is served, not since when."""
        contact = self._contacts.get(event.contact_id) or _met(event, Place.TAKEN)
        heard = contact.stage is Stage.LISTENER and contact.place is Place.TAKEN
        if contact.place is Place.ENDED or heard:
            return
        if contact.stage is Stage.REGULATOR:
            self._let_go(contact, heard=True)
            contact = replace(
                contact,
                stage=Stage.LISTENER,
                place=Place.WAITING,
                joined_at=event.decided_at,
                untriaged=False,
                front=False,
                declined_by=frozenset(),
                offers=0,
                offer_id=None,
                person_id=None,
            )
        self._keep(
            replace(
                contact,
                priority=event.priority,
                heard=True,
                was_at_risk=contact.was_at_risk or event.priority in _AT_RISK,
                need=event.need.value,
                languages=_named(event.languages),
                departement=event.departement or "",
            )
        )

    def _end(self, event: ContactEnded) -> None:
        contact = self._contacts.get(event.contact_id) or _met(event, Place.ENDED)
        away = event.outcome in _TAKEN_WAYS_OUT and event.stage is None
        self._let_go(contact, heard=event.outcome is not Outcome.ABANDONED and not away)
        self._keep(replace(contact, place=Place.ENDED, offer_id=None, person_id=None))

    def _let_go(self, contact: Contact, *, heard: bool) -> None:
        """A contact leaves its human, or its offer: what must be said of both at once."""
        if contact.offer_id is None or contact.person_id is None:
            return
        ids = {"contact": contact.contact_id, "offer": contact.offer_id}
        if contact.place is Place.OFFERED or not heard:
            owed = violation("goes on ringing after the contact left", **ids)
            self._owed["withdrawn", contact.offer_id] = owed
        if contact.place is Place.TAKEN:
            self._release(contact.offer_id)
        owed = violation("is not free after the contact left", person=contact.person_id, **ids)
        self._owed["free", contact.person_id] = owed

    # --- what it says -----------------------------------------------------------------------------

    def _tell(self, fact: Fact) -> None:
        match fact.event:
            case LiveStateEntered() as entered:
                self._owed.pop(("free", entered.person_id), None)
                rest = self._rest(entered.programme, entered.entered_at)
                person = self._person(entered.person_id)
                self._people[entered.person_id] = after_entering(person, entered, rest)
            case ContactSentUntriaged() as sent:
                self._send_untriaged(fact, sent)
            case OfferMade() as made:
                self._offer(fact, made)
            case WayOutOffered() as offered:
                self._offer_way_out(fact, offered)
            case OfferEvent() as answer:
                self.outcome.unanswered.pop(answer.offer_id, None)
                self._answer(fact, answer)
            case _:
                pass

    def _send_untriaged(self, fact: Fact, sent: ContactSentUntriaged) -> None:
        self._floor(sent.programme)
        contact = self._contacts.get(sent.contact_id)
        if contact is None or contact.place is not Place.WAITING or contact.untriaged:
            self._stray(fact, contact)
        if contact is not None:
            self._keep(replace(contact, untriaged=True, priority=sent.priority))

    def _offer(self, fact: Fact, made: OfferMade) -> None:
        floor = self._floor(made.programme)
        decided_on = floor.get(made.contact_id)
        contact = self._contacts.get(made.contact_id)
        down_the_ladder = made.stage is Stage.LISTENER and made.untriaged
        its_line = contact is not None and made.stage is contact.stage
        if decided_on is None or not (its_line or down_the_ladder):
            self._stray(fact, contact)
        version, eligibility = self._eligible.get((made.person_id, made.programme), (None, None))
        terms = self._in_force(made.programme, made.made_at)
        self.outcome.offerings.append(
            Offering(
                fact=fact,
                made=made,
                contact=decided_on,
                person=self._person(made.person_id),
                eligibility=eligibility,
                eligibility_version=version,
                terms=terms,
                earlier=self._earlier(decided_on, made.made_at, terms),
                live=self._live(made.person_id),
                asked=any(
                    other.person_id == made.person_id for other in self.outcome.unanswered.values()
                ),
            )
        )
        self.outcome.made[made.offer_id] = self.outcome.unanswered[made.offer_id] = made
        floor.pop(made.contact_id, None)
        if contact is not None:
            self._keep(
                replace(
                    contact,
                    place=Place.OFFERED,
                    offers=contact.offers + 1,
                    offer_id=made.offer_id,
                    person_id=made.person_id,
                )
            )

    def _offer_way_out(self, fact: Fact, offered: WayOutOffered) -> None:
        """Whoever is offered one waits on: nothing about the contact changes."""
        contact = self._contacts.get(offered.contact_id)
        if contact is None or contact.place is not Place.WAITING:
            self._stray(fact, contact)
        terms = self._in_force(offered.programme, offered.offered_at)
        self.outcome.ways_out.append(Leaving(fact, offered, contact, terms))

    def _answer(self, fact: Fact, answer: OfferEvent) -> None:
        owed = self._owed.pop(("withdrawn", answer.offer_id), None)
        if owed is not None and isinstance(answer, OfferWithdrawn):
            return
        contact = self._contacts.get(answer.contact_id)
        if contact is None or contact.offer_id != answer.offer_id:
            self._stray(fact, contact)
            return
        was_taken = isinstance(answer, OfferWithdrawn) and answer.was_taken
        if contact.place is not (Place.TAKEN if was_taken else Place.OFFERED):
            self._stray(fact, contact)
        match answer:
            case OfferTaken():
                self._take(fact, answer, contact)
            case OfferDeclined() | OfferExpired() | OfferWithdrawn():
                if was_taken:
                    self._release(answer.offer_id)
                self._give_back(fact, answer, contact)
            case _:
                pass

    def _take(self, fact: Fact, taken: OfferTaken, contact: Contact) -> None:
        terms = self._in_force(taken.programme, taken.taken_at)
        at_once = 1 if terms is None else terms.terms.frame.chats_at_once
        hold = Hold(fact, taken, self._txid, at_once)
        self.outcome.holds.append(hold)
        self._holds[taken.offer_id] = hold
        self._keep(replace(contact, place=Place.TAKEN, stage=taken.stage))
        rest = self._rest(taken.programme, taken.taken_at)
        person = self._person(taken.person_id)
        self._people[taken.person_id] = after_take(person, taken, rest)

    def _give_back(self, fact: Fact, answer: OfferEvent, contact: Contact) -> None:
        declined = {answer.person_id} if isinstance(answer, OfferDeclined) else frozenset[str]()
        given_back = replace(
            contact,
            place=Place.WAITING,
            front=True,
            declined_by=contact.declined_by | declined,
            offer_id=None,
            person_id=None,
        )
        self._keep(given_back)
        self.outcome.returns.append(Return(fact, given_back))

    # --- what it knows ----------------------------------------------------------------------------

    def _keep(self, contact: Contact) -> None:
        self._contacts[contact.contact_id] = contact
        if contact.place is Place.WAITING:
            self._in_line[contact.contact_id] = contact
        else:
            self._in_line.pop(contact.contact_id, None)

    def _person(self, person_id: str) -> Person:
        return self._people.get(person_id) or Person(person_id)

    def _live(self, person_id: str) -> tuple[Channel, ...]:
        """Channels of the contacts a person is in."""
        return tuple(
            hold.taken.channel for hold in self._holds.values() if hold.taken.person_id == person_id
        )

    def _release(self, offer_id: str) -> None:
        hold = self._holds.pop(offer_id, None)
        if hold is not None:
            hold.ended = self._txid

    def _stray(self, fact: Fact, contact: Contact | None) -> None:
        place = "unknown" if contact is None else contact.place.value
        what = f"not allowed while the contact is {place}"
        self.outcome.strays.append(
            violation(what, contact=fact.contact_id, event=fact.id, type=fact.type)
        )

    def _in_force(self, programme: str, moment: datetime) -> ProgrammePublished | None:
        effective = [each for each in self._terms[programme] if each.effective_at <= moment]
        return max(effective, key=lambda each: each.programme_version, default=None)

    def _rest(self, programme: str, moment: datetime) -> RestRules | None:
        terms = self._in_force(programme, moment)
        return None if terms is None else terms.terms.rest

    def _floor(self, programme: str) -> dict[str, Contact]:
        """Who waited when the offers of this step were decided, those offered since left out.

        All of a line's decisions are taken before the first of them is said, and after whoever went
        silent has been let go of.
        """
        if programme not in self._floors:
            self._floors[programme] = {
                id: each for id, each in self._in_line.items() if each.programme == programme
            }
        return self._floors[programme]

    def _earlier(
        self, contact: Contact | None, now: datetime, terms: ProgrammePublished | None
    ) -> tuple[Earlier, ...]:
        """Who waited in the same request class and came first."""
        if contact is None or terms is None:
            return ()
        before = [
            other for other in self._floor(contact.programme).values() if other.came < contact.came
        ]
        if not before:
            return ()
        rules = self._rules_from(terms)
        wanted = _class_of(contact, now, rules)
        return tuple(
            Earlier(other.contact_id, other.front)
            for other in before
            if _class_of(other, now, rules) == wanted
        )

    def _rules_from(self, published: ProgrammePublished) -> Rules:
        line, version = published.programme, published.programme_version
        if (line, version) not in self._rules:
            in_force = TermsInForce(line, version, published.rules_version, published.terms)
            self._rules[line, version] = rules_from(in_force)
        return self._rules[line, version]


def _class_of(contact: Contact, now: datetime, rules: Rules) -> RequestClass:
    return request_class(at_home(contact.waiting(), rules), now, rules)


def _opened(event: ContactOpened) -> Contact:
    return Contact(
        contact_id=event.contact_id,
        programme=event.programme,
        channel=event.channel,
        stage=event.first_stage,
        place=Place.WAITING,
        opened_at=event.waiting_since or event.opened_at,
        joined_at=event.opened_at,
        priority=event.priority,
        languages=_named((event.language,)),
        front=event.in_front,
        sought=event.sought,
        slowed=event.slowed,
    )


def _met(event: ContactTriaged | ContactEnded, place: Place) -> Contact:
    """A contact of which this is the first that is heard: nobody waits for publishers to agree."""
    return Contact(
        contact_id=event.contact_id,
        programme=event.programme,
        channel=event.channel,
        stage=Stage.REGULATOR,
        place=place,
        opened_at=event.opened_at,
        joined_at=event.opened_at,
    )


def _named(languages: tuple[LanguageCode, ...]) -> frozenset[str]:
    return frozenset(each.value for each in languages if each is not LanguageCode.UNKNOWN)
