"""The supervisor's desk and the duty professional's: alerts on every page, the board, the verbs."""

import asyncio
import re

from contracts.assignment import StartDuty
from contracts.envelope import done
from contracts.rescue import RescueNamed, StartRescue
from contracts.risk import AcknowledgeAlert, CloseAlert, StandDownAlert
from contracts.vocabulary import LiveState, Priority, Role
from tests.console import facts
from tests.console.desks import PROFESSIONAL, SUPERVISOR, Comes, at_desks
from tests.console.facts import ALERT, CONTACT, LISTENER, REGULATOR
from tests.console.scripted_door import ScriptedDoor

STRIP = 'data-sounding="yes"'


def words_of(page: str) -> str:
    """What a page says, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page))


def figures_of(page: str) -> dict[str, str]:
    """The figures of the board, by their words."""
    found = re.findall(r"<div>(?:<b[^>]*>|<span[^>]*>)([^<]*)</(?:b|span)>([^<]*)</div>", page)
    return {words.strip(): figure for figure, words in found}


def test_alert_nobody_has_is_on_every_page_of_a_supervisor_and_gone_when_taken(
    door: ScriptedDoor,
) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.alert_raised())
        for path in ("/", "/part", f"/alertes/{ALERT}"):
            page = (await browser.get(path)).text
            assert STRIP in page, path
            assert "1 alerte que personne n’a prise" in page
            assert 'data-title="1 alerte non prise"' in page
        await door.deliver(facts.alert_taken(PROFESSIONAL, Role.DUTY_PROFESSIONAL), version=2)
        for path in ("/", f"/alertes/{ALERT}"):
            assert STRIP not in (await browser.get(path)).text, path
        assert f"Tenue par {PROFESSIONAL}" in (await browser.get("/")).text
        await comes(PROFESSIONAL)  # from then on they have a name
        assert "Tenue par Dr Lemoine" in (await browser.get("/")).text

    at_desks(door, visit)


def test_alert_that_wants_somebody_more_sounds_again(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.alert_raised())
        again = facts.alert_escalated().model_copy(update={"held_by": SUPERVISOR})
        await door.deliver(again, version=2)
        page = (await browser.get("/")).text
        assert STRIP in page
        assert "Hélène M. demande quelqu’un de plus" in page

    at_desks(door, visit)


def test_alerts_clock_is_no_alert_for_screen_readers(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.alert_raised())
        page = (await browser.get("/")).text
        (announced,) = re.findall(r'<b role="alert"[^>]*>(.*?)</b>', page, re.S)
        assert "data-since" not in announced

    at_desks(door, visit)


def test_one_key_takes_the_first_alert(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.alert_raised())
        page = (await browser.get("/")).text
        (path,) = re.findall(r'action="([^"]*)"(?:(?!</form>).)*data-key="F8"', page, re.S)
        assert (await browser.post(path, browser.button(), hx_request="true")).status_code == 204
        assert door.sent[-1].command == AcknowledgeAlert(alert_id=ALERT)

    at_desks(door, visit)


def test_who_raised_an_alert_is_not_asked_to_take_it(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.alert_raised(raised_by=SUPERVISOR, raised_as=Role.SUPERVISOR))
        page = (await browser.get(f"/alertes/{ALERT}")).text
        assert STRIP in page
        assert "/acknowledge" not in page
        assert "une deuxième personne la prend" in page

    at_desks(door, visit)


def test_alert_says_who_was_told_and_when(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.alert_raised())
        await asyncio.to_thread(door.console.at, facts.later(90))
        await comes(REGULATOR)
        await door.deliver(facts.alert_escalated(), version=2)
        said = words_of((await browser.get("/")).text)
        assert "Prévenus : vous à 0:00, Nadia B. à 1:30." in said

    at_desks(door, visit)


def test_board_counts_who_waits_who_is_free_and_who_is_with_whom(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        before = figures_of((await browser.get("/")).text)
        assert set(before.values()) == {"0"}
        await door.deliver(facts.entered(LiveState.READY))
        await door.deliver(facts.opened())
        await door.deliver(facts.sent_untriaged())
        page = figures_of((await browser.get("/")).text)
        assert page["en attente d’un écoutant"] == "1"
        assert page["écoutant libre"] == "1"
        await door.deliver(facts.made())
        await door.deliver(facts.taken())
        text = (await browser.get("/")).text
        page = figures_of(text)
        assert page["en attente d’un écoutant"] == "0"
        assert page["en conversation"] == "1"
        assert page["entre deux mains"] == "0"
        assert f"<b>{LISTENER}</b> téléphone" in text
        await door.deliver(facts.alert_raised())
        assert "alerte</span>" in (await browser.get("/")).text

    at_desks(door, visit)


def test_supervisor_reads_who_of_p1_and_p2_waits_and_is_with_whom(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        supervisor = await comes(SUPERVISOR)
        await door.deliver(facts.opened())
        await door.deliver(facts.triaged())
        assert "quelqu’un attend un écoutant depuis" not in (await supervisor.get("/")).text
        urgent = facts.triaged().model_copy(update={"priority": Priority.P2})
        await door.deliver(urgent, version=2)
        assert "P2 crise : quelqu’un attend un écoutant depuis" in (await supervisor.get("/")).text
        await door.deliver(facts.taken())
        taken = (await supervisor.get("/")).text
        assert "quelqu’un attend un écoutant depuis" not in taken
        assert '<span class="tag">P2 crise</span>' in taken

    at_desks(door, visit)


def test_contact_with_nobody_and_nowhere_is_between_two_hands(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.taken())  # nobody has said it opened
        await door.deliver(facts.withdrawn(was_taken=True))
        assert figures_of((await browser.get("/")).text)["entre deux mains"] == "1"
        await door.deliver(facts.opened())
        assert figures_of((await browser.get("/")).text)["entre deux mains"] == "0"

    at_desks(door, visit)


def test_closed_lists_lead_to_their_commands(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.alert_raised())
        await door.deliver(facts.alert_taken(SUPERVISOR), version=2)
        page = (await browser.get(f"/alertes/{ALERT}")).text
        assert "Vous tenez cette alerte." in page
        for path, chosen, command in (
            ("stand-down", {"reason": "false_alert"}, StandDownAlert),
            ("close", {"outcome": "calmed"}, CloseAlert),
        ):
            action = f"/act/desk/alerts/{ALERT}/{path}"
            assert action in page
            (value,) = chosen.values()
            assert f'value="{value}" required' in page
            assert (await browser.post(action, browser.button() | chosen)).status_code == 303
            assert isinstance(door.sent[-1].command, command)

    at_desks(door, visit)


def test_taking_over_is_said_to_be_that(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.alert_raised())
        await door.deliver(facts.alert_taken(PROFESSIONAL, Role.DUTY_PROFESSIONAL), version=2)
        page = (await browser.get(f"/alertes/{ALERT}")).text
        assert 'name="take_over" value="true"' in page

    at_desks(door, visit)


def test_rescue_answers_with_the_number_and_its_fate_is_on_the_page(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.alert_raised())
        await browser.get(f"/alertes/{ALERT}")
        named = {"rescue_id": facts.rescue_started().rescue_id, "alert_id": ALERT, "number": "15"}
        door.reply = done(result=RescueNamed.model_validate(named))
        wanted = {"whom": "medical", "confirmed": "true"}
        called = await browser.post(f"/secours/{CONTACT}", browser.button() | wanted)
        assert "Appelez maintenant le 15." in called.text
        assert isinstance(door.sent[-1].command, StartRescue)
        await door.deliver(facts.rescue_started())
        page = (await browser.get(f"/alertes/{ALERT}")).text
        assert f"/act/desk/rescues/{named['rescue_id']}/arrival" in page
        await door.deliver(facts.rescue_failed(), version=2)
        page = (await browser.get(f"/alertes/{ALERT}")).text
        assert "personne n’est venu (refusé)" in page
        assert "/arrival" not in page

    at_desks(door, visit)


def test_alert_page_is_for_whom_it_concerns(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        await door.deliver(facts.alert_raised())
        page = f"/alertes/{ALERT}"
        assert (await (await comes(LISTENER)).get(page)).status_code == 403
        assert (await (await comes(REGULATOR)).get(page)).status_code == 410
        professional = await comes(PROFESSIONAL)
        assert (await professional.get(page)).status_code == 410
        await door.deliver(facts.alert_escalated(level=3), version=2)
        assert STRIP in (await professional.get("/")).text
        assert (await professional.get(page)).status_code == 200
        rescue = await (await comes(LISTENER)).get(f"/secours/{CONTACT}")
        assert rescue.status_code == 405

    at_desks(door, visit)


def test_supervisor_goes_on_duty_from_the_desk(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await browser.get("/")
        await browser.post("/act/desk/duty/start", browser.button())
        assert isinstance(door.sent[-1].command, StartDuty)

    at_desks(door, visit)


def test_desk_counts_what_is_to_be_done(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        assert "Rien n’attend." in (await browser.get("/")).text
        await door.deliver(facts.lift_asked())
        page = (await browser.get("/")).text
        assert "1 levée d’anonymat à décider ou à revoir" in page
        assert "Rien n’attend." not in page

    at_desks(door, visit)
