"""The two clocks of a message: to the first human reading, and to the answer.

A new message restarts both. Who answers in writing has read it. Each ring is announced: a warning
to the line, lateness to a supervisor; a late answer is counted as late and is an answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.text import WrittenAnswered, WrittenClockRang, WrittenEvent, WrittenFirstRead
from contracts.vocabulary import Channel, Clock, ClockStep, ContactId
from contracts.writing import WritingTerms
from services.bus.work import Work
from services.intake import metrics, store, threads
from services.intake.store import Beside, Contact

FIRST_READING, ANSWER = "first_reading", "answer"


@dataclass(frozen=True)
class Ring:
    """A clock rings at this moment, and says this."""

    at: datetime
    step: ClockStep


def first_reading_by(asked_at: datetime, terms: WritingTerms) -> datetime:
    """Until when a human should have read a message; after it a supervisor hears."""
    return asked_at + timedelta(minutes=terms.first_reading_minutes)


def answered_by(asked_at: datetime, terms: WritingTerms) -> datetime:
    """Until when a message should be answered."""
    return asked_at + timedelta(hours=terms.answered_within_hours)


def rings_of_answer(asked_at: datetime, terms: WritingTerms) -> tuple[Ring, ...]:
    """Every ring of the clock to the answer, in order; a warning after the end is none."""
    late = Ring(answered_by(asked_at, terms), ClockStep.LATE)
    warnings = (
        Ring(asked_at + timedelta(hours=hours), ClockStep.WARNED)
        for hours in sorted(set(terms.warned_after_hours))
    )
    return (*(ring for ring in warnings if ring.at < late.at), late)


def next_ring(rings: Iterable[Ring], now: datetime) -> Ring | None:
    """The first ring after this moment."""
    return next((ring for ring in rings if ring.at > now), None)


def last_ring(rings: Iterable[Ring], now: datetime) -> Ring | None:
    """The newest ring that is due at this moment."""
    return next((ring for ring in reversed(tuple(rings)) if ring.at <= now), None)


# --- what happens to a locked contact -------------------------------------------------------------


def restart(contact: Contact, work: Work) -> None:
    """Somebody wrote a message: it waits to be read, and to be answered."""
    terms = threads.terms_of(work.session, contact).writing
    contact.unread_since = contact.unanswered_since = work.now
    threads.restart_clocks(work.session, contact.contact_id, work.now)
    work.set_deadline(FIRST_READING, contact.contact_id, first_reading_by(work.now, terms))
    work.set_deadline(ANSWER, contact.contact_id, rings_of_answer(work.now, terms)[0].at)


def read(contact: Contact, work: Work) -> None:
    """A human is about to read; the first time, it is said."""
    if contact.unread_since is None:
        return
    terms = threads.terms_of(work.session, contact).writing
    late = work.now > first_reading_by(contact.unread_since, terms)
    event = WrittenFirstRead(
        contact_id=contact.contact_id,
        programme=contact.programme,
        asked_at=contact.unread_since,
        read_at=work.now,
        late=late,
    )
    _announce(contact, event, work)
    contact.unread_since = None
    threads.stop_reading_clock(work.session, contact.contact_id)
    work.clear_deadline(FIRST_READING, contact.contact_id)
    metrics.record_first_read(contact.programme, late=late)


def answer(contact: Contact, work: Work) -> None:
    """A human has answered; the next one to the same message changes no clock."""
    asked_at = contact.unanswered_since
    read(contact, work)
    if asked_at is not None:
        terms = threads.terms_of(work.session, contact).writing
        late = work.now > answered_by(asked_at, terms)
        event = WrittenAnswered(
            contact_id=contact.contact_id,
            programme=contact.programme,
            asked_at=asked_at,
            answered_at=work.now,
            late=late,
        )
        _announce(contact, event, work)
        metrics.record_answered_in_writing(contact.programme, late=late)
    contact.unanswered_since = None
    threads.stop_clocks(work.session, contact.contact_id)
    work.clear_deadline(ANSWER, contact.contact_id)


def stop(contact: Contact, work: Work) -> None:
    """The contact has ended: nothing rings any more."""
    if contact.channel is Channel.MESSAGE:
        work.clear_deadline(FIRST_READING, contact.contact_id)
        work.clear_deadline(ANSWER, contact.contact_id)


# --- deadlines ------------------------------------------------------------------------------------


def on_first_reading_due(key: str, work: Work) -> None:
    """Nobody has read a message in time: a supervisor hears."""
    contact = store.contact_to_change(work.session, ContactId(key))
    if contact is None or contact.unread_since is None:
        return
    ring = WrittenClockRang(
        contact_id=contact.contact_id,
        programme=contact.programme,
        asked_at=contact.unread_since,
        clock=Clock.FIRST_READING,
        step=ClockStep.LATE,
        rang_at=work.now,
    )
    _announce(contact, ring, work)
    metrics.record_clock_rang(contact.programme, Clock.FIRST_READING, ClockStep.LATE)


def on_answer_due(key: str, work: Work) -> None:
    """A message waits for its answer: warn, and ring again; at the end it is late."""
    contact = store.contact_to_change(work.session, ContactId(key))
    if contact is None or contact.unanswered_since is None:
        return
    terms = threads.terms_of(work.session, contact).writing
    rings = rings_of_answer(contact.unanswered_since, terms)
    rung = last_ring(rings, work.now)
    if rung is not None:
        event = WrittenClockRang(
            contact_id=contact.contact_id,
            programme=contact.programme,
            asked_at=contact.unanswered_since,
            clock=Clock.ANSWER,
            step=rung.step,
            rang_at=work.now,
        )
        _announce(contact, event, work)
        metrics.record_clock_rang(contact.programme, Clock.ANSWER, rung.step)
    following = next_ring(rings, work.now)
    if following is not None:
        work.set_deadline(ANSWER, key, following.at)


def _announce(contact: Contact, event: WrittenEvent, work: Work) -> None:
    counted = Beside(f"written:{contact.contact_id}", contact.written_version)
    work.announce(event, of=counted)
    contact.written_version = counted.version
    threads.count_written(work.session, contact.contact_id, counted.version)
