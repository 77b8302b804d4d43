"""Relays of a line's country, to be verified first, each with one button."""

import html
import re
from datetime import datetime
from typing import Any

from contracts.envelope import done
from contracts.referral import RelaySeen, RelaysSeen, SeeRelays, VerifyRelay
from contracts.vocabulary import Need, RelayId
from tests.console.desks import COORDINATOR, Comes, at_desks
from tests.console.facts import LISTENER, NOON
from tests.console.scripted_door import ScriptedDoor

WANTING, CHECKED = RelayId("fr-3114"), RelayId("fr-suicide-ecoute")


def a_relay(relay_id: RelayId, verified_at: datetime | None = None, **more: Any) -> RelaySeen:
    said = {"relay_id": relay_id, "called": relay_id, "need": Need.CRISE_SUICIDAIRE}
    facts = {"always_open": True, "anonymous": None, "sources_differ": False}
    return RelaySeen.model_validate(said | facts | {"verified_at": verified_at} | more)


def telling(door: ScriptedDoor, *relays: RelaySeen) -> None:
    door.reply = done(result=RelaysSeen(relays=relays))


def test_relays_to_verify_are_first_and_a_press_verifies_one(door: ScriptedDoor) -> None:
    telling(door, a_relay(WANTING), a_relay(CHECKED, NOON, said_by=COORDINATOR))

    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        page = html.unescape((await browser.get("/relais")).text)
        assert [each.command for each in door.sent] == [SeeRelays(country="FR")]
        assert "1 relais est à vérifier." in page
        assert re.findall(r'<li id="relais-([\w-]+)"', page) == [WANTING, CHECKED]
        assert "vérifié par Anne-Lise R., le 14 janvier 2026" in page
        assert "3114" in page
        path = f"/act/coordinator/relays/{WANTING}/verify"
        pressed = await browser.post(
            path, browser.button() | {"verified": "true"}, hx_request="true"
        )
        assert pressed.status_code == 204
        assert door.sent[-1].command == VerifyRelay(relay_id=WANTING, verified=True)

    at_desks(door, visit)


def test_verified_taken_back_and_verified_again_are_three_presses(door: ScriptedDoor) -> None:
    telling(door, a_relay(WANTING, NOON))

    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        path = f"/act/coordinator/relays/{WANTING}/verify"
        for verified in ("true", "false", "true"):
            await browser.get("/relais")
            await browser.post(path, browser.button() | {"verified": verified}, hx_request="true")
        keys = [each.command_id for each in door.sent if isinstance(each.command, VerifyRelay)]
        assert len(set(keys)) == 3

    at_desks(door, visit)


def test_change_somebody_told_of_is_said_with_their_name(door: ScriptedDoor) -> None:
    telling(door, a_relay(WANTING, taken_back=True, said_by=COORDINATOR))

    async def visit(comes: Comes) -> None:
        page = html.unescape((await (await comes(COORDINATOR)).get("/relais")).text)
        assert "Anne-Lise R. a signalé un changement" in page
        assert "Signaler un changement" not in page

    at_desks(door, visit)


def test_who_verifies_nothing_does_not_see_it(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        assert (await (await comes(LISTENER)).get("/relais")).status_code == 403
        assert door.sent == []

    at_desks(door, visit)
