"""Tables of quality, and small functions named by intent. No commit is made here.

No table holds an identifier of a person on duty, and what listeners did is kept as sums of an hour
only: a chain of single stretches would tell one person from another without naming them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Column, DateTime, Float, Index, Interval, MetaData, Text, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, col, delete, select

from contracts.referral import RelayOutcomeGiven
from contracts.vocabulary import (
    Channel,
    ContactId,
    Destination,
    Nature,
    Need,
    Outcome,
    Period,
    Priority,
    ProgrammeId,
    RelayOutcome,
    Stage,
    TallyKind,
)
from services.bus.driver import ask, only
from services.quality.domain import (
    HOUR,
    Duty,
    Guidance,
    HourFigures,
    WaitCount,
    count_hour,
    hour_of,
    with_relays,
)
from services.quality.facts import Clocks, ContactFacts, Decision, Mark, Take
from services.quality.statements import (
    ADD_DUTY,
    ADD_RELAY_OUTCOME,
    ADD_SIGN,
    CONTACTS_OF_HOUR,
    ENDED_SINCE,
    LIVE_CONTACTS,
    LOCK_CONTACT,
    OPENED_BETWEEN,
    SAVE_CONTACT,
    TAKE_IN_NEWS,
)


class Row(SQLModel, registry=registry(metadata=MetaData(schema="quality"))):
    """A table of quality's own schema."""


tables = Row.metadata

_MARKS: TypeAdapter[tuple[Mark, ...]] = TypeAdapter(tuple[Mark, ...])
_TAKES: TypeAdapter[tuple[Take, ...]] = TypeAdapter(tuple[Take, ...])


def _moment() -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))


def _hour() -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), primary_key=True))


def _length() -> Any:
    return Field(default=timedelta(), sa_column=Column(Interval, nullable=False))


class TargetRow(Row, table=True):
    """How soon a first human is to come, by version of a line."""

    __tablename__ = "target"

    programme: str = Field(primary_key=True)
    programme_version: int = Field(primary_key=True)
    answer_target_seconds: int
    talk_minutes_min: int | None = None  #: guidance for a talk; empty: the line gives none
    talk_minutes_max: int | None = None
    first_reading_minutes: int
    answered_within_hours: int
    timezone: str | None = None  #: empty: published by a release that did not keep it


class ContactRow(Row, table=True):
    """What is known of a contact; `news` as its hour's, see `statements`."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("contact_of_hour", "programme", "opened_at"),
        Index("contact_live", "programme", postgresql_where=text("ended_at IS NULL")),
    )

    contact_id: ContactId = Field(primary_key=True, sa_type=Text)
    programme: ProgrammeId = Field(sa_type=Text)
    programme_version: int | None = None
    opened_at: datetime | None = _moment()
    decided_at: datetime | None = _moment()
    priority: str | None = None
    destination: str | None = None
    need: str | None = None
    untriaged_priority: str | None = None
    takes: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    ended_at: datetime | None = _moment()
    outcome: str | None = None
    nature: str | None = None
    departement: str | None = None
    marks: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    last_sign_at: datetime | None = _moment()
    channel: str | None = None
    asked_at: datetime | None = _moment()
    news: int = 0


class DutyRow(Row, table=True):
    """What listeners did in an hour, all of them together; `news`, see `statements`."""

    __tablename__ = "duty"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    hour: datetime = _hour()
    ready: timedelta = _length()
    busy: timedelta = _length()
    resting: timedelta = _length()
    paused: timedelta = _length()
    rests_given: int = 0
    news: int = 0


class HourRow(Row, table=True):
    """The figures of an hour, as last counted. `version` counts the counts that were announced."""

    __tablename__ = "hour"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    hour: datetime = _hour()
    opened: int = 0
    answered: int = 0
    answered_in_target: int = 0
    listened: int = 0
    abandoned: int = 0
    abandoned_after_triage: int = 0
    ready: timedelta = _length()
    busy: timedelta = _length()
    resting: timedelta = _length()
    paused: timedelta = _length()
    rests_given: int = 0
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"hour:{self.programme}/{self.hour:%Y-%m-%dT%HZ}"


class OutcomeRow(Row, table=True):
    """How the contacts of an hour ended, as last counted."""

    __tablename__ = "outcome"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    hour: datetime = _hour()
    outcome: Outcome = Field(primary_key=True, sa_type=Text)
    count: int


class TallyRow(Row, table=True):
    """A further count of an hour, as last counted."""

    __tablename__ = "tally"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    hour: datetime = _hour()
    kind: TallyKind = Field(primary_key=True, sa_type=Text)
    word: str = Field(primary_key=True)
    count: int


class RelayOutcomeRow(Row, table=True):
    """What was told in an hour of people at relays; which, nobody can say."""

    __tablename__ = "relay_outcome"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    hour: datetime = _hour()
    outcome: RelayOutcome = Field(primary_key=True, sa_type=Text)
    count: int


class WaitRow(Row, table=True):
    """One bar of the wait histogram of an hour, as last counted; its bound may be infinite."""

    __tablename__ = "wait"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    hour: datetime = _hour()
    stage: str = Field(primary_key=True)
    priority: str = Field(primary_key=True)
    upper_seconds: float = Field(sa_column=Column(Float(53), primary_key=True))
    count: int
    total: timedelta = _length()


class SharedDayRow(Row, table=True):
    """Counts of a day as frozen by the first edition with it, or by a revision since."""

    __tablename__ = "shared_day"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    day: date = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    counts: dict[str, dict[str, int]] = Field(sa_column=Column(JSONB, nullable=False))


class EditionRow(Row, table=True):
    """A published edition; it never changes."""

    __tablename__ = "edition"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    period: Period = Field(primary_key=True, sa_type=Text)
    named: str = Field(primary_key=True)  #: `2026-01`
    number: int = Field(primary_key=True)
    first_day: date
    last_day: date
    left_out: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    timezone: str = ""
    contacts: int
    tables: dict[str, dict[str, int | None]] = Field(sa_column=Column(JSONB, nullable=False))
    published_at: datetime = Field(  #: domain time
        default=None, sa_column=Column(DateTime(timezone=True), nullable=False)
    )


# --- what is told ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """A locked contact."""

    facts: ContactFacts
    news: int  #: 0: nothing was told that its hour does not count yet, and no count is asked for
    targets: Mapping[int, timedelta]  #: of the version it keeps, when both are known


def lock_contact(session: Session, contact_id: ContactId, programme: ProgrammeId) -> Known:
    """Lock a contact, and return what is known of it; made by the first fact that reaches us."""
    named = {"contact_id": contact_id, "programme": programme}
    row = only(ask(session, LOCK_CONTACT, named))
    seconds = row.answer_target_seconds
    targets = {} if seconds is None else {row.programme_version: timedelta(seconds=seconds)}
    return Known(_facts(row), row.news, targets)


def save_contact(session: Session, contact_id: ContactId, facts: ContactFacts, news: int) -> None:
    """Keep what is known of a locked contact."""
    decision = facts.decision
    ask(
        session,
        SAVE_CONTACT,
        {
            "contact_id": contact_id,
            "programme_version": facts.programme_version,
            "opened_at": facts.opened_at,
            "decided_at": None if decision is None else decision.decided_at,
            "priority": None if decision is None else decision.priority,
            "destination": None if decision is None else decision.destination,
            "need": None if decision is None else decision.need,
            "untriaged_priority": facts.untriaged_priority,
            "takes": _TAKES.dump_json(facts.takes).decode(),
            "ended_at": facts.ended_at,
            "outcome": facts.outcome,
            "nature": facts.nature,
            "departement": None if decision is None else decision.departement,
            "marks": _MARKS.dump_json(facts.marks).decode(),
            "last_sign_at": facts.last_sign_at,
            "channel": facts.channel,
            "asked_at": facts.asked_at,
            "news": news,
        },
    )


def add_sign(
    session: Session, contact_id: ContactId, programme: ProgrammeId, at: datetime | None
) -> None:
    """Keep when something was done for a contact, if it was the last thing."""
    ask(session, ADD_SIGN, {"contact_id": contact_id, "programme": programme, "at": at})


def add_duty(session: Session, programme: ProgrammeId, hour: datetime, duty: Duty) -> bool:
    """Add to what listeners did in an hour; whether it is the first since the hour was counted.

    Adding has no order; the inbox keeps it to once.
    """
    added = {"programme": programme, "hour": hour, **vars(duty)}
    return bool(only(ask(session, ADD_DUTY, added)).news == 1)


def add_relay_outcome(session: Session, event: RelayOutcomeGiven) -> None:
    """Add one more of its hour. Adding has no order; the inbox keeps it to once."""
    told = {"programme": event.programme, "hour": event.hour, "outcome": event.outcome}
    ask(session, ADD_RELAY_OUTCOME, told)


def _facts(row: Any) -> ContactFacts:
    return ContactFacts(
        programme=row.programme,
        programme_version=row.programme_version,
        opened_at=row.opened_at,
        decision=_decision(row),
        untriaged_priority=Priority(row.untriaged_priority) if row.untriaged_priority else None,
        takes=_TAKES.validate_python(row.takes),
        ended_at=row.ended_at,
        outcome=Outcome(row.outcome) if row.outcome else None,
        nature=Nature(row.nature) if row.nature else None,
        marks=_MARKS.validate_python(row.marks),
        last_sign_at=row.last_sign_at,
        channel=Channel(row.channel) if row.channel else None,
        asked_at=row.asked_at,
    )


def _decision(row: Any) -> Decision | None:
    if row.decided_at is None:
        return None
    priority, destination = Priority(row.priority), Destination(row.destination)
    need = Need(row.need) if row.need else None
    return Decision(row.decided_at, priority, destination, row.departement, need)


def keep_target(session: Session, row: TargetRow) -> None:
    """Keep the target of a version of a line; the same again changes nothing."""
    session.merge(row)


# --- what is asked --------------------------------------------------------------------------------


def targets_of(session: Session, programme: ProgrammeId) -> Mapping[int, timedelta]:
    """Return the targets of a line by its version."""
    rows = session.exec(select(TargetRow).where(TargetRow.programme == programme))
    return {row.programme_version: timedelta(seconds=row.answer_target_seconds) for row in rows}


def guidance_of(session: Session, programme: ProgrammeId) -> Mapping[int, Guidance]:
    """Return the guidance for talks of a line by its version, where it gives one."""
    rows = session.exec(select(TargetRow).where(TargetRow.programme == programme))
    return {
        row.programme_version: (
            timedelta(minutes=row.talk_minutes_min),
            timedelta(minutes=row.talk_minutes_max),
        )
        for row in rows
        if row.talk_minutes_min is not None and row.talk_minutes_max is not None
    }


def clocks_of(session: Session, programme: ProgrammeId) -> Mapping[int, Clocks]:
    """Return how long a message may wait, by version of a line."""
    rows = session.exec(select(TargetRow).where(TargetRow.programme == programme))
    return {
        row.programme_version: Clocks(
            timedelta(minutes=row.first_reading_minutes), timedelta(hours=row.answered_within_hours)
        )
        for row in rows
    }


def contacts_of(session: Session, programme: ProgrammeId, hour: datetime) -> list[ContactFacts]:
    """Return what is known of the contacts opened in an hour."""
    return [_facts(row) for row in ask(session, CONTACTS_OF_HOUR, _of_hour(programme, hour))]


def live_contacts(session: Session, programme: ProgrammeId) -> list[ContactFacts]:
    """Return what is known of the contacts that have not ended."""
    return [_facts(row) for row in ask(session, LIVE_CONTACTS, {"programme": programme})]


def opened_between(
    session: Session, programme: ProgrammeId, begin: datetime, end: datetime
) -> Iterator[ContactFacts]:
    """What is known of the contacts opened from one moment up to another, oldest first."""
    named = {"programme": programme, "begin": begin, "end": end}
    return (_facts(row) for row in ask(session, OPENED_BETWEEN, named).fetchall())


def opened_by_hour(
    session: Session, programme: ProgrammeId, begin: datetime, end: datetime
) -> Mapping[datetime, int]:
    """How many contacts the hours between two moments had, as last counted."""
    rows = session.exec(
        select(HourRow.hour, HourRow.opened).where(
            HourRow.programme == programme, col(HourRow.hour) >= begin, col(HourRow.hour) < end
        )
    )
    return dict(rows.all())


def ended_since(
    session: Session, programme: ProgrammeId, since: datetime
) -> Iterator[ContactFacts]:
    """What is known of the contacts opened since a moment that have ended, oldest first."""
    named = {"programme": programme, "since": since}
    return (_facts(row) for row in ask(session, ENDED_SINCE, named).fetchall())


def duties_since(session: Session, programme: ProgrammeId, since: datetime) -> list[Duty]:
    """Return what listeners did in each hour since a moment."""
    rows = session.exec(
        select(DutyRow).where(DutyRow.programme == programme, col(DutyRow.hour) >= since)
    )
    return [_duty(row) for row in rows]


def _of_hour(programme: ProgrammeId, hour: datetime) -> dict[str, Any]:
    return {"programme": programme, "hour": hour, "next_hour": hour + HOUR}


def moments_of_version(
    session: Session, programme: ProgrammeId, programme_version: int
) -> Sequence[datetime]:
    """Return when contacts that keep this version of a line were opened."""
    moments = session.exec(
        select(ContactRow.opened_at).where(
            ContactRow.programme == programme, ContactRow.programme_version == programme_version
        )
    )
    return [moment for moment in moments if moment is not None]


def duty_of(session: Session, programme: ProgrammeId, hour: datetime) -> Duty:
    """Return what listeners did in an hour."""
    row = session.get(DutyRow, (programme, hour))
    return Duty() if row is None else _duty(row)


def _duty(row: DutyRow | HourRow) -> Duty:
    return Duty(row.ready, row.busy, row.resting, row.paused, row.rests_given)


def relay_outcomes_of(
    session: Session, programme: ProgrammeId, hour: datetime
) -> Mapping[RelayOutcome, int]:
    """Return what was told in an hour of people at relays."""
    told = relay_outcomes_between(session, programme, hour, hour + HOUR)
    return {outcome: count for _, outcome, count in told}


def relay_outcomes_between(
    session: Session, programme: ProgrammeId, begin: datetime, end: datetime
) -> list[tuple[datetime, RelayOutcome, int]]:
    """Return what was told of people at relays, by hour, from one moment up to another."""
    rows = session.exec(
        select(RelayOutcomeRow).where(
            RelayOutcomeRow.programme == programme,
            col(RelayOutcomeRow.hour) >= begin,
            col(RelayOutcomeRow.hour) < end,
        )
    )
    return [(row.hour, RelayOutcome(row.outcome), row.count) for row in rows]


# --- what is counted ------------------------------------------------------------------------------


def figures_now(session: Session, programme: ProgrammeId, hour: datetime) -> HourFigures:
    """Count an hour from what is known at this moment."""
    contacts = contacts_of(session, programme, hour)
    figures = count_hour(
        contacts,
        targets_of(session, programme),
        duty_of(session, programme, hour),
        guidance_of(session, programme),
    )
    return with_relays(figures, relay_outcomes_of(session, programme, hour))


def hours_known(session: Session) -> set[tuple[ProgrammeId, datetime]]:
    """Return every hour of which anything is known, for a recount of all of them."""
    opened = session.exec(
        select(ContactRow.programme, ContactRow.opened_at).where(
            col(ContactRow.opened_at).is_not(None)
        )
    )
    on_duty = session.exec(select(DutyRow.programme, DutyRow.hour))
    counted = session.exec(select(HourRow.programme, HourRow.hour))
    told = session.exec(select(RelayOutcomeRow.programme, RelayOutcomeRow.hour))
    moments = [*opened, *on_duty, *counted, *told]
    return {(ProgrammeId(line), hour_of(at)) for line, at in moments if at is not None}


def hour_to_count(session: Session, programme: ProgrammeId, hour: datetime) -> HourRow:
    """Return the row of an hour, locked; made when it is counted for the first time.

    Whatever is told from now on asks for another count; what is being told is waited for.
    """
    ask(session, TAKE_IN_NEWS, _of_hour(programme, hour))
    row = session.get(HourRow, (programme, hour), with_for_update=True)
    if row is None:
        row = HourRow(programme=programme, hour=hour)
        session.add(row)
        session.flush()
    return row


def figures_kept(session: Session, row: HourRow) -> HourFigures:
    """Return the figures of an hour as last counted."""
    outcomes = session.exec(
        select(OutcomeRow).where(OutcomeRow.programme == row.programme, OutcomeRow.hour == row.hour)
    )
    waits = session.exec(
        select(WaitRow).where(WaitRow.programme == row.programme, WaitRow.hour == row.hour)
    )
    return HourFigures(
        **{name: getattr(row, name) for name in _COUNTS},
        outcomes=tuple(sorted((Outcome(each.outcome), each.count) for each in outcomes)),
        waits=tuple(
            sorted(
                (
                    WaitCount(
                        Stage(bar.stage), bar.priority, bar.upper_seconds, bar.count, bar.total
                    )
                    for bar in waits
                ),
                key=lambda bar: (bar.stage, bar.priority, bar.upper_seconds),
            )
        ),
        duty=_duty(row),
        tallies=_tallies_kept(session, row),
    )


def _tallies_kept(session: Session, row: HourRow) -> tuple[tuple[TallyKind, str, int], ...]:
    kept = session.exec(
        select(TallyRow).where(TallyRow.programme == row.programme, TallyRow.hour == row.hour)
    )
    return tuple(sorted((TallyKind(each.kind), each.word, each.count) for each in kept))


def keep_figures(session: Session, row: HourRow, figures: HourFigures) -> None:
    """Replace the figures of an hour."""
    for name in _COUNTS:
        setattr(row, name, getattr(figures, name))
    for each in fields(Duty):
        setattr(row, each.name, getattr(figures.duty, each.name))
    of_hour = {"programme": row.programme, "hour": row.hour}
    bars = [{**of_hour, **asdict(bar)} for bar in figures.waits]
    outcomes = [{**of_hour, "outcome": word, "count": count} for word, count in figures.outcomes]
    _replace(session, OutcomeRow, row, outcomes)
    _replace(session, WaitRow, row, bars)
    tallies = [
        {**of_hour, "kind": kind, "word": word, "count": count}
        for kind, word, count in figures.tallies
    ]
    _replace(session, TallyRow, row, tallies)


def _replace(
    session: Session,
    table: type[OutcomeRow] | type[WaitRow] | type[TallyRow],
    row: HourRow,
    fresh: list[dict[str, Any]],
) -> None:
    session.execute(
        delete(table).where(col(table.programme) == row.programme, col(table.hour) == row.hour)
    )
    if fresh:
        session.execute(insert(table), fresh)


_COUNTS = (
    "opened",
    "answered",
    "answered_in_target",
    "listened",
    "abandoned",
    "abandoned_after_triage",
)
