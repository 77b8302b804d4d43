"""What is written at a desk beside a talk, and who is writing."""

from __future__ import annotations

import pytest

from contracts.text import TEXT_PURPOSE, TextCapability
from contracts.vocabulary import Refusal
from services.bus.capability import read
from tests.console.facts import CONTACT, REGULATOR
from tests.console.regulating import Desk, Visiting
from tests.console.test_pages import texts_of


def test_help_that_is_too_long_is_refused_by_how_much_and_written_nowhere(
    visiting: Visiting,
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        [most] = [most for name, most in texts_of(desk.browser.page) if name == "text"]
        given = {"text": "x" * (most + 1), "kind": "help"}
        told = await desk.send(f"/talk/{CONTACT}", given)
        assert (told.status_code, desk.intake.asked) == (400, [])
        assert "À corriger : le texte, 1 lettre en trop." in told.text

    visiting(visit)


SIGN = f"/talk/{CONTACT}/sign"
TYPING = f"/desk/contacts/{CONTACT}/typing"


def test_sign_of_a_desk_says_who_writes_and_never_what(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.intake.answers["POST", TYPING] = (200, {})
        answer = await desk.send(SIGN, {"text": "jamais envoyé"})
        assert answer.status_code == 204
        [asked] = desk.intake.asked
        assert (asked.path, asked.body) == (TYPING, None)
        key = bytes.fromhex("17" * 32)
        shown = read(key, TEXT_PURPOSE, asked.bearer, TextCapability)
        assert shown is not None
        assert shown.person_id == REGULATOR

    visiting(visit)


@pytest.mark.parametrize("refusal", [Refusal.CONTACT_OVER, Refusal.NOT_YOURS, Refusal.WRONG_STATE])
def test_sign_in_a_talk_that_is_no_more_is_nobodys_trouble(
    visiting: Visiting, refusal: Refusal
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.intake.answers["POST", TYPING] = (409, {"code": refusal.value})
        assert (await desk.send(SIGN, {})).status_code == 204

    visiting(visit)


def test_intake_that_is_away_is_said_to_who_writes(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.intake.answers["POST", TYPING] = (503, {"code": "platform_fault"})
        assert (await desk.send(SIGN, {})).status_code == 503

    visiting(visit)
