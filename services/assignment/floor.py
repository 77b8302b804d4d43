"""The floor kept in memory: the choices of `choice.choose`, from heaps and counts kept up to date.

One thread owns it. `decide` proposes and changes nothing; the owner commits the proposal, then
tells the floor what came of it by `person` and `leave`. The surprising thing: people are filed by
profile, and contacts by request class, so that a decision looks at kinds and not at rows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from contracts.vocabulary import LiveState
from services.assignment.choice import Pair, Rank, person_changes, propose
from services.assignment.crews import Crew, Filed, Fit, Heap, Line
from services.assignment.domain import (
    Alike,
    Decision,
    Forecast,
    Group,
    Outcome,
    PersonOnDuty,
    Proposal,
    Rules,
    Settled,
    WaitingContact,
    WayOutProposed,
)
from services.assignment.eligibility import (
    Profile,
    RequestClass,
    is_ready,
    profile_of,
    request_class,
    standing_changes,
    takes_new_until,
)
from services.assignment.nobody import Kind, kind_of, nobody_free
from services.assignment.pricing import (
    LineKey,
    Phase,
    Tariff,
    Traffic,
    alike_of,
    breadth_price,
    groups_of,
    is_proposable,
    last_of,
    line_key,
    phase_of,
    voice_key,
)

#: Kinds of free people among which the cheapest is looked for.
_FEW_CREWS = 8
#: Request classes remembered after their last contact has left.
FITS_KEPT = 4096


class _Moment(NamedTuple):
    """The prices of one look at the floor, and its time."""

    tariff: Tariff
    now: datetime


class _Fitting(NamedTuple):
    """Who of those free may take a line, and what serving it is worth."""

    crews: int  #: as bits
    worth: float
    sought: float  #: more than that, for one person


class Floor:
    """Everyone on duty and every contact that waits, of one programme."""

    def __init__(self, rules: Rules, forecast: Forecast | None = None) -> None:
        self.rules = rules
        self.forecast = forecast or Forecast()
        self._people: dict[str, PersonOnDuty] = {}
        self._waiting: dict[str, WaitingContact] = {}
        self._lines: dict[RequestClass, Line] = {}
        self._fits: dict[RequestClass, Fit] = {}
        self._line_of: dict[str, RequestClass] = {}
        self._crews: dict[Profile, Crew] = {}
        self._numbered: list[Crew] = []
        self._numbers: dict[tuple[object, ...], int] = {}
        self._crew_of: dict[str, Crew] = {}
        self._free = 0
        self._kind_of: dict[str, Kind] = {}
        self._kinds: dict[Kind, set[str]] = {}
        self._phase_of: dict[str, tuple[tuple[Group, ...], Alike, Phase]] = {}
        self._alike: Counter[tuple[Alike, Phase]] = Counter()
        self._listeners: Counter[tuple[Group, Phase]] = Counter()
        self._line_counts: Counter[LineKey] = Counter()
        self._proposable: Counter[LineKey] = Counter()
        self._voices: Counter[frozenset[str]] = Counter()
        self._unfiled: dict[str, Filed] = {}
        self._person_changes = Heap()
        self._contact_changes = Heap()
        self._lapses = Heap()

    # -- what happens on the floor

    def see(self, waiting: Iterable[WaitingContact], on_duty: Iterable[PersonOnDuty]) -> None:
        """Be as it was looked at: who is not among these has left; who is the same costs nothing.

        Whatever was proposed and taken back meanwhile is undone.
        """
        here = {contact.contact_id: contact for contact in waiting}
        for contact_id in [id for id in self._waiting if id not in here]:
            self.leave(contact_id)
        for contact_id, contact in here.items():
            if self._waiting.get(contact_id) != contact:
                self.join(contact)
        present = {person.person_id: person for person in on_duty}
        for person_id in [id for id in self._people if id not in present]:
            self.off_duty(person_id)
        for person_id, person in present.items():
            if self._people.get(person_id) is not person:
                self.person(person)

    @property
    def anybody_on_duty(self) -> bool:
        """Whether there is anyone at all."""
        return bool(self._people)

    @property
    def crews_formed(self) -> int:
        """How many profiles have been met; each costs a little memory for good."""
        return len(self._numbered)

    def person(self, person: PersonOnDuty) -> None:
        """A person came on duty or changed in any way; the same row again is harmless."""
        self._forget_person(person.person_id)
        self._people[person.person_id] = person
        self._unfiled[person.person_id] = person

    def off_duty(self, person_id: str) -> None:
        """A person left; unknown is harmless."""
        self._forget_person(person_id)

    def join(self, contact: WaitingContact) -> None:
        """A contact joined a line, again or changed; the same row again is harmless."""
        self.leave(contact.contact_id)
        self._waiting[contact.contact_id] = contact
        self._unfiled[contact.contact_id] = contact
        self._count(contact, 1)

    def leave(self, contact_id: str) -> None:
        """A contact no longer waits; unknown is harmless."""
        contact = self._waiting.pop(contact_id, None)
        if contact is None:
            return
        self._unfile_contact(contact_id)
        self._unfiled.pop(contact_id, None)
        self._count(contact, -1)

    def _count(self, contact: WaitingContact, more: int) -> None:
        voice = voice_key(contact, self.rules)
        if voice is not None:
            self._voices[voice] += more
            if not self._voices[voice]:
                del self._voices[voice]
        key = line_key(contact, self.rules)
        if key is None:
            return
        self._line_counts[key] += more
        self._proposable[key] += more * is_proposable(contact, self.rules)
        if not self._line_counts[key]:
            del self._line_counts[key]
            del self._proposable[key]

    def traffic(self) -> Traffic:
        """The counts of the moment; they go on counting."""
        return Traffic(
            self._listeners, self._alike, self._line_counts, self._proposable, self._voices
        )

    def phases(self) -> Counter[Phase]:
        """How many listeners are in which phase, as of the last decision."""
        return Counter(phase for *_, phase in self._phase_of.values())

    # -- the decision

    def decide(self, now: datetime) -> Proposal | WayOutProposed | Settled:
        """The worthiest offer to make at `now`, or when to look again. Takes nothing out."""
        self.catch_up(now)
        tariff = Tariff(self.rules, self.forecast, self.traffic())
        best = self._best_pair(tariff, now)
        if best is None:
            relieved = tariff.line_to_relieve()
            if relieved is None:
                return Settled(self._next_look_at())
            last = last_of(self._waiting.values(), relieved[0], self.rules)
            return WayOutProposed(last.contact_id, relieved[1], self.rules.rules_version)
        free = self._crews_among(self._fitting(self._lines[best.request]))
        return propose(best, tuple(crew.profile for crew in free), tariff)

    def decide_all(self, now: datetime) -> Decision:
        """Everything to propose at `now`, each taken as committed, then why nobody is free.

        The outcomes of `choice.choose`, as long as nothing else happens on the floor.
        """
        outcomes: list[Outcome] = []
        while not isinstance(outcome := self.decide(now), Settled):
            outcomes.append(outcome)
            if isinstance(outcome, Proposal):
                self.leave(outcome.contact_id)
                person = self._people[outcome.person_id]
                self.person(replace(person, state=LiveState.OFFERED))
            else:
                contact = self._waiting[outcome.contact_id]
                self.join(replace(contact, way_out_proposed=True))  # and waits on
        for line in self._lines.values():
            outcomes.append(nobody_free(line.fit.request, line.head(), self._kinds, self.rules))
        return Decision(tuple(outcomes), outcome.next_look_at)

    def is_anybody_free(self, now: datetime) -> bool:
        """Whether somebody free may take somebody who waits: only then do prices matter."""
        self.catch_up(now)
        return any(map(self._fitting, self._lines.values()))

    def _best_pair(self, tariff: Tariff, now: datetime) -> Pair | None:
        """The worthiest lines first, so that what cannot be better is soon left aside."""
        moment = _Moment(tariff, now)
        fitting = [
            (tariff.worth_of_serving(line.fit.turn), line, bits)
            for line in self._lines.values()
            if (bits := self._fitting(line))
        ]
        fitting.sort(key=lambda one: -one[0])
        least = self._least_keep_price(tariff) if len(fitting) > 1 else 0.0
        best: tuple[Rank, Pair] | None = None
        for worth, line, bits in fitting:
            sought = self.rules.sought_worth if line.fit.request.sought is not None else 0.0
            if best is None or worth - least + sought >= -best[0][0]:
                best = self._better(best, line, _Fitting(bits, worth, sought), moment)
        return best[1] if best else None

    def _least_keep_price(self, tariff: Tariff) -> float:
        """What giving anybody who is free costs at the least; not looked for among many."""
        if self._free.bit_count() > _FEW_CREWS:
            return 0.0
        crews = self._crews_among(self._free)
        return min(tariff.reserve_price(crew.profile) + crew.breadth_price for crew in crews)

    def _better(
        self,
        best: tuple[Rank, Pair] | None,
        line: Line,
        fitting: "_Fitting",
        moment: "_Moment",
    ) -> tuple[Rank, Pair] | None:
        """The best pair so far, or a better one of this line; kinds that cannot be are skipped."""
        tariff, request, contact = moment.tariff, line.fit.request, line.head()
        crews, worth, at_most = fitting
        reserves: dict[int, float] = {}
        for crew in self._crews_among(crews):
            reserve = reserves.get(crew.speech)
            if reserve is None:
                reserve = reserves[crew.speech] = tariff.reserve_price(crew.profile)
            fixed = worth - line.fit.misfits[crew.number] - (reserve + crew.breadth_price)
            if best is not None and fixed + at_most < -best[0][0]:
                continue
            if tariff.is_held(request, crew.profile):
                continue
            for person in self._candidates(request, contact, crew, crews):
                pair = Pair(request, contact, crew.profile, person)
                rank = pair.rank(pair.worth(fixed, tariff, moment.now))
                if best is None or rank < best[0]:
                    best = (rank, pair)
        return best

    def _candidates(
        self, request: RequestClass, contact: WaitingContact, crew: Crew, fitting: int
    ) -> Iterable[PersonOnDuty]:
        """Who of this crew can be best; where someone declined, which is rare, all are seen."""
        if not request.declined_by:
            sought = crew.people.get(request.sought) if request.sought else None
            return [*crew.candidates(contact.region), *([sought] if sought else ())]
        others = [p for p in crew.people.values() if p.person_id not in request.declined_by]
        if others or not request.standing.ask_again:
            return others
        anyone_else = any(
            person_id not in request.declined_by
            for other in self._crews_among(fitting)
            for person_id in other.people
        )
        return [] if anyone_else else list(crew.people.values())

    def _fitting(self, line: Line) -> int:
        """Crews with somebody free that may take this class, as bits."""
        if len(line.fit.misfits) < len(self._numbered):
            line.fit.extend(self._numbered, self.rules)
        return line.fit.bits & self._free

    def _crews_among(self, bits: int) -> Iterator[Crew]:
        while bits:
            lowest = bits & -bits
            yield self._numbered[lowest.bit_length() - 1]
            bits ^= lowest

    def _next_look_at(self) -> datetime | None:
        if not self._waiting:
            return None
        rows = (
            self._contact_changes.top_key(self._waiting),
            self._person_changes.top_key(self._people),
        )
        return min((at for at in rows if at is not None), default=None)

    # -- filing

    def catch_up(self, now: datetime) -> None:
        """File what changed since the last decision, and what time alone has changed."""
        for row in self._due(self._contact_changes, self._waiting, now):
            self._unfiled[row.contact_id] = row
        for heap in (self._person_changes, self._lapses):
            for row in self._due(heap, self._people, now):
                self._unfiled[row.person_id] = row
        for row in self._unfiled.values():
            if isinstance(row, PersonOnDuty):
                self._file_person(row, now)
            else:
                self._file_contact(row, now)
        self._unfiled.clear()

    @staticmethod
    def _due(heap: Heap, alive: dict[str, Any], now: datetime) -> Iterable[Any]:
        while (at := heap.top_key(alive)) is not None and at <= now:
            yield heap.pop()

    def _file_person(self, person: PersonOnDuty, now: datetime) -> None:
        self._unfile_person(person.person_id)
        phase = phase_of(person, now, self.rules)
        if phase is not None:
            groups = groups_of(person, self.rules)
            alike = alike_of(person)
            self._phase_of[person.person_id] = (groups, alike, phase)
            self._alike[alike, phase] += 1
            for group in groups:
                self._listeners[group, phase] += 1
        if is_ready(person, now, self.rules):
            crew = self._crew(profile_of(person, now, self.rules))
            crew.add(person)
            self._crew_of[person.person_id] = crew
            self._free |= crew.bit
        for at in person_changes(person, self.rules):
            if at > now:
                self._person_changes.push(at, person.person_id, person)
        kind = self._kind_of[person.person_id] = kind_of(person, now, self.rules)
        self._kinds.setdefault(kind, set()).add(person.person_id)
        goes_at = takes_new_until(person, self.rules)
        for end in (person.valid_until, person.rest_until, goes_at):
            if end is not None and end > now:
                self._lapses.push(end, person.person_id, person)

    def _crew(self, profile: Profile) -> Crew:
        crew = self._crews.get(profile)
        if crew is None:
            crew = Crew(profile, len(self._numbered))
            crew.kind = self._number((profile._replace(series=0),))
            crew.speech = self._number(
                (profile.languages, profile.topics, profile.roles, profile.level)
            )
            crew.breadth_price = breadth_price(profile, self.rules)
            self._crews[profile] = crew
            self._numbered.append(crew)
        return crew

    def _number(self, kind: tuple[object, ...]) -> int:
        return self._numbers.setdefault(kind, len(self._numbers))

    def _unfile_person(self, person_id: str) -> None:
        filed = self._phase_of.pop(person_id, None)
        if filed is not None:
            groups, alike, phase = filed
            self._alike[alike, phase] -= 1
            if not self._alike[alike, phase]:
                del self._alike[alike, phase]
            for group in groups:
                self._listeners[group, phase] -= 1
        crew = self._crew_of.pop(person_id, None)
        if crew is not None:
            crew.remove(crew.people[person_id])
            if not crew.people:
                self._free &= ~crew.bit
        kind = self._kind_of.pop(person_id, None)
        if kind is not None:
            self._kinds[kind].remove(person_id)
            if not self._kinds[kind]:
                del self._kinds[kind]

    def _forget_person(self, person_id: str) -> None:
        self._unfile_person(person_id)
        self._unfiled.pop(person_id, None)
        self._people.pop(person_id, None)

    def _file_contact(self, contact: WaitingContact, now: datetime) -> None:
        self._unfile_contact(contact.contact_id)
        request = request_class(contact, now, self.rules)
        self._line_of[contact.contact_id] = request
        if request not in self._lines:
            self._lines[request] = Line(self._fit(request))
        self._lines[request].add(contact)
        for at in standing_changes(contact, self.rules):
            if at > now:
                self._contact_changes.push(at, contact.contact_id, contact)

    def _fit(self, request: RequestClass) -> Fit:
        if request not in self._fits:
            if len(self._fits) >= FITS_KEPT:
                self._fits.clear()
            self._fits[request] = Fit(request, self.rules)
        return self._fits[request]

    def _unfile_contact(self, contact_id: str) -> None:
        request = self._line_of.pop(contact_id, None)
        if request is None:
            return
        line = self._lines[request]
        del line.contacts[contact_id]
        if not line.contacts:
            del self._lines[request]
