"""The roster on a real database: what it keeps, announces and waits for."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from contracts.envelope import Reply, ReplyStatus
from contracts.roster import EligibilityEstablished, ImportVolunteers
from contracts.vocabulary import Channel, Refusal, Role
from services.bus.testing import ServiceUnderTest, service_under_test
from services.roster.app import SERVICE
from services.roster.store import VolunteerRow
from tests.roster.builders import (
    NOON,
    a_qualification,
    a_volunteer,
    an_accreditation,
    an_import,
    in_days,
)


@pytest.fixture
def roster(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


def ask(roster: ServiceUnderTest, wish: ImportVolunteers, **also: Any) -> Reply:
    return roster.ask(wish, "coordinator-1", Role.COORDINATOR, **also)


def counts(reply: Reply) -> tuple[int, ...]:
    assert reply.status is ReplyStatus.DONE
    assert reply.result is not None
    return tuple(reply.result[name] for name in ("established", "unchanged", "not_eligible"))


def announced(roster: ServiceUnderTest) -> list[tuple[str, float]]:
    """Person and days from noon until which each announcement holds."""
    return [
        (event.person_id, (event.valid_until - NOON) / timedelta(days=1))
        for event in roster.announced(EligibilityEstablished)
    ]


def test_import_is_kept_and_announced(roster: ServiceUnderTest) -> None:
    reply = ask(roster, an_import(a_volunteer("v-2"), a_volunteer("v-1")))
    assert counts(reply) == (2, 0, 0)
    events = roster.announced(EligibilityEstablished)
    assert [event.person_id for event in events] == ["v-1", "v-2"]
    assert events[0].qualification == a_qualification()
    assert (events[0].programme, events[0].valid_until) == ("sos-crise", in_days(100))
    assert roster.deadlines() == {
        ("lapse", "sos-crise/v-1"): in_days(100),
        ("lapse", "sos-crise/v-2"): in_days(100),
    }


def test_person_unchanged_announces_nothing(roster: ServiceUnderTest) -> None:
    both = (an_accreditation(Channel.PHONE), an_accreditation(Channel.CHAT))
    ask(roster, an_import(a_volunteer("v-1", a_qualification(*both)), a_volunteer("v-2")))
    again = ask(
        roster,
        an_import(a_volunteer("v-2"), a_volunteer("v-1", a_qualification(*reversed(both)))),
    )
    assert counts(again) == (0, 2, 0)
    more = a_qualification(an_accreditation(days=200))
    assert counts(ask(roster, an_import(a_volunteer("v-1", more)))) == (1, 0, 0)
    assert announced(roster) == [("v-1", 100), ("v-2", 100), ("v-1", 200)]


def test_flawed_import_takes_nothing(roster: ServiceUnderTest) -> None:
    reply = ask(roster, an_import(a_volunteer("v-1"), a_volunteer("v-2"), a_volunteer("v-1")))
    assert (reply.refusal, reply.field) == (Refusal.INVALID_FIELD, "volunteers.2.person_id")
    assert announced(roster) == []
    assert roster.read(lambda session: session.exec(select(VolunteerRow)).all()) == []


def test_only_a_coordinator_imports(roster: ServiceUnderTest) -> None:
    reply = roster.ask(an_import(a_volunteer("v-1")), "v-1", Role.LISTENER)
    assert reply.refusal is Refusal.ROLE_NOT_PERMITTED


def test_lapsed_accreditation_is_accepted_and_makes_nobody_eligible(
    roster: ServiceUnderTest,
) -> None:
    lapsed = a_qualification(an_accreditation(days=-1), roles=(Role.LISTENER, Role.COORDINATOR))
    reply = ask(roster, an_import(a_volunteer("v-1", lapsed), a_volunteer("v-2")))
    assert counts(reply) == (2, 0, 1)
    first, _ = roster.announced(EligibilityEstablished)
    assert first.qualification.roles == (Role.COORDINATOR,)
    assert first.valid_until < first.established_at
    assert ("lapse", "sos-crise/v-1") not in roster.deadlines()
    assert counts(ask(roster, an_import(a_volunteer("v-1", lapsed)))) == (0, 1, 1)


def test_each_lapse_is_announced_at_its_time(roster: ServiceUnderTest) -> None:
    two = a_qualification(an_accreditation(Channel.PHONE, 30), an_accreditation(Channel.CHAT, 10))
    ask(roster, an_import(a_volunteer("v-1", two)))
    assert roster.fire_deadlines() == 0
    roster.at(in_days(10))
    assert roster.fire_deadlines() == 1
    roster.at(in_days(31))
    assert roster.fire_deadlines() == 1
    assert roster.deadlines() == {}
    assert announced(roster) == [("v-1", 10), ("v-1", 30), ("v-1", 30)]
    *_, one_channel, nothing = roster.announced(EligibilityEstablished)
    assert [a.channel for a in one_channel.qualification.accreditations] == [Channel.PHONE]
    assert nothing.qualification.roles == ()


def test_renewed_accreditation_moves_the_lapse(roster: ServiceUnderTest) -> None:
    ask(roster, an_import(a_volunteer("v-1", a_qualification(an_accreditation(days=10)))))
    renewed = a_qualification(an_accreditation(days=40))
    ask(roster, an_import(a_volunteer("v-1", renewed)))
    roster.at(in_days(11))
    assert roster.fire_deadlines() == 0
    assert announced(roster) == [("v-1", 10), ("v-1", 40)]


def test_accreditation_taken_away_leaves_nothing_to_lapse(roster: ServiceUnderTest) -> None:
    ask(roster, an_import(a_volunteer("v-1")))
    ask(roster, an_import(a_volunteer("v-1", a_qualification(an_accreditation(days=-1)))))
    assert roster.deadlines() == {}


def test_import_between_a_lapse_and_its_deadline_tells_of_it(roster: ServiceUnderTest) -> None:
    two = a_qualification(an_accreditation(Channel.PHONE, 30), an_accreditation(Channel.CHAT, 10))
    ask(roster, an_import(a_volunteer("v-1", two)))
    roster.at(in_days(10))
    assert counts(ask(roster, an_import(a_volunteer("v-1", two)))) == (1, 0, 0)
    assert roster.fire_deadlines() == 0
    assert announced(roster) == [("v-1", 10), ("v-1", 30)]


def test_versions_of_a_person_are_dense_in_each_line(roster: ServiceUnderTest) -> None:
    ask(roster, an_import(a_volunteer("v-1")))
    ask(roster, an_import(a_volunteer("v-1")), programme="sos-other")
    ask(roster, an_import(a_volunteer("v-1", a_qualification(an_accreditation(days=7)))))
    with roster.session() as session:
        outbox = roster.ledger.outbox
        rows = session.execute(outbox.select().order_by(outbox.c.sequence)).all()
    assert [(row.aggregate, row.version) for row in rows] == [
        ("eligibility:sos-crise/v-1", 1),
        ("eligibility:sos-other/v-1", 1),
        ("eligibility:sos-crise/v-1", 2),
    ]


def test_largest_import_is_taken_in_one_go(roster: ServiceUnderTest) -> None:
    volunteers = [a_volunteer(f"v-{number}") for number in range(200)]
    assert counts(ask(roster, an_import(*volunteers))) == (200, 0, 0)
    assert len(announced(roster)) == len(roster.deadlines()) == 200
