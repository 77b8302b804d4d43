"""Telephone numbers as people read them: in pairs, short ones as they are."""

from __future__ import annotations

#: What is dialled before a number from elsewhere, and what is left out of it then (ITU-T E.164).
PREFIXES = {
    "FR": ("+33", "0"),
    "LU": ("+352", ""),
    "BE": ("+32", "0"),
    "CH": ("+41", "0"),
}

#: Numbers of so few digits are said digit by digit: 3114, 116 111.
_SHORT = 6


def as_read(number: str, country: str) -> str:
    """A number as it is read aloud in a country, in pairs: `09 72 39 40 50`, `45 45 45`.

    Of another country it keeps its prefix: `+33 9 72 39 40 50`. Short ones stay as they are.
    """
    prefix, trunk = PREFIXES.get(country, ("", ""))
    if prefix and number.startswith(prefix):
        return _in_pairs(trunk + number.removeprefix(prefix))
    abroad = next((each for each, _ in PREFIXES.values() if number.startswith(each)), None)
    if abroad is None:
        return number if len(number) <= _SHORT else _in_pairs(number)
    return f"{abroad} {_in_pairs(number.removeprefix(abroad))}"


def _in_pairs(digits: str) -> str:
    """`0972394050` as `09 72 39 40 50`, `972394050` as `9 72 39 40 50`; 0 800 stays together."""
    if digits.startswith("080"):
        return " ".join((digits[0], digits[1:4], _in_pairs(digits[4:]))).strip()
    odd = len(digits) % 2
    pairs = [digits[place : place + 2] for place in range(odd, len(digits), 2)]
    return " ".join(([digits[:1]] if odd else []) + pairs)
