"""What is asked about a new line, in order: what no platform can guess.

A question says why it is asked and proposes an answer where one is honest. Its reading refuses what
could not stand in a sound manifest, given what was answered before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.vocabulary import Channel, LanguageCode, Role, Stage
from deploy.line.answers import Answers
from deploy.line.hours import Week, first_hour_outside, read_week
from deploy.line.partners import MOST, holds_at_any_hour, partner_of
from deploy.line.reading import (
    a_day,
    a_text,
    a_whole_number,
    numbers_by_country,
    one_of,
    people_in,
    some_of,
    words_in,
    yes_or_no,
)
from deploy.line.unfit import Unfit
from deploy.line.words import DRAFTED
from services.intake.flaws import is_zone
from services.intake.numbers import from_anywhere
from services.intake.terms import EMERGENCY_NUMBERS, IN_WRITING, NEEDED_NUMBERS

SHIPPED = Path(__file__).resolve().parents[1] / "programmes"
#: Addresses of the callers' door that no line can have.
_TAKEN_ADDRESSES = frozenset({"contacts", "programmes", "numbers", "desk", "assets", "static"})
_LANGUAGES = {"FR": "fr", "LU": "lb fr de", "BE": "fr", "CH": "fr de"}
_ZONES = {
    "FR": "Europe/Paris",
    "LU": "Europe/Luxembourg",
    "BE": "Europe/Brussels",
    "CH": "Europe/Zurich",
}
_PARTNERS = {
    "FR": "fr-sos-amitie fr-suicide-ecoute fr-sos-amitie-chat",
    "LU": "lu-sos-detresse fr-sos-amitie",
    "BE": "be-107 be-cps fr-sos-amitie-chat",
    "CH": "ch-143 fr-sos-amitie-chat",
}
_NOBODY = ("none", "never", "nobody", "personne", "jamais")


@dataclass(frozen=True)
class Question:
    """One plain question."""

    name: str  #: as in a file of answers
    asks: str
    why: str
    read: Callable[[str, Answers], Any]
    proposes: Callable[[Answers], str | None] = lambda _: None  #: None: nobody can guess it
    is_asked: Callable[[Answers], bool] = lambda _: True


def _slug(answers: Answers) -> str | None:
    plain = unicodedata.normalize("NFKD", answers.name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:41].strip("-")
    try:
        return _id(slug, answers)
    except Unfit:
        return None


def _id(text: str, _: Answers) -> str:
    said = text.strip()
    if re.fullmatch(r"[a-z][a-z0-9-]{2,40}", said) is None:
        raise Unfit("3 to 41 small letters, digits and dashes, a letter first")
    if said in _TAKEN_ADDRESSES or (SHIPPED / f"{said}.yaml").exists():
        raise Unfit(f"{said} is taken; a line of the same identifier would replace it")
    return said


def _organisations(text: str, _: Answers) -> tuple[str, ...]:
    named = tuple(a_text(each, 1, 120) for each in text.split(";") if each.strip())
    if not 1 <= len(named) <= 8:
        raise Unfit("name one to eight organisations, with ; between them")
    return named


def _country(text: str, _: Answers) -> str:
    said = text.strip().upper()
    if said not in EMERGENCY_NUMBERS:
        known = ", ".join(EMERGENCY_NUMBERS)
        raise Unfit(
            f"the emergency numbers of {said or 'that country'} are not known here ({known} are): "
            "add them to services/intake/terms.py with their source first"
        )
    return said


def _zone(text: str, _: Answers) -> str:
    said = text.strip()
    if re.fullmatch(r"[A-Za-z_]+/[A-Za-z_/]+", said) is None or not is_zone(said):
        raise Unfit(f"{said!r} is no time zone this machine knows; write it as Europe/Paris")
    return said


def _languages(text: str, _: Answers) -> tuple[LanguageCode, ...]:
    known = [each.value for each in DRAFTED]
    return tuple(LanguageCode(each) for each in some_of(text, known, "language"))


def _channels(text: str, answers: Answers) -> tuple[Channel, ...]:
    said = some_of(text, [each.value for each in Channel], "channel")
    channels = tuple(each for each in Channel if each.value in said)
    if Channel.CHAT not in channels and not IN_WRITING.get(answers.country):
        raise Unfit(
            f"{answers.country} has no emergency number one can write to, known here: without a "
            "chat, who cannot hear or speak has no way in; serve chat too"
        )
    return channels


def _number(text: str, answers: Answers) -> str:
    said = a_text(text, 2, 30)
    if re.fullmatch(r"[+0-9][0-9 .()-]*", said) is None:
        raise Unfit("digits and spaces, perhaps a + before them")
    number = from_anywhere(said, answers.country)
    if re.fullmatch(r"\+[0-9]{6,15}", number) is None:
        raise Unfit(f"{number} has too few or too many digits to be dialled from anywhere")
    return said


def _week(text: str, _: Answers) -> Week:
    return read_week(text)


def _week_or_never(text: str) -> Week:
    return () if text.strip().lower() in _NOBODY else read_week(text)


def _supervised(text: str, _: Answers) -> Week:
    return _week_or_never(text)


def _professional(text: str, answers: Answers) -> Week:
    week = _week_or_never(text)
    gap = first_hour_outside(
        tuple(answers.hours.values()),
        (*answers.supervised, *week),
        answers.timezone,
        answers.country,
    )
    if gap:
        raise Unfit(
            f"on {gap} the line is open and nobody takes an alert; say hours that cover every open "
            "hour with those of the supervisors"
        )
    return week


def _first_stage(text: str, answers: Answers) -> Stage:
    stage = Stage(one_of(text, [each.value for each in Stage], "stage"))
    if stage is Stage.REGULATOR and answers.channels == (Channel.MESSAGE,):
        raise Unfit("messages go to listeners straight away; answer listener")
    return stage


def _partners(text: str, answers: Answers) -> tuple[Any, ...]:
    slugs = words_in(text)
    if len(set(slugs)) < len(slugs) or not 1 <= len(slugs) <= MOST:
        raise Unfit(f"name one to {MOST} lines of the directory, each once")
    partners = tuple(partner_of(slug, answers.country) for slug in slugs)
    for each in partners:
        if each.number == _own_number(answers):
            raise Unfit(f"{each.partner} has the line's own number: callers would ring it again")
    if not any(holds_at_any_hour(each) for each in partners):
        raise Unfit(
            "none of them answers by telephone at every hour without asking for a name: whoever "
            "you cannot answer would be led to a closed door; add fr-sos-amitie"
        )
    if Channel.CHAT not in answers.channels and not any(each.in_writing for each in partners):
        raise Unfit(
            "none of them is reached in writing, and the line has no chat: add one for who cannot "
            "hear or speak, as fr-sos-amitie-chat"
        )
    return partners


def _proposed_partners(answers: Answers) -> str | None:
    """Those of the country, but the line itself."""
    fit = [each for each in _PARTNERS.get(answers.country, "").split() if _is_other(each, answers)]
    return " ".join(fit) or None


def _is_other(slug: str, answers: Answers) -> bool:
    return partner_of(slug, answers.country).number != _own_number(answers)


def _own_number(answers: Answers) -> str:
    """As dialled from anywhere; empty: nobody rings it."""
    return "" if answers.number is None else from_anywhere(answers.number, answers.country)


def _emergency(text: str, answers: Answers) -> dict[str, tuple[str, ...]]:
    said = numbers_by_country(text)
    if answers.country not in said:
        raise Unfit(f"the numbers of {answers.country} itself are missing")
    for country, numbers in said.items():
        for number in numbers:
            if number not in EMERGENCY_NUMBERS.get(country, (number,)):
                raise Unfit(f"{number} is no emergency number of {country}")
    needed = NEEDED_NUMBERS[answers.country]
    missing = [each for each in needed if each not in said[answers.country]]
    if missing:
        raise Unfit(f"{answers.country} needs {', '.join(missing)} too")
    return said


def _proposed_emergency(answers: Answers) -> str:
    return f"{answers.country}: {' '.join(EMERGENCY_NUMBERS[answers.country])}"


def _proposed_supervised(answers: Answers) -> str | None:
    """The hours in which people talk, as they were typed; none where people only write."""
    talked = [each for each in (Channel.PHONE, Channel.CHAT) if each in answers.channels]
    typed = dict.fromkeys(answers.typed[f"hours_{channel.value}"] for channel in talked)
    if not typed:
        return "never"
    together = "; ".join(typed)
    try:
        read_week(together)
    except Unfit:
        return None  # they overlap: how they are written as one, only people can say
    return together


def _has(*channels: Channel) -> Callable[[Answers], bool]:
    return lambda answers: any(each in answers.channels for each in channels)


def _people(role: Role, fewest: int, proposed: int) -> Question:
    def propose(answers: Answers) -> str:
        stem = f"{answers.programme[:20].strip('-')}-{_SHORT_NAMES[role]}"
        return " ".join(f"{stem}-{number}" for number in range(1, proposed + 1))

    return Question(
        f"{role.value}s",
        f"Identifiers of the first {role.value.replace('_', ' ')}s",
        "They are the rows of people.csv, which the coordinator completes and imports. An "
        "identifier is what your accounts say of a person, never a name.",
        lambda text, _: people_in(text, fewest),
        propose,
        lambda answers: _is_needed(role, answers),
    )


_SHORT_NAMES = {
    Role.REGULATOR: "regulator",
    Role.LISTENER: "listener",
    Role.SUPERVISOR: "supervisor",
    Role.DUTY_PROFESSIONAL: "professional",
}


def _is_needed(role: Role, answers: Answers) -> bool:
    match role:
        case Role.REGULATOR:
            return answers.first_stage is Stage.REGULATOR
        case Role.SUPERVISOR:
            return bool(answers.supervised)
        case Role.DUTY_PROFESSIONAL:
            return bool(answers.professional)
        case _:
            return True


def questions(today: str) -> tuple[Question, ...]:
    """Every question, in the order in which it is asked; `today` is YYYY-MM-DD."""
    return (
        Question(
            "name",
            "What is the line called?",
            "Callers read it on every page.",
            lambda text, _: a_text(text, 2, 60),
        ),
        Question(
            "id",
            "Its identifier",
            "It stands in addresses, in commands and in every figure, and never changes.",
            _id,
            _slug,
        ),
        Question(
            "organisation",
            "Which organisation runs it?",
            "Callers may ask who answers them.",
            lambda text, _: a_text(text, 3, 120),
        ),
        Question(
            "controllers",
            "Who answers by law for what is kept (data controller)? Several with ; between them",
            "Callers are told it, and how long things are kept is theirs to settle.",
            _organisations,
            lambda answers: answers.organisation,
        ),
        Question(
            "said_by",
            "Whose answers are these: an organisation or a role, never a person's name",
            "Each fact of the line stands in its manifest with who said it and when.",
            lambda text, _: a_text(text, 3, 120),
            lambda answers: answers.organisation,
        ),
        Question(
            "said_on",
            "Given on which day?",
            "The same answers read again later still say when they were given.",
            lambda text, _: a_day(text),
            lambda _: today,
        ),
        Question(
            "country",
            "In which country is the line?",
            "Emergency numbers, public holidays and the law follow from it.",
            _country,
            lambda _: "FR",
        ),
        Question(
            "languages",
            "Which languages does it listen in? The first is the line's own",
            "Everything a caller is told must be there in each of them.",
            _languages,
            lambda answers: _LANGUAGES.get(answers.country),
        ),
        Question(
            "channels",
            "How do people reach it: phone, chat, message (several are possible)?",
            "Each has hours, clocks and pages of its own.",
            _channels,
        ),
        Question(
            "number",
            "Which number do callers dial?",
            "The line is found by it. To try without one, 06 39 98 00 00 to 06 39 98 99 99 are "
            "reserved for fiction.",
            _number,
            is_asked=_has(Channel.PHONE),
        ),
        Question(
            "timezone",
            "In which time zone are its hours?",
            "Summer time changes them twice a year; a name says when.",
            _zone,
            lambda answers: _ZONES.get(answers.country),
        ),
        Question(
            "hours_phone",
            "When is the telephone open?",
            "Outside these hours callers are led to other lines.",
            _week,
            is_asked=_has(Channel.PHONE),
        ),
        Question(
            "hours_chat",
            "When is the chat open?",
            "Outside these hours callers are led to other lines.",
            _week,
            lambda answers: answers.typed.get("hours_phone"),
            _has(Channel.CHAT),
        ),
        Question(
            "hours_message",
            "When does the message box take messages?",
            "A message may be left at night and is answered later, within 48 hours.",
            _week,
            lambda _: "always",
            _has(Channel.MESSAGE),
        ),
        Question(
            "first_stage",
            "Who hears a caller first: a regulator, who understands in a minute and hands over, or "
            "a listener?",
            "It decides which waiting line a contact enters.",
            _first_stage,
            lambda answers: "regulator" if Channel.PHONE in answers.channels else "listener",
        ),
        Question(
            "refers",
            "Do your people lead callers on to relays?",
            "Without it the platform proposes none, and nobody is asked for consent.",
            lambda text, _: yes_or_no(text),
            lambda _: "yes",
        ),
        Question(
            "keeps_notes",
            "Do your people keep notes of a contact, sealed and erased after a day?",
            "Callers are told so.",
            lambda text, _: yes_or_no(text),
            lambda _: "yes",
        ),
        Question(
            "minor_below",
            "Whoever is younger than how many years is a minor?",
            "A minor's consent to a referral is given by a professional, and reports differ.",
            lambda text, _: a_whole_number(text, 14, 21),
            lambda _: "18",
        ),
        Question(
            "partners",
            "Which lines are callers led to when you are closed, all busy or out of order? Rows of "
            "the directory, the first that is open is taken",
            "Nobody is left without a way on, at any hour; one must answer day and night.",
            _partners,
            _proposed_partners,
        ),
        Question(
            "emergency",
            "Emergency numbers by country: your own, and where else callers may be",
            "They stand on every page, and on the emergency card of who listens.",
            _emergency,
            _proposed_emergency,
        ),
        Question(
            "supervised",
            "When does a supervisor take alerts? never is an answer",
            "An alert must reach somebody at every open hour.",
            _supervised,
            _proposed_supervised,
        ),
        Question(
            "professional",
            "When is a duty professional (clinical, at home) called? never is an answer",
            "They are called when nobody else has taken an alert.",
            _professional,
            lambda _: "always",
        ),
        _people(Role.REGULATOR, 1, 2),
        _people(Role.LISTENER, 1, 3),
        _people(Role.SUPERVISOR, 1, 1),
        _people(Role.DUTY_PROFESSIONAL, 1, 1),
    )
