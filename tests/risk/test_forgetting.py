"""What risk knows of a contact goes with its retention; an alert nobody has ended keeps it."""

from datetime import timedelta

from sqlalchemy import text

from contracts.envelope import ReplyStatus
from contracts.risk import (
    AlertId,
    AlertRaised,
    DutyCallId,
    RaiseAlert,
    StandDownAlert,
    StandDownReason,
)
from contracts.vocabulary import Role
from services.bus.forgetting import ASKED_AGAIN_AFTER
from services.bus.testing import ServiceUnderTest
from services.risk.duty import AttemptRow, DutyCallRow
from tests.risk.builders import (
    ALERT,
    CONTACT,
    LINE,
    LISTENER,
    NOON,
    PROFESSIONAL,
    SUPERVISOR,
    a_take,
    an_ended_contact,
)

UNTIL = NOON + timedelta(days=2)


def kept(risk: ServiceUnderTest, table: str) -> int:
    query = text(f"SELECT count(*) FROM risk.{table}")
    return int(risk.read(lambda session: session.execute(query).scalar_one()))


def a_call_was_tried(risk: ServiceUnderTest, alert: AlertId) -> None:
    call = DutyCallRow(
        call_id=DutyCallId(ALERT),
        alert_id=alert,
        contact_id=CONTACT,
        programme=LINE,
        person_id=PROFESSIONAL,
        way="webhook",
        round=1,
        made_at=NOON,
        expires_at=NOON,
        try_at=NOON,
        state="lapsed",
    )
    with risk.session() as session, session.begin():
        session.add_all(
            (call, AttemptRow(call_id=call.call_id, number=1, ended_at=NOON, milliseconds=3))
        )


def test_an_alert_nobody_has_ended_keeps_its_contact(risk: ServiceUnderTest) -> None:
    risk.deliver(a_take())
    risk.ask(RaiseAlert(contact_id=CONTACT), LISTENER, Role.LISTENER)
    risk.deliver(an_ended_contact().model_copy(update={"kept_until": UNTIL}))
    risk.at(UNTIL)
    risk.fire_deadlines()
    assert (kept(risk, "contact"), kept(risk, "alert")) == (1, 1)
    (raised,) = risk.announced(AlertRaised)
    a_call_was_tried(risk, raised.alert_id)
    end = StandDownAlert(alert_id=raised.alert_id, reason=StandDownReason.FALSE_ALERT)
    assert risk.ask(end, SUPERVISOR, Role.SUPERVISOR).status is ReplyStatus.DONE
    chain = kept(risk, "audit")
    risk.at(UNTIL + ASKED_AGAIN_AFTER)
    risk.fire_deadlines()
    for table in ("contact", "alert", "duty_call", "call_attempt"):
        assert kept(risk, table) == 0, table
    assert kept(risk, "audit") == chain, "the chain holds no case and stays"
