"""An at-risk report is written by who had the contact; a legal one is proposed with its words."""

import asyncio
import html
import re
from datetime import timedelta

import httpx
import pytest

from contracts.envelope import done, refused
from contracts.report import (
    AtRiskReportMissed,
    LegalGround,
    LegalReportNamed,
    ProposeLegalReport,
    ReportId,
)
from contracts.vocabulary import (
    Departement,
    LiveState,
    PersonId,
    Refusal,
    RelayId,
    ReportKind,
    Role,
    Stage,
)
from services.bus.testing import ServiceUnderTest
from tests.console import facts
from tests.console.desks import PROFESSIONAL, SUPERVISOR, Comes, at_desks
from tests.console.facts import (
    ALERT,
    CONTACT,
    LISTENER,
    NOON,
    OFFER,
    REGULATOR,
    SECOND_OFFER,
    later,
)
from tests.console.scripted_door import ScriptedDoor
from tests.console.test_pages import texts_of
from tests.console.test_to_do_page import REPORT, report, risk_answering, written

WRITE, PROPOSE = f"/fiches/{REPORT}/ecrire", f"/signaler/{CONTACT}"


async def over(door: ScriptedDoor) -> None:
    """A call that had an alert, from the regulator to the listener to its end."""
    await door.deliver(facts.opened())
    await door.deliver(facts.taken(Stage.REGULATOR, SECOND_OFFER))
    await door.deliver(facts.triaged())
    await door.deliver(facts.taken())
    await door.deliver(facts.alert_raised())
    await door.deliver(facts.report_owed())
    await door.deliver(facts.ended(), version=2)


def test_report_is_on_the_desk_of_who_had_the_contact_last_once_it_is_over(
    door: ScriptedDoor,
) -> None:
    async def visit(comes: Comes) -> None:
        listener, regulator = await comes(LISTENER), await comes(REGULATOR)
        await door.deliver(facts.opened())
        await door.deliver(facts.taken(Stage.REGULATOR, SECOND_OFFER))
        await door.deliver(facts.triaged())
        await door.deliver(facts.taken())
        await door.deliver(facts.report_owed())
        assert WRITE not in (await listener.get("/")).text
        await door.deliver(facts.ended(), version=2)
        for state in (
            LiveState.WRAPPING_UP,
            LiveState.RESTING,
            LiveState.PAUSED,
            LiveState.READY,
            LiveState.OFF_DUTY,
        ):
            await door.deliver(facts.entered(state), version=list(LiveState).index(state) + 2)
            assert WRITE in (await listener.get("/")).text, state
        assert WRITE not in (await regulator.get("/")).text
        await door.deliver(written(), version=2)
        assert WRITE not in (await listener.get("/")).text

    at_desks(door, visit)


def test_report_of_a_regulator_is_on_their_desk_and_among_what_is_to_do(
    door: ScriptedDoor,
) -> None:
    async def visit(comes: Comes) -> None:
        regulator = await comes(REGULATOR)
        await door.deliver(facts.opened())
        await door.deliver(facts.taken(Stage.REGULATOR, SECOND_OFFER))
        await door.deliver(facts.report_owed())
        await door.deliver(facts.ended(), version=2)
        await door.deliver(facts.entered(LiveState.READY, person_id=REGULATOR, role=Role.REGULATOR))
        assert WRITE in (await regulator.get("/")).text
        assert WRITE in (await regulator.get("/a-faire")).text
        assert (await regulator.get(WRITE)).status_code == 200

    at_desks(door, visit)


def test_page_says_who_reads_it_and_until_when_it_is_kept(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        listener = await comes(LISTENER)
        await over(door)
        page = (await listener.get(WRITE)).text
        assert "Ce qu’on n’écrit pas" in page
        assert "La supervision et le professionnel d’astreinte" in page
        assert "le 18 février 2027" in page
        missed = AtRiskReportMissed.model_validate(report(missed_at=later(86_400)))
        await door.deliver(missed, version=2)
        assert "L’écrire maintenant compte autant." in (await listener.get(WRITE)).text

    at_desks(door, visit)


def test_words_go_to_risks_door_and_a_no_leaves_them_where_they_are(
    door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = risk_answering(monkeypatch, 204, None)

    async def visit(comes: Comes) -> None:
        listener = await comes(LISTENER)
        await over(door)
        await listener.get(WRITE)
        given = {"danger": "stays", "taken_over_by": "relative", "what_happened": "Un.\r\nDeux."}
        fields = listener.button() | given | {"signals[]": "SIG-SEUL"}
        sealed = await listener.post(WRITE, fields, hx_request="true")
        assert "scellée" in sealed.text
        assert "<textarea" not in sealed.text
        assert (asked[-1].method, asked[-1].url.path) == ("PUT", f"/at-risk-reports/{REPORT}")
        assert asked[-1].read() == (
            b'{"signals":["SIG-SEUL"],"danger":"stays","taken_over_by":"relative",'
            b'"what_happened":"Un.\\nDeux."}'
        )
        plain = await listener.post(WRITE, fields)
        assert (plain.status_code, plain.headers["location"]) == (303, "/")
        wrong = await listener.post(WRITE, fields | {"danger": "high"}, hx_request="true")
        assert wrong.status_code == 400
        assert wrong.headers["HX-Retarget"] == "#told"
        assert 'data-field="danger"' in wrong.text
        assert len(asked) == 2

    at_desks(door, visit)


FORMS = {WRITE: {"danger": "stays"}, PROPOSE: {"ground": "minor_in_danger"}}


@pytest.mark.parametrize("path", FORMS)
def test_words_that_are_too_long_are_refused_by_how_much_and_nothing_is_sent(
    door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    asked = risk_answering(monkeypatch, 204, None)
    door.reply = done(1, named())

    async def visit(comes: Comes) -> None:
        writer = await comes(REGULATOR)
        await over(door)
        [(name, most)] = texts_of((await writer.get(path)).text)
        fields = writer.button() | FORMS[path]
        too_long = "é" * (most - 1) + "\r\n" + "ab"
        told = await writer.post(path, fields | {name: too_long}, hx_request="true")
        assert told.status_code == 400
        assert "À corriger : le texte, 2 lettres en trop." in told.text
        assert (asked, door.sent) == ([], [])
        whole = await writer.post(path, fields | {name: too_long[:-2]}, hx_request="true")
        assert (whole.status_code, len(asked)) == (200, 1)

    at_desks(door, visit)


def test_risks_no_to_a_report_is_a_sentence_beside_the_field(
    door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    risk_answering(monkeypatch, 409, {"code": "wrong_state"})

    async def visit(comes: Comes) -> None:
        listener = await comes(LISTENER)
        await over(door)
        await listener.get(WRITE)
        fields = listener.button() | {"what_happened": "Mots."}
        told = await listener.post(WRITE, fields, hx_request="true")
        assert (told.status_code, told.headers["HX-Retarget"]) == (409, "#told")
        assert "Mots." not in told.text

    at_desks(door, visit)


def test_who_had_the_contact_and_who_looks_after_it_get_the_form(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        await over(door)
        regulator = await comes(REGULATOR)
        assert (await regulator.get(WRITE)).status_code == 200
        supervisor, professional = await comes(SUPERVISOR), await comes(PROFESSIONAL)
        assert (await supervisor.get(WRITE)).status_code == 200
        assert (await professional.get(WRITE)).status_code == 200
        assert (await supervisor.get(f"/fiches/{ALERT}/ecrire")).status_code == 410

    at_desks(door, visit)


def test_a_listener_who_was_not_there_gets_no_form(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        await door.deliver(facts.opened())
        await door.deliver(facts.taken(person_id=PersonId("listener-2")))
        await door.deliver(facts.report_owed())
        await door.deliver(facts.ended(), version=2)
        listener = await comes(LISTENER)
        assert (await listener.get(WRITE)).status_code == 403
        assert WRITE not in (await listener.get("/")).text

    at_desks(door, visit)


def test_who_is_typing_keeps_the_form_when_somebody_else_has_written(door: ScriptedDoor) -> None:
    """The part that is drawn then still has the section a script leaves alone."""

    async def visit(comes: Comes) -> None:
        listener = await comes(LISTENER)
        await over(door)
        await door.deliver(written(), version=2)
        part = (await listener.get(WRITE, hx_request="true")).text
        assert re.search(r'<section id="ecrire" hx-morph-skip', part)
        assert "Écrite par Paul V." in html.unescape(part)

    at_desks(door, visit)


def test_who_had_a_contact_is_known_until_its_report_is_written(
    door: ScriptedDoor, console: ServiceUnderTest
) -> None:
    async def visit(comes: Comes) -> None:
        listener = await comes(LISTENER)
        await over(door)
        await asyncio.to_thread(a_day_later, console, 2)
        await listener.enters(LISTENER)
        assert WRITE in (await listener.get("/")).text
        await door.deliver(written(), version=2)
        await asyncio.to_thread(a_day_later, console, 4)
        assert known_contacts(console) == 0

    at_desks(door, visit)


def a_day_later(console: ServiceUnderTest, days: int) -> None:
    """Domain time moves, and what is old is swept."""
    console.at(NOON + timedelta(days=days))
    console.fire_deadlines()


def known_contacts(console: ServiceUnderTest) -> int:
    with console.session() as session:
        ask = session.connection().exec_driver_sql
        count: int = ask("SELECT count(*) FROM console.contact").scalar_one()
        return count


def test_supervisor_sees_whom_to_ask_for_a_report(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        await comes(LISTENER)
        supervisor = await comes(SUPERVISOR)
        await over(door)
        page = (await supervisor.get(f"/fiches/{REPORT}")).text
        assert "C’est à Paul V. de l’écrire" in html.unescape(page)
        assert WRITE in page
        alert = (await supervisor.get(f"/alertes/{ALERT}")).text
        assert WRITE in alert
        assert PROPOSE in alert
        await door.deliver(written(), version=2)
        read = html.unescape((await supervisor.get(f"/fiches/{REPORT}")).text)
        assert "Le danger est passé" in read
        assert "Un relais" in read

    at_desks(door, visit)


def named() -> LegalReportNamed:
    to = RelayId("fr-119")
    return LegalReportNamed(report_id=ReportId(OFFER), kind=ReportKind.CONCERN, recipient=to)


def test_legal_report_is_proposed_once_and_its_words_are_sealed(
    door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[httpx.Request] = risk_answering(monkeypatch, 204, None)
    door.reply = done(1, named())

    async def visit(comes: Comes) -> None:
        regulator = await comes(REGULATOR)
        await over(door)
        page = (await regulator.get(PROPOSE)).text
        assert "son accord n’est pas nécessaire" in page
        given = {"ground": "minor_in_danger", "departement": "75 · Paris", "words": "Dit."}
        fields = regulator.button() | given | {"urgent": "true"}
        for _ in range(2):
            told = await regulator.post(PROPOSE, fields, hx_request="true")
            assert f"/signalements/{OFFER}" in told.text
        first, again = door.sent[-2:]
        assert first.command == ProposeLegalReport(
            contact_id=CONTACT,
            ground=LegalGround.MINOR_IN_DANGER,
            urgent=True,
            departement=Departement("75"),
        )
        assert first.command_id == again.command_id
        assert asked[-1].url.path == f"/legal-reports/{OFFER}"
        assert asked[-1].read() == b'{"words":"Dit."}'
        sent = len(door.sent)
        empty = await regulator.post(PROPOSE, fields | {"words": " "}, hx_request="true")
        assert empty.status_code == 400
        assert len(door.sent) == sent

    at_desks(door, visit)


def test_line_without_a_recipient_says_so_and_seals_nothing(
    door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = risk_answering(monkeypatch, 204, None)
    door.reply = refused(Refusal.UNKNOWN_RELAY)

    async def visit(comes: Comes) -> None:
        supervisor = await comes(SUPERVISOR)
        await over(door)
        await supervisor.get(PROPOSE)
        fields = supervisor.button() | {"ground": "minor_in_danger", "words": "Dit."}
        told = await supervisor.post(PROPOSE, fields, hx_request="true")
        assert told.status_code == 409
        assert "n'a pas de destinataire" in html.unescape(told.text)
        assert asked == []

    at_desks(door, visit)


def test_nothing_is_proposed_for_a_contact_nobody_knows(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        supervisor = await comes(SUPERVISOR)
        assert (await supervisor.get(PROPOSE)).status_code == 410

    at_desks(door, visit)
