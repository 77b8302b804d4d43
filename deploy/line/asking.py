"""How answers are got: from a person at a terminal, one question at a time, or from a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from deploy.line.answers import Answers
from deploy.line.drafting import as_yaml
from deploy.line.questions import Question
from deploy.line.unfit import Unfit
from services.intake.document import Unusable, read_document

FORMAT = "helpline-answers/1"


class Unanswered(Exception):
    """A file of answers cannot be taken; the message names the answer and the reason."""


def ask_all(
    asked: tuple[Question, ...], say: Callable[[str], None], hear: Callable[[str], str]
) -> Answers:
    """Ask a person; `hear` shows a prompt and returns a line. EOFError, KeyboardInterrupt pass."""
    answers = Answers()
    for question in asked:
        if question.is_asked(answers):
            _ask(question, answers, say, hear)
    return answers


def _ask(
    question: Question, answers: Answers, say: Callable[[str], None], hear: Callable[[str], str]
) -> None:
    proposal = question.proposes(answers)
    say("")
    say(question.asks)
    say(f"  Why: {question.why}")
    prompt = "> " if proposal is None else f"[{proposal}] > "
    while True:
        typed = hear(prompt).strip() or proposal
        if not typed:
            say("  Nobody can guess this: please answer.")
            continue
        try:
            take(question, typed, answers)
        except Unfit as unfit:
            say(f"  Not taken: {unfit}.")
        else:
            return


def take(question: Question, typed: str, answers: Answers) -> None:
    """Take one answer; Unfit when it cannot be taken, and then nothing has changed."""
    answers.meant[question.name] = question.read(typed, answers)
    answers.typed[question.name] = " ".join(typed.split())


def answers_in(content: bytes, asked: tuple[Question, ...]) -> Answers:
    """The answers of a file; Unanswered with every line that is wrong, or what is missing."""
    document = read_document(content)
    if isinstance(document, Unusable):
        fault = document.faults[0]
        raise Unanswered(f"line {fault.line}: {fault.field} {fault.reason}".replace("None: ", ""))
    written = document.content
    if not isinstance(written, dict) or written.get("format", FORMAT) != FORMAT:
        raise Unanswered(f"is no file of answers ({FORMAT})")
    answers, faults = Answers(), []
    known = {question.name for question in asked} | {"format"}
    for name in written:
        if name not in known:
            faults.append(f"line {document.line_of((name,))}: {name} is not asked")
    for question in asked:
        try:
            if question.is_asked(answers):
                _take_written(question, written, answers)
        except Unfit as unfit:
            line = document.line_of((question.name,)) if question.name in written else None
            place = f"line {line}: " if line else ""
            faults.append(f"{place}{question.name}: {unfit}")
            break  # what is asked next follows from this
    if faults:
        raise Unanswered("\n".join(faults))
    return answers


def _take_written(question: Question, written: dict[str, Any], answers: Answers) -> None:
    said = written.get(question.name)
    typed = question.proposes(answers) if said is None else _as_typed(said)
    if not typed:
        raise Unfit(f"is not answered, and nobody can guess it. {question.asks}")
    take(question, typed, answers)


def _as_typed(said: object) -> str:
    """What a person would have typed for a value of a file."""
    match said:
        case str():
            return said
        case bool():
            return "yes" if said else "no"
        case int():
            return str(said)
        case list():
            return " ".join(_as_typed(each) for each in said)
        case _:
            raise Unfit(f"cannot be read: {json.dumps(said)}; write it as one would type it")


def written_answers(answers: Answers) -> str:
    """The file from which the same line is made again."""
    head = "What was answered about this line. Change an answer, then: ./just programme new --again"
    return as_yaml({"format": FORMAT, **answers.typed}, head)


def told_answers(answers: Answers) -> Iterator[str]:
    """The answers, a line each, for a last look."""
    for name, typed in answers.typed.items():
        yield f"  {name:<14} {typed}"
