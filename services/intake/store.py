"""Contacts and lines, as they are kept: small functions named by intent. No commit is made here."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, assert_never

from sqlalchemy import (
    select,
)
from sqlmodel import Session

from contracts.ladder import CallerTerms
from contracts.programme import ProgrammeTerms
from contracts.synthetic import RESERVED
from contracts.vocabulary import (
    Channel,
    ContactId,
    ContactState,
    EndedBy,
    LanguageCode,
    Nature,
    Outcome,
    Priority,
    ProgrammeId,
    Sha256,
    Stage,
    WayOut,
)
from services.bus.driver import ask, only
from services.intake.domain import Ended, Life, Take, Talking, Waiting, state_of
from services.intake.rows import ContactRow as ContactRow
from services.intake.rows import ProgrammeRow as ProgrammeRow
from services.intake.rows import Row as Row
from services.intake.rows import tables as tables

# --- contacts -------------------------------------------------------------------------------------
# Statements are in the driver's own words: to build one costs more than to run it.


@dataclass
class Contact:
    """A contact as found; `version` counts what was announced of it."""

    contact_id: ContactId
    programme: ProgrammeId
    programme_version: int
    channel: Channel
    token_sha256: Sha256
    opened_at: datetime
    life: Life
    ended_at: datetime | None = None
    version: int = 0
    ticks: int = 0
    texts: int = 0
    priority: Priority | None = None
    lost_human: bool = False
    away_until: datetime | None = None
    heard_at: datetime | None = None
    code_hash: str | None = None
    return_hash: str | None = None
    pass_until: datetime | None = None
    pass_day: date | None = None
    pass_number: int = 0
    unread_since: datetime | None = None
    unanswered_since: datetime | None = None
    answers: int = 0
    written_version: int = 0
    corrections: int = 0
    language: LanguageCode = LanguageCode.UNKNOWN
    waits_since: datetime | None = None  #: in this line; None = since it opened
    way_out: WayOut | None = None  #: that it was offered
    way_out_until: datetime | None = None
    way_out_declined: bool = False
    urgent_since: datetime | None = None
    cut_off: bool = False  #: in this piece of work; kept nowhere

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"contact:{self.contact_id}"

    def is_opened_by(self, token_sha256: Sha256) -> bool:
        """Whether this is the hash of the contact's own capability."""
        return hmac.compare_digest(self.token_sha256, token_sha256)


@dataclass
class Beside:
    """What is announced beside a contact's own life, and may come after its end.

    Counted apart, so that no fact of it makes one of the contact's life look late.
    """

    aggregate: str  #: `written:<id>`, `nature:<id>`
    version: int


_ADD = """
    INSERT INTO intake.contact (contact_id, programme, programme_version, channel, language,
        token_sha256, state, opened_at, version, priority, heard_at, code_hash, return_hash)
    VALUES (%(contact_id)s, %(programme)s, %(programme_version)s, %(channel)s, %(language)s,
        %(token_sha256)s, %(state)s, %(opened_at)s, %(version)s, %(priority)s, %(heard_at)s,
        %(code_hash)s, %(return_hash)s)
"""
_CONTACT_SEEN = "SELECT * FROM intake.contact WHERE contact_id = %(contact_id)s"
_CONTACT_TO_CHANGE = "SELECT * FROM intake.contact WHERE contact_id = %(contact_id)s FOR UPDATE"
#: A version of a line never changes: what is read of it beside the lock is what stands.
_CONTACT_AND_TERMS = """
    SELECT contact.*, line.terms::text AS terms FROM intake.contact
    JOIN intake.programme_version AS line ON line.programme = contact.programme
        AND line.version = contact.programme_version
    WHERE contact_id = %(contact_id)s
"""
_CONTACT_TO_LEAVE = f"{_CONTACT_AND_TERMS} FOR UPDATE OF contact"
_MOVE = """
    UPDATE intake.contact SET state = %(state)s, stage = %(stage)s, person_id = %(person_id)s,
        offer_id = %(offer_id)s, taken_at = %(taken_at)s, priority = %(priority)s,
        waits_since = CASE WHEN %(offer_id)s::text IS NULL THEN public.helpline_now() END,
        lost_human = false, ticks = ticks + 1
    WHERE contact_id = %(contact_id)s
"""
_END = """
    UPDATE intake.contact SET state = %(state)s, stage = %(stage)s, person_id = %(person_id)s,
        ended_at = %(ended_at)s, outcome = %(outcome)s, nature = %(nature)s,
        ended_by = %(ended_by)s, version = %(version)s,
        code_hash = CASE WHEN channel = 'message' THEN code_hash END,
        away_until = NULL, unread_since = NULL, unanswered_since = NULL, ticks = ticks + 1
    WHERE contact_id = %(contact_id)s
"""


def add_contact(session: Session, contact: Contact, language: LanguageCode) -> None:
    """Keep a contact that was just opened."""
    ask(
        session,
        _ADD,
        {
            "contact_id": contact.contact_id,
            "programme": contact.programme,
            "programme_version": contact.programme_version,
            "channel": contact.channel,
            "language": language,
            "token_sha256": contact.token_sha256,
            "state": state_of(contact.life),
            "opened_at": contact.opened_at,
            "version": contact.version,
            "priority": contact.priority,
            "heard_at": contact.heard_at,
            "code_hash": contact.code_hash,
            "return_hash": contact.return_hash,
        },
    )


def contact_to_change(session: Session, contact_id: ContactId) -> Contact | None:
    """A contact, locked until the end of the transaction."""
    row = ask(session, _CONTACT_TO_CHANGE, {"contact_id": contact_id}).fetchone()
    return None if row is None else _contact(row)


def contact_seen(session: Session, contact_id: ContactId) -> Contact | None:
    """A contact to look at."""
    row = ask(session, _CONTACT_SEEN, {"contact_id": contact_id}).fetchone()
    return None if row is None else _contact(row)


def contact_to_leave(
    session: Session, contact_id: ContactId
) -> tuple[Contact, ProgrammeTerms] | None:
    """A contact, locked, with the terms it began with and keeps."""
    row = ask(session, _CONTACT_TO_LEAVE, {"contact_id": contact_id}).fetchone()
    return None if row is None else (_contact(row), _read_terms(row.terms))


def contact_and_terms(
    session: Session, contact_id: ContactId
) -> tuple[Contact, ProgrammeTerms] | None:
    """A contact to look at, with the terms it began with and keeps."""
    row = ask(session, _CONTACT_AND_TERMS, {"contact_id": contact_id}).fetchone()
    return None if row is None else (_contact(row), _read_terms(row.terms))


def move(session: Session, contact: Contact, life: Waiting | Talking) -> None:
    """Keep where a locked contact waits, or who is in it."""
    held = life.take if isinstance(life, Talking) else None
    ask(
        session,
        _MOVE,
        {
            "contact_id": contact.contact_id,
            "state": state_of(life),
            "priority": contact.priority,
            "stage": None if held is None else held.stage,
            "person_id": None if held is None else held.person_id,
            "offer_id": None if held is None else held.offer_id,
            "taken_at": None if held is None else held.taken_at,
        },
    )


def end(session: Session, contact: Contact, life: Ended) -> None:
    """Keep how a locked contact ended, and that it was announced."""
    ask(
        session,
        _END,
        {
            "contact_id": contact.contact_id,
            "state": state_of(life),
            "stage": life.stage,
            "person_id": life.person_id,
            "ended_at": contact.ended_at,
            "outcome": life.outcome,
            "nature": life.nature,
            "ended_by": life.ended_by,
            "version": contact.version,
        },
    )


def _contact(row: Any) -> Contact:
    return Contact(
        contact_id=row.contact_id,
        programme=row.programme,
        programme_version=row.programme_version,
        channel=Channel(row.channel),
        token_sha256=row.token_sha256,
        opened_at=row.opened_at,
        life=_life(row),
        ended_at=row.ended_at,
        version=row.version,
        ticks=row.ticks,
        texts=row.texts,
        priority=None if row.priority is None else Priority(row.priority),
        language=LanguageCode(row.language),
        way_out=None if row.way_out is None else WayOut(row.way_out),
        **{name: getattr(row, name) for name in _COMING_AND_GOING},
    )


#: Fields of a contact that are in its row as they are.
_COMING_AND_GOING = (
    "lost_human",
    "away_until",
    "heard_at",
    "code_hash",
    "return_hash",
    "pass_until",
    "pass_day",
    "pass_number",
    "unread_since",
    "unanswered_since",
    "answers",
    "written_version",
    "corrections",
    "waits_since",
    "way_out_until",
    "way_out_declined",
    "urgent_since",
)


def _life(row: Any) -> Life:
    match ContactState(row.state):
        case ContactState.WAITING_REGULATOR:
            return Waiting(Stage.REGULATOR)
        case ContactState.WAITING_LISTENER:
            return Waiting(Stage.LISTENER)
        case ContactState.WITH_REGULATOR:
            return Talking(Take(Stage.REGULATOR, row.offer_id, row.person_id, row.taken_at))
        case ContactState.WITH_LISTENER:
            return Talking(Take(Stage.LISTENER, row.offer_id, row.person_id, row.taken_at))
        case ContactState.ENDED:
            stage = None if row.stage is None else Stage(row.stage)
            ended_by, nature = EndedBy(row.ended_by), Nature(row.nature)
            return Ended(Outcome(row.outcome), ended_by, nature, stage, row.person_id)
        case unexpected:
            assert_never(unexpected)


# --- lines ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A version of a line that is in force."""

    programme: ProgrammeId
    version: int
    terms: ProgrammeTerms
    callers: CallerTerms
    staffed: bool | None = None  #: whether anybody is on duty; None = nobody has said


@lru_cache(maxsize=64)
def _read_terms(terms: str) -> ProgrammeTerms:
    """Read the terms of a version; every contact of it asks for the same words."""
    return ProgrammeTerms.model_validate_json(terms, extra="ignore")


@lru_cache(maxsize=64)
def _read_callers(callers: str) -> CallerTerms:
    return CallerTerms.model_validate_json(callers, extra="ignore")


def _line(row: Any) -> Line:
    terms, callers = _read_terms(row.terms), _read_callers(row.callers)
    return Line(row.programme, row.version, terms, callers, row.staffed)


def newest_line(session: Session, programme: ProgrammeId) -> ProgrammeRow | None:
    """The newest version of a line, in force or not yet, locked against a second newest."""
    statement = (
        select(ProgrammeRow)
        .where(ProgrammeRow.programme == programme)  # type: ignore[arg-type] # a column
        .order_by(ProgrammeRow.version.desc())  # type: ignore[attr-defined] # a column
        .limit(1)
        .with_for_update()
    )
    return session.execute(statement).scalar_one_or_none()


_A_LINE = """programme, version, terms::text AS terms, callers::text AS callers, (
        SELECT staffed FROM intake.duty WHERE duty.programme = programme_version.programme
    ) AS staffed"""
_LINE_IN_FORCE = f"""
    SELECT {_A_LINE}
    FROM intake.programme_version WHERE programme = %(programme)s
        AND effective_at <= %(moment)s ORDER BY version DESC LIMIT 1
"""  # noqa: S608 - names of our own columns, here and below
#: Of each line that has had one of these numbers in any version, the one in force, or to come.
_LINES_WITH = f"""
    SELECT DISTINCT ON (programme) {_A_LINE}
    FROM intake.programme_version
    WHERE (effective_at <= %(moment)s OR %(to_come)s) AND programme IN (
        SELECT programme FROM intake.programme_version, jsonb_array_elements(callers -> 'numbers')
            AS held WHERE held ->> 'number' = ANY(%(numbers)s))
    ORDER BY programme, version DESC
"""  # noqa: S608
#: The same, each as in force at a moment that is past; else as it was told first.
_LINES_ONCE_WITH = f"""
    SELECT DISTINCT ON (programme) {_A_LINE}
    FROM intake.programme_version
    WHERE effective_at <= %(now)s AND programme IN (
        SELECT programme FROM intake.programme_version, jsonb_array_elements(callers -> 'numbers')
            AS held WHERE held ->> 'number' = ANY(%(numbers)s))
    ORDER BY programme, effective_at <= %(moment)s DESC,
        CASE WHEN effective_at <= %(moment)s THEN -version ELSE version END
"""  # noqa: S608
_SOMEBODY_WAITS = """
    SELECT EXISTS (
        SELECT FROM intake.contact
        WHERE ended_at IS NULL AND state IN ('waiting_regulator', 'waiting_listener')
            AND channel <> 'message' AND programme <> %(reserved)s
    ) AS waits
"""
_WAITING = """
    SELECT programme, count(*) AS contacts FROM intake.contact
    WHERE ended_at IS NULL AND state IN ('waiting_regulator', 'waiting_listener')
        AND channel <> 'message' AND programme <> %(reserved)s
    GROUP BY programme
"""
_LINES_IN_FORCE = f"""
    SELECT DISTINCT ON (programme) {_A_LINE}
    FROM intake.programme_version WHERE effective_at <= %(moment)s
    ORDER BY programme, version DESC
"""  # noqa: S608
_CALLERS = """
    SELECT callers::text AS callers FROM intake.programme_version
    WHERE programme = %(programme)s AND version = %(version)s
"""
_VERSIONS = f"""
    SELECT {_A_LINE}
    FROM intake.programme_version WHERE programme = %(programme)s ORDER BY version
"""  # noqa: S608
_NOW = "SELECT public.helpline_now() AS now"


def line_in_force(session: Session, programme: ProgrammeId, moment: datetime) -> Line | None:
    """The newest version of a line whose time has come; an older one never comes back."""
    asked = {"programme": programme, "moment": moment}
    row = ask(session, _LINE_IN_FORCE, asked).fetchone()
    return None if row is None else _line(row)


def versions_of(session: Session, programme: ProgrammeId) -> Sequence[Line]:
    """Every version of a line, the oldest first."""
    rows = ask(session, _VERSIONS, {"programme": programme})
    return [_line(row) for row in rows]


_TERMS = """
    SELECT terms::text AS terms FROM intake.programme_version
    WHERE programme = %(programme)s AND version = %(version)s
"""


def terms_of_version(session: Session, programme: ProgrammeId, version: int) -> ProgrammeTerms:
    """The terms of a version that is known."""
    asked = {"programme": programme, "version": version}
    return _read_terms(only(ask(session, _TERMS, asked)).terms)


def moment(session: Session) -> datetime:
    """Domain time, for who looks and does not work."""
    now: datetime = only(ask(session, _NOW, {})).now
    return now


def line_and_moment(session: Session, programme: ProgrammeId) -> tuple[Line | None, datetime]:
    """The line in force, and the domain time at which it was looked at."""
    moment: datetime = only(ask(session, _NOW, {})).now
    return line_in_force(session, programme, moment), moment


def lines_in_force(session: Session) -> tuple[list[Line], datetime]:
    """Every line as it is in force, and the domain time at which they were looked at."""
    moment: datetime = only(ask(session, _NOW, {})).now
    return [_line(row) for row in ask(session, _LINES_IN_FORCE, {"moment": moment})], moment


def somebody_waits(session: Session) -> bool:
    """Whether a caller waits in any line, by voice or chat."""
    return bool(only(ask(session, _SOMEBODY_WAITS, {"reserved": RESERVED})).waits)


def waiting(session: Session) -> dict[ProgrammeId, int]:
    """How many callers wait in each line where any does, by voice or chat."""
    found = ask(session, _WAITING, {"reserved": RESERVED})
    return {ProgrammeId(row.programme): row.contacts for row in found}


def lines_with(
    session: Session, numbers: Collection[str], moment: datetime, *, to_come: bool = True
) -> list[Line]:
    """Lines that have had one of these numbers: their newest version, or that in force then."""
    asked = {"numbers": list(numbers), "moment": moment, "to_come": to_come}
    return [_line(row) for row in ask(session, _LINES_WITH, asked)]


def lines_and_moment(
    session: Session, numbers: Collection[str], moment: datetime | None
) -> tuple[list[Line], datetime]:
    """Lines that have had one of these numbers as in force at a moment, and the moment.

    Without one it is now. Of a moment that is past, a line we did not know then is as it was told
    first: who holds a number is history too.
    """
    now: datetime = only(ask(session, _NOW, {})).now
    if moment is None or moment > now:
        at = now if moment is None else moment
        return lines_with(session, numbers, at, to_come=False), at
    rows = ask(session, _LINES_ONCE_WITH, {"numbers": list(numbers), "moment": moment, "now": now})
    return [_line(row) for row in rows], moment


_NOW_AND_DUTY = """
    SELECT public.helpline_now() AS now,
        (SELECT staffed FROM intake.duty WHERE programme = %(programme)s) AS staffed
"""
_KEEP_DUTY = """
    INSERT INTO intake.duty (programme, staffed, since)
    VALUES (%(programme)s, %(staffed)s, %(since)s)
    ON CONFLICT (programme) DO UPDATE SET staffed = excluded.staffed, since = excluded.since
"""


def moment_and_duty(session: Session, programme: ProgrammeId) -> tuple[datetime, bool | None]:
    """Domain time, and whether anybody is on duty for a line; None when nobody has said."""
    row = only(ask(session, _NOW_AND_DUTY, {"programme": programme}))
    return row.now, row.staffed


def keep_duty(session: Session, programme: ProgrammeId, staffed: bool, since: datetime) -> None:
    """Keep whether anybody is on duty for a line."""
    ask(session, _KEEP_DUTY, {"programme": programme, "staffed": staffed, "since": since})


def callers_told(session: Session, programme: ProgrammeId, version: int) -> CallerTerms:
    """What callers are told by a version of a line."""
    row = only(ask(session, _CALLERS, {"programme": programme, "version": version}))
    return _read_callers(row.callers)
