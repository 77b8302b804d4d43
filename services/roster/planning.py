"""What the roster does with shifts: the coordinator plans, people take and leave, holes are told.

The last judge of two shifts at once is the database; what is checked before is for a clear answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contracts.envelope import Reply, done, refused
from contracts.programme import ProgrammeTerms
from contracts.shift import (
    MOST_SHIFTS,
    AgreeToLastMinutes,
    CancelShift,
    LeaveShift,
    PlanShifts,
    SeeShifts,
    ShiftSeen,
    ShiftsPlanned,
    ShiftsSeen,
    TakeShift,
)
from contracts.vocabulary import PersonId, ProgrammeId, Refusal, Role, ShiftId
from services.bus.work import Work, derived_id
from services.roster import coverage, metrics, store
from services.roster.domain import Flaw, read_day
from services.roster.eligibility import establish_anew
from services.roster.shifts import HOUR, Span, full_hour, objection, read_shift, shift_end


def on_plan_shifts(command: PlanShifts, work: Work) -> Reply:
    """Plan every shift, or none."""
    programme = work.command.programme
    terms = store.terms_at(work.session, programme, work.now)
    if terms is None:
        return refused(Refusal.UNKNOWN_PROGRAMME)
    named = {wished.person_id for wished in command.shifts if wished.person_id is not None}
    people = store.volunteers_to_change(work.session, programme, named)
    refusal = _plan(command, terms, people.keys(), work)
    if isinstance(refusal, Reply):
        return refusal
    for person_id in sorted(people):
        establish_anew(people[person_id], work)
    coverage.look_at(programme, [row.span for row in refusal], work)
    metrics.record_shifts(programme, "planned", len(refusal))
    planned = tuple(row.shift_id for row in refusal)
    return done(result=ShiftsPlanned(shift_ids=planned))


def _plan(
    command: PlanShifts, terms: ProgrammeTerms, known: Iterable[PersonId], work: Work
) -> list[store.ShiftRow] | Reply:
    """The rows of the shifts, kept; or the refusal that names the first wrong one."""
    programme = work.command.programme
    dossiers = store.dossiers_of(work.session, programme, known)
    taken: dict[PersonId, list[Span]] = {id: [] for id in known}
    for row in store.shifts_of(work.session, known, work.now):
        taken[PersonId(row.person_id or "")].append(row.span)
    rows: list[store.ShiftRow] = []
    for number, wished in enumerate(command.shifts):
        span = read_shift(wished, terms, work.now)
        if isinstance(span, Flaw):
            return refused(Refusal.INVALID_FIELD, f"shifts.{number}.{span.field}")
        if wished.role not in TakeShift.roles:
            return refused(Refusal.INVALID_FIELD, f"shifts.{number}.role")
        if wished.person_id is not None:
            mine = taken.get(wished.person_id, [])
            dossier = dossiers.get(wished.person_id)
            why = objection(dossier, (span, wished.role), mine, terms)
            if why is not None:
                return refused(why, f"shifts.{number}.person_id")
            mine.append(span)
        rows.append(
            store.ShiftRow(
                shift_id=ShiftId(derived_id("shift", work.command.command_id, str(number))),
                programme=programme,
                role=wished.role,
                starts_at=span.starts_at,
                ends_at=span.ends_at,
                person_id=wished.person_id,
            )
        )
    if not store.add_shifts(work.session, rows):  # planned elsewhere at this very moment
        return refused(Refusal.SHIFTS_OVERLAP, "shifts")
    return rows


def on_take_shift(command: TakeShift, work: Work) -> Reply:
    """The first who says so has an open shift; the same again changes nothing."""
    asker = work.command
    person = store.volunteer_to_change(work.session, asker.programme, asker.actor)
    shift = store.shift_to_change(work.session, asker.programme, command.shift_id)
    terms = store.terms_at(work.session, asker.programme, work.now)
    if shift is None or terms is None:
        return refused(Refusal.UNKNOWN_SHIFT, "shift_id")
    if shift.ends_at <= work.now:
        return refused(Refusal.SHIFT_OVER, "shift_id")
    if shift.person_id is not None:
        mine = shift.person_id == asker.actor
        return done() if mine else refused(Refusal.SHIFT_TAKEN, "shift_id")
    taken = [row.span for row in store.shifts_of(work.session, [asker.actor], work.now)]
    dossier = person.dossier() if person else None
    why = objection(dossier, (shift.span, Role(shift.role)), taken, terms)
    if why is not None or person is None:
        return refused(why or Refusal.UNKNOWN_PERSON, "shift_id")
    if not store.give_shift(work.session, shift, asker.actor):
        return refused(Refusal.SHIFTS_OVERLAP, "shift_id")
    return _moved(shift, [person], "taken", work)


def on_leave_shift(command: LeaveShift, work: Work) -> Reply:
    """The shift is open again, and a hole is told at once when the hour is near."""
    shift = _shift(command.shift_id, work)
    if isinstance(shift, Reply):
        return shift
    leaver, shift.person_id, shift.accepts_last_minutes = shift.person_id, None, False
    if leaver is None:
        return done()
    work.session.flush()
    people = store.volunteers_to_change(work.session, shift.programme, [leaver])
    return _moved(shift, people.values(), "left", work)


def on_cancel_shift(command: CancelShift, work: Work) -> Reply:
    """There is no such shift any more."""
    shift = _shift(command.shift_id, work)
    if isinstance(shift, Reply):
        return shift
    leaver = shift.person_id
    work.session.delete(shift)
    work.session.flush()
    people = store.volunteers_to_change(work.session, shift.programme, [leaver] if leaver else [])
    return _moved(shift, people.values(), "cancelled", work)


def _shift(shift_id: ShiftId, work: Work) -> store.ShiftRow | Reply:
    """A shift that is not over and that the asker may give up; people before shifts, as always."""
    asker = work.command
    found = store.shift_of(work.session, asker.programme, shift_id)
    if found is not None and found.person_id is not None:
        store.volunteer_to_change(work.session, asker.programme, found.person_id)
    shift = store.shift_to_change(work.session, asker.programme, shift_id)
    if shift is None:
        return refused(Refusal.UNKNOWN_SHIFT, "shift_id")
    if asker.role is not Role.COORDINATOR and shift.person_id != asker.actor:
        return refused(Refusal.NOT_YOURS, "shift_id")
    if shift.ends_at <= work.now:
        return refused(Refusal.SHIFT_OVER, "shift_id")
    return shift


def _moved(
    shift: store.ShiftRow, people: Iterable[store.VolunteerRow], how: str, work: Work
) -> Reply:
    for person in people:
        establish_anew(person, work)
    coverage.look_at(shift.programme, [shift.span], work)
    metrics.record_shifts(shift.programme, how, 1)
    return done()


def on_see_shifts(command: SeeShifts, work: Work) -> Reply:
    """Tell the coordinator of all shifts and of what lacks, anybody else of their own and the open
    ones.
    """
    asker = work.command
    terms = store.terms_at(work.session, asker.programme, work.now)
    day = read_day(command.day, "day")
    if terms is None or isinstance(day, Flaw):
        return refused(Refusal.INVALID_FIELD, "day")
    try:
        begin = datetime.combine(day, time(), ZoneInfo(terms.timezone)).astimezone(UTC)
        within = Span(begin, begin + timedelta(days=command.days))
    except OverflowError:
        return refused(Refusal.INVALID_FIELD, "day")
    by = None if asker.role is Role.COORDINATOR else asker.actor
    rows = store.shifts_seen(work.session, asker.programme, within, by)
    seen = tuple(
        ShiftSeen(
            shift_id=row.shift_id,
            role=Role(row.role),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            person_id=row.person_id,
        )
        for row in rows[:MOST_SHIFTS]
    )
    lacking = coverage.lacking(asker.programme, within, terms, work) if by is None else ()
    more = len(rows) > MOST_SHIFTS
    return done(result=ShiftsSeen(shifts=seen, lacking=lacking, more=more))


def on_agree_to_last_minutes(command: AgreeToLastMinutes, work: Work) -> Reply:
    """Whether new contacts may come in the last minutes of the shift the person is in."""
    asker = work.command
    person = store.volunteer_to_change(work.session, asker.programme, asker.actor)
    shifts = store.shifts_of(work.session, [asker.actor], work.now)
    mine = [shift for shift in shifts if shift.programme == asker.programme]
    ends_at = shift_end([shift.span for shift in mine], work.now)
    if person is None or ends_at is None:
        return refused(Refusal.WRONG_STATE)
    for shift in mine:
        if shift.ends_at == ends_at:
            shift.accepts_last_minutes = command.agrees
    work.session.flush()
    establish_anew(person, work)
    return done(person.version)


def on_plan_due(key: str, work: Work) -> None:
    """An hour has begun: one more is near enough to be warned of. Ends where nobody plans."""
    if coverage.look_ahead(ProgrammeId(key), work):
        work.set_deadline("plan", key, full_hour(work.now) + HOUR)
