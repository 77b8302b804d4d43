"""A line from its answers: whatever the questions accept gives a manifest without a fault."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from contracts.vocabulary import Act, AlertRole, Channel, LanguageCode, Situation, Stage
from deploy.line.answers import Answers
from deploy.line.asking import take
from deploy.line.folder import files_of
from deploy.line.partners import _rows
from deploy.line.unfit import Unfit
from deploy.line.words import DRAFTED, kept, proposed, read_texts
from services.intake.reader import Sound, read_manifest
from tests.line.lines import (
    ALL,
    ASKED,
    BELGIAN,
    FRENCH,
    LUXEMBOURG,
    MESSAGES,
    PHONE,
    SWISS,
    answered,
)

FOLDER = Path("lines/here")


def files(answers: Answers) -> dict[str, str]:
    return files_of(answers, proposed(answers), FOLDER)


def sound(answers: Answers) -> Sound:
    read = read_manifest(files(answers)["programme.yaml"].encode())
    assert isinstance(read, Sound), read
    return read


@pytest.mark.parametrize("line", ALL)
def test_a_line_people_would_open_is_sound_with_nothing_left_to_explain(line: str) -> None:
    sound(answered(ALL[line]))


def test_a_telephone_line_is_reached_heard_and_watched_over_as_it_was_answered() -> None:
    line = sound(answered(PHONE))
    assert [each.number for each in line.callers.numbers] == ["+33639980043"]
    assert line.terms.first_stage is Stage.LISTENER
    assert {(rule.opens_at, rule.closes_at) for rule in line.terms.opening} == {
        ("09:00", "12:30"),
        ("14:00", "18:00"),
    }
    assert {duty.role for duty in line.terms.frame.alert_duty} == {
        AlertRole.SUPERVISOR,
        AlertRole.DUTY_PROFESSIONAL,
    }
    closed = next(each for each in line.callers.ladders if each.situation is Situation.CLOSED)
    assert closed.rungs[-1].act is Act.CONNECTS


def test_a_luxembourg_chat_speaks_its_four_languages_and_names_numbers_abroad() -> None:
    line = sound(answered(LUXEMBOURG))
    wanted = ("fr", "de", "lb", "pt")
    assert tuple(line.terms.languages) == wanted
    for ladder in line.callers.ladders:
        assert {each.language for each in ladder.wordings} == set(wanted)
    assert line.terms.emergency_numbers == ("112", "113")
    assert [each.country for each in line.terms.frame.emergency_abroad] == ["FR", "BE"]
    assert not line.terms.frame.refers


def test_a_line_of_a_neighbour_has_its_own_numbers_and_partners() -> None:
    belgian, swiss = sound(answered(BELGIAN)), sound(answered(SWISS))
    assert belgian.terms.emergency_numbers == ("112", "101")
    assert [each.number for each in belgian.callers.numbers] == ["+3225550142"]
    assert "be-107" in [each.partner for each in belgian.callers.partners]
    assert (swiss.terms.emergency_numbers[0], swiss.terms.timezone) == ("144", "Europe/Zurich")
    assert [each.number for each in swiss.callers.numbers] == ["+41225550142"]
    assert "ch-143" in [each.partner for each in swiss.callers.partners]


def test_a_message_box_is_open_always_and_says_nothing_of_numbers_or_notes() -> None:
    line = sound(answered(MESSAGES))
    assert line.terms.channels == (Channel.MESSAGE,)
    assert [(rule.opens_at, rule.closes_at) for rule in line.terms.opening] == [("00:00", "00:00")]
    (told,) = line.callers.transparency
    assert "numéro" not in told.words
    assert "notes" not in told.words
    assert line.callers.controllers == ("Fédération des boîtes", "Hébergeur de santé")


def test_a_fact_says_who_said_it_and_when() -> None:
    source = sound(answered(FRENCH)).manifest.facts.name.source
    assert (source.said_by, source.said_on) == ("Association Écoute Étudiante", "2026-01-14")
    assert source.seed is None


def test_channels_with_hours_of_their_own_have_facts_of_their_own() -> None:
    line = sound(answered(FRENCH + "hours_chat: SA SU 20-2\nsupervised: never\n"))
    assert list(line.manifest.channel_facts) == [Channel.CHAT]


def test_every_language_a_line_can_have_has_every_sentence() -> None:
    known = set(LanguageCode) - {LanguageCode.OTHER, LanguageCode.UNKNOWN}
    assert set(DRAFTED) == known


def test_words_nobody_has_read_are_said_to_be_drafts_until_somebody_has() -> None:
    answers = answered(FRENCH)
    assert "to be read by a native" in files(answers)["programme.yaml"]
    written = files(answers)["texts.yaml"]
    read = written.replace("read_by: null", "read_by: a coordinator").replace(
        "read_on: null", "read_on: 2026-02-01"
    )
    assert read != written
    texts = kept(read_texts(read.encode()), answers)
    again = files_of(answers, texts, FOLDER)
    assert "to be read by a native" not in again["programme.yaml"]
    assert "Read in fr by a coordinator on 2026-02-01" in again["programme.yaml"]
    assert "[x] A native speaker reads the texts in fr" in again["checklist.md"]


def test_a_text_that_was_changed_is_what_callers_are_told() -> None:
    answers = answered(FRENCH)
    changed = files(answers)["texts.yaml"].replace("La ligne est fermée à cette heure.", "Fermé.")
    texts = read_texts(changed.encode())
    read = read_manifest(files_of(answers, texts, FOLDER)["programme.yaml"].encode())
    assert isinstance(read, Sound)
    closed = next(each for each in read.callers.ladders if each.situation is Situation.CLOSED)
    assert closed.wordings[0].words.startswith("Fermé.")


def test_what_was_settled_by_hand_stays_when_the_manifest_is_written_again() -> None:
    answers = answered(FRENCH)
    before = files(answers)["programme.yaml"]
    by_hand = before.replace("contact_days: 400", "contact_days: 365").replace(
        "anonymous: true", 'anonymous: true\n          agreed_on: "2026-02-03"', 1
    )
    by_hand = by_hand.replace(
        "assumed:\n", "assumed:\n  indicator:\n    value: {switched_on: false}\n"
        "    reason: Not before somebody answers for it.\n", 1,
    )  # fmt: skip
    again = files_of(answers, proposed(answers), FOLDER, by_hand.encode())["programme.yaml"]
    read = read_manifest(again.encode())
    assert isinstance(read, Sound)
    assert read.terms.keeping.contact_days == 365
    assert read.callers.partners[0].agreed_on == "2026-02-03"
    assert read.manifest.assumed.indicator is not None


def test_what_is_answered_anew_wins_over_what_was_written() -> None:
    before = files(answered(FRENCH))["programme.yaml"].encode()
    answers = answered(FRENCH + "first_stage: listener\nminor_below: 16\n")
    again = files_of(answers, proposed(answers), FOLDER, before)["programme.yaml"]
    read = read_manifest(again.encode())
    assert isinstance(read, Sound)
    assert read.terms.first_stage is Stage.LISTENER
    assert read.terms.frame.minor_below_years == 16


# --- whatever is accepted is sound ----------------------------------------------------------------

_NAMES = ["MO", "TU", "WE", "TH", "FR", "SA", "SU", "LU", "MA", "JE", "DI"]
_DAYS = st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4, unique=True).map(" ".join)
_CLOCK = st.builds(
    lambda hours, minutes: f"{hours}:{minutes:02}",
    st.integers(0, 24),
    st.sampled_from([0, 0, 0, 15, 30, 59]),
)
_SPAN = st.builds(
    lambda days, opens, closes: f"{days} {opens}-{closes}",
    st.one_of(st.just("daily"), st.just("MO-FR"), st.just("FR-MO"), _DAYS),
    _CLOCK,
    _CLOCK,
)
_WEEK = st.one_of(st.just("always"), st.lists(_SPAN, min_size=1, max_size=3).map("; ".join))
_WORDS = st.text(max_size=130)
_SOME = st.text("abcéß \"'&<>:#-{}[]%@!|*?,;0123", min_size=1, max_size=70)


def _some(words: list[str], most: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=most, unique=True).map(" ".join)


#: What people may type at each question; whatever is not here is answered as proposed.
TYPED: dict[str, st.SearchStrategy[str]] = {
    "name": st.one_of(_SOME, _WORDS),
    "id": st.one_of(st.from_regex(r"[a-z][a-z0-9-]{2,40}", fullmatch=True), _SOME),
    "organisation": st.one_of(_SOME, _WORDS),
    "controllers": st.one_of(_SOME, _WORDS),
    "said_by": st.one_of(_SOME, _WORDS),
    "said_on": st.one_of(st.dates().map(str), _WORDS),
    "country": st.sampled_from(["FR", "LU", "lu", "BE", "CH", "IT", ""]),
    "languages": _some([each.value for each in LanguageCode], 5),
    "channels": _some([each.value for each in Channel], 3),
    "number": st.one_of(
        st.sampled_from(["06 39 98 00 42", "+352 45 45 46", "3114", "0972394050", "112"]),
        st.text("+0123456789 .()-", min_size=1, max_size=20),
    ),
    "timezone": st.sampled_from(
        ["Europe/Paris", "America/Cayenne", "Indian/Reunion", "UTC", "X/Y"]
    ),
    "hours_phone": _WEEK,
    "hours_chat": _WEEK,
    "hours_message": _WEEK,
    "first_stage": st.sampled_from(["regulator", "listener"]),
    "refers": st.sampled_from(["yes", "non", "perhaps"]),
    "keeps_notes": st.sampled_from(["no", "oui"]),
    "minor_below": st.integers(0, 30).map(str),
    "partners": _some(sorted(_rows()), 7),
    "emergency": st.sampled_from(
        ["FR: 15 112 114", "LU: 112", "FR: 15 17 112 114; BE: 112 101", "LU: 113", "FR: 999 112 15"]
    ),
    "supervised": st.one_of(st.just("never"), _WEEK),
    "professional": st.one_of(st.just("never"), _WEEK),
    "listeners": st.sampled_from(["a-1", "none", "a-1 a-1", "Paul V.", "b-1 b-2, b-3"]),
}


class _Person:
    """Types what was drawn; when that is refused, what was proposed, then something that fits."""

    FITS: dict[str, str] = {  # noqa: RUF012
        "name": "Une ligne",
        "id": "une-ligne",
        "organisation": "Une association",
        "channels": "phone chat",
        "number": "06 39 98 00 42",
        "hours_phone": "daily 9-21",
        "hours_chat": "daily 9-21",
        "partners": "fr-suicide-ecoute fr-sos-amitie-chat",
        "supervised": "never",
        "languages": "fr",
        "country": "FR",
    }

    def __init__(self, data: Any) -> None:
        self.data = data

    def answers_all(self) -> Answers:
        answers = Answers()
        for question in ASKED:
            if question.is_asked(answers):
                tried = [question.proposes(answers), self.FITS.get(question.name)]
                if question.name in TYPED and self.data.draw(st.booleans(), label="differs"):
                    tried.insert(0, self.data.draw(TYPED[question.name], label=question.name))
                assert self._takes(question, [each for each in tried if each], answers), (
                    f"{question.name} refuses what it proposes: {tried}"
                )
        return answers

    def _takes(self, question: Any, tried: list[str], answers: Answers) -> bool:
        for typed in tried:
            try:
                take(question, typed, answers)
            except Unfit:
                continue
            return True
        return False


#: Not shrunk: two years of hours are compared each time, and what was typed is short anyway.
_SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@_SETTINGS
@given(data=st.data())
def test_whatever_the_questions_accept_gives_a_sound_manifest(data: Any) -> None:
    answers = _Person(data).answers_all()
    event(" ".join(each.value for each in answers.channels))
    event(answers.country)
    terms = sound(answers).terms
    # In which order the manifest names them says which share their hours.
    assert sorted(terms.channels) == sorted(answers.channels)
    assert tuple(terms.languages) == answers.languages


@settings(_SETTINGS, max_examples=15)
@given(data=st.data())
def test_answers_read_back_from_their_file_are_the_same_answers(data: Any) -> None:
    answers = _Person(data).answers_all()
    written = files(answers)
    assert files(answered(written["answers.yaml"])) == written
