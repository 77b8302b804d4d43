"""What is forgotten, and when: texts, contacts, keys of days. One deadline for each line, hourly.

Nothing is older than its retention and an hour. The surprising thing: the key of a day goes only
in the sweep after the one in which its last row was wrapped anew or deleted, because a file is gone
at once and a row only once its transaction has committed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from contracts.programme import ProgrammeTerms
from contracts.vocabulary import Channel, ProgrammeId
from services.bus.sealing import WrongKey
from services.bus.work import Work
from services.intake import message_codes, metrics, sealed, store
from services.intake.day_keys import (
    LIVES_DAYS,
    WRAPPED_ANEW_AFTER_DAYS,
    DayKeyGone,
    DayKeys,
    day_of,
)
from services.intake.seal import unwrap, wrap
from services.intake.sealed import Kept, WrappedKey
from services.intake.store import Contact

SWEEP = "sweep"
#: Domain time between two sweeps of a line.
SWEEP_EVERY = timedelta(hours=1)
#: Rows in one sweep; the next one comes at once when there are more.
MOST_AT_ONCE = 2000


def kept_by(programme: ProgrammeId, version: int, terms: ProgrammeTerms, now: datetime) -> Kept:
    """What contacts that began with this version of a line must have ended before, to go."""
    keeping = terms.keeping
    return Kept(
        programme=programme,
        version=version,
        chat_before=now - timedelta(hours=keeping.chat_hours),
        written_before=now - timedelta(hours=keeping.written_hours),
        contact_before=now - timedelta(days=keeping.contact_days),
    )


def kept_until(terms: ProgrammeTerms, ended_at: datetime) -> datetime:
    """When whoever knows of a contact forgets it: in full hours, so that many go at once."""
    over = ended_at + timedelta(days=terms.keeping.contact_days)
    return over.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def erased_by(contact: Contact, terms: ProgrammeTerms) -> datetime | None:
    """When what was written is erased at the latest; None while the contact goes on."""
    if contact.ended_at is None:
        return None
    written = contact.channel is Channel.MESSAGE
    hours = terms.keeping.written_hours if written else terms.keeping.chat_hours
    return contact.ended_at + timedelta(hours=hours) + SWEEP_EVERY


def sweep(key: str, keys: DayKeys, work: Work) -> None:
    """Forget what a line has kept long enough, and look after the keys of days."""
    swept = 0
    for line in store.versions_of(work.session, ProgrammeId(key)):
        kept = kept_by(line.programme, line.version, line.terms, work.now)
        metrics.record_swept(line.programme, sealed.sweep_texts(work.session, kept))
        swept = max(swept, sealed.sweep_contacts(work.session, kept, MOST_AT_ONCE))
    wrapped = _look_after_keys(keys, work)
    more = max(swept, wrapped) >= MOST_AT_ONCE
    work.set_deadline(SWEEP, key, work.now if more else work.now + SWEEP_EVERY)


def _look_after_keys(keys: DayKeys, work: Work) -> int:
    """Destroy old keys no row uses, and have the rows of old ones wrapped by today's: how many."""
    today = day_of(work.now)
    used = sealed.days_in_use(work.session) | message_codes.days_in_use(work.session)
    for day in keys.days():
        if day <= today - timedelta(days=LIVES_DAYS) and day not in used:
            keys.destroy(day)
            metrics.record_key_destroyed()
    aged = today - timedelta(days=WRAPPED_ANEW_AFTER_DAYS) + timedelta(days=1)
    message_codes.look_after(aged, keys, work)
    old = sealed.keys_before(work.session, aged, MOST_AT_ONCE)
    for each in old:
        _wrap_anew(each, keys, work)
    return len(old)


def _wrap_anew(old: WrappedKey, keys: DayKeys, work: Work) -> None:
    """Wrap a contact's key by today's. What nothing opens is counted and left to its retention:
    the folder of the keys may be away, and nothing is thrown away for that.
    """
    day, day_key = keys.today(work.now)
    try:
        key = unwrap(keys.of(old.day), old.wrapped, old.contact_id)
    except (DayKeyGone, WrongKey):
        metrics.record_unopened()
        return
    anew = wrap(day_key, key, old.contact_id)
    sealed.keep_key(work.session, WrappedKey(old.contact_id, anew, day))
