"""The gauges say which alerts stand and how long nobody has taken one."""

import pytest
from prometheus_client import REGISTRY

from contracts.risk import AcknowledgeAlert
from contracts.vocabulary import Role
from services.bus.testing import ServiceUnderTest
from services.risk.standing import set_gauges
from tests.risk.builders import SUPERVISOR, after
from tests.risk.test_handlers import raised


def shown(name: str, **labels: str) -> float | None:
    named = {"programme": "sos-crise", **labels}
    return REGISTRY.get_sample_value(f"helpline_risk_{name}", named)


def test_an_alert_nobody_has_taken_ages_until_somebody_does(risk: ServiceUnderTest) -> None:
    alert_id = raised(risk)
    risk.at(after(25))
    risk.read(set_gauges)
    assert shown("alerts", standing="open") == 1
    assert shown("oldest_untaken_seconds") == pytest.approx(25, abs=1)
    risk.ask(AcknowledgeAlert(alert_id=alert_id), SUPERVISOR, Role.SUPERVISOR)
    risk.read(set_gauges)
    assert shown("alerts", standing="open") == 0
    assert shown("alerts", standing="taken") == 1
    assert shown("oldest_untaken_seconds") == 0
