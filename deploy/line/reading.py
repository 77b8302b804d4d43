"""How single answers are read: texts, choices, lists, numbers. Each raises Unfit with a reason."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date

from deploy.line.unfit import Unfit

_PERSON = re.compile(r"[a-z][a-z0-9-]{1,40}")
#: As many people of one role as fit on a line somebody types; the others are imported later.
MOST_PEOPLE = 30
_YES = frozenset({"yes", "y", "oui", "o", "true"})
_NO = frozenset({"no", "n", "non", "false"})


def a_text(text: str, shortest: int, longest: int) -> str:
    """One line of words; lengths in characters, both allowed."""
    said = " ".join(text.split())
    if not said.isprintable():
        raise Unfit("holds a sign that cannot be printed")
    if not shortest <= len(said) <= longest:
        raise Unfit(f"must have {shortest} to {longest} characters")
    return said


def words_in(text: str) -> tuple[str, ...]:
    """The words of a list, by commas or spaces."""
    return tuple(word for word in re.split(r"[\s,]+", text) if word)


def some_of(text: str, allowed: Collection[str], what: str) -> tuple[str, ...]:
    """Some of a closed list, in the order they were named, at least one."""
    chosen = tuple(word.lower() for word in words_in(text))
    if not chosen:
        raise Unfit(f"name at least one {what}: {', '.join(allowed)}")
    for each in chosen:
        if each not in allowed:
            raise Unfit(f"{each!r} is no {what} that is known here: {', '.join(allowed)}")
    if len(set(chosen)) < len(chosen):
        raise Unfit(f"a {what} is named twice")
    return chosen


def one_of(text: str, allowed: Collection[str], what: str) -> str:
    """One of a closed list."""
    chosen = some_of(text, allowed, what)
    if len(chosen) > 1:
        raise Unfit(f"name one {what} only")
    return chosen[0]


def yes_or_no(text: str) -> bool:
    """Yes or no, in English or French."""
    said = text.strip().lower()
    if said not in _YES | _NO:
        raise Unfit("answer yes or no")
    return said in _YES


def a_day(text: str) -> str:
    """A day of the calendar from 2000 on, YYYY-MM-DD."""
    said = text.strip()
    try:
        if re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", said):
            return date.fromisoformat(said).isoformat()
    except ValueError:
        pass
    raise Unfit("write a day as 2026-01-31")


def a_whole_number(text: str, lowest: int, highest: int) -> int:
    """A whole number; both bounds allowed."""
    said = text.strip()
    if not re.fullmatch(r"[0-9]{1,4}", said) or not lowest <= int(said) <= highest:
        raise Unfit(f"write a number from {lowest} to {highest}")
    return int(said)


def people_in(text: str, fewest: int) -> tuple[str, ...]:
    """Identifiers of people, as the organisation chose them."""
    if text.strip().lower() in ("none", "nobody", "personne"):
        named: tuple[str, ...] = ()
    else:
        named = words_in(text)
    for each in named:
        if _PERSON.fullmatch(each) is None:
            raise Unfit(
                f"{each!r} is no identifier: small letters, digits and dashes, a letter first, 2 "
                "to 41 of them; never a name"
            )
    if len(set(named)) < len(named):
        raise Unfit("somebody is named twice")
    if len(named) < fewest:
        raise Unfit(f"name {fewest} at least, or the line cannot answer")
    if len(named) > MOST_PEOPLE:
        raise Unfit(f"name {MOST_PEOPLE} at most here; the others are added to people.csv")
    return named


def numbers_by_country(text: str) -> dict[str, tuple[str, ...]]:
    """`FR: 15 112 114; BE: 112` as numbers by country."""
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(str.strip, text.split(";")):
        country, colon, listed = part.partition(":")
        country, numbers = country.strip().upper(), words_in(listed)
        if not colon or re.fullmatch(r"[A-Z]{2}", country) is None:
            raise Unfit("write each country with its numbers, as FR: 15 17 18 112 114; BE: 112")
        if country in found:
            raise Unfit(f"{country} is named twice")
        if not 1 <= len(numbers) <= 8 or len(set(numbers)) < len(numbers):
            raise Unfit(f"{country} needs one to eight numbers, each once")
        for number in numbers:
            if re.fullmatch(r"[0-9]{2,4}", number) is None:
                raise Unfit(f"{number!r} is no emergency number: two to four digits")
        found[country] = numbers
    if len(found) > 11:
        raise Unfit("name ten countries besides the line's own at most")
    return found
