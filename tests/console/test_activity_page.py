"""Published activity in the console: read by who may, taken away as CSV and picture."""

import csv
import html
import io
import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest

from contracts.activity import (
    ActivityEdition,
    ActivityFigure,
    ActivitySeen,
    EditionName,
    SeeActivity,
)
from contracts.envelope import done
from contracts.vocabulary import ActivityKind, LanguageCode, Period
from services.console.activity_files import COLUMNS, answered_of, chart_of, csv_of, panels_of
from services.pages.look import Look
from tests.console.desks import COORDINATOR, SUPERVISOR, TRAINER, Comes, at_desks
from tests.console.facts import LINE, LISTENER, NOON
from tests.console.scripted_door import ScriptedDoor

ANSWER, HOUR, NEED = ActivityKind.ANSWER, ActivityKind.HOUR, ActivityKind.NEED
TABLES: dict[ActivityKind, dict[str, int | None]] = {
    ANSWER: {"in_target": 700, "later": 200, "abandoned": 88, "unanswered": 12},
    ActivityKind.CHANNEL: {"phone": 900, "chat": 60, "message": 40},
    HOUR: {"h09": 300, "h10": 400, "h18": 150, "h19": None, "h20": None, "h21": 120},
    NEED: {"solitude": 500, "deuil": None, "lgbt": None, "unknown": 400},
}
NAME = {"period": Period.MONTH, "of": "2026-01", "edition": 1, "published_at": NOON}


def an_edition(**more: object) -> ActivityEdition:
    figures = tuple(
        ActivityFigure(kind=kind, word=word, contacts=count)
        for kind, table in TABLES.items()
        for word, count in table.items()
    )
    said = NAME | {
        "programme": LINE, "first_day": "2026-01-01", "last_day": "2026-01-31",
        "timezone": "Europe/Paris", "days_left_out": 0, "contacts": 1000, "figures": figures,
    }  # fmt: skip
    return ActivityEdition.model_validate(said | more)


def told(door: ScriptedDoor, edition: ActivityEdition | None) -> None:
    names = (EditionName.model_validate(NAME), EditionName.model_validate(NAME | {"edition": 2}))
    door.reply = done(result=ActivitySeen(editions=names if edition else (), shown=edition))


def test_csv_is_rfc_4180_and_a_withheld_figure_is_empty_and_marked() -> None:
    written = csv_of(an_edition())
    assert written.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(written, newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert (rows[0]["table"], rows[0]["word"], rows[0]["contacts"]) == ("contacts", "all", "1000")
    assert {(row["programme"], row["of"], row["edition"]) for row in rows} == {
        (LINE, "2026-01", "1")
    }
    found = {(row["table"], row["word"]): (row["contacts"], row["withheld"]) for row in rows}
    assert found["need", "deuil"] == ("", "yes")
    assert found["need", "solitude"] == ("500", "no")
    assert len(rows) == 1 + sum(len(table) for table in TABLES.values())


@pytest.mark.parametrize("language", [LanguageCode.FR, LanguageCode.EN, LanguageCode.DE])
def test_picture_says_everything_in_words_and_needs_no_other_file(language: LanguageCode) -> None:
    drawn = chart_of(an_edition(), Look(language=language))
    root = ElementTree.fromstring(drawn)
    names = {child.tag.rpartition("}")[2]: child for child in root}
    assert root.get("aria-labelledby") == "title desc"
    assert "2026-01" in (names["title"].text or "")
    assert "500" in (names["desc"].text or "")
    assert not re.findall(r"(href|src|style|url\()", drawn)
    numbers = [int(each) for each in re.findall(r">(\d+)</text>", drawn)]
    assert {700, 200, 88, 12, 900, 60, 40, 500, 400} == set(numbers)


def test_bars_are_as_long_as_their_figures_and_a_withheld_one_has_no_length() -> None:
    answer, channel, hour, need = panels_of(an_edition())
    assert [bar.word for bar in answer.bars] == ["in_target", "later", "abandoned", "unanswered"]
    lengths = {bar.word: bar.width for bar in channel.bars}
    assert lengths["phone"] / lengths["chat"] == pytest.approx(15, rel=0.01)
    assert [bar.word for bar in need.bars][:2] == ["solitude", "unknown"]
    assert {bar.word: bar.width for bar in need.bars}["deuil"] == 0
    assert need.withheld == 100
    assert len(hour.bars) == 24
    tops = {bar.word: (bar.y, bar.height) for bar in hour.bars}
    assert tops["h10"][1] > tops["h09"][1] > tops["h19"][1] == 0


def test_answered_is_said_only_where_it_can_be_told() -> None:
    def with_answer(**counts: int | None) -> ActivityEdition:
        figures = tuple(
            ActivityFigure(kind=ANSWER, word=word, contacts=count) for word, count in counts.items()
        )
        return an_edition(figures=figures, contacts=100)

    assert answered_of(with_answer(in_target=60, later=20, abandoned=20)) == 80
    assert answered_of(with_answer(in_target=None, later=None, abandoned=20)) == 80
    assert answered_of(with_answer(in_target=60, later=20, abandoned=None, unanswered=None)) == 80
    assert answered_of(with_answer(in_target=None, later=60, abandoned=None)) is None
    assert answered_of(with_answer()) is None


def test_page_shows_the_newest_edition_its_tables_and_what_is_withheld(door: ScriptedDoor) -> None:
    told(door, an_edition())

    async def visit(comes: Comes) -> None:
        for person in (COORDINATOR, SUPERVISOR):
            browser = await comes(person)
            page = html.unescape((await browser.get("/activite")).text)
            assert door.sent[-1].command == SeeActivity()
            assert "Mois 2026-01 : 1000 contacts." in page
            assert "répondu à 900 d’entre eux, soit 90" in page
            assert page.count('<svg class="chart"') == page.count('<table class="figures"') == 4
            assert "masqué" in page
            assert 'href="/activite/tableau?periode=month&de=2026-01&edition=1"' in page
            assert ' style="' not in page

    at_desks(door, visit)


def test_files_are_those_of_the_edition_an_address_names(door: ScriptedDoor) -> None:
    told(door, an_edition())

    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        query = "?periode=month&de=2026-01&edition=1"
        table = await browser.get(f"/activite/tableau{query}")
        assert door.sent[-1].command == SeeActivity(period=Period.MONTH, of="2026-01", edition=1)
        assert table.headers["content-type"] == "text/csv; charset=utf-8"
        assert f'filename="{LINE}-2026-01-edition-1.csv"' in table.headers["content-disposition"]
        assert table.text == csv_of(an_edition())
        chart = await browser.get(f"/activite/graphique{query}")
        assert chart.headers["content-type"].startswith("image/svg+xml")
        assert chart.text == chart_of(an_edition(), Look())

    at_desks(door, visit)


def test_revised_edition_and_days_left_out_are_said(door: ScriptedDoor) -> None:
    told(door, an_edition(edition=2, days_left_out=3, published_at=NOON + timedelta(days=9)))

    async def visit(comes: Comes) -> None:
        page = html.unescape((await (await comes(COORDINATOR)).get("/activite")).text)
        assert "Édition révisée" in page
        assert "3 jours ne sont pas comptés" in page

    at_desks(door, visit)


def test_before_anything_is_published_the_page_says_so(door: ScriptedDoor) -> None:
    told(door, None)

    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        assert "Aucune activité" in (await browser.get("/activite")).text
        assert (await browser.get("/activite?de=2031")).status_code == 410
        assert (await browser.get("/activite/tableau")).status_code == 410
        assert (await browser.get("/activite?de=demain")).status_code == 400
        assert (await browser.get("/activite?edition=0")).status_code == 400

    at_desks(door, visit)


def test_nobody_else_sees_it(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        for person in (LISTENER, TRAINER):
            browser = await comes(person)
            for path in ("/activite", "/activite/tableau", "/activite/graphique"):
                assert (await browser.get(path)).status_code == 403
        assert door.sent == []

    at_desks(door, visit)
