"""What of a line's activity is shared with federations, observatory and board: aggregates, k >= 10.

**Who is kept out.** Somebody who holds every edition ever published of a line (of any day, week,
month, quarter or year, first or revised), knows this method, adds and subtracts whatever they like
and knows which counts are none. They may learn how many contacts there were. Of a figure withheld
because it counts 1 to 9 they may not learn that it is no larger.

**What is published.** Whole periods that are over, from counts of days that are frozen when a day
is first published: a month and its weeks are about the same contacts. In each table the figures of
`k` and more. None is not withheld: it is a figure of nobody, and who knows a line knows that it has
no chat. All else is withheld; a table without any figure left is not there at all.

**What is tried before.** Days are joined into *pieces* that no two editions tell apart; a month
less its weeks leaves some.

- Every piece has no contact or at least `k`, so that no difference of totals is a small one. The
  totals of weekdays are totals of such pieces too.
- For every figure of 1 to 9 of every piece of a table *other worlds* are looked for: contacts
  change their words so that every figure of every edition, the total of every day, and what is
  known to be none, stay as they are. Between the least and the most the figure is in them must
  lie `k`. Each world proves that the figure cannot be worked out. Where too few are found, the new
  edition withholds one figure more, until there are enough or its table is gone.
- A sum with such a figure among its parts is no smaller than that part may be, and so is safe too.

**A revised edition** shows nothing that moved by fewer than `k`: in every piece each figure shown,
what is left of its table, and the total, are as they were or moved by `k` since each edition
before. In another world contacts change their words in every revision alike.

**What is left to the reader.** Tables are held apart but for the words they share: who knows from
elsewhere that messages alone are answered in writing may narrow one by the other. `just report` is
for a line's own board and not counted as published; the same hands should not have both.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from contracts.vocabulary import ActivityKind
from services.quality.worlds import Piece, Table, bare_figures

#: Smallest count that is shown.
SMALLEST_SHOWN = 10

#: Words that mean the same contacts in every table they are in, and are shown or withheld in all.
SHARED = frozenset({"abandoned", "unanswered", "not_said"})

#: Counts of a day by kind and word; what is none may be left out.
DayCounts = Mapping[ActivityKind, Mapping[str, int]]
#: By day: its counts as frozen first, then as frozen again by each revision.
Frozen = Mapping[date, Sequence[DayCounts]]
Shown = Mapping[ActivityKind, frozenset[str]]

#: Each tells all contacts of a day apart.
_OF_CONTACTS = tuple(
    kind for kind in ActivityKind if kind not in {ActivityKind.WEEKDAY, ActivityKind.RELAY_OUTCOME}
)


@dataclass(frozen=True)
class Published:
    """What an edition shows; of a word that is not shown there is none, or it is withheld."""

    days: frozenset[date]  #: that it counts
    number: int = 1  #: 1: the first; more: revised
    shown: Shown = field(default_factory=dict)

    def shows(self, kind: ActivityKind) -> frozenset[str]:
        """Words of a kind whose figures are shown."""
        return self.shown.get(kind, frozenset())


@dataclass(frozen=True)
class Figures:
    """An edition about to be published."""

    published: Published
    contacts: int
    tables: Mapping[ActivityKind, Mapping[str, int | None]]  #: None is withheld
    left_out: frozenset[date]  #: days not counted: all together fewer than k contacts


class Withheld(StrEnum):
    """Why there is no edition of a period."""

    TOO_FEW = "too_few"  #: fewer than k contacts
    TOO_SMALL_A_DIFFERENCE = "too_small_a_difference"  #: its total would uncover fewer than k
    NOTHING_MOVED = "nothing_moved"  #: a revised edition would say what the last one says


def share(
    frozen: Frozen, before: Sequence[Published], days: Collection[date], number: int = 1
) -> Figures | Withheld:
    """Decide what an edition of these days shows, beside all that was published before.

    `frozen` has the days of all of them. Days no edition has counted are left out when they would
    be uncovered by the total of the others.
    """
    whole, k = frozenset(days), SMALLEST_SHOWN
    fresh = whole.difference(*(each.days for each in before))
    few = fresh if 0 < _total(frozen, fresh, number) < k else frozenset[date]()
    for left_out in (frozenset[date](), few):
        candidate = Published(whole - left_out, number)
        if _total(frozen, candidate.days, number) < k:
            return Withheld.TOO_FEW
        beside = _that_touch(before, candidate)
        if _totals_are_safe(frozen, [*beside, candidate], k):
            return _Deciding(frozen, beside, candidate, k).figures(left_out)
    return Withheld.TOO_SMALL_A_DIFFERENCE


def _that_touch(before: Sequence[Published], new: Published) -> list[Published]:
    """Editions with a day of the new one, or of one that has, and so on: no other tells of it."""
    days, touching = set(new.days), list[Published]()
    while found := [
        each for each in before if each not in touching and not days.isdisjoint(each.days)
    ]:
        touching += found
        days.update(*(each.days for each in found))
    return touching


def counts_in(frozen: Frozen, day: date, number: int, kind: ActivityKind) -> Mapping[str, int]:
    """Counts of a day as editions of this number have them."""
    kept = frozen[day]
    return kept[min(number, len(kept)) - 1].get(kind, {})


def _sums(frozen: Frozen, days: Iterable[date], number: int, kind: ActivityKind) -> dict[str, int]:
    if kind is ActivityKind.WEEKDAY:
        by_day: Counter[str] = Counter()
        for day in days:
            by_day[WEEKDAYS[day.weekday()]] += _total(frozen, (day,), number)
        return {word: by_day[word] for word in WEEKDAYS if by_day[word]}
    summed: Counter[str] = Counter()
    for day in days:
        summed.update(counts_in(frozen, day, number, kind))
    return {word: summed[word] for word in sorted(summed) if summed[word]}


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


# --- totals ---------------------------------------------------------------------------------------


def _total(
    frozen: Frozen,
    days: Iterable[date],
    number: int,
    kind: ActivityKind = ActivityKind.CHANNEL,
) -> int:
    """How many contacts the days have: every one has one channel."""
    return sum(sum(counts_in(frozen, day, number, kind).values()) for day in days)


def _totals_are_safe(
    frozen: Frozen,
    editions: Sequence[Published],
    k: int,
    kind: ActivityKind = ActivityKind.CHANNEL,
) -> bool:
    """Whether each piece of what is told of totals has none or at least k, and moved by as many."""
    pieces: dict[frozenset[object], list[date]] = defaultdict(list)
    for day in {day for each in editions for day in each.days}:
        pieces[frozenset(_totals_with(editions, day, kind))].append(day)
    revisions = range(1, max(each.number for each in editions) + 1)
    totals = (
        [_total(frozen, days, number, kind) for number in revisions] for days in pieces.values()
    )
    return not any(
        0 < total < k or any(0 < abs(total - other) < k for other in each)
        for each in totals
        for total in each
    )


def _totals_with(editions: Sequence[Published], day: date, kind: ActivityKind) -> Iterator[object]:
    for index, each in enumerate(editions):
        if day not in each.days:
            continue
        if kind is ActivityKind.RELAY_OUTCOME and not each.shows(kind):
            continue
        yield index
        if kind is ActivityKind.CHANNEL and each.shows(ActivityKind.WEEKDAY):
            yield (index, day.weekday())


@dataclass(frozen=True)
class _Seen:
    """What an edition's table of a kind lets be seen."""

    index: int
    told: frozenset[str]  #: with a figure
    some: frozenset[str]  #: withheld


@dataclass(frozen=True)
class _More:
    """What is to be withheld too: a word, or the whole table where none is named."""

    kind: ActivityKind
    word: str


# --- words ----------------------------------------------------------------------------------------


class _Deciding:
    """Which words of each kind a new edition shows."""

    def __init__(self, frozen: Frozen, before: Sequence[Published], new: Published, k: int) -> None:
        self._frozen = frozen
        self._before = before
        self._new = new
        self._k = k
        self._sums = {kind: _sums(frozen, new.days, new.number, kind) for kind in ActivityKind}
        self._pieces = _pieces([*before, new])
        self._covering = [
            [index for index, each in enumerate([*before, new]) if days <= each.days]
            for days in self._pieces
        ]
        self._made: dict[tuple[ActivityKind, frozenset[str]], Table] = {}
        self._counted: dict[tuple[ActivityKind, int], list[dict[str, int]]] = {}

    def figures(self, left_out: frozenset[date]) -> Figures:
        """Everything the edition says."""
        shown = self._whole_tables() | self._words()
        tables = {
            kind: {word: count if word in shown[kind] else None for word, count in known.items()}
            for kind in ActivityKind
            if (known := self._listed(kind)) and shown[kind]
        }
        published = Published(self._new.days, self._new.number, shown)
        total = _total(self._frozen, self._new.days, self._new.number)
        return Figures(published, total, tables, left_out)

    def _listed(self, kind: ActivityKind) -> dict[str, int]:
        """Words with a figure; of a revised edition also those that had one."""
        now = self._sums[kind]
        gone = {
            word
            for number in range(1, self._new.number)
            for word in _sums(self._frozen, self._new.days, number, kind)
        }
        return {word: now.get(word, 0) for word in sorted({*now, *gone})} if gone else now

    def _whole_tables(self) -> dict[ActivityKind, frozenset[str]]:
        """Weekdays: all, or none of them. What relays told: by the total it has of its own."""
        whole_weeks = len(self._new.days) >= len(WEEKDAYS)
        weekdays = frozenset(self._sums[ActivityKind.WEEKDAY] if whole_weeks else ())
        told = frozenset(self._sums[ActivityKind.RELAY_OUTCOME])
        return {
            ActivityKind.WEEKDAY: weekdays
            if self._safe_with(ActivityKind.WEEKDAY, weekdays, ActivityKind.CHANNEL)
            else frozenset(),
            ActivityKind.RELAY_OUTCOME: self._told()
            if self._safe_with(ActivityKind.RELAY_OUTCOME, told, ActivityKind.RELAY_OUTCOME)
            else frozenset(),
        }

    def _safe_with(self, kind: ActivityKind, words: frozenset[str], total_of: ActivityKind) -> bool:
        if not words:
            return False
        new = Published(self._new.days, self._new.number, {kind: words})
        return _totals_are_safe(self._frozen, [*self._before, new], self._k, total_of)

    def _told(self) -> frozenset[str]:
        return self._decided((ActivityKind.RELAY_OUTCOME,))[ActivityKind.RELAY_OUTCOME]

    def _words(self) -> dict[ActivityKind, frozenset[str]]:
        return self._decided(_OF_CONTACTS)

    def _decided(self, kinds: Collection[ActivityKind]) -> dict[ActivityKind, frozenset[str]]:
        """Withhold what is small, and more, until nothing withheld can be worked out.

        A word of several tables that must go is bare in each, and so goes from each in turn.
        """
        shown = {kind: self._large(kind) for kind in kinds}
        while True:
            more = self._bare(shown) or self._moved_too_little(shown)
            if more is None:
                return shown
            kept = shown[more.kind] - {more.word} if more.word else frozenset[str]()
            shown[more.kind] = kept

    def _large(self, kind: ActivityKind) -> frozenset[str]:
        return frozenset(
            word
            for word, count in self._sums[kind].items()
            if count >= self._k
            and all(self._has_moved(kind, piece, (word,)) for piece in self._own_pieces())
        )

    def _bare(self, shown: Shown) -> _More | None:
        """What uncovers, or may, a figure that is withheld."""
        tables = {kind: self._table(kind, shown[kind]) for kind in shown}
        for found in bare_figures(tables, SHARED, self._k):
            if found.word in shown[found.kind]:
                return _More(found.kind, found.word)
            if shown[found.kind]:
                counts = tables[found.kind][found.piece].counts
                there = {word for word, count in counts.items() if any(count)}
                return self._smallest(found.kind, shown[found.kind], there)
        return None

    def _smallest(
        self, kind: ActivityKind, shown: frozenset[str], wanted: Collection[str]
    ) -> _More:
        """The smallest figure shown, of those wanted if there is one; the table if there is none.

        One that no other edition shows hides more; a word of several tables, known from them, none.
        """

        def order(word: str) -> tuple[bool, int, str]:
            told = any(word in each.shows(kind) for each in self._before)
            return told, self._sums[kind][word], word

        of = shown.intersection(wanted) - SHARED or shown - SHARED
        return _More(kind, min(of, key=order, default=""))

    def _table(self, kind: ActivityKind, words: frozenset[str]) -> Table:
        if (kind, words) not in self._made:
            editions = [*self._before, Published(self._new.days, self._new.number, {kind: words})]
            seen = [self._seen(kind, index, each) for index, each in enumerate(editions)]
            everything = sorted({word for each in seen for word in (*each.some, *each.told)})
            self._made[kind, words] = tuple(
                self._piece(kind, number, everything, seen) for number in range(len(self._pieces))
            )
        return self._made[kind, words]

    def _seen(self, kind: ActivityKind, index: int, edition: Published) -> _Seen:
        has = frozenset(_sums(self._frozen, edition.days, edition.number, kind))
        told = edition.shows(kind)
        return _Seen(index, told, has - told)

    def _piece(
        self, kind: ActivityKind, number: int, words: Sequence[str], seen: Sequence[_Seen]
    ) -> Piece:
        counts = self._counts(kind, number)
        tables = [seen[index] for index in self._covering[number] if seen[index].told]
        return Piece(
            counts={word: tuple(each.get(word, 0) for each in counts) for word in words},
            told={word: frozenset(s.index for s in tables if word in s.told) for word in words},
            none=frozenset(
                word for word in words if any(word not in s.told | s.some for s in tables)
            ),
            some=frozenset(word for s in tables for word in s.some),
            veiled=not tables,
        )

    def _counts(self, kind: ActivityKind, number: int) -> list[dict[str, int]]:
        """Counts of a piece in each revision."""
        if (kind, number) not in self._counted:
            revisions = range(
                1, max([self._new.number, *(each.number for each in self._before)]) + 1
            )
            days = self._pieces[number]
            self._counted[kind, number] = [_sums(self._frozen, days, n, kind) for n in revisions]
        return self._counted[kind, number]

    # --- since the editions before ----------------------------------------------------------------

    def _own_pieces(self) -> Iterator[frozenset[date]]:
        return (each for each in self._pieces if each <= self._new.days)

    def _moved_too_little(self, shown: Shown) -> _More | None:
        """What is shown of a table of which the rest moved by fewer than k since one before."""
        for kind, words in shown.items():
            if not words or self._new.number == 1:
                continue
            left = set(self._listed(kind)) - words
            if not all(self._has_moved(kind, piece, left) for piece in self._own_pieces()):
                return self._smallest(kind, words, self._moved(kind))
        return None

    def _moved(self, kind: ActivityKind) -> set[str]:
        """Words of which there are more or fewer than any edition before had."""
        sums = [
            _sums(self._frozen, self._new.days, number, kind)
            for number in range(1, self._new.number + 1)
        ]
        words = {word for each in sums for word in each}
        return {word for word in words if len({each.get(word, 0) for each in sums}) > 1}

    def _has_moved(
        self, kind: ActivityKind, piece: frozenset[date], words: Collection[str]
    ) -> bool:
        """Whether the sum of these words is what each revision before has, or k away from it."""

        def of(number: int) -> int:
            counts = _sums(self._frozen, piece, number, kind)
            return sum(counts.get(word, 0) for word in words)

        now = of(self._new.number)
        return all(not 0 < abs(now - of(n)) < self._k for n in range(1, self._new.number))


def _pieces(editions: Sequence[Published]) -> list[frozenset[date]]:
    """Days that no two editions tell apart."""
    joined: dict[frozenset[int], set[date]] = defaultdict(set)
    for day in {day for each in editions for day in each.days}:
        joined[frozenset(i for i, each in enumerate(editions) if day in each.days)].add(day)
    return sorted((frozenset(days) for days in joined.values()), key=min)
