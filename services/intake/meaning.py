"""What a manifest means: the terms made from it, and what callers are told.

Pure. A channel is open as the seeds say of it, else as they say of the line, else as is assumed of
it, else of the line. Not yet checked by the contracts: what does not fit them is a fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from contracts.envelope import Contract
from contracts.vocabulary import Channel
from services.intake.document import Path
from services.intake.facts import Fact, Facts, Hours, Opening, Part
from services.intake.manifest import Assumed, Assumptions, Held, Manifest, Step, Words
from services.intake.numbers import from_anywhere

T = TypeVar("T")

_ISO_WEEKDAYS = {"MO": 1, "TU": 2, "WE": 3, "TH": 4, "FR": 5, "SA": 6, "SU": 7}
#: An e-mail to the line is served by its message box.
CHANNELS = {
    "phone": Channel.PHONE,
    "chat": Channel.CHAT,
    "message": Channel.MESSAGE,
    "email": Channel.MESSAGE,
}
#: Fields of the terms that are a group of single assumptions, and those assumed as one block.
_GROUPS = ("times", "rest", "prices")
_BLOCKS = ("writing", "returning", "keeping", "roster", "assignment", "risk")


def channels_of(manifest: Manifest) -> tuple[Channel, ...]:
    """Channels of the line: those of its facts, then those that have facts of their own."""
    said = [CHANNELS[channel] for channel in manifest.facts.channels.value]
    return tuple(dict.fromkeys([*said, *manifest.channel_facts]))


def terms_of(manifest: Manifest) -> dict[str, Any]:
    """The terms as the contract wants them, not yet checked by it."""
    facts, assumed = manifest.facts, manifest.assumed
    channels = channels_of(manifest)
    return {
        "name": facts.name.value,
        "country": _said_or_assumed(facts.country, assumed.country),
        "timezone": opening_of(manifest, channels[0])[1].timezone,
        "opening": [_rule(*each) for each in _hours_of(manifest)],
        "channels": channels,
        "languages": _said_or_assumed(facts.languages, assumed.languages),
        "needs": assumed.needs.value,
        "first_stage": "listener" if facts.triage_step is None else "regulator",
        "untriaged_priority": assumed.untriaged_priority.value,
        "answer_target_seconds": assumed.answer_target_seconds.value,
        "talk_guidance_minutes": _guidance(facts, assumed),
        **{name: _values(getattr(assumed, name)) for name in _GROUPS},
        **_blocks(manifest),
        "special_days": _json(assumed.calendar.value.special_days),
        "on_holidays": assumed.calendar.value.on_holidays,
        "frame": _frame(manifest),
        "emergency_numbers": assumed.emergency_numbers.value,
    }


def _said_or_assumed(said: Fact[T] | None, assumed: Assumed[T] | None) -> T:
    if said is not None:
        return said.value
    assert assumed is not None  # gaps were found before
    return assumed.value


def _values(group: Part) -> dict[str, Any]:
    return {name: getattr(group, name).value for name in type(group).model_fields}


def _guidance(facts: Facts, assumed: Assumptions) -> tuple[int, int] | None:
    if facts.call_duration_minutes is None and assumed.talk_guidance_minutes is None:
        return None
    span = _said_or_assumed(facts.call_duration_minutes, assumed.talk_guidance_minutes)
    return (span.min, span.max)


def _blocks(manifest: Manifest) -> dict[str, Any]:
    """The blocks that are assumed whole, as written: the contract fills in what they leave out."""
    written = {name: getattr(manifest.assumed, name) for name in _BLOCKS}
    blocks = {
        name: block.value.model_dump(mode="json", exclude_unset=True)
        for name, block in written.items()
        if block is not None
    }
    said = said_of_messages(manifest)
    if said is not None:
        blocks["writing"] = {**blocks.get("writing", {}), "answered_within_hours": said.value}
    indicator = assumed_indicator(manifest)
    if indicator is not None:
        blocks["writing"] = {**blocks.get("writing", {}), "indicator_owner": indicator}
    return blocks


def assumed_indicator(manifest: Manifest) -> str | None:
    """Who answers, clinically, for the indicator of written texts; None: it is off."""
    indicator = manifest.assumed.indicator
    if indicator is None or not indicator.value.switched_on:
        return None
    return indicator.value.clinical_owner


def _json(parts: Sequence[Contract]) -> list[dict[str, Any]]:
    return [part.model_dump(mode="json", exclude_unset=True) for part in parts]


def _frame(manifest: Manifest) -> dict[str, Any]:
    frame = manifest.assumed.frame
    said = {
        "alert_duty": _json(frame.alert_duty.value),
        "refers": frame.refers is None or frame.refers.value,
        "minor_below_years": frame.minor_below_years.value,
        "report_recipients": _json(frame.report_recipients.value),
    }
    if frame.keeps_notes is not None:
        said["keeps_notes"] = frame.keeps_notes.value
    if frame.chats_at_once is not None:
        said["chats_at_once"] = frame.chats_at_once.value
    if frame.emergency_abroad is not None:
        said["emergency_abroad"] = _json(frame.emergency_abroad.value)
    if frame.federation is not None:
        pooled = frame.federation.value
        said["federation"] = {
            "pool": pooled.pool,
            "associations": associations_of(manifest),
            "members": _json(pooled.members),
        }
    return said


def associations_of(manifest: Manifest) -> int | None:
    """Of how many associations the line is, if the seeds say it."""
    structures = manifest.facts.local_structures
    said = None if structures is None else structures.value
    count = said.get("local_organisations") if isinstance(said, dict) else None
    return count if isinstance(count, int) else None


# --- what callers are told ------------------------------------------------------------------------


def callers_of(manifest: Manifest) -> dict[str, Any]:
    """What callers are told, as the contract wants it, not yet checked by it."""
    told = manifest.assumed.callers
    return {
        "numbers": _numbers(manifest),
        "ladders": [
            {
                "situation": situation,
                "wordings": _wordings(ladder.value.words),
                "rungs": [_rung(step) for step in ladder.value.rungs],
            }
            for situation, ladder in told.ladders.items()
        ],
        "partners": _json([partner.value for partner in told.partners]),
        "controllers": told.controllers.value,
        "transparency": _wordings(told.transparency.value),
    }


def _rung(step: Step) -> dict[str, Any]:
    rung = step.model_dump(mode="json", exclude_unset=True, exclude={"words"})
    return rung if step.words is None else {**rung, "wordings": _wordings(step.words)}


def _wordings(words: Words) -> list[dict[str, Any]]:
    return [
        {"language": language, "words": " ".join(said.split())} for language, said in words.items()
    ]


def _numbers(manifest: Manifest) -> list[dict[str, Any]]:
    facts, assumed = manifest.facts, manifest.assumed
    written = facts.phone_number or assumed.phone_number
    if written is None:
        return []
    country = _said_or_assumed(facts.country, assumed.country)
    held = Held() if assumed.number_held is None else assumed.number_held.value
    zone = ZoneInfo(opening_of(manifest, channels_of(manifest)[0])[1].timezone)
    days = {"from_at": held.from_day, "until_at": held.until_day}
    return [
        {
            "number": from_anywhere(written.value, country),
            **{name: _midnight(day, zone) for name, day in days.items() if day is not None},
        }
    ]


def _midnight(day: str, zone: ZoneInfo) -> str:
    return datetime.combine(date.fromisoformat(day), time(), zone).isoformat()


def said_of_messages(manifest: Manifest) -> Fact[int] | None:
    of_messages = manifest.channel_facts.get(Channel.MESSAGE, manifest.facts)
    return of_messages.message_response_hours


# --- hours ----------------------------------------------------------------------------------------


def opening_of(manifest: Manifest, channel: Channel) -> tuple[Path, Opening]:
    """When a channel is open, and where that is written."""
    said = said_opening(manifest, channel)
    if said is not None:
        return said
    of_it = manifest.assumed.opening_of.get(channel)
    if of_it is not None:
        return ("assumed", "opening_of", channel.value, "value"), of_it.value
    assert manifest.assumed.opening is not None  # gaps were found before
    return ("assumed", "opening", "value"), manifest.assumed.opening.value


def said_opening(manifest: Manifest, channel: Channel) -> tuple[Path, Opening] | None:
    own = manifest.channel_facts.get(channel)
    if own is not None:
        place: Path = ("channel_facts", channel.value, "opening", "value")
        return None if own.opening is None else (place, own.opening.value)
    opening = manifest.facts.opening
    return None if opening is None else (("facts", "opening", "value"), opening.value)


def _hours_of(manifest: Manifest) -> Iterator[tuple[Channel, Hours]]:
    for channel in channels_of(manifest):
        for hours in opening_of(manifest, channel)[1].rules:
            yield channel, hours


def _rule(channel: Channel, hours: Hours) -> dict[str, Any]:
    return {
        "channel": channel,
        "days": [_ISO_WEEKDAYS[day] for day in hours.byday],
        "opens_at": "00:00" if hours.always_open else hours.opens_at,
        "closes_at": "00:00" if hours.always_open else hours.closes_at,
    }
