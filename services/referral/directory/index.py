"""The rows of the directory that a search looks at, and which of them serve a need at a place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from contracts.vocabulary import Need
from services.referral.directory.relay import Relay, Status
from services.referral.lists.hsds import replacement_of


class Directory:
    """Rows, and which of them serve a need at a place.

    `serves`: the needs each serves, with those of closed ones it stands in for; found out from the
    rows themselves where it is not told.
    """

    def __init__(
        self, relays: Iterable[Relay], serves: Mapping[str, frozenset[Need]] | None = None
    ) -> None:
        self.relays = tuple(relays)
        self.by_slug: Mapping[str, Relay] = {relay.slug: relay for relay in self.relays}
        self._serves = _served(self.by_slug) if serves is None else serves
        active = [relay for relay in self.relays if relay.status is Status.ACTIVE]
        self._serving: dict[Need, list[Relay]] = defaultdict(list)
        for relay in active:
            for need in self._serves[relay.slug]:
                self._serving[need].append(relay)

    def serving(self, need: Need, country: str, departement: str | None) -> Iterator[Relay]:
        """Rows that serve a need at a place, each once."""
        rows = self._serving.get(need, ())
        return (row for row in rows if row.covers(country, departement))

    def replaces(self, relay: Relay, need: Need) -> bool:
        """Whether a row serves a need only in place of one that is closed."""
        return need not in relay.needs and need in self._serves.get(relay.slug, ())

    def with_row(self, relay: Relay) -> Directory:
        """The directory with one row as it is known now."""
        return Directory(relay if each.slug == relay.slug else each for each in self.relays)


def _served(by_slug: Mapping[str, Relay]) -> Mapping[str, frozenset[Need]]:
    serves = {slug: frozenset(relay.needs) for slug, relay in by_slug.items()}
    for relay in by_slug.values():
        follower = replacement_of(relay, by_slug)
        if follower is not None and relay.status is not Status.ACTIVE:
            serves[follower.slug] |= frozenset(relay.needs)
    return serves
