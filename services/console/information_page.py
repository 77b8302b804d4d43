"""Information cards for who keeps them: written, amended, extended, revoked, with their history.

Days are those of the line: a card holds until the end of its last day. Cards that have expired are
seen here alone, and marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Command, Reply
from contracts.information import (
    LONGEST_PARAGRAPH,
    CardHead,
    CardNamed,
    CardsSeen,
    CardTold,
    ExtendCard,
    SeeCard,
    SeeCards,
    WriteCard,
)
from contracts.vocabulary import CardId, LanguageCode, Refusal, Role
from services.bus.body import Flaw
from services.bus.door import Door
from services.bus.doorway import Address
from services.console.departements import code_of
from services.console.pages import Drawn, Frame
from services.console.pictures import Desk, domain_now
from services.console.press import (
    Press,
    Reader,
    asked,
    done_response,
    goes_to,
    pressed,
    reader_of,
    sent,
)
from services.console.settings import Settings
from services.console.staff import names_of
from services.console.week_page import KINDS
from services.pages.forms import contract_of

LIST = "/informations"
#: A card that expires within this is shown first, and marked.
SOON = timedelta(days=7)
#: A new card holds for so long, unless another day is chosen.
USUAL = timedelta(days=30)
#: Who may answer for a card by their role.
OWNERS = (Role.COORDINATOR, Role.SUPERVISOR, Role.DUTY_PROFESSIONAL, Role.TRAINER, Role.OPERATOR)
LANGUAGES = tuple(
    each for each in LanguageCode if each not in (LanguageCode.UNKNOWN, LanguageCode.OTHER)
)
_MOST_PARAGRAPHS = 6
_A_DAY = timedelta(days=1)
_OF_A_PERSON = "person:"


@dataclass(frozen=True)
class Shown:
    """A card on a page, beside what the moment and the zone of the line make of it."""

    card_id: CardId
    version: int
    head: CardHead  #: or the whole card
    standing: str  #: holds, soon, later, expired or revoked
    zone: str

    @property
    def last_moment(self) -> datetime:
        """In the last day on which it holds."""
        return self.head.expires_at - timedelta(seconds=1)

    @property
    def source_moment(self) -> datetime:
        """In the day of its source."""
        return _noon(self.head.source_on, self.zone)

    @property
    def is_over(self) -> bool:
        """Nobody finds it any more."""
        return self.standing in ("expired", "revoked")


def standing_of(head: CardHead, revoked_at: datetime | None, now: datetime) -> str:
    """What the moment makes of a card."""
    if revoked_at is not None:
        return "revoked"
    if now >= head.expires_at:
        return "expired"
    if now < head.valid_from:
        return "later"
    return "soon" if head.expires_at <= now + SOON else "holds"


def information_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of the pages."""
    pages = InformationPages(door, settings)
    return [
        Address("GET", LIST, pages.show_all, {}),
        Address("POST", LIST, pages.write, {}),
        Address("GET", f"{LIST}/{{card_id}}", pages.show, {}),
        Address("POST", f"{LIST}/{{card_id}}", pages.amend, {}),
        Address("POST", f"{LIST}/{{card_id}}/prolonger", pages.extend, {}),
    ]


class InformationPages:
    """The page of all cards of a line, and of one."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._longest = settings.longest_body_bytes
        self._frame = Frame(door, settings)

    async def show_all(self, request: Request) -> Response:
        """Those that hold or will, first to expire first; then those that hold no longer."""
        reader = await reader_of(request, self._door)
        reply = await asked(self._door, reader, SeeCards())
        seen = CardsSeen.model_validate(reply.result or {"cards": ()}, extra="ignore")
        now, zone = await self._door.read(domain_now), reader.desk.zone
        cards = [
            Shown(
                each.card_id,
                each.version,
                each.head,
                standing_of(each.head, each.revoked_at, now),
                zone,
            )
            for each in seen.cards
        ]
        shown = {
            "current": [each for each in cards if not each.is_over],
            "over": [each for each in cards if each.is_over],
            "more": seen.more,
        }
        return await self._draw(
            request, reader, "information_part.html", cards, shown | {"now": now}
        )

    async def show(self, request: Request) -> Response:
        """One of them; Problem 404 when the line has no such card."""
        reader = await reader_of(request, self._door)
        told = await self._told(reader, request)
        now = await self._door.read(domain_now)
        card = Shown(
            told.card_id,
            told.version,
            told.card,
            standing_of(told.card, told.revoked_at, now),
            reader.desk.zone,
        )
        shown = {"card": card, "history": told.history, "now": now}
        people = [each.by for each in told.history if each.by is not None]
        return await self._draw(
            request, reader, "information_card_part.html", [card], shown, people
        )

    async def _told(self, reader: Reader, request: Request) -> CardTold:
        wanted = contract_of(SeeCard, dict(request.path_params))
        return CardTold.model_validate(
            (await asked(self._door, reader, wanted)).result, extra="ignore"
        )

    async def _draw(  # noqa: PLR0913 - a page is all of these
        self,
        request: Request,
        reader: Reader,
        part: str,
        cards: Iterable[Shown],
        shown: Mapping[str, Any],
        people: Iterable[str] = (),
    ) -> Response:
        owners = (each.head.owner_id for each in cards if each.head.owner_id is not None)
        ids = {*owners, *people, reader.desk.person_id}
        names = await self._door.read(partial(names_of, person_ids=ids))
        choices = {"owners": OWNERS, "languages": LANGUAGES, "usual": USUAL}
        kinds = {"kinds": KINDS} if reader.desk.role is Role.COORDINATOR else {}
        drawn = Drawn(part, {**shown, **choices, **kinds}, names)
        return await self._frame.draw(request, reader, drawn)

    # --- what is pressed --------------------------------------------------------------------------

    async def write(self, request: Request) -> Response:
        """Write a new card, of the line of who writes it."""
        press = await pressed(request, self._door, self._longest)
        desk = press.reader.desk
        said = card_in(press, desk) | {"programmes": [desk.programme]}
        reply = await sent(self._door, press, contract_of(WriteCard, {"card": said}))
        named = CardNamed.model_validate(reply.result, extra="ignore")
        return goes_to(request, f"{LIST}/{named.card_id}")

    async def amend(self, request: Request) -> Response:
        """Have a card say something else; whoever saw an older version of it is told so."""
        press = await pressed(request, self._door, self._longest)
        told = await self._told(press.reader, request)
        read_version = _number(press.take("version"), "version")
        said = card_in(press, press.reader.desk) | {"programmes": list(told.card.programmes)}
        command = contract_of(WriteCard, {"card": said, **request.path_params})
        await self._send(press, command, read_version)
        return goes_to(request, f"{LIST}/{told.card_id}")

    async def extend(self, request: Request) -> Response:
        """Have a card hold until the end of another day."""
        press = await pressed(request, self._door, self._longest)
        until = day_end(press.take("expires_on"), "expires_at", press.reader.desk.zone)
        fields = {"expires_at": until, **request.path_params}
        await self._send(press, contract_of(ExtendCard, fields))
        return done_response(request, f"{LIST}/{request.path_params['card_id']}")

    async def _send(self, press: Press, command: Command, version: int | None = None) -> Reply:
        return await sent(self._door, press, command, version)


def card_in(press: Press, desk: Desk) -> dict[str, Any]:
    """What a form says of a card, in the words of the contract but for its lines."""
    text = press.take_text("text", _MOST_PARAGRAPHS * LONGEST_PARAGRAPH)
    places = re.split(r"[,;\n]", press.take("departements"))
    return {
        "title": press.take("title"),
        "paragraphs": paragraphs_of(text),
        "source": press.take("source"),
        "source_url": press.take("source_url"),
        "source_on": press.take("source_on"),
        **_owner(press.take("owner")),
        "valid_from": day_start(press.take("valid_from"), "valid_from", desk.zone),
        "expires_at": day_end(press.take("expires_on"), "expires_at", desk.zone),
        "departements": [code_of(each, "departements") for each in places if each.strip()],
        "language": press.take("language") or LanguageCode.FR.value,
    }


def paragraphs_of(text: str) -> list[str]:
    """A text by its empty lines; Flaw where one is too long, or there are too many."""
    found = [" ".join(each.split()) for each in re.split(r"\n\s*\n", text) if each.strip()]
    over = sum(max(0, len(each) - LONGEST_PARAGRAPH) for each in found)
    if over or len(found) > _MOST_PARAGRAPHS:
        raise Flaw(Refusal.INVALID_FIELD, "text", over)
    return found


def _owner(chosen: str) -> dict[str, str]:
    if chosen.startswith(_OF_A_PERSON):
        return {"owner_id": chosen.removeprefix(_OF_A_PERSON)}
    return {"owner_role": chosen} if chosen else {}


def _number(written: str, field: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) <= 9):
        raise Flaw(Refusal.INVALID_FIELD, field)
    return int(written)


def day_start(written: str, field: str, zone: str) -> datetime:
    """The first moment of a day; Flaw when it is none."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise Flaw(Refusal.INVALID_FIELD, field) from None
    return datetime.combine(day, time(), ZoneInfo(zone))


def day_end(written: str, field: str, zone: str) -> datetime:
    """The first moment after a day; Flaw when it is none."""
    try:
        start = day_start(written, field, zone)
        return datetime.combine(start.date() + _A_DAY, time(), ZoneInfo(zone))
    except OverflowError:
        raise Flaw(Refusal.INVALID_FIELD, field) from None


def _noon(day: str, zone: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(12), ZoneInfo(zone))
