"""What people ask, and that they ask again with the same key until an answer comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from contracts.envelope import Command, Reply
from contracts.vocabulary import PersonId, Role
from services.bus.work import Work
from tests.assignment.builders import SOS

if TYPE_CHECKING:
    from tests.simulation.house import House

#: How long a desk keeps asking with the same key.
PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True)
class Asked:
    """A command as a desk asks it; the same `id` again is the same asking."""

    command: Command
    actor: str
    role: Role
    programme: str
    id: str
    deadline: datetime


@dataclass(frozen=True)
class AtDoor:
    """A request at a service's own door; the same `id` again is the same asking."""

    service: str
    handler: Callable[[Work], Reply]
    id: str = ""
    deadline: datetime | None = None
    told: Callable[[Reply], None] | None = None  #: what is done with the answer


@dataclass
class Person:
    """Somebody at a desk, who has one thing to do at a time."""

    person_id: PersonId
    role: Role
    unanswered: Asked | AtDoor | None = None

    def act(self, house: House, dice: Random, key: str) -> None:
        """Do the next thing, or ask again for the last."""
        if self.unanswered is None or self._given_up(self.unanswered, house):
            wish = self.wish(house, dice)
            if wish is None:
                return
            self.unanswered = self.asking(wish, house, key)
        reply = house.put(self.unanswered)
        if reply is not None and reply.status != "not_yet":
            asked, self.unanswered = self.unanswered, None
            if isinstance(asked, Asked):
                self.learn(asked.command, reply, house)
            elif asked.told is not None:
                asked.told(reply)

    def _given_up(self, asked: Asked | AtDoor, house: House) -> bool:
        return asked.deadline is not None and asked.deadline < house.now

    def asking(self, wish: Command | AtDoor, house: House, key: str) -> Asked | AtDoor:
        """The wish with its key."""
        until = house.now + PATIENCE
        if isinstance(wish, AtDoor):
            return replace(wish, id=key, deadline=until)
        return Asked(wish, self.person_id, self.role, SOS, key, until)

    def wish(self, house: House, dice: Random) -> Command | AtDoor | None:
        """The next thing they want; None: nothing."""
        raise NotImplementedError

    def learn(self, command: Command, reply: Reply, house: House) -> None:
        """Remember what an answer tells."""
