"""Who is in the simulation: people at desks, who see what their desk shows, and callers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from contracts.assignment import (
    DeclineOffer,
    EndDuty,
    FinishWrapUp,
    Pause,
    Resume,
    StartDuty,
    TakeOffer,
)
from contracts.contact import EndContact
from contracts.envelope import Command, Reply
from contracts.triage import DecideTriage, TriageNotes
from contracts.vocabulary import (
    ContactId,
    Destination,
    LiveState,
    Nature,
    Need,
    Outcome,
    PersonId,
    Priority,
    Role,
    Sha256,
    Stage,
)
from tests.assignment.builders import SOS
from tests.simulation.house import Asked, House

#: How long a desk keeps asking with the same key.
_PATIENCE = timedelta(seconds=10)

_DESK = "SELECT live_state, offer, contact FROM console.desk WHERE person_id = %s"

_BY_REGULATOR = (Outcome.INFORMED_BY_REGULATOR, Outcome.CLOSED_WITHIN_FRAME)
_BY_LISTENER = (Outcome.LISTENED, Outcome.REFERRED, Outcome.DROPPED)


@dataclass
class Desk:
    """A person at a desk. Asks again with the same key until an answer comes."""

    person_id: PersonId
    role: Role
    unanswered: Asked | None = None

    def act(self, house: House, dice: Random, key: str) -> None:
        """Do the next thing, or ask again for the last."""
        if self.unanswered is None or self.unanswered.deadline < house.now:
            wish = self._wish(house, dice)
            if wish is None:
                return
            until = house.now + _PATIENCE
            self.unanswered = Asked(wish, self.person_id, self.role, SOS, key, until)
        reply = house.ask(self.unanswered)
        if reply is not None and reply.status != "not_yet":
            self.unanswered = None

    def _wish(self, house: House, dice: Random) -> Command | None:
        seen = self._sees(house)
        if seen.contact is not None:
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

    def _in_contact(self, contact: Mapping[str, Any], dice: Random) -> Command | None:
        contact_id = ContactId(contact["contact_id"])
        if dice.random() < 0.3:
            return None  # they talk on
        if contact["stage"] == Stage.REGULATOR and dice.random() < 0.8:
            return DecideTriage(
                contact_id=contact_id,
                priority=dice.choice(tuple(Priority)),
                destination=dice.choice((*(Destination.LISTENER,) * 4, *Destination)),
                notes=TriageNotes(need=dice.choice((Need.SOLITUDE, Need.UNKNOWN))),
            )
        outcomes = _BY_REGULATOR if contact["stage"] == Stage.REGULATOR else _BY_LISTENER
        return EndContact(
            contact_id=contact_id,
            outcome=dice.choice(outcomes),
            nature=dice.choice((Nature.ORDINARY, Nature.SILENT)),
        )

    def go_home(self, house: House, key: str) -> bool:
        """End what there is to end, then the duty; whether they are gone."""
        seen = self._sees(house)
        if seen.state is LiveState.OFF_DUTY:
            return True
        wish: Command = EndDuty()
        if seen.contact is not None:
            regulates = seen.contact["stage"] == Stage.REGULATOR
            outcome = Outcome.INFORMED_BY_REGULATOR if regulates else Outcome.LISTENED
            wish = EndContact(contact_id=seen.contact["contact_id"], outcome=outcome)
        elif seen.state is LiveState.WRAPPING_UP:
            wish = FinishWrapUp()
        house.ask(Asked(wish, self.person_id, self.role, SOS, key, house.now + _PATIENCE))
        return False


@dataclass(frozen=True)
class Seen:
    """What a desk shows."""

    state: LiveState
    offer: Mapping[str, Any] | None
    contact: Mapping[str, Any] | None


@dataclass
class Caller:
    """A caller's side. `contact_id` is empty until the door has answered."""

    token_sha256: Sha256
    key: str
    contact_id: ContactId | None = None
    gone: bool = False
    leave_key: str = field(default="")

    def heard(self, reply: Reply | None) -> None:
        """Learn the contact from the door's answer."""
        if reply is not None and reply.result is not None:
            self.contact_id = ContactId(reply.result["contact_id"])
