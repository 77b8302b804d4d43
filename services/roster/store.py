"""Tables of the roster, and small functions named by intent. No commit is made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, col, select

from contracts.roster import Qualification
from contracts.vocabulary import PersonId, ProgrammeId
from services.roster.domain import Eligibility


class Row(SQLModel, registry=registry(metadata=MetaData(schema="roster"))):
    """A table of the roster's own schema."""


tables = Row.metadata


class VolunteerRow(Row, table=True):
    """A volunteer of one line. `version` counts what was established of them."""

    __tablename__ = "volunteer"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    person_id: PersonId = Field(primary_key=True, sa_type=Text)
    #: As imported; empty only inside the transaction that makes the row.
    held: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    #: As last announced.
    established: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    valid_until: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts: a person may serve several lines."""
        return f"eligibility:{self.programme}/{self.person_id}"

    def hold(self, qualification: Qualification) -> None:
        """Keep what the volunteer brings."""
        self.held = qualification.model_dump(mode="json")

    def holds(self) -> Qualification:
        """What the volunteer brings."""
        return Qualification.model_validate(self.held)

    def establish(self, eligibility: Eligibility) -> bool:
        """Keep what the person may be offered; whether it is anything new."""
        established = eligibility.qualification.model_dump(mode="json")
        if (self.established, self.valid_until) == (established, eligibility.valid_until):
            return False
        self.established, self.valid_until = established, eligibility.valid_until
        return True


def volunteers_to_change(
    session: Session, programme: ProgrammeId, person_ids: Sequence[PersonId]
) -> Mapping[PersonId, VolunteerRow]:
    """Return the rows of these people, locked; made for those who are new.

    Locked in the order of their ids, so that two imports at once wait for each other instead of
    blocking each other for good.
    """
    fresh = [{"programme": programme, "person_id": id, "version": 0} for id in sorted(person_ids)]
    session.execute(insert(VolunteerRow).on_conflict_do_nothing(), fresh)
    rows = session.exec(
        select(VolunteerRow)
        .where(VolunteerRow.programme == programme, col(VolunteerRow.person_id).in_(person_ids))
        .order_by(VolunteerRow.person_id)
        .with_for_update()
    )
    return {row.person_id: row for row in rows}


def volunteer_to_change(
    session: Session, programme: ProgrammeId, person_id: PersonId
) -> VolunteerRow:
    """Return one person's row, locked."""
    return session.get_one(VolunteerRow, (programme, person_id), with_for_update=True)
