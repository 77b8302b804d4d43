"""The people of a new line as a table a coordinator completes: `people.csv`, and how it is read.

One row for each person. A channel's column holds the level on it (1 listening, 2 crisis, 3 vital
risk; empty: not accredited), `valid_until` the last day on which that counts.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from contracts.roster import Volunteer
from contracts.vocabulary import Channel, Need, PersonId, Role
from deploy.line.answers import ROSTER_ROLES, Answers
from deploy.line.reading import a_day, words_in
from deploy.line.unfit import Unfit

COLUMNS = (
    "person_id", "roles", "languages", *(each.value for each in Channel), "valid_until", "since",
    "topics", "skills", "reach", "organisation", "region",
)  # fmt: skip
#: Every need but the one that is not known.
ALL_TOPICS = "all"
#: Level 3: may be offered every contact. To be settled by the coordinator before callers ring.
_PROPOSED_LEVEL = "3"
_PROPOSED_DAYS = 365


def template(answers: Answers) -> str:
    """The table of a new line: who was named, with what they need to be offered a contact."""
    said_on = date.fromisoformat(answers.said_on)
    lasts = (said_on + timedelta(days=_PROPOSED_DAYS)).isoformat()
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    held: dict[PersonId, list[Role]] = {}
    for role in ROSTER_ROLES:
        for person_id in answers.people(role):
            held.setdefault(person_id, []).append(role)
    for person_id, roles in held.items():
        writer.writerow(
            {
                "person_id": person_id,
                "roles": " ".join(roles),
                "languages": " ".join(each.value for each in answers.languages),
                **{each.value: _PROPOSED_LEVEL for each in answers.channels},
                "valid_until": lasts,
                "topics": ALL_TOPICS,
                "reach": "console",
            }
        )
    return table.getvalue()


def read_people(content: str, zone: str) -> tuple[Volunteer, ...]:
    """The rows of a table, days in the zone of the line; Unfit names row and column."""
    rows = csv.DictReader(io.StringIO(content.removeprefix("\ufeff")), strict=True)
    try:
        missing = {"person_id", "roles", "languages", "valid_until"} - set(rows.fieldnames or ())
        strange = set(rows.fieldnames or ()) - set(COLUMNS)
        if missing or strange:
            wrong = ", ".join(sorted(missing or strange))
            raise Unfit(f"row 1: {wrong} {'is missing' if missing else 'is no column'}")
        people = tuple(_volunteer(row, rows.line_num, zone) for row in rows)
    except csv.Error as error:
        raise Unfit(f"row {rows.line_num}: {error}") from None
    if not people:
        raise Unfit("nobody is in it")
    named = [each.person_id for each in people]
    twice = next((each for each in named if named.count(each) > 1), None)
    if twice is not None:
        raise Unfit(f"{twice} has two rows; put them into one")
    return people


def _volunteer(row: dict[str | None, str | None], line: int, zone: str) -> Volunteer:
    told = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    if None in row:
        raise Unfit(f"row {line}: has more cells than there are columns")
    try:
        said = {
            "person_id": told["person_id"],
            "qualification": {
                "roles": words_in(told["roles"]),
                "languages": words_in(told["languages"]),
                "topics": _topics(told.get("topics", "")),
                "skills": words_in(told.get("skills", "")),
                "accreditations": list(_accreditations(told, zone)),
                **{
                    name: told[name]
                    for name in ("reach", "organisation", "region")
                    if told.get(name)
                },
            },
        }
        return Volunteer.model_validate(said)
    except Unfit as unfit:
        raise Unfit(f"row {line}: {unfit}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        column = next(
            (str(step) for step in first["loc"][1:] if isinstance(step, str)), "person_id"
        )
        raise Unfit(f"row {line}, {column}: {first['msg'].lower()}") from None


def _topics(said: str) -> tuple[str, ...]:
    if said == ALL_TOPICS:
        return tuple(need.value for need in Need if need is not Need.UNKNOWN)
    return words_in(said)


def _accreditations(told: dict[str, str], zone: str) -> Iterator[dict[str, object]]:
    until = datetime.combine(
        date.fromisoformat(_day(told, "valid_until")) + timedelta(days=1), time(), ZoneInfo(zone)
    )
    since = told.get("since")
    begun = (
        datetime.combine(date.fromisoformat(_day(told, "since")), time(), ZoneInfo(zone))
        if since
        else None
    )
    levels = {each: told.get(each.value, "") for each in Channel}
    for channel, level in levels.items():
        if not level:
            continue
        if level not in ("0", "1", "2", "3"):
            raise Unfit(f"{channel.value}: a level is 0, 1, 2 or 3, or the cell is empty")
        yield {"channel": channel, "level": int(level), "valid_until": until, "since": begun}


def _day(told: dict[str, str], column: str) -> str:
    try:
        return a_day(told[column])
    except Unfit as unfit:
        raise Unfit(f"{column}: {unfit}") from None
