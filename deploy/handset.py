"""A telephone alone, for walks and tests: keys in, words out, everything by the console's door.

It stands where the telephony edge will: it feeds the grammar what the platform says to the person
and sends what the keys mean. Nothing here reads a screen.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from contracts.envelope import Command, Reply, ReplyStatus
from contracts.vocabulary import DebriefId, LiveState, Refusal
from deploy.desk import Desk, DoorRefused, DoorSilent, LiveMessage
from services.console.door import VERBS
from services.console.messages import (
    ContactGone,
    ContactShown,
    DebriefShown,
    DeskState,
    LiveStateShown,
    OfferGone,
    OfferShown,
)
from services.telephony.keypad import (
    ContactBegan,
    ContactFinished,
    DebriefCame,
    Heard,
    Menu,
    OfferEnded,
    OfferRang,
    StateEntered,
    answered,
    hear,
    press,
)

_PATHS = {verb.command: verb for verb in VERBS}


@dataclass
class Handset:
    """A person's telephone. `said` is everything it has spoken."""

    desk: Desk
    menu: Menu = field(default_factory=Menu)
    said: list[str] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def hear(self, message: LiveMessage) -> None:
        """What the platform tells the person, spoken where it concerns them."""
        for heard in heard_in(message):
            step = hear(self.menu, heard)
            self.menu = step.menu
            self._speak(step.says)

    async def press(self, key: str) -> None:
        """One key: its command is sent, and what came of it spoken."""
        step = press(self.menu, key)
        self.menu = step.menu
        self._speak(step.says)
        if step.command is not None:
            self._speak(answered(step.command, await self._send(step.command)))

    async def listen(self) -> None:
        """Hear the platform until cancelled."""
        async for message in self.desk.live():
            self.hear(message)
            self._news.set()

    async def comes_to(self, states: tuple[LiveState, ...], within_seconds: float) -> bool:
        """Whether the platform says in time that the person is in one of these states."""
        try:
            async with asyncio.timeout(within_seconds):
                while self.menu.state not in states:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def _send(self, command: Command) -> Reply:
        verb = _PATHS[type(command)]
        fields = command.model_dump(mode="json")
        named = {name: fields.pop(name) for name in verb.path_fields}
        try:
            await self.desk.post(verb.path.format(**named), fields)
        except DoorRefused as refused:
            known = {each.value: each for each in Refusal}
            why = known.get(refused.code, Refusal.PLATFORM_FAULT)
            return Reply(status=ReplyStatus.REFUSED, refusal=why)
        except DoorSilent:
            return Reply(status=ReplyStatus.NOT_YET)
        return Reply(status=ReplyStatus.DONE)

    def _speak(self, words: str) -> None:
        if words:
            self.said.append(words)


def heard_in(message: LiveMessage) -> tuple[Heard, ...]:
    """What a message of the stream says to somebody without a screen."""
    match message.kind:
        case "state":
            state = message.read(DeskState)
            debriefs = [d for d in state.debriefs if d.person_id == state.person_id]
            asked = [
                DebriefCame(DebriefId(d.debrief_id)) for d in debriefs if d.standing != "wanted"
            ]
            offer = () if state.offer is None else (OfferRang(state.offer.offer_id),)
            contact = () if state.contact is None else (ContactBegan(state.contact.contact_id),)
            return (*offer, *contact, StateEntered(state.live.state), *asked)
        case "live_state":
            return (StateEntered(message.read(LiveStateShown).state),)
        case "offer":
            return (OfferRang(message.read(OfferShown).offer_id),)
        case "offer_over":
            return (OfferEnded(message.read(OfferGone).offer_id),)
        case "contact":
            return (ContactBegan(message.read(ContactShown).contact_id),)
        case "contact_over":
            return (ContactFinished(message.read(ContactGone).contact_id),)
        case "debrief":
            return (DebriefCame(message.read(DebriefShown).debrief_id),)
        case _:
            return ()
