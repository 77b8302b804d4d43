"""The French départements, as a regulator types one: by code or by name, never by postcode.

The list is the directory's (`deploy/directory/departements.json`, from INSEE). A postcode is not a
département: some cross its limits, and to take one for the other sends rescue to the wrong place.
"""

from __future__ import annotations

import json
import os
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from contracts.vocabulary import Refusal
from services.bus.body import Flaw

#: The folder referral reads, where the operator has one of their own.
REFERRAL_DIRECTORY = "HELPLINE_REFERRAL_DIRECTORY"
_COMMITTED = Path(__file__).resolve().parents[2] / "deploy/directory"
_LIST = Path(os.environ.get(REFERRAL_DIRECTORY, _COMMITTED)) / "departements.json"
_BETWEEN = " · "


@dataclass(frozen=True)
class Place:
    """A département."""

    code: str
    name: str

    @property
    def shown(self) -> str:
        """As it stands in the list of a field."""
        return f"{self.code}{_BETWEEN}{self.name}"


@lru_cache(maxsize=1)
def places() -> tuple[Place, ...]:
    """Every département, in the order of the codes."""
    rows = json.loads(_LIST.read_bytes())["departements"]
    return tuple(Place(str(row["code"]), str(row["nom"])) for row in rows)


def code_of(typed: str, field: str) -> str:
    """The code of what was typed; Flaw that names the field when it is no département."""
    said = _plain(typed.split(_BETWEEN.strip())[0])
    for place in places():
        if said in (_plain(place.code), _plain(place.name)):
            return place.code
    raise Flaw(Refusal.INVALID_FIELD, field)


def _plain(words: str) -> str:
    """Without accents, capitals, hyphens and spaces at the ends."""
    bare = unicodedata.normalize("NFD", words.strip().casefold())
    bare = "".join(each for each in bare if not unicodedata.combining(each))
    return bare.replace("-", " ").replace("’", "'")
