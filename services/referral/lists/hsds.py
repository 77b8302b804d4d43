"""The directory as a file: HSDS 3.0 with our extension, read and written back.

Every row that is wrong is named with its field and the reason, so that a coordinator can put it
right. What HSDS holds and we do not use is kept with the row and written back as it was, so that a
row has to be one of HSDS in those parts too (`standard.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from contracts.vocabulary import Need, ProgrammeId, RelayId
from services.referral.directory.numbers import number_of
from services.referral.directory.relay import (
    AgreedTransfer,
    Area,
    Confidence,
    Kind,
    Level,
    OnHolidays,
    Period,
    Relay,
    Saturation,
    Status,
    Subject,
)
from services.referral.lists.standard import breaches

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
#: HSDS writes "all day" as 00:00-23:59; the last minute of the day is meant too.
_LAST_MINUTE = 23 * 60 + 59
_DAY = 24 * 60


#: What the field's clocks and databases can hold, with room for what is reckoned from it.
_YEARS = range(1970, 2200)


def reckonable(moment: datetime) -> datetime:
    """A moment of no other century: from such a row every search that meets it would fail.

    Raises ValueError.
    """
    if moment.year not in _YEARS:
        raise ValueError(f"a year from {_YEARS.start} to {_YEARS.stop - 1} is expected")
    return moment


_Moment = Annotated[AwareDatetime, AfterValidator(reckonable)]


@dataclass(frozen=True)
class RowFlaw:
    """Why a row cannot be read."""

    row: str  #: its slug; `services[3]` where it has none
    field: str
    why: str
    told_as: str = ""  #: where it stands in its list, for whoever has to find it there

    def __str__(self) -> str:
        return f"{self.told_as or self.row}: {self.field}: {self.why}"


class DirectoryFlawed(Exception):
    """The directory was not read: rows of it are wrong."""

    def __init__(self, flaws: tuple[RowFlaw, ...]) -> None:
        self.flaws = flaws
        super().__init__("\n".join(str(flaw) for flaw in flaws))


# --- the part of HSDS that we read ----------------------------------------------------------------


class _Row(BaseModel):
    """Other fields of HSDS are welcome and kept."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)


class _Schedule(_Row):
    byday: str
    opens_at: str = Field(pattern=_CLOCK)
    closes_at: str = Field(pattern=_CLOCK)
    x_timezone: str
    x_channel: str = "phone"
    x_crosses_midnight: bool = False
    valid_from: date | None = None
    valid_to: date | None = None


class _Area(_Row):
    x_country: str = Field(pattern=r"^[A-Z]{2}$")
    x_departements: tuple[str, ...] | None = None
    x_communes: tuple[str, ...] | None = None


class _Language(_Row):
    code: str = Field(min_length=2, max_length=8)


class _Transfer(_Row):
    mode: str = Field(pattern=r"^(attended|conference)$")
    number: str = Field(pattern=r"^[+0-9]{2,16}$")


class _Saturation(_Row):
    saturated: bool
    observed_at: _Moment
    lifetime_minutes: int = Field(ge=1, le=10_080)


class _XRelay(_Row):
    slug: RelayId
    level: Level
    country: str = Field(pattern=r"^[A-Z]{2}$")
    role: Kind
    needs: tuple[Need, ...]
    channels: frozenset[str] = Field(min_length=1)
    always_open: bool
    anonymous: bool | None
    replaced_by: RelayId | None = None
    confidence: Confidence = Confidence.UNKNOWN
    confidence_hours: Confidence = Confidence.UNKNOWN
    conflicts: tuple[Any, ...] = ()
    verified_at: _Moment | None = None
    on_holidays: OnHolidays = OnHolidays.NOT_SAID
    subjects: frozenset[Subject] = frozenset()
    programme: ProgrammeId | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    closed_until: date | None = None
    agreed_transfer: _Transfer | None = None
    saturation: _Saturation | None = None


class _Service(_Row):
    name: str = Field(min_length=1, max_length=160)
    status: Status
    schedules: tuple[_Schedule, ...] = ()
    service_areas: tuple[_Area, ...] = Field(min_length=1)
    languages: tuple[_Language, ...] = ()
    minimum_age: int | None = Field(default=None, ge=0, le=120)
    maximum_age: int | None = Field(default=None, ge=0, le=120)
    x_relay: _XRelay


# --- reading --------------------------------------------------------------------------------------


def read_relays(document: object, departements: frozenset[str]) -> tuple[Relay, ...]:
    """Read a directory; `departements` are the codes that exist.

    Raises DirectoryFlawed with every row that is wrong.
    """
    relays, flaws = [], []
    for place, row in enumerate(rows_of(document)):
        read = read_row(place, row, departements)
        if isinstance(read, Relay):
            relays.append(read)
        else:
            flaws += read
    flaws += _flaws_between(relays)
    if flaws:
        raise DirectoryFlawed(tuple(flaws))
    return tuple(relays)


def rows_of(document: object) -> list[object]:
    """The rows of a directory as they stand; raises DirectoryFlawed where there are none."""
    rows = document.get("services") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not rows:
        flaw = RowFlaw("directory", "services", "a list of services is expected, at least one")
        raise DirectoryFlawed((flaw,))
    return rows


def read_row(place: int, row: object, departements: frozenset[str]) -> Relay | list[RowFlaw]:
    """Read one row; what is wrong with it, where it cannot be read."""
    named = _slug_of(row) or f"services[{place}]"
    try:
        service = _Service.model_validate(row)
    except ValidationError as error:
        return [
            RowFlaw(named, ".".join(str(part) for part in each["loc"]) or "row", each["msg"])
            for each in error.errors(include_url=False, include_input=False)
        ]
    wrong = [*_flaws_in(service, departements), *breaches(row), *_unkeepable(row)]
    flaws = [RowFlaw(named, field, why) for field, why in wrong]
    return flaws or _relay(service, row if isinstance(row, dict) else {})


def _unkeepable(row: object) -> Iterator[tuple[str, str]]:
    """What stands in no table of ours, nor in anybody's JSON."""
    try:
        written = orjson.dumps(row)
    except TypeError as error:  # half a character, a number or a depth beyond all measure
        yield "row", f"it cannot be kept: {error}"
        return
    if b"\\u0000" in written:
        yield "row", "it cannot be kept: a character of no text (\\u0000) is in it"


def departements_in(row: Mapping[str, Any]) -> frozenset[str]:
    """Codes a row names: of one that was read before, all of them exist."""
    areas = row.get("service_areas") or ()
    return frozenset(code for area in areas for code in area.get("x_departements") or ())


def _slug_of(row: object) -> str | None:
    ours = row.get("x_relay") if isinstance(row, dict) else None
    slug = ours.get("slug") if isinstance(ours, dict) else None
    return slug if isinstance(slug, str) and len(slug) <= 60 else None


def _flaws_in(service: _Service, departements: frozenset[str]) -> Iterator[tuple[str, str]]:
    for place, schedule in enumerate(service.schedules):
        for field, why in _flaws_of_hours(schedule):
            yield f"schedules.{place}.{field}", why
    for place, area in enumerate(service.service_areas):
        if area.x_departements is not None and not area.x_departements:
            yield f"service_areas.{place}.x_departements", "empty: write null for the whole country"
        for code in sorted(set(area.x_departements or ()) - departements):
            yield f"service_areas.{place}.x_departements", f"there is no département {code!r}"
    ours = service.x_relay
    if not ours.needs:
        yield "x_relay.needs", "at least one is expected, the first is what the row is for"
    if len(set(ours.needs)) < len(ours.needs):
        yield "x_relay.needs", "each once"
    if _turned_round(ours.valid_from, ours.valid_to):
        yield "x_relay.valid_to", "before valid_from"
    if _turned_round(service.minimum_age, service.maximum_age):
        yield "maximum_age", "below minimum_age"
    if ours.always_open and service.status is Status.ACTIVE and not service.schedules:
        yield "x_relay.always_open", "without a schedule that says so"
    if ours.agreed_transfer is not None and ours.verified_at is None:
        yield "x_relay.agreed_transfer", "only a verified row may be transferred to"


def _flaws_of_hours(schedule: _Schedule) -> Iterator[tuple[str, str]]:
    days = schedule.byday.split(",")
    if not days or set(days) - set(_WEEKDAYS) or len(set(days)) < len(days):
        yield "byday", f"{schedule.byday!r}: days from MO to SU, each once, are expected"
    try:
        ZoneInfo(schedule.x_timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield "x_timezone", f"there is no IANA zone {schedule.x_timezone!r}"
    crosses = _minutes(schedule.closes_at) <= _minutes(schedule.opens_at)
    if crosses != schedule.x_crosses_midnight:
        said = "earlier" if crosses else "later"
        yield "x_crosses_midnight", f"closes_at is {said} than opens_at: the two contradict"
    if _turned_round(schedule.valid_from, schedule.valid_to):
        yield "valid_to", "before valid_from"


def _turned_round(first: Any, last: Any) -> bool:
    return first is not None and last is not None and bool(last < first)


def _flaws_between(relays: list[Relay]) -> Iterator[RowFlaw]:
    by_slug: dict[str, Relay] = {}
    for relay in relays:
        if relay.slug in by_slug:
            yield RowFlaw(relay.slug, "x_relay.slug", "two rows have it")
        by_slug[relay.slug] = relay
    for relay in relays:
        if relay.replaced_by is not None and relay.replaced_by not in by_slug:
            yield RowFlaw(relay.slug, "x_relay.replaced_by", f"no row is {relay.replaced_by!r}")
        elif replacement_of(relay, by_slug) is relay:
            yield RowFlaw(relay.slug, "x_relay.replaced_by", "leads back to itself")


def replacement_of(relay: Relay, by_slug: Mapping[str, Relay]) -> Relay | None:
    """The row that stands in for one that is replaced, at the end of the chain.

    None where there is none; the row itself where the chain leads back.
    """
    seen, current = {relay.slug}, relay
    while current.replaced_by is not None:
        follower = by_slug.get(current.replaced_by)
        if follower is None:
            return None
        if follower.slug in seen:
            return relay
        seen.add(follower.slug)
        current = follower
    return None if current is relay else current


def _relay(service: _Service, row: Mapping[str, Any]) -> Relay:
    ours = service.x_relay
    number = number_of(row.get("phones") or ())
    return Relay(
        slug=ours.slug,
        name=service.name,
        status=service.status,
        kind=ours.role,
        level=ours.level,
        country=ours.country,
        needs=ours.needs,
        channels=ours.channels,
        languages=frozenset(language.code for language in service.languages),
        areas=tuple(_area(area) for area in service.service_areas),
        periods=tuple(_period(schedule) for schedule in service.schedules),
        always_open=ours.always_open,
        on_holidays=ours.on_holidays,
        anonymous=ours.anonymous,
        minimum_age=service.minimum_age,
        maximum_age=service.maximum_age,
        subjects=ours.subjects,
        programme=ours.programme,
        replaced_by=ours.replaced_by,
        confidence=ours.confidence,
        confidence_hours=ours.confidence_hours,
        conflicts=tuple(map(_conflict, ours.conflicts)),
        first_day=ours.valid_from,
        last_day=ours.valid_to,
        verified_at=ours.verified_at,
        transfer=_transfer(ours.agreed_transfer),
        saturation=_saturation(ours.saturation),
        number=None if number is None else number.number,
        by_text=number is not None and number.by_text,
        closed_until=ours.closed_until,
        row=row,
    )


def _conflict(told: Any) -> str:
    """What sources say differently, in a line; the same whatever the order of its fields."""
    if isinstance(told, Mapping) and isinstance(told.get("statements"), list):
        return f"{told.get('field', '')}: {'; '.join(map(str, told['statements']))}"
    return told if isinstance(told, str) else json.dumps(told, ensure_ascii=False, sort_keys=True)


def _area(area: _Area) -> Area:
    return Area(area.x_country, _set(area.x_departements), _set(area.x_communes))


def _set(codes: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if codes is None else frozenset(codes)


def _period(schedule: _Schedule) -> Period:
    opens, closes = _minutes(schedule.opens_at), _minutes(schedule.closes_at)
    if closes == _LAST_MINUTE:
        closes = _DAY
    elif closes <= opens:
        closes += _DAY
    return Period(
        channel=schedule.x_channel,
        zone=ZoneInfo(schedule.x_timezone),
        days=frozenset(_WEEKDAYS.index(day) + 1 for day in schedule.byday.split(",")),
        opens=opens,
        closes=closes,
        first_day=schedule.valid_from,
        last_day=schedule.valid_to,
    )


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _transfer(agreed: _Transfer | None) -> AgreedTransfer | None:
    return None if agreed is None else AgreedTransfer(agreed.mode, agreed.number)


def _saturation(seen: _Saturation | None) -> Saturation | None:
    if seen is None:
        return None
    return Saturation(seen.saturated, seen.observed_at, timedelta(minutes=seen.lifetime_minutes))


# --- writing --------------------------------------------------------------------------------------


def write_relays(document: Mapping[str, Any], relays: Iterable[Relay]) -> dict[str, Any]:
    """The directory as HSDS: `document` as it was read, with what has been learnt of its rows."""
    return {**document, "services": [write_row(relay) for relay in relays]}


def write_row(relay: Relay) -> dict[str, Any]:
    """One row of HSDS: as it was read, with what has been learnt of it since.

    A verification is told in HSDS's own words too (`assured_date`), and so is a row that its source
    no longer has.
    """
    learnt: dict[str, Any] = {"verified_at": _written(relay.verified_at)}
    if relay.saturation is not None:
        learnt["saturation"] = {
            "saturated": relay.saturation.saturated,
            "observed_at": _written(relay.saturation.observed_at),
            "lifetime_minutes": int(relay.saturation.lifetime.total_seconds() // 60),
        }
    if relay.transfer is not None:
        agreed = {"mode": relay.transfer.mode, "number": relay.transfer.number}
        learnt["agreed_transfer"] = agreed
    told = relay.row["x_relay"].get("conflicts") or []
    if len(relay.conflicts) > len(told):  # other sources differ
        learnt["conflicts"] = [*told, *relay.conflicts[len(told) :]]
    row = {**relay.row, "status": relay.status.value}
    if relay.verified_at is not None:
        row["assured_date"] = relay.verified_at.date().isoformat()
    return row | {"x_relay": {**relay.row["x_relay"], **learnt}}


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
