"""Speaks the protocol of judge/drive.py, so that the decision used live is scored on known days.

Run as `python -m services.assignment.judge`; return passes and partner lines are proposed, every
one counts as accepted; `--no-way-out` forbids them. The surprising thing: the judge says that a
person is available while they are still owed a rest; the rest is kept here, by the rules of `rest`.
"""

import json
import sys
from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TextIO, assert_never

from contracts.vocabulary import Channel, LiveState, Priority, Role, Stage, WayOut
from services.assignment.domain import (
    CallerKind,
    PersonOnDuty,
    Prices,
    Proposal,
    Rules,
    Settled,
    WaitingContact,
    WayOutProposed,
    seconds,
)
from services.assignment.floor import Floor
from services.assignment.forecast import (
    Observed,
    with_observed,
    with_spare_prices,
)
from services.assignment.memory import Memory
from services.assignment.pricing import Phase
from services.assignment.rest import (
    LiveLoad,
    is_rest_due,
    load_when_taken,
    load_when_wrapped_up,
    rest_after,
)
from services.assignment.wakes import Blind, next_wake

#: Moment of second 0 of a trace; any would do.
TRACE_START = datetime(2020, 4, 6, tzinfo=UTC)
PRIORITY_OF_RISK = (Priority.P4, Priority.P3, Priority.P2, Priority.P1)
#: Arrivals looked back at for the forecast, and how often it is made again.
FORECAST_EVERY_SECONDS = 60.0
#: Who is not back so long after a talk has gone home: the judge does not say so.
GONE_AFTER_SECONDS = 900.0
#: The judge asks only when somebody is free: to propose a way out while all are busy we ask to be
#: woken, soon while someone waits, else when most callers are caught (see `wakes`).
WAKE_WHILE_WAITING_SECONDS = 5.0
ANSWER_OF_WAY_OUT = {WayOut.RETURN_PASS: "callback", WayOut.ANOTHER_LINE: "overflow"}
#: The judge's times are floats; ours have microseconds.
ROUNDING_SECONDS = 0.001


def rules_from(init: Mapping[str, Any]) -> Rules:
    """The rules of a trace: its prices and rests, our proposals for the rest."""
    abandoned = tuple(init["abandon_cost"])
    return Rules(
        rules_version="judge-2020.1",
        prices=Prices(
            wait_per_minute=tuple(init["wait_cost_per_min"]),
            abandoned=abandoned,
            topic_mismatch=init["skill_mismatch_cost"],
            level_mismatch=init["accred_violation_cost"],
            return_pass_share=tuple(init["callback_cost_frac"]),
            partner_line_share=init["overflow_cost_frac"],
        ),
        accredited_from_band=init["accred_min_risk"],
        level_fallback_seconds=0,
        topic_fallback_seconds=0,
        language_fallback_seconds=0,
        rest_after_hard_seconds=init["rest_after_hard_s"],
        consecutive_contacts_max=init["max_consec_calls"],
        break_seconds=init["break_s"],
    )


@dataclass(frozen=True, slots=True)
class OnDuty:
    """A person of the trace, and the rest their last talk will ask for."""

    person: PersonOnDuty
    hard: bool = False
    talk_ended_at: datetime | None = None
    taken_at: datetime | None = None


class Judged:
    """The state between two lines of the protocol."""

    def __init__(self, rules: Rules, listeners: list[dict[str, Any]]) -> None:
        self.rules = rules
        self.floor = Floor(rules)
        self._listeners = {listener["id"]: listener for listener in listeners}
        self._known: dict[str, OnDuty] = {}
        self._waiting: dict[str, WaitingContact] = {}
        self._ended: dict[str, datetime] = {}  #: talks whose wrap-up goes on
        self._memory = Memory()
        self._told_at: datetime | None = None
        self._forecast_at: datetime | None = None
        self._wakes: list[datetime] = []
        self._seen = Observed()

    def pass_time(self, now: datetime) -> None:
        """So much time has passed; it counts while somebody is on duty."""
        if self._told_at is not None and self.floor.anybody_on_duty:
            self._memory.staffed((now - self._told_at).total_seconds())
        self._told_at = now

    # -- what the judge tells

    def on_call_waiting(self, message: dict[str, Any], now: datetime) -> None:
        """A call joined the line."""
        contact = WaitingContact(
            contact_id=message["call"],
            programme="judge",
            stage=Stage.LISTENER,
            channel=Channel.PHONE,
            priority=PRIORITY_OF_RISK[message["risk"]],
            risk_band=message["risk"],
            need=message["need"],
            languages=frozenset(message["langs"]),
            region=message["region"],
            waiting_since=now,
            joined_at=now,
            heard=True,
        )
        self._memory.called(CallerKind(contact.languages, contact.band, contact.need))
        self._waiting[contact.contact_id] = contact
        self.floor.join(contact)

    def on_call_left(self, message: dict[str, Any], now: datetime) -> None:
        """The caller gave up."""
        self._leave(message["call"], now, gave_up=1)

    def on_call_ended(self, message: dict[str, Any], now: datetime) -> None:
        """A talk ended; the wrap-up goes on."""
        known = self._known[message["listener"]]
        if known.taken_at is not None:
            self._saw(talk_seconds=(now - known.taken_at).total_seconds(), talks=1)
        load = _load_of(known.person)
        due = is_rest_due(load, message["hard"], self.rules)
        state = LiveState.RESTING if due else LiveState.WRAPPING_UP
        person = replace(known.person, state=state, live=(), rest_until=None)
        self._put(replace(known, person=person, hard=message["hard"], talk_ended_at=now))

    def on_listener_available(self, message: dict[str, Any], now: datetime) -> None:
        """A shift or a pause after a wrap-up began; the person may still be owed a rest."""
        known = self._known.get(message["listener"]) or OnDuty(
            _person_of(self._listeners[message["listener"]], now)
        )
        person = replace(known.person, ready_since=now)
        if known.talk_ended_at is not None:
            load = load_when_wrapped_up(_load_of(person), now)
            wrapped = (now - known.talk_ended_at).total_seconds()
            if wrapped < GONE_AFTER_SECONDS:
                self._saw(wrap_up_seconds=wrapped, wrap_ups=1)
            rest = rest_after(load, known.hard, self.rules)
            person = replace(person, wrapped_up_at=now, rest_until=rest.until if rest else None)
        resting = person.rest_until is not None and person.rest_until > now
        state = LiveState.RESTING if resting else LiveState.READY
        self._put(replace(known, person=replace(person, state=state), talk_ended_at=None))

    def on_listener_unavailable(self, message: dict[str, Any]) -> None:
        """The shift ended; what rest was owed is remembered."""
        self.floor.off_duty(message["listener"])

    # -- what the judge asks

    def decide(self, now: datetime) -> dict[str, Any]:
        """The answer to one `decide`."""
        self._forget_gone(now)
        self._look_ahead(now)
        answer: dict[str, Any] = {"assign": [], "callback": [], "overflow": []}
        while True:
            outcome = self.floor.decide(now)
            match outcome:
                case Proposal(contact_id=contact_id, person_id=person_id):
                    self._take(outcome, now)
                    answer["assign"].append([contact_id, person_id])
                case WayOutProposed(contact_id=contact_id, way_out=way_out):
                    self._leave(contact_id, now, gave_up=0)
                    answer[ANSWER_OF_WAY_OUT[way_out]].append(contact_id)
                case Settled(next_look_at=at):
                    return answer | self._wake(at, now)
                case _:
                    assert_never(outcome)

    def _wake(self, at: datetime | None, now: datetime) -> dict[str, float]:
        """Ask to be woken when it matters most; one moment can be asked for at a time."""
        self._wakes = [wake for wake in self._wakes if wake > now]
        if self._waiting and self.rules.way_out:
            soon = now + seconds(WAKE_WHILE_WAITING_SECONDS)
            at = min(at or soon, soon)
        if at is None or (self._wakes and self._wakes[0] <= at):
            at = self._blind_wake(now) if self.rules.way_out else None
        if at is None:
            return {}
        insort(self._wakes, at)
        return {"timer": (at - now).total_seconds() + ROUNDING_SECONDS}

    def _blind_wake(self, now: datetime) -> datetime | None:
        """When to look again, while all are busy and the judge would not ask."""
        phases = self.floor.phases()
        asked_for = [(wake - now).total_seconds() for wake in self._wakes]
        wake = next_wake(
            Blind(
                free=phases[Phase.FREE] + phases[Phase.RESTING],
                busy=phases[Phase.BUSY] + phases[Phase.WRAPPING_UP],
                arrivals_per_second=sum(self.floor.forecast.arrivals_per_second.values()),
                contact_seconds=self.floor.forecast.contact_seconds or self.rules.contact_seconds,
                patience_seconds=self.floor.forecast.patience_seconds
                or self.rules.patience_seconds,
            ),
            asked_for,
        )
        return None if wake is None else now + seconds(wake)

    def _take(self, proposal: Proposal, now: datetime) -> None:
        self._leave(proposal.contact_id, now, gave_up=0)
        known = self._known[proposal.person_id]
        load = load_when_taken(_load_of(known.person), now, self.rules)
        person = replace(
            known.person,
            state=LiveState.TALKING,
            live=(Channel.PHONE,),
            consecutive_contacts=load.consecutive_contacts,
        )
        self._put(replace(known, person=person, taken_at=now))

    def _leave(self, contact_id: str, now: datetime, gave_up: int) -> None:
        """A contact leaves the line, having waited; one that never joined it is not counted."""
        contact = self._waiting.pop(contact_id, None)
        if contact is None:
            return
        self.floor.leave(contact_id)
        waited = (now - contact.joined_at).total_seconds()
        self._saw(waited_seconds=waited, gave_up=gave_up)

    def _saw(self, **more: float) -> None:
        """Add to what was observed."""
        seen = self._seen
        self._seen = replace(seen, **{name: getattr(seen, name) + n for name, n in more.items()})

    def _look_ahead(self, now: datetime) -> None:
        if self._forecast_at is not None and now - self._forecast_at < seconds(
            FORECAST_EVERY_SECONDS
        ):
            return
        self._forecast_at = now
        forecast = self._memory.forecast(self.rules)
        forecast = with_observed(forecast, self._seen, self.rules)
        self.floor.forecast = with_spare_prices(forecast, self.floor.traffic(), self.rules)

    def _forget_gone(self, now: datetime) -> None:
        long_ago = now - seconds(GONE_AFTER_SECONDS)
        for person_id in [id for id, ended in self._ended.items() if ended < long_ago]:
            self.floor.off_duty(person_id)
            del self._ended[person_id]

    def _put(self, known: OnDuty) -> None:
        person_id = known.person.person_id
        self._known[person_id] = known
        self._ended.pop(person_id, None)
        if known.talk_ended_at is not None:
            self._ended[person_id] = known.talk_ended_at
        self.floor.person(known.person)


def _load_of(person: PersonOnDuty) -> LiveLoad:
    return LiveLoad(person.consecutive_contacts, person.wrapped_up_at)


def _person_of(listener: Mapping[str, Any], now: datetime) -> PersonOnDuty:
    return PersonOnDuty(
        person_id=listener["id"],
        state=LiveState.READY,
        roles=frozenset({Role.LISTENER}),
        channels=frozenset({Channel.PHONE}),
        languages=frozenset(listener["langs"]),
        topics=frozenset(listener["skills"]),
        skills=frozenset(),
        level=listener["accred"],
        region=listener["region"],
        eligibility_version=1,
        valid_until=datetime.max.replace(tzinfo=UTC),
        ready_since=now,
    )


def with_way_out(rules: Rules) -> Rules:
    """The same rules, where ways out may be proposed."""
    return replace(rules, way_out=True, way_out_taken=True)


def play(lines: TextIO, answers: TextIO, *, way_out: bool = True) -> None:
    """Read the protocol line by line until its end; one answer per `decide`."""
    judged: Judged | None = None
    for line in lines:
        message = json.loads(line)
        kind = message["type"]
        if kind == "init":
            rules = rules_from(message["rules"])
            judged = Judged(with_way_out(rules) if way_out else rules, message["listeners"])
            continue
        if judged is None:
            raise ValueError("the first line of the protocol is init")
        now = TRACE_START + seconds(message["t"])
        judged.pass_time(now)
        if kind == "decide":
            print(json.dumps(judged.decide(now)), file=answers, flush=True)
        else:
            _tell(judged, kind, message, now)


def _tell(judged: Judged, kind: str, message: dict[str, Any], now: datetime) -> None:
    match kind:
        case "call.waiting":
            judged.on_call_waiting(message, now)
        case "call.left":
            judged.on_call_left(message, now)
        case "call.ended":
            judged.on_call_ended(message, now)
        case "listener.available":
            judged.on_listener_available(message, now)
        case "listener.unavailable":
            judged.on_listener_unavailable(message)
        case "timer":
            pass  # the judge only wakes us
        case _:
            raise ValueError(f"unknown line of the protocol: {kind}")


if __name__ == "__main__":
    play(sys.stdin, sys.stdout, way_out="--no-way-out" not in sys.argv[1:])
