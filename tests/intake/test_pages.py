"""Pages about lines over the real door: what they say, in which language, and what they load."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.assignment import LineStaffed
from contracts.ladder import CallerTerms
from contracts.vocabulary import ProgrammeId
from services.bus.door import GroundAway
from services.bus.testing import ServiceUnderTest
from services.intake.door import build
from services.intake.page_frame import Near, near
from services.intake.settings import Settings
from tests.intake.browsers import BROWSER, page
from tests.intake.builders import (
    LINE,
    a_written_line,
    apply_line,
    open_contact,
    put_into_force,
    shipped,
)
from tests.intake.conftest import NOON
from tests.intake.doors import Client, DoorUnderTest


@pytest.fixture
def door(intake: ServiceUnderTest) -> DoorUnderTest:
    return DoorUnderTest(intake)


@pytest.fixture
def client(door: DoorUnderTest) -> Client:
    return Client(build(door, Settings()))


def staffed(intake: ServiceUnderTest, *, so: bool, programme: ProgrammeId = LINE) -> None:
    said = LineStaffed(programme=programme, staffed=so, since=intake.now())
    intake.deliver(said, version=1 + so)


# --- whether somebody answers ---------------------------------------------------------------------


def test_an_open_line_puts_its_open_channel_first(client: Client, intake: ServiceUnderTest) -> None:
    apply_line(intake, terms=a_written_line())
    text = page(client, "/sos-crise")
    assert "Parler à quelqu'un" in text
    first = text[text.index("choice first") :][:300]
    assert "/sos-crise/tchat" in first
    assert "jour et nuit" in first
    assert 'href="tel:+33800190000"' in text
    assert "0 800 19 00 00" in text
    assert "/sos-crise/message" in text


def test_a_line_without_a_chat_puts_its_number_first(
    client: Client, intake: ServiceUnderTest
) -> None:
    apply_line(intake)
    text = page(client, "/sos-crise")
    assert "tel:+33800190000" in text[text.index("choice first") :][:200]
    assert "jusqu'à 21 h" in text
    assert "/tchat" not in text


def test_a_closed_line_says_when_it_opens_and_who_answers_now(
    client: Client, intake: ServiceUnderTest
) -> None:
    apply_line(intake)
    intake.at(datetime(2020, 11, 3, 3, 0, tzinfo=UTC))
    text = page(client, "/sos-crise")
    assert "La ligne est fermée. Elle ouvre aujourd'hui à 9 h." in text
    ladder = next(each for each in shipped().callers.ladders if each.situation == "closed")
    assert ladder.wordings[0].words in text
    led = text[text.index("choice first") :][:200]
    assert "tel:+33972394050" in led
    assert "tel:+33800190000" not in text


def test_a_line_nobody_is_on_duty_for_says_so_and_leads_on(
    client: Client, intake: ServiceUnderTest
) -> None:
    apply_line(intake, terms=a_written_line())
    staffed(intake, so=False)
    text = page(client, "/sos-crise")
    assert "Personne n'est de permanence" in text
    assert "tel:+33972394050" in text[text.index("choice first") :][:200]
    assert "Attendre dans le tchat" in text
    staffed(intake, so=True)
    assert "de permanence" not in page(client, "/sos-crise")


def test_a_line_where_somebody_waits_for_long_says_that_all_are_busy(
    client: Client, intake: ServiceUnderTest
) -> None:
    apply_line(intake, terms=a_written_line())
    open_contact(intake)
    busy = "Toutes les personnes de la ligne sont en conversation"
    assert busy not in page(client, "/sos-crise")
    intake.at(NOON + timedelta(seconds=61))
    text = page(client, "/sos-crise")
    assert busy in text
    assert "/sos-crise/tchat" in text[text.index("choice first") :][:200]


def test_a_failure_is_told_in_the_words_of_the_line_with_a_number_that_answers(
    client: Client, door: DoorUnderTest, intake: ServiceUnderTest
) -> None:
    apply_line(intake)
    page(client, "/sos-crise")
    door.fails_with = GroundAway()
    text = page(client, "/sos-crise", 503)
    assert "Elle ne vient pas de vous" in text
    assert "Une panne de notre côté nous empêche" in text
    assert "tel:+33972394050" in text
    assert client.get("/sos-crise", headers=BROWSER).headers["retry-after"] == "1"


def test_a_number_the_line_no_longer_has_is_not_shown(
    client: Client, intake: ServiceUnderTest
) -> None:
    told = shipped().callers
    gone = told.numbers[0].model_copy(update={"until_at": NOON - timedelta(days=1)})
    callers: CallerTerms = told.model_copy(update={"numbers": (gone,)})
    apply_line(intake, terms=a_written_line(), callers=callers)
    assert "0 800 19 00 00" not in page(client, "/sos-crise")


# --- who answers, what is kept --------------------------------------------------------------------


def test_who_answers_is_said_in_full_a_supervisor_too(
    client: Client, intake: ServiceUnderTest
) -> None:
    apply_line(intake, terms=a_written_line())
    text = page(client, "/sos-crise/qui-vous-repond")
    assert shipped().callers.transparency[0].words.split(".")[0] in text
    assert "Un superviseur peut suivre un échange" in text
    assert "Elle en est avertie" in text
    assert "24 heures après la fin" in text
    assert "30 jours après la fin" in text
    for controller in shipped().callers.controllers:
        assert controller in text


# --- languages, theme, size -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "language", "said"),
    [
        ("en-GB,en;q=0.9", "en", "Talk to someone"),
        ("de-LU,de", "de", "Mit jemandem sprechen"),
        ("ja", "fr", "Parler à quelqu'un"),
        ("lb", "fr", "Parler à quelqu'un"),  # nobody of the line speaks it
    ],
)
def test_a_page_is_in_the_language_the_browser_asks_for(
    client: Client, intake: ServiceUnderTest, asked: str, language: str, said: str
) -> None:
    apply_line(intake, terms=a_written_line())
    text = page(client, "/sos-crise", headers={"Accept-Language": asked})
    assert f'<html lang="{language}"' in text
    assert said in text


@pytest.mark.parametrize("language", ["lb", "pt"])
def test_a_draft_says_that_a_native_has_still_to_read_it(
    client: Client, intake: ServiceUnderTest, language: str
) -> None:
    put_into_force(intake, "sos-detresse")
    draft = page(client, f"/sos-detresse?langue={language}")
    assert f'<html lang="{language}"' in draft
    assert 'class="draft"' in draft
    assert 'class="draft"' not in page(client, "/sos-detresse?langue=de")


def test_the_look_travels_in_the_addresses_of_the_page(
    client: Client, intake: ServiceUnderTest
) -> None:
    apply_line(intake, terms=a_written_line())
    text = page(client, "/sos-crise?langue=en&theme=sombre&taille=grand")
    assert 'class="sombre grand"' in text
    assert "/sos-crise/tchat?langue=en&amp;theme=sombre&amp;taille=grand" in text
    assert "?" not in page(client, "/sos-crise").split('href="/sos-crise/tchat')[1][:3]


def test_what_a_line_says_in_one_language_only_is_marked_as_of_it(
    client: Client, intake: ServiceUnderTest
) -> None:
    put_into_force(intake, "sos-amitie")
    text = page(client, "/sos-amitie/qui-vous-repond?langue=de")
    assert '<span lang="fr">Des personnes formées' in text


# --- no page is empty -----------------------------------------------------------------------------


def test_the_first_page_lists_the_lines_that_are_in_force(
    client: Client, intake: ServiceUnderTest
) -> None:
    assert "Aucune ligne n'est encore en service" in page(client, "/")
    put_into_force(intake, "sos-amitie")
    put_into_force(intake, "sos-detresse", effective_at=NOON + timedelta(days=1))
    text = page(client, "/")
    assert 'href="/sos-amitie"' in text
    assert "sos-detresse" not in text


@pytest.mark.parametrize("address", ["/sos-nulle", "/SOS", "/sos-crise/rien", "/a/b/c/d"])
def test_an_address_nobody_knows_lists_the_lines_and_the_emergency_numbers(
    client: Client, intake: ServiceUnderTest, address: str
) -> None:
    apply_line(intake)
    text = page(client, address, 404)
    assert "Il n'y a rien à cette adresse." in text
    assert 'href="/sos-crise"' in text
    assert 'href="tel:112"' in text


def test_programs_are_told_the_same_as_a_problem(client: Client, intake: ServiceUnderTest) -> None:
    for accept in ("application/json", "*/*"):
        told = client.get("/sos-nulle", headers={"Accept": accept})
        assert told.status_code == 404
        assert told.headers["content-type"] == "application/problem+json"


def test_the_document_and_the_door_for_programs_are_not_taken_for_lines(
    client: Client, intake: ServiceUnderTest
) -> None:
    apply_line(intake)
    document = client.get("/openapi.json", headers=BROWSER).json()
    assert "/programmes/{programme}" in document["paths"]
    assert not [path for path in document["paths"] if path.startswith(("/{programme}", "/assets"))]
    assert client.get("/programmes/sos-crise").json()["programme"] == "sos-crise"


def test_in_production_no_page_says_that_it_is_a_demonstration(
    intake: ServiceUnderTest, client: Client
) -> None:
    apply_line(intake)
    real = Client(build(DoorUnderTest(intake, development=False), Settings()))
    assert "Démonstration : personne ne répond ici." in page(client, "/sos-crise")
    assert "Démonstration" not in page(real, "/sos-crise")


# --- hours ----------------------------------------------------------------------------------------

NEAR = {
    "later today": (datetime(2020, 11, 2, 22, tzinfo=UTC), Near.TODAY),
    "in the night that begins this evening": (datetime(2020, 11, 3, 2, tzinfo=UTC), Near.TONIGHT),
    "tomorrow morning": (datetime(2020, 11, 3, 8, tzinfo=UTC), Near.TOMORROW),
    "the day after": (datetime(2020, 11, 4, 8, tzinfo=UTC), Near.LATER),
}


@pytest.mark.parametrize("case", NEAR)
def test_an_hour_is_said_as_people_say_it(case: str) -> None:
    moment, said = NEAR[case]
    assert near(moment, NOON, "Europe/Paris") is said
