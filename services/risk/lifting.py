"""What risk does to lift anonymity: ask, decide, show once, review; each kept in the audit."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import Text
from sqlmodel import Field, Session

from contracts.anonymity import (
    AskLift,
    DecideLift,
    LiftAgreed,
    LiftAsked,
    LiftId,
    LiftNamed,
    LiftReason,
    LiftRefused,
    LiftReviewed,
    LiftReviewMissed,
    LiftShown,
    ReviewLift,
)
from contracts.envelope import Reply, done, refused
from contracts.vocabulary import ContactId, PersonId, ProgrammeId, Refusal, Role
from services.bus.work import Work, derived_id
from services.risk import audit, metrics, store
from services.risk.audit import AuditEntry, AuditKind
from services.risk.domain import Asker, MayNot
from services.risk.handlers import asker_of
from services.risk.lift import (
    Agreed,
    Lift,
    LiftState,
    Refused,
    alone_from,
    judge_lift,
    may_ask,
    may_review,
    may_see,
)
from services.risk.store import Row, moment


class LiftRow(Row, table=True):
    """A lift. What the edge held is nowhere in it."""

    __tablename__ = "lift"

    lift_id: LiftId = Field(primary_key=True, sa_type=Text)
    contact_id: ContactId = Field(sa_type=Text)
    programme: ProgrammeId = Field(sa_type=Text)
    reason: str
    life_at_stake: bool
    asked_by: PersonId = Field(sa_type=Text)
    asked_as: str
    asked_at: datetime = moment(nullable=False)
    state: str = LiftState.ASKED.value
    agreed_by: PersonId | None = Field(default=None, sa_type=Text)
    alone: bool = False
    reviewed: bool = False
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"lift:{self.lift_id}"

    @property
    def lift(self) -> Lift:
        """The lift as the domain sees it."""
        return Lift(
            programme=self.programme,
            asked_by=self.asked_by,
            asked_as=Role(self.asked_as),
            asked_at=self.asked_at,
            life_at_stake=self.life_at_stake,
            state=LiftState(self.state),
            agreed_by=self.agreed_by,
            alone=self.alone,
            reviewed=self.reviewed,
        )


def lift_to_change(session: Session, lift_id: str) -> LiftRow | None:
    """A lift, locked."""
    return session.get(LiftRow, lift_id, with_for_update=True)


def on_ask_lift(command: AskLift, work: Work) -> Reply:
    """Ask for a second person."""
    asker = asker_of(work.command)
    hindrance = may_ask(asker, store.contact(work.session, command.contact_id))
    if hindrance is not None:
        return refused(hindrance.why, hindrance.field)
    row = LiftRow(
        lift_id=LiftId(derived_id("lift", work.command.command_id)),
        contact_id=command.contact_id,
        programme=asker.programme,
        reason=command.reason.value,
        life_at_stake=command.life_at_stake,
        asked_by=asker.person_id,
        asked_as=asker.role.value,
        asked_at=work.now,
    )
    work.session.add(row)
    alone_at = alone_from(asker, command.life_at_stake, work.now)
    work.announce(LiftAsked(**said_of(row), alone_from=alone_at), of=row)
    _keep(AuditKind.LIFT_ASKED, row, asker, work)
    return done(row.version, LiftNamed(lift_id=row.lift_id, alone_from=alone_at))


def on_decide_lift(command: DecideLift, work: Work) -> Reply:
    """The second person's word, or the first one's alone."""
    row = lift_to_change(work.session, command.lift_id)
    if row is None:
        return refused(Refusal.UNKNOWN_RESCUE, "lift_id")
    asker = asker_of(work.command)
    match judge_lift(row.lift, asker, command.agree, work.now):
        case Agreed() as agreed:
            _agree(row, agreed, asker, work)
            return done(row.version)
        case Refused():
            row.state = LiftState.REFUSED.value
            event = LiftRefused(
                **said_of(row),
                refused_by=asker.person_id,
                refused_as=asker.role,
                refused_at=work.now,
            )
            work.announce(event, of=row)
            _keep(AuditKind.LIFT_REFUSED, row, asker, work)
            return done(row.version)
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def _agree(row: LiftRow, agreed: Agreed, asker: Asker, work: Work) -> None:
    row.state = LiftState.AGREED.value
    row.agreed_by = asker.person_id
    row.alone = agreed.alone
    event = LiftAgreed(
        **said_of(row),
        agreed_by=asker.person_id,
        agreed_as=asker.role,
        agreed_at=work.now,
        alone=agreed.alone,
        review_by=agreed.review_by,
    )
    work.announce(event, of=row)
    _keep(AuditKind.LIFT_ALONE if agreed.alone else AuditKind.LIFT_AGREED, row, asker, work)
    metrics.record_lift(row.programme, "alone" if agreed.alone else "two")
    if agreed.review_by is not None:
        work.set_deadline("review", row.lift_id, agreed.review_by)


def on_review_lift(command: ReviewLift, work: Work) -> Reply:
    """Somebody else has looked at a lift one decided alone; late is better than never."""
    row = lift_to_change(work.session, command.lift_id)
    if row is None:
        return refused(Refusal.UNKNOWN_RESCUE, "lift_id")
    asker = asker_of(work.command)
    hindrance = may_review(row.lift, asker)
    if hindrance is not None:
        return refused(hindrance.why, hindrance.field)
    row.reviewed = True
    event = LiftReviewed(
        **said_of(row),
        verdict=command.verdict,
        reviewed_by=asker.person_id,
        reviewed_as=asker.role,
        reviewed_at=work.now,
    )
    work.announce(event, of=row)
    work.clear_deadline("review", row.lift_id)
    _keep(AuditKind.LIFT_REVIEWED, row, asker, work, command.verdict.value)
    return done(row.version)


def on_review_due(key: str, work: Work) -> None:
    """A day has gone by and nobody has reviewed it."""
    row = lift_to_change(work.session, key)
    if row is None or row.reviewed:
        return
    work.announce(LiftReviewMissed(**said_of(row), missed_at=work.now), of=row)
    metrics.record_lift(row.programme, "review_missed")
    clock = Asker(PersonId("risk"), Role(row.asked_as), row.programme)
    _keep(AuditKind.LIFT_REVIEW_MISSED, row, clock, work)


# --- showing, at the door -------------------------------------------------------------------------


#: Longer than the edge is waited for: what is not kept as shown by then never was.
SHOWN_WITHIN = timedelta(seconds=30)


def begin_showing(lift_id: str, asker: Asker, work: Work) -> Reply:
    """Take the one showing up, for this person; nobody else gets it meanwhile."""
    row = lift_to_change(work.session, lift_id)
    if row is None:
        return refused(Refusal.UNKNOWN_RESCUE, "lift_id")
    hindrance = may_see(row.lift, asker)
    if hindrance is not None:
        return refused(hindrance.why, hindrance.field)
    row.state = LiftState.SHOWING.value
    work.set_deadline("showing", lift_id, work.now + SHOWN_WITHIN)
    return done(result=LiftNamed(lift_id=row.lift_id))


def give_back(lift_id: str, work: Work) -> Reply:
    """The edge could not be asked: nothing was shown, so it can still be."""
    row = lift_to_change(work.session, lift_id)
    assert row is not None
    row.state = LiftState.AGREED.value
    work.clear_deadline("showing", lift_id)
    return done()


def on_showing_due(key: str, work: Work) -> None:
    """Who was showing it died before they answered: nothing was shown, so it can still be."""
    row = lift_to_change(work.session, key)
    if row is not None and row.state == LiftState.SHOWING.value:
        row.state = LiftState.AGREED.value


def keep_shown(lift_id: str, asker: Asker, found: bool, work: Work) -> Reply:
    """Keep that it is being shown; never what."""
    row = lift_to_change(work.session, lift_id)
    assert row is not None
    row.state = LiftState.SHOWN.value
    work.clear_deadline("showing", lift_id)
    event = LiftShown(**said_of(row), shown_to=asker.person_id, shown_at=work.now, found=found)
    work.announce(event, of=row)
    _keep(AuditKind.LIFT_SHOWN, row, asker, work, "found" if found else "nothing_there")
    return done()


def contact_of(session: Session, lift_id: str) -> ContactId | None:
    """Which contact a lift is about."""
    row = session.get(LiftRow, lift_id)
    return None if row is None else row.contact_id


def _keep(  # noqa: PLR0913 - an entry is all of these
    kind: AuditKind, row: LiftRow, by: Asker, work: Work, reason: str | None = None
) -> None:
    entry = AuditEntry(
        at=work.now,
        kind=kind.value,
        programme=row.programme,
        actor=by.person_id,
        role=by.role.value,
        subject=row.lift_id,
        reason=reason or row.reason,
    )
    audit.append(work.session, entry)


def said_of(row: LiftRow) -> dict[str, Any]:
    """What every event about a lift says of it."""
    return {
        "lift_id": row.lift_id,
        "contact_id": row.contact_id,
        "programme": row.programme,
        "reason": LiftReason(row.reason),
        "life_at_stake": row.life_at_stake,
        "asked_by": row.asked_by,
        "asked_as": Role(row.asked_as),
        "asked_at": row.asked_at,
    }
