"""The public numbers of relays, from the directory's file: no telephone number crosses the bus.

Referral says which relays can help and what speaks against each; the number is read here, by the
relay's name in the directory, when a page is drawn.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from contracts.vocabulary import RelayId

#: The folder referral reads, where the operator has one of their own.
REFERRAL_DIRECTORY = "HELPLINE_REFERRAL_DIRECTORY"
_COMMITTED = Path(__file__).resolve().parents[2] / "deploy/directory"
DIRECTORY = Path(os.environ.get(REFERRAL_DIRECTORY, _COMMITTED))

_NUMBER = re.compile(r"\+?[0-9]{2,15}")
#: Kinds of number (HSDS, `phone.type`) that are written to.
_WRITTEN = frozenset({"text", "sms", "textphone"})


@dataclass(frozen=True)
class PublicNumber:
    """The number a relay is known by."""

    number: str  #: digits, with a plus before a country's
    by_text: bool  #: written to, never called


@lru_cache(maxsize=1)
def numbers() -> Mapping[RelayId, PublicNumber]:
    """The number of each relay that has one."""
    rows = json.loads((DIRECTORY / "relays.json").read_bytes())["services"]
    found = {RelayId(row["x_relay"]["slug"]): number_of(row.get("phones") or []) for row in rows}
    return {relay: number for relay, number in found.items() if number is not None}


def number_of(phones: list[Mapping[str, Any]]) -> PublicNumber | None:
    """The first number one speaks to; where there is none, the first one writes to."""
    told = [
        PublicNumber("".join(str(phone["number"]).split()), phone.get("type") in _WRITTEN)
        for phone in phones
    ]
    fit = [each for each in told if _NUMBER.fullmatch(each.number)]
    return min(fit, key=lambda each: each.by_text, default=None)
