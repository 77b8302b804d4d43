"""A contact is opened at the door: by a program's request, or by a form without any script.

The surprising thing: the capability of a contact, and the words that bring back to it, are made
from the key of the request, so that a caller whose first answer was lost, or who sends a form
twice, gets the same ones again although we keep only hashes.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.envelope import Contract, Reply
from contracts.privacy import public
from contracts.vocabulary import Channel, LanguageCode, ProgrammeId, Refusal
from services.bus.door import Door
from services.bus.work import derived_id
from services.intake import callers
from services.intake.answers import ContactSeen, DoorClosed
from services.intake.asking import check, fingerprint, hash_of
from services.intake.callers import Arrival
from services.intake.codes import WORDS_TO, as_typed, words_from
from services.intake.pages import fault_of
from services.intake.problem import CallerProblem, refusal_problem
from services.intake.returns import Back, ReturnKeys
from services.intake.text_door import checked
from services.intake.voice import Voice
from services.intake.words import closed_until

_RETURN_TOKEN = r"^[A-Za-z0-9_-]{22,64}$"


class Knock(Contract):
    """Someone reaches a line."""

    programme: Annotated[ProgrammeId, public("The line")]
    channel: Annotated[Channel, public("How they reach it")]
    language: Annotated[LanguageCode, public("Language of the page used, if there is one")] = (
        LanguageCode.UNKNOWN
    )
    text: Annotated[
        str | None, public("What is written at once; a message begins with it"), Field(repr=False)
    ] = None
    return_token: Annotated[
        str | None,
        public("The one told before; by telephone, an edge's keyed hash", pattern=_RETURN_TOKEN),
        Field(repr=False),
    ] = None
    return_pass: Annotated[
        str | None,
        public("The four digits that were told", pattern=r"^[0-9]{4}$"),
        Field(repr=False),
    ] = None


@dataclass(frozen=True)
class Opened:
    """A contact, and what only whoever opened it is told."""

    seen: ContactSeen
    told: dict[str, str]


@dataclass(frozen=True)
class Opening:
    """Opens contacts, for all who ask at this door."""

    door: Door
    voice: Voice
    return_keys: ReturnKeys

    async def open(self, secret: UUID, knock: Knock) -> Opened:
        """Open a contact, once for each secret; CallerProblem says why not, GroundAway is one."""
        told = _told_once(secret, knock.channel)
        arrival = Arrival(
            programme=knock.programme,
            channel=knock.channel,
            language=knock.language,
            token_sha256=hash_of(told["token"]),
            text=None if knock.text is None else checked(knock.text),
            code=as_typed(told["return_code"]) if "return_code" in told else None,
            back=Back(knock.return_token, knock.return_pass),
            next_token=told.get("return_token", knock.return_token),
            return_keys=self.return_keys,
        )
        with fault_of(knock.programme):
            reply = await self.door.answer(
                derived_id("open", str(secret)),
                fingerprint(secret, knock),
                partial(callers.open_contact, arrival),
            )
        return Opened(seen_in(reply, self.voice, knock.programme), told)


def capability(secret: UUID) -> str:
    """The token of the contact that this key opened: 256 bits, the same each time."""
    digest = hmac.digest(secret.bytes, b"helpline: capability of a contact", "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _told_once(secret: UUID, channel: Channel) -> dict[str, str]:
    """What only whoever opened the contact is told, the same each time they ask with their key."""
    told = {"token": capability(secret)}
    if channel in WORDS_TO:
        told["return_code"] = words_from(secret.bytes, WORDS_TO[channel])
    if channel is not Channel.PHONE:
        digest = hmac.digest(secret.bytes, b"helpline: return token", "sha256")
        told["return_token"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return told


def seen_in(reply: Reply, voice: Voice, programme: ProgrammeId | None = None) -> ContactSeen:
    """The contact a reply speaks of, or the problem of its refusal."""
    if reply.refusal is Refusal.CLOSED:
        closed = DoorClosed.model_validate(reply.result, extra="ignore")
        voice.remember(programme or "", closed.country, closed.emergency_numbers)
        raise _closed_problem(closed, programme)
    check(reply, programme)
    if reply.result is None:  # the same request is being answered at this moment
        raise refusal_problem(Refusal.PLATFORM_FAULT, programme=programme)
    seen = ContactSeen.model_validate(reply.result, extra="ignore")
    voice.remember(seen.programme, seen.country, seen.emergency_numbers)
    return seen


def _closed_problem(closed: DoorClosed, programme: ProgrammeId | None) -> CallerProblem:
    opens_at = closed.opens_at
    told = {
        "opens_at": None if opens_at is None else opens_at.isoformat(),
        "ladder": None if closed.ladder is None else closed.ladder.model_dump(mode="json"),
    }
    detail = closed_until(opens_at, closed.timezone)
    return CallerProblem(409, Refusal.CLOSED.value, detail, programme=programme, told=told)
