"""Seals open with their own key at their own place, and nowhere else."""

import pytest

from services.bus.sealing import WrongKey, new_key
from services.intake.seal import seal, unseal, unwrap, wrap

HERE, THERE = "contact-1", "contact-2"
SAID = "Je n'en peux plus, je suis à bout 😔"


def test_a_text_comes_back_as_it_was() -> None:
    key = new_key()
    assert unseal(key, seal(key, SAID, HERE, "t1"), HERE, "t1") == SAID


def test_the_same_text_never_looks_the_same() -> None:
    key = new_key()
    assert seal(key, SAID, HERE, "t1") != seal(key, SAID, HERE, "t1")


def test_a_seal_shows_no_word_of_the_text() -> None:
    assert b"plus" not in seal(new_key(), SAID, HERE, "t1")


@pytest.mark.parametrize("place", [(THERE, "t1"), (HERE, "t2")])
def test_a_seal_moved_elsewhere_does_not_open(place: tuple[str, str]) -> None:
    key = new_key()
    with pytest.raises(WrongKey):
        unseal(key, seal(key, SAID, HERE, "t1"), *place)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(WrongKey):
        unseal(new_key(), seal(new_key(), SAID, HERE, "t1"), HERE, "t1")


@pytest.mark.parametrize("at", [0, 12, -1])
def test_a_changed_byte_is_noticed(at: int) -> None:
    key = new_key()
    sealed = bytearray(seal(key, SAID, HERE, "t1"))
    sealed[at] ^= 1
    with pytest.raises(WrongKey):
        unseal(key, bytes(sealed), HERE, "t1")


@pytest.mark.parametrize("short", [b"", b"x" * 12, b"x" * 20])
def test_what_is_no_seal_is_a_wrong_key(short: bytes) -> None:
    with pytest.raises(WrongKey):
        unseal(new_key(), short, HERE, "t1")


def test_the_key_of_a_contact_needs_that_of_its_day_and_its_contact() -> None:
    day, key = new_key(), new_key()
    wrapped = wrap(day, key, HERE)
    assert unwrap(day, wrapped, HERE) == key
    with pytest.raises(WrongKey):
        unwrap(new_key(), wrapped, HERE)
    with pytest.raises(WrongKey):
        unwrap(day, wrapped, THERE)
