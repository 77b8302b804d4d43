"""The gauges say what a person agreed to and nobody has sent."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from services.bus.testing import ServiceUnderTest
from services.referral.standing import set_gauges
from tests.referral.test_handlers import consent, propose, send
from tests.triage.builders import NOON


def shown(name: str) -> float | None:
    return REGISTRY.get_sample_value(f"helpline_referral_{name}", {"programme": "sos-crise"})


def test_a_yes_that_was_not_acted_on_ages_until_it_is_sent(held: ServiceUnderTest) -> None:
    referral_id = propose(held)
    held.read(set_gauges)
    assert not shown("unsent_referrals")
    consent(held, referral_id)
    held.at(NOON + timedelta(minutes=3))
    held.read(set_gauges)
    assert shown("unsent_referrals") == 1
    assert shown("oldest_unsent_seconds") == pytest.approx(180, abs=1)
    send(held, referral_id)
    held.read(set_gauges)
    assert (shown("unsent_referrals"), shown("oldest_unsent_seconds")) == (0, 0)
