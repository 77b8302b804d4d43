"""How much attention a written text asks for, by the words in it: none, watch, raise, raise now.

For the person who writes: their text is read sooner, by a human. It raises attention and does
nothing else: it never lowers a priority, answers, closes, calls rescue or marks anybody
(`deploy/protocol/protocol-0.1.json`, `attention_signal.never`). Off unless a manifest names who
answers for it clinically. Pure; the words it listens for are data (`lexicon.py`).

The surprising thing: most of it is about what is *not* meant. « Mort de rire » is taken out before
anything is listened for; what is denied, long past or told of somebody else's death asks to be read
within the hour, and no more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.vocabulary import Attention, RuleCode
from services.intake import lexicon
from services.intake.lexicon import Saying
from services.intake.sayings import SAYINGS

INDICATOR_VERSION = "indicator-2026.1"
WISH_WITH_ITS_HOUR = "wish-with-its-hour"
CANNOT_SPEAK_NEAR = "cannot-speak-somebody-near"
#: From the least to the most.
_ORDER = tuple(Attention)
#: Where a sentence ends; a new line does too, as people write in a chat.
_SENTENCE = re.compile(r"[.!?;\n…]+")
#: Where a denial or a time no longer reaches.
_CLAUSE = re.compile(r"[,:()]|\b(?:mais|but|aber|pourtant|sauf que|however)\b")
#: Words of a text that can only belong to the one before it: « ce soir ».
_SHORT = 4
#: Apostrophes of every keyboard, hyphens and the odd space.
_BLANKS = "'\u2019\u2018`\u00b4\u02bc-_\t\u00a0\u202f"
#: How far before the words a denial may stand, in characters.
_REACH = 40


@dataclass(frozen=True)
class Match:
    """Words that spoke: for whoever may read the text, never for the bus."""

    rule: RuleCode
    level: Attention
    text: int  #: which of the texts, from 0
    start: int  #: place of the first character in it
    end: int  #: place behind the last


@dataclass(frozen=True)
class Reading:
    """What the words ask for. Only `level` and `rules` may leave intake."""

    level: Attention
    rules: tuple[RuleCode, ...]  #: each once, those of the highest level first
    matches: tuple[Match, ...]
    version: str = INDICATOR_VERSION


def read_attention(texts: Sequence[str]) -> Reading:
    """Listen to texts of one person, in the order they were written.

    A chat comes in pieces: a wish in one text and its hour in the next belong together.
    """
    heard = tuple(
        match for place, text in enumerate(texts) for match in _heard(place, _folded(text))
    )
    together = tuple(_together(texts, heard))
    levels = [match.level for match in heard] + [level for _, level in together]
    rules = sorted(
        [(match.level, match.rule) for match in heard]
        + [(level, rule) for rule, level in together],
        key=lambda each: -_ORDER.index(each[0]),
    )
    return Reading(
        level=max(levels, key=_ORDER.index, default=Attention.NONE),
        rules=tuple(dict.fromkeys(rule for _, rule in rules)),
        matches=heard,
    )


# --- one text -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Folded:
    """A text as it is listened to, and where each of its characters came from."""

    letters: str
    places: tuple[int, ...]  #: in the original; one more than there are letters


def _folded(text: str) -> _Folded:
    """Lower case without accents, apostrophes as blanks, set phrases blanked out."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for letter in _plain(character):
            if letter != " " or letters[-1:] != [" "]:
                letters.append(letter)
                places.append(place)
    kept = lexicon.SET_PHRASES.sub(lambda found: "#" * len(found[0]), "".join(letters))
    return _Folded(kept, (*places, len(text)))


def _plain(character: str) -> str:
    if character in _BLANKS:
        return " "
    if character in "œŒæÆßẞ":
        return {"œ": "oe", "æ": "ae", "ß": "ss"}[character.lower().replace("ẞ", "ß")]
    return unicodedata.normalize("NFD", character.lower())[:1]


def _heard(place: int, text: _Folded) -> Iterator[Match]:
    for start, sentence in _pieces(_SENTENCE, text.letters):
        for saying in SAYINGS:
            for found in saying.words.finditer(sentence):
                yield Match(
                    rule=saying.code,
                    level=_level(saying, found, sentence),
                    text=place,
                    start=text.places[start + found.start()],
                    end=text.places[start + found.end()],
                )


def _pieces(ends: re.Pattern[str], letters: str) -> Iterator[tuple[int, str]]:
    """The stretches between what ends them, each with its place."""
    begun = 0
    for end in ends.finditer(letters):
        yield begun, letters[begun : end.start()]
        begun = end.end()
    yield begun, letters[begun:]


def _level(saying: Saying, found: re.Match[str], sentence: str) -> Attention:
    """The level of words where they stand: denied, long past or told, a watch is enough."""
    if saying.tempered and (
        _is_denied(found, sentence) or _is_past(found, sentence) or lexicon.TOLD.search(sentence)
    ):
        return Attention.WATCH
    return saying.level


def _is_denied(found: re.Match[str], sentence: str) -> bool:
    if any(value for name, value in found.groupdict().items() if name.startswith("no")):
        return True
    if lexicon.DENIED_AFTER.match(sentence, found.end()):
        return True
    before = sentence[max(0, found.start() - _REACH) : found.start()]
    *_, (_, clause) = _pieces(_CLAUSE, before)
    return any(not clause[each.end() :].strip() for each in lexicon.DENIED_BEFORE.finditer(clause))


def _is_past(found: re.Match[str], sentence: str) -> bool:
    """Whether words are in the past, said to be long ago, and not said to go on."""
    past = [value for name, value in found.groupdict().items() if name.startswith("past")]
    if not any(past) or lexicon.STILL_SO.search(sentence):
        return False
    imperfect = any(value and not re.search(r"\bai\b|\ba\b", value) for value in past)
    return imperfect or lexicon.LONG_AGO.search(sentence) is not None


# --- several texts --------------------------------------------------------------------------------


def _together(texts: Sequence[str], heard: Sequence[Match]) -> Iterator[tuple[RuleCode, Attention]]:
    """What is said in one breath or in two: a wish and its hour, a silence and somebody near."""
    folded = [_folded(text).letters for text in texts]
    wishes = {
        match.text for match in heard if match.rule.endswith("-death-wish") and _is_meant(match)
    }
    if wishes and any(_says_its_hour(place in wishes, text) for place, text in enumerate(folded)):
        yield WISH_WITH_ITS_HOUR, Attention.RAISE_NOW
    letters = "\n".join(folded)
    if lexicon.CANNOT_SPEAK.search(letters) and lexicon.SOMEBODY_NEAR.search(letters):
        yield CANNOT_SPEAK_NEAR, Attention.RAISE_NOW


def _is_meant(match: Match) -> bool:
    return match.level is Attention.RAISE


def _says_its_hour(with_the_wish: bool, letters: str) -> bool:
    """Whether a text names the hour of a wish: in its own words, or as a short text of its own."""
    if with_the_wish:
        return any(
            lexicon.ITS_HOUR.search(sentence)
            and any(
                saying.code.endswith("-death-wish") and saying.words.search(sentence)
                for saying in SAYINGS
            )
            for _, sentence in _pieces(_SENTENCE, letters)
        )
    return len(letters.split()) <= _SHORT and lexicon.ITS_HOUR.search(letters) is not None
