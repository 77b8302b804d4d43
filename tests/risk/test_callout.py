"""Calls to the duty professional: carried out after the commit, each attempt kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from contracts.risk import (
    AcknowledgeAlert,
    AlertId,
    AlertUnreached,
    CallWay,
    DutyCallDelivered,
    DutyCalled,
    DutyCallLapsed,
    RaiseAlert,
    UnreachedWhy,
)
from contracts.vocabulary import PersonId, Role
from services.bus.testing import ServiceUnderTest
from services.risk.callout import Callout
from services.risk.door import build
from services.risk.duty import AttemptRow, DutyCallRow
from services.risk.settings import Settings
from tests.risk.builders import CONTACT, LISTENER, PROFESSIONAL, after, in_the_roster
from tests.risk.doors import RiskDoor, Visitor, a_capability, settings_in
from tests.risk.receiver import Receiver, a_receiver


def visit(
    risk: ServiceUnderTest, settings: Settings, act: Callable[[Visitor], Coroutine[Any, Any, None]],
    person: PersonId = PROFESSIONAL,
) -> None:  # fmt: skip
    import httpx

    async def run() -> None:
        transport = httpx.ASGITransport(build(RiskDoor(risk), settings))
        token = a_capability(settings.keys_dir, person, Role.DUTY_PROFESSIONAL)
        async with httpx.AsyncClient(transport=transport, base_url="http://risk") as http:
            await act(Visitor(http, token))

    asyncio.run(run())


def can_be_called(
    risk: ServiceUnderTest, settings: Settings, receiver: Receiver, way: CallWay = CallWay.WEBHOOK,
    person: PersonId = PROFESSIONAL,
) -> None:  # fmt: skip
    """The duty professional says where they can be called."""

    async def say(visitor: Visitor) -> None:
        answer = await visitor.asks("PUT", f"/duty/reach/{way}", {"address": receiver.address})
        assert answer.status_code == 200, answer.text
        assert ("secret" in answer.json()) is (way is CallWay.WEBHOOK)

    visit(risk, settings, say, person)


def carry_out(risk: ServiceUnderTest, settings: Settings) -> int:
    async def run() -> int:
        return await Callout(RiskDoor(risk), settings).carry_out()

    return asyncio.run(run())


def raised_and_called(risk: ServiceUnderTest, until_seconds: float = 90) -> AlertId:
    reply = risk.ask(RaiseAlert(contact_id=CONTACT), LISTENER, Role.LISTENER)
    assert reply.result is not None
    for seconds in (30, until_seconds):
        risk.at(after(seconds))
        risk.fire_deadlines()
    return AlertId(reply.result["alert_id"])


def attempts(risk: ServiceUnderTest) -> list[tuple[int, int | None, str | None]]:
    rows = risk.read(lambda session: session.exec(select(AttemptRow)).all())
    return [(row.number, row.status, row.failure) for row in rows]


def at_once(risk: ServiceUnderTest) -> None:
    """Let the pause before the next attempt be over."""
    from sqlalchemy import text

    with risk.session() as session, session.begin():
        session.execute(text("UPDATE risk.duty_call SET try_at = '2000-01-01'"))


def test_receiver_is_called_at_90_s_and_has_it_once(risk: ServiceUnderTest, tmp_path: Path) -> None:
    with a_receiver() as receiver:
        settings = settings_in(tmp_path, receiver.origin)
        can_be_called(risk, settings, receiver)
        alert_id = raised_and_called(risk, 89)
        assert carry_out(risk, settings) == 0
        risk.at(after(90))
        risk.fire_deadlines()
        assert carry_out(risk, settings) == 1
        assert carry_out(risk, settings) == 0
        (received,) = receiver.received
    (called,), (delivered,) = risk.announced(DutyCalled), risk.announced(DutyCallDelivered)
    assert (called.alert_id, called.person_id, called.way) == (alert_id, PROFESSIONAL, "webhook")
    assert called.expires_at == after(150)
    assert received.headers["webhook-id"] == called.call_id == delivered.call_id
    assert (delivered.attempts, attempts(risk)) == (1, [(1, 204, None)])
    assert CONTACT not in received.body.decode()


def test_who_is_in_a_shift_is_called_before_the_others_of_the_list(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    """And who is in none is called too, in turn: a list is there to be reached."""
    in_a_shift = PersonId("professional-2")
    risk.deliver(
        in_the_roster(in_a_shift, Role.DUTY_PROFESSIONAL).model_copy(
            update={"shift_ends_at": after(3600)}
        )
    )
    with a_receiver() as receiver:
        settings = settings_in(tmp_path, receiver.origin)
        can_be_called(risk, settings, receiver)
        can_be_called(risk, settings, receiver, person=in_a_shift)
        raised_and_called(risk)
        risk.at(after(150))
        risk.fire_deadlines()
    assert [event.person_id for event in risk.announced(DutyCalled)] == [in_a_shift, PROFESSIONAL]


def test_delivered_is_not_taken_so_the_next_minute_calls_again(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    with a_receiver() as receiver:
        settings = settings_in(tmp_path, receiver.origin)
        can_be_called(risk, settings, receiver)
        raised_and_called(risk)
        carry_out(risk, settings)
        risk.at(after(150))
        risk.fire_deadlines()
        carry_out(risk, settings)
        ids = [each.headers["webhook-id"] for each in receiver.received]
    assert len(set(ids)) == 2


def test_call_that_does_not_get_through_is_tried_again_with_the_same_id(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    with a_receiver(503, 200) as receiver:
        settings = settings_in(tmp_path, receiver.origin)
        can_be_called(risk, settings, receiver)
        raised_and_called(risk)
        assert carry_out(risk, settings) == 1
        assert carry_out(risk, settings) == 0  # not before its pause
        at_once(risk)
        assert carry_out(risk, settings) == 1
        ids = {each.headers["webhook-id"] for each in receiver.received}
    assert (len(receiver.received), len(ids)) == (2, 1)
    assert attempts(risk) == [(1, 503, None), (2, 200, None)]
    assert [event.attempts for event in risk.announced(DutyCallDelivered)] == [2]


def test_receiver_that_is_gone_lapses_and_is_an_alarm(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    with a_receiver() as receiver:
        settings = settings_in(tmp_path, receiver.origin)
        can_be_called(risk, settings, receiver)
    raised_and_called(risk)
    carry_out(risk, settings)
    risk.at(after(150))
    risk.fire_deadlines()
    assert attempts(risk) == [(1, None, "connecterror")]
    (lapsed,) = risk.announced(DutyCallLapsed)
    assert (lapsed.attempts, lapsed.lapsed_at) == (1, after(150))
    why = [event.why for event in risk.announced(AlertUnreached)]
    assert why == [UnreachedWhy.NOT_ANSWERED]


def test_call_that_has_lapsed_is_not_carried_out(risk: ServiceUnderTest, tmp_path: Path) -> None:
    with a_receiver() as receiver:
        settings = settings_in(tmp_path, receiver.origin)
        can_be_called(risk, settings, receiver)
        raised_and_called(risk)
        risk.at(after(151))  # its deadline has not been handled yet
        assert carry_out(risk, settings) == 0
    assert receiver.received == []


def test_nobody_is_called_for_an_alert_somebody_has_by_now(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    with a_receiver() as receiver:
        settings = settings_in(tmp_path, receiver.origin)
        can_be_called(risk, settings, receiver)
        alert_id = raised_and_called(risk)
        risk.ask(AcknowledgeAlert(alert_id=alert_id), PROFESSIONAL, Role.DUTY_PROFESSIONAL)
        assert carry_out(risk, settings) == 0
        risk.at(after(150))
        risk.fire_deadlines()
    assert risk.announced(DutyCallLapsed) == []
    states = risk.read(lambda session: [row.state for row in session.exec(select(DutyCallRow))])
    assert states == ["not_needed"]


def test_address_not_on_the_list_is_refused_when_given_and_when_dialled(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    with a_receiver() as receiver:
        settings = settings_in(tmp_path, receiver.origin)
        can_be_called(risk, settings, receiver)
        nobody = settings_in(tmp_path)

        async def refused(visitor: Visitor) -> None:
            given = {"address": receiver.address}
            answer = await visitor.asks("PUT", "/duty/reach/webhook", given)
            assert (answer.status_code, answer.json()["field"]) == (400, "address")

        visit(risk, nobody, refused)
        raised_and_called(risk)
        carry_out(risk, nobody)
    assert receiver.received == []
    assert attempts(risk) == [(1, None, "not_allowed_to_dial")]


def test_every_way_of_a_person_is_tried_at_once(risk: ServiceUnderTest, tmp_path: Path) -> None:
    with a_receiver() as hook, a_receiver(201) as push:
        settings = settings_in(tmp_path, hook.origin, push.origin)
        can_be_called(risk, settings, hook)
        can_be_called(risk, settings, push, CallWay.PUSH)
        raised_and_called(risk)
        assert carry_out(risk, settings) == 2
        (pushed,) = push.received
        assert pushed.body == b""
        assert pushed.headers["authorization"].startswith("vapid t=")
        assert len(hook.received) == 1


def test_duty_professional_who_left_no_address_is_an_alarm_of_its_own(
    risk: ServiceUnderTest,
) -> None:
    raised_and_called(risk)
    why = [event.why for event in risk.announced(AlertUnreached)]
    assert why == [UnreachedWhy.NO_WAY_TO_CALL]
    assert risk.announced(DutyCalled) == []


def test_next_of_the_list_is_called_after_a_minute(risk: ServiceUnderTest, tmp_path: Path) -> None:
    second = PersonId("professional-2")
    risk.deliver(in_the_roster(second, Role.DUTY_PROFESSIONAL))
    with a_receiver() as receiver:
        settings = settings_in(tmp_path, receiver.origin)
        for person in (PROFESSIONAL, second):
            can_be_called(risk, settings, receiver, person=person)
        raised_and_called(risk)
        for seconds in (150, 210):
            risk.at(after(seconds))
            risk.fire_deadlines()
    people = [event.person_id for event in risk.announced(DutyCalled)]
    assert people == [PROFESSIONAL, second, PROFESSIONAL]


def test_address_is_kept_nowhere_in_the_clear(
    risk: ServiceUnderTest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from sqlalchemy import text

    with a_receiver(503) as receiver, caplog.at_level("DEBUG", logger="services"):
        settings = settings_in(tmp_path, receiver.origin)
        can_be_called(risk, settings, receiver)
        raised_and_called(risk)
        carry_out(risk, settings)
    with risk.session() as session:
        tables = ("reach", "duty_call", "call_attempt", "outbox", "inbox")
        dump = [
            str(row)
            for table in tables
            for row in session.execute(text(f"SELECT to_jsonb(t)::text FROM risk.{table} t"))
        ]
    assert len(dump) > len(tables)
    assert not any("very-private-path" in row for row in dump)
    assert not any("very-private-path" in str(record.__dict__) for record in caplog.records)
