"""Tables of referral, and small functions named by intent. No commit is made here.

Of an outcome token only its hash is kept, so that the table cannot tell an outcome for anybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, Column, DateTime, MetaData, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, col, select

from contracts.assignment import OfferTaken, OfferWithdrawn
from contracts.contact import ContactEnded, ContactOpened
from contracts.programme import ProgrammePublished
from contracts.vocabulary import (
    AgeBand,
    ContactId,
    Departement,
    LanguageCode,
    Need,
    PartnerReference,
    PersonId,
    Priority,
    ProgrammeId,
    ReferralField,
    ReferralId,
    ReferralMode,
    ReferralState,
    RelayId,
    SealedBox,
    Stage,
)
from services.bus.driver import ask
from services.referral.directory.relay import Saturation
from services.referral.domain import ContactKnown, ReferralKnown


class Row(SQLModel, registry=registry(metadata=MetaData(schema="referral"))):
    """A table of referral's own schema."""


tables = Row.metadata


def _moment(*, nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


class LineRow(Row, table=True):
    """Whether a version of a line leads callers on to relays."""

    __tablename__ = "line"

    programme: str = Field(primary_key=True)
    programme_version: int = Field(primary_key=True)
    effective_at: datetime = _moment(nullable=False)
    refers: bool


class ContactRow(Row, table=True):
    """What referral knows of a contact: whose it is, and whether it is over."""

    __tablename__ = "contact"

    contact_id: str = Field(primary_key=True)
    programme: str
    regulator: str | None = None  #: who took it at that stage, and by which offer
    regulator_offer: str | None = None
    listener: str | None = None
    listener_offer: str | None = None
    ended_at: datetime | None = _moment()


class ReferralRow(Row, table=True):
    """A referral. `version` counts what was announced of it."""

    __tablename__ = "referral"

    referral_id: ReferralId = Field(primary_key=True, sa_type=Text)
    contact_id: ContactId = Field(sa_type=Text, index=True)
    programme: ProgrammeId = Field(sa_type=Text)
    relay_id: RelayId = Field(sa_type=Text)
    state: str
    mode: str
    need: str
    urgency: str
    departement: Departement | None = Field(default=None, sa_type=Text)
    language: str | None = None
    age_band: str | None = None
    minor: bool
    scope: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    consented_at: datetime | None = _moment()
    partner_reference: PartnerReference | None = Field(default=None, sa_type=Text)
    token_sha256: str | None = Field(default=None, unique=True)
    outcome_given: bool = False
    #: How to reach the person, from when it was given until it is sent; we cannot open it.
    contact_means: SealedBox | None = Field(default=None, sa_type=Text)
    withdrawal_sha256: str | None = Field(default=None, index=True)
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"referral:{self.referral_id}"

    @property
    def known(self) -> ReferralKnown:
        """The referral as decisions see it."""
        return ReferralKnown(
            programme=self.programme,
            contact_id=self.contact_id,
            relay_id=self.relay_id,
            state=ReferralState(self.state),
            mode=ReferralMode(self.mode),
            need=Need(self.need),
            urgency=Priority(self.urgency),
            departement=self.departement,
            language=None if self.language is None else LanguageCode(self.language),
            age_band=None if self.age_band is None else AgeBand(self.age_band),
            minor=self.minor,
            scope=tuple(ReferralField(name) for name in self.scope),
            contact_means=self.contact_means,
            outcome_given=self.outcome_given,
        )


class RelayRow(Row, table=True):
    """What people of ours found out about a row of the directory."""

    __tablename__ = "relay"

    relay_id: str = Field(primary_key=True)
    verified_at: datetime | None = _moment()
    verified_by: str | None = None
    withdrawn: bool = False  #: a verification was taken back, also one the file holds
    saturated: bool | None = None
    observed_at: datetime | None = _moment()
    observed_by: str | None = None
    lifetime_minutes: int | None = None

    @property
    def saturation(self) -> Saturation | None:
        """What was seen last; whether it still counts is judged when it is asked."""
        if self.saturated is None or self.observed_at is None or self.lifetime_minutes is None:
            return None
        lifetime = timedelta(minutes=self.lifetime_minutes)
        return Saturation(self.saturated, self.observed_at, lifetime)


# --- what the others say --------------------------------------------------------------------------
# One statement each. It meets the contact if it is the first to tell.

_OPEN = """
    INSERT INTO referral.contact (contact_id, programme)
    VALUES (%(contact_id)s, %(programme)s) ON CONFLICT (contact_id) DO NOTHING
"""
_REGULATE = """
    INSERT INTO referral.contact (contact_id, programme, regulator, regulator_offer)
    VALUES (%(contact_id)s, %(programme)s, %(person_id)s, %(offer_id)s)
    ON CONFLICT (contact_id) DO UPDATE
        SET regulator = excluded.regulator, regulator_offer = excluded.regulator_offer
"""
_LISTEN = """
    INSERT INTO referral.contact (contact_id, programme, listener, listener_offer)
    VALUES (%(contact_id)s, %(programme)s, %(person_id)s, %(offer_id)s)
    ON CONFLICT (contact_id) DO UPDATE
        SET listener = excluded.listener, listener_offer = excluded.listener_offer
"""
_RELEASE = """
    UPDATE referral.contact SET
        regulator = CASE WHEN regulator_offer = %(offer_id)s THEN NULL ELSE regulator END,
        listener = CASE WHEN listener_offer = %(offer_id)s THEN NULL ELSE listener END
    WHERE contact_id = %(contact_id)s
"""
_END = """
    INSERT INTO referral.contact (contact_id, programme, ended_at)
    VALUES (%(contact_id)s, %(programme)s, %(ended_at)s)
    ON CONFLICT (contact_id) DO UPDATE SET ended_at = excluded.ended_at
"""


def keep_line(session: Session, event: ProgrammePublished) -> None:
    """Keep a version of a line; the same version again changes nothing."""
    session.merge(
        LineRow(
            programme=event.programme,
            programme_version=event.programme_version,
            effective_at=event.effective_at,
            refers=event.terms.frame.refers,
        )
    )


def refers(session: Session, programme: ProgrammeId, now: datetime) -> bool:
    """Whether a line leads callers on to relays; one not heard of yet does."""
    newest = (
        select(LineRow.refers)
        .where(LineRow.programme == programme, LineRow.effective_at <= now)
        .order_by(col(LineRow.programme_version).desc())
    )
    return session.exec(newest).first() is not False


def lines_that_refer(session: Session) -> Sequence[ProgrammeId]:
    """Lines that lead callers on to relays, or did once, in the order of their names."""
    asked = select(LineRow.programme).where(col(LineRow.refers)).distinct()
    return [ProgrammeId(each) for each in session.exec(asked.order_by(LineRow.programme))]


def open_contact(session: Session, event: ContactOpened) -> None:
    """Meet a contact."""
    ask(session, _OPEN, {"contact_id": event.contact_id, "programme": event.programme})


def hold(session: Session, event: OfferTaken) -> None:
    """Keep who has a contact at a stage."""
    took = {
        "contact_id": event.contact_id,
        "programme": event.programme,
        "person_id": event.person_id,
        "offer_id": event.offer_id,
    }
    ask(session, _LISTEN if event.stage is Stage.LISTENER else _REGULATE, took)


def release(session: Session, event: OfferWithdrawn) -> None:
    """Keep that somebody has a contact no longer, if it was by this take."""
    ask(session, _RELEASE, {"contact_id": event.contact_id, "offer_id": event.offer_id})


def end_contact(session: Session, event: ContactEnded) -> None:
    """Keep when a contact was over."""
    named = {"contact_id": event.contact_id, "programme": event.programme}
    ask(session, _END, named | {"ended_at": event.ended_at})


# --- what is decided ------------------------------------------------------------------------------


def contact(session: Session, contact_id: ContactId) -> ContactKnown | None:
    """Return what is known of a contact."""
    row = session.get(ContactRow, contact_id)
    return None if row is None else _known(row)


def _known(row: ContactRow) -> ContactKnown:
    held_by = frozenset(PersonId(each) for each in (row.regulator, row.listener) if each)
    return ContactKnown(ProgrammeId(row.programme), held_by, row.ended_at)


def referral_to_change(session: Session, referral_id: ReferralId) -> ReferralRow | None:
    """Return a referral, locked."""
    return session.get(ReferralRow, referral_id, with_for_update=True)


def referral_in_contact(
    session: Session, referral_id: ReferralId
) -> tuple[ReferralRow, ContactKnown] | None:
    """Return a referral, locked, and what is known of its contact; None when either is not."""
    query = (
        select(ReferralRow, ContactRow)
        .join(ContactRow, col(ContactRow.contact_id) == ReferralRow.contact_id)
        .where(ReferralRow.referral_id == referral_id)
    )
    found = session.exec(query.with_for_update(of=ReferralRow)).one_or_none()
    return None if found is None else (found[0], _known(found[1]))


def hash_of_token(token: str) -> str:
    """What is kept of an outcome token."""
    return hashlib.sha256(token.encode()).hexdigest()


def referral_of_token(session: Session, token_sha256: str) -> ReferralRow | None:
    """Return the referral a blind token was made for, locked."""
    query = select(ReferralRow).where(ReferralRow.token_sha256 == token_sha256)
    return session.exec(query.with_for_update()).one_or_none()


def referral_of_code(session: Session, code_sha256: str) -> ReferralRow | None:
    """Return the referral a withdrawal code was made for, locked."""
    query = select(ReferralRow).where(ReferralRow.withdrawal_sha256 == code_sha256)
    return session.exec(query.with_for_update()).first()


def relays_known(session: Session) -> tuple[RelayRow, ...]:
    """Return what was found out about rows of the directory, in the order of their names."""
    return tuple(session.exec(select(RelayRow).order_by(RelayRow.relay_id)))


def relay_to_change(session: Session, relay_id: RelayId) -> RelayRow:
    """Return what is known of a row, to be added to."""
    row = session.get(RelayRow, relay_id, with_for_update=True)
    if row is None:
        row = RelayRow(relay_id=relay_id)
        session.add(row)
    return row


def observe(session: Session, relay_id: RelayId, seen: Saturation, by: PersonId) -> None:
    """Keep whether a relay picks up, as somebody saw it."""
    row = relay_to_change(session, relay_id)
    row.saturated, row.observed_at, row.observed_by = seen.saturated, seen.observed_at, by
    row.lifetime_minutes = int(seen.lifetime.total_seconds() // 60)


def keep_referral(session: Session, row: ReferralRow) -> None:
    """Keep a new referral."""
    session.add(row)
