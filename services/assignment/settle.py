"""The decision, live: rows in, proposals out, offers committed. Runs after every commit.

Everything is read anew each time by one statement per table; nothing is remembered between two
looks, so there is nothing to reconcile after a crash or a take-over.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from contracts.assignment import ContactSentUntriaged, OfferMade
from contracts.programme import ProgrammeTerms
from contracts.roster import Qualification
from contracts.vocabulary import (
    Channel,
    ContactId,
    LanguageCode,
    LiveState,
    LiveStateReason,
    Need,
    OfferReason,
    Priority,
    ProgrammeId,
    Role,
    Stage,
    WithdrawalReason,
)
from services.assignment import live, metrics, store
from services.assignment.choice import choose
from services.assignment.domain import (
    BAND_OF_PRIORITY,
    Look,
    NobodyFree,
    PersonOnDuty,
    Prices,
    Proposal,
    Rules,
    WaitingContact,
)
from services.assignment.forecast import forecast_from
from services.assignment.store import ContactRow, EligibilityRow, OfferRow, PersonRow, TermsInForce
from services.bus.work import Work, new_id

#: How far back arrivals are counted to foretell the next ones.
_LOOK_BACK = timedelta(hours=1)


class EligibilityMoved(Exception):
    """The eligibility a choice rested on has changed or lapsed; the choice is made again."""


def rules_of(work: Work, programme: str) -> Rules | None:
    """The assignment rules of a line now; None when the line is not known yet."""
    in_force = store.terms_in_force(work.session, programme, work.now)
    return None if in_force is None else rules_from(in_force)


def rules_from(in_force: TermsInForce) -> Rules:
    """The rules a programme's terms amount to."""
    terms = in_force.terms
    return Rules(
        rules_version=in_force.rules_version,
        prices=Prices(
            wait_per_minute=terms.prices.wait_per_minute,
            abandoned=terms.prices.abandoned,
            topic_mismatch=terms.prices.topic_mismatch,
            level_mismatch=terms.prices.level_mismatch,
        ),
        regulator_answer_seconds=terms.times.regulator_answer_seconds,
        listening_line_after_seconds=terms.times.untriaged_after_seconds,
        default_languages=frozenset({terms.languages[0]}),
        level_fallback_seconds=terms.times.level_fallback_seconds,
        topic_fallback_seconds=terms.times.topic_fallback_seconds,
        rest_after_hard_seconds=terms.rest.after_hard_seconds,
        consecutive_contacts_max=terms.rest.max_consecutive_contacts,
        break_seconds=terms.rest.break_seconds,
        missed_offers_before_pause=terms.rest.missed_offers_before_pause,
    )


def settle(work: Work) -> None:
    """Look at every line: let go of who has gone silent, and make every offer there is to make."""
    for programme in store.programmes_on_the_floor(work.session):
        in_force = store.terms_in_force(work.session, programme, work.now)
        if in_force is not None:
            _let_go_of_the_silent(work, in_force)
            _make_offers(work, in_force)


def _let_go_of_the_silent(work: Work, in_force: TermsInForce) -> None:
    lost_after = timedelta(seconds=in_force.terms.times.heartbeat_lost_seconds)
    for person in store.silent_people(work.session, in_force.programme, lost_after):
        offer = store.offer_of(work.session, person.offer_id) if person.offer_id else None
        if offer is not None and offer.state == store.OPEN:
            live.withdraw(work, offer, WithdrawalReason.PERSON_UNREACHABLE)
            contact = store.contact_of(work.session, offer.contact_id)
            if contact is not None and contact.state == store.OFFERED:
                live.back_in_front(work, contact)
        live.enter(work, person, LiveState.PAUSED, LiveStateReason.HEARTBEAT_LOST)
    work.session.flush()


def _make_offers(work: Work, in_force: TermsInForce) -> None:
    rows = {row.contact_id: row for row in store.waiting_contacts(work.session, in_force.programme)}
    if not rows:
        return
    on_duty = store.people_on_duty(work.session, in_force.programme)
    people = {person.person_id: person for person, _, _ in on_duty}
    rules = rules_from(in_force)
    since = work.now - _LOOK_BACK
    joined = store.joined_since(work.session, in_force.programme, since)
    look = Look(work.now, rules, forecast_from(map(waiting, joined), since, work.now, rules))
    decision = choose(
        tuple(waiting(row) for row in rows.values()),
        tuple(person_on_duty(*entry, work.now) for entry in on_duty),
        look,
    )
    for outcome in decision.outcomes:
        match outcome:
            case Proposal():
                _offer(work, outcome, rows[outcome.contact_id], people[outcome.person_id])
            case NobodyFree(_, reasons, _):
                metrics.record_nobody_free(in_force.programme, reasons)
            case _:
                pass  # ways out are proposed once the programme can carry them out (rule off)
    if decision.next_look_at is not None:
        work.set_deadline("look_again", in_force.programme, decision.next_look_at)


def _offer(work: Work, proposal: Proposal, contact: ContactRow, person: PersonRow) -> None:
    in_force = store.terms_in_force(work.session, contact.programme, work.now)
    assert in_force is not None  # the choice was made by these terms
    offer = _offer_row(work, proposal, contact, in_force.terms)
    if not store.insert_offer(work.session, offer):
        raise EligibilityMoved
    offer = work.session.get_one(OfferRow, offer.offer_id)
    if contact.stage == Stage.REGULATOR and proposal.stage is Stage.LISTENER:
        _send_untriaged(work, contact, in_force.terms)
    contact.state, contact.offers, contact.offer_id = (
        store.OFFERED,
        contact.offers + 1,
        offer.offer_id,
    )
    person.contact_id, person.offer_id = contact.contact_id, offer.offer_id
    work.session.add(contact)
    work.announce(_offer_made(offer, contact), of=offer)
    live.enter(work, person, LiveState.OFFERED, LiveStateReason.OFFER_MADE, until=offer.expires_at)
    work.set_deadline("offer_expires", offer.offer_id, offer.expires_at)
    metrics.record_offer(in_force.programme, proposal.stage, proposal.reasons)


def _offer_row(
    work: Work, proposal: Proposal, contact: ContactRow, terms: ProgrammeTerms
) -> OfferRow:
    regulating = proposal.stage is Stage.REGULATOR
    times = terms.times
    stands = times.regulator_offer_seconds if regulating else times.listener_offer_seconds
    return OfferRow(
        offer_id=new_id(),
        contact_id=contact.contact_id,
        person_id=proposal.person_id,
        programme=contact.programme,
        channel=contact.channel,
        stage=proposal.stage,
        state=store.OPEN,
        made_at=work.now,
        expires_at=work.now + timedelta(seconds=stands),
        reasons=[reason.value for reason in proposal.reasons],
        rules_version=proposal.rules_version,
        eligibility_version=proposal.eligibility_version,
        version=0,
    )


def _offer_made(offer: OfferRow, contact: ContactRow) -> OfferMade:
    return OfferMade(
        **live.about(offer),
        made_at=offer.made_at,
        expires_at=offer.expires_at,
        waiting_since=contact.joined_at,
        attempt=contact.offers,
        priority=Priority(contact.priority) if contact.priority else None,
        need=Need(contact.need),
        languages=tuple(LanguageCode(code) for code in contact.languages),
        untriaged=contact.untriaged and offer.stage == Stage.LISTENER,
        reasons=tuple(OfferReason(reason) for reason in offer.reasons),
        rules_version=offer.rules_version,
        eligibility_version=offer.eligibility_version,
    )


def _send_untriaged(work: Work, contact: ContactRow, terms: ProgrammeTerms) -> None:
    """No regulator could be reached in time: a listener answers, told that nobody has triaged."""
    if contact.untriaged:
        return
    contact.untriaged, contact.priority = True, terms.untriaged_priority
    work.announce(
        ContactSentUntriaged(
            contact_id=ContactId(contact.contact_id),
            programme=ProgrammeId(contact.programme),
            sent_at=work.now,
            priority=terms.untriaged_priority,
        ),
        of=contact,
    )


def waiting(row: ContactRow) -> WaitingContact:
    """A contact's row as the decision sees it."""
    priority = Priority(row.priority) if row.priority else None
    return WaitingContact(
        contact_id=row.contact_id,
        programme=row.programme,
        stage=Stage(row.stage),
        channel=Channel(row.channel),
        priority=priority,
        risk_band=BAND_OF_PRIORITY[priority] if priority else 0,
        need=row.need,
        languages=frozenset(row.languages),
        region=row.departement or "",
        waiting_since=row.waiting_since,
        joined_at=row.joined_at,
        front=row.front,
        untriaged=row.untriaged,
        declined_by=frozenset(row.declined_by),
    )


def person_on_duty(
    row: PersonRow, eligible: EligibilityRow, talking_on: str | None, now: datetime
) -> PersonOnDuty:
    """A person's row and eligibility as the decision sees them."""
    qualification = _qualification(eligible)
    accredited = [a for a in qualification.accreditations if a.valid_until > now]
    return PersonOnDuty(
        person_id=row.person_id,
        state=LiveState(row.state),
        roles=frozenset({Role(row.role)}),
        channels=frozenset(a.channel for a in accredited),
        languages=frozenset(qualification.languages),
        topics=frozenset(qualification.topics),
        skills=frozenset(qualification.skills),
        # One level for all channels, so the lowest: nobody is given a risk they may not take.
        level=min((a.level for a in accredited), default=0),
        region="",
        eligibility_version=eligible.version,
        valid_until=eligible.valid_until,
        ready_since=row.since,
        rest_until=row.rest_until,
        wrapped_up_at=row.wrapped_up_at,
        consecutive_contacts=row.consecutive_contacts,
        live=(Channel(talking_on),) if talking_on else (),
        declined_needs=frozenset(qualification.declines),
        missed_offers=row.missed_offers,
    )


_READ: dict[tuple[str, str, int], Qualification] = {}


def _qualification(row: EligibilityRow) -> Qualification:
    key = (row.programme, row.person_id, row.version)
    if key not in _READ:  # a version never changes
        _READ[key] = Qualification.model_validate(row.qualification)
    return _READ[key]
