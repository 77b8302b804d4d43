"""A platform in virtual time: just enough of one to play a day in seconds, late and broken at will.

It decides by itself (first come, first served, among who is free and speaks the language), answers
after a random while, and does nothing at all while it is `away`: what was asked is then answered
when it is back, as a client that asks again would see it.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from deploy.day.line import line_for
from deploy.day.scene import (
    Act,
    Decline,
    Done,
    End,
    EndDuty,
    FinishWrapUp,
    Left,
    Opened,
    Pause,
    Refused,
    Resume,
    StartDuty,
    Take,
    Triage,
)
from deploy.day.trace import Call, Worker

LINE = line_for(regulators=True, day=None)
WAITING, OFFERED, WITH, ENDED = "waiting", "offered", "with", "ended"
OFFER_STANDS = {"regulator": 15.0, "listener": 20.0}
UNTRIAGED_AFTER = 60.0
REST, MAX_IN_A_ROW = 600.0, 4


@dataclass
class Timer:
    """Something planned."""

    act: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        """Do not do it."""
        self.cancelled = True


@dataclass
class Contact:
    """A contact as this platform knows it; `call` is a secret until it is triaged."""

    contact_id: str
    call: Call
    joined_at: float
    stage: str = "regulator"
    state: str = WAITING
    triaged: bool = False
    ended_at: float | None = None
    outcome: str | None = None


@dataclass
class Duty:
    """A person on duty as this platform knows them."""

    worker: Worker
    state: str = "off_duty"
    since: float = 0.0
    wish: str | None = None
    offer: Offer | None = None
    rest_until: float = 0.0
    in_a_row: int = 0
    wrapped_up_at: float = -1e9
    missed: int = 0
    told_until: float = 0.0
    hear: Callable[[str, Any, float], None] = field(default=lambda *_: None)


@dataclass
class Offer:
    """An offer of a contact to a person."""

    offer_id: str
    contact: Contact
    duty: Duty
    stage: str
    made_at: float
    state: str = "open"


class VirtualPlatform:
    """A scene (see `deploy.day.scene`). `delay` bounds how long anything takes, trace seconds."""

    tolerance = 3.0

    def __init__(
        self, workers: Iterable[Worker], seed: int, delay: tuple[float, float] = (0.3, 1.5)
    ) -> None:
        self.contacts: dict[str, Contact] = {}
        self.duties = {worker.person_id: Duty(worker) for worker in workers}
        self.away: list[tuple[float, float]] = []
        self._random = random.Random(seed)
        self._delay = delay
        self._now = 0.0
        self._heap: list[tuple[float, int, Timer]] = []
        self._planned = 0
        self._offers: dict[str, Offer] = {}

    # --- the scene ------------------------------------------------------------------------------

    def now(self) -> float:
        """See Scene."""
        return self._now

    def of(self, moment: datetime) -> float:
        """See Scene."""
        return LINE.seconds_of(moment)

    def at(self, when: float, act: Callable[[], None]) -> Timer:
        """See Scene."""
        timer = Timer(act)
        self._planned += 1
        heapq.heappush(self._heap, (max(when, self._now), self._planned, timer))
        return timer

    def open_contact(self, call: Call, told: Callable[[Opened | Refused], None]) -> None:
        """See Scene."""

        def opened() -> None:
            contact = Contact(f"contact-{call.call_id}", call, self._now)
            self.contacts[contact.contact_id] = contact
            self._soon(partial(told, Opened(contact.contact_id, _moment(self._now))))
            self._decide()

        self._soon(opened)

    def leave(self, contact_id: str, told: Callable[[Left | Refused], None]) -> None:
        """See Scene."""

        def left() -> None:
            contact = self.contacts[contact_id]
            heard = contact.state == WITH
            self._over(contact, "dropped" if heard else "abandoned")
            ended_at = None if contact.ended_at is None else _moment(contact.ended_at)
            self._soon(partial(told, Left(ended_at)))

        self._soon(left)

    def ask(self, person_id: str, act: Act, told: Callable[[Done | Refused], None]) -> None:
        """See Scene."""

        def answered() -> None:
            answer = self._answer(self.duties[person_id], act)
            self._soon(partial(told, answer))
            self._decide()

        self._soon(answered)

    def run(self) -> None:
        """Let everything happen that is planned, until nothing is."""
        while self._heap:
            self._now, _, timer = heapq.heappop(self._heap)
            if not timer.cancelled:
                timer.act()

    # --- time -----------------------------------------------------------------------------------

    def _soon(self, act: Callable[[], None]) -> None:
        self.at(self._back(self._now + self._random.uniform(*self._delay)), act)

    def _back(self, when: float) -> float:
        """The first moment from `when` on at which the platform is there."""
        return max([when, *(end for start, end in self.away if start <= when < end)])

    def _tell(self, duty: Duty, kind: str, body: dict[str, Any]) -> None:
        """A line of the desk's stream: after a while, in order."""
        at = self._back(self._now + self._random.uniform(*self._delay))
        duty.told_until = at = max(at, duty.told_until)
        self.at(at, lambda: duty.hear(kind, body, self._now))

    # --- what people do -------------------------------------------------------------------------

    def _answer(self, duty: Duty, act: Act) -> Done | Refused:
        match act:
            case StartDuty() | Resume():
                duty.wish = None
                if duty.state in ("off_duty", "paused"):
                    duty.missed = 0
                    self._free(duty, "asked")
                return Done()
            case EndDuty():
                return self._go(duty, "off_duty")
            case Pause():
                return self._go(duty, "paused")
            case Take(offer_id):
                return self._take(self._offers[offer_id])
            case Decline(offer_id):
                return self._give_back(self._offers[offer_id], "declined")
            case Triage(contact_id):
                return self._send_on(self.contacts[contact_id], duty)
            case End(contact_id):
                return self._end(self.contacts[contact_id], duty)
            case FinishWrapUp(hard):
                return self._finish(duty, hard)

    def _go(self, duty: Duty, wish: str) -> Done | Refused:
        if duty.state == "off_duty":
            return Refused("wrong_state")
        if duty.state == "talking":
            duty.wish = wish
        elif duty.state == "wrapping_up":
            duty.wish = wish
            if wish == "off_duty":
                self._finish(duty, hard=False)
        else:
            if duty.offer is not None and duty.offer.state == "open":
                self._withdraw(duty.offer)
            self._enter(duty, wish, "asked")
        return Done()

    def _take(self, offer: Offer) -> Done | Refused:
        if offer.state != "open" or self._now >= offer.made_at + OFFER_STANDS[offer.stage]:
            return Refused("offer_over")
        offer.state, offer.contact.state, offer.contact.stage = "taken", WITH, offer.stage
        duty = offer.duty
        duty.missed = 0
        if offer.stage == "listener":
            rested = self._now - duty.wrapped_up_at >= REST
            duty.in_a_row = 1 if rested else duty.in_a_row + 1
        self._enter(duty, "talking", "offer_taken")
        body = {"offer_id": offer.offer_id, "contact_id": offer.contact.contact_id}
        self._tell(duty, "contact", body | {"taken_at": _said(self._now)})
        return Done()

    def _give_back(self, offer: Offer, how: str) -> Done | Refused:
        if offer.state != "open":
            return Refused("offer_over")
        offer.state, offer.contact.state = how, WAITING
        offer.duty.offer = None
        self._free(offer.duty, f"offer_{how}")
        return Done()

    def _send_on(self, contact: Contact, duty: Duty) -> Done | Refused:
        if contact.state != WITH or duty.offer is None or duty.offer.contact is not contact:
            return Refused("contact_over")
        contact.stage, contact.state, contact.triaged = "listener", WAITING, True
        contact.joined_at = self._now
        self._tell(duty, "contact_over", {"offer_id": duty.offer.offer_id})
        duty.offer = None
        self._free(duty, "handed_over")
        return Done()

    def _end(self, contact: Contact, duty: Duty) -> Done | Refused:
        if contact.state != WITH or duty.offer is None or duty.offer.contact is not contact:
            return Refused("contact_over")
        self._over(contact, "listened")
        return Done()

    def _finish(self, duty: Duty, hard: bool) -> Done | Refused:
        if duty.state != "wrapping_up":
            return Refused("wrong_state")
        duty.wrapped_up_at = self._now
        duty.rest_until = self._now + REST if hard or duty.in_a_row >= MAX_IN_A_ROW else 0.0
        self._free(duty, "asked")
        return Done()

    def _over(self, contact: Contact, outcome: str) -> None:
        if contact.state == ENDED:
            return
        offer = next((d.offer for d in self.duties.values() if _holds(d, contact)), None)
        heard = contact.state == WITH
        contact.state, contact.ended_at, contact.outcome = ENDED, self._now, outcome
        if offer is None:
            return
        if not heard:
            self._withdraw(offer)
            self._free(offer.duty, "offer_withdrawn")
            return
        offer.duty.offer = None
        self._tell(offer.duty, "contact_over", {"offer_id": offer.offer_id})
        if offer.stage == "listener":
            self._enter(offer.duty, "wrapping_up", "contact_ended")
        else:
            self._free(offer.duty, "contact_ended")

    def _withdraw(self, offer: Offer) -> None:
        offer.state, offer.duty.offer = "withdrawn", None
        if offer.contact.state == OFFERED:
            offer.contact.state = WAITING
        self._tell(offer.duty, "offer_over", {"offer_id": offer.offer_id})

    def _free(self, duty: Duty, reason: str) -> None:
        wish, duty.wish = duty.wish, None
        if wish is not None:
            self._enter(duty, wish, "asked")
        elif duty.rest_until > self._now:
            self._enter(duty, "resting", "rest_after_hard")
            self.at(duty.rest_until, partial(self._rested, duty))
        else:
            self._enter(duty, "ready", reason)

    def _rested(self, duty: Duty) -> None:
        if duty.state == "resting" and duty.rest_until <= self._now:
            self._enter(duty, "ready", "rested")
            self._decide()

    def _enter(self, duty: Duty, state: str, reason: str) -> None:
        duty.state, duty.since = state, self._now
        until = _said(duty.rest_until) if state == "resting" else None
        body = {"state": state, "reason": reason, "since": _said(self._now), "until": until}
        self._tell(duty, "live_state", body)

    # --- deciding -------------------------------------------------------------------------------

    def _decide(self) -> None:
        """Offer every contact that waits to the first who may take it."""
        if self._back(self._now) > self._now:
            self.at(self._back(self._now), self._decide)
            return
        waiting = [c for c in self.contacts.values() if c.state == WAITING]
        for contact in sorted(waiting, key=lambda c: c.call.at):
            duty = next((d for d in self.duties.values() if self._may(d, contact)), None)
            if duty is not None:
                self._offer(contact, duty)

    def _may(self, duty: Duty, contact: Contact) -> bool:
        if duty.state != "ready" or duty.rest_until > self._now:
            return False
        role = duty.worker.role.value
        if contact.stage == "regulator":
            untriaged = self._now - contact.joined_at >= UNTRIAGED_AFTER
            return role == "regulator" or (untriaged and "fr" in duty.worker.languages)
        call = contact.call
        trained = call.risk < 2 or duty.worker.level >= call.risk
        speaks = not set(call.languages).isdisjoint(duty.worker.languages)
        return role == "listener" and trained and speaks

    def _offer(self, contact: Contact, duty: Duty) -> None:
        stage = duty.worker.role.value
        offer = Offer(f"offer-{len(self._offers)}", contact, duty, stage, self._now)
        self._offers[offer.offer_id] = offer
        contact.state, duty.offer = OFFERED, offer
        self._enter(duty, "offered", "offer_made")
        body = {
            "offer_id": offer.offer_id,
            "contact_id": contact.contact_id,
            "stage": stage,
            "untriaged": stage == "listener" and not contact.triaged,
            "made_at": _said(self._now),
            "waiting_since": _said(contact.joined_at),
            "attempt": 1,
        }
        self._tell(duty, "offer", body)
        expires_at = self._now + OFFER_STANDS[stage]
        self.at(self._back(expires_at), partial(self._expire, offer))

    def _expire(self, offer: Offer) -> None:
        if offer.state != "open":
            return
        offer.state, offer.contact.state, offer.duty.offer = "expired", WAITING, None
        self._tell(offer.duty, "offer_over", {"offer_id": offer.offer_id})
        offer.duty.missed += 1
        if offer.duty.missed >= 2:
            self._enter(offer.duty, "paused", "two_missed_offers")
        else:
            self._free(offer.duty, "offer_expired")
        self._decide()


def _holds(duty: Duty, contact: Contact) -> bool:
    offer = duty.offer
    return offer is not None and offer.contact is contact and offer.state in ("open", "taken")


def _moment(trace_seconds: float) -> datetime:
    return LINE.moment_of(trace_seconds)


def _said(trace_seconds: float) -> str:
    return _moment(trace_seconds).isoformat()
