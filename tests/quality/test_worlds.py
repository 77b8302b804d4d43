"""How far a small figure may lie from what it is: by hand, one way of knowing more at a time."""

from collections.abc import Collection, Mapping

from contracts.vocabulary import ActivityKind
from services.quality.worlds import Figure, Piece, Tables, bare_figures, width_of

ANSWER, NEED = ActivityKind.ANSWER, ActivityKind.NEED
SHARED = frozenset({"abandoned"})


def piece(
    told: Mapping[str, Collection[int]] | None = None, none: str = "", **counts: int
) -> Piece:
    """Everything withheld in edition 0, but what is told."""
    shown = {word: frozenset((told or {}).get(word, ())) for word in counts}
    return Piece(
        counts={word: (count,) for word, count in counts.items()},
        told=shown,
        none=frozenset(word for word in counts if word == none),
        some=frozenset(word for word in counts if 0 not in shown[word] and word != none),
        veiled=False,
    )


def width(tables: Tables, word: str, kind: ActivityKind = NEED) -> int:
    return width_of(tables, SHARED, Figure(kind, 0, word, 0), 1000)


def test_lone_figure_has_no_room() -> None:
    assert width({NEED: (piece({"b": [0]}, a=4, b=50),)}, "a") == 0


def test_figure_beside_another_withheld_one_may_be_all_of_both_but_one() -> None:
    # From 1 to 16: none of the two has nobody.
    assert width({NEED: (piece(a=4, b=13),)}, "a") == 15


def test_figure_shown_of_two_pieces_together_may_be_in_either() -> None:
    both = {"a": [1], "b": [1]}
    here, there = piece(both, a=4, b=50), piece(both, a=30, b=8)
    # Up: 29 of a there become b, as many of b here become a. Down: 3 of a, for 3 of b there.
    assert width({NEED: (here, there)}, "a") == 29 + 3


def test_other_piece_of_which_more_is_told_is_no_help() -> None:
    here = piece({"a": [1], "b": [1]}, a=4, b=50)
    there = piece({"a": [1, 2], "b": [1]}, a=30, b=8)
    assert width({NEED: (here, there)}, "a") == 0
    there = piece({"a": [1], "b": [1, 2]}, a=30, b=8)
    assert width({NEED: (here, there)}, "a") == 0


def test_where_none_of_a_word_are_none_can_come() -> None:
    both = {"a": [1], "b": [1]}
    tables = {NEED: (piece(both, a=4, b=50), piece(both, none="b", a=30, b=0))}
    assert width(tables, "a") == 0


def test_word_of_several_tables_takes_no_part_for_others() -> None:
    assert width({NEED: (piece(deuil=4, abandoned=60),)}, "deuil") == 0


def test_word_of_several_tables_has_the_room_of_the_narrowest() -> None:
    wide = piece(abandoned=4, in_target=60)
    narrow = piece({"solitude": [0]}, abandoned=4, solitude=60)
    assert width({ANSWER: (wide,)}, "abandoned", ANSWER) == 59 + 3
    assert width({ANSWER: (wide,), NEED: (narrow,)}, "abandoned", ANSWER) == 0
    told = {each.kind for each in bare_figures({ANSWER: (wide,), NEED: (narrow,)}, SHARED, 10)}
    assert told == {ANSWER, NEED}


def test_every_revision_must_stay_possible() -> None:
    moved = Piece(
        counts={"a": (4, 30), "b": (60, 3)},
        told={"a": frozenset(), "b": frozenset()},
        none=frozenset(),
        some=frozenset({"a", "b"}),
        veiled=False,
    )
    assert width({NEED: (moved,)}, "a") == 2 + 3


def test_piece_without_a_table_has_nothing_bare() -> None:
    veiled = Piece({"a": (4,)}, {"a": frozenset()}, frozenset(), frozenset(), veiled=True)
    assert list(bare_figures({NEED: (veiled,)}, SHARED, 10)) == []
