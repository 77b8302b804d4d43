"""The gauges say which lines are open by their hours, and whether anybody is there."""

from datetime import timedelta

from prometheus_client import REGISTRY

from services.bus.testing import ServiceUnderTest
from services.intake import store
from services.intake.standing import set_gauges
from tests.intake.builders import LINE, apply_line
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
