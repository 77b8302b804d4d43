"""What is known of a contact goes when it must, in every service, and nothing else goes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from contracts.contact import ContactEnded
from services.bus.forgetting import FORGET, MOST_AT_ONCE, Forgetting
from services.bus.table import Service
from services.bus.testing import ServiceUnderTest, service_under_test
from services.registry import SERVICES
from services.triage.app import SERVICE as TRIAGE
from tests.triage.builders import NOON, an_ended_contact

#: Tables beside a contact that are swept otherwise, or hold only what goes on now.
_SWEPT_OTHERWISE = frozenset(
    {
        "assignment.person",  # with whom a person is now
        "console.contact",  # a day after the end, with everything a screen shows
        "console.offer",
    }
)


@pytest.fixture
def triage(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(TRIAGE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


def known(triage: ServiceUnderTest) -> set[str]:
    query = text("SELECT contact_id FROM triage.contact")
    return set(triage.read(lambda session: {row[0] for row in session.execute(query)}))


def ended(number: int, kept_until: datetime) -> ContactEnded:
    contact = f"00000000-0000-4000-8000-{number:012}"
    return an_ended_contact().model_copy(update={"contact_id": contact, "kept_until": kept_until})


def test_a_contact_is_known_until_it_must_be_forgotten(triage: ServiceUnderTest) -> None:
    until = NOON + timedelta(days=30)
    triage.deliver(ended(1, until))
    triage.at(until - timedelta(seconds=1))
    assert triage.fire_deadlines() == 0
    assert len(known(triage)) == 1
    triage.at(until)
    assert triage.fire_deadlines() == 1
    assert known(triage) == set()
    assert triage.deadlines() == {}


def test_each_contact_goes_by_its_own_terms(triage: ServiceUnderTest) -> None:
    triage.deliver(ended(1, NOON + timedelta(days=2)))
    triage.deliver(ended(2, NOON + timedelta(days=400)))
    triage.at(NOON + timedelta(days=3))
    triage.fire_deadlines()
    assert known(triage) == {ended(2, NOON).contact_id}
    assert [kind for kind, _ in triage.deadlines()] == [FORGET]


def test_all_that_are_due_go_at_once_and_the_rest_right_after(triage: ServiceUnderTest) -> None:
    for number in range(MOST_AT_ONCE + 5):
        triage.deliver(ended(number, NOON + timedelta(days=2)))
    triage.at(NOON + timedelta(days=2))
    assert triage.fire_deadlines() == 2
    assert known(triage) == set()
    assert triage.deadlines() == {}


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_every_table_beside_a_contact_is_swept(service: Service) -> None:
    """Intake's go with its texts, by a sweep of its own."""
    beside = {
        str(table) for table in service.tables.tables.values() if "contact_id" in table.columns
    }
    declared = {
        f"{service.name}.{table}"
        for due in service.deadlines
        if isinstance(due.handler, Forgetting)
        for table in due.handler.tables
        if isinstance(table, str)
    }
    if service.name != "intake":
        assert beside - _SWEPT_OTHERWISE == declared
