"""Quality holds no identifier of a person on duty: not in a table, a label, an event or an export.

A history full of a canary goes through everything quality does; then everything quality wrote is
read, the bus's own tables of its schema included.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, generate_latest
from sqlalchemy import text

from contracts.quality import HourCounted
from contracts.referral import RelayOutcomeGiven
from contracts.vocabulary import (
    Clock,
    LiveState,
    LiveStateReason,
    Outcome,
    ReferralClosing,
    RelayId,
    RelayOutcome,
    Stage,
    WithdrawalReason,
)
from services.bus.testing import ServiceUnderTest, service_under_test
from services.quality.app import SERVICE
from tests.quality.builders import (
    CANARY,
    NOON,
    AContact,
    a_change,
    a_published_programme,
    at,
)

REGULATOR, LISTENER = Stage.REGULATOR, Stage.LISTENER
#: Words by which a column or a field would name somebody on duty.
_NAMES_SOMEBODY = re.compile(r"person|people|listener_id|volunteer|actor|decided_by|session|who")


@pytest.fixture
def after_a_day(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    """Every kind of event has been handled, every figure counted, most of it twice."""
    a, b = AContact("a"), AContact("b")
    events = (
        a_published_programme(),
        a.opened(),
        a.made(REGULATOR, 1),
        a.taken(REGULATOR, 12),
        a.triaged(60),
        a.sent_untriaged(61),
        a.offered_way_out(61),
        a.declared_urgent(61),
        a.made(LISTENER, 62, "1"),
        a.declined(LISTENER, 63, "1"),
        a.made(LISTENER, 64, "2"),
        a.expired(LISTENER, 84, "2"),
        a.taken(LISTENER, 90, 60, "3"),
        a.alert_raised(100),
        a.alert_taken(120, 100),
        a.first_read(130, 10),
        a.answered(140, 10),
        a.rang(70, 60, Clock.ANSWER),
        a.asks(60),
        a.referral_closed(800, ReferralClosing.TAKEN_UP),
        a.ended(700, stage=LISTENER),
        b.opened(),
        b.taken(REGULATOR, 30),
        b.withdrawn(REGULATOR, 31, WithdrawalReason.CONTACT_ENDED),
        b.ended(30, Outcome.ABANDONED),
        a_change(LiveState.READY, -700, 90, LiveState.TALKING, LiveStateReason.OFFER_TAKEN),
        a_change(LiveState.TALKING, 90, 700, LiveState.WRAPPING_UP),
        RelayOutcomeGiven(
            programme=a.opened().programme,
            relay_id=RelayId("fr-3114"),
            outcome=RelayOutcome.HELPED,
            hour=NOON,
        ),
    )
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as quality:
        for event in events:
            # As assignment names them: a person's facts are counted by person.
            person = getattr(event, "person_id", None)
            aggregate = f"person:{person}" if person else None
            quality.deliver(event, aggregate=aggregate)
            quality.deliver(event, aggregate=aggregate)
            quality.deliver(event, aggregate=aggregate, version=2)
        assert {type(event) for event in events} == {on.event for on in SERVICE.consumes}
        for seconds in (3900, 7500, 11_100):
            quality.at(at(seconds))
            quality.fire_deadlines()
        yield quality


def rows_as_text(quality: ServiceUnderTest) -> dict[str, str]:
    """Every row of every table of the schema, as text."""
    with quality.session() as session:
        names = session.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'quality'")
        ).scalars()
        return {
            name: "\n".join(
                session.execute(
                    text(f'SELECT to_jsonb(t)::text FROM quality."{name}" AS t')
                ).scalars()
            )
            for name in names
        }


def test_no_row_of_any_table_names_a_person(after_a_day: ServiceUnderTest) -> None:
    rows = rows_as_text(after_a_day)
    assert {"contact", "duty", "hour", "wait", "outcome", "inbox", "outbox", "seen"} <= rows.keys()
    assert all(
        rows[name] for name in ("contact", "duty", "hour", "wait", "tally", "inbox", "outbox")
    )
    assert [name for name, held in rows.items() if CANARY in held] == []


def test_no_column_could_name_a_person(after_a_day: ServiceUnderTest) -> None:
    with after_a_day.session() as session:
        columns = session.execute(
            text(
                "SELECT table_name || '.' || column_name FROM information_schema.columns "
                "WHERE table_schema = 'quality'"
            )
        ).scalars()
        assert [name for name in columns if _NAMES_SOMEBODY.search(name)] == []


def test_no_event_or_envelope_names_a_person(after_a_day: ServiceUnderTest) -> None:
    assert after_a_day.announced(HourCounted)
    assert [name for name in HourCounted.model_fields if _NAMES_SOMEBODY.search(name)] == []
    assert {on.__name__ for on in SERVICE.publishes} == {"HourCounted"}


def test_no_label_names_a_person(after_a_day: ServiceUnderTest) -> None:
    exported = generate_latest(REGISTRY).decode()
    lines = [line for line in exported.splitlines() if line.startswith("helpline_quality_")]
    labels = {label for line in lines for label in re.findall(r'[{,](\w+)="', line)}
    assert labels == {"programme", "kind", "stage", "priority", "outcome", "le"}
    assert CANARY not in exported
