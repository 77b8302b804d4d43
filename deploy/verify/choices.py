"""I13: no offer breaks a hard rule as known at the decision, no soft one without its reason.

Written from DESIGN 7 with the numbers of the programme in force, apart from the code it judges: it
shares neither the rules nor the rest of `services/assignment`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.assignment import LineStaffed, OfferMade, WayOutOffered
from contracts.contact import ContactEnded
from contracts.programme import ProgrammeTerms
from contracts.roster import Accreditation, EligibilityEstablished, Qualification
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    Channel,
    EndedBy,
    LiveState,
    Need,
    OfferReason,
    Outcome,
    Pool,
    Priority,
    Role,
    SkillCode,
    Stage,
    WayOut,
)
from deploy.verify.history import Fact, History
from deploy.verify.known import Contact, Leaving, Offering
from deploy.verify.person import Person
from deploy.verify.replay import replay_of
from deploy.verify.verdict import Checked, Violation, violation

#: Risk band of each priority, and the first band that asks for a level (DESIGN 7, meta.json).
_RISK: Mapping[Priority | None, int] = {
    Priority.P1: 3,
    Priority.P2: 2,
    Priority.P3: 1,
    Priority.P4: 0,
    Priority.P5: 0,
    None: 1,
}
_LEVEL_ASKED_FROM = 2
#: Skill of a listener trained to regulate (data/protocol.json).
_REGULATES = SkillCode("SK-REGUL")
#: Ways of being sent away (DESIGN 7); at risk only a human may choose them.
_SENT_AWAY = frozenset({Outcome.OVERFLOWED, Outcome.RETURN_PASS_GIVEN, Outcome.CLOSED_HOURS})
#: How somebody has gone who said yes to a way out while they waited.
_WAYS_OUT: Mapping[Outcome, WayOut] = {
    Outcome.RETURN_PASS_GIVEN: WayOut.RETURN_PASS,
    Outcome.OVERFLOWED: WayOut.ANOTHER_LINE,
}
#: Machine time in which intake may not yet have heard that somebody came on duty (I08).
_HEARD_WITHIN_SECONDS = 10.0
_HUMANS = frozenset({EndedBy.REGULATOR, EndedBy.LISTENER, EndedBy.SUPERVISOR})


def check_i13(history: History) -> Checked:
    """Each offer by every rule; then nobody at risk sent away by software, or offered to go."""
    offerings, ways_out = replay_of(history).offerings, replay_of(history).ways_out
    established = {
        (event.programme, event.person_id, fact.version)
        for fact in history.facts
        if isinstance(event := fact.event, EligibilityEstablished)
    }
    found: list[Violation] = []
    for offering in offerings:
        made = offering.made
        named = (made.programme, made.person_id, made.eligibility_version)
        broken = [*_unknown(offering, named in established), *_broken(offering)]
        found.extend(
            violation(what, offer=made.offer_id, contact=made.contact_id, person=made.person_id)
            for what in broken
        )
    found.extend(
        violation(what, contact=each.offered.contact_id, event=each.fact.id)
        for each in ways_out
        for what in _not_to_go(each)
    )
    return Checked(len(offerings) + len(ways_out), (*found, *_sent_away(history)))


def _unknown(offering: Offering, established: bool) -> Iterator[str]:
    """What the offer claims to rest on, against what the assigner had been told."""
    made, contact, terms = offering.made, offering.contact, offering.terms
    if not established:
        yield "names an eligibility the roster never established"
    if offering.eligibility is None:
        yield "made to a person of whom the roster had said nothing yet"
    elif offering.eligibility_version != made.eligibility_version:
        yield "rests on another version of the eligibility than was known"
    if terms is None:
        yield "made for a line that was not known yet"
    elif made.rules_version != terms.rules_version:
        yield "names other rules than those in force"
    if contact is not None and not _says_what_is_known(made, contact):
        yield "says other than what was known of the contact"


def _says_what_is_known(made: OfferMade, contact: Contact) -> bool:
    """What the desk is told of the contact is what its human said of it, or that none has."""
    said = frozenset(language.value for language in made.languages)
    if contact.stage is Stage.LISTENER and made.untriaged:
        return False
    # Down the ladder the line gives the contact a priority in the same work.
    same_priority = made.untriaged or made.priority == contact.priority
    return same_priority and said == contact.languages and made.need.value == contact.need


@dataclass(frozen=True)
class _Case:
    """An offer with all that its rules need."""

    made: OfferMade
    person: Person
    eligibility: EligibilityEstablished
    terms: ProgrammeTerms
    opened_at: datetime  #: of the contact, domain time
    beside: tuple[Channel, ...]  #: of the contacts the person was in
    asked: bool  #: to take another one
    departement: str  #: of the person in danger, as a human noted it

    @property
    def qualification(self) -> Qualification:
        return self.eligibility.qualification

    def accreditations(self) -> list[Accreditation]:
        """Those in date when the offer was made."""
        held = self.qualification.accreditations
        return [each for each in held if each.valid_until > self.made.made_at]

    def has_waited(self, seconds: int, *, in_line: bool = True) -> bool:
        """Whether the contact had waited that long, in its line or since it was opened."""
        since = self.made.waiting_since if in_line else self.opened_at
        return self.made.made_at - since >= timedelta(seconds=seconds)


def _broken(offering: Offering) -> Iterator[str]:
    if offering.eligibility is None or offering.terms is None or offering.contact is None:
        return  # said above, or by I04
    case = _Case(
        offering.made,
        offering.person,
        offering.eligibility,
        offering.terms.terms,
        offering.contact.opened_at,
        offering.live,
        offering.asked,
        offering.contact.departement,
    )
    yield from _not_available(case)
    yield from _not_eligible(case)
    yield from _soft(case)


def _not_available(case: _Case) -> Iterator[str]:
    """On duty, free or with room for one more chat, not paused, rested."""
    person, made_at = case.person, case.made.made_at
    chats_on = person.state is LiveState.TALKING and _has_room(case)
    if person.state not in (LiveState.READY, LiveState.RESTING) and not chats_on:
        yield f"made to a person who is {person.state.value}"
    if person.rest_until is not None and person.rest_until > made_at:
        yield "made to a person who was owed rest"
    elif person.state is LiveState.RESTING and person.rest_until is None:
        yield "made to a person who rests"


def _has_room(case: _Case) -> bool:
    """Whether a listener who chats may be asked to take one more: none of it a voice."""
    voice = Channel.PHONE in (case.made.channel, *case.beside)
    many = case.person.role is Role.LISTENER and len(case.beside) < case.terms.frame.chats_at_once
    begun = case.person.in_a_row
    rested = begun < case.terms.rest.max_consecutive_contacts
    return bool(case.beside) and many and rested and not voice and not case.asked


def _not_eligible(case: _Case) -> Iterator[str]:
    """Accreditation in date and for the channel, role, a common language, declared limits."""
    made, held = case.made, case.qualification
    if case.eligibility.valid_until <= made.made_at:
        yield "made to a person whose accreditation had lapsed"
    if _is_going(case):
        yield "made in the last minutes of a shift to a person who had not agreed"
    if made.channel not in {each.channel for each in case.accreditations()}:
        yield "made to a person not accredited for the channel"
    if not _may_by_role(case):
        yield "made to a person whose role does not allow it"
    wanted = set(made.languages) or {case.terms.languages[0]}
    if wanted.isdisjoint(held.languages):
        yield from _language_fallback(case)
    if not made.languages and OfferReason.LANGUAGE_UNKNOWN not in made.reasons:
        yield "made without saying that the language is unknown"
    if _is_of_others(case):
        yield "made to a person of another association than the caller's own"
    if made.need in held.declines:
        yield "made against a limit the person has declared"


def _is_going(case: _Case) -> bool:
    """Whether the shift is too near its end for anything new (DESIGN 10)."""
    eligible = case.eligibility
    if eligible.shift_ends_at is None or eligible.accepts_last_minutes:
        return False
    last = timedelta(seconds=case.terms.assignment.last_minutes_seconds)
    return case.made.made_at >= eligible.shift_ends_at - last


def _is_of_others(case: _Case) -> bool:
    """Whether callers are split between associations, and this one belongs to another."""
    federation = case.terms.frame.federation
    if federation is None or federation.pool is not Pool.SPLIT:
        return False
    homes = [m.organisation for m in federation.members if case.departement in m.departements]
    return bool(homes) and case.qualification.organisation not in homes


def _language_fallback(case: _Case) -> Iterator[str]:
    """The language gives way after the programme's delay, to the line's own, and it is said."""
    made, after = case.made, case.terms.assignment.language_fallback_seconds
    own = case.terms.languages[0] in case.qualification.languages
    if not made.languages or not own or after == 0:
        yield "made to a person who shares no language"
    elif not case.has_waited(after):
        yield "made in another language before the programme allows it"
    elif OfferReason.FALLBACK_LANGUAGE not in made.reasons:
        yield "made in another language without saying so"


def _may_by_role(case: _Case) -> bool:
    """Regulators at once; trained listeners and supervisors, then the listening line, in time."""
    made, held, role = case.made, case.qualification, case.person.role
    if role is None or role not in held.roles:
        return False
    times = case.terms.times
    if made.stage is Stage.LISTENER:
        in_time = case.has_waited(times.untriaged_after_seconds, in_line=False)
        return role is Role.LISTENER and (not made.untriaged or in_time)
    if role is Role.REGULATOR:
        return True
    trained = role is Role.SUPERVISOR or (role is Role.LISTENER and _REGULATES in held.skills)
    return trained and case.has_waited(times.regulator_answer_seconds, in_line=False)


def _soft(case: _Case) -> Iterator[str]:
    """Level and topic give way after the programme's delay, and the offer says so."""
    made, times = case.made, case.terms.times
    if made.stage is not Stage.LISTENER or made.untriaged:
        return
    risk = _RISK[made.priority]
    on_channel = (each.level for each in case.accreditations() if each.channel is made.channel)
    level = max(on_channel, default=0)
    if risk >= _LEVEL_ASKED_FROM and level < risk:
        if not case.has_waited(times.level_fallback_seconds):
            yield "made below the level of the risk before the programme allows it"
        if OfferReason.FALLBACK_LEVEL not in made.reasons:
            yield "made below the level of the risk without saying so"
    if made.need is not Need.UNKNOWN and made.need not in case.qualification.topics:
        if not case.has_waited(times.topic_fallback_seconds):
            yield "made off the person's topics before the programme allows it"
        if OfferReason.FALLBACK_TOPIC not in made.reasons:
            yield "made off the person's topics without saying so"


def _not_to_go(leaving: Leaving) -> Iterator[str]:
    """A way out is for who was heard by a human and never found at risk, where the line has it."""
    offered, contact, terms = leaving.offered, leaving.contact, leaving.terms
    if contact is None or not contact.heard or contact.untriaged:
        yield "offered a way out before a human had heard them"
    elif contact.was_at_risk or _RISK[contact.priority] >= _LEVEL_ASKED_FROM:
        yield "offered a way out, and a human had found them at risk"
    elif contact.stage is not Stage.LISTENER:
        yield "offered a way out of the first line"
    if terms is None or not terms.terms.assignment.way_out:
        yield "offered a way out where the programme has none"
    elif offered.way_out is WayOut.RETURN_PASS and not terms.terms.returning.return_pass:
        yield "offered a return pass by a line that gives none"
    if offered.way_out not in (WayOut.RETURN_PASS, WayOut.ANOTHER_LINE):
        yield "offered what no way out is"


def _sent_away(history: History) -> Iterator[Violation]:
    """P1 and P2 are never deferred, passed or sent to another line except by a human; nobody is,
    who was not asked. At risk is who intake had heard was so.
    """
    heard = history.handled_by.get("intake", {})
    urgent = [
        (event.contact_id, heard[id].txid)
        for id, event in history.told(ContactTriaged)
        if _RISK[event.priority] >= _LEVEL_ASKED_FROM and id in heard
    ]
    offered = {event.contact_id: event for _, event in history.told(WayOutOffered)}
    for id, event in history.told(ContactEnded):
        by_software = event.outcome in _SENT_AWAY and event.ended_by not in _HUMANS
        if by_software and _was_known(urgent, history.fact_by_id.get(id), event.contact_id):
            yield violation(
                "at risk, and sent away by software", contact=event.contact_id, event=id
            )
        if not _was_asked(history, event, offered.get(event.contact_id)):
            yield violation("gone by a way out nobody offered", contact=event.contact_id, event=id)


def _was_known(urgent: Iterable[tuple[str, int]], end: Fact | None, contact_id: str) -> bool:
    """Whether the risk of a contact was heard of before it ended; so it is where nobody can say."""
    return any(
        contact == contact_id and (end is None or txid < end.txid) for contact, txid in urgent
    )


def _was_asked(history: History, ended: ContactEnded, offered: WayOutOffered | None) -> bool:
    """Whether who left the line by a way out had been offered it, and still was.

    Where nobody is on duty the ladder of the line leads to another one, whoever waits.
    """
    way_out = _WAYS_OUT.get(ended.outcome)
    if way_out is None or ended.stage is not None or ended.ended_by in _HUMANS:
        return True
    if way_out is WayOut.ANOTHER_LINE and _is_empty(history, ended):
        return True
    return (
        offered is not None
        and offered.way_out is way_out
        and offered.offered_at <= ended.ended_at <= offered.valid_until
    )


def _is_empty(history: History, ended: ContactEnded) -> bool:
    """Whether nobody was on duty when the contact ended, as intake may have known it."""
    lately = ended.ended_at - history.domain(_HEARD_WITHIN_SECONDS)
    told = sorted(
        (event.since, event.staffed)
        for _, event in history.told(LineStaffed)
        if event.programme == ended.programme and event.since <= ended.ended_at
    )
    before = [staffed for since, staffed in told if since <= lately][-1:]
    since_then = [staffed for since, staffed in told if since > lately]
    return False in (*before, *since_then) or _seemed_empty(history, ended)


def _seemed_empty(history: History, ended: ContactEnded) -> bool:
    """Whether the newest word of who is on duty that intake had heard said nobody."""
    heard = history.handled_by.get("intake", {})
    end = next((fact for fact in history.facts if fact.event is ended), None)
    known = [
        (event.since, event.staffed)
        for id, event in history.told(LineStaffed)
        if event.programme == ended.programme
        and end is not None
        and id in heard
        and heard[id].txid < end.txid
    ]
    return bool(known) and not max(known)[1]
