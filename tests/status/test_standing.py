"""What the status page says, who may take it back, and that no word is older than it promises."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.status.__main__ import figures_in, main
from deploy.status.page import all_words, draw, line_of, publish, spoken
from deploy.status.standing import By, Out, Standing, heard, read, say, write

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
PROGRAMMES = Path(__file__).parents[2] / "deploy" / "programmes"
CRISE, DETRESSE = PROGRAMMES / "sos-crise.yaml", PROGRAMMES / "sos-detresse.yaml"


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def test_outage_keeps_its_beginning_and_promises_a_word_within_thirty_minutes() -> None:
    first = say(None, Out.CHAT, NOON)
    wider = say(first, Out.EVERYTHING, minutes(20))
    assert (wider.since, wider.next_word_at) == (NOON, minutes(50))
    assert not wider.is_late(minutes(50))
    assert wider.is_late(minutes(51))
    over = say(wider, Out.NOTHING, minutes(55))
    assert (over.since, over.next_word_at, over.is_late(minutes(900))) == (None, None, False)


def test_robot_says_the_chat_is_out_after_three_failures_and_takes_back_what_it_said() -> None:
    assert heard(None, 2, False, NOON) is None
    assert heard(None, 0, False, NOON) is None
    assert heard(None, 0, True, NOON) == Standing(Out.NOTHING, NOON, None, By.ROBOT)
    said = heard(None, 3, False, NOON)
    assert said == Standing(Out.CHAT, NOON, NOON, By.ROBOT)
    assert heard(said, 9, False, minutes(24)) is None
    again = heard(said, 30, False, minutes(25))
    assert again == Standing(Out.CHAT, minutes(25), NOON, By.ROBOT)
    assert heard(again, 0, False, minutes(26)) is None, "standing aside is no answer"
    over = heard(again, 0, True, minutes(26))
    assert over == Standing(Out.NOTHING, minutes(26), None, By.ROBOT)


@pytest.mark.parametrize("out", [Out.CHAT, Out.VOICE, Out.EVERYTHING])
def test_what_a_human_said_no_robot_changes(out: Out) -> None:
    by_hand = say(None, out, NOON)
    for failures, answered in ((0, True), (30, False)):
        assert heard(by_hand, failures, answered, minutes(29)) is None


def test_figures_are_read_as_prometheus_is_told_them() -> None:
    told = (
        'helpline_synthetic_attempts_total{result="answered"} 7.0\n'
        "helpline_synthetic_failures_in_a_row 0.0\n"
        "helpline_synthetic_standing_aside 0.0\n"
    )
    assert figures_in(told) == (0, True)
    assert figures_in(told.replace("aside 0.0", "aside 1.0")) == (0, False)
    assert figures_in(told.replace("row 0.0", "row 3.0")) == (3, False)
    with pytest.raises(ValueError, match="no figures"):
        figures_in("helpline_bus_ground_up 1.0\n")


def test_standing_survives_its_file(tmp_path: Path) -> None:
    standing = say(None, Out.VOICE, NOON, By.ROBOT)
    write(tmp_path / "standing.json", standing)
    assert read(tmp_path / "standing.json") == standing
    assert read(tmp_path / "none.json") is None


def test_every_language_has_every_word_and_drafts_are_marked() -> None:
    words = all_words()
    assert {code for code, each in words.items() if each["draft"]} == {"lb", "pt"}
    for each in words.values():
        assert each.keys() == words["fr"].keys()
        assert all(value != "" for value in each.values())
    distinct = {each["everything"] for each in words.values()}
    assert len(distinct) == len(words), "a language says it in the words of another"


@pytest.mark.parametrize("manifest", [CRISE, DETRESSE])
@pytest.mark.parametrize("out", [Out.CHAT, Out.VOICE, Out.EVERYTHING])
def test_page_and_recording_name_other_lines_and_who_helps_in_danger(
    manifest: Path, out: Out
) -> None:
    line = line_of(manifest)
    assert line.languages
    assert line.others
    for language in line.languages:
        page = draw(line, say(None, out, NOON), language)
        recorded = spoken(line, out, language)
        for title, number in line.others:
            assert f'href="tel:{number}"' in page
            assert title in recorded
        for number in line.emergency_numbers:
            assert f'href="tel:{number}"' in page
            assert number in recorded
        assert "13:30" in page, "by when the next word comes, in the line's zone"
        assert ("13:30" in recorded) is False, "a recording stays true"


def test_page_of_a_line_that_works_says_the_day_it_was_written() -> None:
    fine = {
        code: draw(line_of(DETRESSE), say(None, Out.NOTHING, NOON), code) for code in all_words()
    }
    assert "Écrit le 14 janvier à 13:00." in fine["fr"]
    assert "Written on 14 January at 13:00." in fine["en"]
    assert all("14 " in page and "13:00" in page for page in fine.values())


def test_files_stand_by_themselves(tmp_path: Path) -> None:
    pages = publish(tmp_path, line_of(DETRESSE), say(None, Out.EVERYTHING, NOON))
    assert pages[0].name == "index.html"
    for page in pages:
        text = page.read_text("utf-8")
        assert "http://" not in text
        assert "https://" not in text
        assert 'href="/' not in text
        assert 'src="/' not in text
        assert "style=" not in text
    assert (tmp_path / "record-everything-fr.txt").read_text("utf-8").strip()
    assert {oct(each.stat().st_mode & 0o777) for each in tmp_path.iterdir()} == {"0o644"}


def test_command_says_clears_and_tells_a_broken_promise(tmp_path: Path) -> None:
    to = ["--to", str(tmp_path), "--manifest", str(DETRESSE)]
    assert main(["say", "chat", *to]) == 0
    assert main(["check", *to]) == 0
    standing = read(tmp_path / "standing.json")
    assert standing is not None
    long_ago = datetime.now(UTC) - timedelta(minutes=31)
    write(tmp_path / "standing.json", Standing(standing.out, long_ago, long_ago))
    assert main(["check", *to]) == 1
    assert main(["again", *to]) == 0
    assert main(["check", *to]) == 0
    assert main(["clear", *to]) == 0
    cleared = read(tmp_path / "standing.json")
    assert cleared is not None
    assert cleared.out is Out.NOTHING


@pytest.mark.parametrize("asked", [["say", "chat"], ["say", "voice"], ["follow", "--times", "1"]])
def test_of_a_line_without_a_chat_nobody_says_what_its_chat_does(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = ["--to", str(tmp_path), "--manifest", str(CRISE)]
    assert main([*asked, *to]) == 2
    assert "no chat" in capsys.readouterr().err
    assert main(["say", "everything", *to]) == 0
