"""Referrals of nobody, played to the sandbox of a partner: told as real ones are, counted nowhere.

A sandbox is a partner whose name says so. It stands for no relay, so that nothing real finds it;
what it is told and answers stands in a table of its own, so that nothing of it reaches a referral,
a person of ours or a figure.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Column, DateTime, Text
from sqlmodel import Field, Session, col, func, select

from contracts.canned import Canned, new_reference
from contracts.envelope import Reply, done, refused
from contracts.partner import (
    AnswerReferral,
    PartnerEvent,
    PlayReferral,
    PlayToPartner,
    TellOutcome,
    is_sandbox,
)
from contracts.sealing import seal
from contracts.vocabulary import (
    PartnerId,
    PartnerReference,
    PartnerState,
    ReferralState,
    Refusal,
    SandboxStory,
    SealingKey,
)
from services.bus.work import Work
from services.referral.domain import MayNot, Moved, judge_partners_answer
from services.referral.partners.handing import tell
from services.referral.partners.partners import PartnerRow, has_webhook
from services.referral.store import Row, hash_of_token

PLAYED_DUE = "played"
#: Domain time after which the story goes on.
_GOES_ON_AFTER = {
    SandboxStory.SENT: timedelta(minutes=5),
    SandboxStory.EXPIRED: timedelta(seconds=10),
    SandboxStory.WITHDRAWN: timedelta(seconds=10),
}
_ANSWER_WITHIN = _GOES_ON_AFTER | {SandboxStory.WITHDRAWN: _GOES_ON_AFTER[SandboxStory.SENT]}
_KEPT_FOR = timedelta(days=1)
MOST_KEPT = 100  #: of one sandbox, so that a program that plays without end fills nothing


class PlayedRow(Row, table=True):
    """A referral of nobody. `version` counts what was told of it."""

    __tablename__ = "played"

    reference: PartnerReference = Field(primary_key=True, sa_type=Text)
    partner: str = Field(index=True)
    story: str
    state: str = ReferralState.SENT.value
    played_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    token_sha256: str = Field(unique=True)
    outcome_given: bool = False
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"partner_referral:{self.reference}"

    @property
    def canned(self) -> Canned:
        """What is told of it."""
        return Canned(PartnerId(self.partner), self.reference)


def on_partner_play(command: PlayReferral, work: Work) -> Reply:
    """Play to whoever asks."""
    assert work.partner is not None
    return _play(work.partner, command.story, work)


def on_play_to_partner(command: PlayToPartner, work: Work) -> Reply:
    """Play to whom the operator names."""
    return _play(command.partner, command.story, work)


def _play(name: PartnerId, story: SandboxStory, work: Work) -> Reply:
    partner = work.session.get(PartnerRow, name, with_for_update=True)
    if not is_sandbox(name) or partner is None or partner.state != PartnerState.ACTIVE:
        return refused(Refusal.INVALID_FIELD, "partner")
    if _kept(work.session, name) >= MOST_KEPT:
        return refused(Refusal.WRONG_STATE)
    token = secrets.token_hex(32)
    row = PlayedRow(
        reference=new_reference(),
        partner=name,
        story=story.value,
        played_at=work.now,
        token_sha256=hash_of_token(token),
    )
    answer_by = work.now + _ANSWER_WITHIN[story]
    key = None if partner.sealing_key is None else SealingKey(partner.sealing_key)
    sealed = None if key is None else seal(token, key)
    _tell(row.canned.sent(work.now, answer_by, sealed), row, work)
    work.session.add(row)
    work.set_deadline(PLAYED_DUE, row.reference, work.now + _GOES_ON_AFTER[story])
    return done()


def on_played_due(key: str, work: Work) -> None:
    """The story goes on; a day later nothing is left of it."""
    row = work.session.get(PlayedRow, key, with_for_update=True)
    if row is None:
        return
    forget_at = row.played_at + _KEPT_FOR
    if work.now >= forget_at:
        work.session.delete(row)
        return
    work.set_deadline(PLAYED_DUE, key, forget_at)
    if row.story == SandboxStory.WITHDRAWN:
        row.state = ReferralState.CLOSED.value
        _tell(row.canned.withdrawn(work.now), row, work)
    elif row.state == ReferralState.SENT:
        row.state = ReferralState.EXPIRED.value
        _tell(row.canned.expired(work.now), row, work)


def answer(partner: PartnerId, command: AnswerReferral, work: Work) -> Reply:
    """Take an answer, by the rule for real ones."""
    row = work.session.get(PlayedRow, command.reference, with_for_update=True)
    if row is None or row.partner != partner:
        return refused(Refusal.UNKNOWN_REFERRAL, "reference")
    judged = judge_partners_answer(ReferralState(row.state), command.accepted)
    if isinstance(judged, MayNot):
        return refused(judged.why, judged.field)
    if isinstance(judged, Moved):
        row.state = judged.state.value
    return done()


def tell_outcome(partner: PartnerId, command: TellOutcome, work: Work) -> Reply:
    """Take an outcome, once, and count it nowhere."""
    query = select(PlayedRow).where(
        PlayedRow.token_sha256 == hash_of_token(command.outcome_token), PlayedRow.partner == partner
    )
    row = work.session.exec(query.with_for_update()).one_or_none()
    if row is None or row.outcome_given:
        return refused(Refusal.UNKNOWN_REFERRAL, "outcome_token")
    row.outcome_given = True
    return done()


def _tell(event: PartnerEvent, row: PlayedRow, work: Work) -> None:
    tell(event, row, has_webhook(work.session, row.partner), work)


def _kept(session: Session, partner: str) -> int:
    count = select(func.count()).select_from(PlayedRow).where(col(PlayedRow.partner) == partner)
    return session.exec(count).one()
