"""The hours of the plan that lack somebody: looked at a day before, told once, unsaid when filled.

A shift counts only if its person will be eligible in its role when the hour begins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from contracts.programme import ProgrammeTerms
from contracts.shift import HoleFilled, HoleForeseen, HourLacking
from contracts.vocabulary import Hole, ProgrammeId, Role
from services.bus.work import Work
from services.roster import metrics, store
from services.roster.domain import ASKS_NOTHING, establish
from services.roster.shifts import HOUR, Span, full_hour, holes_in, hours_in


def look_ahead(programme: ProgrammeId, work: Work) -> bool:
    """Look at every hour from this one to the last of which it is time to warn.

    False where nobody plans on this platform.
    """
    terms = store.terms_at(work.session, programme, work.now)
    if terms is None or terms.roster is None:
        return False
    end = full_hour(work.now) + timedelta(hours=terms.roster.warn_hours) + HOUR
    _look(programme, hours_in(Span(work.now, end)), work)
    return True


def look_at(programme: ProgrammeId, spans: Iterable[Span], work: Work) -> None:
    """Look at the hours of these stretches of time of which it is already time to warn."""
    terms = store.terms_at(work.session, programme, work.now)
    if terms is None or terms.roster is None:
        return
    end = full_hour(work.now) + timedelta(hours=terms.roster.warn_hours) + HOUR
    hours = {hour for span in spans for hour in hours_in(span)}
    _look(programme, (h for h in hours if work.now < h + HOUR and h < end), work)


def look_where_planned(row: store.VolunteerRow, work: Work) -> None:
    """Somebody is eligible for less or for more than they were: look at their own shifts."""
    shifts = store.shifts_of(work.session, [row.person_id], work.now)
    look_at(row.programme, (each.span for each in shifts if each.ends_at > work.now), work)


def _look(programme: ProgrammeId, hours: Iterable[datetime], work: Work) -> None:
    for hour in sorted(hours):  # in one order: two looks never block for good
        terms = store.terms_at(work.session, programme, hour)
        assert terms is not None
        _tell(programme, hour, holes_in(hour, _planned(programme, hour, terms, work), terms), work)


def _planned(
    programme: ProgrammeId, hour: datetime, terms: ProgrammeTerms, work: Work
) -> dict[Role, tuple[Span, ...]]:
    """By role, the shifts of the hour whose person will be eligible."""
    shifts = store.shifts_between(work.session, programme, Span(hour, hour + HOUR))
    coming = [(each, each.person_id) for each in shifts if each.person_id is not None]
    dossiers = store.dossiers_of(work.session, programme, [person for _, person in coming])
    asks = terms.roster or ASKS_NOTHING
    planned: dict[Role, tuple[Span, ...]] = defaultdict(tuple)
    for shift, person in coming:
        role, begin = Role(shift.role), max(shift.starts_at, hour)
        dossier = dossiers.get(person)
        if dossier and role in establish(dossier, asks, begin).qualification.roles:
            planned[role] += (shift.span,)
    return planned


def lacking(
    programme: ProgrammeId, within: Span, terms: ProgrammeTerms, work: Work
) -> tuple[HourLacking, ...]:
    """Every hour to come of a stretch of time that lacks somebody as it is planned now.

    Nothing where nobody plans on this platform. Tells nobody: what is told, `_tell` tells.
    """
    if terms.roster is None:
        return ()
    shifts = store.shifts_between(work.session, programme, within)
    coming = {each.person_id for each in shifts if each.person_id is not None}
    dossiers = store.dossiers_of(work.session, programme, coming)
    found = []
    for hour in hours_in(within):
        if hour + HOUR <= work.now:
            continue
        planned: dict[Role, tuple[Span, ...]] = defaultdict(tuple)
        for shift in shifts:
            begin = max(shift.starts_at, hour)
            role = Role(shift.role)
            dossier = dossiers.get(shift.person_id) if shift.person_id is not None else None
            if dossier is None or begin >= min(shift.ends_at, hour + HOUR):
                continue
            if role in establish(dossier, terms.roster, begin).qualification.roles:
                planned[role] += (shift.span,)
        missing = holes_in(hour, planned, terms)
        if missing:
            found.append(HourLacking(hour=hour, missing=missing))
    return tuple(found)


def _tell(programme: ProgrammeId, hour: datetime, missing: tuple[Hole, ...], work: Work) -> None:
    """Say what an hour lacks, if it is not what was said last."""
    row = store.hole_to_change(work.session, programme, hour)
    if not row.lacks(missing):
        return
    if missing:
        event = HoleForeseen(programme=programme, hour=hour, missing=missing, foreseen_at=work.now)
        work.announce(event, of=row)
        metrics.record_hole(programme, missing)
    else:
        work.announce(HoleFilled(programme=programme, hour=hour, filled_at=work.now), of=row)
