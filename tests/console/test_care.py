"""Debriefs on desks: the person sees theirs, supervisors of the line see them, nobody else does."""

from datetime import timedelta

import pytest

from contracts.care import DebriefClosed, DebriefEvent, DebriefOffered, DebriefOverdue
from contracts.vocabulary import (
    DebriefCause,
    DebriefClosing,
    DebriefId,
    PersonId,
    ProgrammeId,
    Role,
)
from services.bus.testing import ServiceUnderTest
from services.console.care import debriefs_for
from services.console.pictures import news_for
from tests.console.facts import LINE, LISTENER, NOON

DEBRIEF = DebriefId("7b1d3f52-8f07-4e0a-9a55-0b6b3f1c2d4e")


def a_fact(kind: type[DebriefEvent], owner: str | None = None, **more: object) -> DebriefEvent:
    return kind.model_validate(
        {
            "debrief_id": DEBRIEF,
            "programme": LINE,
            "person_id": LISTENER,
            "cause": DebriefCause.HARD_CONTACT,
            "owner": owner,
            "offered_at": NOON,
            "due_at": NOON + timedelta(days=3),
            **more,
        }
    )


def sees(console: ServiceUnderTest, who: str, role: Role, line: ProgrammeId = LINE) -> list[str]:
    """Where the debriefs are that somebody sees."""
    shown = console.read(lambda session: debriefs_for(session, PersonId(who), role, line))
    return [each.standing for each in shown]


WHO = {
    "the person": (LISTENER, Role.LISTENER, LINE, True),
    "another listener": ("v-9", Role.LISTENER, LINE, False),
    "a regulator": ("r-9", Role.REGULATOR, LINE, False),
    "the coordinator": ("c-1", Role.COORDINATOR, LINE, False),
    "the duty professional": ("d-1", Role.DUTY_PROFESSIONAL, LINE, False),
    "the supervisor who sees to it": ("s-1", Role.SUPERVISOR, LINE, True),
    "a supervisor of another line": ("s-3", Role.SUPERVISOR, ProgrammeId("sos-autre"), False),
    "another supervisor": ("s-2", Role.SUPERVISOR, LINE, False),
}


@pytest.mark.parametrize(("who", "role", "line", "seen"), WHO.values(), ids=WHO.keys())
def test_debrief_is_seen_by(
    console: ServiceUnderTest, who: str, role: Role, line: ProgrammeId, seen: bool
) -> None:
    console.deliver(a_fact(DebriefOffered, "s-1"))
    assert sees(console, who, role, line) == (["offered"] if seen else [])


def test_one_without_an_owner_is_seen_by_supervisors_of_its_line_alone(
    console: ServiceUnderTest,
) -> None:
    console.deliver(a_fact(DebriefOffered))
    assert sees(console, "s-2", Role.SUPERVISOR) == ["offered"]
    assert sees(console, "s-3", Role.SUPERVISOR, ProgrammeId("sos-autre")) == []
    for role in set(Role) - {Role.SUPERVISOR}:
        assert sees(console, "c-1", role) == []


def test_late_one_is_seen_by_every_supervisor_of_the_line(console: ServiceUnderTest) -> None:
    console.deliver(a_fact(DebriefOffered, "s-1"))
    console.deliver(a_fact(DebriefOverdue), version=2)
    assert sees(console, "s-2", Role.SUPERVISOR) == ["overdue"]
    console.deliver(a_fact(DebriefClosed, how=DebriefClosing.HELD), version=3)
    assert sees(console, "s-2", Role.SUPERVISOR) == []


def test_person_is_told_and_nobody_else(console: ServiceUnderTest) -> None:
    console.deliver(a_fact(DebriefOffered, "s-1"))
    everybody = {LISTENER: 0, "s-1": 0, "v-9": 0}
    told = console.read(lambda session: news_for(session, everybody))
    assert [(each.person_id, each.kind) for each in told] == [(LISTENER, "debrief")]
