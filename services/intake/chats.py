"""A chat whose caller was cut off: kept for them for a while, and given back by their code.

Whoever has the contact keeps it, a place in a line is kept too. The surprising thing: a page that
dies says nothing, so that silence of a minute counts as a cut-off, and being heard again ends it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import assert_never

from contracts.envelope import Reply, done, refused
from contracts.vocabulary import Channel, ContactId, LeaveReason, Refusal, Sha256
from services.bus.work import Work
from services.intake import metrics, store, threads
from services.intake.codes import hash_of_words
from services.intake.day_keys import DayKeys
from services.intake.domain import Ended, Life, Moved, Unchanged, Unmoved, leave
from services.intake.store import Contact

RESUME_OVER, SILENT = "resume_over", "caller_silent"

#: A page asks for news every 25 s at least: silence of this long is a cut-off.
SILENT_AFTER = timedelta(seconds=60)


@dataclass(frozen=True)
class Held:
    """The contact stays as it is for so long, for its caller to come back to."""

    for_long: timedelta


def leaving(
    life: Life, channel: Channel, reason: LeaveReason, resume: timedelta
) -> Moved | Unchanged | Held:
    """What becomes of a contact whose caller's side has gone.

    A message waits for its answer whoever closes their page. A chat that was cut off is held; one
    that was left is over, like a call.
    """
    if channel is Channel.MESSAGE:
        return Unchanged(Unmoved.OVER if isinstance(life, Ended) else Unmoved.STAYS)
    cut_off = channel is Channel.CHAT and reason is LeaveReason.CUT_OFF
    if cut_off and resume > timedelta() and not isinstance(life, Ended):
        return Held(resume)
    return leave(life, reason)


def hold(contact: Contact, for_long: timedelta, work: Work) -> None:
    """Keep a locked contact for its caller; cut off twice, the first time counts."""
    if contact.away_until is not None:
        return
    contact.away_until = work.now + for_long
    threads.hold(work.session, contact.contact_id, contact.away_until)
    work.set_deadline(RESUME_OVER, contact.contact_id, contact.away_until)
    metrics.record_held(contact.programme)


def come_back(contact: Contact, work: Work) -> None:
    """The caller of a locked contact is there; nothing happens if they never went."""
    if contact.away_until is None:
        return
    contact.away_until = None
    threads.bring_back(work.session, contact.contact_id)
    work.clear_deadline(RESUME_OVER, contact.contact_id)
    metrics.record_resumed(contact.programme)


def is_there(contact_id: ContactId, work: Work) -> Reply:
    """The caller of a contact that was held asks for news with their token: they are back."""
    contact = store.contact_to_change(work.session, contact_id)
    if contact is None:
        return refused(Refusal.UNKNOWN_CONTACT)
    come_back(contact, work)
    return done(contact.version)


@dataclass(frozen=True)
class Resuming:
    """Somebody has typed a return code; how they will come in from now on."""

    code: str = field(repr=False)  #: in one form (codes.as_typed)
    token_sha256: Sha256
    next_code: str = field(repr=False)


def contact_of(resuming: Resuming, keys: DayKeys, work: Work) -> Contact | None:
    """The contact a code brings back to, locked, its way in changed: the old one is worthless."""
    hashes = [hash_of_words(keys.of(day), resuming.code) for day in keys.days()]
    contact_id = threads.contact_of_code(work.session, hashes)
    if contact_id is None:
        return None
    contact = store.contact_to_change(work.session, contact_id)
    if contact is None or isinstance(contact.life, Ended):
        return None
    _, day_key = keys.today(work.now)
    anew = hash_of_words(day_key, resuming.next_code)
    contact.token_sha256 = resuming.token_sha256
    threads.change_way_in(work.session, contact_id, resuming.token_sha256, anew)
    come_back(contact, work)
    return contact


# --- deadlines ------------------------------------------------------------------------------------


def on_silent_due(key: str, work: Work) -> None:
    """Nothing was heard of the page of a chat: it was cut off, or is looked at again."""
    contact = store.contact_to_change(work.session, ContactId(key))
    if contact is None or isinstance(contact.life, Ended):
        return
    heard_at = contact.heard_at or contact.opened_at
    silent = work.now - heard_at >= SILENT_AFTER
    if silent:
        minutes = threads.terms_of(work.session, contact).writing.chat_resume_minutes
        hold(contact, timedelta(minutes=minutes), work)
    work.set_deadline(SILENT, key, (work.now if silent else heard_at) + SILENT_AFTER)


def ended_by_absence(contact: Contact, work: Work) -> Ended | None:
    """How a held contact ends whose caller did not come back; None when they did."""
    if contact.away_until is None or contact.away_until > work.now:
        return None
    match leave(contact.life, LeaveReason.CUT_OFF):
        case Moved(Ended() as life):
            return life
        case Moved() | Unchanged():
            return None
        case unexpected:
            assert_never(unexpected)
