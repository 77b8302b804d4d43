"""Other worlds: how far a small figure may lie from what it is, for who knows all that is shown.

In another world some contacts of a piece of time have another word, and as many of another piece
have changed the other way round, so that every figure shown stays. A word of which a table shows
none has none; one that it withholds has some. Each world found is a proof; there may be more of
them, which only means that more is withheld than need be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from contracts.vocabulary import ActivityKind


@dataclass(frozen=True)
class Piece:
    """A piece of time, by word of one kind."""

    counts: Mapping[str, tuple[int, ...]]  #: one for each revision
    told: Mapping[str, frozenset[int]]  #: editions that show the figure
    none: frozenset[str]  #: known to have none: an edition of the piece has a table without it
    some: frozenset[str]  #: an edition of the piece withholds it, and so has some
    veiled: bool  #: no edition of the piece has a table of this kind

    @cached_property
    def room(self) -> Mapping[str, int]:
        """How many contacts of a word may have another one; -1: none may have it either."""
        return {
            word: -1 if word in self.none else max(min(counts) - (word in self.some), 0)
            for word, counts in self.counts.items()
        }


#: One kind of figures, over all pieces.
Table = tuple[Piece, ...]
Tables = Mapping[ActivityKind, Table]


@dataclass(frozen=True)
class Figure:
    """A figure of 1 to k - 1, and how wide a range is left open."""

    kind: ActivityKind
    piece: int
    word: str
    width: int


def bare_figures(tables: Tables, shared: frozenset[str], k: int) -> Iterator[Figure]:
    """Small figures of which fewer than k are left open."""
    for kind in sorted(tables):
        for index, piece in enumerate(tables[kind]):
            if piece.veiled:
                continue
            for word, counts in piece.counts.items():
                if any(0 < count < k for count in counts):
                    width = width_of(tables, shared, Figure(kind, index, word, 0), k)
                    if width < k:
                        yield Figure(kind, index, word, width)


def width_of(tables: Tables, shared: frozenset[str], figure: Figure, k: int) -> int:
    """How far the figure may lie between its least and its most; k where it is more.

    What a word of several tables gains or loses, it does in each of them, in the same pieces.
    """
    word = figure.word
    kinds = sorted(tables) if word in shared else [figure.kind]
    movers = [
        _Mover(tables[kind], figure.piece, word, shared)
        for kind in kinds
        if word in tables[kind][figure.piece].counts
    ]
    up = _least([each.more(k if len(movers) == 1 else None) for each in movers])
    if up >= k:
        return k
    down = _least([each.fewer() for each in movers])
    return min(up + min(down, max(movers[0].here.room[word], 0)), k)


#: How many contacts may change, by the piece where others change the other way round; None: alone.
_Ways = Mapping[int | None, int]


def _least(ways: list[_Ways]) -> int:
    return sum(min(each.get(by, 0) for each in ways) for by in ways[0])


class _Mover:
    """Moves contacts of one piece to a word and from it."""

    def __init__(self, table: Table, at: int, word: str, shared: frozenset[str]) -> None:
        self._table = table
        self._at = at
        self._word = word
        self.here = table[at]
        #: Not the words of several tables: nothing moves them along elsewhere.
        self._others = [
            other
            for other, room in self.here.room.items()
            if other != word and room >= 0 and other not in shared
        ]

    def more(self, enough: int | None) -> _Ways:
        """How many contacts may be given the word; no more are looked for than `enough`."""
        here, word, ways = self.here, self._word, defaultdict[int | None, int](int)
        if here.room[word] < 0:
            return ways
        for other in self._others:
            if enough is not None and sum(ways.values()) >= enough:
                break
            left = here.room[other]
            if self._alone(other):
                ways[None] += left
                continue
            for by in self._alike(other):
                room = self._table[by].room
                moved = min(left, room[word] - ways[by]) if room[other] >= 0 else 0
                if moved > 0:
                    ways[by] += moved
                    left -= moved
        return ways

    def fewer(self) -> _Ways:
        """How many contacts that have the word may be given another; its own room is not asked."""
        word, ways = self._word, defaultdict[int | None, int](int)
        for other in self._others:
            if self._alone(other):
                ways[None] += max(self.here.room[word], 0)
                continue
            for by in self._alike(other):
                room = self._table[by].room
                if room[word] >= 0:
                    ways[by] += max(room[other], 0)
        return ways

    def _alone(self, other: str) -> bool:
        """Whether no edition of the piece shows either word: nothing need change elsewhere."""
        return not self.here.told[self._word] and not self.here.told[other]

    def _alike(self, other: str) -> Iterator[int]:
        """Other pieces that are counted by whatever edition shows one of the words here."""
        word, here = self._word, self.here
        for by, there in enumerate(self._table):
            if by == self._at or word not in there.counts or other not in there.counts:
                continue
            if there.told[word] == here.told[word] and there.told[other] == here.told[other]:
                yield by
