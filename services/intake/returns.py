"""Coming back: after a cut-off by a return token, another evening's turn by a return pass.

A token is a random value of a chat, or an edge's keyed hash of a number; here only a hash of it is
kept, by a key that lives in this process's memory and changes each day (UTC): a restart, or the
next but one day, and nobody can say any more who came back. The surprising thing: what joins two
contacts is taken from the old one the moment it is used, and never said on the bus.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import Column, DateTime, Text
from sqlmodel import Field, Session

from contracts.opening import closing
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import (
    Channel,
    ContactId,
    EndedBy,
    Outcome,
    PersonId,
    Priority,
    ProgrammeId,
    Refusal,
    SlowReason,
    Stage,
)
from services.bus.driver import ask
from services.bus.sealing import new_key
from services.bus.work import Work
from services.intake import day_keys, threads
from services.intake.codes import digits_of
from services.intake.day_keys import DayKeyGone, DayKeys, day_of
from services.intake.domain import Ended, Life, Talking
from services.intake.rows import Row
from services.intake.store import Contact

RETURN_OVER, PASS_OVER, SLOW_OVER = "return_over", "pass_over", "slow_over"

#: Nobody of these is sent away with a pass, whatever they would accept (DESIGN 7).
AT_RISK = frozenset({Priority.P1, Priority.P2})


class SlowedRow(Row, table=True):
    """Who comes back with this is slowed until then; it goes with its deadline."""

    __tablename__ = "slowed_return"

    return_hash: str = Field(primary_key=True, sa_type=Text)
    contact_id: ContactId = Field(sa_type=Text)
    reason: SlowReason = Field(sa_type=Text)
    decided_by: PersonId = Field(sa_type=Text)
    until: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


# --- tokens ---------------------------------------------------------------------------------------


class ReturnKeys:
    """Keys of today and yesterday, in memory and nowhere else. Used by several threads."""

    def __init__(self) -> None:
        self._keys: dict[date, bytes] = {}
        self._lock = Lock()

    def hashes(self, token: str, now: datetime) -> tuple[str, ...]:
        """What was or will be kept of a token: by today's key first, then by yesterday's."""
        today = day_of(now)
        with self._lock:
            self._keys.setdefault(today, new_key())
            for day in [day for day in self._keys if not day_after(day) >= today]:
                del self._keys[day]
            keys = [self._keys[day] for day in sorted(self._keys, reverse=True)]
        return tuple(hmac.digest(key, token.encode(), "sha256").hex() for key in keys)


def day_after(day: date) -> date:
    """The day after."""
    return day + timedelta(days=1)


@dataclass(frozen=True)
class Back:
    """With what somebody says that they have been here before; neither is required, nor enough
    to know who they are.
    """

    token: str | None = field(default=None, repr=False)
    digits: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Way:
    """How somebody who comes back comes in. The empty one is everybody's."""

    in_front: bool = False
    waiting_since: datetime | None = None
    sought: PersonId | None = None
    priority: Priority | None = None
    skips_regulator: bool = False
    slowed: bool = False
    capsule_of: ContactId | None = None

    @property
    def name(self) -> str | None:
        """A closed word for how somebody came back; None when they did not."""
        if self.slowed:
            return "slowed"
        if self.waiting_since is not None:
            return "pass"
        return "cut_off" if self.in_front else None


@dataclass(frozen=True)
class Before:
    """A contact somebody may come back from."""

    contact_id: ContactId
    opened_at: datetime
    priority: Priority | None
    stage: Stage | None
    person_id: PersonId | None
    pass_number: int = 0
    pass_day: date | None = None


def way_after_cut_off(before: Before) -> Way:
    """To the same listener if free, else to the front of the line they had come to."""
    heard = before.stage is Stage.LISTENER
    return Way(
        in_front=True,
        sought=before.person_id if heard else None,
        priority=before.priority,
        skips_regulator=heard or before.priority is not None,
        capsule_of=before.contact_id,
    )


def way_with_pass(before: Before) -> Way:
    """To the head of the line with the wait they had: to the minute, so that the moment of one
    contact is not that of another.
    """
    return Way(
        in_front=True,
        waiting_since=before.opened_at.replace(second=0, microsecond=0),
        priority=before.priority,
        skips_regulator=before.priority is not None,
        capsule_of=before.contact_id,
    )


@dataclass(frozen=True)
class Reached:
    """Which line somebody comes back to."""

    programme: ProgrammeId
    channel: Channel


def find_way(back: Back, reached: Reached, hashes: Sequence[str], work: Work) -> Way:
    """How somebody comes in, by the hashes of their token or the digits of a pass.

    What they came with is used up. Digits that are wrong cost nothing.
    """
    if hashes and _is_slowed(work.session, hashes, work.now):
        return Way(slowed=True)
    if hashes:
        cut_off = _cut_off_before(work.session, hashes, reached, work.now)
        if cut_off is not None:
            _forget_return(work.session, cut_off.contact_id)
            return way_after_cut_off(cut_off)
    if back.digits is not None:
        keys = day_keys.from_environment()
        for given in _passes(work.session, reached, work.now):
            if _digits(given, keys) == back.digits:
                _use_pass(work.session, given.contact_id)
                return way_with_pass(given)
    return Way()


_BEFORE = "contact_id, opened_at, priority, stage, person_id, pass_number, pass_day"
_CUT_OFF = f"""
    SELECT {_BEFORE} FROM intake.contact
    WHERE return_hash = ANY(%(hashes)s) AND programme = %(programme)s AND state = 'ended'
        AND returnable_until > %(now)s
    ORDER BY ended_at DESC LIMIT 1 FOR UPDATE
"""  # noqa: S608 - names of our own columns, here and below
_PASSES = f"""
    SELECT {_BEFORE} FROM intake.contact
    WHERE programme = %(programme)s AND channel = %(channel)s AND pass_until > %(now)s
        AND (state = 'ended' OR %(live_too)s)
    ORDER BY opened_at, contact_id FOR UPDATE
"""  # noqa: S608


def _cut_off_before(
    session: Session, hashes: Sequence[str], reached: Reached, now: datetime
) -> Before | None:
    asked = {"hashes": list(hashes), "programme": reached.programme, "now": now}
    row = ask(session, _CUT_OFF, asked).fetchone()
    return None if row is None else _before(row)


def _passes(
    session: Session, reached: Reached, now: datetime, *, live_too: bool = False
) -> list[Before]:
    """Contacts whose pass is valid; one counts as given once its contact has ended."""
    asked = {**vars(reached), "now": now, "live_too": live_too}
    return [_before(row) for row in ask(session, _PASSES, asked)]


def _before(row: Any) -> Before:
    return Before(
        contact_id=row.contact_id,
        opened_at=row.opened_at,
        priority=None if row.priority is None else Priority(row.priority),
        stage=None if row.stage is None else Stage(row.stage),
        person_id=row.person_id,
        pass_number=row.pass_number,
        pass_day=row.pass_day,
    )


def _is_slowed(session: Session, hashes: Sequence[str], now: datetime) -> bool:
    found = ask(
        session,
        """
        SELECT 1 FROM intake.slowed_return
        WHERE return_hash = ANY(%(hashes)s) AND until > %(now)s
        """,
        {"hashes": list(hashes), "now": now},
    )
    return found.fetchone() is not None


def _forget_return(session: Session, contact_id: ContactId) -> None:
    """Nothing joins this contact to any other any more."""
    threads.change(session, contact_id, "return_hash = NULL, returnable_until = NULL", {})


def broke_off(life: Ended, *, cut_off: bool) -> bool:
    """Whether a contact broke off: its edge says so, or the human who was left in it."""
    return cut_off or (life.outcome is Outcome.DROPPED and life.ended_by is not EndedBy.CALLER)


# --- after the end --------------------------------------------------------------------------------


def after_end(contact: Contact, life: Ended, work: Work) -> None:
    """Keep the way back open for the line's window, to who was cut off.

    Of one that ended well the hash stays as long: a supervisor may have to decide on it.
    """
    if contact.return_hash is None:
        return
    terms = threads.terms_of(work.session, contact)
    over = work.now + timedelta(minutes=terms.returning.window_minutes)
    if broke_off(life, cut_off=contact.cut_off):
        facts = {"until": over}
        threads.change(work.session, contact.contact_id, "returnable_until = %(until)s", facts)
    work.set_deadline(RETURN_OVER, contact.contact_id, over)


def on_return_over_due(key: str, work: Work) -> None:
    """The window is over: nothing joins the contact to another."""
    _forget_return(work.session, ContactId(key))


# --- a pass ---------------------------------------------------------------------------------------


def refuse_pass(
    life: Life, priority: Priority | None, terms: ProgrammeTerms, who: PersonId
) -> tuple[Refusal, str | None] | None:
    """Why no pass can be given, and which field says so; None when it can.

    Only by the human in the contact, who has heard the person; never to P1 or P2.
    """
    if isinstance(life, Ended):
        return Refusal.CONTACT_OVER, None
    if not isinstance(life, Talking) or life.take.person_id != who:
        return Refusal.NOT_YOURS, None
    if not terms.returning.return_pass:
        return Refusal.WRONG_STATE, None
    if priority in AT_RISK:
        return Refusal.WRONG_STATE, "priority"
    return None


def pass_until(terms: ProgrammeTerms, channel: Channel, now: datetime) -> datetime:
    """Until when a pass given at `now` is valid: of the same evening, while the door is open."""
    until = now + timedelta(hours=terms.returning.pass_valid_hours)
    closes_at = closing(terms.timetable, channel, now)
    return until if closes_at is None else min(until, closes_at)


def give_pass(contact: Contact, terms: ProgrammeTerms, keys: DayKeys, work: Work) -> datetime:
    """Give a pass, whose digits no other of the line has at the moment; the same one again."""
    if contact.pass_until is not None:
        return contact.pass_until
    until = pass_until(terms, contact.channel, work.now)
    reached = Reached(contact.programme, contact.channel)
    others = _passes(work.session, reached, work.now, live_too=True)
    taken = {_digits(given, keys) for given in others}
    day, day_key = keys.today(work.now)
    number = next(
        n for n in range(10_000) if digits_of(day_key, contact.contact_id, n) not in taken
    )
    facts = {"until": until, "number": number, "day": day}
    changes = "pass_until = %(until)s, pass_number = %(number)s, pass_day = %(day)s"
    threads.change(work.session, contact.contact_id, changes, facts)
    work.set_deadline(PASS_OVER, contact.contact_id, until)
    return until


def digits_shown(contact: Contact, keys: DayKeys, now: datetime) -> str | None:
    """The digits of a contact's pass while it is valid; they are kept nowhere."""
    if contact.pass_until is None or contact.pass_until <= now:
        return None
    given = Before(
        contact_id=contact.contact_id,
        opened_at=contact.opened_at,
        priority=None,
        stage=None,
        person_id=None,
        pass_number=contact.pass_number,
        pass_day=contact.pass_day,
    )
    return _digits(given, keys)


def _digits(given: Before, keys: DayKeys) -> str | None:
    """The digits of a pass, made anew; None when the key of its day is gone."""
    if given.pass_day is None:
        return None
    try:
        return digits_of(keys.of(given.pass_day), given.contact_id, given.pass_number)
    except DayKeyGone:
        return None


def _use_pass(session: Session, contact_id: ContactId) -> None:
    threads.change(session, contact_id, "pass_until = NULL", {})


def on_pass_over_due(key: str, work: Work) -> None:
    """The evening is over: the pass is worth nothing."""
    _use_pass(work.session, ContactId(key))


# --- abuse ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slowing:
    """A supervisor's decision: why, and for how long."""

    reason: SlowReason
    for_long: timedelta
    decided_by: PersonId


def slow(contact: Contact, slowing: Slowing, work: Work) -> bool:
    """Have who was in a contact slowed when they come back; False when nothing tells them apart.

    A chat gives a new token each time and its caller cannot be told apart, by design.
    """
    if contact.return_hash is None:
        return False
    until = work.now + slowing.for_long
    row = SlowedRow(
        return_hash=contact.return_hash,
        contact_id=contact.contact_id,
        reason=slowing.reason,
        decided_by=slowing.decided_by,
        until=until,
    )
    work.session.merge(row)
    work.set_deadline(SLOW_OVER, contact.return_hash, until)
    return True


def on_slow_over_due(key: str, work: Work) -> None:
    """The decision has run out."""
    ask(
        work.session,
        "DELETE FROM intake.slowed_return WHERE return_hash = %(hash)s",
        {"hash": key},
    )
