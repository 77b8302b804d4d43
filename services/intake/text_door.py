"""The text door: what is written in a contact, to and fro, for its caller and for people at desks.

It translates and decides nothing. A caller shows the token of their contact, a desk the capability
its console signed. The surprising thing: an answer that holds texts is made from what was read a
moment ago and is in no reply that is kept; what was sent is never told back in a refusal.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Contract, Reply, ReplyStatus
from contracts.privacy import ops, public
from contracts.text import (
    LONGEST_TEXT_CHARACTERS,
    SIGNS_PURPOSE,
    TEXT_PURPOSE,
    TEXT_ROLES,
    SignsCapability,
    TextCapability,
)
from contracts.vocabulary import Attention, ContactId, Refusal, TextKind
from services.bus import capability
from services.bus.body import Flaw, M
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.openapi import answers, content, header, ref
from services.bus.work import derived_id, new_id
from services.intake import callers, chats, day_keys, sealed, texts, threads, typing_now, urgency
from services.intake.answers import (
    CallerProblemTold,
    CallersWritingTold,
    ContactSeen,
    ContactTold,
    PassTold,
    TextKept,
    TextsTold,
    TypingTold,
)
from services.intake.asking import (
    KEY,
    TOKEN,
    addressed,
    bearer_of,
    check,
    contact_in,
    random_uuid,
    reading,
)
from services.intake.domain import state_of
from services.intake.following import Following, spread
from services.intake.pace import Pace
from services.intake.problem import KEY_HEADER, CallerProblem, refusal_problem
from services.intake.seen import in_words
from services.intake.settings import Settings
from services.intake.texts import CallerWrites, HumanWrites, Looked
from services.intake.threads import Known
from services.intake.voice import Voice
from services.intake.words import CAPABILITY_WANTED, TEXT_NOT_KEPT, text_too_long, words_for
from services.intake.written import Human, NotSeenYet, is_text, stands

#: The longest a follower is kept waiting, in machine time: below what proxies bear.
LONGEST_WAIT_SECONDS = 25
#: How long a desk's question waits for the word of its take to come, in machine time.
_TAKE_COMES_SECONDS = 2.0


class Words(Contract):
    """What a caller writes."""

    text: Annotated[str, public("What is said; 10,000 characters at most"), Field(repr=False)]


class DeskWords(Contract):
    """What somebody at a desk writes."""

    text: Annotated[str, public("What is said; 10,000 characters at most"), Field(repr=False)]
    kind: Annotated[TextKind, ops("A line or message to the caller, a note or a capsule")]


@dataclass(frozen=True)
class Since:
    """From where a follower wants to know, and how long they wait for it."""

    after: int
    wait_seconds: float


def addresses_of(door: Door, voice: Voice, settings: Settings) -> list[Address]:
    """The addresses of the text door."""
    told = TextDoor(door, voice, settings)
    return [
        Address("POST", "/contacts/{contact_id}/texts", told.write, _WRITING),
        Address("GET", "/contacts/{contact_id}/texts", told.follow, _FOLLOWING, waits=True),
        Address("POST", "/contacts/{contact_id}/typing", told.type, _TYPING),
        Address("POST", "/contacts/{contact_id}/urgency", told.declare_urgency, _URGENCY),
        Address("GET", "/desk/contacts/{contact_id}/return-pass", told.show_pass, _PASS),
        Address("POST", "/desk/contacts/{contact_id}/typing", told.type_at_desk, _TYPING),
        Address("POST", "/desk/contacts/{contact_id}/texts", told.write_at_desk, _AT_DESK),
        Address(
            "POST",
            "/desk/contacts/{contact_id}/take-back-capsule",
            told.take_back_capsule,
            _TAKING_BACK,
        ),
        Address(
            "GET",
            "/desk/contacts/{contact_id}/texts",
            told.follow_at_desk,
            _AT_DESK_FOLLOWING,
            waits=True,
        ),
        Address("GET", "/desk/signs", told.callers_writing, _SIGNS),
    ]


#: The largest count there is.
_MOST = 2_147_483_647

#: What the document lists beside the addresses.
MODELS = (Words, DeskWords, TextKept, TextsTold, PassTold, CallersWritingTold)

_SINCE = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": said,
        "schema": {"type": "integer", "minimum": 0, "maximum": most},
    }
    for name, said, most in (
        ("after", "What you know already: `last` of the answer before", _MOST),
        ("wait_seconds", "How long to wait for something new", LONGEST_WAIT_SECONDS),
        (
            "typing_after",
            "`typing.number` of the answer before, to see the human write",
            _MOST,
        ),
    )
]
_WRITING = {
    "summary": "Write in a contact; a refusal keeps nothing and the text stays with you.",
    "security": TOKEN,
    "parameters": [header(KEY_HEADER, KEY, required=True, form="uuid")],
    "requestBody": {"required": True, **content(ref(Words))},
    "responses": answers(content(ref(TextKept)), CallerProblemTold, 201),
}
_PASS = {
    "summary": "The digits of the return pass that was given, to be told to the caller.",
    "security": TOKEN,
    "responses": answers(content(ref(PassTold)), CallerProblemTold),
}
_TYPING = {
    "summary": "Say that you are writing; not what. Said every few seconds while it is so.",
    "security": TOKEN,
    "responses": answers(content({"type": "object"}), CallerProblemTold),
}
_URGENCY = {
    "summary": "Say that it is urgent for you: people on duty see it. Said twice it counts once.",
    "security": TOKEN,
    "responses": answers(content(ref(ContactTold)), CallerProblemTold),
}
_TAKING_BACK = {
    "summary": "Delete the capsule of your side, where there is one: its caller does not want it.",
    "security": TOKEN,
    "responses": answers(content({"type": "object"}), CallerProblemTold),
}
_AT_DESK = _WRITING | {"requestBody": {"required": True, **content(ref(DeskWords))}}
_FOLLOWING = {
    "summary": "What was written, and where the contact is; waits for news when asked to.",
    "security": TOKEN,
    "parameters": _SINCE,
    "responses": answers(content(ref(TextsTold)), CallerProblemTold),
}
_AT_DESK_FOLLOWING = _FOLLOWING | {"parameters": _SINCE[:-1]}
_SIGNS = {
    "summary": "Which callers are writing at this moment, and to whom; for a console, not a desk.",
    "security": TOKEN,
    "responses": answers(content(ref(CallersWritingTold)), CallerProblemTold),
}


class TextDoor:
    """Writes and follows, for callers and for desks."""

    def __init__(self, door: Door, voice: Voice, settings: Settings) -> None:
        self._door = door
        self._voice = voice
        self._longest_body_bytes = settings.longest_body_bytes
        self._following = Following(door)
        self._pace = Pace()

    async def write(self, request: Request) -> Response:
        """Keep what a caller wrote."""
        contact_id, token_sha256 = addressed(request)
        key = random_uuid(request.headers.get(KEY_HEADER, ""))
        words = await reading(Words, request, self._longest_body_bytes)
        wrote = CallerWrites(contact_id, token_sha256, checked(words.text))
        await self._pace.turn(token_sha256)
        keep = partial(texts.keep_of_caller, wrote, day_keys.from_environment())
        return self._kept(await self._once(contact_id, key, wrote.text, keep))

    async def write_at_desk(self, request: Request) -> Response:
        """Keep what somebody at a desk wrote."""
        shown = await self._desk_of(request)
        key = random_uuid(request.headers.get(KEY_HEADER, ""))
        words = await reading(DeskWords, request, self._longest_body_bytes)
        who = Human(shown.person_id, shown.role)
        wrote = HumanWrites(shown.contact_id, who, words.kind, checked(words.text))
        keep = partial(texts.keep_of_human, wrote, day_keys.from_environment())
        asked = f"{words.kind.value} {shown.person_id} {wrote.text}"
        return self._kept(await self._once(shown.contact_id, key, asked, keep))

    async def take_back_capsule(self, request: Request) -> Response:
        """Delete the capsule of somebody at a desk; none there is as good."""
        shown = await self._desk_of(request)
        who = Human(shown.person_id, shown.role)
        take_back = partial(texts.take_back_capsule, shown.contact_id, who)
        reply = await self._door.answer(new_id(), "", take_back)
        if reply.refusal is not None:
            raise refusal_problem(reply.refusal)
        if reply.status is not ReplyStatus.DONE:
            raise refusal_problem(Refusal.PLATFORM_FAULT)
        return self._voice.say({})

    async def _once(
        self, contact_id: ContactId, key: UUID, asked: str, keep: Callable[..., Reply]
    ) -> Reply:
        """Once for each key. What is kept of the text is a hash that only the key can check."""
        fingerprint = hmac.digest(key.bytes, asked.encode(), "sha256").hex()
        return await self._door.answer(derived_id("text", contact_id, str(key)), fingerprint, keep)

    def _kept(self, reply: Reply) -> Response:
        if reply.refusal is not None:
            raise _not_kept(reply.refusal, reply.field)
        if reply.status is not ReplyStatus.DONE or reply.result is None:
            raise refusal_problem(Refusal.PLATFORM_FAULT)
        return self._voice.say(reply.result, 201)

    # --- following --------------------------------------------------------------------------------

    async def follow(self, request: Request) -> Response:
        """Tell a caller what was written, and where their contact is."""
        address = addressed(request)
        since = _since(request)
        keys = day_keys.from_environment()
        look = partial(texts.look_as_caller, address=address, after=since.after, keys=keys)
        looked, typing = await self._news(address[0], since, look, _signs_seen(request))
        if looked.contact.away_until is not None:
            back = partial(chats.is_there, address[0])
            await self._door.answer(new_id(), "", back)
        plain = tuple(each.model_copy(update=_FOR_DESKS_ALONE) for each in looked.texts)
        return self._told(replace(looked, texts=plain), since, typing)

    async def follow_at_desk(self, request: Request) -> Response:
        """Tell somebody at a desk what was written; that they read is kept first."""
        shown, since = _shown(request), _since(request)
        asked = (shown.contact_id, Human(shown.person_id, shown.role, shown.offered))
        keys = day_keys.from_environment()

        def look(session: Session) -> Looked | Refusal | NotSeenYet:
            _check_standing(session, shown)
            return texts.look_as_human(session, asked, since.after, keys)

        looked, _ = await self._news(shown.contact_id, since, look)
        if looked.texts and looked.contact.unread_since is not None:
            heard = partial(texts.hear_of_reading, shown.contact_id)
            await self._door.answer(new_id(), "", heard)
        return self._told(looked, since, None)

    # --- signs of life ----------------------------------------------------------------------------

    async def type(self, request: Request) -> Response:
        """A caller is writing."""
        address = addressed(request)
        return self._noted(await self._door.read(partial(typing_now.note_caller, address=address)))

    async def type_at_desk(self, request: Request) -> Response:
        """Somebody at a desk is writing."""
        shown = await self._desk_of(request)
        who = Human(shown.person_id, shown.role)
        note = partial(typing_now.note_human, contact_id=shown.contact_id, who=who)
        return self._noted(await self._door.read(note))

    async def callers_writing(self, request: Request) -> Response:
        """Tell a console who is writing to whom."""
        shown = _signed(request, SIGNS_PURPOSE, SignsCapability)
        now, found = await self._door.read(typing_now.callers)
        if not stands(shown.expires_at, now):
            raise _no_capability()
        return self._voice.say(CallersWritingTold(callers=found).model_dump(mode="json"))

    def _noted(self, refusal: Refusal | None) -> Response:
        if refusal is not None:
            raise refusal_problem(refusal)
        return self._voice.say({})

    async def declare_urgency(self, request: Request) -> Response:
        """A caller says that it is urgent for them."""
        address = addressed(request)
        reply = await self._door.answer(new_id(), "", partial(urgency.declare, address))
        check(reply)
        seen = ContactSeen.model_validate(reply.result, extra="ignore")
        return self._voice.say(in_words(seen), programme=seen.programme)

    async def show_pass(self, request: Request) -> Response:
        """Tell who gave a pass its digits; they are kept nowhere."""
        shown = await self._desk_of(request)
        keys = day_keys.from_environment()
        look = partial(callers.look_at_pass, contact_id=shown.contact_id, keys=keys)
        found = await self._door.read(partial(look, person_id=shown.person_id))
        if isinstance(found, Refusal):
            raise refusal_problem(found)
        return self._voice.say(found.model_dump(mode="json"))

    async def _news(
        self,
        contact_id: ContactId,
        since: Since,
        look: Callable[..., Looked | Refusal | NotSeenYet],
        signs: int | None = None,
    ) -> tuple[Looked, TypingTold | None]:
        """What there is, or what comes in the time a follower waits; the human's writing too, to
        who has seen so many `signs` of it (None: they want to see none).
        """
        began, waits = time.monotonic(), spread(contact_id, since.wait_seconds)

        def look_at_both(
            session: Session,
        ) -> tuple[Looked | Refusal | NotSeenYet, TypingTold | None]:
            return look(session), None if signs is None else typing_now.human_in(
                session, contact_id
            )

        while True:
            looked, typing = await self._door.read(look_at_both)
            waited = time.monotonic() - began
            if isinstance(looked, NotSeenYet):
                if waited >= _TAKE_COMES_SECONDS:
                    raise refusal_problem(Refusal.NOT_YOURS)
                await self._following.wait(contact_id, Known(0), 0.1)
                continue
            if isinstance(looked, Refusal):
                raise refusal_problem(looked)
            left = waits - waited
            writes = typing is not None and typing.now and typing.number > (signs or 0)
            if looked.contact.ticks > since.after or writes or left <= 0:
                return looked, typing
            known = Known(looked.contact.ticks, None if typing is None else typing.number)
            await self._following.wait(contact_id, known, left)

    def _told(self, looked: Looked, since: Since, typing: TypingTold | None) -> Response:
        """Texts, and how far they go: what came while they were read is told the next time."""
        contact = looked.contact
        full = len(looked.texts) >= sealed.MOST_AT_ONCE
        newest = looked.texts[-1].position if looked.texts else 0
        last = newest if full else max(newest, contact.ticks)
        told = TextsTold(
            contact_id=contact.contact_id,
            state=state_of(contact.life),
            words="",
            away_until=contact.away_until,
            last=max(last, since.after),
            lost_human=contact.lost_human,
            urgent=contact.urgent_since is not None,
            typing=typing,
            texts=looked.texts,
            situation=looked.told.situation,
            ladder=looked.told.ladder,
            way_out=looked.told.way_out,
            language=contact.language,
        )
        words = words_for(told, lost_human=contact.lost_human)
        told = told.model_copy(update={"words": words})
        return self._voice.say(told.model_dump(mode="json"), programme=contact.programme)

    async def _desk_of(self, request: Request) -> TextCapability:
        """Who asks, by a capability of this contact that stands."""
        shown = _shown(request)
        await self._door.read(partial(_check_standing, shown=shown))
        return shown


def _shown(request: Request) -> TextCapability:
    """Who asks, by a capability that a console signed for this contact; it may have expired."""
    shown = _signed(request, TEXT_PURPOSE, TextCapability)
    if shown.contact_id != contact_in(request) or shown.role not in TEXT_ROLES:
        raise _no_capability()
    return shown


def _signed(request: Request, purpose: str, model: type[M]) -> M:
    """What a console signed for this purpose; CallerProblem when it signed nothing of the kind."""
    token = bearer_of(request, CAPABILITY_WANTED)
    shown = capability.read(capability.key_from_environment(), purpose, token, model)
    if shown is None:
        raise _no_capability()
    return shown


def _check_standing(session: Session, shown: TextCapability) -> None:
    """Nothing while a capability stands, for a contact of its line; CallerProblem when not."""
    now, programme = threads.moment_and_line_of(session, shown.contact_id)
    if not stands(shown.expires_at, now):
        raise _no_capability()
    if programme is None:
        raise refusal_problem(Refusal.UNKNOWN_CONTACT)
    if programme != shown.programme:
        raise refusal_problem(Refusal.NOT_YOURS)


#: What the indicator made of a text is for desks.
_FOR_DESKS_ALONE: dict[str, Any] = {"attention": Attention.NONE, "rule_ids": ()}


def checked(text: str) -> str:
    """The text, if it can be kept; CallerProblem says why not, and never what was sent."""
    if len(text) > LONGEST_TEXT_CHARACTERS:
        said = text_too_long(len(text), LONGEST_TEXT_CHARACTERS)
        raise CallerProblem(413, Refusal.INVALID_FIELD.value, said, "text")
    if not is_text(text):
        raise CallerProblem(400, Refusal.INVALID_FIELD.value, TEXT_NOT_KEPT, "text")
    return text


def _not_kept(refusal: Refusal, field: str | None) -> CallerProblem:
    return refusal_problem(refusal, field)


def _no_capability() -> CallerProblem:
    return CallerProblem(401, Refusal.NOT_YOURS.value, CAPABILITY_WANTED)


def _since(request: Request) -> Since:
    """Read `after` and `wait_seconds`; Flaw when they are no such numbers."""
    return Since(
        after=_number(request, "after", _MOST),
        wait_seconds=_number(request, "wait_seconds", LONGEST_WAIT_SECONDS),
    )


def _signs_seen(request: Request) -> int | None:
    if "typing_after" not in request.query_params:
        return None
    return _number(request, "typing_after", _MOST)


def _number(request: Request, name: str, most: int) -> int:
    given = request.query_params.get(name, "0")
    if not given.isascii() or not given.isdigit() or len(given) > 10 or int(given) > most:
        raise Flaw(Refusal.INVALID_FIELD, name)
    return int(given)
