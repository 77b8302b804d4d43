"""The words that bring back to a message: hashed by the key of a month, while the message is kept.

A chat's words live for a day and are hashed by the day's key, which is gone in a week; a message is
kept for a month and more. So there is a key for the codes of each month (UTC), itself kept in a
row, wrapped by a day's key and wrapped anew like the keys of contacts. The surprising thing that
follows: once a day's key has gone, no code can be tried against a backup of that day any more,
although the key of the month lives on. It goes with the last code it has hashed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import LargeBinary
from sqlmodel import Field, Session

from contracts.vocabulary import Channel, ContactId
from services.bus.driver import ask
from services.bus.sealing import WrongKey, new_key
from services.bus.work import Work
from services.intake import metrics, store
from services.intake.codes import hash_of_words
from services.intake.day_keys import DayKeyGone, DayKeys
from services.intake.rows import Row
from services.intake.seal import unwrap, wrap


class CodeKeyRow(Row, table=True):
    """The key of the codes of a month, wrapped by that of a day; a second one of a month stands
    beside one that nothing opens any more.
    """

    __tablename__ = "code_key"

    month: date = Field(primary_key=True)  #: its first day
    number: int = Field(primary_key=True)
    wrapped: bytes = Field(sa_type=LargeBinary)
    day: date


@dataclass(frozen=True)
class WrappedCodeKey:
    """The key of a month as it is kept."""

    month: date
    number: int
    wrapped: bytes
    day: date

    @property
    def name(self) -> str:
        """What it is sealed as."""
        return f"codes of {self.month.isoformat()} {self.number}"


_ALL = "SELECT month, number, wrapped, day FROM intake.code_key ORDER BY month, number"


def hash_anew(code: str, keys: DayKeys, work: Work) -> str:
    """What is kept of a code that is given now."""
    return hash_of_words(_key_of(_month_of(work.now), keys, work), code)


def contact_of(session: Session, code: str, keys: DayKeys) -> ContactId | None:
    """The one message that a code brings back to, ended ones too."""
    hashes = [hash_of_words(key, code) for key in _keys(session, keys)]
    rows = ask(
        session,
        """
        SELECT contact_id FROM intake.contact
        WHERE code_hash = ANY(%(hashes)s) AND channel = 'message' LIMIT 2
        """,
        {"hashes": hashes},
    ).fetchall()
    return rows[0].contact_id if len(rows) == 1 else None


def message_to_change(code: str, keys: DayKeys, work: Work) -> store.Contact | None:
    """The message a code brings back to, locked."""
    contact_id = contact_of(work.session, code, keys)
    contact = None if contact_id is None else store.contact_to_change(work.session, contact_id)
    return contact if contact is not None and contact.channel is Channel.MESSAGE else None


def _month_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date().replace(day=1)


def _key_of(month: date, keys: DayKeys, work: Work) -> bytes:
    """The key of a month, made with its first code; who comes second finds that of the first."""
    while True:
        known = [each for each in _rows(work.session) if each.month == month]
        for each in reversed(known):
            key = _opened(each, keys)
            if key is not None:
                return key
        day, day_key = keys.today(work.now)
        made = WrappedCodeKey(month, len(known) + 1, b"", day)
        _add(work.session, made, wrap(day_key, new_key(), made.name))


def _keys(session: Session, keys: DayKeys) -> list[bytes]:
    opened = (_opened(each, keys) for each in _rows(session))
    return [key for key in opened if key is not None]


def _opened(wrapped: WrappedCodeKey, keys: DayKeys) -> bytes | None:
    try:
        return unwrap(keys.of(wrapped.day), wrapped.wrapped, wrapped.name)
    except (DayKeyGone, WrongKey):
        metrics.record_unopened()
        return None


def _rows(session: Session) -> Sequence[WrappedCodeKey]:
    return [_wrapped(row) for row in ask(session, _ALL, {})]


def _wrapped(row: Any) -> WrappedCodeKey:
    return WrappedCodeKey(row.month, row.number, bytes(row.wrapped), row.day)


def _add(session: Session, made: WrappedCodeKey, wrapped: bytes) -> None:
    ask(
        session,
        """
        INSERT INTO intake.code_key (month, number, wrapped, day)
        VALUES (%(month)s, %(number)s, %(wrapped)s, %(day)s) ON CONFLICT DO NOTHING
        """,
        {**vars(made), "wrapped": wrapped},
    )


# --- keeping --------------------------------------------------------------------------------------


def days_in_use(session: Session) -> frozenset[date]:
    """Days whose key still opens the key of a month."""
    return frozenset(row.day for row in ask(session, "SELECT DISTINCT day FROM intake.code_key"))


def look_after(aged: date, keys: DayKeys, work: Work) -> None:
    """Let go what hashes no code that is kept, and wrap anew what is wrapped by old days' keys."""
    ask(
        work.session,
        """
        DELETE FROM intake.code_key AS key
        WHERE month < %(month)s AND NOT EXISTS (
            SELECT 1 FROM intake.contact WHERE code_hash IS NOT NULL AND channel = 'message'
                AND opened_at >= key.month::timestamp AT TIME ZONE 'UTC'
                AND opened_at < (key.month + interval '1 month') AT TIME ZONE 'UTC')
        """,
        {"month": _month_of(work.now)},
    )
    old = ask(work.session, f"{_OLD} FOR UPDATE SKIP LOCKED", {"aged": aged})
    for each in [_wrapped(row) for row in old]:
        key = _opened(each, keys)
        if key is not None:
            _wrap_anew(each, key, keys, work)


_OLD = "SELECT month, number, wrapped, day FROM intake.code_key WHERE day < %(aged)s"


def _wrap_anew(old: WrappedCodeKey, key: bytes, keys: DayKeys, work: Work) -> None:
    day, day_key = keys.today(work.now)
    ask(
        work.session,
        """
        UPDATE intake.code_key SET wrapped = %(wrapped)s, day = %(day)s
        WHERE month = %(month)s AND number = %(number)s
        """,
        {**vars(old), "wrapped": wrap(day_key, key, old.name), "day": day},
    )
