"""Taking back a consent without a script: noted once, a slip seen, and nothing told of any code."""

import logging
from uuid import uuid4

import pytest

from contracts.vocabulary import ProgrammeId, WithdrawalCode
from contracts.withdrawal import ConsentWithdrawn, hash_of_code
from services.bus.door import GroundAway
from services.bus.testing import ServiceUnderTest
from services.intake import guessing
from services.intake.door import build
from services.intake.settings import Settings
from tests.intake.browsers import field, page, send
from tests.intake.builders import apply_line
from tests.intake.conftest import NOON
from tests.intake.doors import Client, DoorUnderTest

PAGE = "/sos-crise/retirer-un-accord"
CODE = WithdrawalCode("123456789015")
TYPED = "1234 5678 9015"


@pytest.fixture
def door(intake: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch) -> DoorUnderTest:
    monkeypatch.setattr(guessing, "WRONG_WORDS_SECONDS", 0.0)
    apply_line(intake)
    return DoorUnderTest(intake)


@pytest.fixture
def client(door: DoorUnderTest) -> Client:
    return Client(build(door, Settings()))


def test_it_is_noted_once_however_often_it_is_pressed(
    client: Client, intake: ServiceUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = field(page(client, PAGE), "cle")
    for _ in range(2):
        assert "C'est noté." in send(client, PAGE, cle=key, code=TYPED)

    assert intake.announced(ConsentWithdrawn) == [
        ConsentWithdrawn(
            programme=ProgrammeId("sos-crise"), code_sha256=hash_of_code(CODE), withdrawn_at=NOON
        )
    ]
    assert CODE not in caplog.text.replace(" ", "")


@pytest.mark.parametrize("typed", ["1234 5678 9016", "1234", "<b>douze</b>"])
def test_slip_is_said_and_what_was_typed_is_kept(
    client: Client, intake: ServiceUnderTest, typed: str
) -> None:
    key = field(page(client, PAGE), "cle")
    said = send(client, PAGE, 400, cle=key, code=typed)
    assert "Il manque un chiffre" in said
    assert f'value="{typed.replace("<", "&lt;").replace(">", "&gt;")}"' in said
    assert intake.announced(ConsentWithdrawn) == []


def test_form_that_served_for_another_code_is_asked_for_once_more(
    client: Client, intake: ServiceUnderTest
) -> None:
    key = field(page(client, PAGE), "cle")
    send(client, PAGE, cle=key, code="0000 0000 0000")
    said = send(client, PAGE, 409, cle=key, code=TYPED)
    assert f'value="{TYPED}"' in said
    send(client, PAGE, cle=field(said, "cle"), code=TYPED)
    assert len(intake.announced(ConsentWithdrawn)) == 2


def test_failure_of_ours_loses_nothing(
    client: Client, door: DoorUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise GroundAway

    monkeypatch.setattr(door, "answer", away)
    said = send(client, PAGE, 503, cle=str(uuid4()), code=TYPED)
    assert f'value="{TYPED}"' in said
    assert "c'est notre faute" in said


def test_who_answers_says_where_a_consent_is_taken_back(client: Client) -> None:
    assert f'href="{PAGE}"' in page(client, "/sos-crise/qui-vous-repond")
