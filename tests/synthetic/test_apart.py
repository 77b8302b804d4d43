"""Nobody is rung for the reserved programme, nobody stands behind it, and it is in no figure.

Each is held by who decides, on a real database, whatever the program that calls there does.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg
import pytest
from prometheus_client import REGISTRY

from contracts.assignment import StartDuty
from contracts.envelope import ReplyStatus
from contracts.quality import HourCounted
from contracts.roster import EligibilityEstablished
from contracts.synthetic import RESERVED, ROBOT
from contracts.vocabulary import Channel, LanguageCode, PersonId, Refusal, Role
from services.assignment.app import SERVICE as ASSIGNMENT
from services.bus.testing import ServiceUnderTest, service_under_test
from services.console.domain import SessionAsked, refuse_session
from services.intake import callers, standing
from services.intake.reader import Sound, read_manifest
from services.quality import store
from services.quality.app import SERVICE as QUALITY
from services.quality.recount import recount
from services.roster.app import SERVICE as ROSTER
from tests.assignment.builders import an_eligibility, published_terms
from tests.intake.builders import (
    TOKEN_SHA256,
    an_application,
    apply_line,
    leave_contact,
    open_contact,
)
from tests.intake.conftest import intake, provisioned_intake  # noqa: F401 used as fixtures
from tests.quality.builders import LINE, AContact, a_published_programme
from tests.roster.builders import a_volunteer, an_import

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
MANIFEST = Path(__file__).parents[2] / "deploy" / "synthetic" / "line.yaml"


def the_line() -> Sound:
    found = read_manifest(MANIFEST.read_bytes())
    assert isinstance(found, Sound), found
    return found


@pytest.fixture
def roster(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(ROSTER, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


@pytest.fixture
def floor(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    """A listener and the robot, each eligible wherever a roster gone wrong might say."""
    with service_under_test(ASSIGNMENT, fresh_database, tmp_path, NOON) as under_test:
        for programme in (LINE, RESERVED):
            told = {"programme": programme, "effective_at": NOON}
            under_test.deliver(published_terms().model_copy(update=told))
            for person in ("v00001", ROBOT):
                eligible = an_eligibility(person, Role.LISTENER, NOON.replace(year=2030))
                under_test.deliver(
                    eligible.model_copy(update={"programme": programme}),
                    aggregate=f"eligibility:{programme}/{person}",
                )
        yield under_test


def test_robot_is_accredited_by_its_line_and_nobody_is_brought_in_beside_it(
    roster: ServiceUnderTest,
) -> None:
    published = a_published_programme(programme=RESERVED)
    roster.deliver(published.model_copy(update={"terms": the_line().terms}))
    (known,) = roster.announced(EligibilityEstablished)
    assert (known.person_id, known.programme) == (ROBOT, RESERVED)
    for programme, person in ((RESERVED, "v-1"), (RESERVED, ROBOT), ("sos-crise", ROBOT)):
        asked = an_import(a_volunteer(person))
        reply = roster.ask(asked, "coordinator-1", Role.COORDINATOR, programme=programme)
        assert reply.refusal is Refusal.NOT_ELIGIBLE
    assert len(roster.announced(EligibilityEstablished)) == 1


@pytest.mark.parametrize(("person", "programme"), [("v00001", RESERVED), (ROBOT, LINE)])
def test_nobody_comes_on_duty_across_whatever_a_roster_says(
    floor: ServiceUnderTest, person: str, programme: str
) -> None:
    reply = floor.ask(StartDuty(), person, Role.LISTENER, programme=programme)
    assert reply.refusal is Refusal.NOT_ELIGIBLE


def test_each_may_come_on_duty_on_their_own_side(floor: ServiceUnderTest) -> None:
    for person, programme in (("v00001", LINE), (ROBOT, RESERVED)):
        reply = floor.ask(StartDuty(), person, Role.LISTENER, programme=programme)
        assert reply.status is ReplyStatus.DONE, reply


@pytest.mark.parametrize(("person", "programme"), [("v00001", RESERVED), (ROBOT, LINE)])
def test_ledger_itself_refuses_such_a_person_and_such_an_offer(
    floor: ServiceUnderTest,
    fresh_database: str,
    person: str,
    programme: str,
) -> None:
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.CheckViolation, match="robot_meets_nobody"):
            connection.execute(
                "INSERT INTO assignment.person (person_id, programme, role, state, since, held,"
                " missed_offers, consecutive_contacts, out_of_sight, version) VALUES"
                " (%s, %s, 'listener', 'ready', now(), '{}', 0, 0, false, 0)",
                (person, programme),
            )
        with pytest.raises(psycopg.errors.CheckViolation, match="robot_meets_nobody_offered"):
            connection.execute(
                "INSERT INTO assignment.offer (offer_id, contact_id, person_id, programme, channel,"
                " stage, state, made_at, expires_at, reasons, rules_version, eligibility_version,"
                " place, version) VALUES ('o', 'c', %s, %s, 'chat', 'listener', 'open', now(),"
                " now(), '{}', 'r', 1, 0, 0)",
                (person, programme),
            )


@pytest.mark.parametrize("role", [Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR])
def test_no_session_of_a_human_is_opened_on_the_reserved_programme(role: Role) -> None:
    asked = SessionAsked(PersonId("v00001"), role, RESERVED, None)
    assert refuse_session(asked, set(Role), True) is Refusal.ROLE_NOT_PERMITTED
    robot = SessionAsked(ROBOT, role, RESERVED, None)
    assert refuse_session(robot, {role}, True) is None


def test_contact_is_turned_away_while_a_caller_waits(
    intake: ServiceUnderTest,  # noqa: F811
) -> None:
    apply_line(intake)
    line = the_line()
    asked = an_application(programme=RESERVED, terms=line.terms, callers=line.callers)
    applied = intake.ask(asked, "o-fatou", Role.OPERATOR, programme=RESERVED)
    assert applied.status is ReplyStatus.DONE, applied
    arrival = callers.Arrival(RESERVED, Channel.CHAT, LanguageCode.FR, TOKEN_SHA256)
    knock = partial(callers.open_contact, arrival)
    waiting = open_contact(intake)
    assert intake.request(knock).refusal is Refusal.CALLERS_FIRST
    leave_contact(intake, waiting)
    assert intake.request(knock).status is ReplyStatus.DONE
    open_contact(intake)  # and a caller passes, whatever the robot does
    with intake.session() as session:
        standing.set_gauges(session)
    samples = [sample for metric in REGISTRY.collect() for sample in metric.samples]
    told = [each for each in samples if each.name.startswith("helpline_intake_line_")]
    assert told
    assert RESERVED not in {each.labels["programme"] for each in told}


def test_quality_keeps_and_counts_nothing_of_it(fresh_database: str, tmp_path: Path) -> None:
    contacts = [AContact("a", 0, LINE), AContact("b", 0, RESERVED)]
    with service_under_test(QUALITY, fresh_database, tmp_path, NOON) as quality:
        for programme in (LINE, RESERVED):
            quality.deliver(a_published_programme(programme=programme))
        for contact in contacts:
            quality.deliver(contact.opened())
        with quality.session() as session:
            assert {programme for programme, _ in store.hours_known(session)} == {LINE}
        assert {kind_and_key[1].split("/")[0] for kind_and_key in quality.deadlines()} == {LINE}
        assert not [e for e in quality.announced(HourCounted) if e.programme == RESERVED]
    counted = recount(contact.opened() for contact in contacts)
    assert {programme for programme, _ in counted} == {LINE}
