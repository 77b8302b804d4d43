"""The gauges say what a person agreed to and nobody has sent."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from contracts.referral import VerifyRelay
from contracts.vocabulary import Role
from services.bus.testing import ServiceUnderTest
from services.referral.partners import partners
from services.referral.standing import set_gauges
from tests.referral.builders import RELAY
from tests.referral.test_handing import APLUS, OTHER, applied, handed, sent
from tests.referral.test_handlers import consent, propose, send
from tests.triage.builders import NOON

__all__ = ["handed"]  # the fixture of who has let a partner in


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


def of(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"helpline_referral_{name}", labels)


def test_what_a_partner_has_not_received_ages_until_it_has_it(handed: ServiceUnderTest) -> None:
    applied(handed, partner=OTHER, relays=())
    sent(handed)
    handed.at(NOON + timedelta(minutes=20))
    handed.read(set_gauges)
    assert of("awaited_referrals", partner=APLUS) == 1
    assert of("oldest_awaited_seconds", partner=APLUS) == pytest.approx(1200, abs=1)
    assert of("awaited_referrals", partner=OTHER) == 0
    assert of("standing_referrals", programme="sos-crise", state="sent") == 1

    with handed.session() as session, session.begin():
        partners.keep_posted(session, handed_as(handed))
    handed.read(set_gauges)
    assert of("awaited_referrals", partner=APLUS) == 0
    assert of("oldest_awaited_seconds", partner=APLUS) == 0


def test_a_partner_that_never_read_what_expired_is_behind_no_more(
    handed: ServiceUnderTest,
) -> None:
    sent(handed)
    handed.at(NOON + timedelta(hours=4))
    handed.fire_deadlines()
    handed.read(set_gauges)
    assert of("oldest_awaited_seconds", partner=APLUS) == 0
    assert of("standing_referrals", programme="sos-crise", state="expired") == 1


def handed_as(handed: ServiceUnderTest) -> str:
    query = text("SELECT event_id FROM referral.handed")
    return str(handed.read(lambda session: session.execute(query).scalar_one()))


def test_the_directory_says_how_much_of_it_was_checked(held: ServiceUnderTest) -> None:
    held.read(set_gauges)
    checked, other = (of("directory_relays", checked=word) for word in ("yes", "no"))
    assert checked
    assert other
    back = VerifyRelay(relay_id=RELAY, verified=False)
    held.ask(back, "coordinator-1", Role.COORDINATOR)
    held.read(set_gauges)
    assert of("directory_relays", checked="yes") == checked - 1
    assert of("directory_relays", checked="no") == other + 1
