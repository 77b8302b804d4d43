"""Figures of the roster, counted where the handler decides; no label tells people apart."""

from __future__ import annotations

from prometheus_client import Counter

from contracts.vocabulary import ProgrammeId

established = Counter(
    "helpline_roster_established_total", "Eligibilities established anew", ["programme"]
)
lapses = Counter("helpline_roster_lapses_total", "Accreditations that lapsed", ["programme"])
refused_imports = Counter(
    "helpline_roster_refused_imports_total", "Imports of which nothing was taken", ["programme"]
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
