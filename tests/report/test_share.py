"""`just share`: what it is asked, what it writes, and why it publishes nothing."""

from pathlib import Path

import pytest

from contracts.vocabulary import LanguageCode
from deploy.share import main, write
from services.console.activity_files import chart_of, csv_of
from services.pages.look import Look
from tests.console.test_activity_page import an_edition

ASKED = ["sos-crise", "--period", "month", "--month"]


def test_files_are_those_of_the_console(tmp_path: Path) -> None:
    german = Look(LanguageCode.DE)
    table, chart = write(an_edition(), tmp_path / "new", german)
    assert table.name == "sos-crise-2026-01-edition-1.csv"
    assert table.read_bytes().decode() == csv_of(an_edition())
    assert chart.read_text("utf-8") == chart_of(an_edition(), german)


def test_without_a_platform_it_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ASKED, "2026-01", "--run-dir", str(tmp_path)]) == 1
    assert "./just up" in capsys.readouterr().err


def test_name_of_no_period_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ASKED, "2026-13"]) == 1
    assert "Nothing was published" in capsys.readouterr().err


def test_period_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["sos-crise", "--period", "month", "--week", "2026-W03"])
    assert "--month WHICH" in capsys.readouterr().err
