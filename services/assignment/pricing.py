"""What it is worth to give this contact to that person now, in points, all numbers from the rules.

worth = loss of waiting for the next person who could - misfit - price of keeping the person back
- price of rest used up. The surprising thing: the loss does not grow with the time already waited
(patience has no memory here); order within a request class is first come, first served anyway.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from math import exp

from contracts.vocabulary import LiveState, Role, Stage
from services.assignment.domain import Forecast, Group, PersonOnDuty, Rules, WaitingContact
from services.assignment.eligibility import (
    Profile,
    RequestClass,
    is_accredited_for,
    is_ready,
    is_trained_for,
)


class Phase(IntEnum):
    """How soon a person on duty can take a contact."""

    FREE = 0
    WRAPPING_UP = 1
    RESTING = 2
    BUSY = 3


def phase_of(person: PersonOnDuty, now: datetime) -> Phase | None:
    """The phase of a listener at `now`; None for who takes nothing of the listening line."""
    if Role.LISTENER not in person.roles or person.valid_until <= now:
        return None
    if is_ready(person, now):
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
    levels = (False, True) if accredited else (False,)
    return tuple(Group(g, a) for g in sorted(person.languages) for a in levels)


@dataclass(frozen=True, slots=True)
class Traffic:
    """How many listeners are in which phase, and how many contacts wait, by group; all counts."""

    listeners: Mapping[tuple[Group, Phase], int]
    #: Waiting listeners' contacts by (languages, at risk).
    line: Mapping[tuple[frozenset[str], bool], int]


def line_key(contact: WaitingContact, rules: Rules) -> tuple[frozenset[str], bool] | None:
    """Where a contact counts in `Traffic.line`; None in the first waiting line."""
    if contact.stage is Stage.REGULATOR:
        return None
    languages = contact.languages or rules.default_languages
    return (languages, contact.band >= rules.accredited_from_band)


def traffic_of(
    waiting: tuple[WaitingContact, ...],
    people: tuple[PersonOnDuty, ...],
    now: datetime,
    rules: Rules,
) -> Traffic:
    """Count everyone from scratch."""
    listeners: Counter[tuple[Group, Phase]] = Counter()
    for person in people:
        phase = phase_of(person, now)
        if phase is not None:
            listeners.update((group, phase) for group in groups_of(person, rules))
    line = Counter(key for c in waiting if (key := line_key(c, rules)) is not None)
    return Traffic(listeners, line)


class Tariff:
    """The prices of one moment; every method is pure, and remembered while the moment lasts."""

    def __init__(self, rules: Rules, forecast: Forecast, traffic: Traffic) -> None:
        self.rules = rules
        self.forecast = forecast
        self.traffic = traffic
        self._losses: dict[tuple[int, frozenset[str]], float] = {}
        self._keeps: dict[tuple[frozenset[str], bool], float] = {}

    def loss(self, band: int, wait_seconds: float) -> float:
        """Expected loss of letting a caller of this band wait so much longer, in points."""
        prices, patience = self.rules.prices, self.rules.patience_seconds
        per_second = prices.wait_per_minute[band] / 60 + prices.abandoned[band] / patience
        return per_second * patience * (1 - exp(-wait_seconds / patience))

    def returns_per_second(self, group: Group) -> float:
        """Rate at which listeners of the group come back, were one more given a contact now."""
        rules, count = self.rules, self.traffic.listeners
        resting_seconds = (rules.wrap_up_seconds + rules.break_seconds) / 2
        return (
            (count.get((group, Phase.BUSY), 0) + 1) / rules.contact_seconds
            + count.get((group, Phase.WRAPPING_UP), 0) / rules.wrap_up_seconds
            + count.get((group, Phase.RESTING), 0) / resting_seconds
        )

    def wait_seconds(self, languages: frozenset[str], at_risk: bool) -> float:
        """Expected wait for the next listener, behind all who compete for the same ones."""
        ahead = sum(
            n
            for (others, others_at_risk), n in self.traffic.line.items()
            if (others_at_risk or not at_risk) and not others.isdisjoint(languages)
        )
        rate = max(self.returns_per_second(Group(g, at_risk)) for g in languages)
        return max(ahead, 1) / rate

    def loss_of_waiting(self, band: int, languages: frozenset[str]) -> float:
        """What is lost if this class of callers waits for the next listener instead."""
        key = (band, languages)
        if key not in self._losses:
            at_risk = band >= self.rules.accredited_from_band
            self._losses[key] = self.loss(band, self.wait_seconds(languages, at_risk))
        return self._losses[key]

    def misfit(self, request: RequestClass, profile: Profile) -> float:
        """Price of the soft rules this pair breaks."""
        prices = self.rules.prices
        price = 0.0
        if not is_trained_for(request, profile):
            price += prices.topic_mismatch
        if not is_accredited_for(request, profile, self.rules):
            price += prices.level_mismatch
        return price

    def keep_price(self, profile: Profile) -> float:
        """Price of having one listener of this profile less until the next one comes back."""
        if Role.LISTENER not in profile.roles:
            return 0.0
        accredited = profile.level >= self.rules.accredited_from_band
        key = (profile.languages, accredited)
        if key not in self._keeps:
            groups = (Group(g, True) for g in sorted(profile.languages) if accredited)
            self._keeps[key] = sum(self._group_price(group) for group in groups)
        breadth = len(profile.topics) + 2 * len(profile.languages) + 3 * accredited
        return self._keeps[key] + self.rules.versatility * breadth

    def _group_price(self, group: Group) -> float:
        """Chance that all free listeners of the group are used up, times what that loses."""
        arrivals = self.forecast.arrivals_per_second.get(group, 0.0)
        if arrivals == 0:
            return 0.0
        returns = self.returns_per_second(group)
        used_up = arrivals / (arrivals + returns)
        free = self.traffic.listeners.get((group, Phase.FREE), 0)
        lost = self.loss(self.rules.accredited_from_band, 1 / returns)
        return self.rules.hold_back * used_up**free * lost

    def rest_price(self, series: int, idle: float) -> float:
        """Price of a contact that brings a break nearer, or spoils a pause soon long enough."""
        if series == 0:
            return 0.0
        used = series / self.rules.consecutive_contacts_max
        return self.rules.rest_saving * (used + idle / self.rules.break_seconds)

    def is_held(self, request: RequestClass, worth: float) -> bool:
        """Whether it is better to keep the person: never against risk, never in the first line."""
        if request.stage is Stage.REGULATOR:
            return False
        return worth <= 0 and request.band < self.rules.accredited_from_band

    def worth(self, request: RequestClass, profile: Profile, idle: float) -> float:
        """Points gained by such a pair now, `idle` seconds after a wrap-up; negative = dearer."""
        return (
            self.loss_of_waiting(request.band, request.languages)
            - self.misfit(request, profile)
            - self.keep_price(profile)
            - self.rest_price(profile.series, idle)
        )


def idle_seconds(person: PersonOnDuty, now: datetime) -> float:
    """Seconds since the last wrap-up ended; 0 before the first contact."""
    return 0.0 if person.wrapped_up_at is None else (now - person.wrapped_up_at).total_seconds()
