"""One transaction for each piece of work: what commits together, what a repeat does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from contracts.contact import ContactEnded, ContactOpened, EndContact
from contracts.envelope import ReplyStatus
from contracts.vocabulary import (
    Channel,
    ContactId,
    LanguageCode,
    Outcome,
    ProgrammeId,
    Refusal,
    Role,
    Stage,
)
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.transact import Verdict
from services.bus.work import new_id
from tests.bus.tally import PLANTED, TALLY, Tally

NOON = datetime(2020, 4, 6, 12, 0, tzinfo=UTC)


def an_opened_contact() -> ContactOpened:
    return ContactOpened(
        contact_id=ContactId(new_id()),
        programme=ProgrammeId("sos-crise"),
        programme_version=1,
        channel=Channel.PHONE,
        language=LanguageCode.UNKNOWN,
        first_stage=Stage.REGULATOR,
        opened_at=NOON,
    )


@pytest.fixture
def tally(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(TALLY, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


def seen(tally: ServiceUnderTest, contact_id: str) -> int:
    row = tally.read(lambda session: session.get(Tally, contact_id))
    return 0 if row is None else row.seen


def test_state_inbox_and_outbox_commit_in_one_transaction(tally: ServiceUnderTest) -> None:
    opened = an_opened_contact()
    tally.deliver(opened)
    with tally.session() as session:
        rows = session.execute(
            text(
                "SELECT i.txid AS cause, o.txid AS effect FROM intake.outbox o JOIN intake.inbox i "
                "ON o.envelope->>'caused_by' = i.id"
            )
        ).all()
    assert [row.cause == row.effect for row in rows] == [True]
    assert seen(tally, opened.contact_id) == 1


def test_what_no_server_has_yet_is_as_old_as_its_oldest_row(tally: ServiceUnderTest) -> None:
    assert tally.read(tally.ledger.standing) == (0, 0, 0)
    tally.deliver(an_opened_contact())
    tally.deliver(an_opened_contact())
    older = "UPDATE intake.outbox SET committed_at = committed_at - interval '1 minute'"
    with tally.session() as session, session.begin():
        session.execute(text(f"{older} WHERE sequence = 1"))
    parked, age_seconds, _ = tally.read(tally.ledger.standing)
    assert parked == 0
    assert age_seconds == pytest.approx(60, abs=20)


def test_transaction_that_stays_open_is_told_and_only_to_its_own_service(
    tally: ServiceUnderTest,
) -> None:
    owner = tally.owner_dsn.replace("+psycopg", "")
    with tally.session() as holding, psycopg.connect(owner) as own:
        own.execute("SELECT pg_sleep(1)")  # the owner's is older, and not this service's
        holding.execute(text("SELECT pg_sleep(0.2)"))
        *_, transaction_seconds = tally.read(tally.ledger.standing)
        holding.rollback()
    assert 0.2 <= transaction_seconds < 1
    assert tally.read(tally.ledger.standing)[2] == 0


def test_event_delivered_twice_has_one_effect(tally: ServiceUnderTest) -> None:
    opened = an_opened_contact()
    assert tally.deliver(opened).verdict is Verdict.HANDLED
    assert tally.deliver(opened).verdict is Verdict.DUPLICATE
    assert seen(tally, opened.contact_id) == 1
    assert len(tally.announced(ContactEnded)) == 1


def test_older_event_of_an_aggregate_is_recorded_and_skipped(tally: ServiceUnderTest) -> None:
    opened = an_opened_contact()
    tally.deliver(opened, version=2)
    assert tally.deliver(opened, version=1).verdict is Verdict.LATE
    assert seen(tally, opened.contact_id) == 1


def test_failed_handler_leaves_nothing_behind(tally: ServiceUnderTest) -> None:
    opened = an_opened_contact()
    PLANTED[opened.contact_id] = RuntimeError("planted")
    with pytest.raises(RuntimeError):
        tally.deliver(opened)
    del PLANTED[opened.contact_id]
    assert tally.announced() == []
    assert tally.deliver(opened).verdict is Verdict.HANDLED


def test_deadline_fires_once_it_is_due_and_not_before(tally: ServiceUnderTest) -> None:
    opened = an_opened_contact()
    tally.deliver(opened)
    tally.at(NOON + timedelta(seconds=59))
    assert tally.fire_deadlines() == 0
    tally.at(NOON + timedelta(seconds=61))
    assert tally.fire_deadlines() == 1
    assert tally.fire_deadlines() == 0
    assert seen(tally, opened.contact_id) == 11


def a_known_contact(tally: ServiceUnderTest) -> ContactId:
    opened = an_opened_contact()
    tally.deliver(opened)
    return opened.contact_id


def test_repeated_command_gets_the_same_reply_and_one_effect(tally: ServiceUnderTest) -> None:
    contact_id = a_known_contact(tally)
    command = EndContact(contact_id=contact_id, outcome=Outcome.LISTENED)
    id = new_id()
    first = tally.ask(command, "v00001", Role.LISTENER, command_id=id)
    again = tally.ask(command, "v00001", Role.LISTENER, command_id=id)
    assert first == again
    assert first.status is ReplyStatus.DONE
    assert seen(tally, contact_id) == 101


def test_repeated_command_with_another_body_is_refused(tally: ServiceUnderTest) -> None:
    contact_id = a_known_contact(tally)
    id = new_id()
    tally.ask(
        EndContact(contact_id=contact_id, outcome=Outcome.LISTENED),
        "v00001",
        Role.LISTENER,
        command_id=id,
    )
    other = EndContact(contact_id=contact_id, outcome=Outcome.REFERRED)
    reply = tally.ask(other, "v00001", Role.LISTENER, command_id=id)
    assert reply.refusal is Refusal.REPEATED_WITH_ANOTHER_BODY


def test_command_past_its_deadline_is_refused(tally: ServiceUnderTest) -> None:
    command = EndContact(contact_id=a_known_contact(tally), outcome=Outcome.LISTENED)
    reply = tally.ask(command, "v00001", Role.LISTENER, deadline=NOON - timedelta(seconds=1))
    assert reply.refusal is Refusal.PAST_DEADLINE


def test_command_without_the_role_is_refused(tally: ServiceUnderTest) -> None:
    command = EndContact(contact_id=a_known_contact(tally), outcome=Outcome.LISTENED)
    reply = tally.ask(command, "v00001", Role.COORDINATOR)
    assert reply.refusal is Refusal.ROLE_NOT_PERMITTED


def test_refusal_is_kept_and_changes_nothing(tally: ServiceUnderTest) -> None:
    id = new_id()
    command = EndContact(contact_id=ContactId(new_id()), outcome=Outcome.LISTENED)
    reply = tally.ask(command, "v00001", Role.LISTENER, command_id=id)
    assert reply.refusal is Refusal.UNKNOWN_CONTACT
    assert tally.ask(command, "v00001", Role.LISTENER, command_id=id) == reply


def test_role_of_a_service_has_no_rights_on_another_schema(tally: ServiceUnderTest) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ProgrammingError

    owner = create_engine(tally.owner_dsn)
    with owner.begin() as connection:
        connection.execute(text("CREATE SCHEMA other"))
        connection.execute(text("CREATE TABLE other.secret (n int)"))
    owner.dispose()
    with tally.session() as session, pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text("SELECT * FROM other.secret"))
    with tally.session() as session, pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text("UPDATE public.clock SET rate = 2"))
