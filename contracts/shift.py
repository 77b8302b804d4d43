"""Shifts: who is there when, and the hours nobody is.

A shift is written in the wall time of the line, as people plan. A wall time the spring night skips
is refused; of one the autumn night repeats a beginning takes the first and an end the second, so
that nobody leaves an hour early without a word.
"""

from typing import Annotated, ClassVar

from contracts.envelope import Command, Contract, Event, Stream
from contracts.privacy import ops, public, staff
from contracts.roster import DAY
from contracts.vocabulary import Hole, Moment, PersonId, ProgrammeId, Role, ShiftId

_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_COORDINATES = frozenset({Role.COORDINATOR})
_COMES = frozenset(Role) - {Role.COORDINATOR, Role.OPERATOR, Role.TRAINER}

#: Shifts in one command, and in one answer.
MOST_SHIFTS = 200


class WishedShift(Contract):
    """A shift as the coordinator writes it."""

    day: Annotated[str, staff("Day on which it begins", unit="YYYY-MM-DD", pattern=DAY)]
    starts_at: Annotated[str, staff("Local time", unit="HH:MM", pattern=_CLOCK)]
    ends_at: Annotated[
        str,
        staff("Local time; at or before the start: the next day", unit="HH:MM", pattern=_CLOCK),
    ]
    role: Annotated[Role, staff("As what")]
    person_id: Annotated[PersonId | None, staff("Who comes; empty: open to who takes it")] = None


class PlanShifts(Command):
    """The coordinator plans shifts; all of them or none."""

    service: ClassVar = "roster"
    verb: ClassVar = "plan_shifts"
    roles: ClassVar = _COORDINATES

    shifts: Annotated[
        tuple[WishedShift, ...], staff("The shifts", min_length=1, max_length=MOST_SHIFTS)
    ]


class ShiftsPlanned(Contract):
    """Names of the shifts, in the order in which they were written."""

    shift_ids: Annotated[tuple[ShiftId, ...], ops("The shifts", max_length=MOST_SHIFTS)]


class CancelShift(Command):
    """There is no such shift after all; who was to come is free."""

    service: ClassVar = "roster"
    verb: ClassVar = "cancel_shift"
    roles: ClassVar = _COORDINATES

    shift_id: Annotated[ShiftId, ops("The shift")]


class TakeShift(Command):
    """I come. The first who says so has the shift."""

    service: ClassVar = "roster"
    verb: ClassVar = "take_shift"
    roles: ClassVar = _COMES

    shift_id: Annotated[ShiftId, ops("The shift")]


class LeaveShift(Command):
    """I do not come after all, or the coordinator says so for me: the shift is open again."""

    service: ClassVar = "roster"
    verb: ClassVar = "leave_shift"
    roles: ClassVar = _COMES | _COORDINATES

    shift_id: Annotated[ShiftId, ops("The shift")]


class SeeShifts(Command):
    """Which shifts are there: to a coordinator all, to anyone else their own and the open ones."""

    service: ClassVar = "roster"
    verb: ClassVar = "see_shifts"
    roles: ClassVar = _COMES | _COORDINATES

    day: Annotated[str, ops("From this day on", unit="YYYY-MM-DD", pattern=DAY)]
    days: Annotated[int, ops("So many days", unit="d", ge=1, le=62)] = 7


class ShiftSeen(Contract):
    """One shift."""

    shift_id: Annotated[ShiftId, ops("The shift")]
    role: Annotated[Role, staff("As what")]
    starts_at: Annotated[Moment, staff("From", unit="UTC, domain time")]
    ends_at: Annotated[Moment, staff("Until", unit="UTC, domain time")]
    person_id: Annotated[PersonId | None, staff("Who comes; empty: open to who takes it")] = None


class HourLacking(Contract):
    """An open hour of the plan that lacks somebody, as it is planned now."""

    hour: Annotated[Moment, ops("Start of the hour", unit="UTC, domain time")]
    missing: Annotated[tuple[Hole, ...], ops("What it lacks", min_length=1, max_length=3)]


class ShiftsSeen(Contract):
    """The shifts asked for, the next ones first; more than fit are left out and said to be."""

    shifts: Annotated[tuple[ShiftSeen, ...], staff("The shifts", max_length=MOST_SHIFTS)]
    lacking: Annotated[
        tuple[HourLacking, ...],
        ops("To coordinators: hours to come that lack somebody", max_length=62 * 25),
    ] = ()
    more: Annotated[bool, ops("There are more")] = False


class AgreeToLastMinutes(Command):
    """Whether I may be offered new contacts in the last minutes of the shift I am in."""

    service: ClassVar = "roster"
    verb: ClassVar = "agree_to_last_minutes"
    roles: ClassVar = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})

    agrees: Annotated[bool, staff("Yes or no")]


class HoleEvent(Event):
    """What every fact about a hole in the plan says: which hour of which line."""

    noun: ClassVar = "hole"
    publisher: ClassVar = "roster"
    stream: ClassVar = Stream.ROSTER
    subject_field: ClassVar = "programme"

    programme: Annotated[ProgrammeId, public("The line")]
    hour: Annotated[Moment, ops("Start of the open hour", unit="UTC, domain time")]


class HoleForeseen(HoleEvent):
    """An open hour lacks somebody in the plan; told a day before, or as soon as somebody leaves."""

    fact: ClassVar = "foreseen"

    missing: Annotated[tuple[Hole, ...], ops("What it lacks", min_length=1, max_length=3)]
    foreseen_at: Annotated[Moment, ops("When it was seen", unit="UTC, domain time")]


class HoleFilled(HoleEvent):
    """The hour lacks nobody any more, or is not open after all."""

    fact: ClassVar = "filled"

    filled_at: Annotated[Moment, ops("When", unit="UTC, domain time")]
