"""A report of a line: zone, totals, pages that need nothing else, and no small figure anywhere."""

import csv
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.frame import Federation, FrameTerms, Member
from contracts.vocabulary import (
    Departement,
    Destination,
    Nature,
    OfferId,
    OrganisationId,
    Outcome,
    Pool,
    Priority,
    ProgrammeId,
    Stage,
)
from deploy.report.command import days_of, main, wish_of
from deploy.report.counted import Lens
from deploy.report.page import Head, page_of, write_csv
from deploy.report.tables import Report, Table, Wish, report_of
from services.quality.facts import ContactFacts, Decision, Take
from tests.terms import a_line

LINE = ProgrammeId("sos-crise")
NOON = datetime(2026, 1, 14, 11, tzinfo=UTC)
LENS = Lens(
    a_line(), {1: timedelta(seconds=20)}, {1: (timedelta(minutes=15), timedelta(minutes=25))}
)


def a_contact(
    opened: datetime = NOON, wait: float | None = 10, place: str | None = None,
    nature: Nature = Nature.ORDINARY,
) -> ContactFacts:  # fmt: skip
    """Answered after `wait` seconds and listened to for twenty minutes, or gone unheard."""
    ended = opened + timedelta(minutes=21)
    take = () if wait is None else (
        Take(OfferId("o"), Stage.LISTENER, opened + timedelta(seconds=wait), opened),
    )  # fmt: skip
    decision = Decision(
        opened, Priority.P3, Destination.LISTENER, None if place is None else Departement(place)
    )
    outcome = Outcome.ABANDONED if wait is None else Outcome.LISTENED
    return ContactFacts(LINE, 1, opened, decision, None, take, ended, outcome, nature)


def table(report: Report, name: str) -> Table:
    return next(each for each in report.tables if each.name == name)


def test_day_of_a_line_is_counted_as_one_would_by_hand() -> None:
    contacts = [a_contact()] * 30 + [a_contact(wait=60)] * 12 + [a_contact(wait=None)] * 11
    report = report_of(contacts, LENS, Wish())
    assert report.total == 53
    assert dict(table(report, "answer").rows) == {
        "in_target": (30,), "later": (12,), "no_human": (11,),
    }  # fmt: skip
    assert dict(table(report, "outcome").rows) == {"abandoned_unheard": (11,), "listened": (42,)}
    assert dict(table(report, "talk").rows) == {"no_talk": (11,), "within": (42,)}


def test_fewer_than_ten_contacts_say_nothing() -> None:
    assert report_of([a_contact()] * 9, LENS, Wish()) == Report(None, (), 0)


def of_natures(day: int, ordinary: int, silent: int, repeated: int) -> list[ContactFacts]:
    opened = NOON + timedelta(days=day)
    counts = {Nature.ORDINARY: ordinary, Nature.SILENT: silent, Nature.REPEATED: repeated}
    return [a_contact(opened, nature=each) for each, count in counts.items() for _ in range(count)]


def test_month_shows_no_nature_that_uncovers_one_its_days_withheld() -> None:
    first, second = of_natures(0, 40, 4, 11), of_natures(1, 40, 20, 20)
    one, other = (report_of(each, LENS, wish_of("daily", None, LENS)) for each in (first, second))
    assert dict(table(one, "nature").rows) == {"ordinary": (40,), "others": (15,)}
    assert dict(table(other, "nature").rows) == {
        "ordinary": (40,), "silent": (20,), "repeated": (20,),
    }  # fmt: skip
    month = report_of([*first, *second], LENS, wish_of("monthly", None, LENS))
    assert dict(table(month, "nature").rows) == {"ordinary": (80,), "others": (55,)}


def test_tables_of_two_words_of_a_month_are_in_tens() -> None:
    month = report_of([a_contact(place="69")] * 47, LENS, wish_of("monthly", "region", LENS))
    assert table(month, "region").rows[-1] == ("total", (40, 40))
    day = report_of([a_contact(place="69")] * 47, LENS, wish_of("daily", "region", LENS))
    assert table(day, "region").rows[-1] == ("total", (47, 47))


def test_hours_and_days_are_those_of_the_line() -> None:
    late = a_contact(datetime(2026, 3, 31, 22, 30, tzinfo=UTC))  # half past midnight in Paris
    assert (LENS.hour(late), str(LENS.day(late))) == ("00 h", "2026-04-01")


def test_regions_and_associations_are_those_of_the_place_as_said() -> None:
    home = Member(organisation=OrganisationId("sos-lyon"), departements=(Departement("69"),))
    federation = Federation(pool=Pool.ANYBODY, associations=50, members=(home,))
    line = a_line(frame=FrameTerms(federation=federation))
    lens = Lens(line, LENS.targets, LENS.guidance)
    contacts = [a_contact(place="69")] * 20 + [a_contact(place="75")] * 15 + [a_contact()] * 10
    report = report_of(contacts, lens, wish_of("daily", "region", lens))
    assert {row: values[-1] for row, values in table(report, "region").rows} == {
        "Auvergne-Rhône-Alpes": 20, "Île-de-France": 15, "not_said": 10, "total": 45,
    }  # fmt: skip
    report = report_of(contacts, lens, wish_of("daily", "organisation", lens))
    assert {row: values[-1] for row, values in table(report, "organisation").rows} == {
        "sos-lyon": 20, "not_said": 25, "total": 45,
    }  # fmt: skip


PERIODS = {
    "daily": (date(2028, 2, 29), date(2028, 3, 1)),
    "monthly": (date(2028, 2, 1), date(2028, 3, 1)),
    "annual": (date(2028, 1, 1), date(2029, 1, 1)),
}


@pytest.mark.parametrize(("length", "days"), PERIODS.items(), ids=PERIODS.keys())
def test_period_around_a_leap_day(length: str, days: tuple[date, date]) -> None:
    assert days_of(length, date(2028, 2, 29)) == days


CONTACTS = st.lists(
    st.builds(
        a_contact,
        opened=st.integers(0, 72).map(lambda hours: NOON + timedelta(hours=hours)),
        wait=st.sampled_from([5.0, 40.0, None]),
        place=st.sampled_from([None, "69", "75", "13"]),
        nature=st.sampled_from([Nature.ORDINARY, Nature.SILENT, Nature.REPEATED]),
    ),
    max_size=120,
)


@settings(max_examples=60, deadline=None)
@given(CONTACTS, st.sampled_from(["daily", "monthly"]), st.sampled_from([None, "region"]))
def test_no_figure_of_any_report_is_below_ten(
    contacts: list[ContactFacts], length: str, by: str | None
) -> None:
    report = report_of(contacts, LENS, wish_of(length, by, LENS))
    for each in report.tables:
        values = [value for _, row in each.rows for value in row if value is not None]
        assert values
        assert min(values) >= 10
        assert each.total == report.total


class Reads(HTMLParser):
    """What a page would fetch from anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if tag in ("script", "link", "iframe", "img"):
                self.fetched.append(tag)
            if name in ("src", "href", "xlink:href") and not (value or "").startswith("#"):
                self.fetched.append(str(value))


def test_page_needs_no_other_file_and_shows_no_withheld_figure(tmp_path: Path) -> None:
    contacts = [a_contact(place="69")] * 33 + [a_contact(wait=None, place="75")] * 14
    contacts += [a_contact(place="13", nature=Nature.SILENT)] * 4
    report = report_of(contacts, LENS, wish_of("daily", "region", LENS))
    page = page_of(Head("Ligne d'essai", "2026-01-14", "Europe/Paris"), report)
    reads = Reads()
    reads.feed(page)
    assert reads.fetched == []
    assert "url(http" not in page
    assert "<svg" in page
    shown = [int(n) for n in re.findall(r"<td>(\d+)</td>", page)]
    assert shown
    assert min(shown) >= 10
    file = tmp_path / "report.csv"
    write_csv(file, report)
    with file.open() as read:
        values = [row["contacts"] for row in csv.DictReader(read)]
    assert min(int(value) for value in values if value) >= 10


def test_without_a_platform_it_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wish = ["daily", "--programme", "sos-crise", "--date", "2026-01-14"]
    assert main([*wish, "--run-dir", str(tmp_path)]) == 1
    assert "./just up" in capsys.readouterr().err


def test_impossible_date_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["daily", "--programme", "sos-crise", "--date", "2026-02-30"])
    assert "no day of the calendar" in capsys.readouterr().err
