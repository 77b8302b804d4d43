"""What people may put right of a relay, field by field, and why not.

Pure. The surprising thing: a day that is over is a sound answer to "closed until": whoever opens
again earlier than they said tells it so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from contracts.directory import RelayField
from contracts.vocabulary import Refusal
from services.referral.directory.relay import Relay
from services.referral.directory.told import judged
from services.referral.domain import MayNot

#: Nobody knows what holds so far ahead. Design value; no source sets it.
_FARTHEST = timedelta(days=3660)


@dataclass(frozen=True)
class Sound:
    """What may be laid over the list, in the form it is kept in."""

    said: Mapping[RelayField, str]


def judge_correction(
    relay: Relay | None, wanted: Mapping[RelayField, str], today: date
) -> Sound | MayNot:
    """Whether all of it is sound; the first field that is not, by its name."""
    if relay is None:
        return MayNot(Refusal.UNKNOWN_RELAY, "relay_id")
    said: dict[RelayField, str] = {}
    for field, words in wanted.items():
        kept = judged(field, words)
        if kept is None or not _may_be(relay, field, kept, today):
            return MayNot(Refusal.INVALID_FIELD, field.value)
        said[field] = kept
    if not said:
        return MayNot(Refusal.INVALID_FIELD, RelayField.NUMBER.value)
    return Sound(said)


def _may_be(relay: Relay, field: RelayField, said: str, today: date) -> bool:
    match field:
        case RelayField.LAST_DAY:
            begins = relay.first_day or date.min
            return begins <= date.fromisoformat(said) <= today + _FARTHEST
        case RelayField.CLOSED_UNTIL:
            return date.fromisoformat(said) <= today + _FARTHEST
        case _:
            return True
