"""Figures of the roster, counted where the handler decides; no label tells people apart."""

from __future__ import annotations

from prometheus_client import Counter

from contracts.vocabulary import Hole, ProgrammeId

established = Counter(
    "helpline_roster_established_total", "Eligibilities established anew", ["programme"]
)
lapses = Counter("helpline_roster_lapses_total", "Accreditations that lapsed", ["programme"])
refused_imports = Counter(
    "helpline_roster_refused_imports_total", "Imports of which nothing was taken", ["programme"]
)
shifts = Counter(
    "helpline_roster_shifts_total", "Shifts by what became of them", ["programme", "how"]
)
holes = Counter(
    "helpline_roster_holes_total", "Open hours that lack somebody, by what", ["programme", "hole"]
)

debriefs = Counter(
    "helpline_roster_debriefs_total", "Debriefs by what became of them", ["programme", "what"]
)


def record_established(programme: ProgrammeId) -> None:
    """What a person may be offered is not what it was."""
    established.labels(programme).inc()


def record_lapse(programme: ProgrammeId) -> None:
    """An accreditation has run out. Many on one day: somebody forgot to renew them."""
    lapses.labels(programme).inc()


def record_refused_import(programme: ProgrammeId) -> None:
    """A coordinator's list had a mistake."""
    refused_imports.labels(programme).inc()


def record_shifts(programme: ProgrammeId, how: str, count: int) -> None:
    """Shifts were planned, taken, left or cancelled."""
    shifts.labels(programme, how).inc(count)


def record_hole(programme: ProgrammeId, missing: tuple[Hole, ...]) -> None:
    """An open hour lacks somebody in the plan."""
    for hole in missing:
        holes.labels(programme, hole.value).inc()


def record_debrief(programme: ProgrammeId, what: str) -> None:
    """A debrief was offered, is wanted, was held, turned down or forgotten."""
    debriefs.labels(programme, what).inc()
