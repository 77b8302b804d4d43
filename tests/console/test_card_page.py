"""P1 by one key, the alert of this contact, the emergency card and rescue."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text
from sqlmodel import Session

from contracts.envelope import done, refused
from contracts.rescue import (
    Arrival,
    ReportArrival,
    RescueConfirmed,
    RescueId,
    RescueNamed,
    RescueService,
    StartRescue,
)
from contracts.risk import RISK_PURPOSE, RaiseAlert, RiskCapability
from contracts.triage import DecideTriage
from contracts.vocabulary import Destination, LiveState, PersonId, Priority, Refusal, Role
from services.bus.capability import read
from services.risk.cards import EmergencyCard
from tests.console import facts
from tests.console.facts import ALERT, CONTACT, REGULATOR
from tests.console.regulating import CARD, RESCUE, SCRIPTS, VITAL, Desk, Visiting
from tests.console.test_pages import texts_of

KEPT_CARD = f"/contacts/{CONTACT}/card"


# --- P1, and its alert ----------------------------------------------------------------------------


def test_one_key_raises_the_alert_and_decides_p1_with_nothing_else(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        for _ in range(2):
            assert (await desk.send(VITAL, {})).status_code == 204
        expected = [
            RaiseAlert(contact_id=CONTACT),
            DecideTriage(contact_id=CONTACT, priority=Priority.P1, destination=Destination.RESCUE),
        ]
        assert desk.sent == expected * 2
        ids = [each.command_id for each in desk.door.sent]
        assert ids[:2] == ids[2:]
        assert ids[0] != ids[1]

    visiting(visit)


def test_alert_leaves_even_where_the_decision_is_refused(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        replies = iter([done(), refused(Refusal.WRONG_STATE)])
        desk.door.answering = lambda: next(replies)
        answer = await desk.send(VITAL, {})
        assert answer.status_code == 409
        assert isinstance(desk.sent[0], RaiseAlert)
        assert isinstance(desk.sent[1], DecideTriage)

    visiting(visit)


def test_desk_shows_who_holds_the_alert_of_this_contact(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        raised = {"raised_by": REGULATOR, "raised_as": Role.REGULATOR}
        await desk.door.deliver(facts.alert_raised(**raised))
        page = (await desk.browser.get("/part")).text
        assert f'data-alerted="{ALERT}"' in page
        assert "Elle vient de partir." in page
        assert f"/act/desk/alerts/{ALERT}/stand-down" in page
        taken = facts.alert_taken(PersonId("supervisor-1")).model_copy(update=raised)
        await desk.door.deliver(taken, version=2)
        assert "supervisor-1 l’a prise." in (await desk.browser.get("/part")).text

    visiting(visit)


def test_alert_of_others_that_has_come_to_regulators_can_be_taken(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.browser.enters(REGULATOR)
        await desk.door.deliver(facts.entered(LiveState.READY, REGULATOR, Role.REGULATOR))
        await desk.door.deliver(facts.alert_raised())
        take = f"/act/desk/alerts/{ALERT}/acknowledge"
        assert take not in (await desk.browser.get("/part")).text  # it is with the supervisors
        await desk.door.deliver(facts.alert_escalated(), version=2)
        page = (await desk.browser.get("/part")).text
        assert "Une alerte que personne n’a prise" in page
        assert take in page

    visiting(visit)


# --- the card, and rescue -------------------------------------------------------------------------


SERVICES = {
    "country": "FR",
    "services": [
        {"service": "medical", "number": "15", "in_writing": False},
        {"service": "in_writing", "number": "114", "in_writing": True},
    ],
}


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ((200, SERVICES), ["medical", "in_writing"]),
        ((503, {"code": "platform_fault"}), [each.value for each in RescueService]),
    ],
    ids=["said", "away"],
)
def test_page_of_an_alert_offers_the_services_its_country_has(
    visiting: Visiting, told: tuple[int, object], wanted: list[str]
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["GET", "/rescue-services"] = told
        await desk.door.deliver(facts.alert_raised(raised_by=REGULATOR, raised_as=Role.REGULATOR))
        page = (await desk.browser.get(f"/alertes/{ALERT}")).text
        assert re.findall('name="whom" value="([a-z_]+)"', page) == wanted

    visiting(visit)


def test_card_opens_empty_with_the_numbers_of_the_country(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["GET", "/rescue-services"] = (200, SERVICES)
        page = (await desk.browser.get(CARD, **SCRIPTS)).text
        assert 'name="place" value=""' in page
        assert "15 · médical" in page
        assert "114 · par écrit" in page
        assert "Plateforme d’écoute" in page

    visiting(visit)


def test_card_opens_with_112_where_risk_says_no_numbers(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["GET", "/rescue-services"] = (503, {"code": "platform_fault"})
        assert "112 · partout en Europe" in (await desk.browser.get(CARD, **SCRIPTS)).text

    visiting(visit)


def test_card_is_sent_incomplete_and_kept_by_risk_alone(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["PUT", KEPT_CARD] = (204, None)
        answer = await desk.send(CARD, {"place": "12 rue de l'Exemple", "conscious": "no"})
        assert answer.status_code == 200
        assert "Carte scellée à 13" in answer.text
        (asked,) = desk.risk.asked
        card = EmergencyCard.model_validate(asked.body)
        assert (card.place, card.conscious) == ("12 rue de l'Exemple", "no")
        shown = read(bytes.fromhex("17" * 32), RISK_PURPOSE, asked.bearer, RiskCapability)
        assert shown is not None
        assert (shown.person_id, shown.role) == (REGULATOR, Role.REGULATOR)
        kept = desk.door.console.read(_everything_kept)
        assert "Exemple" not in kept

    visiting(visit)


def test_card_written_before_is_there_again(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        card = {"place": "<b>12 rue</b>", "alone": "yes", "service": "medical"}
        told = {"card": card, "written_by": REGULATOR, "written_at": facts.NOON.isoformat()}
        desk.risk.answers["GET", KEPT_CARD] = (200, told | {"erased_at": facts.NOON.isoformat()})
        desk.risk.answers["GET", "/rescue-services"] = (200, SERVICES)
        page = (await desk.browser.get(CARD, **SCRIPTS)).text
        assert 'value="&lt;b&gt;12 rue&lt;/b&gt;"' in page
        assert "<b>12 rue" not in page
        assert "Écrite à 13" in page

    visiting(visit)


def test_card_that_was_not_kept_says_so(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["PUT", KEPT_CARD] = (403, {"code": "not_yours"})
        answer = await desk.send(CARD, {"place": "12 rue"})
        assert answer.status_code == 403
        assert "12 rue" not in answer.text

    visiting(visit)


def test_card_says_which_field_is_too_long_and_by_how_much(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["PUT", KEPT_CARD] = (204, None)
        fields = texts_of((await desk.browser.get(CARD, **SCRIPTS)).text)
        assert {name for name, _ in fields} == {"place", "who", "what_now", "call_back"}
        for name, most in fields:
            desk.risk.asked.clear()
            told = await desk.send(CARD, {name: "x" * (most + 3)})
            assert (told.status_code, desk.risk.asked) == (400, [])
            assert f'data-field="{name}"' in told.text
            assert "3 lettres en trop." in told.text
            assert (await desk.send(CARD, {name: "x" * most})).status_code == 200

    visiting(visit)


RESCUE_AND_CARD = {
    "kept": ((204, None), "12 rue"),
    "not kept": ((503, {"code": "x"}), "12 rue"),
    "too long to be kept": ((204, None), "12 rue " * 100),
}


@pytest.mark.parametrize(("kept", "place"), RESCUE_AND_CARD.values(), ids=RESCUE_AND_CARD.keys())
def test_call_for_rescue_never_waits_for_the_card(
    visiting: Visiting, kept: tuple[int, object], place: str
) -> None:
    sealed = kept[0] == 204 and len(place) < 300

    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.risk.answers["PUT", KEPT_CARD] = kept
        named = RescueNamed(
            rescue_id=RescueId("55555555-5555-4555-8555-555555555555"), alert_id=ALERT, number="15"
        )
        desk.door.reply = done(result=named)
        answer = await desk.send(RESCUE, {"place": place, "service": "medical"})
        assert answer.status_code == 200
        assert "vous appelez le 15" in answer.text
        assert ("pas encore scellée" in answer.text) is not sealed
        medical = RescueService.MEDICAL
        assert desk.sent == [StartRescue(contact_id=CONTACT, whom=medical, confirmed=True)]
        if len(place) < 300:
            card = EmergencyCard.model_validate(desk.risk.asked[-1].body)
            assert card.called_by == REGULATOR
            assert card.called_at is not None

    visiting(visit)


def test_what_became_of_rescue_is_said_by_who_called(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        who = {"started_by": REGULATOR, "started_as": Role.REGULATOR}
        raised = {"raised_by": REGULATOR, "raised_as": Role.REGULATOR}
        await desk.door.deliver(facts.alert_raised(**raised))
        started = facts.rescue_started().model_copy(update=who)
        await desk.door.deliver(started)
        page = (await desk.browser.get("/part")).text
        arrival = f"/act/desk/rescues/{started.rescue_id}/arrival"
        assert page.count(f'action="{arrival}"') == 3
        assert (await desk.send(arrival, {"arrival": "confirmed"})).status_code == 204
        assert desk.sent == [ReportArrival(rescue_id=started.rescue_id, arrival=Arrival.CONFIRMED)]
        said = started.model_dump(exclude={"report_by"}) | {
            "confirmed_by": REGULATOR,
            "confirmed_as": Role.REGULATOR,
            "confirmed_at": facts.later(60),
        }
        await desk.door.deliver(RescueConfirmed.model_validate(said), version=2)
        page = (await desk.browser.get("/part")).text
        assert "Les secours ont la personne." in page
        assert arrival not in page

    visiting(visit)


def _everything_kept(session: Session) -> str:
    """All rows of the console, as text."""
    named = "SELECT tablename FROM pg_tables WHERE schemaname = 'console'"
    tables = [row.tablename for row in session.execute(text(named))]
    asked = [text(f'SELECT * FROM console."{table}"') for table in tables]
    return "\n".join(str(row) for each in asked for row in session.execute(each))
