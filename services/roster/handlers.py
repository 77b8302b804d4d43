"""What the roster does with what is said of its people: load, decide, save, announce.

Shifts and holes are in `planning.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from contracts.envelope import Reply, done, refused
from contracts.programme import ProgrammePublished, ProgrammeTerms, RosterTerms
from contracts.roster import (
    MOST_VOLUNTEERS,
    Accreditation,
    DeclareLimits,
    ImportVolunteers,
    Qualification,
    RecordSupervision,
    RecordTraining,
    SeeVolunteers,
    Volunteer,
    VolunteerSeen,
    VolunteersImported,
    VolunteersSeen,
)
from contracts.synthetic import ROBOT, is_reserved
from contracts.vocabulary import Need, PersonId, ProgrammeId, Refusal, Role
from services.bus.work import Work
from services.roster import metrics, store
from services.roster.domain import (
    ASKS_NOTHING,
    Declared,
    Flaw,
    Rows,
    Supervision,
    Training,
    dues,
    read_day,
    read_rows,
)
from services.roster.eligibility import establish_anew

#: People established anew in one transaction when a line asks for something else.
_AT_ONCE = 100
#: Nobody renews a robot's accreditation.
_ROBOT_LASTS = timedelta(days=36_525)


def on_programme_published(event: ProgrammePublished, work: Work) -> None:
    """Keep the terms; once they are in force, look at the people and at the plan again."""
    known = store.terms_at(work.session, event.programme, event.effective_at)
    store.keep_terms(work.session, event)
    from_then_on = max(event.effective_at, work.now)
    if (known.roster if known else None) != event.terms.roster:
        work.set_deadline("terms", f"{event.programme}/", from_then_on)
    if event.terms.roster is not None:
        work.set_deadline("plan", event.programme, from_then_on)
    if is_reserved(event.programme):
        _take((_the_robot(event.terms, work.now),), event.programme, work)


def on_terms_due(key: str, work: Work) -> None:
    """A line asks for something else from now on: establish everybody anew, some at a time."""
    programme, after = key.split("/")
    rows = store.volunteers_after(work.session, ProgrammeId(programme), after, _AT_ONCE)
    for row in rows:
        establish_anew(row, work)
    if len(rows) == _AT_ONCE:
        work.set_deadline("terms", f"{programme}/{rows[-1].person_id}", work.now)


def on_import_volunteers(command: ImportVolunteers, work: Work) -> Reply:
    """Take every row, or none. People the import does not name stay as they are."""
    programme = work.command.programme
    if not all(_is_of_people(each, programme) for each in command.volunteers):
        metrics.record_refused_import(programme)
        return refused(Refusal.NOT_ELIGIBLE, "volunteers")
    match read_rows(command.volunteers):
        case Flaw(field):
            metrics.record_refused_import(programme)
            return refused(Refusal.INVALID_FIELD, field)
        case Rows(volunteers):
            return done(result=_take(volunteers, programme, work))
        case unexpected:
            assert_never(unexpected)


def _is_of_people(volunteer: Volunteer, programme: ProgrammeId) -> bool:
    """Nobody is brought into the reserved programme, and the robot into none."""
    return not is_reserved(programme) and volunteer.person_id != ROBOT


def _the_robot(terms: ProgrammeTerms, now: datetime) -> Volunteer:
    """Who answers on the reserved programme; it is made with its line and lapses in a century."""
    far = now + _ROBOT_LASTS
    return Volunteer(
        person_id=ROBOT,
        qualification=Qualification(
            roles=(Role.LISTENER,),
            languages=terms.languages,
            topics=tuple(need for need in terms.needs if need is not Need.UNKNOWN),
            accreditations=tuple(
                Accreditation(channel=channel, level=3, valid_until=far)
                for channel in terms.channels
            ),
        ),
    )


def _take(
    volunteers: tuple[Volunteer, ...], programme: ProgrammeId, work: Work
) -> VolunteersImported:
    ids = [volunteer.person_id for volunteer in volunteers]
    rows = store.volunteers_to_make(work.session, programme, ids)
    for volunteer in volunteers:
        rows[volunteer.person_id].hold(volunteer.qualification, work.now)
    changed = sum(establish_anew(rows[id], work) for id in ids)
    return VolunteersImported(
        established=changed,
        unchanged=len(ids) - changed,
        not_eligible=sum(row.valid_until <= work.now for row in rows.values() if row.valid_until),
    )


def on_record_training(command: RecordTraining, work: Work) -> Reply:
    """Keep a module that was followed, here or with another organisation."""
    obtained = _day_begins(command.obtained_on, "obtained_on", work)
    last = _day_begins(command.valid_until, "valid_until", work)
    if isinstance(obtained, Flaw) or obtained > work.now:
        return refused(Refusal.INVALID_FIELD, "obtained_on")
    if isinstance(last, Flaw) or last < obtained:
        return refused(Refusal.INVALID_FIELD, "valid_until")
    row = store.volunteer_to_change(work.session, work.command.programme, command.person_id)
    if row is None:
        return refused(Refusal.UNKNOWN_PERSON, "person_id")
    row.add_training(Training(command.skill, command.organisation, last + timedelta(days=1)))
    establish_anew(row, work)
    return done(row.version)


def on_record_supervision(command: RecordSupervision, work: Work) -> Reply:
    """Keep that a volunteer was supervised. Nobody writes their own."""
    held_at = _day_begins(command.held_on, "held_on", work)
    if isinstance(held_at, Flaw) or held_at > work.now:
        return refused(Refusal.INVALID_FIELD, "held_on")
    if command.person_id == work.command.actor:
        return refused(Refusal.NOT_YOURS, "person_id")
    row = store.volunteer_to_change(work.session, work.command.programme, command.person_id)
    if row is None:
        return refused(Refusal.UNKNOWN_PERSON, "person_id")
    row.add_supervision(Supervision(command.kind, held_at))
    establish_anew(row, work)
    return done(row.version)


def on_declare_limits(command: DeclareLimits, work: Work) -> Reply:
    """Keep what a volunteer does not take, from the next offer on."""
    row = store.volunteer_to_change(work.session, work.command.programme, work.command.actor)
    if row is None:
        return refused(Refusal.UNKNOWN_PERSON)
    row.declare(Declared(tuple(sorted(set(command.declines))), command.no_nights))
    if command.reach is not None:
        held = row.dossier().held.model_copy(update={"reach": command.reach})
        row.hold(held, work.now)
    establish_anew(row, work)
    return done(row.version)


def on_see_volunteers(command: SeeVolunteers, work: Work) -> Reply:
    """Tell who is on the line, those first of whom something comes to its end first."""
    programme = work.command.programme
    terms = store.terms_at(work.session, programme, work.now)
    asks = terms.roster if terms and terms.roster else ASKS_NOTHING
    rows = store.volunteers_of(work.session, programme, command.person_id)
    if command.person_id is not None and not rows:
        return refused(Refusal.UNKNOWN_PERSON, "person_id")
    seen = [_seen(row, asks) for row in rows]
    seen.sort(key=lambda each: (each.dues[0].due_at if each.dues else _LAST, each.person_id))
    told = VolunteersSeen(
        volunteers=tuple(seen[:MOST_VOLUNTEERS]), more=len(seen) > MOST_VOLUNTEERS
    )
    return done(result=told)


#: Of whom nothing comes to its end.
_LAST = datetime(9999, 1, 1, tzinfo=UTC)


def _seen(row: store.VolunteerRow, asks: RosterTerms) -> VolunteerSeen:
    dossier = row.dossier()
    return VolunteerSeen(
        person_id=row.person_id, qualification=dossier.held, dues=dues(dossier, asks)
    )


def _day_begins(written: str, field: str, work: Work) -> datetime | Flaw:
    """When a day begins where the line is, UTC; a day that does not exist is a flaw."""
    day = read_day(written, field)
    if isinstance(day, Flaw):
        return day
    terms = store.terms_at(work.session, work.command.programme, work.now)
    zone = ZoneInfo(terms.timezone if terms else "UTC")
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        return Flaw(field)


def on_lapse_due(key: str, work: Work) -> None:
    """Something lapses, or an experience asked for is there: establish the person anew."""
    programme, person_id = key.split("/")
    row = store.volunteer_to_change(work.session, ProgrammeId(programme), PersonId(person_id))
    if row is not None and establish_anew(row, work):
        metrics.record_lapse(row.programme)


def on_shift_border_due(key: str, work: Work) -> None:
    """A shift of the person begins or ends: assignment is to know until when they are here."""
    programme, person_id = key.split("/")
    row = store.volunteer_to_change(work.session, ProgrammeId(programme), PersonId(person_id))
    if row is not None:
        establish_anew(row, work)
