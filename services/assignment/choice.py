"""Chooses who is offered which contact, from all rows at once: the plain form of the decision.

Pairs are taken one by one, the worthiest first; within a request class only the contact at its
head is looked at. `floor.Floor` makes the same choices from counts it keeps; a test compares them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from contracts.vocabulary import LiveState, OfferReason, Role, Stage
from services.assignment.domain import (
    Decision,
    Look,
    Outcome,
    PersonOnDuty,
    Proposal,
    Rules,
    WaitingContact,
    WayOutProposed,
    seconds,
)
from services.assignment.eligibility import (
    Profile,
    RequestClass,
    is_accredited_for,
    is_ready,
    is_trained_for,
    may_take,
    profile_of,
    regulates_for,
    request_class,
    room,
    shares_language,
    standing_changes,
)
from services.assignment.forecast import with_spare_prices
from services.assignment.nobody import bystanders, nobody_free
from services.assignment.pricing import Tariff, idle_seconds, last_of, traffic_of

#: Smaller is chosen first: worth, place in the line, another region, longest ready, id.
Rank: TypeAlias = tuple[float, tuple[bool, datetime, datetime, str], bool, datetime, str]
Crew: TypeAlias = dict[str, tuple[PersonOnDuty, Profile]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A contact and a person no hard rule keeps apart."""

    request: RequestClass
    contact: WaitingContact
    profile: Profile
    person: PersonOnDuty

    def worth(self, fixed: float, tariff: Tariff, now: datetime) -> float:
        """Points gained by this pair now; `fixed` is what such a pair is worth whoever it is."""
        idle = idle_seconds(self.person, now)
        worth = fixed - tariff.rest_price(self.request.band, self.profile.series, idle)
        sought = self.request.sought == self.person.person_id
        return worth + tariff.rules.sought_worth if sought else worth

    def rank(self, worth: float) -> Rank:
        """Order among all pairs; a region only chooses among people, never among callers."""
        contact, person = self.contact, self.person
        elsewhere = contact.region != person.region
        return (-worth, contact.place, elsewhere, person.ready_since, person.person_id)


def choose(
    waiting: tuple[WaitingContact, ...],
    people: tuple[PersonOnDuty, ...],
    look: Look,
) -> Decision:
    """Propose every offer and way out to make now, then say why nobody is free for who waits on.

    `waiting`: contacts of one programme without an open offer; `people`: everyone on duty, the
    busy too. A person gets one proposal at most. Repeated rows or an unknown contact cannot
    occur: the rows are the ledger's. Called late, it decides with all the time passed.
    """
    now, rules = look.now, look.rules
    line = {c.contact_id: c for c in waiting}
    on_duty = {p.person_id: p for p in people}
    forecast = look.forecast
    if forecast.arrivals_per_second and not forecast.spare_prices:
        forecast = with_spare_prices(forecast, traffic_of(waiting, people, now, rules), rules)
    outcomes: list[Outcome] = []
    while True:
        still_waiting, everyone = tuple(line.values()), tuple(on_duty.values())
        tariff = Tariff(rules, forecast, traffic_of(still_waiting, everyone, now, rules))
        crew = _ready_crew(everyone, now, rules)
        best = _best_pair(_heads(still_waiting, now, rules), crew, tariff, now)
        if best is not None:
            outcomes.append(propose(best, rivals_of(best, crew, rules), tariff))
            on_duty[best.person.person_id] = replace(best.person, state=LiveState.OFFERED)
            del line[best.contact.contact_id]
        elif (relieved := tariff.line_to_relieve()) is not None:
            last = last_of(still_waiting, relieved[0], rules)
            outcomes.append(WayOutProposed(last.contact_id, relieved[1], rules.rules_version))
            line[last.contact_id] = replace(last, way_out_proposed=True)  # and waits on
        else:
            break
    heads = _heads(still_waiting, now, rules)
    seen = bystanders(everyone, now, rules)
    outcomes.extend(nobody_free(request, c, seen, rules) for request, c in heads)
    return Decision(tuple(outcomes), next_look_at(still_waiting, everyone, now, rules))


def _ready_crew(people: Iterable[PersonOnDuty], now: datetime, rules: Rules) -> Crew:
    return {p.person_id: (p, profile_of(p, now, rules)) for p in people if is_ready(p, now, rules)}


def _heads(
    waiting: Iterable[WaitingContact], now: datetime, rules: Rules
) -> list[tuple[RequestClass, WaitingContact]]:
    heads: dict[RequestClass, WaitingContact] = {}
    for contact in waiting:
        request = request_class(contact, now, rules)
        if request not in heads or contact.place < heads[request].place:
            heads[request] = contact
    return list(heads.items())


def _pairs_of(
    request: RequestClass, contact: WaitingContact, crew: Crew, rules: Rules
) -> Iterator[Pair]:
    """Everyone ready who may take it; who declined it only when there is nobody else."""
    permitted: dict[Profile, bool] = {}
    asked: list[Pair] = []
    anyone_else = False
    for person, profile in crew.values():
        if profile not in permitted:
            permitted[profile] = may_take(request, profile, rules)
        if not permitted[profile]:
            continue
        pair = Pair(request, contact, profile, person)
        if person.person_id in contact.declined_by:
            asked.append(pair)
        else:
            anyone_else = True
            yield pair
    if not anyone_else and request.standing.ask_again:
        yield from asked


def _best_pair(
    heads: Iterable[tuple[RequestClass, WaitingContact]],
    crew: Crew,
    tariff: Tariff,
    now: datetime,
) -> Pair | None:
    best: tuple[Rank, Pair] | None = None
    for request, contact in heads:
        for pair in _pairs_of(request, contact, crew, tariff.rules):
            if tariff.is_held(request, pair.profile):
                continue
            fixed = tariff.fixed_worth(request, pair.profile)
            rank = pair.rank(pair.worth(fixed, tariff, now))
            if best is None or rank < best[0]:
                best = (rank, pair)
    return best[1] if best else None


def rivals_of(pair: Pair, crew: Crew, rules: Rules) -> tuple[Profile, ...]:
    """Profiles of the others who were ready and permitted."""
    profiles = {profile for _, profile in crew.values()}
    return tuple(p for p in profiles if may_take(pair.request, p, rules))


def propose(pair: Pair, rivals: tuple[Profile, ...], tariff: Tariff) -> Proposal:
    """The proposal for this pair, with its reasons."""
    untriaged = pair.request.stage is Stage.REGULATOR and not regulates_for(
        pair.request, pair.profile
    )
    return Proposal(
        contact_id=pair.contact.contact_id,
        person_id=pair.person.person_id,
        stage=Stage.LISTENER if untriaged else pair.request.stage,
        reasons=tuple(_reasons(pair, untriaged, rivals, tariff)),
        rules_version=tariff.rules.rules_version,
        eligibility_version=pair.person.eligibility_version,
    )


def _reasons(
    pair: Pair, untriaged: bool, rivals: tuple[Profile, ...], tariff: Tariff
) -> Iterator[OfferReason]:
    contact, request, profile = pair.contact, pair.request, pair.profile
    yield (OfferReason.RE_OFFERED_IN_FRONT if contact.front else OfferReason.WAITED_LONGEST)
    if request.stage is Stage.REGULATOR and not untriaged:
        yield _regulating_reason(profile)
    if untriaged or contact.untriaged:
        yield OfferReason.UNTRIAGED
    if request.band > 0 and request.stage is Stage.LISTENER:
        yield OfferReason.PRIORITY
    if request.sought == pair.person.person_id:
        yield OfferReason.SOUGHT_AGAIN
    yield _language_reason(pair)
    if request.stage is Stage.LISTENER:
        yield from _fitting_reasons(request, profile, tariff.rules)
    yield from _sparing_reasons(pair, rivals, tariff)


def _language_reason(pair: Pair) -> OfferReason:
    if not pair.contact.languages:
        return OfferReason.LANGUAGE_UNKNOWN
    shared = shares_language(pair.request, pair.profile)
    return OfferReason.LANGUAGE_SHARED if shared else OfferReason.FALLBACK_LANGUAGE


def _regulating_reason(profile: Profile) -> OfferReason:
    if Role.REGULATOR in profile.roles:
        return OfferReason.REGULATOR_FREE
    if Role.LISTENER in profile.roles and profile.regulates:
        return OfferReason.LISTENER_TRAINED_TO_REGULATE
    return OfferReason.SUPERVISOR_REGULATES


def _fitting_reasons(
    request: RequestClass, profile: Profile, rules: Rules
) -> Iterator[OfferReason]:
    trained = is_trained_for(request, profile)
    yield OfferReason.TRAINED_FOR_NEED if trained else OfferReason.FALLBACK_TOPIC
    if request.band >= rules.accredited_from_band:
        accredited = is_accredited_for(request, profile, rules)
        yield (OfferReason.ACCREDITED_FOR_RISK if accredited else OfferReason.FALLBACK_LEVEL)


def _sparing_reasons(
    pair: Pair, rivals: tuple[Profile, ...], tariff: Tariff
) -> Iterator[OfferReason]:
    level = tariff.rules.accredited_from_band
    price = tariff.keep_price(pair.profile)

    def is_spared(rival: Profile) -> bool:
        return tariff.keep_price(rival) > price

    accredited = (rival for rival in rivals if rival.level >= level)
    if pair.profile.level < level and any(map(is_spared, accredited)):
        yield OfferReason.RESERVED_ACCREDITED
    spared = any(map(is_spared, rivals))
    yield OfferReason.LEAST_VERSATILE_FREE if spared else OfferReason.LONGEST_READY


def next_look_at(
    waiting: Iterable[WaitingContact],
    people: Iterable[PersonOnDuty],
    now: datetime,
    rules: Rules,
) -> datetime | None:
    """The next moment at which time alone may change the decision; None = no such moment."""
    moments = [at for c in waiting for at in standing_changes(c, rules) if at > now]
    if not moments and not any(True for _ in waiting):
        return None
    for person in people:
        moments.extend(at for at in person_changes(person, rules) if at > now)
    return min(moments, default=None)


def person_changes(person: PersonOnDuty, rules: Rules) -> Iterator[datetime]:
    """Moments at which time alone makes a person ready or counts their pause as a break."""
    writing = person.state is LiveState.TALKING and bool(person.live) and bool(room(person, rules))
    if person.state not in (LiveState.READY, LiveState.RESTING) and not writing:
        return
    if person.rest_until is not None:
        yield person.rest_until
    if person.wrapped_up_at is not None and person.consecutive_contacts > 0:
        yield person.wrapped_up_at + seconds(rules.break_seconds)
