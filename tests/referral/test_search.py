"""Which relays are proposed, in which order, and what is said of each."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import AgeBand, Channel, LanguageCode, Need, ProgrammeId, RelayId
from services.referral.directory.committed import read_departements, read_directory
from services.referral.directory.index import Directory
from services.referral.directory.proposal import Against, Found, Mode, Why, for_caller, may_transfer
from services.referral.directory.question import Question, Rescue
from services.referral.directory.relay import (
    AgreedTransfer,
    Area,
    Confidence,
    Kind,
    Level,
    Saturation,
    Status,
    Subject,
)
from services.referral.directory.search import search
from tests.referral.builders import a_question, a_relay, an_open_relay, at, hours

READ = read_directory()


def now(found: Found) -> list[str]:
    return [proposal.relay.slug for proposal in found.now]


def later(found: Found) -> list[str]:
    return [proposal.relay.slug for proposal in found.later]


# --- where, when, for whom ------------------------------------------------------------------------

NATIONAL = an_open_relay("fr-national")
IN_69 = an_open_relay("fr-69", areas=(Area("FR", frozenset({"69"}), None),), level=Level.LOCAL)
IN_LU = an_open_relay("lu-somebody", country="LU", areas=(Area("LU", None, None),))

PLACES: dict[str, tuple[str, str | None, set[str]]] = {
    "in its département": ("FR", "69", {"fr-national", "fr-69"}),
    "elsewhere in the country": ("FR", "75", {"fr-national"}),
    "département not said": ("FR", None, {"fr-national"}),
    "another country": ("LU", None, {"lu-somebody"}),
    "a country without rows": ("CH", None, set()),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_place_of_the_person_decides(name: str) -> None:
    country, departement, expected = PLACES[name]
    directory = Directory((NATIONAL, IN_69, IN_LU))
    found = search(directory, a_question(country=country, departement=departement))
    assert set(now(found)) == expected


def test_overseas_the_local_line_comes_first_and_elsewhere_the_surest() -> None:
    overseas = an_open_relay(
        "nc-local",
        level=Level.TERRITORIAL,
        areas=(Area("FR", frozenset({"988"}), None),),
        confidence=Confidence.MEDIUM,
    )
    unsure = replace(IN_69, confidence=Confidence.MEDIUM)
    directory = Directory((NATIONAL, unsure, overseas))
    assert now(search(directory, a_question(departement="988"))) == ["nc-local", "fr-national"]
    assert now(search(directory, a_question(departement="69"))) == ["fr-national", "fr-69"]


def test_what_is_shut_is_told_apart_with_its_opening() -> None:
    shut = a_relay("fr-evening", periods=(hours("21:00", "26:00"),))
    found = search(Directory((NATIONAL, shut)), a_question())
    assert now(found) == ["fr-national"]
    assert later(found) == ["fr-evening"]
    assert found.later[0].mode is Mode.LATER
    assert found.later[0].opens_at == at("2026-01-14 21:00")


def test_unknown_hours_are_said_and_come_after_what_is_open() -> None:
    unknown = a_relay("fr-a-perhaps")
    found = search(Directory((unknown, NATIONAL)), a_question())
    assert now(found) == ["fr-national", "fr-a-perhaps"]
    assert Against.HOURS_UNKNOWN in found.now[1].against


GONE: dict[str, dict[str, Any]] = {
    "defunct": {"status": Status.DEFUNCT},
    "inactive": {"status": Status.INACTIVE},
    "closed for a time": {"status": Status.TEMPORARILY_CLOSED},
    "over since yesterday": {"last_day": date(2026, 1, 13)},
    "not before tomorrow": {"first_day": date(2026, 1, 15)},
}


@pytest.mark.parametrize("name", GONE)
def test_a_row_that_does_not_work_is_never_proposed(name: str) -> None:
    found = search(Directory((an_open_relay("fr-gone", **GONE[name]), NATIONAL)), a_question())
    assert now(found) == ["fr-national"]
    assert later(found) == []


def test_the_replacement_of_a_closed_row_is_proposed_in_its_place() -> None:
    old = an_open_relay(
        "fr-old", Need.DEUIL, status=Status.DEFUNCT, replaced_by=RelayId("fr-middle")
    )
    middle = an_open_relay("fr-middle", status=Status.DEFUNCT, replaced_by=RelayId("fr-new"))
    new = an_open_relay("fr-new", Need.DETRESSE_PSYCHOLOGIQUE)
    found = search(Directory((old, middle, new)), a_question(Need.DEUIL))
    assert now(found) == ["fr-new"]
    assert Why.REPLACES in found.now[0].why


AGES: dict[str, tuple[AgeBand | None, bool]] = {
    "within": (AgeBand.A50_64, True),
    "above": (AgeBand.A75_PLUS, True),
    "below": (AgeBand.A35_49, False),
    "not said": (None, True),
}


@pytest.mark.parametrize("name", AGES)
def test_a_line_for_some_ages_is_for_them(name: str) -> None:
    age_band, served = AGES[name]
    from_fifty = an_open_relay("fr-zz-fifty", minimum_age=50)
    found = search(Directory((from_fifty, NATIONAL)), a_question(age_band=age_band))
    assert ("fr-zz-fifty" in now(found)) is served
    if served and age_band is not None:
        assert now(found)[0] == "fr-zz-fifty"


def test_a_line_for_a_group_is_proposed_to_nobody_else() -> None:
    for_carers = an_open_relay("fr-carers", Need.SOIGNANTS, Need.DETRESSE_PSYCHOLOGIQUE)
    directory = Directory((for_carers, an_open_relay("fr-any", Need.DETRESSE_PSYCHOLOGIQUE)))
    assert now(search(directory, a_question(Need.DETRESSE_PSYCHOLOGIQUE))) == ["fr-any"]
    both = a_question(Need.DETRESSE_PSYCHOLOGIQUE, Need.SOIGNANTS)
    assert now(search(directory, both)) == ["fr-carers", "fr-any"]


def test_the_product_decides_between_lines_about_addiction() -> None:
    directory = Directory(
        an_open_relay(f"fr-{subject}", Need.ADDICTIONS, subjects=frozenset({subject}))
        for subject in Subject
    )
    gambler = a_question(Need.ADDICTIONS, subjects=frozenset({Subject.GAMBLING}))
    assert now(search(directory, gambler)) == ["fr-gambling"]
    assert len(now(search(directory, a_question(Need.ADDICTIONS)))) == len(Subject)


def test_a_line_never_sends_to_itself_but_to_its_other_channel() -> None:
    phone = an_open_relay("fr-ours-phone", programme=ProgrammeId("ours"))
    chat = an_open_relay(
        "fr-ours-chat", programme=ProgrammeId("ours"), channels=frozenset({"chat"})
    )
    directory = Directory((phone, chat))
    asked = a_question(line=ProgrammeId("ours"), channel=Channel.CHAT)
    assert now(search(directory, asked)) == ["fr-ours-phone"]
    other = replace(asked, line=ProgrammeId("theirs"))
    assert set(now(search(directory, other))) == {"fr-ours-phone", "fr-ours-chat"}


# --- language and channel -------------------------------------------------------------------------

ENGLISH = an_open_relay("fr-english", languages=frozenset({"en"}), confidence=Confidence.MEDIUM)
INTERPRETER = an_open_relay(
    "fr-interpreter", Need.INTERPRETARIAT, kind=Kind.TOOL, languages=frozenset({"mul"})
)
IN_TONGUES = Directory((NATIONAL, ENGLISH, INTERPRETER))


def test_the_language_of_the_person_comes_before_everything_else() -> None:
    found = search(IN_TONGUES, a_question(language=LanguageCode.EN, language_barrier=True))
    assert now(found) == ["fr-english", "fr-national"]
    assert Against.LANGUAGE in found.now[1].against


def test_an_interpreter_first_when_no_line_speaks_the_language() -> None:
    for barrier in (True, False):
        asked = a_question(language=LanguageCode.AR, language_barrier=barrier)
        found = search(IN_TONGUES, asked)
        assert now(found) == ["fr-interpreter", "fr-national", "fr-english"]
        assert found.now[0].mode is Mode.INTERPRETER


def test_a_line_in_another_language_is_not_proposed_to_who_was_understood() -> None:
    assert now(search(IN_TONGUES, a_question(language=LanguageCode.FR))) == ["fr-national"]
    assert set(now(search(IN_TONGUES, a_question()))) == {"fr-national", "fr-english"}


def test_who_rings_is_not_sent_to_a_keyboard_unless_there_is_nothing_else() -> None:
    written = an_open_relay("fr-a-chat", channels=frozenset({"chat"}))
    directory = Directory((written, NATIONAL))
    assert now(search(directory, a_question(language=LanguageCode.FR))) == ["fr-national"]
    assert now(search(Directory((written,)), a_question())) == ["fr-a-chat"]
    deaf = search(directory, a_question(channel=Channel.CHAT, deaf=True))
    assert now(deaf) == ["fr-a-chat"]


def test_nobody_in_crisis_is_sent_to_a_letterbox() -> None:
    letterbox = an_open_relay("fr-letters", Need.CRISE_SUICIDAIRE, channels=frozenset({"message"}))
    asked = a_question(Need.CRISE_SUICIDAIRE, channel=Channel.MESSAGE)
    assert now(search(Directory((letterbox,)), asked)) == []


# --- rescue ---------------------------------------------------------------------------------------

RESCUES: dict[str, tuple[Question, list[str], Mode]] = {
    "a life in danger": (
        a_question(Need.URGENCE_VITALE, rescue=Rescue.MEDICAL),
        ["fr-15", "eu-112-fr"],
        Mode.ENGAGE,
    ),
    "a life in danger, in English": (
        a_question(
            Need.URGENCE_VITALE,
            rescue=Rescue.MEDICAL,
            language=LanguageCode.EN,
            language_barrier=True,
        ),
        ["eu-112-fr", "fr-15"],
        Mode.ENGAGE,
    ),
    "an act about to be done": (
        a_question(Need.CRISE_SUICIDAIRE, rescue=Rescue.MEDICAL, suicide_not_excluded=True),
        ["fr-15", "fr-3114"],
        Mode.ENGAGE,
    ),
    "violence now": (
        a_question(Need.VIOLENCES_CONJUGALES, rescue=Rescue.DANGER),
        ["fr-17", "fr-3919"],
        Mode.ENGAGE,
    ),
    "in Luxembourg, medical": (
        a_question(Need.URGENCE_VITALE, rescue=Rescue.MEDICAL, country="LU", departement=None),
        ["lu-112"],
        Mode.ENGAGE,
    ),
    "in Luxembourg, violence": (
        a_question(Need.VIOLENCES_CONJUGALES, rescue=Rescue.DANGER, country="LU", departement=None),
        ["lu-113", "lu-violence"],
        Mode.ENGAGE,
    ),
    "writing while violence is on: 114 first": (
        a_question(Need.DANGER_IMMEDIAT, rescue=Rescue.DANGER, channel=Channel.CHAT),
        ["fr-114", "fr-17"],
        Mode.NUMBER,
    ),
    "a deaf person in danger: 114 first": (
        a_question(Need.VIOLENCES_CONJUGALES, rescue=Rescue.DANGER, deaf=True),
        ["fr-114", "fr-17"],
        Mode.NUMBER,
    ),
    "a question of health where no line for it answers": (
        a_question(Need.SANTE_INFORMATION, departement="976"),
        ["fr-15"],
        Mode.NUMBER,
    ),
    "a question of health where there is one": (
        a_question(Need.SANTE_INFORMATION, departement="50", at=at("2026-02-22 13:00")),
        ["eu-116117-fr"],
        Mode.NUMBER,
    ),
    "psychic trouble asks for a doctor": (
        a_question(Need.DETRESSE_PSYCHOLOGIQUE, asks_for_doctor=True),
        ["fr-15"],
        Mode.NUMBER,
    ),
}


@pytest.mark.parametrize("name", RESCUES)
def test_rescue_is_the_right_number_of_the_right_country(name: str) -> None:
    question, expected, mode = RESCUES[name]
    found = search(READ, question)
    assert now(found)[: len(expected)] == expected
    assert found.now[0].mode is mode


def test_rescue_is_not_proposed_without_a_reason() -> None:
    found = search(READ, a_question(Need.CRISE_SUICIDAIRE, Need.VIOLENCES_CONJUGALES))
    assert [each.relay.kind for each in found.now if each.relay.kind is Kind.EMERGENCY] == []


def test_silence_makes_one_think_of_those_who_cannot_speak() -> None:
    assert now(search(READ, a_question(Need.UNKNOWN, silent=True))) == ["fr-114"]
    assert now(search(READ, a_question(Need.UNKNOWN))) == []


# --- what is said of a row ------------------------------------------------------------------------


def test_what_speaks_against_a_row_is_all_said() -> None:
    doubtful = a_relay(
        "fr-doubtful",
        anonymous=None,
        confidence=Confidence.LOW,
        conflicts=("two pages differ",),
        areas=(Area("FR", frozenset({"75"}), frozenset({"75112"})),),
    )
    (proposal,) = search(Directory((doubtful,)), a_question()).now
    assert proposal.against == (
        Against.UNVERIFIED,
        Against.HOURS_UNKNOWN,
        Against.ANONYMITY_UNKNOWN,
        Against.COMMUNE,
        Against.SOURCES_DIFFER,
        Against.LITTLE_CONFIDENCE,
    )


ANONYMITY: dict[str, tuple[bool | None, Kind, bool]] = {
    "anonymous": (True, Kind.SUPPORT, False),
    "not anonymous": (False, Kind.SUPPORT, True),
    "not known": (None, Kind.SUPPORT, True),
    "rescue is told, not asked": (False, Kind.EMERGENCY, False),
}


@pytest.mark.parametrize("name", ANONYMITY)
def test_anonymity_false_or_unknown_is_said(name: str) -> None:
    anonymous, kind, said = ANONYMITY[name]
    row = an_open_relay("fr-row", Need.SURDITE, anonymous=anonymous, kind=kind)
    (proposal,) = search(Directory((row,)), a_question(Need.SURDITE)).now
    assert proposal.anonymity_to_say is said


def test_a_saturated_line_goes_last_as_long_as_that_is_known() -> None:
    seen = at("2026-01-14 14:00")
    busy = replace(
        NATIONAL, saturation=Saturation(True, observed_at=seen, lifetime=timedelta(hours=2))
    )
    other = an_open_relay("fr-z-other")
    directory = Directory((busy, other))
    assert now(search(directory, a_question(at=seen))) == ["fr-z-other", "fr-national"]
    stale = search(directory, a_question(at=seen + timedelta(hours=2)))
    assert now(stale) == ["fr-national", "fr-z-other"]
    assert Against.SATURATED not in stale.now[0].against
    early = search(directory, a_question(at=seen - timedelta(seconds=1)))
    assert now(early) == ["fr-national", "fr-z-other"]


def test_who_is_alone_for_a_need_has_a_second_choice_that_hears_anybody() -> None:
    single = an_open_relay("fr-single", Need.DEUIL)
    general = an_open_relay("fr-general", Need.ECOUTE_GENERALISTE)
    found = search(Directory((single, general)), a_question(Need.DEUIL))
    assert now(found) == ["fr-single", "fr-general"]
    assert found.now[1].why == (Why.SECOND_CHOICE,)
    assert not found.no_second_choice
    assert search(Directory((single,)), a_question(Need.DEUIL)).no_second_choice


def test_a_callers_page_shows_verified_rows_only() -> None:
    verified = replace(NATIONAL, slug=RelayId("fr-sure"), verified_at=at("2026-01-01 12:00"))
    found = search(Directory((verified, NATIONAL)), a_question())
    assert now(for_caller(found)) == ["fr-sure"]
    assert Against.UNVERIFIED in found.now[1].against
    assert Against.UNVERIFIED not in found.now[0].against


AGREED = replace(
    NATIONAL,
    verified_at=at("2026-01-01 12:00"),
    transfer=AgreedTransfer("attended", "0199000000"),
)
TRANSFERS = {
    "agreed, verified and open": (AGREED, True),
    "not verified": (replace(AGREED, verified_at=None), False),
    "verified after that": (replace(AGREED, verified_at=at("2026-02-01 12:00")), False),
    "nothing agreed": (replace(AGREED, transfer=None), False),
    "shut": (replace(AGREED, periods=(hours("21:00", "22:00"),)), False),
    "hours not known": (replace(AGREED, periods=()), False),
    "closed for good": (replace(AGREED, status=Status.DEFUNCT), False),
}


@pytest.mark.parametrize("name", TRANSFERS)
def test_a_live_transfer_needs_all_of_it(name: str) -> None:
    relay, allowed = TRANSFERS[name]
    assert may_transfer(relay, at("2026-01-14 15:20")) is allowed


# --- always ---------------------------------------------------------------------------------------

MOMENTS = st.integers(0, 525_600).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
ANY_QUESTION = st.builds(
    Question,
    needs=st.lists(st.sampled_from(Need), min_size=1, max_size=3, unique=True).map(tuple),
    country=st.sampled_from(("FR", "LU", "BE", "CH")),
    departement=st.none() | st.sampled_from(sorted(read_departements())),
    at=MOMENTS,
    channel=st.sampled_from(Channel),
    language=st.sampled_from(LanguageCode),
    language_barrier=st.booleans(),
    age_band=st.none() | st.sampled_from(AgeBand),
    deaf=st.booleans(),
    subjects=st.frozensets(st.sampled_from(Subject), max_size=2),
    rescue=st.none() | st.sampled_from(Rescue),
    suicide_not_excluded=st.booleans(),
    asks_for_doctor=st.booleans(),
    silent=st.booleans(),
    line=st.sampled_from((None, ProgrammeId("sos-crise"), ProgrammeId("sos-amitie"))),
)


@given(ANY_QUESTION)
def test_no_answer_breaks_a_promise(question: Question) -> None:
    found = search(READ, question)
    shown = (*found.now, *found.later)
    assert len({each.relay.slug for each in shown}) == len(shown)
    for proposal in shown:
        relay = proposal.relay
        assert relay.status is Status.ACTIVE
        assert relay.covers(question.country, question.departement)
        assert proposal.why
        assert (Against.UNVERIFIED in proposal.against) == (relay.verified_at is None)
        assert not may_transfer(relay, question.at)
    assert for_caller(found).now == ()
    if question.rescue is not None and question.country in ("FR", "LU"):
        assert found.now[0].relay.kind is Kind.EMERGENCY


@given(ANY_QUESTION)
def test_the_order_of_the_rows_in_the_file_does_not_matter(question: Question) -> None:
    turned_round = Directory(reversed(READ.relays))
    found, again = search(READ, question), search(turned_round, question)
    assert (now(found), later(found)) == (now(again), later(again))


# --- dates of a service itself --------------------------------------------------------------------

OVER = {"last_day": date(2026, 1, 13)}
NOT_BEGUN = {"first_day": date(2026, 1, 15)}


@pytest.mark.parametrize("dates", [OVER, NOT_BEGUN])
def test_a_service_out_of_its_dates_is_proposed_for_nothing(dates: dict[str, date]) -> None:
    samu = an_open_relay("fr-15", Need.URGENCE_VITALE, kind=Kind.EMERGENCY, **dates)
    interpreter = an_open_relay("fr-mul", Need.INTERPRETARIAT, kind=Kind.TOOL, **dates)
    line = an_open_relay("fr-line", Need.SOLITUDE, **dates)
    other = an_open_relay("fr-other", Need.SOLITUDE)
    asked = a_question(Need.SOLITUDE, rescue=Rescue.MEDICAL, language=LanguageCode.AR)
    found = search(Directory([samu, interpreter, line, other]), asked)
    assert [each.relay.slug for each in (*found.now, *found.later)] == ["fr-other"]


def test_its_last_day_is_still_one_of_them() -> None:
    line = an_open_relay("fr-line", Need.SOLITUDE, last_day=date(2026, 1, 14))
    directory = Directory([line])
    late = a_question(Need.SOLITUDE, at=at("2026-01-14 23:30"))
    assert [each.relay.slug for each in search(directory, late).now] == ["fr-line"]
    next_day = a_question(Need.SOLITUDE, at=at("2026-01-15 00:30"))
    assert search(directory, next_day).now == ()
