"""What is shared tells nobody a small count: tried by who adds and subtracts everything."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.vocabulary import ActivityKind
from services.quality.sharing import (
    SHARED,
    SMALLEST_SHOWN,
    WEEKDAYS,
    DayCounts,
    Figures,
    Frozen,
    Published,
    Withheld,
    share,
)

K = SMALLEST_SHOWN
CHANNEL, ANSWER, NEED = ActivityKind.CHANNEL, ActivityKind.ANSWER, ActivityKind.NEED
MONDAY = date(2026, 1, 5)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def days(*numbers: int) -> frozenset[date]:
    return frozenset(day(number) for number in numbers)


def by_channel(*counts: Mapping[str, int]) -> Frozen:
    """Days one after the other, of which only the channel is known."""
    return {day(number): ({CHANNEL: each},) for number, each in enumerate(counts)}


def shared(frozen: Frozen, *before: Published, of: frozenset[date], number: int = 1) -> Figures:
    decided = share(frozen, before, of, number)
    assert isinstance(decided, Figures)
    return decided


def test_figures_of_ten_and_more_are_shown_and_so_is_none() -> None:
    figures = shared(by_channel({"phone": 30, "chat": 10, "message": 0}), of=days(0))
    assert figures.contacts == 40
    assert figures.tables[CHANNEL] == {"phone": 30, "chat": 10}


def test_lone_small_figure_takes_the_next_smallest_with_it() -> None:
    figures = shared(by_channel({"phone": 300, "chat": 25, "message": 4}), of=days(0))
    assert figures.tables[CHANNEL] == {"phone": 300, "chat": None, "message": None}


def test_beside_one_other_figure_there_is_no_table() -> None:
    assert CHANNEL not in shared(by_channel({"phone": 300, "chat": 4}), of=days(0)).tables


def test_fewer_than_ten_contacts_are_no_edition() -> None:
    assert share(by_channel({"phone": 9}), (), days(0)) is Withheld.TOO_FEW


def test_month_takes_back_nothing_its_days_have_withheld() -> None:
    """Every day but one showed its chats: the month's would be the difference."""
    frozen = by_channel({"phone": 50, "chat": 4, "message": 9}, *[{"phone": 50, "chat": 20}] * 3)
    before = [shared(frozen, of=days(number)).published for number in range(4)]
    assert before[1].shows(CHANNEL) == {"phone", "chat"}
    month = shared(frozen, *before, of=days(0, 1, 2, 3))
    assert month.contacts == 273
    assert "chat" not in month.published.shows(CHANNEL)


def test_year_shows_what_many_months_withheld() -> None:
    frozen = by_channel(*[{"phone": 50, "chat": 4, "message": 7}] * 12)
    before = [shared(frozen, of=days(number)).published for number in range(12)]
    assert not any("chat" in each.shows(CHANNEL) for each in before)
    year = shared(frozen, *before, of=days(*range(12)))
    assert year.tables[CHANNEL] == {"phone": 600, "chat": 48, "message": 84}


def test_month_of_which_its_weeks_leave_too_few_is_no_edition() -> None:
    frozen = by_channel({"phone": 100}, {"phone": 100}, {"phone": 3})
    week = shared(frozen, of=days(0, 1))
    # The third day is in no edition: it is left out, and said to be.
    month = shared(frozen, week.published, of=days(0, 1, 2))
    assert (month.contacts, month.left_out) == (200, days(2))
    # A week that has it beside another day: the month is a difference away.
    wider = by_channel({"phone": 100}, {"phone": 100}, {"phone": 3}, {"phone": 50})
    other = shared(wider, of=days(2, 3))
    again = share(wider, (week.published, other.published), days(0, 1, 2))
    assert again is Withheld.TOO_SMALL_A_DIFFERENCE


def test_month_less_its_weeks_uncovers_no_word_of_the_days_at_its_border() -> None:
    quiet = {"phone": 40, "chat": 3}
    frozen = by_channel(*[{"phone": 40, "chat": 30, "message": 20}] * 7, quiet, quiet)
    week = shared(frozen, of=days(*range(7)))
    assert week.published.shows(CHANNEL) == {"phone", "chat", "message"}
    month = shared(frozen, week.published, of=days(*range(9)))
    # 6 chats of two days would be the month's less the week's.
    assert month.tables[CHANNEL] == {"phone": None, "chat": None, "message": 140}


def test_weekdays_are_shown_together_or_not_at_all() -> None:
    full = by_channel(*[{"phone": 12}] * 14)
    assert shared(full, of=days(*range(14))).tables[ActivityKind.WEEKDAY] == dict.fromkeys(
        WEEKDAYS, 24
    )
    thin = by_channel(*[{"phone": 12}] * 13, {"phone": 0}, *[{"phone": 4}] * 7)
    week = shared(thin, of=days(*range(7)))
    both = shared(thin, week.published, of=days(*range(14)))
    assert ActivityKind.WEEKDAY in week.tables
    assert ActivityKind.WEEKDAY in both.tables
    # Each day of the third week is 4: no weekday of it may be told from the two before.
    assert (
        ActivityKind.WEEKDAY
        not in shared(thin, week.published, both.published, of=days(*range(21))).tables
    )


def test_word_of_several_tables_is_shown_in_all_or_none() -> None:
    counts: DayCounts = {
        CHANNEL: {"phone": 100},
        ANSWER: {"in_target": 60, "later": 10, "abandoned": 30},
        NEED: {"solitude": 66, "deuil": 4, "abandoned": 30},
    }
    figures = shared({day(0): (counts,)}, of=days(0))
    # Of need only "deuil" is small: without "solitude" or "abandoned" it could be worked out.
    assert figures.tables[NEED] == {"abandoned": 30, "deuil": None, "solitude": None}
    assert figures.tables[ANSWER]["abandoned"] == 30


def test_word_of_several_tables_that_must_go_goes_from_each() -> None:
    first: DayCounts = {
        CHANNEL: {"phone": 113},
        ANSWER: {"in_target": 100, "later": 9, "abandoned": 4},
        NEED: {"solitude": 60, "deuil": 49, "abandoned": 4},
    }
    second: DayCounts = {
        CHANNEL: {"phone": 150},
        ANSWER: {"in_target": 100, "later": 30, "abandoned": 20},
        NEED: {"solitude": 70, "deuil": 60, "abandoned": 20},
    }
    frozen: Frozen = {day(0): (first,), day(1): (second,)}
    later_day = shared(frozen, of=days(1))
    assert later_day.tables[NEED]["abandoned"] == 20
    both = shared(frozen, later_day.published, of=days(0, 1))
    # 24 less 20 would be the 4 of the first day.
    assert {table.get("abandoned") for table in both.tables.values()} == {None}
    assert both.tables[NEED]["solitude"] == 130


# --- a revised edition ----------------------------------------------------------------------------


def revised(frozen: Frozen, *later: Mapping[str, int]) -> Frozen:
    return {
        each: (*frozen[each], {CHANNEL: counts}) for each, counts in zip(frozen, later, strict=True)
    }


def test_revised_edition_shows_only_what_moved_by_ten() -> None:
    frozen = by_channel({"phone": 300, "chat": 60, "message": 40, "x": 20})
    first = shared(frozen, of=days(0))
    later = revised(frozen, {"phone": 320, "chat": 62, "message": 40, "x": 19})
    second = shared(later, first.published, of=days(0), number=2)
    assert second.contacts == 441
    # Two more chats and one x fewer are seen as one more of both: so another one is withheld.
    assert second.tables[CHANNEL] == {"phone": None, "chat": None, "message": 40, "x": None}


def test_revised_edition_of_a_few_more_contacts_is_none() -> None:
    frozen = by_channel({"phone": 300, "chat": 60})
    first = shared(frozen, of=days(0))
    later = revised(frozen, {"phone": 301, "chat": 60})
    assert share(later, [first.published], days(0), 2) is Withheld.TOO_SMALL_A_DIFFERENCE


def test_revised_edition_does_not_uncover_what_the_first_withheld() -> None:
    frozen = by_channel({"phone": 300, "chat": 25, "message": 4, "x": 30})
    first = shared(frozen, of=days(0))
    assert first.published.shows(CHANNEL) == {"phone", "x"}
    later = revised(frozen, {"phone": 340, "chat": 45, "message": 34, "x": 30})
    second = shared(later, first.published, of=days(0), number=2)
    assert second.tables[CHANNEL] == {"phone": 340, "chat": None, "message": None, "x": 30}
    # Another partner would not do: with "x" withheld instead, 4 would be the rest of 34.
    later = revised(frozen, {"phone": 300, "chat": 60, "message": 4, "x": 30})
    second = shared(later, first.published, of=days(0), number=2)
    assert second.tables[CHANNEL] == {"phone": 300, "chat": None, "message": None, "x": 30}


def test_year_is_about_the_days_its_months_had_whatever_was_revised() -> None:
    frozen = by_channel({"phone": 300}, {"phone": 100})
    first = shared(frozen, of=days(0))
    later: Frozen = {day(0): (*frozen[day(0)], {CHANNEL: {"phone": 320}}), day(1): frozen[day(1)]}
    second = shared(later, first.published, of=days(0), number=2)
    year = shared(later, first.published, second.published, of=days(0, 1))
    assert year.contacts == 400


# --- who adds and subtracts -----------------------------------------------------------------------

#: A way to cut twelve days into periods: single ones, "weeks", "months", all.
PERIODS = (
    *(days(number) for number in range(4)),
    days(0, 1, 2, 3),
    days(4, 5, 6, 7),
    days(2, 3, 4, 5),
    days(0, 1, 2, 3, 4, 5),
    days(6, 7),
    days(*range(8)),
)
#: Small and large in one: most words of most pieces are near the border.
COUNT = st.one_of(st.integers(0, 12), st.integers(10, 40))


@st.composite
def a_day(draw: st.DrawFn) -> DayCounts:
    """Contacts by answer and need, which share who left; the channel only says how many."""
    left, in_target, later = draw(COUNT), draw(COUNT), draw(COUNT)
    heard = in_target + later
    first = draw(st.integers(0, heard))
    second = draw(st.integers(0, heard - first))
    return {
        CHANNEL: {"phone": heard + left},
        ANSWER: {"abandoned": left, "in_target": in_target, "later": later},
        NEED: {
            "abandoned": left, "deuil": first, "solitude": second,
            "unknown": heard - first - second,
        },
    }  # fmt: skip


HISTORIES = st.tuples(
    st.lists(a_day(), min_size=8, max_size=8),
    st.lists(st.sampled_from(PERIODS), min_size=1, max_size=6, unique=True),
)


def publish_all(frozen: Frozen, periods: Sequence[frozenset[date]]) -> list[Figures]:
    editions: list[Figures] = []
    for period in periods:
        decided = share(frozen, [each.published for each in editions], period)
        if isinstance(decided, Figures):
            editions.append(decided)
    return editions


Unknown = tuple[ActivityKind, date, str, int]
Equation = dict[Unknown, Fraction]
WORDS = {
    ANSWER: ("abandoned", "in_target", "later"),
    NEED: ("abandoned", "deuil", "solitude", "unknown"),
}
KINDS = tuple(WORDS)


def named(kind: ActivityKind, when: date, word: str, revision: int = 1) -> Unknown:
    """A word of several tables is one unknown."""
    return (ANSWER if word in SHARED else kind, when, word, revision)


def told_by(
    editions: Sequence[Figures], revised: frozenset[date] = frozenset()
) -> Iterator[Equation]:
    """Everything an attacker knows: totals, figures, and what has no row in a table."""
    for edition, kind in product(editions, KINDS):
        number = edition.published.number
        cells = {
            word: {
                named(kind, each, word, number if each in revised else 1): Fraction(1)
                for each in edition.published.days
            }
            for word in WORDS[kind]
        }
        yield {cell: one for each in cells.values() for cell, one in each.items()}
        table = edition.tables.get(kind, {})
        for word in WORDS[kind] if table else ():
            if word not in table:  # none of them, and so none on any day
                yield from ({cell: Fraction(1)} for cell in cells[word])
            elif table[word] is not None:
                yield cells[word]


class Known:
    """What follows from equations: Gauss, exactly."""

    def __init__(self, equations: Iterator[Equation]) -> None:
        self._rows: dict[Unknown, Equation] = {}
        for each in equations:
            rest = self._reduced(each)
            if rest:
                pivot = min(rest)
                self._rows[pivot] = {cell: value / rest[pivot] for cell, value in rest.items()}

    def _reduced(self, equation: Equation) -> Equation:
        rest = {cell: value for cell, value in equation.items() if value}
        while (
            pivot := next((each for each in sorted(rest) if each in self._rows), None)
        ) is not None:
            factor = rest[pivot]
            for cell, value in self._rows[pivot].items():
                rest[cell] = rest.get(cell, Fraction()) - factor * value
            rest = {cell: value for cell, value in rest.items() if value}
        return rest

    def tells(self, sum_of: Equation) -> bool:
        """Whether a sum of unknowns is some sum and difference of what was told."""
        return not self._reduced(sum_of)


def pieces_of(editions: Sequence[Figures]) -> list[frozenset[date]]:
    joined: dict[frozenset[int], set[date]] = {}
    for each in {each for edition in editions for each in edition.published.days}:
        where = frozenset(i for i, e in enumerate(editions) if each in e.published.days)
        joined.setdefault(where, set()).add(each)
    return [frozenset(each) for each in joined.values()]


def small_sums(
    editions: Sequence[Figures], frozen: Frozen
) -> Iterator[tuple[ActivityKind, frozenset[date], str, Equation]]:
    """Figures of 1 to 9: of every period that was published, and of every piece of them."""
    covered = {*pieces_of(editions), *(each.published.days for each in editions)}
    for when, kind in product(covered, KINDS):
        for word in frozen[min(when)][0][kind]:
            if 0 < sum(frozen[each][0][kind][word] for each in when) < K:
                cells = {named(kind, each, word): Fraction(1) for each in when}
                yield kind, when, word, cells


@settings(max_examples=150, deadline=None)
@given(HISTORIES)
def test_no_sum_or_difference_of_all_that_was_published_is_a_small_figure(
    history: tuple[list[DayCounts], list[frozenset[date]]],
) -> None:
    counts, periods = history
    frozen: Frozen = {day(number): (each,) for number, each in enumerate(counts)}
    editions = publish_all(frozen, periods)
    for table in (each.tables for each in editions):
        left = {words["abandoned"] for words in table.values() if "abandoned" in words}
        assert len(left) < 2
    known = Known(told_by(editions))
    for kind, when, word, cells in small_sums(editions, frozen):
        assert not known.tells(cells), (kind, sorted(when), word)


@settings(max_examples=150, deadline=None)
@given(HISTORIES)
def test_no_difference_of_totals_is_a_small_one(
    history: tuple[list[DayCounts], list[frozenset[date]]],
) -> None:
    counts, periods = history
    frozen: Frozen = {day(number): (each,) for number, each in enumerate(counts)}
    for piece in pieces_of(publish_all(frozen, periods)):
        assert not 0 < sum(frozen[each][0][CHANNEL]["phone"] for each in piece) < K


#: Few more, many more, or as they were.
MOVES = st.lists(st.sampled_from([0, 0, 2, 9, 10, 25]), min_size=24, max_size=24)


@settings(max_examples=150, deadline=None)
@given(HISTORIES, MOVES, st.integers(0, 5))
def test_no_revised_edition_tells_that_a_few_came_late(
    history: tuple[list[DayCounts], list[frozenset[date]]], moves: list[int], which: int
) -> None:
    counts, periods = history
    frozen: dict[date, list[DayCounts]] = {day(n): [each] for n, each in enumerate(counts)}
    editions = publish_all(frozen, periods)
    if not editions:
        return
    again = editions[which % len(editions)].published.days
    for number, each in enumerate(sorted(again)):
        left, soon, late = moves[3 * number : 3 * number + 3]
        frozen[each].append(_later(frozen[each][0], left, soon, late))
    decided = share(frozen, [each.published for each in editions], again, 2)
    if not isinstance(decided, Figures):
        return
    known = Known(told_by([*editions, decided], again))
    for piece, kind in product(pieces_of([*editions, decided]), KINDS):
        for word in WORDS[kind] if piece <= again else ():
            moved = sum(frozen[d][1][kind][word] - frozen[d][0][kind][word] for d in piece)
            if 0 < moved < K:
                cells = {named(kind, d, word, 2): Fraction(1) for d in piece}
                cells |= {named(kind, d, word, 1): Fraction(-1) for d in piece}
                assert not known.tells(cells), (kind, sorted(piece), word)


def _later(counts: DayCounts, left: int, soon: int, late: int) -> DayCounts:
    more = {
        CHANNEL: {"phone": left + soon + late},
        ANSWER: {"abandoned": left, "in_target": soon, "later": late},
        NEED: {"abandoned": left, "deuil": soon, "solitude": late, "unknown": 0},
    }
    return {
        kind: {word: count + more[kind][word] for word, count in words.items()}
        for kind, words in counts.items()
    }


SMALL_DAYS = st.lists(
    st.fixed_dictionaries({word: st.integers(0, 14) for word in "abc"}), min_size=2, max_size=2
)
ORDERS = st.permutations([days(0), days(1), days(0, 1)])


def every_day(total: int) -> Iterator[Mapping[str, int]]:
    """Every day of so many contacts."""
    for a in range(total + 1):
        for b in range(total - a + 1):
            yield {"a": a, "b": b, "c": total - a - b}


def fits(pair: Sequence[Mapping[str, int]], edition: Figures) -> bool:
    """Whether an edition may be of these days."""
    table = edition.tables.get(CHANNEL, {})
    for word in "abc" if table else "":
        count = sum(pair[i][word] for i in (0, 1) if day(i) in edition.published.days)
        shown = table.get(word, 0)
        if (shown is None and count == 0) or (shown is not None and shown != count):
            return False
    return True


@settings(max_examples=60, deadline=None)
@given(SMALL_DAYS, ORDERS)
def test_who_tries_all_days_that_fit_cannot_tell_a_small_figure_from_one_of_ten(
    counts: list[dict[str, int]], periods: list[frozenset[date]]
) -> None:
    editions = publish_all(by_channel(*counts), periods)
    guesses = product(*(tuple(every_day(sum(each.values()))) for each in counts))
    left = [pair for pair in guesses if all(fits(pair, each) for each in editions)]
    apart = any(each.published.days in (days(0), days(1)) for each in editions)
    for i, word in product((0, 1), "abc"):
        if apart and 0 < counts[i][word] < K and any(day(i) in e.published.days for e in editions):
            values = {pair[i][word] for pair in left}
            assert counts[i][word] in values
            assert max(values) - min(values) >= K


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_in_whatever_order_they_are_published_the_same_days_are_safe(
    order: tuple[int, ...],
) -> None:
    frozen = by_channel({"phone": 30, "chat": 4}, {"phone": 20, "chat": 20})
    periods = [(days(0), days(1), days(0, 1))[each] for each in order]
    editions = publish_all(frozen, periods)
    chats = [each.published.days for each in editions if "chat" in each.published.shows(CHANNEL)]
    assert len(chats) < 2
