"""A report of a line: zone, totals, pages that need nothing else, and no small figure anywhere."""

import csv
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.frame import Federation, FrameTerms, Member
from contracts.vocabulary import (
    Channel,
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
    TallyKind,
)
from deploy.report.command import days_of, main, wish_of
from deploy.report.counted import Lens
from deploy.report.page import Head, page_of, write_csv
from deploy.report.tables import RelayTold, Report, Table, Wish, report_of
from services.quality.facts import ContactFacts, Decision, Mark, Take
from tests.terms import a_line

LINE = ProgrammeId("sos-crise")
NOON = datetime(2026, 1, 14, 11, tzinfo=UTC)
LENS = Lens(
    a_line(), {1: timedelta(seconds=20)}, {1: (timedelta(minutes=15), timedelta(minutes=25))}
)


def a_contact(
    opened: datetime = NOON, wait: float | None = 10, place: str | None = None,
    nature: Nature = Nature.ORDINARY, marks: tuple[Mark, ...] = (),
    channel: Channel = Channel.PHONE,
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
    facts = ContactFacts(LINE, 1, opened, decision, None, take, ended, outcome, nature, marks)
    return replace(facts, channel=channel, asked_at=opened)


def an_alert(seconds: float | None, alert: str = "1") -> tuple[Mark, ...]:
    """Raised, and taken so long after, or by nobody yet."""
    raised = Mark(TallyKind.ALERT, "raised", alert, NOON)
    if seconds is None:
        return (raised,)
    return (raised, Mark(TallyKind.ALERT, "taken", alert, NOON + timedelta(seconds=seconds)))


def a_message(read: str | None, answered: str | None) -> ContactFacts:
    """Read and answered in time, late or not at all."""
    clocks = ((TallyKind.FIRST_READING, read), (TallyKind.ANSWER, answered))
    marks = tuple(Mark(kind, word, NOON.isoformat(), NOON) for kind, word in clocks if word)
    return a_contact(marks=marks, channel=Channel.MESSAGE)


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


def test_alerts_messages_and_referrals_are_counted_by_contact() -> None:
    closed = (Mark(TallyKind.REFERRAL, "taken_up", "r-1", NOON),)
    contacts = [
        *[a_contact(marks=an_alert(20))] * 10,
        *[a_contact(marks=(*an_alert(5), *an_alert(200, "2")))] * 11,
        *[a_contact(marks=an_alert(None))] * 12,
        *[a_contact(marks=closed)] * 13,
        *[a_message("on_time", "on_time")] * 14,
        *[a_message("late", "on_time")] * 15,
        *[a_message("late", "late")] * 16,
        *[a_message("on_time", None)] * 17,
    ]
    report = report_of(contacts, LENS, Wish())
    assert dict(table(report, "alert").rows) == {
        "in_30_s": (10,), "later": (11,), "not_yet": (12,), "no_alert": (75,),
    }  # fmt: skip
    assert dict(table(report, "referral").rows) == {"taken_up": (13,), "no_referral": (95,)}
    assert dict(table(report, "written").rows) == {
        "answered_on_time": (14,), "read_late": (15,), "answered_late": (16,),
        "unanswered": (17,), "no_message": (46,),
    }  # fmt: skip


def test_few_alerts_are_in_no_table_of_their_own() -> None:
    contacts = [a_contact(marks=an_alert(20))] * 9 + [a_contact()] * 40
    assert dict(table(report_of(contacts, LENS, Wish()), "alert").rows) == {"others": (49,)}


def test_a_line_without_alerts_messages_and_referrals_has_no_table_of_them() -> None:
    names = {each.name for each in report_of([a_contact()] * 40, LENS, Wish()).tables}
    assert not names & {"alert", "written", "referral", "relay_outcome"}


def test_what_relays_told_is_counted_by_itself() -> None:
    told = [(NOON, "helped", 12), (NOON, "waiting", 7), (NOON, "not_reached", 11)]
    report = report_of([a_contact()] * 40, LENS, Wish(), told)
    assert dict(table(report, "relay_outcome").rows) == {"helped": (12,), "others": (18,)}
    few = report_of([a_contact()] * 40, LENS, Wish(), [(NOON, "helped", 9)])
    assert "relay_outcome" not in {each.name for each in few.tables}


def test_month_shows_nothing_of_what_one_day_alone_withheld() -> None:
    """A day on which three were told of, beside one of twenty: of the month twenty are shown."""
    told = [(NOON, "helped", 20), (NOON + timedelta(days=1), "helped", 3)]
    report = report_of([a_contact()] * 40, LENS, wish_of("monthly", None, LENS), told)
    assert dict(table(report, "relay_outcome").rows) == {"helped": (20,)}


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
        marks=st.sampled_from([(), an_alert(9), an_alert(99), an_alert(None)]),
        channel=st.sampled_from([Channel.PHONE, Channel.MESSAGE]),
    ),
    max_size=120,
)


TOLD = st.lists(
    st.tuples(
        st.integers(0, 72).map(lambda hours: NOON + timedelta(hours=hours)),
        st.sampled_from(["helped", "waiting", "not_reached"]),
        st.integers(1, 8),
    ),
    max_size=20,
)


@settings(max_examples=60, deadline=None)
@given(CONTACTS, st.sampled_from(["daily", "monthly"]), st.sampled_from([None, "region"]), TOLD)
def test_no_figure_of_any_report_is_below_ten(
    contacts: list[ContactFacts], length: str, by: str | None, told: list[RelayTold]
) -> None:
    report = report_of(contacts, LENS, wish_of(length, by, LENS), told)
    for each in report.tables:
        values = [value for _, row in each.rows for value in row if value is not None]
        assert values
        assert min(values) >= 10
        if each.name != "relay_outcome":
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
