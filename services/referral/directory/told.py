"""What of a relay people may put right: read from a row of HSDS as words, and laid over one.

A word of the same form everywhere, whoever says it, so that a source and a correction can be set
side by side. The surprising thing: an import never sees a correction. The row stays as its source
tells it; what is laid over is laid over each time it is read.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from contracts.directory import RelayField, RelayStatus
from services.referral.directory.numbers import number_of

_OURS = uuid.UUID("e5f0d540-04f8-4f6c-93c9-aee3eb32fc13")  #: of what is made here, at random
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_HOURS = re.compile(rf"^((?:[A-Z]{{2}})(?:,[A-Z]{{2}})*) ({_CLOCK})-({_CLOCK}|24:00)$")
_MIDNIGHT, _LAST_MINUTE = "24:00", "23:59"
_MOST_HOURS = 14
_NUMBER = re.compile(r"^(\+[1-9][0-9]{6,14}|0[0-9]{9}|[0-9]{2,6})$")
_WEBSITE = re.compile(r"^https?://[!-~]{3,280}$")
_LONGEST_PLACE = 200
_SLUG = re.compile(r"^[a-z]{2}-[a-z0-9][a-z0-9-]{0,40}$")


# --- read -----------------------------------------------------------------------------------------


def said_in(row: Mapping[str, Any]) -> dict[RelayField, str]:
    """What a row says of each field; what it does not say is left out."""
    ours = row.get("x_relay") or {}
    number = number_of(row.get("phones") or ())
    said = {
        RelayField.NUMBER: None if number is None else number.number,
        RelayField.HOURS: "; ".join(_hours_in(row)),
        RelayField.PLACE: ours.get("place"),
        RelayField.WEBSITE: row.get("url"),
        RelayField.STATUS: row.get("status"),
        RelayField.LAST_DAY: ours.get("valid_to"),
        RelayField.CLOSED_UNTIL: ours.get("closed_until"),
        RelayField.SUCCESSOR: ours.get("replaced_by"),
    }
    return {field: str(told) for field, told in said.items() if told}


def _hours_in(row: Mapping[str, Any]) -> Iterator[str]:
    for each in row.get("schedules") or ():
        if each.get("x_channel", "phone") == _channel(row):
            closes = _MIDNIGHT if each["closes_at"] == _LAST_MINUTE else each["closes_at"]
            yield f"{each['byday']} {each['opens_at']}-{closes}"


def _channel(row: Mapping[str, Any]) -> str:
    """Whose hours are meant: the telephone's, where there is one."""
    ways = sorted((row.get("x_relay") or {}).get("channels") or ())
    return "phone" if "phone" in ways or not ways else str(ways[0])


# --- judged ---------------------------------------------------------------------------------------


def judged(field: RelayField, said: str) -> str | None:
    """What is said of a field, in the one form it is kept in; None when it says nothing sound."""
    words = " ".join(said.split())
    match field:
        case RelayField.NUMBER:
            bare = re.sub(r"[ ./()-]", "", words)
            return bare if _NUMBER.fullmatch(bare) else None
        case RelayField.HOURS:
            return _judged_hours(words)
        case RelayField.PLACE:
            return words if 0 < len(words) <= _LONGEST_PLACE else None
        case RelayField.WEBSITE:
            return words if _WEBSITE.fullmatch(words) else None
        case RelayField.STATUS:
            return words if words in set(RelayStatus) else None
        case RelayField.LAST_DAY | RelayField.CLOSED_UNTIL:
            return _judged_day(words)
        case RelayField.SUCCESSOR:
            return words if _SLUG.fullmatch(words) else None


def _judged_day(words: str) -> str | None:
    try:
        return date.fromisoformat(words).isoformat()
    except ValueError:
        return None


def _judged_hours(words: str) -> str | None:
    spans = [" ".join(each.split()) for each in words.split(";") if each.strip()]
    if not 0 < len(spans) <= _MOST_HOURS or not all(map(_is_span, spans)):
        return None
    return "; ".join(spans)


def _is_span(span: str) -> bool:
    found = _HOURS.fullmatch(span)
    if found is None or found[2] == found[3]:
        return False
    days = found[1].split(",")
    return set(days) <= set(_WEEKDAYS) and len(set(days)) == len(days)


# --- laid over ------------------------------------------------------------------------------------


def laid_over(row: Mapping[str, Any], said: Mapping[RelayField, str]) -> dict[str, Any]:
    """The row with what people say instead; `said` in the form of `judged`."""
    laid = {**row, "x_relay": dict(row["x_relay"])}
    ours = laid["x_relay"]
    for field, words in said.items():
        match field:
            case RelayField.NUMBER:
                laid["phones"] = _phones(row, words)
            case RelayField.HOURS:
                laid["schedules"] = _schedules(row, words)
                ours["always_open"] = _is_always(words)
                ours["confidence_hours"] = "high"
            case RelayField.PLACE:
                ours["place"] = words
            case RelayField.WEBSITE:
                laid["url"] = words
            case RelayField.STATUS:
                laid["status"] = words
            case RelayField.LAST_DAY:
                ours["valid_to"] = words
            case RelayField.CLOSED_UNTIL:
                ours["closed_until"] = words
            case RelayField.SUCCESSOR:
                ours["replaced_by"] = words
    if RelayField.SUCCESSOR in said and RelayField.STATUS not in said:
        laid["status"] = RelayStatus.DEFUNCT.value  # what another stands in for works no longer
    return laid


def _phones(row: Mapping[str, Any], number: str) -> list[dict[str, Any]]:
    """The number it is known by is another; those it has besides stay."""
    known = number_of(row.get("phones") or ())
    others = [
        each
        for each in row.get("phones") or ()
        if known is None or "".join(str(each.get("number", "")).split()) != known.number
    ]
    made = {"id": _id(row, "phone"), "service_id": row["id"], "number": number, "type": "voice"}
    return [made, *others]


def _schedules(row: Mapping[str, Any], words: str) -> list[dict[str, Any]]:
    channel = _channel(row)
    kept: list[Mapping[str, Any]] = []
    own: list[Mapping[str, Any]] = []
    for each in row.get("schedules") or ():
        (own if each.get("x_channel", "phone") == channel else kept).append(each)
    zone = own[0]["x_timezone"] if own else _zone(row)
    made = [
        _schedule(span, zone, channel)
        | {"id": _id(row, f"schedule {place}"), "service_id": row["id"]}
        for place, span in enumerate(words.split("; "))
    ]
    return [*made, *map(dict, kept)]


def _schedule(span: str, zone: str, channel: str) -> dict[str, Any]:
    found = _HOURS.fullmatch(span)
    assert found is not None
    opens, closes = found[2], _LAST_MINUTE if found[3] == _MIDNIGHT else found[3]
    return {
        "freq": "WEEKLY",
        "wkst": "MO",
        "byday": found[1],
        "opens_at": opens,
        "closes_at": closes,
        "x_timezone": zone,
        "x_channel": channel,
        "x_crosses_midnight": closes <= opens,
    }


def _zone(row: Mapping[str, Any]) -> str:
    ours = row["x_relay"]
    capital = "Europe/Luxembourg" if ours.get("country") == "LU" else "Europe/Paris"
    return str(ours.get("timezone") or capital)


def _is_always(words: str) -> bool:
    days = {
        day
        for span in words.split("; ")
        if span.endswith(f" 00:00-{_MIDNIGHT}")
        for day in span.partition(" ")[0].split(",")
    }
    return days == set(_WEEKDAYS)


def _id(row: Mapping[str, Any], kind: str) -> str:
    return str(uuid.uuid5(_OURS, f"{row['id']} {kind}"))
