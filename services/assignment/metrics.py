"""Figures of assignment. Labels: line, stage and reasons of the closed lists; never a person."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Gauge

from contracts.synthetic import is_reserved
from contracts.vocabulary import OfferReason, Stage, WayOut
from services.assignment.domain import NobodyReason

offers = Counter("helpline_assignment_offers_total", "Offers made", ["programme", "stage"])
reasons_given = Counter(
    "helpline_assignment_offer_reasons_total", "Reasons of the offers made", ["programme", "reason"]
)
nobody_free = Counter(
    "helpline_assignment_nobody_free_total",
    "Looks at a waiting contact that found nobody, by obstacle",
    ["programme", "reason"],
)
ways_out = Counter(
    "helpline_assignment_ways_out_total",
    "Ways out offered to who waits",
    ["programme", "way_out"],
)

waiting = Gauge(
    "helpline_assignment_waiting_contacts",
    "Callers who wait in a line, by voice or chat",
    ["programme", "stage"],
)
oldest_wait = Gauge(
    "helpline_assignment_oldest_wait_seconds",
    "How long the caller who has waited longest in a line waits, domain time",
    ["programme", "stage"],
)
people = Gauge(
    "helpline_assignment_people_on_duty",
    "People on duty, by what they do",
    ["programme", "role", "state"],
)


def expect_offers(programme: str) -> None:
    """Let a line's offers be counted from 0: a counter that is born at 1 has not increased."""
    for stage in Stage:
        offers.labels(programme, stage)


def record_offer(programme: str, stage: Stage, reasons: Iterable[OfferReason]) -> None:
    """An offer was made, for these reasons; one to the robot is no figure."""
    if is_reserved(programme):
        return
    offers.labels(programme, stage).inc()
    for reason in reasons:
        reasons_given.labels(programme, reason).inc()


def record_way_out(programme: str, way_out: WayOut) -> None:
    """Somebody who waits was offered a way out."""
    ways_out.labels(programme, way_out).inc()


def record_nobody_free(programme: str, reasons: Iterable[NobodyReason]) -> None:
    """Nobody could be offered a waiting contact, for these reasons."""
    if is_reserved(programme):
        return
    for reason in reasons:
        nobody_free.labels(programme, reason).inc()
