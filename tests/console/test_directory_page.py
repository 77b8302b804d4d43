"""The directory at a desk: looked through, one seen with its sources, put right, verified."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from contracts.directory import (
    CorrectRelay,
    FieldTold,
    LookUpRelays,
    RelayField,
    RelayListed,
    RelaysListed,
    RelayStanding,
    RelayStatus,
    RelayTold,
    SaturationTold,
    SeeRelay,
    TakeBackCorrection,
    Telling,
    VerificationTold,
)
from contracts.envelope import Reply, done
from contracts.referral import ObserveRelay, VerifyRelay
from contracts.vocabulary import (
    Departement,
    LanguageCode,
    LiveState,
    Need,
    PersonId,
    Refusal,
    RelayId,
)
from tests.console import facts
from tests.console.desks import COORDINATOR, SUPERVISOR, Comes, at_desks
from tests.console.facts import LISTENER, NOON, REGULATOR
from tests.console.scripted_door import ScriptedDoor

WANTING, CHECKED = RelayId("fr-3114"), RelayId("fr-suicide-ecoute")
UNTIL = NOON + timedelta(days=90)


def a_relay(relay_id: RelayId = WANTING, **more: Any) -> dict[str, Any]:
    said = {"relay_id": relay_id, "called": relay_id, "need": Need.CRISE_SUICIDAIRE}
    facts = {"always_open": True, "anonymous": None, "sources_differ": False, "corrected": False}
    return said | facts | {"proposed": True, "holds_until": None, "number": "3114"} | more


def telling(door: ScriptedDoor, *relays: dict[str, Any], more: bool = False) -> None:
    listed = tuple(RelayListed.model_validate(each) for each in relays)
    door.reply = done(result=RelaysListed(relays=listed, more=more))


def a_told_relay(**more: Any) -> RelayTold:
    """One whose number a coordinator put right, and whose lists differ."""
    number = FieldTold(
        field=RelayField.NUMBER,
        differs=True,
        tellings=(
            Telling(
                source="ours",
                said="+33199005678",
                told_at=NOON,
                told_by=COORDINATOR,
                ours=True,
                holds=True,
            ),
            Telling(source="soliguide", said="0199001234", told_at=NOON),
        ),
    )
    hours = FieldTold(
        field=RelayField.HOURS,
        tellings=(
            Telling(source="release", said="MO,TU,WE,TH,FR 09:00-18:00", told_at=NOON, holds=True),
        ),
    )
    facts: dict[str, Any] = {
        "belongs_to": "soliguide",
        "told_at": NOON,
        "status": RelayStatus.ACTIVE,
        "needs": (Need.CRISE_SUICIDAIRE,),
        "languages": (LanguageCode.FR,),
        "departements": (Departement("75"),),
        "fields": (number, hours),
        "verified_at": NOON,
        "verified_by": COORDINATOR,
        "partner": "Association A+",
        "saturation": SaturationTold(
            saturated=True,
            observed_at=NOON,
            holds_until=NOON + timedelta(hours=1),
            observed_by=LISTENER,
        ),
        "acts": (VerificationTold(act="verified", at=NOON, by=COORDINATOR),),
    }
    return RelayTold.model_validate(a_relay(called="3114") | facts | more)


def test_relays_to_verify_say_so_and_a_press_verifies_one(door: ScriptedDoor) -> None:
    telling(door, a_relay(), a_relay(CHECKED, holds_until=UNTIL))

    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        page = html.unescape((await browser.get("/relais")).text)
        assert [each.command for each in door.sent] == [LookUpRelays(country="FR")]
        assert "1 relais de cette page est à vérifier." in page
        assert re.findall(r'<li id="relais-([\w-]+)"', page) == [WANTING, CHECKED]
        assert "à revoir le 14 avril 2026" in page
        path = f"/act/coordinator/relays/{WANTING}/verify"
        pressed = await browser.post(
            path, browser.button() | {"verified": "true"}, hx_request="true"
        )
        assert pressed.status_code == 204
        assert door.sent[-1].command == VerifyRelay(relay_id=WANTING, verified=True)

    at_desks(door, visit)


def test_what_is_typed_becomes_bare_words_in_an_address(door: ScriptedDoor) -> None:
    telling(door, a_relay(), more=True)

    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        await browser.get("/relais")
        typed = {
            "mots": "SOS Amitié 06 39 98 00 12",
            "besoin": "solitude",
            "departement": "Paris",
            "etat": "to_verify",
        }
        answer = await browser.post("/relais", browser.button() | typed)
        assert answer.status_code == 303
        address = answer.headers["location"]
        assert address == "/relais?mots=sos+amitie&besoin=solitude&departement=75&etat=to_verify"
        page = html.unescape((await browser.get(f"{address}&page=2")).text)
        assert door.sent[-1].command == LookUpRelays(
            words=("sos", "amitie"),
            need=Need.SOLITUDE,
            departement=Departement("75"),
            standing=RelayStanding.TO_VERIFY,
            page=2,
        )
        assert f'href="{address}"' in page  # the page before
        assert f'href="{address}&page=3"' in page

    at_desks(door, visit)


@pytest.mark.parametrize(("typed", "kept"), [("Rhonne", "rhonne"), ("06 39 98 00 12", "%3F")])
def test_a_place_nobody_knows_is_said_and_what_was_looked_for_stays(
    door: ScriptedDoor, typed: str, kept: str
) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        await browser.get("/relais")
        door.sent.clear()
        answer = await browser.post(
            "/relais", browser.button() | {"mots": "deuil", "departement": typed}
        )
        assert answer.headers["location"] == f"/relais?mots=deuil&departement={kept}"
        page = html.unescape((await browser.get(answer.headers["location"])).text)
        assert "Ce département n’est pas connu." in page
        assert 'value="deuil"' in page
        assert door.sent == []

    at_desks(door, visit)


@pytest.mark.parametrize("person", [LISTENER, REGULATOR, SUPERVISOR])
def test_who_reads_the_directory_finds_the_way_to_it_and_back(
    door: ScriptedDoor, person: PersonId
) -> None:
    door.console.deliver(facts.published())
    telling(door, a_relay())

    async def visit(comes: Comes) -> None:
        browser = await comes(person)
        assert 'href="/relais"' in (await browser.get("/")).text
        assert 'href="/"' in (await browser.get("/relais")).text

    at_desks(door, visit)


def test_an_offer_is_said_to_who_reads_the_directory(door: ScriptedDoor) -> None:
    telling(door, a_relay())

    async def visit(comes: Comes) -> None:
        browser = await comes(LISTENER)
        for event in (facts.opened(), facts.sent_untriaged(), facts.made()):
            await door.deliver(event)
        await door.deliver(facts.entered(LiveState.OFFERED), version=2)
        page = html.unescape((await browser.get("/relais")).text)
        assert 'id="offre"' in page
        assert "Quelqu’un attend, et vous est proposé." in page
        assert (await browser.get("/")).text.count('id="offre"') == 1

    at_desks(door, visit)


def test_an_address_nobody_wrote_is_refused(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        for query in ("besoin=x", "etat=x", "page=0", "page=-1", "page=x"):
            assert (await browser.get(f"/relais?{query}")).status_code == 400, query
        assert door.sent == []

    at_desks(door, visit)


def test_one_is_seen_with_its_sources_side_by_side(door: ScriptedDoor) -> None:
    door.reply = done(result=a_told_relay())

    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        page = html.unescape((await browser.get(f"/relais/{WANTING}")).text)
        assert [each.command for each in door.sent] == [SeeRelay(relay_id=WANTING)]
        assert "01 99 00 56 78" in page
        words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
        for said in (
            "01 99 00 56 78 nous ( Anne-Lise R. ) , le 14 janvier 2026",
            "01 99 00 12 34 soliguide , le 14 janvier 2026 · ne compte pas ici",
            "de lundi à vendredi , 09:00",
            "Association A+",
            "Il ne décrochait pas",
            "vérifié par Anne-Lise R.",
        ):
            assert said.replace(" ", "") in words.replace(" ", ""), said
        path = f"/act/coordinator/relays/{WANTING}"
        fields = browser.button() | {"field": "number"}
        assert (await browser.post(f"{path}/take-back", fields)).status_code == 303
        assert door.sent[-1].command == TakeBackCorrection(
            relay_id=WANTING, field=RelayField.NUMBER
        )

    at_desks(door, visit)


def test_change_somebody_told_of_is_said_with_their_name(door: ScriptedDoor) -> None:
    acts = tuple(
        VerificationTold(act=act, at=NOON, by=COORDINATOR) for act in ("taken-back", "verified")
    )
    door.reply = done(result=a_told_relay(verified_at=None, verified_by=None, acts=acts))

    async def visit(comes: Comes) -> None:
        page = html.unescape((await (await comes(COORDINATOR)).get(f"/relais/{WANTING}")).text)
        assert "Anne-Lise R. a signalé un changement le 14 janvier 2026" in page
        assert "Personne ne l’a vérifié" not in page

    at_desks(door, visit)


def test_a_form_puts_right_what_was_filled_in_and_nothing_else(door: ScriptedDoor) -> None:
    door.reply = done(result=a_told_relay())

    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        await browser.get(f"/relais/{WANTING}")
        filled = {"number": "01 99 00 12 34", "hours": "lundi au vendredi 9h-18h", "website": ""}
        answer = await browser.post(f"/relais/{WANTING}", browser.button() | filled)
        assert answer.status_code == 303
        assert door.sent[-1].command == CorrectRelay(
            relay_id=WANTING, number="01 99 00 12 34", hours="MO,TU,WE,TH,FR 09:00-18:00"
        )
        sent = len(door.sent)
        bad = browser.button() | {"hours": "le matin"}
        assert (await browser.post(f"/relais/{WANTING}", bad)).status_code == 400
        assert len(door.sent) == sent

    at_desks(door, visit)


def test_a_correction_that_is_refused_names_its_field(door: ScriptedDoor) -> None:
    door.reply = done(result=a_told_relay())

    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        await browser.get(f"/relais/{WANTING}")
        door.reply = Reply.model_validate(
            {"status": "refused", "refusal": Refusal.INVALID_FIELD, "field": "number"}
        )
        answer = await browser.post(
            f"/relais/{WANTING}", browser.button() | {"number": "x"}, hx_request="true"
        )
        assert answer.status_code == 400
        assert "Numéro" in answer.text or "number" in answer.text

    at_desks(door, visit)


def test_who_listens_reads_and_puts_nothing_right(door: ScriptedDoor) -> None:
    telling(door, a_relay())

    async def visit(comes: Comes) -> None:
        browser = await comes(LISTENER)
        page = (await browser.get("/relais")).text
        assert f"/relais/{WANTING}" in page
        assert "/verify" not in page
        door.reply = done(result=a_told_relay())
        page = (await browser.get(f"/relais/{WANTING}")).text
        assert "/take-back" not in page
        assert 'id="corriger"' not in page
        assert f"/desk/relays/{WANTING}/observe" in page
        sent = len(door.sent)
        fields = browser.button() | {"number": "0199001234"}
        assert (await browser.post(f"/relais/{WANTING}", fields)).status_code == 403
        assert len(door.sent) == sent
        seen = browser.button() | {"saturated": "true"}
        await browser.post(f"/act/desk/relays/{WANTING}/observe", seen)
        assert door.sent[-1].command == ObserveRelay(relay_id=WANTING, saturated=True)

    at_desks(door, visit)
