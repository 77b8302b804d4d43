"""The table of people of a line: what it means, and what is wrong with it."""

import csv
import io
from datetime import UTC, datetime

import pytest

from contracts.vocabulary import Channel, LanguageCode, Reach, Role
from deploy.line.people import read_people, template
from deploy.line.unfit import Unfit
from tests.line.lines import ALL, FRENCH, answered

HEAD = "person_id,roles,languages,phone,chat,valid_until,since,topics\n"


@pytest.mark.parametrize("line", ALL)
def test_the_table_of_a_new_line_can_be_imported_as_it_is(line: str) -> None:
    answers = answered(ALL[line])
    people = read_people(template(answers), answers.timezone)
    listeners = [each for each in people if Role.LISTENER in each.qualification.roles]
    assert listeners
    for each in people:
        served = {one.channel for one in each.qualification.accreditations}
        assert served == set(answers.channels)


def test_somebody_named_twice_has_one_row_with_both_roles() -> None:
    table = template(answered(FRENCH + "listeners: paul\nsupervisors: paul\n"))
    rows = [row for row in csv.DictReader(io.StringIO(table)) if row["person_id"] == "paul"]
    assert [row["roles"] for row in rows] == ["listener supervisor"]


def test_a_row_says_levels_by_channel_and_lasts_to_the_end_of_its_day() -> None:
    (person,) = read_people(
        HEAD + "paul,listener,fr en,2,,2026-12-31,2026-01-01,solitude\n", "Europe/Paris"
    )
    (accreditation,) = person.qualification.accreditations
    assert (accreditation.channel, accreditation.level) == (Channel.PHONE, 2)
    assert accreditation.valid_until == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert accreditation.since == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert person.qualification.languages == (LanguageCode.FR, LanguageCode.EN)
    assert person.qualification.reach is Reach.CONSOLE


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("Paul,listener,fr,2,,2026-12-31,,\n", "row 2, person_id"),
        ("paul,lisener,fr,2,,2026-12-31,,\n", "row 2, roles"),
        ("paul,listener,fr,4,,2026-12-31,,\n", "row 2: phone: a level is"),
        ("paul,listener,fr,,,2026-12-31,,\n", "row 2, accreditations"),
        ("paul,listener,fr,2,,31/12/2026,,\n", "row 2: valid_until: write a day"),
        ("paul,listener,fr,2,,2026-12-31,yesterday,\n", "row 2: since: write a day"),
        ("paul,listener,fr,2,,2026-12-31,,,x\n", "more cells"),
        ("paul,listener,fr,2,,2026-12-31,,\n" * 2, "paul has two rows"),
        ("", "nobody is in it"),
    ],
)
def test_a_row_that_cannot_be_is_told_with_its_place(row: str, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        read_people(HEAD + row, "Europe/Paris")


def test_a_column_nobody_knows_is_refused() -> None:
    with pytest.raises(Unfit, match="name is no column"):
        read_people("person_id,name,roles,languages,valid_until\n", "Europe/Paris")
    with pytest.raises(Unfit, match="valid_until is missing"):
        read_people("person_id,roles,languages\n", "Europe/Paris")
