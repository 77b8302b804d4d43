"""A referral beside a talk: what is said before it, what the person says yes to, and their no."""

import base64
import logging

import pytest
from nacl.public import PrivateKey

from contracts.envelope import Command, done, refused
from contracts.referral import (
    CloseReferral,
    FindRelays,
    GiveContactMeans,
    ProposeReferral,
    RecordConsent,
    ReferralHandedOver,
    ReferralMade,
    RelayFound,
    RelaysFound,
    SendReferral,
)
from contracts.sealing import opened
from contracts.vocabulary import (
    LiveState,
    Need,
    PartnerReference,
    Priority,
    ReferralClosing,
    ReferralField,
    ReferralId,
    Refusal,
    RelayId,
    SealingKey,
    WithdrawalCode,
)
from services.bus.testing import ServiceUnderTest
from tests.console import facts
from tests.console.desks import at_desks
from tests.console.facts import CONTACT, LISTENER
from tests.console.scripted_door import ScriptedDoor
from tests.console.test_pages import Browser

REFERRAL = ReferralId("99999999-9999-4999-8999-999999999999")
RELAY = RelayId("fr-3114")
REFER, YES, NO = f"/refer/{CONTACT}", f"/referral/{REFERRAL}/yes", f"/referral/{REFERRAL}/no"
WANTED = {"relay_id": RELAY, "called": "3114", "need": "solitude"}
KEY = PrivateKey(b"a key for tests and nothing else")
THEIRS = SealingKey(base64.b64encode(bytes(KEY.public_key)).decode())
MEANS = "Sam, 0639980001"
HANDED = ReferralHandedOver(
    partner_reference=PartnerReference("0" * 32), withdrawal_code=WithdrawalCode("123456789015")
)
FOUND = RelayFound(
    relay_id=RELAY,
    called="3114",
    mode="offer",
    why=(),
    against=(),
    verified=True,
    anonymity_to_say=True,
    may_transfer=False,
)


@pytest.fixture
def door(console: ServiceUnderTest) -> ScriptedDoor:
    """The listener is in the contact."""
    for event in (facts.opened(), facts.made(), facts.taken(), facts.entered(LiveState.TALKING)):
        console.deliver(event)
    return ScriptedDoor(console)


def sent(door: ScriptedDoor) -> list[Command]:
    return [each.command for each in door.sent]


async def a_browser(comes: object) -> Browser:
    browser: Browser = await comes(LISTENER)  # type: ignore[operator]
    await browser.get("/?etape=orienter")
    return browser


def test_only_a_verified_row_can_be_led_to(door: ScriptedDoor) -> None:
    async def visit(comes: object) -> None:
        browser = await a_browser(comes)
        assert f'action="/relays/{CONTACT}"' in browser.page
        for verified, times in ((True, 1), (False, 0)):
            row = FOUND.model_copy(update={"verified": verified})
            door.reply = done(result=RelaysFound(now=(row,), later=(), no_second_choice=False))
            asked = browser.button() | {"channel": "phone", "notes.need": "solitude"}
            answer = await browser.post(f"/relays/{CONTACT}", asked, hx_request="true")
            assert answer.text.count(f'action="{REFER}"') == times
        assert {type(each) for each in sent(door)} == {FindRelays}

    at_desks(door, visit)


def test_what_is_said_comes_before_anything_is_sent(door: ScriptedDoor) -> None:
    async def visit(comes: object) -> None:
        browser = await a_browser(comes)
        made = ReferralMade(referral_id=REFERRAL, anonymity_to_say=True)
        door.reply = done(result=made)
        answer = await browser.post(REFER, browser.button() | WANTED, hx_request="true")
        assert "D’accord ?" in answer.text
        assert "connaître qui vous êtes" in answer.text
        assert " checked" not in answer.text, "a box somebody else ticked is no yes"
        assert f'action="{YES}"' in answer.text
        (proposed,) = sent(door)
        assert proposed == ProposeReferral(
            contact_id=CONTACT, relay_id=RELAY, need=Need.SOLITUDE, urgency=Priority.P4
        )

    at_desks(door, visit)


def test_yes_sends_what_it_covers_once(door: ScriptedDoor) -> None:
    async def visit(comes: object) -> None:
        browser = await a_browser(comes)
        door.reply = done(result=HANDED)
        yes = browser.button() | {"called": "3114", "scope[]": "need", "anonymity_said": "true"}
        for _ in range(2):
            answer = await browser.post(YES, yes, hx_request="true")
            assert "envoyé à 3114" in answer.text
        consent = RecordConsent(
            referral_id=REFERRAL, scope=(ReferralField.NEED,), anonymity_said=True
        )
        assert sent(door) == [consent, SendReferral(referral_id=REFERRAL)] * 2
        assert [each.command_id for each in door.sent[:2]] == [
            each.command_id for each in door.sent[2:]
        ]

    at_desks(door, visit)


def test_means_leave_the_console_sealed_to_the_partner_alone(
    door: ScriptedDoor, caplog: pytest.LogCaptureFixture
) -> None:
    async def visit(comes: object) -> None:
        browser = await a_browser(comes)
        door.reply = done(
            result=ReferralMade(referral_id=REFERRAL, anonymity_to_say=False, seal_to=THEIRS)
        )
        asked = await browser.post(REFER, browser.button() | WANTED, hx_request="true")
        assert f'name="seal_to" value="{THEIRS}"' in asked.text
        door.sent.clear()
        door.reply = done(result=HANDED)
        yes = browser.button() | {"called": "3114", "scope[]": "need", "seal_to": THEIRS}
        answer = await browser.post(YES, yes | {"contact_means": MEANS}, hx_request="true")

        consent, means, _ = sent(door)
        assert isinstance(consent, RecordConsent)
        assert consent.scope == (ReferralField.NEED, ReferralField.CONTACT_MEANS)
        assert isinstance(means, GiveContactMeans)
        assert opened(means.contact_means, base64.b64encode(bytes(KEY)).decode()) == MEANS
        assert "0639980001" not in "".join(each.model_dump_json() for each in sent(door))
        assert "1234 5678 9015" in answer.text

    caplog.set_level(logging.DEBUG)
    at_desks(door, visit)
    assert MEANS not in caplog.text


def test_without_a_key_nothing_is_asked_and_a_wrong_one_is_refused(door: ScriptedDoor) -> None:
    async def visit(comes: object) -> None:
        browser = await a_browser(comes)
        door.reply = done(result=ReferralMade(referral_id=REFERRAL, anonymity_to_say=False))
        asked = await browser.post(REFER, browser.button() | WANTED, hx_request="true")
        assert "contact_means" not in asked.text
        door.reply = done()
        for key in ("", "no key", "A" * 44):
            yes = browser.button() | {"called": "3114", "scope[]": "need", "seal_to": key}
            answer = await browser.post(YES, yes | {"contact_means": MEANS}, hx_request="true")
            assert answer.status_code == 400
        assert SendReferral not in {type(each) for each in sent(door)}

    at_desks(door, visit)


def test_without_a_yes_that_counts_nothing_is_sent(door: ScriptedDoor) -> None:
    async def visit(comes: object) -> None:
        browser = await a_browser(comes)
        empty = await browser.post(YES, browser.button() | {"called": "3114"}, hx_request="true")
        assert empty.status_code == 400
        assert door.sent == []
        door.reply = refused(Refusal.CONSENT_MISSING)
        said = browser.button() | {"called": "3114", "scope[]": "need"}
        answer = await browser.post(YES, said, hx_request="true")
        assert answer.status_code == 409
        assert [type(each) for each in sent(door)] == [RecordConsent]

    at_desks(door, visit)


def test_no_closes_it_and_asks_for_no_reason(door: ScriptedDoor) -> None:
    async def visit(comes: object) -> None:
        browser = await a_browser(comes)
        answer = await browser.post(NO, browser.button(), hx_request="true")
        assert "Rien n’est envoyé" in answer.text
        why = ReferralClosing.PERSON_REFUSED
        assert sent(door) == [CloseReferral(referral_id=REFERRAL, why=why)]

    at_desks(door, visit)


def test_contact_of_somebody_else_is_led_nowhere(door: ScriptedDoor) -> None:
    async def visit(comes: object) -> None:
        browser = await a_browser(comes)
        door.reply = refused(Refusal.NOT_YOURS)  # as referral says, which knows who is in it
        answer = await browser.post(REFER, browser.button() | WANTED, hx_request="true")
        assert answer.status_code == 403
        assert "action=" not in answer.text

    at_desks(door, visit)
