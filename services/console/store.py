"""Tables of the console, and small functions named by intent. No commit is made here.

Rows are locked in one order everywhere: contact, offer, desk. That an offer was made is kept under
the lock of its own row alone: it changes nothing of the contact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    Index,
    MetaData,
    Text,
    column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, col, delete, select

from contracts.assignment import OfferEvent, OfferMade, OfferTaken
from contracts.programme import ProgrammePublished, ProgrammeTerms
from contracts.risk import AlertId
from contracts.roster import EligibilityEstablished
from contracts.vocabulary import (
    Channel,
    ContactId,
    ContactState,
    Destination,
    LanguageCode,
    LiveState,
    OfferId,
    Outcome,
    PersonId,
    Priority,
    ProgrammeId,
    Role,
    Stage,
)
from services.bus.driver import ask, only
from services.console.domain import ContactFacts, OfferStanding, place_of
from services.console.messages import (
    AlertShown,
    ContactGone,
    ContactShown,
    DeskMessage,
    LiveStateShown,
    OfferGone,
    OfferShown,
)
from services.console.statements import (
    BEGIN_WITHOUT_SHIFT,
    CLOSE_CONTACT,
    CLOSE_OFFER,
    ENTER_LIVE_STATE,
    FORGET_SESSIONS,
    KEEP_ELIGIBILITY,
    LEAVE_STAGES,
    LOCK_CONTACT,
    LOCK_OFFER,
    NEW_OFFER,
    SAVE_CONTACT,
    SAVE_OFFER,
    SHOW_ALERT,
    SHOW_CONTACT,
    SHOW_OFFER,
    TELL,
    TELL_OF_ALERT,
    TELL_WHO_ASKS_SUPERVISORS,
    WHO_HEARS,
)


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
    look: str = Field(default="", sa_column_kwargs={"server_default": ""})  #: as in an address


class EligibilityRow(Row, table=True):
    """Roles a person has in a line, by the roster, and their shift there."""

    __tablename__ = "eligibility"

    person_id: str = Field(primary_key=True)
    programme: str = Field(primary_key=True)
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    shift_ends_at: datetime | None = _moment()  #: of the shift they are in, or were in last


class ProgrammeRow(Row, table=True):
    """A line that exists."""

    __tablename__ = "programme"

    programme: str = Field(primary_key=True)
    programme_version: int
    name: str
    terms: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


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
    channel: str | None = None
    language: str | None = None
    priority: str | None = None
    urgent_at: datetime | None = _moment()
    state: str | None = None
    since: datetime | None = _moment()


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
    #: All contacts the person is in, by the offer that was taken; several in writing only.
    held: dict[str, Any] = Field(
        default_factory=dict,
        sa_column=Column(JSONB, nullable=False, server_default=text("'{}'")),
    )
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


class AlertRow(Row, table=True):
    """An alert, as risk last told it."""

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "alert_not_over", "programme", postgresql_where=text("standing IN ('open', 'taken')")
        ),
    )

    alert_id: str = Field(primary_key=True)
    programme: str
    standing: str
    level: int
    raised_by: str
    held_by: str | None = None
    shown: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    told_at: datetime = _moment(nullable=False)


class AlertToldRow(Row, table=True):
    """Whose desk was told of an alert, and when for the first time."""

    __tablename__ = "alert_told"

    alert_id: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)
    told_at: datetime = _moment(nullable=False)


# --- lock, and what is known ---------------------------------------------------------------------


@dataclass(frozen=True)
class Taken:
    """A take: who is in which contact, as what."""

    offer_id: OfferId
    contact_id: ContactId
    person_id: PersonId
    stage: Stage


@dataclass(frozen=True)
class KnownOffer:
    """An offer and its contact, both locked; both made when this is the first fact about them."""

    contact: ContactFacts
    standing: OfferStanding | None  #: None: nothing was known of it
    shown: dict[str, Any]  #: what its desk was shown of it; empty when nothing was


def lock_contact(session: Session, contact_id: ContactId, programme: ProgrammeId) -> ContactFacts:
    """Lock a contact, and return what is known of it; nothing, when this is the first fact."""
    named = {"contact_id": contact_id, "programme": programme}
    return _facts(only(ask(session, LOCK_CONTACT, named)))


def lock_offer(session: Session, event: OfferEvent) -> KnownOffer:
    """Lock the contact of an offer, then the offer; and return what is known of both."""
    named = {**_named(event), "programme": event.programme}
    row = only(ask(session, LOCK_OFFER, named))
    standing = None if row.standing == NEW_OFFER else OfferStanding(row.standing)
    return KnownOffer(_facts(row), standing, row.shown or {})


def _facts(row: Any) -> ContactFacts:
    return ContactFacts(
        opened_at=row.opened_at,
        first_stage=None if row.first_stage is None else Stage(row.first_stage),
        regulator_since=row.regulator_since,
        sent_on_at=row.sent_on_at,
        destination=None if row.destination is None else Destination(row.destination),
        listener_since=row.listener_since,
        ended_at=row.ended_at,
        regulator_offer=row.regulator_offer,
        listener_offer=row.listener_offer,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        channel=None if row.channel is None else Channel(row.channel),
        language=None if row.language is None else LanguageCode(row.language),
        priority=None if row.priority is None else Priority(row.priority),
        urgent_at=row.urgent_at,
    )


# --- save, and tell ------------------------------------------------------------------------------


def save_contact(session: Session, contact_id: ContactId, facts: ContactFacts) -> None:
    """Keep what is known of a locked contact."""
    ask(session, SAVE_CONTACT, {"contact_id": contact_id, **_written(facts)})


def save_standing(session: Session, offer_id: OfferId, standing: OfferStanding) -> None:
    """Keep where a locked offer is."""
    ask(session, SAVE_OFFER, {"offer_id": offer_id, "standing": standing})


def show_offer(session: Session, event: OfferMade, shown: OfferShown) -> None:
    """Keep an offer of which nothing is known, and put it on the desk; a known one stays so."""
    standing = {"standing": OfferStanding.OPEN}
    ask(session, SHOW_OFFER, _named(event) | standing | _message(shown, event.made_at))


def close_offer(session: Session, event: OfferEvent, gone: OfferGone) -> None:
    """Keep that a locked offer is over, and take it off the desk."""
    standing = {"standing": OfferStanding.OVER}
    ask(session, CLOSE_OFFER, _named(event) | standing | _message(gone, gone.at))


def show_contact(
    session: Session, event: OfferTaken, facts: ContactFacts, shown: ContactShown
) -> None:
    """Keep that a locked offer is taken, and put its contact on the desk in its place."""
    written = _written(facts) | {"standing": OfferStanding.TAKEN}
    ask(session, SHOW_CONTACT, _named(event) | written | _message(shown, event.taken_at))


def leave_stages(
    session: Session, contact_id: ContactId, facts: ContactFacts, stages: tuple[Stage, ...]
) -> Sequence[Taken]:
    """Keep what is known of a locked contact, and that its takes of these stages are over."""
    written = _written(facts) | {"standing": OfferStanding.OVER, "stages": list(stages)}
    rows = ask(session, LEAVE_STAGES, {"contact_id": contact_id, **written}).fetchall()
    return sorted(
        (Taken(row.offer_id, row.contact_id, row.person_id, Stage(row.stage)) for row in rows),
        key=lambda each: each.person_id,  # desks are locked in one order
    )


def close_contact(session: Session, person_id: PersonId, gone: ContactGone) -> None:
    """Take a contact off the desk of who had taken it."""
    named = {"person_id": person_id, "offer_id": gone.offer_id}
    ask(session, CLOSE_CONTACT, named | _message(gone, gone.at))


def enter_live_state(
    session: Session, person_id: PersonId, entered: LiveStateShown, at: datetime
) -> None:
    """Replace what a person does and tell their desk."""
    does = {
        "person_id": person_id,
        "programme": entered.programme,
        "role": entered.role,
        "live_state": entered.state,
    }
    ask(session, ENTER_LIVE_STATE, does | _message(entered, at))


@dataclass(frozen=True)
class Hearers:
    """Whoever has this contact, and if asked every supervisor or regulator on duty for its line."""

    contact_id: ContactId
    programme: ProgrammeId
    supervisors: bool = False
    regulators: bool = False


def tell(session: Session, hearers: Hearers, message: DeskMessage, at: datetime) -> None:
    """Add a message to desks on which nothing else changes."""
    people = ask(session, WHO_HEARS, vars(hearers)).fetchall()  # desks are locked in one order
    for row in people:
        ask(session, TELL, {"person_id": row.person_id, **_message(message, at)})


def alert_shown(session: Session, alert_id: AlertId) -> AlertShown | None:
    """An alert as it was last shown."""
    row = session.get(AlertRow, alert_id)
    return None if row is None else AlertShown.model_validate(row.shown, extra="ignore")


def show_alert(session: Session, shown: AlertShown, at: datetime) -> None:
    """Keep an alert as it is, and tell everybody whom it concerns (`CONCERNED`)."""
    named = {"alert_id": shown.alert_id, "standing": shown.standing}
    ask(session, SHOW_ALERT, named | _concerning(shown) | _message(shown, at))


def tell_of_alert(session: Session, shown: AlertShown, message: DeskMessage, at: datetime) -> None:
    """Tell everybody whom an alert concerns something more of it."""
    ask(session, TELL_OF_ALERT, _concerning(shown) | _message(message, at))


def tell_line(  # noqa: PLR0913 - a message is all of these
    session: Session,
    programme: ProgrammeId,
    person_id: PersonId | None,
    message: DeskMessage,
    at: datetime,
) -> None:
    """Tell the supervisors, regulators and duty professionals of a line, and one person more."""
    everybody = {"programme": programme, "level": 3, "raised_by": person_id, "held_by": None}
    ask(session, TELL_OF_ALERT, everybody | _message(message, at))


def tell_who_asks_supervisors(
    session: Session, programme: ProgrammeId, message: DeskMessage, at: datetime
) -> None:
    """Tell the regulators and listeners of a line who are signed in, on duty or not."""
    ask(session, TELL_WHO_ASKS_SUPERVISORS, {"programme": programme} | _message(message, at))


def tell_supervisors(
    session: Session, programme: ProgrammeId, message: DeskMessage, at: datetime
) -> None:
    """Tell the supervisors of a line who are signed in, on duty or not."""
    supervisors = {"programme": programme, "level": 1, "raised_by": None, "held_by": None}
    ask(session, TELL_OF_ALERT, supervisors | _message(message, at))


def _concerning(shown: AlertShown) -> dict[str, Any]:
    named = {"programme": shown.programme, "level": shown.level}
    return named | {"raised_by": shown.raised_by, "held_by": shown.held_by}


def _named(event: OfferEvent) -> dict[str, Any]:
    return {
        "offer_id": event.offer_id,
        "contact_id": event.contact_id,
        "person_id": event.person_id,
        "stage": event.stage,
    }


def _written(facts: ContactFacts) -> dict[str, Any]:
    place = place_of(facts)
    return {
        **vars(facts),
        "state": None if place is None else place.state,
        "since": None if place is None else place.since,
    }


def _message(message: DeskMessage, at: datetime) -> dict[str, Any]:
    return {"kind": message.kind, "body": message.model_dump_json(), "at": at}


# --- what is kept as it was said -----------------------------------------------------------------


def keep_eligibility(session: Session, event: EligibilityEstablished) -> None:
    """Replace what the roster says of a person in a line; a shift that is over stays known."""
    said = {
        "person_id": event.person_id,
        "programme": event.programme,
        "roles": [role.value for role in event.qualification.roles],
        "shift_ends_at": event.shift_ends_at,
        "at": event.established_at,
    }
    ask(session, KEEP_ELIGIBILITY, said)


def begin_without_shift(
    session: Session, person_id: PersonId, programme: ProgrammeId, at: datetime
) -> None:
    """Somebody goes on duty after their shift: it has no say in how long they stay."""
    named = {"person_id": person_id, "programme": programme, "at": at}
    ask(session, BEGIN_WITHOUT_SHIFT, named)


def keep_programme(session: Session, event: ProgrammePublished) -> None:
    """Replace what is known of a line."""
    row = {
        "programme": event.programme,
        "programme_version": event.programme_version,
        "name": event.terms.name,
        "terms": event.terms.model_dump(mode="json"),
    }
    _replace(session, ProgrammeRow, row, ("programme",))


def keep_hour(session: Session, programme: str, hour: datetime, figures: dict[str, Any]) -> None:
    """Replace the figures of an hour."""
    row = {"programme": programme, "hour": hour, "figures": figures}
    _replace(session, HourRow, row, ("programme", "hour"))


def _replace(session: Session, table: type[Row], row: dict[str, Any], key: tuple[str, ...]) -> None:
    statement = insert(tables.tables[f"console.{table.__tablename__}"]).values(row)
    changed = {name: statement.excluded[name] for name in row if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))


_OWES_A_REPORT = text(
    """
    SELECT contact_id FROM console.matter
    WHERE kind = 'at_risk_report' AND state IN ('owed', 'missed')
    """
).columns(column("contact_id", Text))


def forget_before(session: Session, moment: datetime) -> None:
    """Delete messages told, contacts ended and sessions expired before `moment`.

    Who had a contact is known as long as its report is to be written.
    """
    session.execute(delete(DeskMessageRow).where(col(DeskMessageRow.at) < moment))
    old = select(ContactRow.contact_id).where(
        ContactRow.state == ContactState.ENDED.value,
        col(ContactRow.ended_at) < moment,
        col(ContactRow.contact_id).not_in(_OWES_A_REPORT),
    )
    session.execute(delete(OfferRow).where(col(OfferRow.contact_id).in_(old)))
    session.execute(delete(ContactRow).where(col(ContactRow.contact_id).in_(old)))
    kept = select(AlertRow.alert_id)
    session.execute(delete(AlertToldRow).where(col(AlertToldRow.alert_id).not_in(kept)))
    session.execute(
        delete(AlertRow).where(
            col(AlertRow.standing).in_(("stood_down", "closed")), col(AlertRow.told_at) < moment
        )
    )
    ask(session, FORGET_SESSIONS, {"moment": moment})
    session.execute(delete(HourRow).where(col(HourRow.hour) < moment))


def keep_look(session: Session, token_sha256: str, look: str) -> None:
    """Keep how the pages of a session look."""
    row = session.get(SessionRow, token_sha256)
    if row is not None:
        row.look = look


def end_session(session: Session, token_sha256: str) -> None:
    """Forget a session."""
    session.execute(delete(SessionRow).where(col(SessionRow.token_sha256) == token_sha256))


# --- what a session may be opened for -------------------------------------------------------------


def roles_of(session: Session, person_id: str, programme: str) -> tuple[Role, ...] | None:
    """Roles the roster gives a person in a line; None when it does not know them there."""
    row = session.get(EligibilityRow, (person_id, programme))
    return None if row is None else tuple(Role(role) for role in row.roles)


def terms_of(session: Session, programme: str) -> ProgrammeTerms | None:
    """What the newest version of a line says; None when it does not exist."""
    row = session.get(ProgrammeRow, programme)
    return None if row is None else ProgrammeTerms.model_validate(row.terms, extra="ignore")


def knows_programme(session: Session, programme: str) -> bool:
    """Whether the line exists."""
    return session.get(ProgrammeRow, programme) is not None
