"""Who may see a field, said where the field is defined.

Every field of every contract is declared with one of the functions below; each takes the meaning
(one line) and, for a number, its unit. The class travels into the JSON Schema as `x-privacy`.
`FORBIDDEN` has no function on purpose: such values (a telephone number, an IP address) exist only
in the edges and have no way to be serialised.
"""

from enum import StrEnum
from typing import Any

from pydantic import Field

#: What an integer column of the ledger holds; too small for a telephone number with its country.
LARGEST_COUNT = 2_147_483_647


class PrivacyClass(StrEnum):
    """Who may read a field, from the widest circle to the narrowest."""

    PUBLIC = "PUBLIC"  #: anyone, the caller's page included
    OPS = "OPS"  #: everyone who runs the line: ids of contacts, times, states, counts
    STAFF = "STAFF"  #: people on duty and their supervisors: ids of persons, their live state
    REFERENCE = "REFERENCE"  #: a pointer to something held elsewhere; worthless alone
    SEALED = "SEALED"  #: ciphertext for one named reader
    FORBIDDEN = "FORBIDDEN"  #: never leaves the edge's memory


def _classified(
    privacy: PrivacyClass, meaning: str, unit: str | None, bounds: dict[str, Any]
) -> Any:
    extra: dict[str, Any] = {"x-privacy": privacy.value}
    if unit is not None:
        extra["x-unit"] = unit
    return Field(description=meaning, json_schema_extra=extra, **bounds)


def public(meaning: str, *, unit: str | None = None, **bounds: Any) -> Any:
    """A field anyone may read."""
    return _classified(PrivacyClass.PUBLIC, meaning, unit, bounds)


def ops(meaning: str, *, unit: str | None = None, **bounds: Any) -> Any:
    """A field for those who run the line."""
    return _classified(PrivacyClass.OPS, meaning, unit, bounds)


def staff(meaning: str, *, unit: str | None = None, **bounds: Any) -> Any:
    """A field about a person on duty."""
    return _classified(PrivacyClass.STAFF, meaning, unit, bounds)


def sealed(meaning: str, *, unit: str | None = None, **bounds: Any) -> Any:
    """Ciphertext that one named reader can open, and nobody on the way."""
    return _classified(PrivacyClass.SEALED, meaning, unit, bounds)


def reference(meaning: str, *, unit: str | None = None, **bounds: Any) -> Any:
    """A pointer to something held elsewhere."""
    return _classified(PrivacyClass.REFERENCE, meaning, unit, bounds)
