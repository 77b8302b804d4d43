"""Codes a consent is taken back by: each slip of a finger is seen."""

from __future__ import annotations

import pytest

from contracts.withdrawal import code_typed, hash_of_code, new_code


def test_code_is_read_however_it_is_grouped() -> None:
    code = new_code()
    for typed in (code, f" {code[:4]} {code[4:8]} {code[8:]} ", f"{code[:6]}-{code[6:]}"):
        assert code_typed(typed) == code


def test_one_wrong_digit_is_always_seen() -> None:
    code = new_code()
    for place, digit in enumerate(code):
        for other in set("0123456789") - {digit}:
            assert code_typed(code[:place] + other + code[place + 1 :]) is None


def test_two_digits_the_wrong_way_round_are_seen_but_for_nought_and_nine() -> None:
    # Luhn does not see 09 for 90: known since 1960, and as good as any typing allows here.
    assert code_typed("123456789015") == "123456789015"
    for place in range(11):
        turned = list("123456789015")
        turned[place], turned[place + 1] = turned[place + 1], turned[place]
        nine = {turned[place], turned[place + 1]} == {"0", "9"}
        assert (code_typed("".join(turned)) is None) is not nine


@pytest.mark.parametrize("typed", ["", "12", "1234567890155", "abcdefghijkl", "٠١٢٣٤٥٦٧٨٩٠١"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert code_typed(typed) is None


def test_codes_differ_and_their_hashes_too() -> None:
    codes = {new_code() for _ in range(200)}
    assert len({hash_of_code(code) for code in codes}) == 200
