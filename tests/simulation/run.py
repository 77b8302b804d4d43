"""One run: a seed decides everything, and the checker judges what is left behind.

First some minutes of trouble, in which any service may work, die, hear late or twice, and time
passes between any two steps; then everybody goes home and everything that was on its way arrives;
then days may pass, in which what was left unanswered runs out.

The surprising thing: risk's deadlines are honoured within a second, as the sweeper of the bus does,
even by a service that dies of the first attempt. All others come as late as the seed likes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random
from uuid import UUID

from contracts.assignment import StartDuty
from contracts.envelope import Command, Reply
from contracts.referral import VerifyRelay
from contracts.roster import ImportVolunteers
from contracts.vocabulary import Channel, LeaveReason, PersonId, Role
from deploy.verify.invariants import INVARIANTS, Judged
from services.bus.work import derived_id, drawing_ids_from
from services.intake.returns import Back
from services.risk.calling import Attempt, keep_attempt
from tests.assignment.builders import SOS
from tests.simulation.asking import Asked
from tests.simulation.callers import Caller
from tests.simulation.covered import kinds_of
from tests.simulation.house import Dies, House
from tests.simulation.line import (
    CHECKED_RELAYS,
    TEN_O_CLOCK,
    a_volunteer,
    a_way_to_call,
    apply_line,
    some_shifts,
)
from tests.simulation.people import Desk
from tests.simulation.watch import Watch

#: What needs an edge's journal or a real server to judge, is measured in machine time (I22), or
#: wants a clock that does not leap over a deadline (I29).
_NOT_JUDGED = frozenset({"I03", "I22", "I29", "I33", "I34"})
#: Steps of trouble, rounds of calm work, and rounds within which all must have come to rest.
_STEPS = 150
_CALM_ROUNDS = 5
_ROUNDS = 200
#: After three runs in ten so much time passes: referrals, reports, reviews and debriefs run out.
_DAYS = (timedelta(hours=2), timedelta(hours=24), timedelta(hours=72))
#: A quiet hour, in steps in which what is due is done: nobody's clock is late for longer.
_A_WHILE, _QUIET_FOR = timedelta(minutes=5), 13
_DESKS = (Role.REGULATOR,) * 2 + (Role.LISTENER,) * 3
_WATCH = (Role.SUPERVISOR, Role.SUPERVISOR, Role.DUTY_PROFESSIONAL)
_MOST_CALLERS = 6


class NeverAtRest(Exception):
    """The run did not come to rest: something is still on its way, open or on duty."""


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    seed: int
    contacts: int  #: opened; some may be forgotten by the end
    told: tuple[str, ...]  #: every event by type and id, in the order it reached the wire
    covered: Counter[str]  #: how often each thing happened
    judged: tuple[Judged, ...]

    @property
    def violated(self) -> tuple[Judged, ...]:
        """The invariants it broke."""
        return tuple(each for each in self.judged if each.checked.violations)

    @property
    def findings(self) -> Iterator[str]:
        """What it broke, in words, with where to look."""
        for each in self.violated:
            for violation in each.checked.violations:
                yield f"{each.invariant.id} {each.invariant.sentence}: {violation}"


def run(seed: int, house: House) -> Outcome:
    """Play a seed in a house that is emptied first."""
    dice = Random(seed)
    with drawing_ids_from(lambda: UUID(int=dice.getrandbits(128), version=4)):
        house.begin(TEN_O_CLOCK)
        play = _Play(house, dice)
        play.open_the_house()
        for _ in range(_STEPS):
            play.step()
        play.come_to_rest()
        if dice.random() < 0.3:
            play.days_pass()
        history = house.history()
    judged = tuple(
        Judged(each, each.check(history)) for each in INVARIANTS if each.id not in _NOT_JUDGED
    )
    told = tuple(f"{message.type} {message.id}" for message in history.messages)
    covered = house.troubles + kinds_of(fact.event for fact in history.facts if fact.event)
    return Outcome(seed, covered["contact.opened.v1"], told, covered, judged)


class _Play:
    """The next step, drawn."""

    def __init__(self, house: House, dice: Random) -> None:
        self._house = house
        self._dice = dice
        self._callers: list[Caller] = []
        self._desks = [
            Desk(PersonId(f"{role}-{number}"), role) for number, role in enumerate(_DESKS)
        ]
        self._watch = [
            Watch(PersonId(f"{role.value.replace('_', '-')}-{number}"), role)
            for number, role in enumerate(_WATCH)
        ]
        #: Who of them the roster has. It may have nobody.
        self._there = {each.person_id for each in self._watch if dice.random() < 0.6}
        #: What may happen next, and how often it does.
        self._moves: Sequence[tuple[Callable[[], None], float]] = (
            (self._hear, 24),
            (self._somebody_acts, 30),
            (self._somebody_watches, 7),
            (self._caller_acts, 8),
            (self._settle, 7),
            (self._time_passes, 9),
            (self._deadlines, 4),
            (self._somebody_calls, 6),
            (self._calls_go_out, 3),
            (self._publish, 2),
            (self._somebody_leaves, 0.6),
            (self._roster_changes, 0.5),
            (self._a_quiet_hour, 0.6),
        )

    def open_the_house(self) -> None:
        """A line in force, people in the roster; nobody on duty yet."""
        plans = self._dice.random() < 0.25
        self._must(apply_line(plans=plans), "operator", Role.OPERATOR)
        volunteers = [a_volunteer(desk.person_id, (desk.role,)) for desk in self._desks]
        volunteers += [
            a_volunteer(each.person_id, (each.role,))
            for each in self._watch
            if each.person_id in self._there
        ]
        self._must(ImportVolunteers(volunteers=tuple(volunteers)), "coordinator", Role.COORDINATOR)
        for relay in CHECKED_RELAYS:
            checked = VerifyRelay(relay_id=relay, verified=True)
            self._must(checked, "coordinator", Role.COORDINATOR)
        if self._dice.random() < 0.6:
            for way in a_way_to_call(self._watch[-1].person_id):
                assert self._house.request("risk", way, self._key()) is not None
        self._hear_all()
        if plans:
            people = [(desk.person_id, desk.role) for desk in self._desks[1:]]
            people += [(each.person_id, each.role) for each in self._watching()[:1]]
            self._must(some_shifts(people, self._dice), "coordinator", Role.COORDINATOR)
        for desk in self._desks:
            if self._dice.random() < 0.7:
                self._must(StartDuty(), desk.person_id, desk.role)

    def step(self) -> None:
        """One thing happens, and somebody may die of it."""
        moves, weights = zip(*self._moves, strict=True)
        self._house.fate.dies = self._dice.choices(tuple(Dies), (92, 4, 4))[0]
        self._dice.choices(moves, weights)[0]()
        self._house.fate.dies = Dies.NEVER
        for name in sorted(self._house.worked):
            if self._dice.random() < 0.9:
                self._house.publish(name, stamped=self._dice.random() < 0.95)
        self._house.worked.clear()

    def come_to_rest(self) -> None:
        """Nobody calls and nothing fails any more; all that was begun is finished."""
        for _ in range(_CALM_ROUNDS):
            for each in (*self._desks, *self._watching()):
                each.act(self._house, self._dice, self._key())
            self._arrive()
            self._pass(timedelta(seconds=3))
        last = Watch(PersonId("supervisor-who-stays"), Role.SUPERVISOR)
        knows = self._dice.random() < 0.6  # of a rescue whether anybody has the person
        for _ in range(_ROUNDS):
            for caller in self._callers:
                if caller.contact_id is None:
                    caller.call(self._house, self._key_of(caller))
                caller.leave(self._house, self._key(), LeaveReason.HUNG_UP)
            fired = self._arrive()
            if self._dice.random() < 0.2:
                self._calls_go_out()
            gone = [desk.go_home(self._house, self._key()) for desk in self._desks]
            last.see_to_the_end(self._house, self._key(), knows=knows)
            moving = self._house.publish_all() or fired or self._house.wire.pending
            if not moving and all(gone) and self._nobody_is_live():
                return
            self._pass(timedelta(seconds=5))
        raise NeverAtRest(self._what_moves())

    def days_pass(self) -> None:
        """Nobody is there, and what was left unanswered runs out."""
        for time in _DAYS:
            self._pass(time)
            while self._arrive():
                pass

    def _arrive(self) -> int:
        """All that is on its way arrives, all that is due is done; how many deadlines were."""
        self._hear_all()
        fired = self._house.fire(self._house.services)
        self._hear_all()
        self._house.settle()
        return fired

    def _pass(self, time: timedelta) -> None:
        """Time passes. What is due at risk is done within a second, even if it dies of it."""
        house, until = self._house, self._house.now + time
        while (due := house.next_due("risk")) is not None and due <= until:
            late = timedelta(seconds=self._dice.choice((0, 0.2, 0.8)))
            house.advance(max(due - house.now, timedelta()) + late)
            house.fire(("risk",))
            house.fate.dies = Dies.NEVER
            while house.fire(("risk",)):
                pass
        house.advance(max(until - house.now, timedelta()))

    # --- the moves --------------------------------------------------------------------------------

    def _hear(self) -> None:
        for _ in range(self._dice.randint(1, 8)):
            if pending := self._house.wire.pending:
                acknowledged = self._dice.random() < 0.95
                self._house.deliver(self._dice.choice(pending), acknowledged=acknowledged)

    def _somebody_acts(self) -> None:
        self._dice.choice(self._desks).act(self._house, self._dice, self._key())

    def _somebody_watches(self) -> None:
        watching = self._watching()
        if watching:
            self._dice.choice(watching).act(self._house, self._dice, self._key())

    def _watching(self) -> list[Watch]:
        return [each for each in self._watch if each.person_id in self._there]

    def _publish(self) -> None:
        name = self._dice.choice(tuple(self._house.services))
        self._house.publish(name, stamped=self._dice.random() < 0.95)

    def _time_passes(self) -> None:
        self._pass(timedelta(seconds=self._dice.choice((0.5, 1, 3, 10, 25, 45))))

    def _deadlines(self) -> None:
        self._house.fire((self._dice.choice(tuple(self._house.services)),))

    def _settle(self) -> None:
        self._house.settle()

    def _caller_acts(self) -> None:
        here = [each for each in self._callers if not each.gone]
        if here:
            caller = self._dice.choice(here)
            caller.act(self._house, self._dice, self._key_of(caller))

    def _somebody_calls(self) -> None:
        if sum(not caller.gone for caller in self._callers) < _MOST_CALLERS:
            channel = self._dice.choices(tuple(Channel), (3, 3, 3))[0]
            secret = UUID(self._key())
            self._callers.append(Caller(channel, secret, self._brought_back()))
            self._callers[-1].call(self._house, str(secret))

    def _brought_back(self) -> Back:
        """What somebody brings who has been here before; most have not, or say nothing."""
        town = self._house.town
        if town.return_tokens and self._dice.random() < 0.4:
            return Back(token=self._dice.choice(town.return_tokens))
        if town.passes and self._dice.random() < 0.7:
            return Back(digits=self._dice.choice(town.passes))
        return Back()

    def _somebody_leaves(self) -> None:
        if self._callers:
            caller = self._dice.choice(self._callers)
            caller.leave(self._house, self._key(), LeaveReason.HUNG_UP)

    def _calls_go_out(self) -> None:
        """Somebody is called outside, and may or may not be reached."""
        for call_id, number in self._house.look(_CALLS):
            status = self._dice.choice((200, 503, 503, None))
            attempt = Attempt(number, 5, status, None if status else "no_answer_in_time")
            key = derived_id("attempt", call_id, str(number))
            self._house.request("risk", partial(keep_attempt, call_id, attempt), key)

    def _roster_changes(self) -> None:
        """Somebody comes to take alerts, or does so no more."""
        who = self._dice.choice(self._watch)
        self._there ^= {who.person_id}
        roles = (who.role,) if who.person_id in self._there else ()
        wish = ImportVolunteers(volunteers=(a_volunteer(who.person_id, roles),))
        self._ask(wish, "coordinator", Role.COORDINATOR)

    def _a_quiet_hour(self) -> None:
        """An hour passes, where it may: nobody waits for anybody, and no alert is open."""
        self._house.fate.dies = (
            Dies.NEVER
        )  # who dies over everything that is heard hears it for ever
        for _ in range(_QUIET_FOR):
            while self._arrive():
                pass
            self._hear_all()
            if self._house.look(_HURRY):
                return
            self._pass(_A_WHILE)

    # --- what they are made of --------------------------------------------------------------------

    def _key_of(self, caller: Caller) -> str:
        """Who has no answer yet asks with the key they began with."""
        return str(caller.secret) if caller.contact_id is None else self._key()

    def _hear_all(self) -> None:
        self._house.publish_all()
        while self._house.wire.pending:
            for pending in tuple(self._house.wire.pending):
                self._house.deliver(pending)
            self._house.publish_all()

    def _must(self, command: Command, actor: str, role: Role) -> None:
        reply = self._ask(command, actor, role)
        assert reply is not None
        assert reply.status == "done", reply

    def _ask(self, command: Command, actor: str, role: Role) -> Reply | None:
        until = self._house.now + timedelta(seconds=5)
        return self._house.ask(Asked(command, actor, role, SOS, self._key(), until))

    def _nobody_is_live(self) -> bool:
        return not self._house.look(_LIVE)

    def _what_moves(self) -> str:
        live = self._house.look(_LIVE)
        return f"live: {live}, pending: {len(self._house.wire.pending)}"

    def _key(self) -> str:
        return str(UUID(int=self._dice.getrandbits(128), version=4))


#: Contacts that have not ended, desks that still ring or show somebody, alerts nobody has ended.
_LIVE = """
    SELECT 'contact', contact_id FROM intake.contact WHERE state <> 'ended'
    UNION ALL SELECT 'desk', person_id FROM console.desk
        WHERE offer IS NOT NULL OR contact IS NOT NULL
    UNION ALL SELECT 'alert', alert_id FROM risk.alert WHERE standing IN ('open', 'taken')
    UNION ALL SELECT 'rescue', rescue_id FROM risk.rescue WHERE outcome IS NULL
"""
#: Contacts that wait, alerts that go on by themselves, rescues of which nobody has word.
_HURRY = """
    SELECT contact_id FROM intake.contact WHERE state IN ('waiting_regulator', 'waiting_listener')
    UNION ALL SELECT alert_id FROM risk.alert WHERE standing = 'open'
    UNION ALL SELECT rescue_id FROM risk.rescue WHERE outcome IS NULL
"""
#: Calls to a duty professional that nobody has taken yet, with the number of the next attempt.
_CALLS = """
    SELECT call_id, 1 + (SELECT count(*)::int FROM risk.call_attempt a
        WHERE a.call_id = c.call_id) FROM risk.duty_call c WHERE state = 'waiting' ORDER BY call_id
"""
