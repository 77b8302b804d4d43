"""Tables of risk, and small functions named by intent. No commit is made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Column, DateTime, Index, MetaData, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, col, select

from contracts.assignment import OfferTaken
from contracts.contact import ContactEnded
from contracts.frame import ReportRecipient
from contracts.programme import ProgrammePublished, RiskPolicy
from contracts.risk import AlertId, Standing
from contracts.roster import EligibilityEstablished
from contracts.vocabulary import ContactId, PersonId, ProgrammeId, RiskSignal, Role
from services.bus.driver import ask, only
from services.risk.domain import DESIGN_POLICY, Alert, ContactKnown, Line


class Row(SQLModel, registry=registry(metadata=MetaData(schema="risk"))):
    """A table of risk's own schema."""


tables = Row.metadata


def moment(nullable: bool = True) -> Any:
    """A column for a moment in domain time."""
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


class ProgrammeRow(Row, table=True):
    """What risk keeps of one version of a line."""

    __tablename__ = "programme"

    programme: str = Field(primary_key=True)
    programme_version: int = Field(primary_key=True)
    effective_at: datetime = moment(nullable=False)
    country: str
    policy: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    recipients: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))


class ContactRow(Row, table=True):
    """What risk knows of a contact: enough to say who may raise an alert for it."""

    __tablename__ = "contact"

    contact_id: str = Field(primary_key=True)
    programme: str
    holders: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    ended_at: datetime | None = moment()


class EligibilityRow(Row, table=True):
    """Roles a person has in a line, by the roster, and whether they are in a shift."""

    __tablename__ = "eligibility"

    person_id: str = Field(primary_key=True)
    programme: str = Field(primary_key=True)
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    shift_ends_at: datetime | None = moment()  #: of the shift they are in


class AlertRow(Row, table=True):
    """An alert. At most one is open for a contact."""

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "one_alert_of_a_contact",
            "contact_id",
            unique=True,
            postgresql_where=text("standing IN ('open', 'taken')"),
        ),
        Index(
            "alerts_not_over", "programme", postgresql_where=text("standing IN ('open', 'taken')")
        ),
    )

    alert_id: AlertId = Field(primary_key=True, sa_type=Text)
    contact_id: ContactId = Field(sa_type=Text)
    programme: ProgrammeId = Field(sa_type=Text)
    raised_by: PersonId = Field(sa_type=Text)
    raised_as: str
    raised_at: datetime = moment(nullable=False)
    policy: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    policy_version: int | None = None
    confirmed: bool
    since: datetime = moment(nullable=False)
    signals: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    standing: str
    level: int
    held_by: PersonId | None = Field(default=None, sa_type=Text)
    held_since: datetime | None = moment()
    calls: int = 0
    called_at: datetime | None = moment()
    contact_over: bool = False
    unreached: str | None = None  #: why nobody could be reached when it last went on
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"alert:{self.alert_id}"

    @property
    def alert(self) -> Alert:
        """The alert as the domain sees it."""
        return Alert(
            alert_id=self.alert_id,
            contact_id=self.contact_id,
            programme=self.programme,
            raised_by=self.raised_by,
            raised_as=Role(self.raised_as),
            raised_at=self.raised_at,
            policy=RiskPolicy.model_validate(self.policy, extra="ignore"),
            since=self.since,
            signals=tuple(RiskSignal(signal) for signal in self.signals),
            standing=Standing(self.standing),
            level=self.level,
            held_by=self.held_by,
            held_since=self.held_since,
            calls=self.calls,
            called_at=self.called_at,
            contact_over=self.contact_over,
        )

    def keep(self, alert: Alert) -> None:
        """Take over what may change of an alert."""
        self.since = alert.since
        self.signals = [signal.value for signal in alert.signals]
        self.standing = alert.standing.value
        self.level = alert.level
        self.held_by = alert.held_by
        self.held_since = alert.held_since
        self.calls = alert.calls
        self.called_at = alert.called_at
        self.contact_over = alert.contact_over


# --- what the others say --------------------------------------------------------------------------
# One statement each, in the driver's own words. It meets the contact if it is the first to tell.

_HOLD = """
    INSERT INTO risk.contact AS contact (contact_id, programme, holders)
    VALUES (%(contact_id)s, %(programme)s, ARRAY[%(person_id)s])
    ON CONFLICT (contact_id) DO UPDATE SET holders = contact.holders || excluded.holders
    WHERE NOT contact.holders @> excluded.holders
"""
_END = """
    WITH alert AS (
        UPDATE risk.alert SET contact_over = true
        WHERE contact_id = %(contact_id)s AND standing IN ('open', 'taken')
    )
    INSERT INTO risk.contact (contact_id, programme, holders, ended_at)
    VALUES (%(contact_id)s, %(programme)s, '{}', %(ended_at)s)
    ON CONFLICT (contact_id) DO UPDATE SET ended_at = excluded.ended_at
"""
_ROLES = """
    SELECT roles FROM risk.eligibility
    WHERE person_id = %(person_id)s AND programme = %(programme)s FOR UPDATE
"""
_ELIGIBLE = """
    INSERT INTO risk.eligibility (person_id, programme, roles, shift_ends_at)
    VALUES (%(person_id)s, %(programme)s, %(roles)s, %(shift_ends_at)s)
    ON CONFLICT (person_id, programme)
        DO UPDATE SET roles = excluded.roles, shift_ends_at = excluded.shift_ends_at
"""


def keep_programme(session: Session, event: ProgrammePublished) -> None:
    """Keep a version of a line; the same version again changes nothing."""
    session.merge(
        ProgrammeRow(
            programme=event.programme,
            programme_version=event.programme_version,
            effective_at=event.effective_at,
            country=event.terms.country,
            policy=event.terms.risk.model_dump(),
            recipients=[
                each.model_dump(mode="json") for each in event.terms.frame.report_recipients
            ],
        )
    )


def hold(session: Session, event: OfferTaken) -> None:
    """Keep who has taken a contact; who had it before may still raise an alert for it."""
    named = {"contact_id": event.contact_id, "programme": event.programme}
    ask(session, _HOLD, named | {"person_id": event.person_id})


def end_contact(session: Session, event: ContactEnded) -> None:
    """Keep that a contact is over; its alert goes on, and knows."""
    named = {"contact_id": event.contact_id, "programme": event.programme}
    ask(session, _END, named | {"ended_at": event.ended_at})


def keep_eligibility(session: Session, event: EligibilityEstablished) -> tuple[Role, ...]:
    """Keep which roles the roster gives a person in a line; the roles they had before."""
    named = {"person_id": event.person_id, "programme": event.programme}
    before = ask(session, _ROLES, named).fetchone()
    roles = [role.value for role in event.qualification.roles]
    ask(session, _ELIGIBLE, named | {"roles": roles, "shift_ends_at": event.shift_ends_at})
    return () if before is None else tuple(Role(role) for role in before.roles)


# --- what is known --------------------------------------------------------------------------------

_CONTACT = """
    SELECT programme, holders, ended_at FROM risk.contact
    WHERE contact_id = %(contact_id)s
"""
#: The version in force now.
_POLICY = """
    SELECT policy, programme_version FROM risk.programme
    WHERE programme = %(programme)s AND effective_at <= public.helpline_now()
    ORDER BY programme_version DESC LIMIT 1
"""
_LINE = """
    WITH roster AS (
        SELECT person_id, roles, shift_ends_at > public.helpline_now() AS in_shift
        FROM risk.eligibility
        WHERE programme = %(programme)s AND person_id <> %(but_for)s
    ), duty AS (
        SELECT person_id, in_shift, EXISTS (
            SELECT 1 FROM risk.reach
            WHERE reach.person_id = roster.person_id AND reach.programme = %(programme)s
        ) AS can_be_called
        FROM roster WHERE 'duty_professional' = ANY(roles)
    )
    SELECT
        EXISTS (SELECT 1 FROM roster WHERE 'supervisor' = ANY(roles)) AS supervisors,
        EXISTS (SELECT 1 FROM roster WHERE 'regulator' = ANY(roles)) AS regulators,
        ARRAY (
            SELECT person_id FROM duty WHERE can_be_called
            ORDER BY in_shift DESC NULLS LAST, person_id
        ) AS duty_list,
        EXISTS (SELECT 1 FROM duty WHERE NOT can_be_called) AS duty_unreachable
"""


def contact(session: Session, contact_id: ContactId) -> ContactKnown:
    """What is known of a contact, nothing being an answer too."""
    row = ask(session, _CONTACT, {"contact_id": contact_id}).fetchone()
    if row is None:
        return ContactKnown()
    return ContactKnown(row.programme, tuple(row.holders), row.ended_at is not None)


@dataclass(frozen=True)
class PolicyFound:
    """The policy an alert keeps, and the version of the line it is from."""

    policy: RiskPolicy
    version: int | None


def policy_for(session: Session, programme: ProgrammeId) -> PolicyFound:
    """The policy in force on a line; of a line we have not heard of, the design's."""
    row = ask(session, _POLICY, {"programme": programme}).fetchone()
    if row is None:
        return PolicyFound(DESIGN_POLICY, None)
    return PolicyFound(RiskPolicy.model_validate(row.policy, extra="ignore"), row.programme_version)


def recipients_of(session: Session, programme: ProgrammeId) -> list[ReportRecipient]:
    """Who receives the legal reports of a line, by its newest version."""
    statement = """
        SELECT recipients FROM risk.programme WHERE programme = %(programme)s
        ORDER BY programme_version DESC LIMIT 1
    """
    row = ask(session, statement, {"programme": programme}).fetchone()
    found = [] if row is None else row.recipients
    return [ReportRecipient.model_validate(each, extra="ignore") for each in found]


def line(session: Session, programme: ProgrammeId, but_for: PersonId) -> Line:
    """Whom the roster has for each rung of a line, beside who raised the alert."""
    row = only(ask(session, _LINE, {"programme": programme, "but_for": but_for}))
    return Line(
        row.supervisors,
        row.regulators,
        tuple(row.duty_list),
        row.duty_unreachable,
    )


# --- alerts ---------------------------------------------------------------------------------------

_NOT_OVER = (Standing.OPEN.value, Standing.TAKEN.value)


def alert_to_change(session: Session, alert_id: AlertId) -> AlertRow | None:
    """An alert, locked."""
    return session.get(AlertRow, alert_id, with_for_update=True)


def alert_of_contact(session: Session, contact_id: ContactId) -> AlertRow | None:
    """The alert of a contact that is not over, locked.

    Two presses at once: the second waits here for the first, by a lock that is the contact's own.
    """
    lock = "SELECT pg_advisory_xact_lock(hashtextextended(%(contact_id)s, 0))"
    ask(session, lock, {"contact_id": contact_id})
    query = select(AlertRow).where(
        AlertRow.contact_id == contact_id, col(AlertRow.standing).in_(_NOT_OVER)
    )
    return session.exec(query.with_for_update()).one_or_none()


def with_open_alert(session: Session, contacts: Sequence[str]) -> frozenset[str]:
    """Those of the contacts whose alert no human has ended yet."""
    statement = """
        SELECT contact_id FROM risk.alert
        WHERE contact_id = ANY(%(contacts)s) AND standing IN ('open', 'taken')
    """
    rows = ask(session, statement, {"contacts": list(contacts)})
    return frozenset(row.contact_id for row in rows)


def open_alerts(session: Session, programme: ProgrammeId) -> list[AlertRow]:
    """Every alert of a line that is not over, the oldest first."""
    query = select(AlertRow).where(
        AlertRow.programme == programme, col(AlertRow.standing).in_(_NOT_OVER)
    )
    return list(session.exec(query.order_by(col(AlertRow.raised_at))).all())
