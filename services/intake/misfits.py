"""What cannot be so in a manifest: assumed against the seeds, or needed and said by nobody.

Pure. A misfit is a place in the manifest and the reason, with what to do.
"""

from __future__ import annotations

from collections.abc import Iterator

from contracts.vocabulary import Channel
from services.intake.document import Path
from services.intake.facts import Facts, Opening
from services.intake.flaws import is_date, is_zone
from services.intake.manifest import Manifest
from services.intake.meaning import (
    CHANNELS,
    associations_of,
    channels_of,
    opening_of,
    said_of_messages,
    said_opening,
)

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
    yield from _misfit_number(manifest)
    yield from _misfit_federation(manifest)
    yield from _misfit_referral(manifest)
    yield from _unowned_indicator(manifest)


def _said_already(where: str) -> str:
    return f"the seeds say it already ({where}); do not assume otherwise"


def _misfit_facts(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    yield from _misfit_days(("facts",), manifest.facts)
    for channel, facts in manifest.channel_facts.items():
        yield from _misfit_days(("channel_facts", channel.value), facts)
        if [CHANNELS[each] for each in facts.channels.value] != [channel]:
            where = ("channel_facts", channel.value, "channels", "value")
            yield where, f"must be {channel.value} alone: these are the facts of one channel"


def _misfit_days(where: Path, facts: Facts) -> Iterator[tuple[Path, str]]:
    """Days on which something was said that are in no calendar."""
    for name in type(facts).model_fields:
        fact = getattr(facts, name)
        day = None if fact is None else fact.source.said_on
        if day is not None and not is_date(day):
            yield (*where, name, "source", "said_on"), f"{day} is not a day of the calendar"


def _misfit_hours(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    channels = channels_of(manifest)
    for channel in manifest.assumed.opening_of:
        here = ("assumed", "opening_of", channel.value)
        if channel not in channels:
            yield here, f"{channel.value} is not a channel of the line; take it out"
        elif said_opening(manifest, channel) is not None:
            yield here, _said_already("the opening of this channel")
    silent = [each for each in channels if said_opening(manifest, each) is None]
    left = [each for each in silent if each not in manifest.assumed.opening_of]
    if manifest.assumed.opening is None:
        for channel in left:
            reason = f"is needed: no seed says when {channel.value} is open; assume it"
            yield ("assumed", "opening"), reason
    elif not left:
        yield ("assumed", "opening"), _said_already("the opening of every channel")
    yield from _misfit_zones(manifest, [each for each in channels if each not in left])


def _misfit_zones(manifest: Manifest, channels: list[Channel]) -> Iterator[tuple[Path, str]]:
    found = [opening_of(manifest, channel) for channel in channels]
    for where, opening in found:
        if not is_zone(opening.timezone):
            # The author may have written an hour's offset; the two nights of the year need a name.
            reason = f"{opening.timezone} is not a time zone this machine knows; as Europe/Paris"
            yield (*where, "timezone"), reason
        yield from _misfit_rules(where, opening)
    zones = {opening.timezone for _, opening in found}
    if len(zones) > 1:
        yield ("channel_facts",), f"names more than one zone ({', '.join(sorted(zones))})"


def _misfit_rules(where: Path, opening: Opening) -> Iterator[tuple[Path, str]]:
    """Hours that contradict what is said of them in the same breath."""
    for place, rule in enumerate(opening.rules):
        here = (*where, "rules", place)
        if rule.always_open and (rule.opens_at, rule.closes_at) not in _WHOLE_DAY:
            yield (*here, "always_open"), "contradicts its hours; write 00:00 to 23:59, or no"
        elif rule.crosses_midnight and rule.closes_at > rule.opens_at:
            yield (*here, "crosses_midnight"), "contradicts its hours, which end on the same day"
    days = {day for rule in opening.rules for day in rule.byday}
    if opening.days_per_year is not None and opening.days_per_year > len(days) * 53:
        reason = f"contradicts its rules, which open on {len(days)} days of the week"
        yield (*where, "days_per_year"), reason


#: How "24 hours" is written.
_WHOLE_DAY = (("00:00", "23:59"), ("00:00", "00:00"), ("00:00", "24:00"))


def _misfit_clocks(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    assumed = manifest.assumed
    if manifest.facts.call_duration_minutes is not None and assumed.talk_guidance_minutes:
        yield ("assumed", "talk_guidance_minutes"), _said_already("facts.call_duration_minutes")
    if Channel.MESSAGE in channels_of(manifest) and assumed.writing is None:
        yield ("assumed", "writing"), "is needed, because people write to this line; assume it"
    said = said_of_messages(manifest)
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


def _misfit_number(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    said, assumed = manifest.facts.phone_number, manifest.assumed.phone_number
    if said is not None and assumed is not None:
        yield ("assumed", "phone_number"), _said_already("facts.phone_number")
    held = manifest.assumed.number_held
    for name in ("from_day", "until_day"):
        day = None if held is None else getattr(held.value, name)
        if day is not None and not is_date(day):
            yield ("assumed", "number_held", "value", name), f"{day} is not a day of the calendar"


def _misfit_federation(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    if manifest.assumed.frame.federation is not None and associations_of(manifest) is None:
        where = ("assumed", "frame", "federation")
        yield where, "no seed says of how many associations (facts.local_structures); take it out"


def _misfit_referral(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    said, assumed = manifest.facts.relay_policy, manifest.assumed.frame.refers
    where = ("assumed", "frame", "refers")
    if said is not None and assumed is not None:
        yield where, _said_already("facts.relay_policy")
    if said is None and assumed is None:
        yield where, "is needed, because no seed says it (facts.relay_policy is null); assume it"


def _unowned_indicator(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    indicator = manifest.assumed.indicator
    where: Path = ("assumed", "indicator", "value", "clinical_owner")
    if indicator is None:
        return
    if indicator.value.switched_on and indicator.value.clinical_owner is None:
        reason = "is needed while the indicator is switched on: name who answers for it clinically"
        yield where, reason
    writing = manifest.assumed.writing
    if writing is not None and writing.value.indicator_owner is not None:
        where = ("assumed", "writing", "value", "indicator_owner")
        yield where, "is said under assumed.indicator; take it out here"
