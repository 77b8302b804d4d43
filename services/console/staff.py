"""How people on duty are called, as whoever signed them in said, and what each may enter as.

Names stay in this table: no event, log or desk message holds one. A page asks for those it shows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, col, delete, select

from contracts.vocabulary import PersonId, ProgrammeId, Role
from services.console.store import EligibilityRow, ProgrammeRow, Row, tables

#: Of somebody who has not signed in for so long (domain time), only the identifier is left.
KEEP_NAMES_FOR = timedelta(days=180)


class StaffRow(Row, table=True):
    """How somebody is called."""

    __tablename__ = "staff"

    person_id: str = Field(primary_key=True)
    name: str
    told_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def keep_name(session: Session, person_id: PersonId, name: str, now: datetime) -> None:
    """Keep how somebody is called from now on."""
    row = insert(tables.tables["console.staff"]).values(person_id=person_id, name=name, told_at=now)
    newer = {"name": row.excluded.name, "told_at": row.excluded.told_at}
    session.execute(row.on_conflict_do_update(index_elements=("person_id",), set_=newer))


def names_of(session: Session, person_ids: Iterable[str]) -> dict[str, str]:
    """How these people are called; of whom nobody said it, the identifier."""
    asked = {each: each for each in person_ids}
    rows = session.exec(select(StaffRow).where(col(StaffRow.person_id).in_(asked)))
    return asked | {row.person_id: row.name for row in rows}


def forget_names_before(session: Session, moment: datetime) -> None:
    """Forget the names of people who signed in last before `moment`."""
    session.execute(delete(StaffRow).where(col(StaffRow.told_at) < moment))


@dataclass(frozen=True)
class Entries:
    """What the console knows of a person who comes: their roles by the roster, the lines."""

    held: Mapping[ProgrammeId, Collection[Role]]
    lines: Mapping[ProgrammeId, str]  #: those in force, by their name


def entries_of(session: Session, person_id: PersonId) -> Entries:
    """What there is for this person to enter as."""
    rows = session.exec(select(EligibilityRow).where(EligibilityRow.person_id == person_id))
    held = {ProgrammeId(row.programme): frozenset(Role(role) for role in row.roles) for row in rows}
    return Entries(held, lines_of(session))


def held_elsewhere(
    session: Session, lines: Collection[ProgrammeId]
) -> tuple[tuple[PersonId, Role, ProgrammeId], ...]:
    """Who holds which role by the roster, on lines in force that are none of these."""
    wanted = set(lines_of(session)) - set(lines)
    rows = session.exec(
        select(EligibilityRow)
        .where(col(EligibilityRow.programme).in_(wanted))
        .order_by(col(EligibilityRow.programme), col(EligibilityRow.person_id))
    )
    return tuple(
        (PersonId(row.person_id), Role(role), ProgrammeId(row.programme))
        for row in rows
        for role in row.roles
    )


def lines_of(session: Session) -> dict[ProgrammeId, str]:
    """The lines in force and their names."""
    return {ProgrammeId(row.programme): row.name for row in session.exec(select(ProgrammeRow))}
