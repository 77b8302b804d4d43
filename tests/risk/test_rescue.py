"""Rescue: whom to call where, who may, and what a failure does."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from contracts.envelope import Reply, ReplyStatus
from contracts.rescue import (
    Arrival,
    ReportArrival,
    RescueConfirmed,
    RescueFailed,
    RescueFailure,
    RescueId,
    RescueService,
    RescueStarted,
    StartRescue,
)
from contracts.risk import (
    AcknowledgeAlert,
    AlertEscalated,
    AlertId,
    AlertOutcome,
    AlertRaised,
    CloseAlert,
    EscalationReason,
    RaiseAlert,
    Standing,
)
from contracts.vocabulary import ContactId, PersonId, ProgrammeId, Refusal, Role
from services.bus.testing import ServiceUnderTest
from services.bus.work import new_id
from services.risk.domain import Asker, ContactKnown, MayNot
from services.risk.rescue import (
    Arrived,
    Failed,
    MayCall,
    SaidAlready,
    judge_arrival,
    judge_rescue,
    numbers_of,
)
from tests.risk.builders import CONTACT, LINE, LISTENER, PROFESSIONAL, SUPERVISOR, after
from tests.risk.test_door import People, at_the_door
from tests.risk.test_handlers import status

IN_CONTACT = ContactKnown(LINE, (LISTENER,))
BY_LISTENER = Asker(LISTENER, Role.LISTENER, LINE)
STRANGER = Asker(PersonId("listener-2"), Role.LISTENER, LINE)


# --- decisions ------------------------------------------------------------------------------------

NUMBERS = {
    "France": ("FR", {"medical": "15", "police": "17", "fire": "18", "european": "112"}),
    "Luxembourg": ("LU", {"medical": "112", "police": "113", "fire": "112", "european": "112"}),
    "Belgium": ("BE", {"medical": "112", "police": "101", "fire": "112", "european": "112"}),
    "Switzerland": ("CH", {"medical": "144", "police": "117", "fire": "118", "european": "112"}),
    "a country we have no list for": ("IT", {"european": "112"}),
    "a line we have not heard of": (None, {"european": "112"}),
}


@pytest.mark.parametrize(("country", "spoken"), NUMBERS.values(), ids=NUMBERS.keys())
def test_numbers_are_those_of_the_callers_country(
    country: str | None, spoken: dict[str, str]
) -> None:
    numbers = numbers_of(country)
    assert {s.value: n.number for s, n in numbers.items() if not n.in_writing} == spoken


def test_114_is_reached_in_writing_only_and_nothing_else_is() -> None:
    written = {n.number for n in numbers_of("FR").values() if n.in_writing}
    assert written == {"114"}
    assert not any(n.in_writing for n in numbers_of("LU").values())


def test_any_human_in_the_contact_calls_alone() -> None:
    outcome = judge_rescue(BY_LISTENER, IN_CONTACT, RescueService.MEDICAL, "FR")
    assert isinstance(outcome, MayCall)
    assert outcome.number.number == "15"


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.DUTY_PROFESSIONAL])
def test_who_may_hold_the_alert_calls_too(role: Role) -> None:
    by = Asker(SUPERVISOR, role, LINE)
    assert isinstance(judge_rescue(by, IN_CONTACT, RescueService.EUROPEAN, "FR"), MayCall)


def test_contact_we_have_not_heard_of_is_rescued_on_the_word_of_who_is_in_it() -> None:
    outcome = judge_rescue(STRANGER, ContactKnown(), RescueService.EUROPEAN, None)
    assert isinstance(outcome, MayCall)


def test_listener_known_to_be_elsewhere_and_another_line_are_refused() -> None:
    medical = RescueService.MEDICAL
    not_yours = MayNot(Refusal.NOT_YOURS, "contact_id")
    assert judge_rescue(STRANGER, IN_CONTACT, medical, "FR") == not_yours
    other = replace(BY_LISTENER, programme=ProgrammeId("sos-amitie"))
    elsewhere = MayNot(Refusal.NOT_IN_PROGRAMME, "contact_id")
    assert judge_rescue(other, IN_CONTACT, medical, "FR") == elsewhere


def test_service_the_country_does_not_have_is_refused_never_guessed() -> None:
    outcome = judge_rescue(BY_LISTENER, IN_CONTACT, RescueService.IN_WRITING, "LU")
    assert outcome == MayNot(Refusal.INVALID_FIELD, "whom")


def test_what_was_said_of_an_arrival_first_stands() -> None:
    said = {arrival: judge_arrival(None, LISTENER, BY_LISTENER, arrival) for arrival in Arrival}
    assert said == {
        Arrival.CONFIRMED: Arrived(),
        Arrival.REFUSED: Failed(RescueFailure.REFUSED),
        Arrival.UNKNOWN: Failed(RescueFailure.UNKNOWN),
    }
    again = judge_arrival("refused", LISTENER, BY_LISTENER, Arrival.REFUSED)
    assert again == SaidAlready()
    otherwise = judge_arrival("refused", LISTENER, BY_LISTENER, Arrival.CONFIRMED)
    assert otherwise == MayNot(Refusal.WRONG_STATE)
    assert judge_arrival(None, LISTENER, STRANGER, Arrival.CONFIRMED) == MayNot(Refusal.NOT_YOURS)


# --- on a database --------------------------------------------------------------------------------


def rescue(risk: ServiceUnderTest, whom: RescueService = RescueService.MEDICAL) -> Reply:
    wish = StartRescue(contact_id=CONTACT, whom=whom, confirmed=True)
    return risk.ask(wish, LISTENER, Role.LISTENER)


def rescue_id(reply: Reply) -> RescueId:
    assert reply.result is not None, reply
    return RescueId(reply.result["rescue_id"])


def reported(risk: ServiceUnderTest, id: RescueId, arrival: Arrival) -> Reply:
    return risk.ask(ReportArrival(rescue_id=id, arrival=arrival), LISTENER, Role.LISTENER)


def test_rescue_is_started_by_one_human_and_is_an_alert(risk: ServiceUnderTest) -> None:
    reply = rescue(risk)
    assert reply.result is not None
    assert (reply.result["number"], reply.result["in_writing"]) == ("15", False)
    (started,), (raised,) = risk.announced(RescueStarted), risk.announced(AlertRaised)
    assert (started.alert_id, started.started_by) == (raised.alert_id, LISTENER)
    assert started.report_by == after(120)
    assert ("arrival", started.rescue_id) in risk.deadlines()


def test_rescue_of_a_contact_with_an_alert_belongs_to_that_alert(risk: ServiceUnderTest) -> None:
    raised = risk.ask(RaiseAlert(contact_id=CONTACT), LISTENER, Role.LISTENER)
    assert raised.result is not None
    reply = rescue(risk)
    assert reply.result is not None
    assert reply.result["alert_id"] == raised.result["alert_id"]
    assert len(risk.announced(AlertRaised)) == 1


def test_arrival_confirmed_ends_the_rescue_and_its_clock(risk: ServiceUnderTest) -> None:
    id = rescue_id(rescue(risk))
    risk.at(after(40))
    assert status(reported(risk, id, Arrival.CONFIRMED)) is ReplyStatus.DONE
    assert status(reported(risk, id, Arrival.CONFIRMED)) is ReplyStatus.DONE
    (confirmed,) = risk.announced(RescueConfirmed)
    assert (confirmed.confirmed_by, confirmed.confirmed_at) == (LISTENER, after(40))
    assert ("arrival", id) not in risk.deadlines()


@pytest.mark.parametrize("arrival", [Arrival.REFUSED, Arrival.UNKNOWN])
def test_failed_rescue_alarms_again_at_once_even_when_somebody_has_the_alert(
    risk: ServiceUnderTest, arrival: Arrival
) -> None:
    reply = rescue(risk)
    assert reply.result is not None
    take = AcknowledgeAlert(alert_id=AlertId(reply.result["alert_id"]))
    risk.ask(take, SUPERVISOR, Role.SUPERVISOR)
    risk.at(after(40))
    reported(risk, rescue_id(reply), arrival)
    (failed,), (again,) = risk.announced(RescueFailed), risk.announced(AlertEscalated)
    assert (failed.why, failed.reported_by) == (RescueFailure(arrival.value), LISTENER)
    assert (again.reason, again.escalated_at) == (EscalationReason.RESCUE_FAILED, after(40))
    assert (again.level, again.standing, again.held_by) == (3, Standing.OPEN, SUPERVISOR)


def test_no_word_in_time_is_a_failure(risk: ServiceUnderTest) -> None:
    reply = rescue(risk)
    assert reply.result is not None
    take = AcknowledgeAlert(alert_id=AlertId(reply.result["alert_id"]))
    risk.ask(take, SUPERVISOR, Role.SUPERVISOR)
    for seconds in (119, 120):
        risk.at(after(seconds))
        risk.fire_deadlines()
    (failed,) = risk.announced(RescueFailed)
    assert (failed.why, failed.failed_at) == (RescueFailure.NO_WORD, after(120))
    assert failed.reported_by is None
    assert [e.reason for e in risk.announced(AlertEscalated)] == [EscalationReason.RESCUE_FAILED]


def test_rescue_that_fails_after_its_alert_was_closed_raises_a_new_one(
    risk: ServiceUnderTest,
) -> None:
    reply = rescue(risk)
    assert reply.result is not None
    alert_id = AlertId(reply.result["alert_id"])
    risk.ask(AcknowledgeAlert(alert_id=alert_id), SUPERVISOR, Role.SUPERVISOR)
    close = CloseAlert(alert_id=alert_id, outcome=AlertOutcome.RESCUE_CAME)
    risk.ask(close, SUPERVISOR, Role.SUPERVISOR)
    reported(risk, rescue_id(reply), Arrival.REFUSED)
    first, second = risk.announced(AlertRaised)
    assert (first.alert_id, second.contact_id) == (alert_id, CONTACT)
    assert second.alert_id != alert_id
    (again,) = risk.announced(AlertEscalated)
    assert (again.alert_id, again.level) == (second.alert_id, 3)


def test_rescue_unknown_or_of_another_line_is_not_found(risk: ServiceUnderTest) -> None:
    unknown = reported(risk, RescueId(new_id()), Arrival.CONFIRMED)
    assert status(unknown) is Refusal.UNKNOWN_RESCUE
    report = ReportArrival(rescue_id=rescue_id(rescue(risk)), arrival=Arrival.CONFIRMED)
    other = risk.ask(report, SUPERVISOR, Role.SUPERVISOR, programme="sos-amitie")
    assert status(other) is Refusal.UNKNOWN_RESCUE


def test_same_command_again_is_the_same_rescue(risk: ServiceUnderTest) -> None:
    wish = StartRescue(contact_id=CONTACT, whom=RescueService.FIRE, confirmed=True)
    key = new_id()
    ids = {rescue_id(risk.ask(wish, LISTENER, Role.LISTENER, command_id=key)) for _ in range(2)}
    assert len(ids) == len(risk.announced(RescueStarted)) == 1


# --- the emergency card ---------------------------------------------------------------------------

CARD = {
    "place": "12 rue des Lilas, escalier B",
    "place_read_back": True,
    "what_now": "a pris des comprimés",
    "conscious": "yes",
    "alone": "unknown",
    "call_back": "06 39 98 00 12",
    "service": "medical",
}
CARD_PATH = f"/contacts/{CONTACT}/card"


def test_card_is_read_by_whom_it_concerns_as_it_was_written(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    async def visit(people: People) -> None:
        assert (await people(LISTENER).asks("GET", CARD_PATH)).status_code == 404
        assert (await people(LISTENER).asks("PUT", CARD_PATH, CARD)).status_code == 204
        for person in (LISTENER, SUPERVISOR, PROFESSIONAL):
            told = (await people(person).asks("GET", CARD_PATH)).json()
            assert {name: told["card"][name] for name in CARD} == CARD
            assert (told["written_by"], told["card"]["answered"]) == (LISTENER, "unknown")

    at_the_door(risk, tmp_path, visit)


def test_card_may_be_sent_with_nothing_on_it_and_filled_later(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    async def visit(people: People) -> None:
        assert (await people(LISTENER).asks("PUT", CARD_PATH, {})).status_code == 204
        await people(LISTENER).asks("PUT", CARD_PATH, {"place": "gare de Lyon"})
        told = (await people(SUPERVISOR).asks("GET", CARD_PATH)).json()
        assert told["card"]["place"] == "gare de Lyon"

    at_the_door(risk, tmp_path, visit)


def test_card_is_sealed_and_nothing_of_it_is_anywhere_else(
    risk: ServiceUnderTest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def visit(people: People) -> None:
        await people(LISTENER).asks("PUT", CARD_PATH, CARD)
        bad = CARD | {"conscious": "06 39 98 00 12"}
        answer = await people(LISTENER).asks("PUT", CARD_PATH, bad)
        assert (answer.status_code, answer.json()["field"]) == (400, "conscious")
        assert "98 00 12" not in answer.text

    with caplog.at_level("DEBUG"):
        at_the_door(risk, tmp_path, visit)
    with risk.session() as session:
        tables = [
            row[0]
            for row in session.execute(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'risk'")
            )
        ]
        dump = "".join(
            str(row)
            for table in tables
            for row in session.execute(text(f"SELECT t::text FROM risk.{table} t"))
        )
    assert "card" in tables
    assert LISTENER in dump
    for secret in ("Lilas", "comprim", "98 00 12", "39980012"):
        assert secret not in dump
        assert not any(secret in str(record.__dict__) for record in caplog.records)


def test_card_is_gone_after_a_day(risk: ServiceUnderTest, tmp_path: Path) -> None:
    def visit(status_code: int) -> Callable[[People], Coroutine[Any, Any, None]]:
        async def act(people: People) -> None:
            if status_code == 204:
                await people(LISTENER).asks("PUT", CARD_PATH, CARD)
            answer = await people(SUPERVISOR).asks("GET", CARD_PATH)
            assert answer.status_code == (200 if status_code == 204 else status_code)

        return act

    at_the_door(risk, tmp_path, visit(204))
    assert risk.deadlines() == {("card_over", CONTACT): after(24 * 3600)}
    risk.at(after(3500))  # capabilities of these tests stand for an hour
    risk.fire_deadlines()
    at_the_door(risk, tmp_path, visit(200))
    risk.at(after(24 * 3600))
    assert risk.fire_deadlines() == 1
    with risk.session() as session:
        assert session.execute(text("SELECT count(*) FROM risk.card")).scalar_one() == 0


def test_listener_of_another_contact_reads_and_writes_no_card(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    other = ContactId("33333333-3333-4333-8333-333333333333")
    with risk.session() as session, session.begin():
        session.execute(
            text(
                "INSERT INTO risk.contact (contact_id, programme, holders) "
                "VALUES (:id, 'sos-crise', '{listener-9}')"
            ),
            {"id": other},
        )

    async def visit(people: People) -> None:
        path = f"/contacts/{other}/card"
        assert (await people(LISTENER).asks("PUT", path, CARD)).status_code == 403
        assert (await people(SUPERVISOR).asks("PUT", path, CARD)).status_code == 204
        assert (await people(LISTENER).asks("GET", path)).status_code == 403

    at_the_door(risk, tmp_path, visit)


def test_services_are_those_of_the_line(risk: ServiceUnderTest, tmp_path: Path) -> None:
    async def visit(people: People) -> None:
        told = (await people(LISTENER).asks("GET", "/rescue-services")).json()
        assert told["country"] == "FR"
        written = [each for each in told["services"] if each["in_writing"]]
        assert [each["number"] for each in written] == ["114"]

    at_the_door(risk, tmp_path, visit)
