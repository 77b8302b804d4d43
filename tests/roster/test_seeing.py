"""What coordinators ask of the roster: who is there, what comes to its end, what lacks."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.envelope import ReplyStatus
from contracts.programme import RosterTerms, SupervisionRule, TrainingRule
from contracts.roster import DueKind, SeeVolunteers, VolunteersSeen
from contracts.shift import HourLacking, SeeShifts, ShiftsSeen
from contracts.vocabulary import (
    Channel,
    Hole,
    OrganisationId,
    PersonId,
    Refusal,
    Role,
    SkillCode,
    SupervisionKind,
)
from services.bus.testing import ServiceUnderTest
from services.roster.domain import Dossier, Supervision, Training, dues
from tests.roster.builders import NOON, a_qualification, an_accreditation, in_days
from tests.roster.test_planning import TODAY, a_wish, coordinate, listen, plan, roster

__all__ = ["roster"]

LAW = SkillCode("SK-DROIT")
ASKS = RosterTerms(
    trainings=(TrainingRule(skill=LAW, grace_days=30),),
    supervisions=(SupervisionRule(kind=SupervisionKind.GROUP, every_days=90, grace_days=15),),
)


def test_dues_are_told_with_their_grace_apart_the_first_one_first() -> None:
    held = Training(LAW, OrganisationId("sos-amitie"), in_days(20))
    dossier = Dossier(
        a_qualification(an_accreditation(days=100)),
        joined_at=in_days(-400),
        trainings=(held,),
        supervisions=(Supervision(SupervisionKind.GROUP, in_days(-80)),),
    )
    found = dues(dossier, ASKS)
    assert [(each.kind, each.due_at, each.lapses_at) for each in found] == [
        (DueKind.SUPERVISION, in_days(10), in_days(25)),
        (DueKind.TRAINING, in_days(20), in_days(50)),
        (DueKind.ACCREDITATION, in_days(100), in_days(100)),
    ]


def test_what_was_never_held_is_due_since_they_joined() -> None:
    found = dues(Dossier(a_qualification(), joined_at=in_days(-5)), ASKS)
    by_kind = {each.kind: each.due_at for each in found}
    assert by_kind[DueKind.TRAINING] == in_days(-5)
    assert by_kind[DueKind.SUPERVISION] == in_days(85)


def test_training_of_another_channel_is_not_due() -> None:
    asks = RosterTerms(trainings=(TrainingRule(skill=LAW, channels=(Channel.CHAT,)),))
    found = dues(Dossier(a_qualification(an_accreditation(Channel.PHONE))), asks)
    assert [each.kind for each in found] == [DueKind.ACCREDITATION]


def test_nothing_is_due_of_who_hears_no_caller() -> None:
    assert dues(Dossier(a_qualification(roles=(Role.TRAINER,))), ASKS) == ()


def see(roster: ServiceUnderTest, wish: SeeVolunteers) -> VolunteersSeen:
    reply = coordinate(roster, wish)
    assert reply.status is ReplyStatus.DONE
    return VolunteersSeen.model_validate(reply.result)


def test_coordinator_sees_everybody_or_one(roster: ServiceUnderTest) -> None:
    everybody = see(roster, SeeVolunteers())
    assert {each.person_id for each in everybody.volunteers} == {"v-1", "v-2", "s-1"}
    (one,) = see(roster, SeeVolunteers(person_id=PersonId("v-2"))).volunteers
    assert one.person_id == "v-2"
    assert one.dues[0].due_at == NOON + timedelta(days=100)
    unknown = coordinate(roster, SeeVolunteers(person_id=PersonId("nobody")))
    assert (unknown.refusal, unknown.field) == (Refusal.UNKNOWN_PERSON, "person_id")


def test_listener_sees_nobody(roster: ServiceUnderTest) -> None:
    assert listen(roster, SeeVolunteers()).refusal is Refusal.ROLE_NOT_PERMITTED


def lacking(roster: ServiceUnderTest) -> dict[datetime, tuple[Hole, ...]]:
    reply = coordinate(roster, SeeShifts(day=TODAY, days=1))
    seen = ShiftsSeen.model_validate(reply.result)
    assert all(isinstance(each, HourLacking) for each in seen.lacking)
    return {each.hour: each.missing for each in seen.lacking}


def test_coordinator_sees_every_open_hour_that_lacks_somebody(roster: ServiceUnderTest) -> None:
    before = lacking(roster)
    assert list(before) == [datetime(2026, 1, 14, hour, tzinfo=UTC) for hour in (13, 14, 15, 16)]
    plan(roster, a_wish("14:00", "16:00", "v-1"))
    plan(roster, a_wish("14:00", "18:00", "s-1", Role.SUPERVISOR))
    after = lacking(roster)
    assert Hole.TOO_FEW_TO_LISTEN in before[datetime(2026, 1, 14, 13, tzinfo=UTC)]
    assert Hole.TOO_FEW_TO_LISTEN not in after.get(datetime(2026, 1, 14, 13, tzinfo=UTC), ())
    assert Hole.TOO_FEW_TO_LISTEN in after[datetime(2026, 1, 14, 15, tzinfo=UTC)]


@pytest.mark.parametrize("who", ["v-1", "s-1"])
def test_nobody_else_is_told_what_lacks(roster: ServiceUnderTest, who: str) -> None:
    role = Role.LISTENER if who == "v-1" else Role.SUPERVISOR
    reply = roster.ask(SeeShifts(day=TODAY, days=1), who, role)
    assert ShiftsSeen.model_validate(reply.result).lacking == ()
