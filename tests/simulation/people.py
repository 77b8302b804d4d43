"""Regulators and listeners: people at desks, who see what their desk shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from contracts.anonymity import AskLift, DecideLift
from contracts.assignment import (
    DeclineOffer,
    EndDuty,
    FinishWrapUp,
    Pause,
    Resume,
    StartDuty,
    TakeOffer,
)
from contracts.care import AnswerDebrief
from contracts.contact import CorrectNature, EndContact, GiveReturnPass
from contracts.envelope import Command, Reply
from contracts.referral import ProposeReferral, RecordConsent, SendReferral
from contracts.rescue import StartRescue
from contracts.risk import AcknowledgeAlert, RaiseAlert
from contracts.shift import LeaveShift, TakeShift
from contracts.triage import DecideTriage, TriageNotes
from contracts.vocabulary import (
    Channel,
    ContactId,
    DebriefId,
    Destination,
    LiveState,
    Nature,
    Need,
    Outcome,
    Priority,
    Role,
    ShiftId,
    Stage,
)
from tests.simulation.asking import AtDoor, Person
from tests.simulation.in_contact import Notes, something, something_begun

if TYPE_CHECKING:
    from tests.simulation.house import House

_DESK = "SELECT live_state, offer, contact FROM console.desk WHERE person_id = %s"
_ALERT_TO_TAKE = """
    SELECT alert_id FROM console.alert WHERE standing = 'open' AND raised_by <> %s LIMIT 1
"""
_BESIDE = """
    SELECT 'debrief', debrief_id FROM console.debrief WHERE person_id = %(me)s
    UNION ALL SELECT 'mine', shift_id FROM roster.shift WHERE person_id = %(me)s
    UNION ALL SELECT 'open', shift_id FROM roster.shift WHERE person_id IS NULL
    ORDER BY 1, 2
"""

_BY_REGULATOR = (Outcome.INFORMED_BY_REGULATOR, Outcome.CLOSED_WITHIN_FRAME)
_BY_LISTENER = {
    Channel.PHONE: (Outcome.LISTENED, Outcome.REFERRED, Outcome.DROPPED),
    Channel.CHAT: (Outcome.LISTENED, Outcome.REFERRED, Outcome.DROPPED),
    Channel.MESSAGE: (Outcome.ANSWERED_IN_WRITING, Outcome.DROPPED),
}


@dataclass
class Desk(Person):
    """A regulator or a listener."""

    notes: Notes = field(default_factory=Notes)
    last: ContactId | None = None  #: the contact they ended

    def wish(self, house: House, dice: Random) -> Command | AtDoor | None:
        """What the desk asks for comes first; now and then, something beside it."""
        if (
            dice.random() < (0.65 if self.notes else 0.15)
            and (beside := self._beside(house, dice)) is not None
        ):
            return beside
        seen = self._sees(house)
        if seen.contact is not None and (seen.offer is None or dice.random() < 0.5):
            return self._in_contact(seen.contact, dice)
        if seen.offer is not None:
            offer_id = seen.offer["offer_id"]
            took = dice.random() < 0.8
            return TakeOffer(offer_id=offer_id) if took else DeclineOffer(offer_id=offer_id)
        match seen.state:
            case LiveState.OFF_DUTY:
                return StartDuty()
            case LiveState.PAUSED:
                return Resume()
            case LiveState.WRAPPING_UP:
                return FinishWrapUp(hard=dice.random() < 0.1)
            case LiveState.READY if dice.random() < 0.05:
                return dice.choice((Pause(), EndDuty()))
            case _:
                return None

    def _sees(self, house: House) -> Seen:
        rows = house.look(_DESK, (self.person_id,))
        if not rows:
            return Seen(LiveState.OFF_DUTY, None, None)
        state, offer, contact = rows[0]
        return Seen(LiveState(state), offer, contact)

    def _in_contact(self, contact: Mapping[str, Any], dice: Random) -> Command | AtDoor | None:
        contact_id = ContactId(contact["contact_id"])
        if dice.random() < 0.2:
            return None  # they talk on
        if dice.random() < 0.5:
            return something(contact, (self.person_id, self.role), dice)
        if contact["stage"] == Stage.REGULATOR and dice.random() < 0.8:
            return DecideTriage(
                contact_id=contact_id,
                priority=dice.choice(tuple(Priority)),
                destination=dice.choice((*(Destination.LISTENER,) * 4, *Destination)),
                notes=TriageNotes(need=dice.choice((Need.SOLITUDE, Need.UNKNOWN))),
            )
        regulates = contact["stage"] == Stage.REGULATOR
        outcomes = _BY_REGULATOR if regulates else _BY_LISTENER[Channel(contact["channel"])]
        return EndContact(
            contact_id=contact_id,
            outcome=dice.choice(outcomes),
            nature=dice.choice((Nature.ORDINARY, Nature.SILENT)),
        )

    def _beside(self, house: House, dice: Random) -> Command | None:
        if self.last is not None and dice.random() < 0.1:
            return CorrectNature(contact_id=self.last, nature=dice.choice(tuple(Nature)))
        if self.role is Role.REGULATOR and dice.random() < 0.5:
            alerts = house.look(_ALERT_TO_TAKE, (self.person_id,))
            if alerts:
                return AcknowledgeAlert(alert_id=alerts[0][0])
        begun = something_begun(self.notes, dice)
        if begun is not None and dice.random() < 0.8:
            return begun
        waiting = house.look(_BESIDE, {"me": self.person_id})
        if not waiting:
            return None
        what, id = dice.choice(waiting)
        match what:
            case "debrief":
                return AnswerDebrief(debrief_id=DebriefId(id), wanted=dice.random() < 0.5)
            case "mine":
                return LeaveShift(shift_id=ShiftId(id))
            case _:
                return TakeShift(shift_id=ShiftId(id))

    def learn(self, command: Command, reply: Reply, house: House) -> None:
        """Note what was begun, and what callers are told by them."""
        if reply.status != "done":
            return
        told = reply.result or {}
        match command:
            case ProposeReferral():
                self.notes.referrals[told["referral_id"]] = False
            case RecordConsent(referral_id=consented) if consented in self.notes.referrals:
                self.notes.referrals[consented] = True
            case AskLift():
                self.notes.lifts.append(told["lift_id"])
            case DecideLift(lift_id=decided):
                self.notes.lifts.remove(decided)
            case SendReferral(referral_id=sent):
                self.notes.referrals.pop(sent, None)
                house.town.outcome_tokens.append(told["outcome_token"])
                house.town.withdrawal_codes.append(told["withdrawal_code"])
            case StartRescue():
                self.notes.rescues.append(told["rescue_id"])
            case RaiseAlert():
                self.notes.alerts.append(told["alert_id"])
            case GiveReturnPass(contact_id=contact_id):
                house.tell_pass(contact_id, self.person_id)
            case EndContact(contact_id=contact_id):
                self.last = contact_id

    def go_home(self, house: House, key: str) -> bool:
        """End what there is to end, then the duty; whether they are gone."""
        seen = self._sees(house)
        if seen.state is LiveState.OFF_DUTY:
            return True
        wish: Command = EndDuty()
        if seen.contact is not None:
            regulates = seen.contact["stage"] == Stage.REGULATOR
            outcome = Outcome.INFORMED_BY_REGULATOR if regulates else Outcome.DROPPED
            wish = EndContact(contact_id=seen.contact["contact_id"], outcome=outcome)
        elif seen.state is LiveState.WRAPPING_UP:
            wish = FinishWrapUp()
        house.put(self.asking(wish, house, key))
        return False


@dataclass(frozen=True)
class Seen:
    """What a desk shows."""

    state: LiveState
    offer: Mapping[str, Any] | None
    contact: Mapping[str, Any] | None
