"""Which cells of a table may be shown: each at least k, and none withheld can be worked out.

Rows and columns too small for their own total are joined into one ("others"). Of the cells inside,
small ones are withheld, and as many more as it takes until, for whoever knows every figure shown
and every total, each withheld cell may still be anything in a range at least k wide. That range is
not estimated: it is the greatest flow through what is withheld (Gusfield, "A graph theoretic
approach to statistical data security", SIAM J. Comput. 17, 1988).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: Smallest count that is shown.
SMALLEST_SHOWN = 10

#: The row or column of everything too small to be shown by itself.
OTHERS = "others"

Cell = tuple[str, str]


def join_small(
    counts: Mapping[str, int], k: int = SMALLEST_SHOWN, also: Iterable[str] = ()
) -> dict[str, int]:
    """Counts that may stand beside their total: small ones joined, others joined to hide them.

    `also` are joined whatever their size. Empty when all together are below k. What is joined is
    not named: a word that is absent and one that is joined look the same.
    """
    if sum(counts.values()) < k:
        return {}
    asked = set(also)
    joined = {word for word, count in counts.items() if count < k or word in asked}
    shown = sorted(set(counts) - joined, key=lambda word: (counts[word], word))
    size = sum(counts[word] for word in joined)
    while shown and size > 0 and (size < k or len([w for w in joined if counts[w]]) < 2):
        word = shown.pop(0)
        joined.add(word)
        size += counts[word]
    kept = {word: counts[word] for word in counts if word not in joined}
    return kept | ({OTHERS: size} if size else {})


@dataclass(frozen=True)
class Shown:
    """A table as it may be shown; its totals are all shown."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: Mapping[Cell, int]
    withheld: frozenset[Cell]

    def total_of_row(self, row: str) -> int:
        """Everything of a row."""
        return sum(self.values[row, column] for column in self.columns)

    def total_of_column(self, column: str) -> int:
        """Everything of a column."""
        return sum(self.values[row, column] for row in self.rows)


def protect(counts: Mapping[Cell, int], k: int = SMALLEST_SHOWN) -> Shown | None:
    """Return a table that may be shown with its totals; None when all of it is below k."""
    by_row: dict[str, int] = defaultdict(int)
    by_column: dict[str, int] = defaultdict(int)
    for (row, column), count in counts.items():
        by_row[row] += count
        by_column[column] += count
    rows, columns = join_small(by_row, k), join_small(by_column, k)
    if not rows or not columns:
        return None
    values: dict[Cell, int] = {(row, column): 0 for row in rows for column in columns}
    for (row, column), count in counts.items():
        if count == 0:
            continue
        at = (row if row in rows else OTHERS, column if column in columns else OTHERS)
        values[at] += count
    withheld = {cell for cell, count in values.items() if count < k}
    while True:
        bare = next((c for c in sorted(withheld) if width_of(c, values, withheld) < k), None)
        if bare is None:
            return Shown(tuple(rows), tuple(columns), values, frozenset(withheld))
        withheld.add(_next_to_withhold(bare, values, withheld))


def _next_to_withhold(bare: Cell, values: Mapping[Cell, int], withheld: set[Cell]) -> Cell:
    """The smallest shown cell of the row or column of a bare one, else the smallest anywhere.

    There is always one: with everything withheld, totals of at least k leave a range that wide,
    unless there is a single row or column, whose cells are totals and never small.
    """
    shown = [cell for cell in values if cell not in withheld]
    lines = [cell for cell in shown if cell[0] == bare[0] or cell[1] == bare[1]]
    return min(lines or shown, key=lambda cell: (values[cell], cell))


def width_of(cell: Cell, values: Mapping[Cell, int], withheld: Iterable[Cell]) -> int:
    """How far a withheld cell may lie from its smallest to its largest possible value.

    A cell grows by one if a way leads from its column to its row: another cell of the column falls,
    the row of that one grows elsewhere, and so on round. It falls by a way the other way round.
    """
    row, column = cell
    others = [each for each in withheld if each != cell]
    most = sum(values.values())
    falling = {(("c", c), ("r", r)): values[r, c] for r, c in others}
    growing = {(("r", r), ("c", c)): most for r, c in others}
    room = falling | growing
    up = _greatest_flow(room, ("c", column), ("r", row))
    down = _greatest_flow(room, ("r", row), ("c", column))
    return up + min(down, values[cell])


Node = tuple[str, str]


def _greatest_flow(room: Mapping[tuple[Node, Node], int], begin: Node, end: Node) -> int:
    """Edmonds and Karp: shortest ways first, until there is none."""
    left: dict[tuple[Node, Node], int] = defaultdict(int, room)
    after: dict[Node, set[Node]] = defaultdict(set)
    for one, other in room:
        after[one].add(other)
        after[other].add(one)
    total = 0
    while (way := _shortest_way(left, after, begin, end)) is not None:
        amount = min(left[step] for step in way)
        for one, other in way:
            left[one, other] -= amount
            left[other, one] += amount
        total += amount
    return total


def _shortest_way(
    left: Mapping[tuple[Node, Node], int],
    after: Mapping[Node, set[Node]],
    begin: Node,
    end: Node,
) -> list[tuple[Node, Node]] | None:
    came: dict[Node, Node] = {begin: begin}
    waiting = deque([begin])
    while waiting and end not in came:
        node = waiting.popleft()
        for other in sorted(after.get(node, ())):
            if other not in came and left[node, other] > 0:
                came[other] = node
                waiting.append(other)
    if end not in came:
        return None
    way, node = [], end
    while node != begin:
        way.append((came[node], node))
        node = came[node]
    return way


def bare_words(
    parts: Mapping[str, Mapping[str, int]], shown: Mapping[str, int], k: int = SMALLEST_SHOWN
) -> set[str]:
    """Words of a longer time whose figure would uncover one withheld in a part of it.

    `parts`: by day (or month), the counts of every word; each was reported by itself, as
    `join_small` does. `shown`: the figures about to be shown of the whole.
    """
    words = sorted({word for counts in parts.values() for word in counts})
    if OTHERS not in shown:  # what is absent of the whole is then known to be none anywhere
        words = [word for word in words if word in shown]
    values = {(part, word): parts[part].get(word, 0) for part in parts for word in words}
    kept = {part: join_small(counts, k) for part, counts in parts.items()}
    # Where nothing was joined, a word that is absent is known to be none: it is not withheld.
    silent = {part for part in parts if not kept[part]}
    joined = silent | {part for part in parts if OTHERS in kept[part]}
    withheld = [(p, w) for p, w in values if p in joined and w not in kept[p]]
    # What has no total of its own takes up any difference: a word not shown of the whole, a part
    # of which nothing was shown. Together they have one: the whole's "others", the whole's rest.
    plenty = sum(values.values())
    for line in (("", word) for word in words if word not in shown):
        values[line] = plenty
        withheld.append(line)
    for line in ((part, "") for part in sorted(silent)):
        values[line] = plenty
        withheld.append(line)
    return {
        word
        for part, word in withheld
        if part and word in shown and width_of((part, word), values, withheld) < k
    }


def parts_left_out(parts: Mapping[str, int], k: int = SMALLEST_SHOWN) -> frozenset[str]:
    """Parts of a longer time that are not counted in it: too small to be reported by themselves,
    and with the totals of the others they could be worked out from the whole.
    """
    silent = frozenset(part for part, count in parts.items() if 0 < count < k)
    together = sum(parts[part] for part in silent)
    return silent if len(silent) == 1 or together < k else frozenset()
