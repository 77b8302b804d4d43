"""`just programme new`: ask, then write the folder of a line. `check` and `apply` are intake's."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from deploy.line.answers import Answers
from deploy.line.asking import Unanswered, answers_in, ask_all, told_answers
from deploy.line.folder import (
    ANSWERS,
    MANIFEST,
    PEOPLE,
    TEXTS,
    files_of,
    rewrite_files,
    write_folder,
)
from deploy.line.questions import Question, questions
from deploy.line.unfit import Unfit
from deploy.line.words import kept, proposed, read_texts
from services.intake import programme

LINES = Path("lines")
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; 0 when the folder is written, 1 with the reason when not, 130 on Ctrl-C."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] != ["new"]:
        return programme.main(given)
    options = _options(given[1:])
    try:
        if options.again is not None:
            return _again(options.again)
        return _new(options.answers, options.into)
    except (KeyboardInterrupt, EOFError):
        print("\nNothing was written.")
        return _INTERRUPTED
    except (Unanswered, Unfit) as why:
        print(f"Nothing was written. {why}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Nothing was written. {error.filename}: {error.strerror}", file=sys.stderr)
        return 1


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="just programme new",
        description="Ask about a new line and write its manifest, texts, people and checklist.",
    )
    parser.add_argument(
        "--answers", type=Path, metavar="FILE", help="answers in YAML, instead of a terminal"
    )
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="without it, lines/<id>")
    parser.add_argument(
        "--again",
        type=Path,
        metavar="FOLDER",
        help="write a line's manifest again from its answers and texts",
    )
    return parser.parse_args(arguments)


def _new(file: Path | None, into: Path | None) -> int:
    asked = questions(_today())
    if into is not None:
        _refuse_taken(into)
    answers = _asked(asked) if file is None else _read(file, asked)
    folder = LINES / answers.programme if into is None else into
    _refuse_taken(folder)
    write_folder(folder, files_of(answers, proposed(answers), folder))
    _say_written(folder, answers)
    return 0


def _asked(asked: tuple[Question, ...]) -> Answers:
    print("Some twenty questions. Enter takes what stands between brackets; Ctrl-C writes nothing.")
    answers = ask_all(asked, print, input)
    print("\nYour answers:")
    for line in told_answers(answers):
        print(line)
    return answers


def _read(file: Path, asked: tuple[Question, ...]) -> Answers:
    try:
        return answers_in(file.read_bytes(), asked)
    except Unanswered as why:
        raise Unanswered("\n".join(f"{file}: {each}" for each in str(why).splitlines())) from None


def _again(folder: Path) -> int:
    answers = _read(folder / ANSWERS, questions(_today()))
    texts = kept(read_texts((folder / TEXTS).read_bytes()), answers)
    manifest = folder / MANIFEST
    before = manifest.read_bytes() if manifest.exists() else b""
    files = files_of(answers, texts, folder, before)
    if (folder / PEOPLE).exists():
        del files[PEOPLE]  # the coordinator's by now
    rewrite_files(folder, files)
    _say_written(folder, answers)
    return 0


def _today() -> str:
    return datetime.now().astimezone().date().isoformat()


def _refuse_taken(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Unfit(f"{folder} is there already; write it again with --again {folder}")


def _say_written(folder: Path, answers: Answers) -> None:
    print(f"\n{folder}: programme.yaml, texts.yaml, people.csv, answers.yaml, checklist.md.")
    print(f"What is left to do, in order: {folder}/checklist.md. To try it at once:")
    print(f"  ./just programme apply {folder}/programme.yaml")
    print(f"  ./just people {folder}/people.csv --programme {answers.programme}")
