"""People of partner organisations who are signed in: as somebody of a partner, in no role of ours.

A table of their own, beside the sessions of people on duty: what looks for one kind of session
never finds the other, so that no page has to remember to tell them apart.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Column, DateTime
from sqlmodel import Field, Session, col, delete

from contracts.envelope import Reply, done
from contracts.vocabulary import PartnerId, PersonId
from services.bus.door import Door
from services.bus.work import Work, new_id
from services.console.pictures import domain_now
from services.console.store import Row


class PartnerSessionRow(Row, table=True):
    """A session of somebody of a partner. Their name goes with it and is kept nowhere else."""

    __tablename__ = "partner_session"

    token_sha256: str = Field(primary_key=True)
    partner: str
    person_id: str
    name: str | None = None
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


@dataclass(frozen=True)
class Member:
    """Somebody of a partner, as their organisation's issuer vouched for them."""

    partner: PartnerId
    person_id: PersonId
    name: str | None = None


async def open_member_session(
    member: Member, lasts: timedelta, door: Door, hash_of_token: str
) -> None:
    """Open a session for somebody who was vouched for, under a token made at the door."""
    opening = partial(_open, member, hash_of_token, lasts)
    await door.answer(new_id(), hash_of_token, opening)


def new_token() -> str:
    """256 random bits, told once."""
    return secrets.token_urlsafe(32)


def _open(member: Member, token_sha256: str, lasts: timedelta, work: Work) -> Reply:
    row = PartnerSessionRow(
        token_sha256=token_sha256,
        partner=member.partner,
        person_id=member.person_id,
        name=member.name,
        expires_at=work.now + lasts,
    )
    work.session.add(row)
    return done()


def member_of(session: Session, token_sha256: str) -> Member | None:
    """Whose session a token opens, if it stands."""
    row = session.get(PartnerSessionRow, token_sha256)
    if row is None or row.expires_at <= domain_now(session):
        return None
    return Member(PartnerId(row.partner), PersonId(row.person_id), row.name)


def end_member_session(token_sha256: str, work: Work) -> Reply:
    """Forget a session, and the name in it."""
    work.session.execute(
        delete(PartnerSessionRow).where(col(PartnerSessionRow.token_sha256) == token_sha256)
    )
    return done()


def forget_before(session: Session, moment: datetime) -> None:
    """Forget sessions that ended before `moment`."""
    session.execute(delete(PartnerSessionRow).where(col(PartnerSessionRow.expires_at) < moment))
