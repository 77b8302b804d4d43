"""A service that has a last day: after it nobody is led there, whoever imports nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.referral import FindRelays, ProposeReferral
from contracts.vocabulary import Departement, Need, Priority, Refusal, RelayId, Role
from services.bus.testing import ServiceUnderTest, service_under_test
from services.referral.app import SERVICE
from tests.referral.lists import row, taken
from tests.triage.builders import CONTACT, NOON, a_take, an_opened_contact

COVID = RelayId("fr-covid")


@pytest.fixture
def referral(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        for event in (an_opened_contact(), a_take()):
            under_test.deliver(event)
        yield under_test


def proposed(it: ServiceUnderTest) -> set[str]:
    found = it.ask(FindRelays(needs=(Need.COVID_INFO,)), "regulator-1", Role.REGULATOR).result
    assert found is not None
    return {each["relay_id"] for each in (*found["now"], *found["later"])}


def test_a_line_whose_last_day_has_passed_is_proposed_no_longer_without_an_import(
    referral: ServiceUnderTest,
) -> None:
    until = NOON.date() + timedelta(days=1)
    taken(referral, [row(COVID, needs=["covid_info"], valid_to=until.isoformat())])
    assert proposed(referral) == {COVID}
    referral.at(NOON + timedelta(days=1))
    assert proposed(referral) == {COVID}
    referral.at(NOON + timedelta(days=2))
    assert proposed(referral) == set()
    wish = ProposeReferral(
        contact_id=CONTACT,
        relay_id=COVID,
        need=Need.COVID_INFO,
        urgency=Priority.P2,
        departement=Departement("75"),
    )
    assert referral.ask(wish, "regulator-1", Role.REGULATOR).refusal is Refusal.RELAY_CLOSED


def test_a_line_that_has_not_begun_is_not_proposed_yet(referral: ServiceUnderTest) -> None:
    begins = NOON.date() + timedelta(days=1)
    taken(referral, [row(COVID, needs=["covid_info"], valid_from=begins.isoformat())])
    assert proposed(referral) == set()
    referral.at(NOON + timedelta(days=1))
    assert proposed(referral) == {COVID}
