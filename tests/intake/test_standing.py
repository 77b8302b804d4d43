"""The gauges say which lines are open by their hours, and whether anybody is there."""

from datetime import timedelta

from prometheus_client import REGISTRY

from contracts.envelope import ReplyStatus
from contracts.vocabulary import Channel
from services.bus.testing import ServiceUnderTest
from services.intake import store
from services.intake.standing import set_gauges
from tests.intake.builders import (
    LINE,
    a_regulator,
    a_triage,
    apply_line,
    leave_contact,
    open_contact,
)
from tests.intake.conftest import NOON


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"helpline_intake_line_{name}", {"programme": LINE, **labels})


def test_a_line_is_open_in_its_hours_and_staffed_when_somebody_said_so(
    intake: ServiceUnderTest,
) -> None:
    apply_line(intake)
    intake.read(set_gauges)
    assert (shown("open", channel="phone"), shown("staffed")) == (1, 0)
    with intake.session() as session, session.begin():
        store.keep_duty(session, LINE, True, NOON)
    intake.read(set_gauges)
    assert shown("staffed") == 1
    intake.at(NOON + timedelta(hours=12))
    intake.read(set_gauges)
    assert shown("open", channel="phone") == 0


def test_callers_who_wait_are_told_until_somebody_has_them_or_they_leave(
    intake: ServiceUnderTest,
) -> None:
    def waiting() -> float | None:
        intake.read(set_gauges)
        name = "helpline_intake_waiting_contacts"
        return REGISTRY.get_sample_value(name, {"programme": LINE})

    apply_line(intake)
    assert waiting() == 0
    first, second = (open_contact(intake) for _ in range(2))
    assert waiting() == 2
    intake.deliver(a_regulator(first).taken())
    assert waiting() == 1
    intake.deliver(a_triage(first))  # who waits again, for a listener
    assert waiting() == 2
    with intake.session() as session, session.begin():
        session.get_one(store.ContactRow, second).channel = Channel.MESSAGE
    assert waiting() == 1, "who wrote a message has gone, and waits by clocks"
    assert leave_contact(intake, first).status is ReplyStatus.DONE
    assert waiting() == 0
