"""A partner's pages, with referral itself behind them: its own referrals and no other partner's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from contracts.envelope import Reply, done
from contracts.partner import (
    AnswerReferral,
    OpenReferral,
    PartnerCommand,
    SeeDesk,
    TellOutcome,
    TellSaturation,
)
from contracts.referral import ReferralAnswered, ReferralUndelivered, RelayOutcomeGiven
from contracts.vocabulary import RelayOutcome
from services.bus.door import ReplyUnknown
from services.bus.work import Work
from services.console.desk_seal import DeskSeal
from services.console.handlers import on_sweep_due
from services.console.partner_people import PartnerSessionRow
from services.console.sessions import COOKIE
from services.pages.render import POLICY
from tests.console.facts import LISTENER, NOON
from tests.console.partners import (
    APLUS,
    BONDE,
    MARIE,
    OMAR,
    RELAYS,
    SETTINGS,
    Comes,
    Partners,
    at_partners,
    partners_at,
)
from tests.console.scripted_door import ScriptedDoor
from tests.console.test_pages import Browser
from tests.referral.test_handing import applied

LIST = "/partenaire"


@pytest.fixture
def partners(door: ScriptedDoor, tmp_path: Path) -> Iterator[Partners]:
    with partners_at(door, tmp_path) as ground:
        yield ground


async def opened(comes: Comes, partners: Partners) -> Browser:
    """Somebody of the first partner who has opened the referral."""
    browser = await comes(MARIE)
    await browser.get(LIST)
    answer = await browser.post(f"{partners.path}/ouvrir", browser.button())
    assert answer.headers["location"] == partners.path
    await browser.get(partners.path)
    return browser


def test_a_referral_is_seen_opened_taken_up_and_its_outcome_told(
    door: ScriptedDoor, partners: Partners
) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(MARIE)
        answer = await browser.get(LIST)
        assert "1 personne attend votre réponse." in browser.page
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert f'action="{partners.path}/ouvrir"' in browser.page

        browser = await opened(comes, partners)
        assert "Idées ou crise suicidaire" in browser.page
        answer = await browser.post(
            f"{partners.path}/reponse", browser.button() | {"accepted": "true"}
        )
        assert answer.headers["location"] == partners.path
        await browser.get(partners.path)
        assert "Qu’est-elle devenue ?" in browser.page
        answer = await browser.post(
            f"{partners.path}/suite", browser.button() | {"outcome": "helped"}
        )
        assert answer.status_code == 303
        await browser.get(LIST)
        assert "la suite est dite" in browser.page

    at_partners(door, visit)
    (answered,) = partners.referral.announced(ReferralAnswered)
    (given,) = partners.referral.announced(RelayOutcomeGiven)
    assert (answered.accepted, given.outcome) == (True, RelayOutcome.HELPED)
    assert door.sent == []


def test_a_decline_is_asked_for_twice_and_then_shown_no_more(
    door: ScriptedDoor, partners: Partners
) -> None:
    async def visit(comes: Comes) -> None:
        browser = await opened(comes, partners)
        assert 'value="false"' not in browser.page
        await browser.get(f"{partners.path}?etape=decliner")
        answer = await browser.post(
            f"{partners.path}/reponse", browser.button() | {"accepted": "false"}
        )
        assert answer.headers["location"] == LIST
        await browser.get(LIST)
        assert partners.told.reference not in browser.page
        assert (await browser.get(partners.path)).status_code == 404

    at_partners(door, visit)
    (answered,) = partners.referral.announced(ReferralAnswered)
    assert not answered.accepted


def test_what_nobody_has_opened_says_nothing_of_the_person_and_is_not_received(
    door: ScriptedDoor, partners: Partners
) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(MARIE)
        for _ in range(3):
            for path in (LIST, partners.path):
                await browser.get(path)
                assert "suicidaire" not in browser.page
                assert "Ce que la personne a accepté" not in browser.page

    at_partners(door, visit)
    partners.referral.at(NOON + timedelta(minutes=16))
    partners.referral.fire_deadlines()
    assert len(partners.referral.announced(ReferralUndelivered)) == 1


def test_what_was_opened_is_not_told_to_people_of_ours(
    door: ScriptedDoor, partners: Partners
) -> None:
    async def visit(comes: Comes) -> None:
        await opened(comes, partners)

    at_partners(door, visit)
    partners.referral.at(NOON + timedelta(minutes=16))
    partners.referral.fire_deadlines()
    assert partners.referral.announced(ReferralUndelivered) == []


def test_what_is_withdrawn_disappears_from_a_page_that_is_open(
    door: ScriptedDoor, partners: Partners
) -> None:
    async def visit(comes: Comes) -> None:
        browser = await opened(comes, partners)
        assert "Ce que la personne a accepté" in browser.page
        await asyncio.to_thread(partners.withdraw)
        answer = await browser.get(partners.path, hx_request="true")
        assert answer.status_code == 404
        assert 'id="bureau"' in browser.page
        assert "n’est plus ici" in browser.page
        assert "Ce que la personne a accepté" not in browser.page
        assert "hx-retarget" not in answer.headers

    at_partners(door, visit)


def test_another_partners_person_finds_no_page_and_changes_nothing(
    door: ScriptedDoor, partners: Partners
) -> None:
    """The same as for a reference nobody has: not even that it exists."""
    none = f"{LIST}/{'0' * 32}"

    async def visit(comes: Comes) -> None:
        browser = await comes(OMAR)
        await browser.get(LIST)
        assert "Personne n’attend votre réponse." in browser.page
        own = browser.button()
        for ending, fields in {
            "/ouvrir": {},
            "/reponse": {"accepted": "true"},
            "/suite": {"outcome": "helped"},
        }.items():
            told = [
                await browser.post(path + ending, own | fields) for path in (partners.path, none)
            ]
            assert [each.status_code for each in told] == [404, 404], ending
            assert told[0].text == told[1].text
        told = [await browser.get(path) for path in (partners.path, none)]
        assert [each.status_code for each in told] == [404, 404]
        assert told[0].text == told[1].text
        relay = f"{LIST}/complet/{RELAYS[APLUS]}"
        assert (await browser.post(relay, own | {"hours": "4"})).status_code == 404
        # A partner named in a form is nobody's wish.
        claimed = own | {"accepted": "true", "partner": APLUS}
        assert (await browser.post(f"{partners.path}/reponse", claimed)).status_code == 404

    at_partners(door, visit)
    assert partners.referral.announced(ReferralAnswered) == []
    assert partners.referral.announced(RelayOutcomeGiven) == []
    assert {name for name, _ in door.sent_for} == {BONDE}


def test_another_partners_token_does_not_open_nor_count(
    door: ScriptedDoor, partners: Partners
) -> None:
    sealed = partners.told.outcome_token
    token = DeskSeal(SETTINGS.desk_key).open_for_desk(APLUS, sealed)
    assert token is not None
    assert DeskSeal(SETTINGS.desk_key).open_for_desk(BONDE, sealed) is None
    assert DeskSeal(bytes(32)).open_for_desk(APLUS, sealed) is None
    assert DeskSeal(None).open_for_desk(APLUS, sealed) is None
    told = partners.referral.ask_as(
        BONDE, TellOutcome(outcome_token=token, outcome=RelayOutcome.HELPED)
    )
    assert told.refusal is not None


def test_the_token_is_in_no_page_and_in_no_table(door: ScriptedDoor, partners: Partners) -> None:
    token = DeskSeal(SETTINGS.desk_key).open_for_desk(APLUS, partners.told.outcome_token)
    assert token is not None
    pages: list[str] = []

    async def visit(comes: Comes) -> None:
        browser = await opened(comes, partners)
        await browser.post(f"{partners.path}/reponse", browser.button() | {"accepted": "true"})
        for path in (LIST, partners.path):
            await browser.get(path)
            pages.append(browser.page)
        await browser.post(f"{partners.path}/suite", browser.button() | {"outcome": "helped"})

    at_partners(door, visit)
    assert any(isinstance(each, TellOutcome) for _, each in door.sent_for)
    assert token not in "".join(pages)
    for under_test in (door.console, partners.referral):
        with under_test.session() as session:
            schema = under_test.service.name
            names = session.execute(
                text("SELECT tablename FROM pg_tables WHERE schemaname = :schema"),
                {"schema": schema},
            )
            for (name,) in names.all():
                rows = session.execute(text(f'SELECT * FROM {schema}."{name}"')).all()
                assert token not in str(rows), name


def test_a_partner_without_the_key_here_is_told_where_to_say_it(
    door: ScriptedDoor, partners: Partners
) -> None:
    async def visit(comes: Comes) -> None:
        browser = await opened(comes, partners)
        await browser.post(f"{partners.path}/reponse", browser.button() | {"accepted": "true"})
        await browser.get(partners.path)
        assert "se dit par le programme de votre organisation" in browser.page
        answer = await browser.post(
            f"{partners.path}/suite", browser.button() | {"outcome": "helped"}
        )
        assert answer.status_code == 409

    at_partners(door, visit, SETTINGS.model_copy(update={"desk_key": bytes(32)}))
    assert partners.referral.announced(RelayOutcomeGiven) == []


def test_full_is_said_for_a_time_and_taken_back(door: ScriptedDoor, partners: Partners) -> None:
    address = f"{LIST}/complet/{RELAYS[APLUS]}"

    async def visit(comes: Comes) -> None:
        browser = await comes(MARIE)
        await browser.get(LIST)
        button = browser.button()
        for hours, words in (("4", "jusqu’à 17 h"), ("", "Vous n’avez pas dit")):
            answer = await browser.post(address, button | {"hours": hours})
            assert answer.status_code == 303
            await browser.get(LIST)
            assert words in browser.page.replace("\u202f", " ").replace("\xa0", " ")
        assert (await browser.post(address, button | {"hours": "9999"})).status_code == 400

    at_partners(door, visit)
    said = [each for _, each in door.sent_for if isinstance(each, TellSaturation)]
    assert [each.saturated for each in said] == [True, False]


def test_who_has_left_has_no_page(door: ScriptedDoor, partners: Partners) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(MARIE)
        await asyncio.to_thread(applied, partners.referral, nats_keys=(), state="left")
        answer = await browser.get(LIST)
        assert answer.status_code == 403
        assert partners.told.reference not in browser.page

    at_partners(door, visit)


def test_a_line_that_does_not_answer_says_so(door: ScriptedDoor, partners: Partners) -> None:
    """Nor does it for a partner that has left: NATS lets nobody speak for it."""

    def silent(_: PartnerCommand) -> Reply:
        raise ReplyUnknown

    async def visit(comes: Comes) -> None:
        browser = await comes(MARIE)
        door.desks[APLUS] = silent
        answer = await browser.get(LIST)
        assert answer.status_code == 503
        assert "La ligne ne répond pas en ce moment" in browser.page

    at_partners(door, visit)


def test_a_session_ends_with_its_time_and_its_name_goes(
    door: ScriptedDoor, partners: Partners
) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(MARIE)
        assert (await browser.get(LIST)).status_code == 200
        door.console.at(NOON + timedelta(hours=25))
        assert (await browser.get(LIST)).headers["location"] == "/entrer"

    at_partners(door, visit)
    door.console.request(_sweep)
    with door.console.session() as session:
        assert session.exec(select(PartnerSessionRow)).all() == []


def _sweep(work: Work) -> Reply:
    on_sweep_due("console", work)
    return done()


def test_who_goes_is_signed_out(door: ScriptedDoor, partners: Partners) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(MARIE)
        await browser.get(LIST)
        kept = browser.cookies[COOKIE]
        answer = await browser.post(f"{LIST}/sortir", browser.button())
        assert answer.headers["location"] == "/entrer"
        browser.cookies[COOKIE] = kept
        assert (await browser.get(LIST)).headers["location"] == "/entrer"

    at_partners(door, visit)


def test_somebody_of_ours_is_shown_no_partners_page(door: ScriptedDoor, partners: Partners) -> None:
    async def visit(comes: Comes) -> None:
        browser = Browser((await comes(MARIE)).http)
        await browser.enters(LISTENER)
        assert (await browser.get(LIST)).status_code == 403
        assert (await browser.get(partners.path)).status_code == 403
        assert partners.told.reference not in browser.page

    at_partners(door, visit)
    assert door.sent_for == []


def test_a_press_names_its_partner_by_the_session_alone(
    door: ScriptedDoor, partners: Partners
) -> None:
    async def visit(comes: Comes) -> None:
        browser = await opened(comes, partners)
        fields = browser.button() | {"accepted": "true", "partner": BONDE}
        await browser.post(f"{partners.path}/reponse?partner={BONDE}", fields)

    at_partners(door, visit)
    assert {name for name, _ in door.sent_for} == {APLUS}
    assert {type(each) for _, each in door.sent_for} <= {SeeDesk, OpenReferral, AnswerReferral}
