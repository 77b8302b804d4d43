"""Information cards: kept by a coordinator, looked up by a regulator."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.envelope import done, refused
from contracts.information import (
    CardFound,
    CardHead,
    CardNamed,
    CardRevision,
    CardSeen,
    CardsFound,
    CardsSeen,
    CardTold,
    ExtendCard,
    InformationCard,
    LookUpCards,
    SeeCard,
    SeeCards,
    WriteCard,
)
from contracts.vocabulary import CardId, Departement, LiveState, ProgrammeId, Refusal, Role
from tests.console import facts
from tests.console.desks import COORDINATOR, Comes, at_desks
from tests.console.facts import LINE, LISTENER, NOON, REGULATOR
from tests.console.regulating import Desk, Visiting
from tests.console.scripted_door import ScriptedDoor
from tests.console.test_pages import Browser

CARD = CardId("77777777-7777-4777-8777-777777777777")
DAY = timedelta(days=1)
SEARCH = "/chercher-une-fiche"


def a_card(**changes: Any) -> InformationCard:
    said = {
        "programmes": (LINE,),
        "title": "Se faire tester",
        "paragraphs": ("En pharmacie, sans rendez-vous.", "C’est gratuit avec une ordonnance."),
        "source": "Ministère de la Santé",
        "source_url": "https://sante.gouv.fr/",
        "source_on": "2026-01-12",
        "owner_role": Role.COORDINATOR,
        "valid_from": NOON - DAY,
        "expires_at": NOON + 20 * DAY,
    }
    return InformationCard.model_validate(said | changes)


def seen(number: int, revoked_at: datetime | None = None, **changes: Any) -> CardSeen:
    card = a_card(**changes)
    head = {name: getattr(card, name) for name in CardHead.model_fields}
    card_id = CardId(f"00000000-0000-4000-8000-{number:012d}")
    return CardSeen(
        card_id=card_id, version=1, revoked_at=revoked_at, head=CardHead.model_validate(head)
    )


def told(**changes: Any) -> CardTold:
    history = (
        CardRevision(version=2, act="amended", at=NOON, by=COORDINATOR),
        CardRevision(version=1, act="imported", at=NOON - DAY),
    )
    said = {"card_id": CARD, "version": 2, "card": a_card(), "history": history}
    return CardTold.model_validate(said | changes)


WRITTEN = {
    "title": "Se faire tester",
    "text": "En pharmacie,\r\nsans rendez-vous.\r\n\r\n\r\nC’est gratuit.",
    "source": "Ministère de la Santé",
    "source_url": "https://sante.gouv.fr/",
    "source_on": "2026-01-12",
    "owner": "coordinator",
    "valid_from": "2026-01-14",
    "expires_on": "2026-01-31",
    "departements": "75, Hauts-de-Seine",
    "language": "fr",
}


async def keeper(comes: Comes, door: ScriptedDoor) -> Browser:
    """A coordinator who has the list open; nothing was asked since."""
    answers, door.reply = door.reply, done(result=CardsSeen(cards=()))
    browser = await comes(COORDINATOR)
    await browser.get("/informations")
    door.reply = answers
    door.sent.clear()
    return browser


# --- who keeps them -------------------------------------------------------------------------------


def test_list_marks_what_expires_soon_and_shows_what_is_over_apart(door: ScriptedDoor) -> None:
    door.reply = done(
        result=CardsSeen(
            cards=(
                seen(1, title="Bientôt", expires_at=NOON + 2 * DAY),
                seen(2, title="Plus tard", valid_from=NOON + 3 * DAY),
                seen(3, title="Passée", expires_at=NOON - timedelta(hours=1)),
                seen(4, title="Retirée", revoked_at=NOON),
            )
        )
    )

    async def visit(comes: Comes) -> None:
        page = html.unescape((await (await comes(COORDINATOR)).get("/informations")).text)
        assert [each.command for each in door.sent] == [SeeCards()]
        assert "1 fiche expire dans les sept jours." in page
        current, over = page.split("Expirées ou retirées")
        rows = r'<li id="fiche-[\w-]+"><span><b>([^<]+)</b>.*?</li>'
        assert re.findall(rows, current, re.S) == ["Bientôt", "Plus tard"]
        assert re.findall(rows, over, re.S) == ["Passée", "Retirée"]
        assert "expire bientôt" in current
        assert "à partir du 17 janvier 2026" in current
        assert "valable jusqu’au 16 janvier 2026 inclus" in current
        assert "expirée" in over
        assert "retirée" in over

    at_desks(door, visit)


def test_new_card_is_of_the_line_and_holds_until_its_last_day_is_over(door: ScriptedDoor) -> None:
    door.reply = done(result=CardNamed(card_id=CARD))

    async def visit(comes: Comes) -> None:
        browser = await keeper(comes, door)
        answer = await browser.post("/informations", browser.button() | WRITTEN, hx_request="true")
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, f"/informations/{CARD}")
        command = door.sent[-1].command
        assert isinstance(command, WriteCard)
        assert command.card_id is None
        card = command.card
        assert card.programmes == (LINE,)
        assert card.paragraphs == ("En pharmacie, sans rendez-vous.", "C’est gratuit.")
        assert card.departements == (Departement("75"), Departement("92"))
        assert card.valid_from == datetime(2026, 1, 13, 23, tzinfo=UTC)  # midnight in Paris
        assert card.expires_at == datetime(2026, 1, 31, 23, tzinfo=UTC)
        assert (card.owner_role, card.owner_id) == (Role.COORDINATOR, None)

    at_desks(door, visit)


def test_person_may_answer_for_a_card_by_name(door: ScriptedDoor) -> None:
    door.reply = done(result=CardNamed(card_id=CARD))

    async def visit(comes: Comes) -> None:
        browser = await keeper(comes, door)
        mine = WRITTEN | {"owner": f"person:{COORDINATOR}"}
        answer = await browser.post("/informations", browser.button() | mine)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/informations/{CARD}")
        command = door.sent[-1].command
        assert isinstance(command, WriteCard)
        assert (command.card.owner_role, command.card.owner_id) == (None, COORDINATOR)

    at_desks(door, visit)


def test_paragraph_that_is_too_long_is_told_by_how_much_and_nothing_is_sent(
    door: ScriptedDoor,
) -> None:
    async def visit(comes: Comes) -> None:
        browser = await keeper(comes, door)
        long = WRITTEN | {"text": "a" * 803}
        answer = await browser.post("/informations", browser.button() | long, hx_request="true")
        assert answer.status_code == 400
        assert "3 lettres en trop" in html.unescape(answer.text)
        assert door.sent == []

    at_desks(door, visit)


def test_day_that_is_none_is_told_by_its_field(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await keeper(comes, door)
        for wrong in ({"expires_on": ""}, {"expires_on": "9999-12-31"}, {"expires_on": "demain"}):
            fields = browser.button() | WRITTEN | wrong
            answer = await browser.post("/informations", fields, hx_request="true")
            assert answer.status_code == 400
            assert "À corriger : la date de fin" in html.unescape(answer.text).replace("\xa0", " ")
        assert door.sent == []

    at_desks(door, visit)


def test_card_is_read_with_who_changed_it_and_when(door: ScriptedDoor) -> None:
    door.reply = done(result=told())

    async def visit(comes: Comes) -> None:
        page = html.unescape((await (await comes(COORDINATOR)).get(f"/informations/{CARD}")).text)
        assert [each.command for each in door.sent] == [SeeCard(card_id=CARD)]
        assert "C’est gratuit avec une ordonnance." in page
        assert "La régulation la voit jusqu’au 3 février 2026 inclus." in page
        assert "par Anne-Lise R., le 14 janvier 2026" in page
        assert "en ligne de commande, le 13 janvier 2026" in page

    at_desks(door, visit)


def test_expired_card_says_so_and_a_revoked_one_offers_no_way_back(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await keeper(comes, door)
        door.reply = done(result=told(card=a_card(expires_at=NOON - DAY)))
        page = html.unescape((await browser.get(f"/informations/{CARD}")).text)
        assert "la régulation ne la voit plus" in page
        assert "/prolonger" in page
        door.reply = done(result=told(revoked_at=NOON))
        page = html.unescape((await browser.get(f"/informations/{CARD}")).text)
        assert "ne revient pas" in page
        assert "/prolonger" not in page
        assert "/revoke" not in page

    at_desks(door, visit)


def test_amended_card_keeps_its_lines_and_is_refused_to_who_read_an_older_one(
    door: ScriptedDoor,
) -> None:
    lines = (LINE, ProgrammeId("sos-amitie"))
    door.reply = done(result=told(card=a_card(programmes=lines)))

    async def visit(comes: Comes) -> None:
        browser = await keeper(comes, door)
        fields = browser.button() | WRITTEN | {"version": "2"}
        answer = await browser.post(f"/informations/{CARD}", fields, hx_request="true")
        assert answer.status_code == 204
        sent = door.sent[-1]
        assert isinstance(sent.command, WriteCard)
        assert (sent.command.card_id, sent.expected_version) == (CARD, 2)
        assert sent.command.card.programmes == lines
        replies = iter((done(result=told()), refused(Refusal.STALE_VERSION)))
        door.answering = lambda: next(replies)
        answer = await browser.post(f"/informations/{CARD}", fields, hx_request="true")
        assert answer.status_code == 409
        assert "Quelque chose a changé entre-temps" in html.unescape(answer.text)

    at_desks(door, visit)


def test_extended_card_holds_until_the_end_of_the_day_that_was_chosen(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await keeper(comes, door)
        fields = browser.button() | {"expires_on": "2026-03-29"}  # the clocks change on it
        answer = await browser.post(f"/informations/{CARD}/prolonger", fields, hx_request="true")
        assert answer.status_code == 204
        until = datetime(2026, 3, 29, 22, tzinfo=UTC)
        assert door.sent[-1].command == ExtendCard(card_id=CARD, expires_at=until)

    at_desks(door, visit)


def test_who_keeps_no_cards_does_not_see_them(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        for person in (LISTENER, REGULATOR):
            assert (await (await comes(person)).get("/informations")).status_code == 403
        assert door.sent == []

    at_desks(door, visit)


# --- who looks something up -----------------------------------------------------------------------


def found(*cards: InformationCard) -> CardsFound:
    return CardsFound(cards=tuple(CardFound(card_id=CARD, version=1, card=each) for each in cards))


def test_search_stands_beside_a_talk_and_at_a_free_desk(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.browser.enters(REGULATOR)
        await desk.door.deliver(facts.entered(LiveState.READY, REGULATOR, Role.REGULATOR))
        await desk.browser.get("/")
        assert f'action="{SEARCH}"' in desk.browser.page
        await desk.take_a_contact()
        assert f'action="{SEARCH}"' in desk.browser.page

    visiting(visit)


def test_found_card_shows_all_one_needs_to_read_it_to_somebody(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.door.reply = done(result=found(a_card(departements=("75",))))
        said = {"words": "Où se faire tester ? 06 39 98 00 12", "departement": "75 · Paris"}
        answer = html.unescape((await desk.send(SEARCH, said)).text)
        assert desk.sent == [
            LookUpCards(words=("ou", "se", "faire", "tester"), departement=Departement("75"))
        ]
        for words in (
            "Se faire tester",
            "En pharmacie, sans rendez-vous.",
            "Ministère de la Santé, le 12 janvier 2026",
            "Coordination",
            "valable jusqu’au 3 février 2026 inclus",
            "75 · Paris",
            f'data-until="{(NOON + 20 * DAY).isoformat()}"',
        ):
            assert words in answer, words

    visiting(visit)


def test_nothing_found_is_said_without_a_guess(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.door.reply = done(result=found())
        answer = html.unescape((await desk.send(SEARCH, {"words": "masques"})).text)
        assert "Aucune fiche valable ne répond." in answer
        assert "<article" not in answer

    visiting(visit)


def test_search_for_no_word_asks_nobody(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        for words in ("", "?", "06 39 98 00 12"):
            answer = html.unescape((await desk.send(SEARCH, {"words": words})).text)
            assert "Écrivez un mot ou deux" in answer
        assert desk.sent == []

    visiting(visit)


def test_place_that_is_none_is_told_by_its_field(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        answer = await desk.send(SEARCH, {"words": "tester", "departement": "Atlantide"})
        assert answer.status_code == 400
        assert "le département" in html.unescape(answer.text)
        assert desk.sent == []

    visiting(visit)


def test_without_scripts_what_was_found_is_a_page_of_its_own(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.door.reply = done(result=found(a_card()))
        fields = desk.browser.button() | {"words": "tester"}
        page = html.unescape((await desk.browser.post(SEARCH, fields)).text)
        assert page.startswith("<!doctype html>")
        assert "En pharmacie, sans rendez-vous." in page

    visiting(visit)
