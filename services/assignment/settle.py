"""The decision, live: rows in, proposals out, offers committed. Runs after every commit.

Everything is read each time, by one statement, and the `Floor` of the last look brought up to it.
The surprising thing: what is remembered between two looks is only there to be compared; each look
says what holds (reading.py), so there is nothing to reconcile after a crash or a take-over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from contracts.assignment import ContactSentUntriaged, OfferMade, WayOutOffered
from contracts.frame import Federation
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import (
    ContactId,
    LanguageCode,
    LiveState,
    LiveStateReason,
    Need,
    OfferReason,
    Pool,
    Priority,
    ProgrammeId,
    Stage,
)
from services.assignment import live, metrics, reading, silence, store, writing
from services.assignment.domain import (
    Decision,
    Forecast,
    NobodyFree,
    Prices,
    Proposal,
    Rules,
    WayOutProposed,
)
from services.assignment.eligibility import at_home
from services.assignment.floor import Floor
from services.assignment.forecast import forecast_from, with_spare_prices
from services.assignment.reading import LOOK_BACK, LineOnTheFloor
from services.assignment.store import ContactRow, OfferRow, PersonRow, TermsInForce
from services.bus.work import Work, new_id


class ChoiceOutdated(Exception):
    """What a choice rested on has changed or lapsed; the choice is made again."""


def rules_from(in_force: TermsInForce) -> Rules:
    """The rules a programme's terms amount to: every number of the decision is among them."""
    terms, more = in_force.terms, in_force.terms.assignment
    return Rules(
        rules_version=in_force.rules_version,
        prices=Prices(
            wait_per_minute=terms.prices.wait_per_minute,
            abandoned=terms.prices.abandoned,
            topic_mismatch=terms.prices.topic_mismatch,
            level_mismatch=terms.prices.level_mismatch,
            return_pass_share=more.return_pass_share,
            partner_line_share=more.partner_line_share,
            language_mismatch=more.language_mismatch,
        ),
        regulator_answer_seconds=terms.times.regulator_answer_seconds,
        listening_line_after_seconds=terms.times.untriaged_after_seconds,
        default_languages=frozenset({terms.languages[0]}),
        level_fallback_seconds=terms.times.level_fallback_seconds,
        topic_fallback_seconds=terms.times.topic_fallback_seconds,
        language_fallback_seconds=more.language_fallback_seconds,
        chats_at_once=terms.frame.chats_at_once,
        homes=_homes(terms.frame.federation),
        split=terms.frame.federation is not None and terms.frame.federation.pool is Pool.SPLIT,
        last_minutes_seconds=more.last_minutes_seconds,
        channel_pace=more.channel_pace,
        channel_back=more.channel_back,
        slowed_price=more.slowed_price,
        slowed_at_most_seconds=more.slowed_at_most_seconds,
        sought_worth=more.sought_worth,
        sought_seconds=more.sought_seconds,
        rest_after_hard_seconds=terms.rest.after_hard_seconds,
        consecutive_contacts_max=terms.rest.max_consecutive_contacts,
        break_seconds=terms.rest.break_seconds,
        missed_offers_before_pause=terms.rest.missed_offers_before_pause,
        accredited_from_band=more.accredited_from_band,
        held_back_at_most_seconds=more.held_back_at_most_seconds,
        ask_again_after_seconds=more.ask_again_after_seconds,
        patience_seconds=more.patience_seconds,
        contact_seconds=more.contact_seconds,
        wrap_up_seconds=more.wrap_up_seconds,
        hold_back=more.hold_back,
        versatility=more.versatility,
        rest_saving=more.rest_saving,
        rest_fade_seconds=more.rest_fade_seconds,
        rest_used=more.rest_used,
        hard_share=more.hard_share,
        ladder_step=more.ladder_step,
        way_out=more.way_out,
        return_pass=terms.returning.return_pass,
        way_out_share=more.way_out_share,
    )


def _homes(federation: Federation | None) -> tuple[tuple[str, str], ...]:
    """Of each département the association at home there, where one's own region counts."""
    if federation is None or federation.pool is Pool.ANYBODY:
        return ()
    return tuple((d, m.organisation) for m in federation.members for d in m.departements)


def settle(work: Work) -> None:
    """Look at every line: let go of who has gone silent, and make every offer there is to make."""
    lines = reading.lines_on_the_floor(work.session, work.now)
    if [line for line in lines if silence.mind(work, line)]:
        lines = reading.lines_on_the_floor(work.session, work.now)
    for line in lines:
        if line.waiting and line.programme_version is not None:
            in_force = store.terms_of(work.session, line.programme, line.programme_version)
            _make_offers(work, line, in_force)


@dataclass(slots=True)
class _Kept:
    """The floor of a line as the last look left it."""

    programme_version: int
    floor: Floor
    seen_at: datetime

    def serves(self, in_force: TermsInForce, now: datetime) -> bool:
        """Whether it may be looked at again: time on a floor never goes back."""
        same_rules = self.programme_version == in_force.programme_version
        return same_rules and self.seen_at <= now and self.floor.crews_formed <= _CREWS_KEPT


#: The floors kept, by programme, of each database.
_FLOORS: WeakKeyDictionary[Engine, dict[str, _Kept]] = WeakKeyDictionary()
#: Profiles met before a floor is made anew: an empty crew costs each class that comes up a number.
_CREWS_KEPT = 500


def _floor_of(work: Work, in_force: TermsInForce) -> Floor:
    floors = _FLOORS.setdefault(work.session.get_bind().engine, {})
    kept = floors.get(in_force.programme)
    if kept is None or not kept.serves(in_force, work.now):
        kept = _Kept(in_force.programme_version, Floor(rules_from(in_force)), work.now)
        floors[in_force.programme] = kept
    kept.seen_at = work.now
    return kept.floor


def _make_offers(work: Work, line: LineOnTheFloor, in_force: TermsInForce) -> None:
    decision = decide(line, _floor_of(work, in_force), work.now)
    if decision.proposals:
        offer_all(work, line, in_force, decision.proposals)
    ways_out = [each for each in decision.outcomes if isinstance(each, WayOutProposed)]
    if ways_out:
        offer_ways_out(work, line, in_force, ways_out)
    _say_why(work, line, [each for each in decision.outcomes if isinstance(each, NobodyFree)])
    at = decision.next_look_at
    if at is not None and at != line.looks_again_at:
        work.set_deadline("look_again", in_force.programme, at)


def _say_why(work: Work, line: LineOnTheFloor, decided: Sequence[NobodyFree]) -> None:
    """Count why nobody is free; stored with the contact where it is news."""
    news: dict[str, Sequence[str]] = {}
    for outcome in decided:
        metrics.record_nobody_free(line.programme, outcome.reasons)
        if list(outcome.reasons) != line.rows[outcome.contact_id]["obstacles"]:
            news[outcome.contact_id] = outcome.reasons
    if news:
        writing.say_why(work.session, news)


def decide(line: LineOnTheFloor, floor: Floor, now: datetime) -> Decision:
    """What to do now for a line: the same on a new floor and on one that earlier looks have left.

    Time on one floor never goes back.
    """
    floor.see(tuple([at_home(contact, floor.rules) for contact in line.waiting]), line.on_duty)
    floor.forecast = Forecast()
    if floor.is_anybody_free(now):
        forecast = forecast_from(line.joined, now - LOOK_BACK, now, floor.rules)
        floor.forecast = with_spare_prices(forecast, floor.traffic(), floor.rules)
    return floor.decide_all(now)


class _Match(NamedTuple):
    """A proposal with the rows it changes."""

    proposal: Proposal
    contact: ContactRow
    person: PersonRow


def offer_all(
    work: Work, line: LineOnTheFloor, in_force: TermsInForce, proposals: Sequence[Proposal]
) -> None:
    """Write these offers; raises ChoiceOutdated when what they rest on has moved since the look."""
    offers = [_offer(work, _match(work, line, one), in_force.terms) for one in proposals]
    if not writing.make_offers(work.session, offers):
        raise ChoiceOutdated
    for proposal in proposals:
        metrics.record_offer(in_force.programme, proposal.stage, proposal.reasons)


def offer_ways_out(
    work: Work, line: LineOnTheFloor, in_force: TermsInForce, proposed: Sequence[WayOutProposed]
) -> None:
    """Offer these ways out to who waits on; raises ChoiceOutdated when one waits no longer."""
    stands = timedelta(seconds=in_force.terms.times.way_out_offer_seconds)
    for each in proposed:
        contact = store.taken_up(work.session, ContactRow, line.rows[each.contact_id])
        contact.way_out_at = work.now
        offered = WayOutOffered(
            contact_id=ContactId(contact.contact_id),
            programme=ProgrammeId(contact.programme),
            way_out=each.way_out,
            offered_at=work.now,
            valid_until=work.now + stands,
            rules_version=each.rules_version,
        )
        work.announce(offered, of=contact)
    if not writing.offer_ways_out(work.session):
        raise ChoiceOutdated
    for each in proposed:
        metrics.record_way_out(in_force.programme, each.way_out)


def _match(work: Work, line: LineOnTheFloor, proposal: Proposal) -> _Match:
    """The rows as this look has seen them: only who holds the lease writes them, and it is held."""
    return _Match(
        proposal,
        store.taken_up(work.session, ContactRow, line.rows[proposal.contact_id]),
        store.taken_up(work.session, PersonRow, line.rows[proposal.person_id]),
    )


def _offer(work: Work, match: _Match, terms: ProgrammeTerms) -> OfferRow:
    """The offer, announced and counted; its row is written with those of the same look."""
    proposal, contact, person = match
    offer = _offer_row(work, proposal, contact, terms)
    if contact.stage == Stage.REGULATOR and proposal.stage is Stage.LISTENER:
        _send_untriaged(work, contact, terms)
    contact.state, contact.offers, contact.offer_id = (
        store.OFFERED,
        contact.offers + 1,
        offer.offer_id,
    )
    if person.held:
        offer.place = store.free_place(work.session, person.person_id)
    person.contact_id, person.offer_id = contact.contact_id, offer.offer_id
    work.announce(_offer_made(offer, contact), of=offer)
    state = LiveState.TALKING if person.held else LiveState.OFFERED
    live.enter(work, person, state, LiveStateReason.OFFER_MADE, until=offer.expires_at)
    work.set_deadline("offer_expires", offer.offer_id, offer.expires_at)
    return offer


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
