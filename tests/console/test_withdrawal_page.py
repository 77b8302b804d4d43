"""Somebody who called again takes back their yes, at any desk that answers people."""

from contracts.envelope import refused
from contracts.vocabulary import Refusal, WithdrawalCode
from contracts.withdrawal import WithdrawConsent
from services.console.withdrawal_page import PATH
from tests.console.desks import Comes, at_desks
from tests.console.facts import LISTENER
from tests.console.scripted_door import ScriptedDoor

TYPED = "1234 5678 9015"


def test_digits_are_sent_and_it_is_said_what_to_tell_the_person(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(LISTENER)
        await browser.get(PATH)
        answer = await browser.post(PATH, browser.button() | {"code": TYPED})
        assert "C’est retiré." in answer.text
        assert [each.command for each in door.sent] == [
            WithdrawConsent(code=WithdrawalCode("123456789015"))
        ]

    at_desks(door, visit)


def test_slip_is_said_before_anything_is_sent(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(LISTENER)
        await browser.get(PATH)
        answer = await browser.post(PATH, browser.button() | {"code": "1234 5678 9016"})
        assert "Il manque un chiffre" in answer.text
        assert 'value="1234 5678 9016"' in answer.text
        assert door.sent == []

    at_desks(door, visit)


def test_code_of_nothing_is_said_with_what_was_typed(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(LISTENER)
        await browser.get(PATH)
        door.reply = refused(Refusal.UNKNOWN_REFERRAL, "code")
        answer = await browser.post(PATH, browser.button() | {"code": TYPED})
        assert "Aucune orientation n’a ce code." in answer.text
        assert f'value="{TYPED}"' in answer.text

    at_desks(door, visit)
