"""What a person may be offered is established anew whenever anything it rests on has moved.

Every change of a person ends here: an import, a lapse, a training, a shift that begins or ends.
What was announced before and is the same is not announced again.
"""

from __future__ import annotations

from datetime import datetime

from contracts.roster import EligibilityEstablished
from services.bus.work import Work
from services.roster import coverage, metrics, store
from services.roster.domain import ASKS_NOTHING, establish
from services.roster.shifts import next_border, shift_end


def establish_anew(row: store.VolunteerRow, work: Work) -> bool:
    """Announce what the person may be offered now, if it is anything new; whether it was."""
    terms = store.terms_at(work.session, row.programme, work.now)
    asks = terms.roster if terms and terms.roster else ASKS_NOTHING
    eligibility = establish(row.dossier(), asks, work.now)
    shift = _shift_of(row, work)
    _set_or_clear(work, "lapse", f"{row.programme}/{row.person_id}", eligibility.changes_at)
    lapsed = row.valid_until != eligibility.valid_until
    if not row.establish(eligibility, shift):
        return False
    event = EligibilityEstablished(
        person_id=row.person_id,
        programme=row.programme,
        established_at=work.now,
        valid_until=eligibility.valid_until,
        qualification=eligibility.qualification,
        shift_ends_at=row.shift_ends_at,
        accepts_last_minutes=row.accepts_last_minutes,
    )
    work.announce(event, of=row)
    metrics.record_established(row.programme)
    if lapsed:
        coverage.look_where_planned(row, work)
    return True


def _shift_of(row: store.VolunteerRow, work: Work) -> tuple[datetime | None, bool]:
    """Until when the person is here, and whether they agree to its last minutes."""
    shifts = [
        each
        for each in store.shifts_of(work.session, [row.person_id], work.now)
        if each.programme == row.programme
    ]
    spans = [each.span for each in shifts]
    border = next_border(spans, work.now)
    _set_or_clear(work, "shift_border", f"{row.programme}/{row.person_id}", border)
    ends_at = shift_end(spans, work.now)
    agreed = any(each.accepts_last_minutes for each in shifts if each.ends_at == ends_at)
    return ends_at, agreed


def _set_or_clear(work: Work, kind: str, key: str, at: datetime | None) -> None:
    if at is None:
        work.clear_deadline(kind, key)
    else:
        work.set_deadline(kind, key, at)
