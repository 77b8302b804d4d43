"""The tables of a report, so that they may be shown: nothing past here sees a small count."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from deploy.report.cells import (
    OTHERS,
    SMALLEST_SHOWN,
    bare_words,
    join_small,
    parts_left_out,
    protect,
)
from deploy.report.counted import (
    NO_ALERT,
    NO_MESSAGE,
    NO_REFERRAL,
    Lens,
    Look,
    by_two,
    by_word,
)
from services.quality.facts import ContactFacts


@dataclass(frozen=True)
class Table:
    """One table: its total, and a value for each cell; None is withheld."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int | None, ...]], ...]
    total: int
    step: int = 1  #: values are shown rounded down to a multiple of this


@dataclass(frozen=True)
class Report:
    """Everything a report says of a stretch of time."""

    total: int | None  #: None: fewer than k contacts, nothing is said
    tables: tuple[Table, ...]
    left_out: int  #: days or months too small to be counted in it


@dataclass(frozen=True)
class Wish:
    """What is asked for. `part`: what the time is made of, each part having a report of its own."""

    part: Callable[[datetime], str] | None = None
    by: Look | None = None
    by_name: str = ""
    k: int = SMALLEST_SHOWN


#: What was told of people at relays: the hour (UTC), the word, how many.
RelayTold = tuple[datetime, str, int]


def report_of(
    contacts: Iterable[ContactFacts],
    lens: Lens,
    wish: Wish,
    relays: Iterable[RelayTold] = (),
) -> Report:
    """Count, and withhold what must be."""
    everything = tuple(contacts)
    parts = _parts(everything, wish)
    sizes = sizes_of(parts) if wish.part else {}
    left_out = parts_left_out(sizes, wish.k)
    parts = {name: each for name, each in parts.items() if name not in left_out}
    known = tuple(facts for each in parts.values() for facts in each)
    if len(known) < wish.k:
        return Report(None, (), len(left_out))
    looks = (
        ("outcome", lens.outcome),
        ("answer", lens.answer),
        ("nature", lens.nature),
        ("talk", lens.talk),
        ("alert", lens.alert),
        ("written", lens.written),
        ("referral", lens.referral),
    )
    counted = ((name, _counts(parts, look)) for name, look in looks)
    tables = [
        table
        for name, counts in counted
        for table in _by_word(name, counts, wish)
        if not _says_nothing(counts)
    ]
    tables += _by_word("relay_outcome", _told(relays, wish), wish)
    tables += _by_two("hour_need", known, (lens.hour, lens.need), wish)
    if wish.part is not None:
        tables += _plain("part", sizes_of(parts), wish)
    if wish.by is not None:
        tables += _by_two(wish.by_name, known, (wish.by, lens.answer), wish)
    return Report(len(known), tuple(tables), len(left_out))


def _parts(
    contacts: tuple[ContactFacts, ...], wish: Wish
) -> Mapping[str, tuple[ContactFacts, ...]]:
    if wish.part is None:
        return {"": contacts}
    parts: dict[str, list[ContactFacts]] = defaultdict(list)
    for facts in contacts:
        assert facts.opened_at is not None
        parts[wish.part(facts.opened_at)].append(facts)
    return {name: tuple(parts[name]) for name in sorted(parts)}


def sizes_of(parts: Mapping[str, tuple[ContactFacts, ...]]) -> Mapping[str, int]:
    """How many contacts each part has."""
    return {name: len(each) for name, each in parts.items()}


Counts = Mapping[str, Mapping[str, int]]


def _counts(parts: Mapping[str, tuple[ContactFacts, ...]], look: Look) -> Counts:
    return {name: by_word(each, look) for name, each in parts.items()}


def _says_nothing(counts: Counts) -> bool:
    """Whether no contact of the time has anything to be counted in a table."""
    words = {word for each in counts.values() for word in each}
    return words <= {NO_ALERT} or words <= {NO_MESSAGE} or words <= {NO_REFERRAL}


def _told(relays: Iterable[RelayTold], wish: Wish) -> Counts:
    """What was told of people at relays, by part; parts too small are left out, as of contacts."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for hour, word, count in relays:
        counts["" if wish.part is None else wish.part(hour)][word] += count
    if wish.part is None:
        return counts
    sizes = {part: sum(each.values()) for part, each in counts.items()}
    left_out = parts_left_out(sizes, wish.k)
    return {part: counts[part] for part in sorted(counts) if part not in left_out}


def _by_word(name: str, by_part: Counts, wish: Wish) -> Iterator[Table]:
    """Words of the whole; where its parts were reported too, none that uncovers one of theirs."""
    counts: Counter[str] = Counter()
    for each in by_part.values():
        counts.update(each)
    shown = join_small(counts, wish.k)
    if wish.part is not None:
        hidden: set[str] = set()
        while bare := bare_words(by_part, shown, wish.k):
            hidden |= bare
            shown = join_small(counts, wish.k, also=hidden)
    if shown:
        yield _listed(name, shown)


def _plain(name: str, counts: Mapping[str, int], wish: Wish) -> Iterator[Table]:
    shown = join_small(counts, wish.k)
    if shown:
        yield _listed(name, shown)


def _listed(name: str, shown: Mapping[str, int]) -> Table:
    rows = tuple((word, (count,)) for word, count in _in_order(shown))
    return Table(name, ("contacts",), rows, sum(shown.values()))


def _in_order(shown: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(shown.items(), key=lambda each: (each[0] == OTHERS, each[0]))


def _by_two(
    name: str, contacts: tuple[ContactFacts, ...], looks: tuple[Look, Look], wish: Wish
) -> Iterator[Table]:
    counts = by_two(contacts, *looks)
    table = protect(counts, wish.k)
    if table is None:
        return
    # The parts of a longer time show such tables exactly, the whole in tens, so that what is exact
    # leaves a withheld cell a range as wide as its own.
    step = 1 if wish.part is None else wish.k

    def rounded(value: int) -> int:
        return value // step * step

    columns = tuple(sorted(table.columns, key=lambda word: (word == OTHERS, word)))
    rows = tuple(
        (
            row,
            (
                *(
                    None if (row, column) in table.withheld else rounded(table.values[row, column])
                    for column in columns
                ),
                rounded(table.total_of_row(row)),
            ),
        )
        for row in sorted(table.rows, key=lambda word: (word == OTHERS, word))
    )
    totals = tuple(rounded(table.total_of_column(column)) for column in columns)
    foot = (*totals, rounded(len(contacts)))
    yield Table(name, (*columns, "total"), (*rows, ("total", foot)), len(contacts), step)
