"""Words as they are looked up: by somebody at a desk, in the directory or among information cards.

What is typed crosses the bus as bare words, never as it was typed: no capital, no sign, no number
of more than four digits. A telephone number or an address cannot be said in them.
"""

import re
import unicodedata
from typing import Annotated

from pydantic import StringConstraints

#: One word of what is looked up: letters, or a short number such as 115 or 3114.
SearchWord = Annotated[str, StringConstraints(pattern=r"^([a-z]{2,30}|[0-9]{2,4})$")]

#: More words than this say nothing more.
MOST_WORDS = 8

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})
#: A number of more digits than four, however it is written: a telephone number may be one.
_LONG_NUMBER = re.compile(r"[0-9](?:[ .+/-]*[0-9]){4,}")
_WORD = re.compile(r"[a-z]+|[0-9]+")
_LETTERS, _DIGITS = range(2, 31), range(2, 5)


def plain(words: str) -> str:
    """Words in small letters, without accents or ligatures, one space between."""
    letters = unicodedata.normalize("NFKD", words.casefold()).translate(_LIGATURES)
    return " ".join("".join(each for each in letters if not unicodedata.combining(each)).split())


def words_of(typed: str) -> tuple[str, ...]:
    """What was typed as words to look up, at most MOST_WORDS; a long number is left out."""
    short = _LONG_NUMBER.sub(" ", plain(typed))
    found = dict.fromkeys(filter(_is_a_word, _WORD.findall(short)))
    return tuple(found)[:MOST_WORDS]


def _is_a_word(found: str) -> bool:
    return len(found) in (_DIGITS if found.isdigit() else _LETTERS)
