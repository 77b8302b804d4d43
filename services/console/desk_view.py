"""What a desk's page shows, read at one moment: who one is, what one does, who waits, who is there.

No text of a caller is here: those come from intake's text door, to who may read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from contracts.programme import ProgrammeTerms
from contracts.vocabulary import (
    Channel,
    ContactState,
    LanguageCode,
    LiveState,
    PersonId,
    Role,
    Stage,
)
from services.console import pictures, store
from services.console.messages import Board, ContactShown, DeskState, OfferShown, RescueShown
from services.console.noted import Noted, noted_by
from services.console.owing import Owed, owed_by
from services.console.pictures import Desk
from services.console.presence import supervisors_of
from services.console.reading_with import ReadingWithRow, readers_of
from services.console.staff import names_of

#: Before the end of a shift, new contacts are a question (DESIGN 10).
LAST_MINUTES = timedelta(minutes=20)


@dataclass(frozen=True)
class Waiter:
    """Somebody waits."""

    channel: Channel | None
    language: LanguageCode | None
    since: datetime
    urgent: bool = False  #: said so themselves


@dataclass(frozen=True)
class DeskView:
    """One desk at one moment of domain time."""

    state: DeskState
    number: int  #: of the newest message of this desk
    terms: ProgrammeTerms | None  #: None: the line is not known here yet
    rate: float  #: domain seconds per real second
    board: Board
    waiting: tuple[Waiter, ...]  #: in the waiting line this person answers, the first one first
    supervisors: tuple[PersonId, ...]  #: there for the line
    shift_ends_at: datetime | None  #: of the shift this person is in
    readers: tuple[ReadingWithRow, ...]  #: who reads this person's talk along
    names: Mapping[str, str]  #: as people are called, by their id
    says_urgent: bool = False  #: who is offered to this person, or with them, says so
    rescue: RescueShown | None = None  #: the newest one of the contact this person is in
    owed: tuple[Owed, ...] = ()  #: at-risk reports this person is to write
    noted: Noted | None = None  #: by this person, of who is with them as a regulator

    def named(self, person_id: str) -> str:
        """What somebody is called among colleagues."""
        return self.names.get(person_id, person_id)

    @property
    def live(self) -> LiveState:
        """What the person does."""
        return self.state.live.state

    @property
    def zone(self) -> str:
        """The line's time zone."""
        return "UTC" if self.terms is None else self.terms.timezone

    @property
    def in_last_minutes(self) -> bool:
        """Whether new contacts are offered only to who agrees."""
        ends_at = self.shift_ends_at
        return ends_at is not None and ends_at - self.state.at <= LAST_MINUTES

    @property
    def supervisors_called(self) -> str:
        """The supervisors on duty, as they are called, in one line."""
        return ", ".join(map(self.named, self.supervisors))

    @property
    def regulates(self) -> bool:
        """Whether contacts of the line come to a regulator first."""
        return self.terms is None or self.terms.first_stage is Stage.REGULATOR

    @property
    def refers(self) -> bool:
        """Whether people of the line lead callers on to relays."""
        return self.terms is not None and self.terms.frame.refers

    @property
    def free_listeners(self) -> int:
        """How many may be offered somebody now."""
        return self.on_duty(LiveState.READY)

    def on_duty(self, state: LiveState | str) -> int:
        """How many listeners do this now."""
        return self.board.listeners.on_duty.get(LiveState(state), 0)

    def for_so_long(self, since: datetime | None) -> timedelta:
        """How long ago that was."""
        return timedelta() if since is None else self.state.at - since


_WAITING = text(
    """
    SELECT channel, language, since, urgent_at FROM console.contact
    WHERE programme = :programme AND state = :state ORDER BY since LIMIT 50
    """
)
_RESCUE = text(
    """
    SELECT body FROM console.desk_message
    WHERE person_id = :person_id AND kind = 'rescue' AND body ->> 'contact_id' = :contact_id
    ORDER BY number DESC LIMIT 1
    """
)
_RATE = text("SELECT rate FROM public.clock")


def view_of(session: Session, viewer: Desk) -> DeskView:
    """The desk of a session, now."""
    picture = pictures.picture_of(session, viewer, after=None)
    line = {"programme": viewer.programme}
    supervisors = supervisors_of(session, viewer.programme)
    contact = picture.state.contact
    state = _line_of(viewer.role, contact)
    readers = () if contact is None else tuple(readers_of(session, contact.contact_id))
    known = {viewer.person_id, *supervisors, *(each.person_id for each in readers)}
    return DeskView(
        state=picture.state,
        number=picture.last_number,
        terms=store.terms_of(session, viewer.programme),
        rate=float(session.execute(_RATE).scalar_one()),
        board=pictures.board_of(session, viewer.programme),
        waiting=tuple(_waiter(row) for row in session.execute(_WAITING, {**line, "state": state})),
        supervisors=supervisors,
        shift_ends_at=_shift_end(session, viewer, picture.state.at),
        readers=readers,
        names=names_of(session, known | _in_alerts(picture.state)),
        says_urgent=_says_urgent(session, picture.state),
        rescue=_rescue_of(session, picture.state),
        owed=owed_by(session, viewer),
        noted=_noted_of(session, picture.state),
    )


def _line_of(role: Role, contact: ContactShown | None) -> ContactState:
    """The line somebody answers: whoever triages a contact answers regulators' line meanwhile."""
    triages = contact is not None and contact.stage is Stage.REGULATOR
    regulates = role is Role.REGULATOR or triages
    return ContactState.WAITING_REGULATOR if regulates else ContactState.WAITING_LISTENER


def _shift_end(session: Session, viewer: Desk, now: datetime) -> datetime | None:
    row = session.get(store.EligibilityRow, (viewer.person_id, viewer.programme))
    ends_at = None if row is None else row.shift_ends_at
    return ends_at if ends_at is not None and ends_at > now else None


def _in_alerts(state: DeskState) -> set[PersonId]:
    """Who raised the alerts of a desk, who has them, and to whom its debriefs are offered."""
    raised = {alert.raised_by for alert in state.alerts}
    raised |= {debrief.person_id for debrief in state.debriefs}
    return raised | {alert.held_by for alert in state.alerts if alert.held_by is not None}


def _says_urgent(session: Session, state: DeskState) -> bool:
    shown = state.contact or state.offer
    row = None if shown is None else session.get(store.ContactRow, shown.contact_id)
    return row is not None and row.urgent_at is not None


def _rescue_of(session: Session, state: DeskState) -> RescueShown | None:
    if state.contact is None:
        return None
    named = {"person_id": state.person_id, "contact_id": state.contact.contact_id}
    row = session.execute(_RESCUE, named).one_or_none()
    return None if row is None else RescueShown.model_validate(row.body, extra="ignore")


def _noted_of(session: Session, state: DeskState) -> Noted | None:
    if state.contact is None or state.contact.stage is not Stage.REGULATOR:
        return None
    return noted_by(session, state.person_id, state.contact.contact_id)


def _waiter(row: Any) -> Waiter:
    return Waiter(
        channel=None if row.channel is None else Channel(row.channel),
        language=None if row.language is None else LanguageCode(row.language),
        since=row.since,
        urgent=row.urgent_at is not None,
    )


def contact_of(session: Session, person_id: str) -> ContactShown | None:
    """The contact somebody is in."""
    desk = session.get(store.DeskRow, person_id)
    return (
        None
        if desk is None or not desk.contact
        else ContactShown.model_validate(desk.contact, extra="ignore")
    )


def offer_of(session: Session, person_id: str) -> OfferShown | None:
    """The offer that is on somebody's desk."""
    desk = session.get(store.DeskRow, person_id)
    return (
        None
        if desk is None or not desk.offer
        else OfferShown.model_validate(desk.offer, extra="ignore")
    )
