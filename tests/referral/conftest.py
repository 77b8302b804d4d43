"""Referral on a real database, with the directory that comes with a release."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.envelope import ReplyStatus
from contracts.referral import VerifyRelay
from contracts.vocabulary import Role
from deploy.directory_kept import keep_directory
from services.bus.testing import ServiceUnderTest, service_under_test
from services.referral.app import SERVICE
from tests.referral.builders import RELAY
from tests.triage.builders import NOON, a_take, an_opened_contact


@pytest.fixture
def referral(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        keep_directory(under_test.owner_dsn)
        yield under_test


@pytest.fixture
def held(referral: ServiceUnderTest) -> ServiceUnderTest:
    """A contact is with regulator-1, and 3114 has been verified."""
    for event in (an_opened_contact(), a_take()):
        referral.deliver(event)
    verify = VerifyRelay(relay_id=RELAY, verified=True)
    assert referral.ask(verify, "coordinator-1", Role.COORDINATOR).status is ReplyStatus.DONE
    return referral
