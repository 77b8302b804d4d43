"""A contact as its caller may see it, with what whoever waits is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlmodel import Session

from contracts.programme import ProgrammeTerms
from contracts.writing import WritingTerms
from services.intake import keeping, message_clocks, store, threads
from services.intake.answers import ContactSeen
from services.intake.domain import state_of
from services.intake.waiting import Moment, WaitTold, situation_of, wait_told, waits
from services.intake.words import words_for


def seen(contact: store.Contact, terms: ProgrammeTerms, told: WaitTold) -> ContactSeen:
    """A contact as its caller may see it."""
    return ContactSeen(
        contact_id=contact.contact_id,
        programme=contact.programme,
        channel=contact.channel,
        state=state_of(contact.life),
        lost_human=contact.lost_human,
        away_until=contact.away_until,
        opened_at=contact.opened_at,
        ended_at=contact.ended_at,
        read_by=_until(message_clocks.first_reading_by, contact.unread_since, terms.writing),
        answer_by=_until(message_clocks.answered_by, contact.unanswered_since, terms.writing),
        erased_by=keeping.erased_by(contact, terms),
        urgent=contact.urgent_since is not None,
        language=contact.language,
        situation=told.situation,
        ladder=told.ladder,
        way_out=told.way_out,
        country=terms.country,
        emergency_numbers=terms.emergency_numbers,
    )


def _until(
    clock: Callable[[datetime, WritingTerms], datetime], since: datetime | None, terms: WritingTerms
) -> datetime | None:
    return None if since is None else clock(since, terms)


def told_now(session: Session, contact: store.Contact) -> WaitTold:
    """What a caller is told of their wait at this moment; nothing is read of who does not wait."""
    if not waits(contact):
        return WaitTold()
    at = Moment(*store.moment_and_duty(session, contact.programme))
    terms = threads.terms_of(session, contact)
    if situation_of(contact, terms, at) is None:
        return WaitTold()
    callers = store.callers_told(session, contact.programme, contact.programme_version)
    return wait_told(contact, terms, callers, at)


def in_words(contact: ContactSeen) -> dict[str, Any]:
    """A contact as its caller reads it, with where it is in plain words."""
    words = words_for(contact, lost_human=contact.lost_human)
    return {**contact.model_dump(mode="json"), "words": words}
