"""Tables of the roster, and small functions named by intent. No commit is made here.

Rows are locked in one order everywhere: people by their ids, shifts, hours. The last judge of two
shifts of one person at once is an exclusion constraint, whichever lines they are of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.errors import ExclusionViolation
from pydantic import TypeAdapter
from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    MetaData,
    Text,
    column,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import registry
from sqlalchemy.schema import DDL
from sqlmodel import Field, Session, SQLModel, col, or_, select

from contracts.programme import ProgrammePublished, ProgrammeTerms
from contracts.roster import Qualification
from contracts.shift import MOST_SHIFTS
from contracts.vocabulary import (
    DebriefCause,
    DebriefId,
    Hole,
    PersonId,
    ProgrammeId,
    Role,
    ShiftId,
)
from services.roster.domain import Declared, Dossier, Eligibility, Supervision, Training
from services.roster.shifts import Span


class Row(SQLModel, registry=registry(metadata=MetaData(schema="roster"))):
    """A table of the roster's own schema."""


tables = Row.metadata
# Equality of people beside overlap of time in one index; a trusted extension since Postgres 13.
event.listen(tables, "before_create", DDL("CREATE EXTENSION IF NOT EXISTS btree_gist"))  # type: ignore[no-untyped-call]

_TRAININGS: TypeAdapter[tuple[Training, ...]] = TypeAdapter(tuple[Training, ...])
_SUPERVISIONS: TypeAdapter[tuple[Supervision, ...]] = TypeAdapter(tuple[Supervision, ...])
_DECLARED: TypeAdapter[Declared] = TypeAdapter(Declared)


#: The longest stretch in which nights are counted (`NightTerms.within_days`).
_LOOKED_BACK = timedelta(days=367)


def _moment(nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _json() -> Any:
    return Field(default=None, sa_column=Column(JSONB(none_as_null=True)))


class TermsRow(Row, table=True):
    """A version of a line's terms."""

    __tablename__ = "terms"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    programme_version: int = Field(primary_key=True)
    effective_at: datetime = _moment()
    terms: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class VolunteerRow(Row, table=True):
    """A volunteer of one line. `version` counts what was established of them."""

    __tablename__ = "volunteer"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    person_id: PersonId = Field(primary_key=True, sa_type=Text)
    #: As imported; empty only inside the transaction that makes the row.
    held: dict[str, Any] | None = _json()
    joined_at: datetime | None = _moment(nullable=True)
    trainings: list[dict[str, Any]] | None = _json()
    supervisions: list[dict[str, Any]] | None = _json()
    declared: dict[str, Any] | None = _json()
    #: As last announced.
    established: dict[str, Any] | None = _json()
    valid_until: datetime | None = _moment(nullable=True)
    shift_ends_at: datetime | None = _moment(nullable=True)
    accepts_last_minutes: bool = False
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts: a person may serve several lines."""
        return f"eligibility:{self.programme}/{self.person_id}"

    def hold(self, qualification: Qualification, now: datetime) -> None:
        """Keep what the volunteer brings, and since when they are here."""
        self.held = qualification.model_dump(mode="json")
        self.joined_at = self.joined_at or now

    def dossier(self) -> Dossier:
        """All that is known of the volunteer."""
        return Dossier(
            held=Qualification.model_validate(self.held, extra="ignore"),
            joined_at=self.joined_at or datetime.min.replace(tzinfo=UTC),
            trainings=_TRAININGS.validate_python(self.trainings or ()),
            supervisions=_SUPERVISIONS.validate_python(self.supervisions or ()),
            declared=_DECLARED.validate_python(self.declared or {}),
        )

    def add_training(self, training: Training) -> None:
        """Keep a training; of the same module by the same organisation the newest counts."""
        same = (training.skill, training.organisation)
        known = [t for t in self.dossier().trainings if (t.skill, t.organisation) != same]
        self.trainings = _TRAININGS.dump_python((*known, training), mode="json")

    def add_supervision(self, supervision: Supervision) -> None:
        """Keep a supervision, if it is the newest of its kind."""
        known = [s for s in self.dossier().supervisions if s.kind is supervision.kind]
        others = [s for s in self.dossier().supervisions if s.kind is not supervision.kind]
        newest = max((*known, supervision), key=lambda each: each.held_at)
        self.supervisions = _SUPERVISIONS.dump_python((*others, newest), mode="json")

    def declare(self, declared: Declared) -> None:
        """Keep what the volunteer says of themself."""
        self.declared = _DECLARED.dump_python(declared, mode="json")

    def establish(self, eligibility: Eligibility, shift: tuple[datetime | None, bool]) -> bool:
        """Keep what the person may be offered and until when they are here; whether it is new."""
        established = eligibility.qualification.model_dump(mode="json")
        fresh = (established, eligibility.valid_until, *shift)
        kept = (self.established, self.valid_until, self.shift_ends_at, self.accepts_last_minutes)
        self.established, self.valid_until = established, eligibility.valid_until
        self.shift_ends_at, self.accepts_last_minutes = shift
        return fresh != kept


class ShiftRow(Row, table=True):
    """A shift; without a person it is open to whoever takes it."""

    __tablename__ = "shift"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="shift_runs_forward"),
        ExcludeConstraint(
            ("person_id", "="),
            (func.tstzrange(column("starts_at"), column("ends_at")), "&&"),
            name="one_place_at_a_time",
            where=text("person_id IS NOT NULL"),
            using="gist",
        ),
        Index("shift_of_line", "programme", "starts_at"),
    )

    shift_id: ShiftId = Field(primary_key=True, sa_type=Text)
    programme: ProgrammeId = Field(sa_type=Text)
    role: Role = Field(sa_type=Text)
    starts_at: datetime = _moment()
    ends_at: datetime = _moment()
    person_id: PersonId | None = Field(default=None, sa_type=Text)
    accepts_last_minutes: bool = False

    @property
    def span(self) -> Span:
        """From when until when."""
        return Span(self.starts_at, self.ends_at)


class HoleRow(Row, table=True):
    """An open hour as last told; `version` counts what was told of it."""

    __tablename__ = "hole"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    hour: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    missing: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"hole:{self.programme}/{self.hour:%Y-%m-%dT%HZ}"

    def lacks(self, missing: tuple[Hole, ...]) -> bool:
        """Keep what the hour lacks; whether it is anything new."""
        kept, self.missing = self.missing, [each.value for each in missing]
        return kept != self.missing


class DebriefRow(Row, table=True):
    """A debrief that was offered; `version` counts what was told of it."""

    __tablename__ = "debrief"
    __table_args__ = (Index("debrief_of_person", "person_id", "offered_at"),)

    debrief_id: DebriefId = Field(primary_key=True, sa_type=Text)
    programme: ProgrammeId = Field(sa_type=Text)
    person_id: PersonId = Field(sa_type=Text)
    cause: DebriefCause = Field(sa_type=Text)
    owner: PersonId | None = Field(default=None, sa_type=Text)
    offered_at: datetime = _moment()
    due_at: datetime = _moment()
    wanted: bool = False
    closed: bool = False
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"debrief:{self.debrief_id}"


# --- lines ----------------------------------------------------------------------------------------


def keep_terms(session: Session, published: ProgrammePublished) -> None:
    """Keep a version of a line; the same again changes nothing."""
    row = TermsRow(
        programme=published.programme,
        programme_version=published.programme_version,
        effective_at=published.effective_at,
        terms=published.terms.model_dump(mode="json"),
    )
    session.merge(row)
    session.flush()


def terms_at(session: Session, programme: ProgrammeId, moment: datetime) -> ProgrammeTerms | None:
    """Return the terms in force at a moment; the first ones before any; None: unknown line."""
    rows = session.exec(
        select(TermsRow)
        .where(TermsRow.programme == programme)
        .order_by(col(TermsRow.effective_at), col(TermsRow.programme_version))
    ).all()
    if not rows:
        return None
    in_force = [row for row in rows if row.effective_at <= moment] or rows[:1]
    return ProgrammeTerms.model_validate(in_force[-1].terms, extra="ignore")


# --- people ---------------------------------------------------------------------------------------


def volunteers_to_make(
    session: Session, programme: ProgrammeId, person_ids: Sequence[PersonId]
) -> Mapping[PersonId, VolunteerRow]:
    """Return the rows of these people, locked; made for those who are new.

    Locked in the order of their ids, so that two imports at once wait for each other instead of
    blocking each other for good.
    """
    fresh = [
        {"programme": programme, "person_id": id, "version": 0, "accepts_last_minutes": False}
        for id in sorted(person_ids)
    ]
    session.execute(insert(VolunteerRow).on_conflict_do_nothing(), fresh)
    return volunteers_to_change(session, programme, person_ids)


def volunteers_to_change(
    session: Session, programme: ProgrammeId, person_ids: Iterable[PersonId]
) -> Mapping[PersonId, VolunteerRow]:
    """Return the rows of those of these people who are known, locked in the order of their ids."""
    rows = session.exec(
        select(VolunteerRow)
        .where(
            VolunteerRow.programme == programme,
            col(VolunteerRow.person_id).in_(list(person_ids)),
        )
        .order_by(VolunteerRow.person_id)
        .with_for_update()
    )
    return {row.person_id: row for row in rows}


def volunteer_to_change(
    session: Session, programme: ProgrammeId, person_id: PersonId
) -> VolunteerRow | None:
    """Return one person's row, locked; None for somebody the line does not know."""
    return session.get(VolunteerRow, (programme, person_id), with_for_update=True)


def volunteers_after(
    session: Session, programme: ProgrammeId, person_id: str, limit: int
) -> list[VolunteerRow]:
    """Return the next volunteers of a line in the order of their ids, locked."""
    rows = session.exec(
        select(VolunteerRow)
        .where(VolunteerRow.programme == programme, col(VolunteerRow.person_id) > person_id)
        .order_by(VolunteerRow.person_id)
        .limit(limit)
        .with_for_update()
    )
    return list(rows)


def volunteers_of(
    session: Session, programme: ProgrammeId, person_id: PersonId | None
) -> list[VolunteerRow]:
    """Return the volunteers of a line, or one of them, without a lock."""
    asked = select(VolunteerRow).where(
        VolunteerRow.programme == programme, col(VolunteerRow.held).is_not(None)
    )
    if person_id is not None:
        asked = asked.where(VolunteerRow.person_id == person_id)
    return list(session.exec(asked.order_by(VolunteerRow.person_id)))


# --- shifts ---------------------------------------------------------------------------------------


def add_shifts(session: Session, rows: Sequence[ShiftRow]) -> bool:
    """Keep new shifts; False when somebody would be in two places: nothing else may follow."""
    session.add_all(rows)
    return _is_one_place_at_a_time(session)


def give_shift(session: Session, shift: ShiftRow, person_id: PersonId) -> bool:
    """Give a locked shift to somebody; False when they would be in two places."""
    shift.person_id = person_id
    return _is_one_place_at_a_time(session)


def _is_one_place_at_a_time(session: Session) -> bool:
    try:
        session.flush()
    except IntegrityError as error:
        if not isinstance(error.orig, ExclusionViolation):
            raise
        return False
    return True


def shift_to_change(session: Session, programme: ProgrammeId, shift_id: ShiftId) -> ShiftRow | None:
    """Return a shift of this line, locked; None when it has no such shift."""
    row = session.get(ShiftRow, shift_id, with_for_update=True, populate_existing=True)
    return row if row is not None and row.programme == programme else None


def shift_of(session: Session, programme: ProgrammeId, shift_id: ShiftId) -> ShiftRow | None:
    """Return a shift of this line as it is, without a lock."""
    row = session.get(ShiftRow, shift_id)
    return row if row is not None and row.programme == programme else None


def shifts_of(session: Session, person_ids: Iterable[PersonId], now: datetime) -> list[ShiftRow]:
    """Return the shifts of these people in any line, those of the last months included.

    Nights are limited within up to a year; what is over longer says nothing any more.
    """
    rows = session.exec(
        select(ShiftRow).where(
            col(ShiftRow.person_id).in_(list(person_ids)),
            col(ShiftRow.ends_at) > now - _LOOKED_BACK,
        )
    )
    return list(rows)


def shifts_between(session: Session, programme: ProgrammeId, within: Span) -> list[ShiftRow]:
    """Return the shifts of a line that touch a stretch of time, the next ones first."""
    rows = session.exec(
        select(ShiftRow)
        .where(
            ShiftRow.programme == programme,
            col(ShiftRow.starts_at) < within.ends_at,
            col(ShiftRow.ends_at) > within.starts_at,
        )
        .order_by(col(ShiftRow.starts_at), ShiftRow.shift_id)
    )
    return list(rows)


def shifts_seen(
    session: Session, programme: ProgrammeId, within: Span, by: PersonId | None
) -> list[ShiftRow]:
    """Return shifts of a line, one more than an answer holds; `by`: own and open ones."""
    asked = select(ShiftRow).where(
        ShiftRow.programme == programme,
        col(ShiftRow.starts_at) < within.ends_at,
        col(ShiftRow.ends_at) > within.starts_at,
    )
    if by is not None:
        asked = asked.where(or_(col(ShiftRow.person_id).is_(None), ShiftRow.person_id == by))
    ordered = asked.order_by(col(ShiftRow.starts_at), ShiftRow.shift_id).limit(MOST_SHIFTS + 1)
    return list(session.exec(ordered))


def dossiers_of(
    session: Session, programme: ProgrammeId, person_ids: Iterable[PersonId]
) -> Mapping[PersonId, Dossier]:
    """Return what is known of these people, without a lock."""
    rows = session.exec(
        select(VolunteerRow).where(
            VolunteerRow.programme == programme,
            col(VolunteerRow.person_id).in_(list(person_ids)),
        )
    )
    return {row.person_id: row.dossier() for row in rows}


# --- holes ----------------------------------------------------------------------------------------


def hole_to_change(session: Session, programme: ProgrammeId, hour: datetime) -> HoleRow:
    """Return the row of an hour, locked; made when it is looked at for the first time."""
    fresh = {"programme": programme, "hour": hour, "missing": [], "version": 0}
    session.execute(insert(HoleRow).values(fresh).on_conflict_do_nothing())
    return session.get_one(HoleRow, (programme, hour), with_for_update=True)


def hours_told(session: Session, programme: ProgrammeId, begin: datetime) -> set[datetime]:
    """Return hours from `begin` on of which a hole was told and stands."""
    rows = session.exec(
        select(HoleRow.hour).where(
            HoleRow.programme == programme,
            col(HoleRow.hour) >= begin,
            func.cardinality(HoleRow.missing) > 0,
        )
    )
    return set(rows)


# --- care -----------------------------------------------------------------------------------------


def was_offered_since(session: Session, person_id: PersonId, moment: datetime) -> bool:
    """Whether a debrief was offered to a person since a moment."""
    found = session.exec(
        select(DebriefRow.debrief_id)
        .where(DebriefRow.person_id == person_id, col(DebriefRow.offered_at) > moment)
        .limit(1)
    )
    return found.first() is not None


def debrief_to_change(session: Session, debrief_id: str) -> DebriefRow | None:
    """Return a debrief, locked; None when there is none of that name."""
    return session.get(DebriefRow, debrief_id, with_for_update=True)
