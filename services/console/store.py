"""Tables of the console, and small functions named by intent. No commit is made here.

Rows are locked in one order everywhere: contact, then desk. Offers are changed under the lock of
their contact.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Index, MetaData, Text, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, col, delete, select

from contracts.vocabulary import ContactState, LiveState, Role, Stage
from services.console.domain import ContactFacts, Place, place_of
from services.console.messages import DeskMessage, LiveStateShown


class Row(SQLModel, registry=registry(metadata=MetaData(schema="console"))):
    """A table of the console's own schema."""


tables = Row.metadata


def _moment(nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _json() -> Any:
    return Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))


class SessionRow(Row, table=True):
    """A session. Only the hash of its token is kept: who reads the table can act as nobody."""

    __tablename__ = "session"

    token_sha256: str = Field(primary_key=True)
    session_id: str
    person_id: str
    role: str
    programme: str
    opened_at: datetime = _moment(nullable=False)
    expires_at: datetime = _moment(nullable=False)


class EligibilityRow(Row, table=True):
    """Roles a person has in a line, by the roster."""

    __tablename__ = "eligibility"

    person_id: str = Field(primary_key=True)
    programme: str = Field(primary_key=True)
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))


class ProgrammeRow(Row, table=True):
    """A line that exists."""

    __tablename__ = "programme"

    programme: str = Field(primary_key=True)
    programme_version: int
    name: str


class HourRow(Row, table=True):
    """Figures of one hour, as quality last counted them."""

    __tablename__ = "hour"

    programme: str = Field(primary_key=True)
    hour: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    figures: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class ContactRow(Row, table=True):
    """What is known of a contact; `state` and `since` are derived from the facts beside them."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("contact_live", "programme", "state", postgresql_where=text("state <> 'ended'")),
        Index("contact_ended", "ended_at", postgresql_where=text("state = 'ended'")),
    )

    contact_id: str = Field(primary_key=True)
    programme: str
    first_stage: str | None = None
    opened_at: datetime | None = _moment()
    regulator_offer: str | None = None
    regulator_since: datetime | None = _moment()
    sent_on_at: datetime | None = _moment()
    destination: str | None = None
    listener_offer: str | None = None
    listener_since: datetime | None = _moment()
    ended_at: datetime | None = _moment()
    outcome: str | None = None
    state: str | None = None
    since: datetime | None = _moment()

    def facts(self) -> ContactFacts:
        """The facts as a value, for the domain."""
        return ContactFacts(
            opened_at=self.opened_at,
            first_stage=None if self.first_stage is None else Stage(self.first_stage),
            regulator_since=self.regulator_since,
            sent_on_at=self.sent_on_at,
            destination=self.destination,  # type: ignore[arg-type] # text of the closed word
            listener_since=self.listener_since,
            ended_at=self.ended_at,
        )

    def hold(self, stage: Stage, offer_id: str, since: datetime) -> None:
        """A human of this stage has taken it."""
        if stage is Stage.REGULATOR:
            self.regulator_offer, self.regulator_since = offer_id, since
        else:
            self.listener_offer, self.listener_since = offer_id, since
        self.place()

    def release(self, offer_id: str) -> None:
        """A take no longer stands; a newer one does."""
        if self.regulator_offer == offer_id:
            self.regulator_offer, self.regulator_since = None, None
        if self.listener_offer == offer_id:
            self.listener_offer, self.listener_since = None, None
        self.place()

    def place(self) -> None:
        """Derive `state` and `since` again."""
        place: Place | None = place_of(self.facts())
        self.state = None if place is None else place.state.value
        self.since = None if place is None else place.since


class OfferRow(Row, table=True):
    """An offer: its standing, and what was shown of it."""

    __tablename__ = "offer"
    __table_args__ = (Index("offer_of_contact", "contact_id"),)

    offer_id: str = Field(primary_key=True)
    contact_id: str
    person_id: str
    stage: str
    standing: str
    shown: dict[str, Any] | None = _json()


class DeskRow(Row, table=True):
    """A person's desk as it is now. Its lock is what makes the numbers of its messages dense."""

    __tablename__ = "desk"
    __table_args__ = (Index("desk_on_duty", "programme", "role", "live_state"),)

    person_id: str = Field(primary_key=True)
    programme: str | None = None
    role: str | None = None
    live_state: str = LiveState.OFF_DUTY.value
    live: dict[str, Any] | None = _json()
    offer: dict[str, Any] | None = _json()
    contact: dict[str, Any] | None = _json()
    last_number: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class DeskMessageRow(Row, table=True):
    """One numbered message of a desk."""

    __tablename__ = "desk_message"
    __table_args__ = (Index("desk_message_at", "at"),)

    person_id: str = Field(primary_key=True)
    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    at: datetime = _moment(nullable=False)


_MESSAGES = tables.tables["console.desk_message"]


# --- rows to change: made when missing, then locked ----------------------------------------------


def lock_contact(session: Session, contact_id: str, programme: str) -> ContactRow:
    """Return a contact's row, locked; made when this is the first fact about it."""
    found = session.get(ContactRow, contact_id, with_for_update=True)
    if found is None:
        fresh = {"contact_id": contact_id, "programme": programme}
        session.execute(insert(ContactRow).values(fresh).on_conflict_do_nothing())
        found = session.get_one(ContactRow, contact_id, with_for_update=True)
    return found


def lock_desk(session: Session, person_id: str) -> DeskRow:
    """Return a person's desk, locked; made when they never had one."""
    found = session.get(DeskRow, person_id, with_for_update=True)
    if found is None:
        fresh = {"person_id": person_id, "live_state": LiveState.OFF_DUTY.value, "last_number": 0}
        session.execute(insert(DeskRow).values(fresh).on_conflict_do_nothing())
        found = session.get_one(DeskRow, person_id, with_for_update=True)
    return found


def offer_of(session: Session, offer_id: str) -> OfferRow | None:
    """Return an offer; its contact must be locked."""
    return session.get(OfferRow, offer_id)


def taken_offers(session: Session, contact_id: str) -> Sequence[OfferRow]:
    """Offers of a contact that are taken and not over; its contact must be locked."""
    return session.exec(
        select(OfferRow).where(OfferRow.contact_id == contact_id, OfferRow.standing == "taken")
    ).all()


def tell(session: Session, desk: DeskRow, message: DeskMessage, at: datetime) -> None:
    """Add a message to a locked desk."""
    desk.last_number += 1
    session.execute(
        # The bare table: an ORM statement would flush the desk now and once more at the end.
        insert(_MESSAGES).values(
            person_id=desk.person_id,
            number=desk.last_number,
            kind=message.kind.value,
            body=message.model_dump(mode="json"),
            at=at,
        )
    )


_ENTER = text(
    """
    WITH entered AS (
        INSERT INTO console.desk AS desk
            (person_id, programme, role, live_state, live, last_number)
        VALUES (:person_id, :programme, :role, :live_state, CAST(:live AS jsonb), 1)
        ON CONFLICT (person_id) DO UPDATE SET
            programme = excluded.programme, role = excluded.role,
            live_state = excluded.live_state, live = excluded.live,
            last_number = desk.last_number + 1
        RETURNING last_number
    )
    INSERT INTO console.desk_message (person_id, number, kind, body, at)
    SELECT :person_id, last_number, :kind, CAST(:live AS jsonb), :at FROM entered
    """
)


def enter_live_state(
    session: Session, person_id: str, entered: LiveStateShown, at: datetime
) -> None:
    """Replace what a person does and tell their desk, in one statement: the most frequent fact."""
    session.execute(
        _ENTER,
        {
            "person_id": person_id,
            "programme": entered.programme,
            "role": entered.role,
            "live_state": entered.state,
            "live": entered.model_dump_json(),
            "kind": entered.kind,
            "at": at,
        },
    )


# --- what is kept as it was said -----------------------------------------------------------------


def keep_eligibility(session: Session, person_id: str, programme: str, roles: list[str]) -> None:
    """Replace what the roster says of a person in a line."""
    row = {"person_id": person_id, "programme": programme, "roles": roles}
    _replace(session, EligibilityRow, row, ("person_id", "programme"))


def keep_programme(session: Session, programme: str, version: int, name: str) -> None:
    """Replace what is known of a line."""
    row = {"programme": programme, "programme_version": version, "name": name}
    _replace(session, ProgrammeRow, row, ("programme",))


def keep_hour(session: Session, programme: str, hour: datetime, figures: dict[str, Any]) -> None:
    """Replace the figures of an hour."""
    row = {"programme": programme, "hour": hour, "figures": figures}
    _replace(session, HourRow, row, ("programme", "hour"))


def _replace(session: Session, table: type[Row], row: dict[str, Any], key: tuple[str, ...]) -> None:
    statement = insert(tables.tables[f"console.{table.__tablename__}"]).values(row)
    changed = {name: statement.excluded[name] for name in row if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))


def forget_before(session: Session, moment: datetime) -> None:
    """Delete messages told, contacts ended and sessions expired before `moment`."""
    session.execute(delete(DeskMessageRow).where(col(DeskMessageRow.at) < moment))
    old = select(ContactRow.contact_id).where(
        ContactRow.state == ContactState.ENDED.value, col(ContactRow.ended_at) < moment
    )
    session.execute(delete(OfferRow).where(col(OfferRow.contact_id).in_(old)))
    session.execute(
        delete(ContactRow).where(
            col(ContactRow.state) == ContactState.ENDED.value, col(ContactRow.ended_at) < moment
        )
    )
    session.execute(delete(SessionRow).where(col(SessionRow.expires_at) < moment))
    session.execute(delete(HourRow).where(col(HourRow.hour) < moment))


# --- what a session may be opened for -------------------------------------------------------------


def roles_of(session: Session, person_id: str, programme: str) -> tuple[Role, ...] | None:
    """Roles the roster gives a person in a line; None when it does not know them there."""
    row = session.get(EligibilityRow, (person_id, programme))
    return None if row is None else tuple(Role(role) for role in row.roles)


def knows_programme(session: Session, programme: str) -> bool:
    """Whether the line exists."""
    return session.get(ProgrammeRow, programme) is not None
