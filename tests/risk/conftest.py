"""Risk on a database of its own: nobody known, or a whole line with a contact in hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.vocabulary import Role, Stage
from services.bus.testing import ServiceUnderTest, service_under_test
from services.risk.app import SERVICE
from tests.risk.builders import (
    LISTENER,
    NOON,
    PROFESSIONAL,
    REGULATOR,
    SUPERVISOR,
    a_published_programme,
    a_take,
    in_the_roster,
)


@pytest.fixture
def empty(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    """Nothing was heard of anybody."""
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


@pytest.fixture
def risk(empty: ServiceUnderTest) -> ServiceUnderTest:
    """A contact is with listener-1; a supervisor, a regulator and a professional are there."""
    for event in (
        a_published_programme(),
        a_take(REGULATOR, Stage.REGULATOR),
        a_take(),
        in_the_roster(SUPERVISOR, Role.SUPERVISOR),
        in_the_roster(REGULATOR, Role.REGULATOR),
        in_the_roster(LISTENER, Role.LISTENER),
        in_the_roster(PROFESSIONAL, Role.DUTY_PROFESSIONAL),
    ):
        empty.deliver(event)
    return empty
