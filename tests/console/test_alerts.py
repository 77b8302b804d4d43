"""Alerts on the desks: who is told, from the first second to the last."""

import json
from hashlib import sha256

import pytest

from contracts.risk import Standing
from contracts.vocabulary import PersonId, ProgrammeId, Role
from services.bus.testing import ServiceUnderTest
from services.console.messages import AlertShown
from services.console.pictures import desks_by_token, news_for, picture_of
from services.console.store import SessionRow
from tests.console import facts
from tests.console.facts import ALERT, LINE, LISTENER, NOON, REGULATOR, later

SUPERVISOR, PROFESSIONAL = PersonId("supervisor-1"), PersonId("professional-1")
PEOPLE = {
    LISTENER: Role.LISTENER,
    REGULATOR: Role.REGULATOR,
    SUPERVISOR: Role.SUPERVISOR,
    PROFESSIONAL: Role.DUTY_PROFESSIONAL,
}


def token_of(person_id: PersonId) -> str:
    return sha256(person_id.encode()).hexdigest()


def sits(console: ServiceUnderTest, person_id: PersonId, line: ProgrammeId = LINE) -> None:
    """A session is open: no duty was started, no offer made."""
    role = PEOPLE[person_id]
    console.deliver(facts.established(person_id, role))
    row = SessionRow(
        token_sha256=token_of(person_id),
        session_id="s",
        person_id=person_id,
        role=role.value,
        programme=line,
        opened_at=NOON,
        expires_at=later(3600),
    )
    with console.session() as session, session.begin():
        session.add(row)


@pytest.fixture
def desks(console: ServiceUnderTest) -> ServiceUnderTest:
    """Everybody has a session."""
    for person_id in PEOPLE:
        sits(console, person_id)
    return console


def told(console: ServiceUnderTest, person_id: PersonId) -> list[AlertShown]:
    """What a desk was told of alerts, oldest first."""
    news = console.read(lambda session: news_for(session, {person_id: 0}))
    return [AlertShown.model_validate_json(one.body) for one in news if one.kind == "alert"]


def pictured(console: ServiceUnderTest, person_id: PersonId) -> tuple[AlertShown, ...]:
    """What a desk shows of alerts when its page is loaded."""
    token = token_of(person_id)
    viewer = console.read(lambda session: desks_by_token(session, [token]))[token]
    return console.read(lambda session: picture_of(session, viewer, None)).state.alerts


def told_of_it(console: ServiceUnderTest) -> set[PersonId]:
    return {person_id for person_id in PEOPLE if told(console, person_id)}


def test_alert_is_on_every_supervisors_desk_and_on_that_of_who_raised_it(
    desks: ServiceUnderTest,
) -> None:
    desks.deliver(facts.alert_raised())
    assert told_of_it(desks) == {LISTENER, SUPERVISOR}
    (shown,) = told(desks, LISTENER)
    assert (shown.alert_id, shown.held_by, shown.next_at) == (ALERT, None, later(30))
    assert pictured(desks, SUPERVISOR) == (shown,)
    assert pictured(desks, REGULATOR) == ()


def test_next_people_are_told_when_it_goes_on(desks: ServiceUnderTest) -> None:
    desks.deliver(facts.alert_raised())
    desks.deliver(facts.alert_escalated(2), version=2)
    assert told_of_it(desks) == {LISTENER, SUPERVISOR, REGULATOR}
    desks.deliver(facts.alert_escalated(3), version=3)
    assert told_of_it(desks) == set(PEOPLE)
    assert [one.level for one in pictured(desks, PROFESSIONAL)] == [3]


def test_who_raised_it_sees_who_has_it(desks: ServiceUnderTest) -> None:
    desks.deliver(facts.alert_raised())
    desks.deliver(facts.alert_taken(SUPERVISOR), version=2)
    assert [one.held_by for one in told(desks, LISTENER)] == [None, SUPERVISOR]


def test_older_news_of_an_alert_change_nothing(desks: ServiceUnderTest) -> None:
    desks.deliver(facts.alert_taken(SUPERVISOR), version=2)
    desks.deliver(facts.alert_raised(), version=1)
    assert [one.standing for one in told(desks, SUPERVISOR)] == [Standing.TAKEN]


def test_nobody_reachable_stands_on_the_desk_until_somebody_takes_it(
    desks: ServiceUnderTest,
) -> None:
    desks.deliver(facts.alert_raised())
    desks.deliver(facts.alert_unreached(3), version=2)
    desks.deliver(facts.alert_escalated(3), version=3)
    desks.deliver(facts.alert_taken(PROFESSIONAL, Role.DUTY_PROFESSIONAL), version=4)
    unreached = [one.unreached is not None for one in told(desks, LISTENER)]
    assert unreached == [False, True, True, False]


def test_alert_that_is_over_leaves_the_picture(desks: ServiceUnderTest) -> None:
    desks.deliver(facts.alert_raised())
    over = facts.alert_raised(standing=Standing.CLOSED, next_at=None)
    desks.deliver(over, version=2)
    assert pictured(desks, SUPERVISOR) == ()


def test_supervisors_of_another_line_hear_nothing(console: ServiceUnderTest) -> None:
    sits(console, SUPERVISOR, ProgrammeId("sos-amitie"))
    console.deliver(facts.alert_raised())
    assert told(console, SUPERVISOR) == []


def kinds(console: ServiceUnderTest, person_id: PersonId) -> list[tuple[str, str]]:
    news = console.read(lambda session: news_for(session, {person_id: 0}))
    return [(one.kind, json.loads(one.body).get("came_of_it", "")) for one in news]


def test_rescue_is_told_to_whom_its_alert_is_told_also_when_it_is_heard_first(
    desks: ServiceUnderTest,
) -> None:
    desks.deliver(facts.rescue_started())
    desks.deliver(facts.rescue_failed(), version=2)
    for person_id in (LISTENER, SUPERVISOR):
        assert kinds(desks, person_id) == [("rescue", "started"), ("rescue", "failed")]
    assert kinds(desks, REGULATOR) == []


def test_lift_is_told_to_everybody_who_may_be_the_second_person(desks: ServiceUnderTest) -> None:
    desks.deliver(facts.lift_asked())
    for person_id in PEOPLE:
        assert kinds(desks, person_id) == [("lift", "asked")]


def test_report_that_is_owed_is_told_to_who_looks_after_it(desks: ServiceUnderTest) -> None:
    desks.deliver(facts.report_owed())
    assert kinds(desks, SUPERVISOR) == [("report", "owed")]
    assert kinds(desks, LISTENER) == []
