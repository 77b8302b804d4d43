"""What is typed to look something up crosses as bare words; nobody can be named in full by them."""

import pytest
from pydantic import TypeAdapter

from contracts.looking_up import MOST_WORDS, SearchWord, plain, words_of

TYPED = {
    "a question": ("Où se faire tester ?", ("ou", "se", "faire", "tester")),
    "an apostrophe": ("l’attestation d'État", ("attestation", "etat")),
    "a ligature": ("cœur, œuvre, æsc", ("coeur", "oeuvre", "aesc")),
    "a short number": ("le 3114 ou le 15", ("le", "3114", "ou", "15")),
    "the same word twice": ("test TEST Tèst", ("test",)),
    "nothing but signs": ("? ! - 1", ()),
    "a telephone number": ("06 39 98 00 12", ()),
    "one with a country": ("appeler +33 6.39.98.00.12", ("appeler",)),
    "one without spaces": ("0639980012", ()),
}


@pytest.mark.parametrize(("typed", "words"), TYPED.values(), ids=TYPED.keys())
def test_words_of(typed: str, words: tuple[str, ...]) -> None:
    assert words_of(typed) == words


def test_every_word_that_is_found_may_cross_and_no_more_than_eight() -> None:
    found = words_of(" ".join(f"mot{letter}" for letter in "abcdefghijklmnop") + " Ærø ß ﬁn 日本")
    assert len(found) == MOST_WORDS
    assert TypeAdapter(tuple[SearchWord, ...]).validate_python(found) == found


def test_plain_words_are_small_bare_and_one_space_apart() -> None:
    assert plain("  L’Été \n à  Œuilly ") == "l’ete a oeuilly"
