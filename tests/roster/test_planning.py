"""Planning on a real database: shifts, who is told of them, and holes."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import text

from contracts.envelope import Command, Event, Reply, ReplyStatus
from contracts.programme import ProgrammePublished, ProgrammeTerms, SupervisionRule, TrainingRule
from contracts.roster import (
    DeclareLimits,
    EligibilityEstablished,
    RecordSupervision,
    RecordTraining,
)
from contracts.shift import (
    AgreeToLastMinutes,
    CancelShift,
    HoleFilled,
    HoleForeseen,
    LeaveShift,
    PlanShifts,
    SeeShifts,
    TakeShift,
    WishedShift,
)
from contracts.vocabulary import (
    Hole,
    Need,
    PersonId,
    ProgrammeId,
    Reach,
    Refusal,
    Role,
    ShiftId,
    SkillCode,
    SupervisionKind,
)
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.work import new_id
from services.roster.app import SERVICE
from tests.roster.builders import NOON, a_qualification, a_volunteer, an_accreditation, an_import
from tests.roster.test_shifts import a_planned_line

LINE = ProgrammeId("sos-crise")
#: NOON is 13:00 in Paris on 14 January.
TODAY, TOMORROW = "2026-01-14", "2026-01-15"


def published(terms: ProgrammeTerms, version: int = 1) -> ProgrammePublished:
    return ProgrammePublished(
        programme=LINE,
        programme_version=version,
        effective_at=NOON,
        manifest_sha256="0" * 64,
        rules_version="triage-2026.1",
        terms=terms,
    )


@pytest.fixture
def roster(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    """A line open from 14:00 to 18:00, with a listener v-1, v-2 and a supervisor s-1."""
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        under_test.deliver(published(a_planned_line(("14:00", "18:00"))))
        supervisor = a_qualification(roles=(Role.SUPERVISOR,))
        people = an_import(a_volunteer("v-1"), a_volunteer("v-2"), a_volunteer("s-1", supervisor))
        coordinate(under_test, people)
        yield under_test


def coordinate(roster: ServiceUnderTest, wish: Command, **also: Any) -> Reply:
    return roster.ask(wish, "c-1", Role.COORDINATOR, **also)


def listen(roster: ServiceUnderTest, wish: Command, who: str = "v-1") -> Reply:
    return roster.ask(wish, who, Role.LISTENER)


def a_wish(
    starts: str = "14:00",
    ends: str = "18:00",
    person: str | None = None,
    role: Role = Role.LISTENER,
    day: str = TODAY,
) -> WishedShift:
    who = None if person is None else PersonId(person)
    return WishedShift(day=day, starts_at=starts, ends_at=ends, role=role, person_id=who)


def plan(roster: ServiceUnderTest, *wishes: WishedShift) -> list[ShiftId]:
    reply = coordinate(roster, PlanShifts(shifts=wishes))
    assert reply.status is ReplyStatus.DONE, reply
    assert reply.result is not None
    return list(reply.result["shift_ids"])


def said(roster: ServiceUnderTest, person: str) -> list[EligibilityEstablished]:
    return [e for e in roster.announced(EligibilityEstablished) if e.person_id == person]


def test_open_shift_is_taken_by_the_first_who_says_so(roster: ServiceUnderTest) -> None:
    (shift,) = plan(roster, a_wish())
    assert listen(roster, TakeShift(shift_id=shift)).status is ReplyStatus.DONE
    assert listen(roster, TakeShift(shift_id=shift)).status is ReplyStatus.DONE
    late = listen(roster, TakeShift(shift_id=shift), "v-2")
    assert (late.refusal, late.field) == (Refusal.SHIFT_TAKEN, "shift_id")


def test_plan_with_one_mistake_plans_nothing_and_names_it(roster: ServiceUnderTest) -> None:
    cases = {
        "shifts.1.day": (a_wish(day="2026-02-30"), Refusal.INVALID_FIELD),
        "shifts.1.starts_at": (a_wish("02:30", "05:00", day="2026-03-29"), Refusal.INVALID_FIELD),
        "shifts.1.role": (a_wish(role=Role.COORDINATOR), Refusal.INVALID_FIELD),
        "shifts.1.person_id": (a_wish(person="v-9"), Refusal.UNKNOWN_PERSON),
    }
    for field, (wrong, why) in cases.items():
        reply = coordinate(roster, PlanShifts(shifts=(a_wish(), wrong)))
        assert (reply.refusal, reply.field) == (why, field)
    overlapping = (a_wish(person="v-1"), a_wish("17:00", "19:00", "v-1"))
    reply = coordinate(roster, PlanShifts(shifts=overlapping))
    assert (reply.refusal, reply.field) == (Refusal.SHIFTS_OVERLAP, "shifts.1.person_id")
    assert seen(roster, "c-1", Role.COORDINATOR) == []


def seen(roster: ServiceUnderTest, who: str, role: Role) -> list[str | None]:
    """Who has the shifts of the week, as told to somebody."""
    reply = roster.ask(SeeShifts(day=TODAY), who, role)
    assert reply.result is not None
    return [shift["person_id"] for shift in reply.result["shifts"]]


def test_each_sees_their_own_and_the_open_shifts_the_coordinator_all(
    roster: ServiceUnderTest,
) -> None:
    plan(roster, a_wish(person="v-1"), a_wish(person="v-2"), a_wish("15:00", "16:00"))
    assert set(seen(roster, "c-1", Role.COORDINATOR)) == {"v-1", "v-2", None}
    assert set(seen(roster, "v-1", Role.LISTENER)) == {"v-1", None}


def test_database_refuses_two_places_at_once_whatever_was_checked(
    roster: ServiceUnderTest,
) -> None:
    (first,) = plan(roster, a_wish(person="v-1"))
    with roster.session() as session, pytest.raises(Exception, match="one_place_at_a_time"):
        session.execute(
            text(
                "INSERT INTO roster.shift (shift_id, programme, role, starts_at, ends_at, "
                "person_id, accepts_last_minutes) SELECT 'x', 'other', role, "
                "ends_at - interval '1 minute', ends_at + interval '1 hour', person_id, false "
                "FROM roster.shift WHERE shift_id = :first"
            ),
            {"first": first},
        )


def test_two_who_take_at_once_leave_one_with_the_shift(roster: ServiceUnderTest) -> None:
    (shift,) = plan(roster, a_wish())
    together, replies = Barrier(2), list[Reply]()

    def take(who: str) -> None:
        together.wait(5)
        replies.append(listen(roster, TakeShift(shift_id=shift), who))

    threads = [Thread(target=take, args=(who,)) for who in ("v-1", "v-2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(reply.status for reply in replies) == [ReplyStatus.DONE, ReplyStatus.REFUSED]


def test_one_person_who_takes_two_at_once_gets_one(roster: ServiceUnderTest) -> None:
    shifts = plan(roster, a_wish(), a_wish("16:00", "20:00"))
    together, replies = Barrier(2), list[Reply]()

    def take(shift: ShiftId) -> None:
        together.wait(5)
        replies.append(listen(roster, TakeShift(shift_id=shift)))

    threads = [Thread(target=take, args=(shift,)) for shift in shifts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(str(reply.refusal) for reply in replies) == ["None", "shifts_overlap"]


def test_nobody_gives_up_the_shift_of_another(roster: ServiceUnderTest) -> None:
    (shift,) = plan(roster, a_wish(person="v-1"))
    reply = listen(roster, LeaveShift(shift_id=shift), "v-2")
    assert (reply.refusal, reply.field) == (Refusal.NOT_YOURS, "shift_id")
    assert listen(roster, LeaveShift(shift_id=shift)).status is ReplyStatus.DONE
    assert listen(roster, TakeShift(shift_id=shift), "v-2").status is ReplyStatus.DONE
    assert coordinate(roster, CancelShift(shift_id=shift)).status is ReplyStatus.DONE
    gone = coordinate(roster, CancelShift(shift_id=shift))
    assert gone.refusal is Refusal.UNKNOWN_SHIFT


def test_wrong_role_line_and_shift_are_refused(roster: ServiceUnderTest) -> None:
    (shift,) = plan(roster, a_wish())
    assert listen(roster, PlanShifts(shifts=(a_wish(),))).refusal is Refusal.ROLE_NOT_PERMITTED
    elsewhere = roster.ask(
        TakeShift(shift_id=shift), "v-1", Role.LISTENER, programme="sos-detresse"
    )
    assert elsewhere.refusal is Refusal.UNKNOWN_SHIFT
    unknown = listen(roster, TakeShift(shift_id=ShiftId(new_id())))
    assert unknown.refusal is Refusal.UNKNOWN_SHIFT
    roster.at(NOON + timedelta(days=1))
    assert listen(roster, TakeShift(shift_id=shift)).refusal is Refusal.SHIFT_OVER


def test_end_of_the_shift_is_told_while_it_lasts(roster: ServiceUnderTest) -> None:
    plan(roster, a_wish("14:00", "16:00", "v-1"), a_wish("16:00", "18:00", "v-1"))
    assert said(roster, "v-1")[-1].shift_ends_at is None
    roster.at(NOON + timedelta(hours=1))
    roster.fire_deadlines()
    five_utc = datetime(2026, 1, 14, 17, tzinfo=UTC)
    assert said(roster, "v-1")[-1].shift_ends_at == five_utc
    assert listen(roster, AgreeToLastMinutes(agrees=True)).status is ReplyStatus.DONE
    assert said(roster, "v-1")[-1].accepts_last_minutes
    roster.at(NOON + timedelta(hours=3))
    roster.fire_deadlines()
    assert said(roster, "v-1")[-1].shift_ends_at == five_utc
    roster.at(five_utc)
    roster.fire_deadlines()
    last = said(roster, "v-1")[-1]
    assert (last.shift_ends_at, last.accepts_last_minutes) == (None, False)


def test_agreeing_to_the_last_minutes_of_no_shift_is_refused(roster: ServiceUnderTest) -> None:
    assert listen(roster, AgreeToLastMinutes(agrees=True)).refusal is Refusal.WRONG_STATE


# --- holes ----------------------------------------------------------------------------------------


def holes(roster: ServiceUnderTest) -> list[tuple[int, tuple[Hole, ...]]]:
    """Hours (UTC, of today or tomorrow) that were told, in order, and what they lack."""
    everything: Sequence[Event] = roster.announced()
    told = [e for e in everything if isinstance(e, HoleForeseen | HoleFilled)]
    return [(e.hour.hour, e.missing if isinstance(e, HoleForeseen) else ()) for e in told]


BOTH = (Hole.NOBODY_TO_ACKNOWLEDGE, Hole.TOO_FEW_TO_LISTEN)


def test_every_open_hour_of_the_next_day_is_told_once(roster: ServiceUnderTest) -> None:
    roster.fire_deadlines()
    assert holes(roster) == [(hour, BOTH) for hour in (13, 14, 15, 16)]
    roster.fire_deadlines()
    roster.at(NOON + timedelta(hours=1))
    roster.fire_deadlines()
    # Tomorrow's 14:00 in Paris is 13:00 UTC, and now a day away.
    assert holes(roster)[4:] == [(13, BOTH)]


def test_planned_hour_is_not_told_and_one_that_is_left_is(roster: ServiceUnderTest) -> None:
    shifts = plan(roster, a_wish(person="v-1"), a_wish(person="s-1", role=Role.SUPERVISOR))
    roster.fire_deadlines()
    assert holes(roster) == []
    listen(roster, LeaveShift(shift_id=shifts[0]))
    lost = [(hour, (Hole.TOO_FEW_TO_LISTEN,)) for hour in (13, 14, 15, 16)]
    assert holes(roster) == lost
    listen(roster, TakeShift(shift_id=shifts[0]), "v-2")
    assert holes(roster) == [*lost, *((hour, ()) for hour in (13, 14, 15, 16))]


def test_open_hour_with_nobody_to_acknowledge_is_told_a_day_before(
    roster: ServiceUnderTest,
) -> None:
    plan(roster, a_wish(person="v-1", day=TOMORROW))
    roster.at(NOON + timedelta(hours=3, minutes=5))
    roster.fire_deadlines()
    tomorrow = [
        (event.hour.hour, event.missing)
        for event in roster.announced(HoleForeseen)
        if event.hour.day == 15
    ]
    assert tomorrow == [(h, (Hole.NOBODY_TO_ACKNOWLEDGE,)) for h in (13, 14, 15)]


def test_shift_of_somebody_no_longer_eligible_leaves_a_hole(roster: ServiceUnderTest) -> None:
    plan(roster, a_wish(person="v-1"), a_wish(person="s-1", role=Role.SUPERVISOR))
    roster.fire_deadlines()
    assert holes(roster) == []
    lapsing = a_qualification(an_accreditation(days=2.5 / 24))  # at 15:30 in Paris
    coordinate(roster, an_import(a_volunteer("v-1", lapsing)))
    assert holes(roster) == [(hour, (Hole.TOO_FEW_TO_LISTEN,)) for hour in (15, 16)]


def test_line_that_plans_elsewhere_is_left_alone(roster: ServiceUnderTest) -> None:
    elsewhere = a_planned_line().model_copy(update={"roster": None})
    roster.deliver(published(elsewhere, 2), version=2)
    roster.fire_deadlines()
    assert holes(roster) == []
    assert not [kind for kind, _ in roster.deadlines() if kind == "plan"]


# --- trainings, supervisions, limits --------------------------------------------------------------


def asking(roster: ServiceUnderTest) -> None:
    """From now on the line asks for a training and a supervision."""
    asks = {
        "trainings": (TrainingRule(skill=SkillCode("SK-DROIT")),),
        "supervisions": (SupervisionRule(kind=SupervisionKind.GROUP, every_days=60),),
    }
    roster.deliver(published(a_planned_line(("14:00", "18:00"), **asks), 2), version=2)
    roster.fire_deadlines()


def train(roster: ServiceUnderTest, **changes: str) -> Reply:
    wish = {
        "person_id": "v-1",
        "skill": "SK-DROIT",
        "organisation": "tele-accueil",
        "obtained_on": "2025-06-01",
        "valid_until": "2026-02-28",
    } | changes
    return roster.ask(RecordTraining.model_validate(wish), "t-1", Role.TRAINER)


def test_line_that_asks_for_a_training_stops_who_has_none_until_it_is_recorded(
    roster: ServiceUnderTest,
) -> None:
    asking(roster)
    assert said(roster, "v-1")[-1].qualification.roles == ()
    assert train(roster).status is ReplyStatus.DONE
    last = said(roster, "v-1")[-1]
    assert last.qualification.roles == (Role.LISTENER,)
    assert last.valid_until == datetime(2026, 2, 28, 23, tzinfo=UTC)  # the end of that day in Paris
    roster.at(last.valid_until)
    roster.fire_deadlines()
    assert said(roster, "v-1")[-1].qualification.roles == ()


def test_supervision_that_was_held_moves_what_is_due(roster: ServiceUnderTest) -> None:
    asking(roster)
    train(roster, valid_until="2028-01-01")
    assert said(roster, "v-1")[-1].valid_until == NOON + timedelta(days=60)
    roster.at(NOON + timedelta(days=30))
    wish = RecordSupervision(
        person_id=PersonId("v-1"), kind=SupervisionKind.GROUP, held_on="2026-02-10"
    )
    assert roster.ask(wish, "s-1", Role.SUPERVISOR).status is ReplyStatus.DONE
    assert said(roster, "v-1")[-1].valid_until == datetime(2026, 4, 10, 23, tzinfo=UTC)


WRONG_TRAININGS = {
    "nobody": ({"person_id": "v-9"}, Refusal.UNKNOWN_PERSON, "person_id"),
    "no such day": ({"obtained_on": "2025-02-29"}, Refusal.INVALID_FIELD, "obtained_on"),
    "not yet": ({"obtained_on": "2026-06-01"}, Refusal.INVALID_FIELD, "obtained_on"),
    "ends before": ({"valid_until": "2025-01-01"}, Refusal.INVALID_FIELD, "valid_until"),
}


@pytest.mark.parametrize(
    ("changes", "why", "field"), WRONG_TRAININGS.values(), ids=WRONG_TRAININGS.keys()
)
def test_training_that_cannot_be_is_refused(
    roster: ServiceUnderTest, changes: dict[str, str], why: Refusal, field: str
) -> None:
    reply = train(roster, **changes)
    assert (reply.refusal, reply.field) == (why, field)


def test_nobody_records_their_own_supervision(roster: ServiceUnderTest) -> None:
    wish = RecordSupervision(
        person_id=PersonId("s-1"), kind=SupervisionKind.GROUP, held_on="2026-01-10"
    )
    assert roster.ask(wish, "s-1", Role.SUPERVISOR).refusal is Refusal.NOT_YOURS
    assert listen(roster, wish).refusal is Refusal.ROLE_NOT_PERMITTED


def test_person_says_what_they_do_not_take_and_how_they_are_reached(
    roster: ServiceUnderTest,
) -> None:
    wish = DeclareLimits(declines=(Need.DEUIL,), no_nights=True, reach=Reach.TELEPHONE)
    assert listen(roster, wish).status is ReplyStatus.DONE
    last = said(roster, "v-1")[-1].qualification
    assert (last.declines, last.reach) == ((Need.DEUIL,), Reach.TELEPHONE)
    reply = coordinate(roster, PlanShifts(shifts=(a_wish("22:00", "23:30", "v-1"),)))
    assert (reply.refusal, reply.field) == (Refusal.NIGHT_LIMIT, "shifts.0.person_id")
