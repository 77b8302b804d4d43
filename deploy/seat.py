"""A desk somebody sits at during `call`: what they wait for, and when they give up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from contracts.vocabulary import LiveState
from deploy.desk import Desk, DoorRefused, LiveMessage

#: Machine time somebody waits for a message before the walk is given up.
STEP_SECONDS = 30.0

#: Whether a message is the one waited for.
Wanted = Callable[[LiveMessage], bool]


class CallFailed(Exception):
    """The contact did not go through; the message is a sentence for the person at the terminal."""


@dataclass
class Seat:
    """A desk somebody sits at: its stream is read, offers of other contacts are declined."""

    desk: Desk
    inbox: asyncio.Queue[LiveMessage | Exception] = field(default_factory=asyncio.Queue)

    async def listen(self) -> None:
        """Read the stream until cancelled."""
        try:
            async for message in self.desk.live():
                self.inbox.put_nowait(message)
        except DoorRefused as refused:
            self.inbox.put_nowait(refused)

    async def hear(self, what: str, wanted: Wanted, within: float = STEP_SECONDS) -> LiveMessage:
        """The next message that is wanted; CallFailed says `what` when it does not come."""
        (message,) = await self.hear_each(what, (wanted,), within)
        return message

    async def hear_each(
        self, what: str, wanted: tuple[Wanted, ...], within: float = STEP_SECONDS
    ) -> list[LiveMessage]:
        """A message for each wish, whatever the order: publishers are not ordered."""
        found: dict[Wanted, LiveMessage] = {}
        try:
            async with asyncio.timeout(within):
                while len(found) < len(wanted):
                    message = await self._next()
                    answered = [each for each in wanted if each not in found and each(message)]
                    found |= dict.fromkeys(answered, message)
                    if not answered and message.kind == "offer":
                        with suppress(DoorRefused):
                            await self.desk.decline(message.body["offer_id"])
        except TimeoutError:
            raise CallFailed(f"{what} : rien en {within:.0f} s.") from None
        return [found[each] for each in wanted]

    async def _next(self) -> LiveMessage:
        message = await self.inbox.get()
        if isinstance(message, Exception):
            raise CallFailed(f"Le poste {self.desk.person_id} est fermé : {message}")
        return message


def of_contact(kind: str, contact_id: str) -> Wanted:
    """Whether a message is of this kind and about this contact."""
    return lambda message: message.kind == kind and message.body["contact_id"] == contact_id


def in_state(*states: LiveState) -> Wanted:
    """Whether a message says that the person is in one of these states."""

    def says(message: LiveMessage) -> bool:
        live = message.body["live"] if message.kind == "state" else message.body
        return message.kind in ("state", "live_state") and live["state"] in states

    return says
