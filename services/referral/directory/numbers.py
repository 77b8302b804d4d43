"""The public number a relay is known by, from its row of HSDS."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_NUMBER = re.compile(r"\+?[0-9]{2,15}")
#: Kinds of number (HSDS, `phone.type`) that are written to.
_WRITTEN = frozenset({"text", "sms", "textphone"})


@dataclass(frozen=True)
class PublicNumber:
    """The number a relay is known by."""

    number: str  #: digits, with a plus before a country's
    by_text: bool  #: written to, never called


def number_of(phones: Sequence[Mapping[str, Any]]) -> PublicNumber | None:
    """The first number one speaks to; where there is none, the first one writes to."""
    told = [
        PublicNumber("".join(str(phone["number"]).split()), phone.get("type") in _WRITTEN)
        for phone in phones
    ]
    fit = [each for each in told if _NUMBER.fullmatch(each.number)]
    return min(fit, key=lambda each: each.by_text, default=None)
