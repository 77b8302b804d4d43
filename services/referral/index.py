"""The rows of the directory, and where to find those that serve a need at a place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from contracts.vocabulary import Need
from services.referral.hsds import replacement_of
from services.referral.relay import Relay, Status


class Directory:
    """The rows, and where to find those that serve a need at a place."""

    def __init__(self, relays: Iterable[Relay]) -> None:
        self.relays = tuple(relays)
        self.by_slug: Mapping[str, Relay] = {relay.slug: relay for relay in self.relays}
        self._instead: dict[str, frozenset[Need]] = defaultdict(frozenset)
        for relay in self.relays:
            follower = replacement_of(relay, self.by_slug)
            if follower is not None and not _active(relay):
                self._instead[follower.slug] |= frozenset(relay.needs)
        places: dict[tuple[Need, str, str | None], dict[str, Relay]] = defaultdict(dict)
        for relay in filter(_active, self.relays):
            for need in self._served(relay):
                for area in relay.areas:
                    for departement in area.departements or (None,):
                        places[need, area.country, departement][relay.slug] = relay
        self._places = {key: tuple(rows.values()) for key, rows in places.items()}

    def serving(self, need: Need, country: str, departement: str | None) -> Iterator[Relay]:
        """Rows that serve a need at a place, each once: national ones, then those of it alone."""
        yield from self._places.get((need, country, None), ())
        if departement is not None:
            yield from self._places.get((need, country, departement), ())

    def replaces(self, relay: Relay, need: Need) -> bool:
        """Whether a row serves a need only in place of one that is closed."""
        return need not in relay.needs and need in self._instead.get(relay.slug, ())

    def with_row(self, relay: Relay) -> Directory:
        """The directory with one row as it is known now."""
        return Directory(relay if each.slug == relay.slug else each for each in self.relays)

    def _served(self, relay: Relay) -> frozenset[Need]:
        return frozenset(relay.needs) | self._instead.get(relay.slug, frozenset())


def _active(relay: Relay) -> bool:
    return relay.status is Status.ACTIVE
