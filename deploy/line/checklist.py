"""What a human has still to do before callers reach a new line, in order, each with its command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.vocabulary import Channel, Role, Stage
from deploy.line.answers import Answers
from deploy.line.drafting import REPORTS
from deploy.line.words import Texts


@dataclass(frozen=True)
class Step:
    """One thing to do."""

    title: str
    why: str
    commands: tuple[str, ...] = ()
    done: bool = False


def checklist(answers: Answers, texts: Texts, folder: Path) -> str:
    """The list, in Markdown."""
    lines = [
        f"# {answers.name}: before callers reach it",
        "",
        "Written by `./just programme new`. In this order; what is ticked was done already. Steps",
        "1 to 3 are enough to try the line yourself, on a platform started with `./just up`.",
    ]
    for place, step in enumerate(_steps(answers, texts, folder), 1):
        lines += ["", f"## {place}. [{'x' if step.done else ' '}] {step.title}", "", step.why]
        if step.commands:
            lines += ["", "```sh", *step.commands, "```"]
    return "\n".join(lines) + "\n"


def _steps(answers: Answers, texts: Texts, folder: Path) -> Iterator[Step]:
    yield Step(
        "Put the line into force where you try it",
        "No restart; contacts keep the version they began with. Repeat it after every change.",
        (
            f"./just programme check {folder}/programme.yaml",
            f"./just programme apply {folder}/programme.yaml",
        ),
    )
    yield Step(
        "Import the first people",
        "`people.csv` names them with level 3 everywhere, for a year: write what each is trained "
        "for, and until when. Whoever is not in it stays as they are.",
        (f"./just people {folder}/people.csv --programme {answers.programme}",),
    )
    yield _trial(answers)
    yield from _readings(texts, folder)
    yield Step(
        "The data controller settles how long things are kept",
        f"{'; '.join(answers.controllers)}: `assumed.keeping` in `programme.yaml`, and whether "
        "notes are kept. Write the day and the reason beside the value.",
        (f"grep -n -A6 'keeping:' {folder}/programme.yaml",),
    )
    yield Step(
        "Name who is on alert duty",
        _duty(answers),
        (
            f"$EDITOR {folder}/people.csv",
            f"./just people {folder}/people.csv --programme {answers.programme}",
        ),
    )
    partners = ", ".join(each.partner for each in answers.partners)
    yield Step(
        "Verify each partner and agree with it",
        f"{partners}: call the number or read the page, then write the day of the agreement into "
        "`agreed_on`. The two recipients of legal reports "
        f"({', '.join(REPORTS[answers.country][0].values())}) too: those the directory lacks are "
        "added to it.",
        ("./just relays check", f"grep -n 'agreed_on\\|partner:' {folder}/programme.yaml"),
    )
    yield Step(
        "Settle what the design proposed",
        "Every value under `assumed` has its reason; who answers clinically approves `risk`, the "
        "people who will answer their `rest`.",
        (f"grep -n 'reason:' {folder}/programme.yaml",),
    )
    if answers.number is not None:
        yield Step(
            "Have the number led here by the operator of the telephone line",
            f"{answers.number}: a test call must reach the platform, and the outage text of "
            "`texts.yaml` must be recorded at the operator for the day the platform is silent.",
            (f"./just programme check {folder}/programme.yaml",),
        )
    yield Step(
        "Give everybody an account",
        "Outside development people come in by the accounts of their association: the identifiers "
        "of `people.csv` are those of the claim `helpline_person`. A coordinator needs "
        f"`{answers.programme}:coordinator`, who applies lines `{answers.programme}:operator`.",
        ("less docs/signing-in.md",),
    )
    yield Step(
        "First duty",
        "People say by themselves that they are there; an hour of it with a supervisor beside, and "
        "a test contact by each channel, before the number or the page is told to anybody.",
        (f"./just staffing --programme {answers.programme}", "./just verify"),
    )


def _trial(answers: Answers) -> Step:
    """A contact of one's own, opened and answered."""
    listener = answers.people(Role.LISTENER)[0]
    first = (
        f"{answers.people(Role.REGULATOR)[0]} regulates, then {listener} listens"
        if answers.first_stage is Stage.REGULATOR
        else f"{listener} listens"
    )
    pages = {Channel.CHAT: "tchat", Channel.MESSAGE: "message"}
    commands = [
        f"xdg-open http://127.0.0.1:8100/{answers.programme}/{pages[each]}"
        for each in answers.channels
        if each in pages
    ]
    if Channel.PHONE in answers.channels:
        commands.append(f"./just call --programme {answers.programme}")
    return Step(
        "Answer a test contact",
        "Write as a caller in one window; in another, come in as somebody of the line "
        f"({first}), say that you are there, take what is offered, answer. Closed at this hour? "
        "Start the platform at another: `./just up --at 2026-01-14T11:00:00+01:00`.",
        ("xdg-open http://127.0.0.1:8200/entrer", *commands),
    )


def _readings(texts: Texts, folder: Path) -> Iterator[Step]:
    for language, told in texts.languages.items():
        yield Step(
            f"A native speaker reads the texts in {language.value}",
            "They change what is wrong in `texts.yaml` and write `read_by` (what they are to the "
            "line, never a name) and `read_on`; the manifest is then written again from it.",
            (f"$EDITOR {folder}/texts.yaml", f"./just programme new --again {folder}"),
            done=told.read_by is not None,
        )


def _duty(answers: Answers) -> str:
    named = [
        f"{role.value.replace('_', ' ')}: {', '.join(answers.people(role))}"
        for role in (Role.SUPERVISOR, Role.DUTY_PROFESSIONAL)
        if answers.people(role)
    ]
    return (
        f"{'; '.join(named)}. These are identifiers: make sure that each is somebody, who knows "
        "the hours of `assumed.frame.alert_duty` and has tried an alert."
    )
