"""What the roster does with its command and its deadline: load, decide, save, announce."""

from __future__ import annotations

from typing import assert_never

from contracts.envelope import Reply, done, refused
from contracts.roster import (
    EligibilityEstablished,
    ImportVolunteers,
    Volunteer,
    VolunteersImported,
)
from contracts.vocabulary import PersonId, ProgrammeId, Refusal
from services.bus.work import Work
from services.roster import metrics, store
from services.roster.domain import Flaw, Rows, establish, read_rows


def on_import_volunteers(command: ImportVolunteers, work: Work) -> Reply:
    """Take every row, or none. People the import does not name stay as they are."""
    programme = work.command.programme
    match read_rows(command.volunteers):
        case Flaw(field):
            metrics.record_refused_import(programme)
            return refused(Refusal.INVALID_FIELD, field)
        case Rows(volunteers):
            return done(result=_take(volunteers, programme, work))
        case unexpected:
            assert_never(unexpected)


def _take(
    volunteers: tuple[Volunteer, ...], programme: ProgrammeId, work: Work
) -> VolunteersImported:
    ids = [volunteer.person_id for volunteer in volunteers]
    rows = store.volunteers_to_change(work.session, programme, ids)
    for volunteer in volunteers:
        rows[volunteer.person_id].hold(volunteer.qualification)
    changed = sum(_establish(rows[id], work) for id in ids)
    return VolunteersImported(
        established=changed,
        unchanged=len(ids) - changed,
        not_eligible=sum(row.valid_until <= work.now for row in rows.values() if row.valid_until),
    )


def on_lapse_due(key: str, work: Work) -> None:
    """An accreditation lapses: establish again what the person may be offered."""
    programme, person_id = key.split("/")
    row = store.volunteer_to_change(work.session, ProgrammeId(programme), PersonId(person_id))
    if _establish(row, work):
        metrics.record_lapse(row.programme)


def _establish(row: store.VolunteerRow, work: Work) -> bool:
    """Announce what the person may be offered now, if it is anything new; whether it was."""
    eligibility = establish(row.holds(), work.now)
    key = f"{row.programme}/{row.person_id}"
    if eligibility.lapses_at is None:
        work.clear_deadline("lapse", key)
    else:
        work.set_deadline("lapse", key, eligibility.lapses_at)
    if not row.establish(eligibility):
        return False
    event = EligibilityEstablished(
        person_id=row.person_id,
        programme=row.programme,
        established_at=work.now,
        valid_until=eligibility.valid_until,
        qualification=eligibility.qualification,
    )
    work.announce(event, of=row)
    metrics.record_established(row.programme)
    return True
