"""What a manifest means: the terms made from it, and where in it each of them was written.

Pure. A channel is open as the seeds say of it, else as they say of the line, else as is assumed of
it, else of the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from contracts.vocabulary import Channel
from services.intake.document import Path
from services.intake.facts import Fact, Facts, Hours, Opening, Part
from services.intake.manifest import Assumed, Assumptions, Manifest

T = TypeVar("T")

_ISO_WEEKDAYS = {"MO": 1, "TU": 2, "WE": 3, "TH": 4, "FR": 5, "SA": 6, "SU": 7}
#: An e-mail to the line is served by its message box.
_CHANNELS = {
    "phone": Channel.PHONE,
    "chat": Channel.CHAT,
    "message": Channel.MESSAGE,
    "email": Channel.MESSAGE,
}
#: Fields of the terms that are a group of single assumptions, and those assumed as one block.
_GROUPS = ("times", "rest", "prices")
_BLOCKS = ("writing", "returning", "keeping")


# --- what cannot be so ----------------------------------------------------------------------------

#: What is said by the seeds or assumed, never both, and needed.
_EITHER = ("country", "languages")


def misfits(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    """Where the manifest assumes what the seeds say, or nobody says what is needed."""
    for name in _EITHER:
        said, assumed = getattr(manifest.facts, name), getattr(manifest.assumed, name)
        if said is not None and assumed is not None:
            yield ("assumed", name), _said_already(f"facts.{name}")
        if said is None and assumed is None:
            reason = f"is needed, because no seed says it (facts.{name} is null); assume it"
            yield ("assumed", name), reason
    yield from _misfit_facts(manifest)
    yield from _misfit_hours(manifest)
    yield from _misfit_clocks(manifest)
    yield from _silent_blocks(manifest)


def _said_already(where: str) -> str:
    return f"the seeds say it already ({where}); do not assume otherwise"


def _misfit_facts(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    for channel, facts in manifest.channel_facts.items():
        if [_CHANNELS[each] for each in facts.channels.value] != [channel]:
            where = ("channel_facts", channel.value, "channels", "value")
            yield where, f"must be {channel.value} alone: these are the facts of one channel"


def _misfit_hours(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    channels = channels_of(manifest)
    for channel in manifest.assumed.opening_of:
        here = ("assumed", "opening_of", channel.value)
        if channel not in channels:
            yield here, f"{channel.value} is not a channel of the line; take it out"
        elif _said_opening(manifest, channel) is not None:
            yield here, _said_already("the opening of this channel")
    silent = [each for each in channels if _said_opening(manifest, each) is None]
    left = [each for each in silent if each not in manifest.assumed.opening_of]
    if manifest.assumed.opening is None:
        for channel in left:
            reason = f"is needed: no seed says when {channel.value} is open; assume it"
            yield ("assumed", "opening"), reason
    elif not left:
        yield ("assumed", "opening"), _said_already("the opening of every channel")
    zones = {opening_of(manifest, each)[1].timezone for each in channels if each not in left}
    if len(zones) > 1:
        yield ("channel_facts",), f"names more than one zone ({', '.join(sorted(zones))})"


def _misfit_clocks(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    assumed = manifest.assumed
    if manifest.facts.call_duration_minutes is not None and assumed.talk_guidance_minutes:
        yield ("assumed", "talk_guidance_minutes"), _said_already("facts.call_duration_minutes")
    if Channel.MESSAGE in channels_of(manifest) and assumed.writing is None:
        yield ("assumed", "writing"), "is needed, because people write to this line; assume it"
    said = _said_of_messages(manifest)
    if (
        said
        and assumed.writing
        and "answered_within_hours" in assumed.writing.value.model_fields_set
    ):
        where = ("assumed", "writing", "value", "answered_within_hours")
        yield where, _said_already("message_response_hours")


def _silent_blocks(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    """How long things are kept is a promise to callers: no default may be taken for it."""
    kept = manifest.assumed.keeping.value
    for name in type(kept).model_fields:
        if name not in kept.model_fields_set:
            yield ("assumed", "keeping", "value", name), "is missing: say how long this is kept"


# --- what it means --------------------------------------------------------------------------------


def channels_of(manifest: Manifest) -> tuple[Channel, ...]:
    """Channels of the line: those of its facts, then those that have facts of their own."""
    said = [_CHANNELS[channel] for channel in manifest.facts.channels.value]
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
    said = _said_of_messages(manifest)
    if said is not None:
        blocks["writing"] = {**blocks.get("writing", {}), "answered_within_hours": said.value}
    return blocks


def _said_of_messages(manifest: Manifest) -> Fact[int] | None:
    of_messages = manifest.channel_facts.get(Channel.MESSAGE, manifest.facts)
    return of_messages.message_response_hours


# --- hours ----------------------------------------------------------------------------------------


def opening_of(manifest: Manifest, channel: Channel) -> tuple[Path, Opening]:
    """When a channel is open, and where that is written."""
    said = _said_opening(manifest, channel)
    if said is not None:
        return said
    of_it = manifest.assumed.opening_of.get(channel)
    if of_it is not None:
        return ("assumed", "opening_of", channel.value, "value"), of_it.value
    assert manifest.assumed.opening is not None  # gaps were found before
    return ("assumed", "opening", "value"), manifest.assumed.opening.value


def _said_opening(manifest: Manifest, channel: Channel) -> tuple[Path, Opening] | None:
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


# --- where it was written -------------------------------------------------------------------------


def origin(manifest: Manifest, path: Path) -> Path:
    """The place in the manifest that a place in the terms was made from."""
    field, rest = str(path[0]), path[1:]
    match field:
        case "times" | "rest" | "prices":
            return ("assumed", field, *rest[:1], "value", *rest[1:])
        case "writing" | "returning" | "keeping":
            return ("assumed", field, "value", *rest)
        case "talk_guidance_minutes":
            said = manifest.facts.call_duration_minutes is not None
            return ("facts", "call_duration_minutes", "value") if said else _assumed(field)
        case "first_stage":
            return ("facts", "triage_step", "value")
        case "timezone":
            return (*opening_of(manifest, channels_of(manifest)[0])[0], "timezone")
        case "opening":
            return _origin_of_hours(manifest, rest)
    side = "facts" if getattr(manifest.facts, field, None) is not None else "assumed"
    return (side, field, "value", *rest)


def _assumed(field: str) -> Path:
    return ("assumed", field, "value")


def _origin_of_hours(manifest: Manifest, rest: Path) -> Path:
    """One rule for each channel and each of its hours; blame the hours."""
    places: list[Path] = [
        (*where, "rules", place)
        for channel in channels_of(manifest)
        for where, opening in [opening_of(manifest, channel)]
        for place in range(len(opening.rules))
    ]
    if not rest:
        return places[0][:-1]
    days = ["byday" if step == "days" else step for step in rest[1:]]
    return (*places[int(rest[0])], *days)
