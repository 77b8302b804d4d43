"""No small cell is shown, and none that is withheld can be worked out: tested by trying to."""

from collections.abc import Iterator, Mapping
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.report.cells import (
    OTHERS,
    Cell,
    Shown,
    bare_words,
    join_small,
    parts_left_out,
    protect,
    width_of,
)

COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 40), max_size=8)
TABLES = st.dictionaries(
    st.tuples(st.sampled_from("rstu"), st.sampled_from("abcd")), st.integers(0, 30), max_size=16
)


@given(COUNTS)
def test_every_joined_count_is_shown_whole_or_among_enough_others(counts: dict[str, int]) -> None:
    shown = join_small(counts)
    assert all(count >= 10 for count in shown.values())
    if shown:
        assert sum(shown.values()) == sum(counts.values())
        joined = [word for word in counts if word not in shown and counts[word]]
        assert len(joined) != 1 or set(shown) == {OTHERS}
    else:
        assert sum(counts.values()) < 10


def test_lone_small_count_takes_the_next_smallest_with_it() -> None:
    assert join_small({"a": 3, "b": 50, "c": 12}) == {"b": 50, OTHERS: 15}
    assert join_small({"a": 9, "b": 9, "c": 12}) == {"c": 12, OTHERS: 18}
    assert join_small({"a": 3, "b": 50}) == {OTHERS: 53}
    assert join_small({"a": 30, "b": 50}) == {"a": 30, "b": 50}
    assert join_small({"a": 9}) == {}


def test_word_that_is_to_be_hidden_does_not_stand_alone_among_the_others() -> None:
    counts = {"a": 30, "b": 20, "c": 12}
    assert join_small(counts, also={"b"}) == {"a": 30, OTHERS: 32}


def possible(table: Shown) -> Iterator[Mapping[Cell, int]]:
    """Every table of whole numbers with the cells and totals that are shown, by trying them all."""
    hidden = sorted(table.withheld)
    rows = {r: table.total_of_row(r) for r in table.rows}
    columns = {c: table.total_of_column(c) for c in table.columns}
    seen = {cell: value for cell, value in table.values.items() if cell not in table.withheld}
    for (row, column), value in seen.items():
        rows[row] -= value
        columns[column] -= value

    def fill(
        place: int, row_left: dict[str, int], column_left: dict[str, int]
    ) -> Iterator[list[int]]:
        if place == len(hidden):
            if not any(row_left.values()) and not any(column_left.values()):
                yield []
            return
        row, column = hidden[place]
        last = all(cell[0] != row for cell in hidden[place + 1 :])
        most = min(row_left[row], column_left[column])
        for value in range(row_left[row] if last else 0, most + 1):
            less_row = {**row_left, row: row_left[row] - value}
            less_column = {**column_left, column: column_left[column] - value}
            for rest in fill(place + 1, less_row, less_column):
                yield [value, *rest]

    for values in fill(0, rows, columns):
        yield dict(zip(hidden, values, strict=True))


SMALL_TABLES = st.dictionaries(
    st.tuples(st.sampled_from("rst"), st.sampled_from("ab")), st.integers(0, 16), min_size=4
)


@settings(max_examples=60, deadline=None)
@given(SMALL_TABLES)
def test_who_tries_every_table_that_fits_learns_no_withheld_cell(
    counts: dict[Cell, int],
) -> None:
    table = protect(counts)
    if table is None or not table.withheld:
        return
    found: dict[Cell, set[int]] = {cell: set() for cell in table.withheld}
    for guess in possible(table):
        for cell, value in guess.items():
            found[cell].add(value)
    for cell, values in found.items():
        assert table.values[cell] in values
        assert max(values) - min(values) == width_of(cell, table.values, table.withheld) >= 10


@settings(deadline=None)
@given(TABLES)
def test_no_cell_and_no_total_below_ten_is_shown(counts: dict[Cell, int]) -> None:
    table = protect(counts)
    if table is None:
        return
    assert all(table.values[c] >= 10 for c in table.values if c not in table.withheld)
    assert all(table.total_of_row(row) >= 10 for row in table.rows)
    assert all(table.total_of_column(column) >= 10 for column in table.columns)
    assert sum(table.values.values()) == sum(counts.values())


def test_block_that_every_line_hides_twice_is_still_found_bare() -> None:
    """Two withheld cells in every line are not enough: totals may pin a corner all the same."""
    values = {("r", "a"): 0, ("r", "b"): 12, ("s", "a"): 0, ("s", "b"): 12}
    assert width_of(("r", "a"), values, values) == 0


# --- a day in the month it is part of ------------------------------------------------------------


def month_of(days: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    words = {word for counts in days.values() for word in counts}
    return {word: sum(counts.get(word, 0) for counts in days.values()) for word in words}


def test_month_does_not_uncover_what_a_day_withheld() -> None:
    days = {"1": {"a": 40, "b": 4, "c": 11}, "2": {"a": 40, "b": 20, "c": 20}}
    month = month_of(days)
    # Day 1 showed a, and b with c as "others"; day 2 everything: month - day 2 = day 1.
    assert bare_words(days, join_small(month)) == {"b", "c"}
    assert bare_words(days, join_small(month, also={"b", "c"})) == set()


def test_month_of_days_that_withheld_enough_is_shown() -> None:
    days = {str(n): {"a": 40, "b": 6, "c": 6} for n in range(6)}
    assert bare_words(days, join_small(month_of(days))) == set()


def test_lone_silent_day_is_left_out_of_the_month_and_many_are_not() -> None:
    assert parts_left_out({"1": 4, "2": 300}) == {"1"}
    assert parts_left_out({"1": 4, "2": 5, "3": 300}) == {"1", "2"}
    assert parts_left_out({"1": 4, "2": 9, "3": 300}) == frozenset()
    assert parts_left_out({str(n): 5 for n in range(30)}) == frozenset()
    assert parts_left_out({"1": 0, "2": 300}) == frozenset()


SMALL_DAYS = st.dictionaries(
    st.sampled_from(["1", "2"]),
    st.dictionaries(st.sampled_from("ab"), st.integers(0, 14), min_size=2),
    min_size=2,
)


@settings(max_examples=60, deadline=None)
@given(SMALL_DAYS)
def test_who_holds_the_days_against_the_month_learns_nothing_withheld(
    days: dict[str, dict[str, int]],
) -> None:
    days = {day: counts for day, counts in days.items() if any(counts.values())}
    kept = {day: join_small(counts) for day, counts in days.items()}
    left_out = parts_left_out({day: sum(counts.values()) for day, counts in days.items()})
    days = {day: counts for day, counts in days.items() if day not in left_out}
    month = month_of(days)
    hidden: set[str] = set()
    shown = join_small(month)
    while bare := bare_words(days, shown):
        hidden |= bare
        shown = join_small(month, also=hidden)
    found: dict[Cell, set[int]] = {(day, word): set() for day in days for word in "ab"}
    for guesses in product(*(_days_that_fit(kept[day], sum(month.values())) for day in days)):
        guess = dict(zip(days, guesses, strict=True))
        if _fits(guess, shown):
            for day, word in found:
                found[day, word].add(guess[day][word])
    for (day, word), values in found.items():
        withheld = not kept[day] or (OTHERS in kept[day] and word not in kept[day])
        known_none = OTHERS not in shown and word not in shown
        if shown and withheld and not known_none:
            assert days[day][word] in values
            assert max(values) - min(values) >= 10


def _days_that_fit(kept: Mapping[str, int], most: int) -> list[dict[str, int]]:
    """Every pair of counts a day may have had, by its own report and the month's total."""
    pairs = ({"a": a, "b": b} for a, b in product(range(most + 1), repeat=2) if a + b <= most)
    return [
        pair
        for pair in pairs
        if not kept
        or (
            sum(pair.values()) == sum(kept.values())
            and all(pair[word] == count for word, count in kept.items() if word != OTHERS)
        )
    ]


def _fits(guess: Mapping[str, Mapping[str, int]], shown: Mapping[str, int]) -> bool:
    sums = {word: sum(counts[word] for counts in guess.values()) for word in "ab"}
    if shown and sum(sums.values()) != sum(shown.values()):
        return False
    return all(sums[word] == count for word, count in shown.items() if word != OTHERS)
