"""What the indicator of written texts makes of one text after those before it. Pure.

It raises attention and nothing else. The surprising thing: what was heard in an earlier line is not
said again with each line that follows, so that a flag always points at something new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.vocabulary import Attention
from services.intake.answers import TextTold, WordsHeard
from services.intake.indicator import read_attention


@dataclass(frozen=True)
class Heard:
    """What the indicator makes of one text after those before it."""

    level: Attention = Attention.NONE
    rules: tuple[str, ...] = ()


def hear(before: Sequence[str], text: str) -> Heard:
    """What is heard in a text, and between it and those before it, in the order of the rules."""
    then, now = read_attention(before), read_attention([*before, text])
    here = {match.rule for match in now.matches if match.text == len(before)}
    new = here | (set(now.rules) - set(then.rules))
    if not new:
        return Heard()
    between = new - here
    alone = read_attention([text])
    level = now.level if between else alone.level
    return Heard(level, tuple(rule for rule in now.rules if rule in new))


def with_words_heard(told: TextTold) -> TextTold:
    """Show which words of a flagged text spoke, to who may read them anyway."""
    if not told.rule_ids:
        return told
    heard = tuple(
        WordsHeard(rule=match.rule, start=match.start, end=match.end)
        for match in read_attention([told.text]).matches
    )
    return told.model_copy(update={"heard": heard})
