"""Callers: somebody who telephones, chats or leaves a message, and comes back or does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from contracts.envelope import Reply
from contracts.vocabulary import (
    Channel,
    ContactId,
    LanguageCode,
    LeaveReason,
    Sha256,
    WayOut,
    WithdrawalCode,
)
from services.bus.work import Work
from services.intake import day_keys, texts
from services.intake.callers import (
    Arrival,
    Departure,
    erase_contact,
    leave_contact,
    look_at_contact,
    open_contact,
    resume_contact,
)
from services.intake.chats import Resuming, is_there
from services.intake.codes import WORDS_TO, as_typed, words_from
from services.intake.returns import Back, ReturnKeys
from services.intake.urgency import declare
from services.intake.ways_out import Choice, answer_way_out
from tests.assignment.builders import SOS

if TYPE_CHECKING:
    from tests.simulation.house import House


@dataclass
class Town:
    """What people have been told, wherever they are; all of it secret, none of it a name."""

    return_keys: ReturnKeys = field(default_factory=ReturnKeys)
    return_tokens: list[str] = field(default_factory=list)
    passes: list[str] = field(default_factory=list)
    outcome_tokens: list[str] = field(default_factory=list)
    withdrawal_codes: list[WithdrawalCode] = field(default_factory=list)


def _nothing(_: Reply) -> None:
    """The answer tells them nothing."""


@dataclass(frozen=True)
class Asking:
    """Something asked at the door with one key, and what is done with the answer."""

    handler: Callable[[Work], Reply]
    key: str
    told: Callable[[Reply], None] = _nothing


@dataclass
class Caller:
    """A caller's side. Each thing is asked with one key until an answer comes."""

    channel: Channel
    secret: UUID
    back: Back = field(default_factory=Back)
    contact_id: ContactId | None = None  #: None until the door has answered
    code: str = ""
    gone: bool = False
    unanswered: Asking | None = None

    def __post_init__(self) -> None:
        self.code = self._code_of(self.secret, self.channel)

    @property
    def token_sha256(self) -> Sha256:
        """What is kept of the token that opens their contact."""
        return Sha256(sha256(self.secret.bytes).hexdigest())

    @property
    def return_token(self) -> str:
        """What they may come back with. By telephone it stays theirs; else each contact has its."""
        if self.channel is Channel.PHONE and self.back.token is not None:
            return self.back.token
        return sha256(b"return" + self.secret.bytes).hexdigest()[:32]

    @staticmethod
    def _code_of(secret: UUID, channel: Channel) -> str:
        count = WORDS_TO.get(channel, WORDS_TO[Channel.CHAT])
        return as_typed(words_from(secret.bytes, count)) or ""

    def call(self, house: House, key: str) -> None:
        """Reach the line, or ask again whether it was reached."""
        arrival = Arrival(
            SOS,
            self.channel,
            LanguageCode.UNKNOWN,
            self.token_sha256,
            text="Des mots." if self.channel is Channel.MESSAGE else None,
            code=self.code if self.channel in WORDS_TO else None,
            back=self.back,
            next_token=self.return_token,
            return_keys=house.town.return_keys,
        )

        def told(opened: Reply) -> None:
            if opened.result is not None:
                self.contact_id = ContactId(opened.result["contact_id"])
                house.town.return_tokens.append(self.return_token)

        self._ask(house, Asking(partial(open_contact, arrival), key, told))

    def act(self, house: House, dice: Random, key: str) -> None:
        """Write, be heard of, be cut off, come back."""
        if self.contact_id is None:
            self.call(house, key)
        elif self.unanswered is not None:
            self._ask(house, self.unanswered)
        elif self.channel is not Channel.MESSAGE and dice.random() < 0.3:
            way_out = dice.choice((WayOut.RETURN_PASS, WayOut.ANOTHER_LINE))
            choice = Choice(self.contact_id, self.token_sha256, way_out, dice.random() < 0.8)
            keys = day_keys.from_environment()
            self._ask(house, Asking(partial(answer_way_out, choice, keys), key))
        elif self.channel is not Channel.PHONE:
            self._in_writing(self.contact_id, house, dice, key)

    def _in_writing(self, contact_id: ContactId, house: House, dice: Random, key: str) -> None:
        chats = self.channel is Channel.CHAT
        moves = ("write", "look", "code", "urgent", "erase", "lost", "there")
        match dice.choices(moves, (4, 2, 1, 0.3, 0.15, chats, chats)):
            case ["write"]:
                wrote = texts.CallerWrites(contact_id, self.token_sha256, "Des mots.")
                keys = day_keys.from_environment()
                self._ask(house, Asking(partial(texts.keep_of_caller, wrote, keys), key))
            case ["look"]:
                token = self.token_sha256
                looking = partial(look_at_contact, contact_id=contact_id, token_sha256=token)
                house.read("intake", looking)
            case ["lost"]:
                self.leave(house, key, LeaveReason.CUT_OFF)
            case ["code"]:
                self._come_back(house, key)
            case ["urgent"]:
                self._ask(house, Asking(partial(declare, (contact_id, self.token_sha256)), key))
            case ["erase"]:
                self._erase(contact_id, house, key)
            case _:
                self._ask(house, Asking(partial(is_there, contact_id), key))

    def _come_back(self, house: House, key: str) -> None:
        """With their words; from now on by another token, a chat by other words too."""
        other = UUID(key)
        token = Sha256(sha256(other.bytes).hexdigest())
        chats = self.channel is Channel.CHAT
        resuming = Resuming(self.code, token, self._code_of(other, Channel.CHAT))

        def told(back: Reply) -> None:
            if back.status == "done":
                self.secret = other
                self.code = self._code_of(other, Channel.CHAT) if chats else self.code
                what = "a chat was taken up again" if chats else "a message was opened by its words"
                house.troubles[what] += 1

        self._ask(house, Asking(partial(resume_contact, resuming), key, told))

    def _erase(self, contact_id: ContactId, house: House, key: str) -> None:
        """Erase everything they wrote and were answered; they are gone with it."""
        address = (contact_id, self.token_sha256)
        erase = partial(erase_contact, address, day_keys.from_environment())

        def told(erased: Reply) -> None:
            self.gone = erased.status == "done"
            house.troubles["a caller erased everything"] += self.gone

        self._ask(house, Asking(erase, key, told))

    def leave(self, house: House, key: str, reason: LeaveReason) -> None:
        """End their side, if it has begun."""
        if self.contact_id is None or self.gone:
            return
        departure = Departure(self.contact_id, self.token_sha256, reason)

        def told(left: Reply) -> None:
            self.gone = left.status == "done" and reason is LeaveReason.HUNG_UP
            if (left.result or {}).get("away_until") is not None:
                house.troubles["a chat was held"] += 1

        self._ask(house, Asking(partial(leave_contact, departure), key, told))

    def _ask(self, house: House, asking: Asking) -> None:
        reply = house.request("intake", asking.handler, asking.key)
        self.unanswered = asking if reply is None else None
        if reply is not None:
            asking.told(reply)
