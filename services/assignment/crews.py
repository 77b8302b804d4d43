"""What the floor keeps: the lines of contacts, the crews of people, and heaps that forget the dead.

A line holds the contacts of one request class, a crew the ready people of one profile. The
surprising thing: rows are taken out lazily, when they come up and are no longer the living ones.
"""

from collections.abc import Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import Any, TypeAlias

from services.assignment.domain import PersonOnDuty, Rules, WaitingContact
from services.assignment.eligibility import Profile, RequestClass, may_take
from services.assignment.pricing import misfit, turn_of

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


class Fit:
    """Which crews may take a request class, and at what misfit; kept while the class comes back."""

    def __init__(self, request: RequestClass, rules: Rules) -> None:
        self.request = request
        self.turn = turn_of(request, rules)
        self.bits = 0  #: crews that may take it
        self.misfits: list[float] = []  #: by crew number, as far as crews have been looked at
        self._by_kind: dict[int, float | None] = {}

    def extend(self, crews: list["Crew"], rules: Rules) -> None:
        """Look at the crews formed since; None as misfit = forbidden."""
        for crew in crews[len(self.misfits) :]:
            if crew.kind not in self._by_kind:
                permitted = may_take(self.request, crew.profile, rules)
                price = misfit(self.request, crew.profile, rules) if permitted else None
                self._by_kind[crew.kind] = price
            price = self._by_kind[crew.kind]
            self.misfits.append(price or 0.0)
            if price is not None:
                self.bits |= crew.bit


class Line:
    """The contacts of one request class, first come first."""

    def __init__(self, fit: Fit) -> None:
        self.fit = fit
        self.contacts: dict[str, WaitingContact] = {}
        self._heap = Heap()

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
        self.number = number
        self.bit = 1 << number
        self.kind = 0  #: number of the profile but for its series: all that hard rules look at
        self.speech = 0  #: number of all that prices of keeping back look at
        self.breadth_price = 0.0
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
