"""The questions as a person meets them: at a terminal, and with a file instead of one."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.line.asking import Unanswered
from deploy.line.command import main
from services.intake.programme import main as programme
from tests.line.lines import FRENCH, answered, without
from tests.running import REPOSITORY


class Terminal:
    """A person's terminal, on which the command runs."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self.process = process
        self.screen = screen
        self.seen = ""

    def sees(self, words: str) -> None:
        """Wait until something stands on the screen, after what was looked for before."""
        until = time.monotonic() + 30
        while words not in self.seen:
            assert time.monotonic() < until, f"{words!r} never came; on the screen: {self.seen}"
            if select.select([self.screen], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.screen, 65536).decode()
                except OSError:
                    pytest.fail(f"it ended before {words!r}: {self.seen}")
        self.seen = self.seen.split(words, 1)[1]

    def types(self, line: str) -> None:
        os.write(self.screen, f"{line}\n".encode())

    def presses_ctrl_c(self) -> None:
        os.write(self.screen, b"\x03")

    def ends(self) -> int:
        return self.process.wait(30)


@contextmanager
def a_terminal(*arguments: str) -> Iterator[Terminal]:
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        (sys.executable, "-m", "deploy.line", "new", *arguments),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8"},
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(theirs)
    try:
        yield Terminal(process, mine)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
        os.close(mine)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.slow
def test_a_person_answers_is_told_why_not_and_has_a_line(tmp_path: Path) -> None:
    folder = tmp_path / "line"
    with a_terminal("--into", str(folder)) as terminal:
        terminal.sees("What is the line called?")
        terminal.sees("Why: Callers read it")
        terminal.types("Écoute Étudiante")
        terminal.sees("[ecoute-etudiante] > ")
        terminal.types("sos-crise")
        terminal.sees("Not taken: sos-crise is taken")
        terminal.types("")
        terminal.sees("Which organisation runs it?")
        terminal.types("")
        terminal.sees("Nobody can guess this")
        terminal.types("Association Écoute Étudiante")
        for asked in ("data controller", "Whose answers", "which day", "country", "languages"):
            terminal.sees(asked)
            terminal.sees("] > ")
            terminal.types("")
        terminal.sees("How do people reach it")
        terminal.types("phone, telegram")
        terminal.sees("Not taken: 'telegram' is no channel")
        terminal.types("phone, chat")
        terminal.sees("Which number")
        terminal.types("06 39 98 00 42")
        terminal.sees("time zone")
        terminal.types("")
        terminal.sees("When is the telephone open?")
        terminal.types("MO-FR 9-21; FR 20-23")
        terminal.sees("Not taken: two of these hours overlap")
        terminal.types("daily 9-21")
        while "Your answers:" not in terminal.seen:
            terminal.sees("] > ")
            terminal.types("")
            time.sleep(0.05)
            if select.select([terminal.screen], [], [], 1)[0]:
                terminal.seen += os.read(terminal.screen, 65536).decode()
        terminal.sees("Your answers:")
        assert terminal.ends() == 0
    assert programme(["check", str(folder / "programme.yaml")]) == 0
    assert sorted(each.name for each in folder.iterdir()) == [
        "answers.yaml",
        "checklist.md",
        "people.csv",
        "programme.yaml",
        "texts.yaml",
    ]


@pytest.mark.slow
def test_ctrl_c_in_the_middle_writes_nothing(tmp_path: Path) -> None:
    with a_terminal("--into", str(tmp_path / "line")) as terminal:
        terminal.sees("What is the line called?")
        terminal.types("Écoute Étudiante")
        terminal.sees("Its identifier")
        terminal.sees("] > ")
        time.sleep(0.2)  # readline has to have begun: before, it waits for one key more
        terminal.presses_ctrl_c()
        terminal.sees("Nothing was written.")
        assert terminal.ends() == 130
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_answers_needs_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written, folder = tmp_path / "answers.yaml", tmp_path / "line"
    written.write_text(FRENCH)
    assert main(["new", "--answers", str(written), "--into", str(folder)]) == 0
    assert f"./just programme apply {folder}/programme.yaml" in capsys.readouterr().out
    assert programme(["check", str(folder / "programme.yaml")]) == 0


def test_what_was_answered_makes_the_same_line_again(tmp_path: Path) -> None:
    written, first, second = (tmp_path / name for name in ("answers.yaml", "first", "second"))
    written.write_text(FRENCH)
    assert main(["new", "--answers", str(written), "--into", str(first)]) == 0
    again = str(first / "answers.yaml")
    assert main(["new", "--answers", again, "--into", str(second)]) == 0
    for name in ("programme.yaml", "texts.yaml", "people.csv", "answers.yaml"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_a_folder_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written, folder = tmp_path / "answers.yaml", tmp_path / "line"
    written.write_text(FRENCH)
    folder.mkdir()
    (folder / "mine").write_text("kept")
    assert main(["new", "--answers", str(written), "--into", str(folder)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert [each.name for each in folder.iterdir()] == ["mine"]


def test_written_again_the_people_a_coordinator_completed_stay(tmp_path: Path) -> None:
    written, folder = tmp_path / "answers.yaml", tmp_path / "line"
    written.write_text(FRENCH)
    main(["new", "--answers", str(written), "--into", str(folder)])
    (folder / "people.csv").write_text("theirs")
    texts = folder / "texts.yaml"
    texts.write_text(texts.read_text().replace("La ligne est fermée", "La ligne dort"))
    assert main(["new", "--again", str(folder)]) == 0
    assert (folder / "people.csv").read_text() == "theirs"
    assert "La ligne dort" in (folder / "programme.yaml").read_text()
    assert "La ligne dort" in texts.read_text()


def test_a_text_that_is_no_text_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written, folder = tmp_path / "answers.yaml", tmp_path / "line"
    written.write_text(FRENCH)
    main(["new", "--answers", str(written), "--into", str(folder)])
    before = (folder / "programme.yaml").read_bytes()
    texts = folder / "texts.yaml"
    texts.write_text(texts.read_text().replace("read_by: null", "read_by: somebody"))
    assert main(["new", "--again", str(folder)]) == 1
    assert "read_by and read_on go together" in capsys.readouterr().err
    assert (folder / "programme.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "instead", "why"),
    [
        ("number", "", "nobody can guess it"),
        ("number", "number: 15\n", "too few or too many digits"),
        ("number", 'number: "+33 9 72 39 40 50"\npartners: fr-sos-amitie\n', "own number"),
        ("channels", "channels: phone\ncountry: LU\n", "serve chat too"),
        ("channels", "channels: message\nfirst_stage: regulator\n", "straight away"),
        ("channels", "channels: message\npartners: fr-sos-amitie\n", "reached in writing"),
        ("name", "name: X\n", "2 to 60"),
        ("", "country: DE\n", "emergency numbers of DE are not known"),
        ("", "languages: fr nl\n", "'nl' is no language"),
        ("", "partners: fr-sos-amitie-chat\n", "at every hour"),
        ("", "partners: fr-nowhere\n", "is not in the directory"),
        ("", "partners: lu-kjt fr-sos-amitie\n", "when lu-kjt is open"),
        ("", "emergency: 'FR: 15 112'\n", "needs 114 too"),
        ("", "emergency: 'BE: 112'\n", "numbers of FR itself"),
        ("", "professional: never\nsupervised: daily 9-20\n", "nobody takes an alert"),
        ("", "listeners: Paul V.\n", "never a name"),
        ("", "id: contacts\n", "is taken"),
        ("", "said_on: 2026-02-30\n", "2026-01-31"),
        ("", "timezone: UTC\n", "Europe/Paris"),
        ("", "hours_chat: daily 9-25\n", "no time of the day"),
        ("", "colour: blue\n", "colour is not asked"),
        ("", "refers: perhaps\n", "yes or no"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_with_its_reason(
    name: str, instead: str, why: str
) -> None:
    with pytest.raises(Unanswered, match=why):
        answered((without(FRENCH, name) if name else FRENCH) + instead)
