"""The gauges say who waits, how long and who is there, as the ledger has it at the scrape."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from contracts.synthetic import RESERVED
from contracts.vocabulary import Channel, LiveState, Role, Stage
from services.assignment import store
from services.assignment.app import SERVICE
from services.assignment.standing import set_gauges
from services.assignment.store import ContactRow, PersonRow, TermsRow
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.work import new_id
from tests.assignment.builders import SOS, published_terms

NOON = datetime(2020, 4, 6, 12, 0, tzinfo=UTC)


@pytest.fixture
def floor(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


def a_contact(
    seconds: int,
    state: str = store.WAITING,
    channel: Channel = Channel.PHONE,
    stage: Stage = Stage.LISTENER,
) -> ContactRow:
    since = NOON - timedelta(seconds=seconds)
    return ContactRow(
        contact_id=new_id(),
        programme=SOS,
        state=state,
        waiting_since=since,
        joined_at=since,
        channel=channel,
        stage=stage,
    )


def a_person(person_id: str, state: LiveState) -> PersonRow:
    return PersonRow(
        person_id=person_id, programme=SOS, role=Role.LISTENER, state=state, since=NOON
    )


def keep(floor: ServiceUnderTest, *rows: ContactRow | PersonRow) -> None:
    with floor.session() as session, session.begin():
        session.add_all(rows)


def keep_terms(floor: ServiceUnderTest, *programmes: str) -> None:
    terms = published_terms().terms.model_dump(mode="json")
    with floor.session() as session, session.begin():
        session.add_all(
            TermsRow(
                programme=programme,
                programme_version=1,
                effective_at=NOON,
                rules_version="1",
                terms=terms,
            )
            for programme in programmes
        )


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"helpline_assignment_{name}", {"programme": SOS, **labels})


def test_who_waits_and_how_long_by_line_and_nobody_who_has_gone(floor: ServiceUnderTest) -> None:
    keep(
        floor,
        a_contact(40),
        a_contact(90, store.OFFERED),
        a_contact(900, store.TAKEN),
        a_contact(9000, channel=Channel.MESSAGE),
        a_contact(7, stage=Stage.REGULATOR),
    )
    floor.read(set_gauges)
    listeners, regulators = {"stage": "listener"}, {"stage": "regulator"}
    assert shown("waiting_contacts", **listeners) == 2
    assert shown("oldest_wait_seconds", **listeners) == pytest.approx(90, abs=1)
    assert shown("waiting_contacts", **regulators) == 1


def test_a_line_where_nobody_waits_any_more_says_none(floor: ServiceUnderTest) -> None:
    keep(floor, waiting := a_contact(40), a_person("p1", LiveState.READY))
    floor.read(set_gauges)
    with floor.session() as session, session.begin():
        session.merge(waiting).state = store.TAKEN
        session.get_one(PersonRow, "p1").state = LiveState.TALKING
    floor.read(set_gauges)
    assert shown("waiting_contacts", stage="listener") == 0
    assert shown("oldest_wait_seconds", stage="listener") == 0
    assert shown("people_on_duty", role="listener", state="ready") == 0
    assert shown("people_on_duty", role="listener", state="talking") == 1


def test_who_is_off_duty_is_not_there(floor: ServiceUnderTest) -> None:
    keep(floor, a_person("p1", LiveState.OFF_DUTY), a_person("p2", LiveState.RESTING))
    floor.read(set_gauges)
    assert shown("people_on_duty", role="listener", state="off_duty") is None
    assert shown("people_on_duty", role="listener", state="resting") == 1


def test_a_line_says_that_nobody_waits_and_counts_offers_from_none_before_anybody_calls(
    floor: ServiceUnderTest,
) -> None:
    quiet = f"quiet-{new_id()}"
    keep_terms(floor, quiet, RESERVED)
    assert shown("offers_total", programme=quiet, stage="listener") is None
    floor.read(set_gauges)
    for stage in Stage:
        assert shown("offers_total", programme=quiet, stage=stage.value) == 0
        assert shown("waiting_contacts", programme=quiet, stage=stage.value) == 0
        assert shown("oldest_wait_seconds", programme=quiet, stage=stage.value) == 0
        for name in ("offers_total", "waiting_contacts", "oldest_wait_seconds"):
            assert shown(name, programme=RESERVED, stage=stage.value) is None
