"""The floor kept in memory: the choices of `choice.choose`, from heaps and counts kept up to date.

One thread owns it. `decide` proposes and changes nothing; the owner commits the proposal, then
tells the floor what came of it by `person` and `leave`. The surprising thing: people are filed by
profile, and contacts by request class, so that a decision looks at kinds and not at rows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import Any, TypeAlias

from services.assignment.choice import Pair, Rank, person_changes, propose
from services.assignment.domain import (
    Forecast,
    Group,
    PersonOnDuty,
    Proposal,
    Rules,
    Settled,
    WaitingContact,
)
from services.assignment.eligibility import (
    Profile,
    RequestClass,
    is_ready,
    may_take,
    profile_of,
    request_class,
    standing_changes,
)
from services.assignment.pricing import Phase, Tariff, Traffic, groups_of, line_key, phase_of

Filed: TypeAlias = WaitingContact | PersonOnDuty


class Heap:
    """A heap of rows whose dead ones are dropped when they come up."""

    def __init__(self) -> None:
        self._entries: list[tuple[Any, int, str, Filed]] = []
        self._pushed = 0  #: makes entries differ, so that rows are never compared

    def push(self, key: object, row_id: str, row: Filed) -> None:
        """Add a row; keys of one heap compare with each other."""
        self._pushed += 1
        heappush(self._entries, (key, self._pushed, row_id, row))

    def top(self, alive: dict[str, Any]) -> Any:
        """The row with the smallest key among those alive (same id, same object); None = empty."""
        return self._entries[0][3] if self._settle(alive) else None

    def top_key(self, alive: dict[str, Any]) -> Any:
        """The smallest key among the rows alive; None = empty."""
        return self._entries[0][0] if self._settle(alive) else None

    def pop(self) -> Filed:
        """Take out the row last seen on top."""
        return heappop(self._entries)[3]

    def _settle(self, alive: dict[str, Any]) -> bool:
        """Drop the dead from the top, and all of them when they outnumber the living by far."""
        entries = self._entries
        if len(entries) > 64 and len(entries) > 16 * len(alive):
            entries = self._entries = [e for e in entries if alive.get(e[2]) is e[3]]
            heapify(entries)
        while entries and alive.get(entries[0][2]) is not entries[0][3]:
            heappop(entries)
        return bool(entries)


class Line:
    """The contacts of one request class, first come first."""

    def __init__(self) -> None:
        self.contacts: dict[str, WaitingContact] = {}
        self._heap = Heap()
        self.fitting = 0  #: crews that may take this class, as bits
        self.crews_seen = 0  #: crews numbered below this are decided in `fitting`

    def add(self, contact: WaitingContact) -> None:
        """File a contact."""
        self.contacts[contact.contact_id] = contact
        self._heap.push(contact.place, contact.contact_id, contact)

    def head(self) -> WaitingContact:
        """The contact to serve first."""
        head: WaitingContact = self._heap.top(self.contacts)
        return head


class Crew:
    """The ready people of one profile, and who among them is next."""

    def __init__(self, profile: Profile, number: int) -> None:
        self.profile = profile
        self.bit = 1 << number
        self.people: dict[str, PersonOnDuty] = {}
        self._heap = Heap()
        self._heaps: dict[str, Heap] = {}
        self._regions: dict[str, dict[str, PersonOnDuty]] = {}

    def add(self, person: PersonOnDuty) -> None:
        """File a person."""
        key = self._order(person)
        self.people[person.person_id] = person
        self._heap.push(key, person.person_id, person)
        self._regions.setdefault(person.region, {})[person.person_id] = person
        self._heaps.setdefault(person.region, Heap()).push(key, person.person_id, person)

    def remove(self, person: PersonOnDuty) -> None:
        """Take a person out."""
        del self.people[person.person_id]
        del self._regions[person.region][person.person_id]

    def candidates(self, region: str) -> Iterator[PersonOnDuty]:
        """Who can be best for a caller of this region: the first of all, and of the region."""
        first: PersonOnDuty = self._heap.top(self.people)
        yield first
        if first.region != region and self._regions.get(region):
            yield self._heaps[region].top(self._regions[region])

    def _order(self, person: PersonOnDuty) -> tuple[float, datetime, str]:
        """Within a profile: least rest spoiled (latest wrap-up), then longest ready."""
        series, wrapped_up = self.profile.series, person.wrapped_up_at
        latest_first = -wrapped_up.timestamp() if series and wrapped_up else 0.0
        return (latest_first, person.ready_since, person.person_id)


class Floor:
    """Everyone on duty and every contact that waits, of one programme."""

    def __init__(self, rules: Rules, forecast: Forecast | None = None) -> None:
        self.rules = rules
        self.forecast = forecast or Forecast()
        self._people: dict[str, PersonOnDuty] = {}
        self._waiting: dict[str, WaitingContact] = {}
        self._lines: dict[RequestClass, Line] = {}
        self._line_of: dict[str, RequestClass] = {}
        self._crews: dict[Profile, Crew] = {}
        self._numbered: list[Crew] = []
        self._crew_of: dict[str, Crew] = {}
        self._free = 0
        self._phase_of: dict[str, tuple[tuple[Group, ...], Phase]] = {}
        self._listeners: Counter[tuple[Group, Phase]] = Counter()
        self._line_counts: Counter[tuple[frozenset[str], bool]] = Counter()
        self._unfiled: dict[str, Filed] = {}
        self._person_changes = Heap()
        self._contact_changes = Heap()
        self._lapses = Heap()

    # -- what happens on the floor

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
        key = line_key(contact, self.rules)
        if key is not None:
            self._line_counts[key] += 1

    def leave(self, contact_id: str) -> None:
        """A contact no longer waits; unknown is harmless."""
        contact = self._waiting.pop(contact_id, None)
        if contact is None:
            return
        self._unfile_contact(contact_id)
        self._unfiled.pop(contact_id, None)
        key = line_key(contact, self.rules)
        if key is not None:
            self._line_counts[key] -= 1
            if not self._line_counts[key]:
                del self._line_counts[key]

    # -- the decision

    def decide(self, now: datetime) -> Proposal | Settled:
        """The worthiest offer to make at `now`, or when to look again. Takes nothing out."""
        self._catch_up(now)
        tariff = Tariff(self.rules, self.forecast, Traffic(self._listeners, self._line_counts))
        best = self._best_pair(tariff, now)
        if best is None:
            return Settled(self._next_look_at())
        free = self._crews_among(self._fitting(best.request, self._lines[best.request]))
        return propose(best, (crew.profile for crew in free), tariff)

    def _best_pair(self, tariff: Tariff, now: datetime) -> Pair | None:
        best: tuple[Rank, Pair] | None = None
        for request, line in self._lines.items():
            fitting = self._fitting(request, line)
            if not fitting:
                continue
            contact = line.head()
            for pair in self._pairs_of(request, contact, fitting):
                worth = pair.worth(tariff, now)
                if tariff.is_held(request, worth):
                    continue
                rank = pair.rank(worth)
                if best is None or rank < best[0]:
                    best = (rank, pair)
        return best[1] if best else None

    def _pairs_of(
        self, request: RequestClass, contact: WaitingContact, fitting: int
    ) -> Iterator[Pair]:
        if request.declined_by:
            yield from self._pairs_but_declined(request, contact, fitting)
            return
        for crew in self._crews_among(fitting):
            for person in crew.candidates(contact.region):
                yield Pair(request, contact, crew.profile, person)

    def _pairs_but_declined(
        self, request: RequestClass, contact: WaitingContact, fitting: int
    ) -> Iterator[Pair]:
        """Rare, so rows are looked at one by one."""
        pairs = [
            Pair(request, contact, crew.profile, person)
            for crew in self._crews_among(fitting)
            for person in crew.people.values()
        ]
        others = [p for p in pairs if p.person.person_id not in contact.declined_by]
        yield from others or (pairs if request.standing.ask_again else [])

    def _fitting(self, request: RequestClass, line: Line) -> int:
        """Crews with somebody free that may take this class, as bits."""
        while line.crews_seen < len(self._numbered):
            crew = self._numbered[line.crews_seen]
            line.crews_seen += 1
            if may_take(request, crew.profile, self.rules):
                line.fitting |= crew.bit
        return line.fitting & self._free

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

    def _catch_up(self, now: datetime) -> None:
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
        phase = phase_of(person, now)
        if phase is not None:
            groups = groups_of(person, self.rules)
            self._phase_of[person.person_id] = (groups, phase)
            for group in groups:
                self._listeners[group, phase] += 1
        if is_ready(person, now):
            crew = self._crew(profile_of(person, now, self.rules))
            crew.add(person)
            self._crew_of[person.person_id] = crew
            self._free |= crew.bit
        for at in person_changes(person, self.rules):
            if at > now:
                self._person_changes.push(at, person.person_id, person)
        if person.valid_until > now:
            self._lapses.push(person.valid_until, person.person_id, person)

    def _crew(self, profile: Profile) -> Crew:
        crew = self._crews.get(profile)
        if crew is None:
            crew = self._crews[profile] = Crew(profile, len(self._numbered))
            self._numbered.append(crew)
        return crew

    def _unfile_person(self, person_id: str) -> None:
        groups, phase = self._phase_of.pop(person_id, ((), Phase.FREE))
        for group in groups:
            self._listeners[group, phase] -= 1
        crew = self._crew_of.pop(person_id, None)
        if crew is not None:
            crew.remove(crew.people[person_id])
            if not crew.people:
                self._free &= ~crew.bit

    def _forget_person(self, person_id: str) -> None:
        self._unfile_person(person_id)
        self._unfiled.pop(person_id, None)
        self._people.pop(person_id, None)

    def _file_contact(self, contact: WaitingContact, now: datetime) -> None:
        self._unfile_contact(contact.contact_id)
        request = request_class(contact, now, self.rules)
        self._line_of[contact.contact_id] = request
        if request not in self._lines:
            self._lines[request] = Line()
        self._lines[request].add(contact)
        for at in standing_changes(contact, self.rules):
            if at > now:
                self._contact_changes.push(at, contact.contact_id, contact)

    def _unfile_contact(self, contact_id: str) -> None:
        request = self._line_of.pop(contact_id, None)
        if request is None:
            return
        line = self._lines[request]
        del line.contacts[contact_id]
        if not line.contacts:
            del self._lines[request]
