"""One run: a seed decides everything, and the checker judges what is left behind.

First an hour of trouble, in which any service may work, die, hear late or twice, and time passes
between any two steps; then everybody goes home and everything that was on its way arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from uuid import UUID

from contracts.programme import ApplyProgramme
from contracts.roster import Accreditation, ImportVolunteers, Qualification, Volunteer
from contracts.vocabulary import (
    Channel,
    LanguageCode,
    LeaveReason,
    Need,
    PersonId,
    Role,
    Sha256,
)
from deploy.verify.invariants import INVARIANTS, Judged
from services.bus.work import drawing_ids_from
from services.intake.callers import Arrival, Departure, leave_contact, open_contact
from tests.assignment.builders import NEXT_YEAR, SOS, terms
from tests.simulation.house import Asked, Dies, House
from tests.simulation.people import Caller, Desk
from tests.terms import what_callers_are_told

TEN_O_CLOCK = datetime(2020, 9, 15, 8, 0, tzinfo=UTC)

#: What needs an edge's journal or a real server to judge.
_NOT_JUDGED = frozenset({"I03", "I33", "I34"})
#: Steps of trouble, rounds of calm work, and rounds within which all must have come to rest.
_STEPS = 200
_CALM_ROUNDS = 12
_ROUNDS = 200
_DESKS = (Role.REGULATOR,) * 2 + (Role.LISTENER,) * 3
_MOST_CALLERS = 6


class NeverAtRest(Exception):
    """The run did not come to rest: something is still on its way, open or on duty."""


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    seed: int
    contacts: int
    told: tuple[str, ...]  #: every event by type and id, in the order it reached the wire
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
        history = house.history()
    judged = tuple(
        Judged(each, each.check(history)) for each in INVARIANTS if each.id not in _NOT_JUDGED
    )
    told = tuple(f"{message.type} {message.id}" for message in history.messages)
    return Outcome(seed, len(history.contacts), told, judged)


class _Play:
    """The next step, drawn."""

    def __init__(self, house: House, dice: Random) -> None:
        self._house = house
        self._dice = dice
        self._callers: list[Caller] = []
        self._desks = [
            Desk(PersonId(f"{role}-{number}"), role) for number, role in enumerate(_DESKS)
        ]
        #: What may happen next, and how often it does.
        self._moves: Sequence[tuple[Callable[[], None], float]] = (
            (self._hear, 40),
            (self._somebody_acts, 20),
            (self._settle, 8),
            (self._time_passes, 6),
            (self._deadlines, 4),
            (self._somebody_calls, 4),
            (self._publish, 2),
            (self._somebody_leaves, 0.4),
        )

    def open_the_house(self) -> None:
        """A line in force, people in the roster; nobody on duty yet."""
        line = terms()
        apply = ApplyProgramme(
            programme=SOS,
            manifest_sha256="0" * 64,
            rules_version="triage-2026.1",
            terms=line,
            callers=what_callers_are_told(line),
        )
        self._must(apply, "operator", Role.OPERATOR)
        volunteers = tuple(_volunteer(desk) for desk in self._desks)
        self._must(ImportVolunteers(volunteers=volunteers), "coordinator", Role.COORDINATOR)
        self._hear_all()

    def step(self) -> None:
        """One thing happens, and somebody may die of it."""
        moves, weights = zip(*self._moves, strict=True)
        self._house.fate.dies = self._dice.choices(tuple(Dies), (92, 4, 4))[0]
        self._dice.choices(moves, weights)[0]()
        self._house.fate.dies = Dies.NEVER
        for name in sorted(self._house.worked):
            if self._dice.random() < 0.9:
                self._house.publish(name)
        self._house.worked.clear()

    def come_to_rest(self) -> None:
        """Nobody calls and nothing fails any more; all that was begun is finished."""
        for _ in range(_CALM_ROUNDS):
            for desk in self._desks:
                desk.act(self._house, self._dice, self._key())
            self._arrive()
            self._house.advance(timedelta(seconds=3))
        for _ in range(_ROUNDS):
            for caller in self._callers:
                self._call(caller)
                self._leave(caller)
            fired = self._arrive()
            gone = [desk.go_home(self._house, self._key()) for desk in self._desks]
            moving = self._house.publish_all() or fired or self._house.wire.pending
            if not moving and all(gone) and self._nobody_is_live():
                return
            self._house.advance(timedelta(seconds=5))
        raise NeverAtRest(self._what_moves())

    def _arrive(self) -> int:
        """All that is on its way arrives, all that is due is done; how many deadlines were."""
        self._hear_all()
        fired = self._house.fire(self._house.services)
        self._house.settle()
        return fired

    # --- the moves --------------------------------------------------------------------------------

    def _hear(self) -> None:
        for _ in range(self._dice.randint(1, 4)):
            if pending := self._house.wire.pending:
                acknowledged = self._dice.random() < 0.95
                self._house.deliver(self._dice.choice(pending), acknowledged=acknowledged)

    def _somebody_acts(self) -> None:
        self._dice.choice(self._desks).act(self._house, self._dice, self._key())

    def _publish(self) -> None:
        name = self._dice.choice(tuple(self._house.services))
        self._house.publish(name, stamped=self._dice.random() < 0.95)

    def _time_passes(self) -> None:
        self._house.advance(timedelta(seconds=self._dice.choice((0.1, 0.5, 1, 3, 10, 25))))

    def _deadlines(self) -> None:
        self._house.fire((self._dice.choice(tuple(self._house.services)),))

    def _settle(self) -> None:
        self._house.settle()

    def _somebody_calls(self) -> None:
        unanswered = [caller for caller in self._callers if caller.contact_id is None]
        if unanswered:
            self._call(self._dice.choice(unanswered))
        elif sum(not caller.gone for caller in self._callers) < _MOST_CALLERS:
            token = Sha256(sha256(self._key().encode()).hexdigest())
            self._callers.append(Caller(token, self._key(), leave_key=self._key()))
            self._call(self._callers[-1])

    def _somebody_leaves(self) -> None:
        if self._callers:
            self._leave(self._dice.choice(self._callers))

    # --- what they are made of --------------------------------------------------------------------

    def _call(self, caller: Caller) -> None:
        if caller.contact_id is None:
            arrival = Arrival(SOS, Channel.PHONE, LanguageCode.UNKNOWN, caller.token_sha256)
            opened = self._house.request(
                "intake", lambda work: open_contact(arrival, work), caller.key
            )
            caller.heard(opened)

    def _leave(self, caller: Caller) -> None:
        if caller.contact_id is None or caller.gone:
            return
        departure = Departure(caller.contact_id, caller.token_sha256, LeaveReason.HUNG_UP)
        left = self._house.request(
            "intake", lambda work: leave_contact(departure, work), caller.leave_key
        )
        caller.gone = left is not None

    def _hear_all(self) -> None:
        self._house.publish_all()
        while self._house.wire.pending:
            for pending in tuple(self._house.wire.pending):
                self._house.deliver(pending)
            self._house.publish_all()

    def _must(self, command: ApplyProgramme | ImportVolunteers, actor: str, role: Role) -> None:
        until = self._house.now + timedelta(seconds=5)
        reply = self._house.ask(Asked(command, actor, role, SOS, self._key(), until))
        assert reply is not None
        assert reply.status == "done", reply

    def _nobody_is_live(self) -> bool:
        return not self._house.look(_LIVE)

    def _what_moves(self) -> str:
        live = [row[0] for row in self._house.look(_LIVE)]
        return f"live: {live}, pending: {len(self._house.wire.pending)}"

    def _key(self) -> str:
        return str(UUID(int=self._dice.getrandbits(128), version=4))


#: Contacts that have not ended, and desks that still ring or show somebody.
_LIVE = """
    SELECT contact_id FROM intake.contact WHERE state <> 'ended'
    UNION ALL SELECT person_id FROM console.desk WHERE offer IS NOT NULL OR contact IS NOT NULL
"""


def _volunteer(desk: Desk) -> Volunteer:
    accredited = Accreditation(channel=Channel.PHONE, level=3, valid_until=NEXT_YEAR)
    return Volunteer(
        person_id=desk.person_id,
        qualification=Qualification(
            roles=(desk.role,),
            languages=(LanguageCode.FR,),
            topics=(Need.SOLITUDE,),
            accreditations=(accredited,),
        ),
    )
