"""What it is worth to give this contact to that person now, in points, all numbers from the rules.

worth = loss of waiting for the next person who could - misfit - price of keeping the person back
- price of rest used up. The surprising thing: the loss does not grow with the time already waited
(patience has no memory here); order within a request class is first come, first served anyway.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from math import exp, inf
from typing import NamedTuple, TypeAlias

from contracts.vocabulary import Channel, LiveState, Role, Stage, WayOut
from services.assignment.domain import (
    CHANNELS,
    Alike,
    Forecast,
    Group,
    PersonOnDuty,
    Rules,
    WaitingContact,
)
from services.assignment.eligibility import (
    Profile,
    RequestClass,
    is_accredited_for,
    is_going,
    is_ready,
    is_trained_for,
    pace_of,
    rung_of,
    shares_language,
)
from services.assignment.few import FEW, Expected, FewOnDuty, few_on_duty
from services.assignment.spare import rounded

#: A waiting line as prices see it: languages, and band.
LineKey: TypeAlias = tuple[frozenset[str], int]


class Phase(IntEnum):
    """How soon a person on duty can take a contact."""

    FREE = 0
    WRAPPING_UP = 1
    RESTING = 2
    BUSY = 3


def phase_of(person: PersonOnDuty, now: datetime, rules: Rules) -> Phase | None:
    """The phase of a listener at `now`; None for who takes nothing of the listening line."""
    if Role.LISTENER not in person.roles or person.valid_until <= now:
        return None
    if is_going(person, now, rules):
        return None
    if is_ready(person, now, rules):
        return Phase.FREE
    match person.state:
        case LiveState.READY | LiveState.RESTING:
            return Phase.RESTING
        case LiveState.WRAPPING_UP:
            return Phase.WRAPPING_UP
        case LiveState.TALKING | LiveState.OFFERED:
            return Phase.BUSY
        case _:
            return None


def groups_of(person: PersonOnDuty, rules: Rules) -> tuple[Group, ...]:
    """The groups of listeners a person belongs to."""
    accredited = person.level >= rules.accredited_from_band
    return _groups(person.languages, person.topics, accredited)


def alike_of(person: PersonOnDuty) -> Alike:
    """The kind of listener a person is."""
    return Alike(person.languages, person.topics, person.level)


@lru_cache(maxsize=4096)
def _groups(
    languages: frozenset[str], topics: frozenset[str], accredited: bool
) -> tuple[Group, ...]:
    groups: list[Group] = []
    for language in languages:
        groups.append(Group(language))
        if accredited:
            groups.append(Group(language, accredited=True))
        groups.extend(Group(language, need=topic) for topic in topics)
    return tuple(groups)


@dataclass(frozen=True, slots=True)
class Traffic:
    """How many listeners are in which phase, and how many contacts wait, by group; all counts."""

    listeners: Mapping[tuple[Group, Phase], int]
    #: Listeners by kind and phase.
    kinds: Mapping[tuple[Alike, Phase], int]
    #: Waiting for a listener, by languages and band.
    line: Mapping[LineKey, int]
    #: Of those, who may be proposed a way out.
    proposable: Mapping[LineKey, int]
    #: Who waits on the telephone in either line, by languages.
    voices: Mapping[frozenset[str], int]


def line_key(contact: WaitingContact, rules: Rules) -> LineKey | None:
    """Where a contact counts in `Traffic.line`; None in the first waiting line.

    Nobody waits behind a message, unless it is at risk.
    """
    if contact.stage is Stage.REGULATOR:
        return None
    if contact.channel is Channel.MESSAGE and contact.band < rules.accredited_from_band:
        return None
    return (contact.languages or rules.default_languages, contact.band)


def voice_key(contact: WaitingContact, rules: Rules) -> frozenset[str] | None:
    """Where a contact counts in `Traffic.voices`; None for a written one."""
    if contact.channel is not Channel.PHONE:
        return None
    return contact.languages or rules.default_languages


def is_proposable(contact: WaitingContact, rules: Rules) -> bool:
    """Whether a way out may be proposed: once, to who is not at risk and was heard by a human."""
    if not rules.way_out or contact.stage is Stage.REGULATOR:
        return False
    if contact.channel is Channel.MESSAGE or not contact.heard or contact.untriaged:
        return False
    settled = contact.was_at_risk or contact.way_out_proposed
    return not settled and contact.band < rules.accredited_from_band


def traffic_of(
    waiting: tuple[WaitingContact, ...],
    people: tuple[PersonOnDuty, ...],
    now: datetime,
    rules: Rules,
) -> Traffic:
    """Count everyone from scratch."""
    listeners: Counter[tuple[Group, Phase]] = Counter()
    kinds: Counter[tuple[Alike, Phase]] = Counter()
    for person in people:
        phase = phase_of(person, now, rules)
        if phase is not None:
            kinds[alike_of(person), phase] += 1
            listeners.update((group, phase) for group in groups_of(person, rules))
    line: Counter[LineKey] = Counter()
    proposable: Counter[LineKey] = Counter()
    voices: Counter[frozenset[str]] = Counter()
    for contact in waiting:
        key, voice = line_key(contact, rules), voice_key(contact, rules)
        if key is not None:
            line[key] += 1
            proposable[key] += is_proposable(contact, rules)
        if voice is not None:
            voices[voice] += 1
    return Traffic(listeners, kinds, line, proposable, voices)


def misfit(request: RequestClass, profile: Profile, rules: Rules) -> float:
    """Price of the soft rules this pair breaks; in the first line, of the rung of the ladder."""
    price = 0.0 if shares_language(request, profile) else rules.prices.language_mismatch
    if request.stage is Stage.REGULATOR:
        return price + rules.ladder_step * rung_of(request, profile)
    if not is_trained_for(request, profile):
        price += rules.prices.topic_mismatch
    if not is_accredited_for(request, profile, rules):
        price += rules.prices.level_mismatch
    return price


def breadth_price(profile: Profile, rules: Rules) -> float:
    """Price of using up what this profile could do beyond the need."""
    if Role.LISTENER not in profile.roles:
        return 0.0
    accredited = profile.level >= rules.accredited_from_band
    breadth = len(profile.topics) + 2 * len(profile.languages) + 3 * accredited
    return rules.versatility * breadth


#: What the loss of waiting depends on: languages, band, and how fast the wait hurts.
Waits: TypeAlias = tuple[frozenset[str], int, float]


class Turn(NamedTuple):
    """What decides whose turn it is among callers."""

    waits: Waits
    stands_back: float  #: points by which they stand behind others of the line; never at risk


def turn_of(request: RequestClass, rules: Rules) -> Turn:
    """The turn of such callers; it is theirs as long as their class is."""
    waits = (request.languages, request.band, pace_of(request.channel, request.band, rules))
    if request.band >= rules.accredited_from_band:
        return Turn(waits, 0.0)
    slowed = 0.0 if request.standing.not_slowed else rules.slowed_price
    return Turn(waits, rules.channel_back[CHANNELS.index(request.channel)] + slowed)


class Tariff:
    """The prices of one moment; every method is pure, and remembered while the moment lasts."""

    def __init__(self, rules: Rules, forecast: Forecast, traffic: Traffic) -> None:
        self.rules = rules
        self.forecast = forecast
        self.traffic = traffic
        self.patience_seconds = forecast.patience_seconds or rules.patience_seconds
        self.contact_seconds = forecast.contact_seconds or rules.contact_seconds
        self.wrap_up_seconds = forecast.wrap_up_seconds or rules.wrap_up_seconds
        self._waits: dict[tuple[bool, frozenset[str]], float] = {}
        self._lost: dict[Waits, float] = {}
        self._keeps: dict[tuple[frozenset[str], bool], float] = {}
        self._few_looked_at = False
        self._few_on_duty: FewOnDuty | None = None

    def loss(self, band: int, wait_seconds: float) -> float:
        """Expected loss of letting a caller of this band wait so much longer, in points.

        Where a way out can be proposed, nobody it may be proposed to loses more than its price.
        """
        prices = self.rules.prices
        stays = exp(-wait_seconds / self.patience_seconds)
        lost = prices.abandoned[band] * (1 - stays)
        if stays:
            lost += prices.wait_per_minute[band] / 60 * wait_seconds * stays
        if self.rules.counts_on_way_out and band < self.rules.accredited_from_band:
            return min(lost, self.way_out_price(band)[0])
        return lost

    def returns_per_second(self, group: Group, one_more: bool = True) -> float:
        """Rate at which listeners of the group come back, were `one_more` given a contact now."""
        rules, count = self.rules, self.traffic.listeners
        resting_seconds = (self.wrap_up_seconds + rules.break_seconds) / 2
        return (
            (count.get((group, Phase.BUSY), 0) + one_more) / self.contact_seconds
            + count.get((group, Phase.WRAPPING_UP), 0) / self.wrap_up_seconds
            + count.get((group, Phase.RESTING), 0) / resting_seconds
        )

    def wait_seconds(self, languages: frozenset[str], at_risk: bool) -> float:
        """Expected wait for the next listener, behind all who compete for the same ones."""
        key = (at_risk, languages)
        from_band = self.rules.accredited_from_band if at_risk else 0
        if key not in self._waits:
            ahead = sum(
                n
                for (others, band), n in self.traffic.line.items()
                if band >= from_band and not others.isdisjoint(languages)
            )
            rate = max(self.returns_per_second(Group(g)) for g in languages)
            self._waits[key] = max(ahead, 1) / rate
        return self._waits[key]

    def wait_for_fit_seconds(self, languages: frozenset[str], accredited: bool, need: str) -> float:
        """Expected wait for the next listener of the level or topic asked for; infinite = none."""
        rate = max(
            self.returns_per_second(Group(g, accredited, need), one_more=False) for g in languages
        )
        return 1 / rate if rate else inf

    def worth_of_serving(self, turn: Turn) -> float:
        """What is gained by serving such a caller, whoever does: what is lost if they wait for the
        next listener, voice first, risk beside it.
        """
        lost = self._lost.get(turn.waits)
        if lost is None:
            languages, band, pace = turn.waits
            at_risk = band >= self.rules.accredited_from_band
            lost = self.loss(band, self.wait_seconds(languages, at_risk) * pace)
            self._lost[turn.waits] = lost
        return lost - turn.stands_back

    def loss_of_waiting_for_fit(self, request: RequestClass, profile: Profile) -> float:
        """What is lost if such a caller waits for a listener who fits where this one does not."""
        at_risk = request.band >= self.rules.accredited_from_band
        wait = self.wait_seconds(request.languages, at_risk)
        if not is_trained_for(request, profile):
            wait = max(wait, self.wait_for_fit_seconds(request.languages, False, request.need))
        if not is_accredited_for(request, profile, self.rules):
            wait = max(wait, self.wait_for_fit_seconds(request.languages, True, ""))
        if not shares_language(request, profile):
            wait = max(wait, self.wait_for_fit_seconds(request.languages, False, ""))
        return self.loss(request.band, wait * pace_of(request.channel, request.band, self.rules))

    def keep_price(self, profile: Profile) -> float:
        """Price of giving a listener of this profile and not a less versatile one."""
        return self.reserve_price(profile) + breadth_price(profile, self.rules)

    def reserve_price(self, profile: Profile) -> float:
        """Price of having one listener of this profile less, to callers to come."""
        if Role.LISTENER not in profile.roles:
            return 0.0
        few = self._few()
        if few is not None:
            kind = Alike(profile.languages, profile.topics, profile.level)
            return few.price_of_taking(kind)
        accredited = profile.level >= self.rules.accredited_from_band
        key = (profile.languages, accredited)
        if key not in self._keeps:
            groups = [Group(g) for g in sorted(profile.languages)]
            if accredited:
                groups += [group._replace(accredited=True) for group in groups]
            self._keeps[key] = self.rules.hold_back * sum(map(self._spare_price, groups))
        return self._keeps[key]

    def _few(self) -> FewOnDuty | None:
        """Those on duty one by one, where they are few and callers are expected."""
        if not self._few_looked_at:
            self._few_looked_at = True
            counts = self.traffic.kinds
            if self.forecast.callers and 0 < sum(counts.values()) <= FEW:
                here = {kind: n for (kind, phase), n in counts.items() if phase is Phase.FREE}
                away = Counter[Alike]()
                for (kind, phase), n in counts.items():
                    away[kind] += n * (phase is not Phase.FREE)
                expected = Expected(
                    self.forecast.callers,
                    rounded(self.contact_seconds),
                    rounded(self.patience_seconds),
                )
                self._few_on_duty = few_on_duty(here, away, expected, self.rules)
        return self._few_on_duty

    def _spare_price(self, group: Group) -> float:
        prices = self.forecast.spare_prices.get(group, ())
        free = self.traffic.listeners.get((group, Phase.FREE), 0)
        return prices[free] if free < len(prices) else 0.0

    def way_out_price(self, band: int) -> tuple[float, WayOut]:
        """The cheapest way out for a caller of this band, in points; a return pass among equals."""
        prices = self.rules.prices
        return_pass = prices.abandoned[band] * prices.return_pass_share[band]
        partner_line = prices.abandoned[band] * prices.partner_line_share
        if self.rules.return_pass and return_pass <= partner_line:
            return return_pass, WayOut.RETURN_PASS
        return partner_line, WayOut.ANOTHER_LINE

    def line_to_relieve(self) -> tuple[LineKey, WayOut] | None:
        """The line whose last caller loses most, beside its price, by waiting; None = no such."""
        worst: tuple[float, LineKey, WayOut] | None = None
        for key in sorted((k for k, n in self.traffic.proposable.items() if n), key=_by_band):
            languages, band = key
            price, way_out = self.way_out_price(band)
            excess = self._loss_of_last(languages, band) / price if price else inf
            if excess >= self.rules.way_out_share and (worst is None or excess > worst[0]):
                worst = (excess, key, way_out)
        return worst[1:] if worst else None

    def _loss_of_last(self, languages: frozenset[str], band: int) -> float:
        """Loss of the last in the line who may be proposed a way out: everyone of their band and
        above goes first. Who was proposed one came behind, and may be gone.
        """
        key = (languages, band)
        ahead = self.traffic.proposable.get(key, 0) - self.traffic.line.get(key, 0)
        ahead += sum(
            n
            for (others, other_band), n in self.traffic.line.items()
            if other_band >= band and not others.isdisjoint(languages)
        )
        rate = max(self.returns_per_second(Group(g), one_more=False) for g in languages)
        return self.loss(band, ahead / rate if rate else inf)

    def rest_price(self, band: int, series: int, idle: float) -> float:
        """Price of a contact that spoils a pause soon long enough, or asks for a rest of its own.

        Rest after a hard contact counts as the break of a series too: what may be hard is best
        given to who is owed a break anyway.
        """
        rules = self.rules
        used = min(series / rules.consecutive_contacts_max, 1.0)
        lacks = max(rules.break_seconds - idle, 0.0)
        spoiled = exp(-lacks / rules.rest_fade_seconds) if rules.rest_fade_seconds else 0.0
        hard = rules.hard_share[band] * (1 - used)
        return rules.rest_saving * (used * (spoiled + rules.rest_used) + hard)

    def is_held(self, request: RequestClass, profile: Profile) -> bool:
        """Whether the person is better kept: never against risk, nor in the first line, nor long,
        nor from who seeks somebody again.

        Rest used up is no reason: whoever comes back next has used up as much. A message waits
        while anybody waits on the telephone who may yet come to this person.
        """
        if request.stage is Stage.REGULATOR or request.standing.not_held:
            return False
        if request.band >= self.rules.accredited_from_band or request.sought is not None:
            return False
        if request.channel is Channel.MESSAGE and self._is_awaited(profile):
            return True
        price = misfit(request, profile, self.rules)
        price += self._spared(request) * self.reserve_price(profile)
        lost = self.loss_of_waiting_for_fit(request, profile)
        if self.rules.counts_on_way_out:
            way_out_price, _ = self.way_out_price(request.band)
            if lost >= way_out_price * self.rules.way_out_share:
                lost = way_out_price
        return lost <= price

    def _is_awaited(self, profile: Profile) -> bool:
        """Whether somebody waits on the telephone who shares a language with this profile."""
        return any(
            count and not languages.isdisjoint(profile.languages)
            for languages, count in self.traffic.voices.items()
        )

    def _spared(self, request: RequestClass) -> float:
        """Chance that keeping a listener from this caller spares one: that the caller leaves.

        Whoever is served later takes one then. With few on duty the worth of each is exact anyway,
        and a way out is a leaving.
        """
        if self.rules.counts_on_way_out or self._few() is not None:
            return 1.0
        at_risk = request.band >= self.rules.accredited_from_band
        return self.chance_of_leaving(self.wait_seconds(request.languages, at_risk))

    def chance_of_leaving(self, wait_seconds: float) -> float:
        """Chance that a caller has left before so long a wait is over."""
        return 1 - exp(-wait_seconds / self.patience_seconds)

    def fixed_worth(self, request: RequestClass, profile: Profile) -> float:
        """Points gained by such a pair now, whoever it is; negative = dearer than waiting."""
        return (
            self.worth_of_serving(turn_of(request, self.rules))
            - misfit(request, profile, self.rules)
            - self.keep_price(profile)
        )


def _by_band(key: LineKey) -> tuple[int, tuple[str, ...]]:
    return (key[1], tuple(sorted(key[0])))


def last_of(waiting: Iterable[WaitingContact], key: LineKey, rules: Rules) -> WaitingContact:
    """Who of this line may be proposed a way out and came last."""
    proposable = (c for c in waiting if line_key(c, rules) == key and is_proposable(c, rules))
    return max(proposable, key=lambda contact: contact.place)


def idle_seconds(person: PersonOnDuty, now: datetime) -> float:
    """Seconds since the last wrap-up ended; 0 before the first contact."""
    return 0.0 if person.wrapped_up_at is None else (now - person.wrapped_up_at).total_seconds()
