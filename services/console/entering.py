"""Coming in and going out: the first page, the development provider's people, the way out.

Outside development the people do not exist: everybody comes in by the account of their association
(`account_page`).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.vocabulary import PersonId, ProgrammeId, Refusal, Role
from services.bus.body import Flaw
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.work import new_id
from services.console import handlers, staff
from services.console.domain import SessionAsked
from services.console.pages import PAGES, SIGN_IN, look_of
from services.console.partner_page import enter_desk
from services.console.partner_people import Member
from services.console.press import pressed
from services.console.sessions import hash_of, open_session, session_cookie
from services.console.settings import InventedPerson, Settings
from services.pages.forms import read_form


def entering_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of who comes in or goes out."""
    entering = Entering(door, settings)
    addresses = [Address("POST", "/sortir", entering.leave, {})]
    if settings.development_key is not None or settings.oidc is not None:
        addresses.append(Address("GET", SIGN_IN, entering.show, {}))
    if settings.development_key is not None:
        addresses.append(Address("POST", SIGN_IN, entering.enter, {}))
    return addresses


def _named(person: InventedPerson) -> tuple[str, str]:
    """How a press may name somebody: alone, or with role and line where they have several."""
    return person.person_id, f"{person.person_id} {person.role} {person.programme}"


def _people_beside(session: Session, shown: Collection[ProgrammeId]) -> tuple[InventedPerson, ...]:
    held = staff.held_elsewhere(session, shown)
    names = staff.names_of(session, [person_id for person_id, _, _ in held])
    lines = dict.fromkeys(line for _, _, line in held)
    coordinators = [
        (PersonId(f"{line[:28]}-coordinator"), Role.COORDINATOR, line) for line in lines
    ]
    return tuple(
        InventedPerson(
            person_id=person_id, name=names.get(person_id, person_id), role=role, programme=line
        )
        for person_id, role, line in (*held, *coordinators)
    )


class Entering:
    """The development provider's page, and the way out."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._settings = settings

    async def show(self, request: Request) -> Response:
        """Who one may be, in development; elsewhere the way to one's account."""
        template = "enter.html" if self._settings.development_key is None else "sign_in.html"
        return PAGES.response(
            template,
            look_of(request),
            people=await self._people(),
            members=self._settings.development_members,
            account=self._settings.oidc is not None,
            demonstration=self._door.development,
        )

    async def enter(self, request: Request) -> Response:
        """Become one of these people; a new token each time, whatever was there before."""
        fields = await read_form(request, self._settings.longest_body_bytes)
        wanted = fields.get("person_id")
        member = next(
            (each for each in self._settings.development_members if wanted == each.person_id), None
        )
        if member is not None:
            of_partner = Member(member.partner, member.person_id, member.name)
            return await enter_desk(of_partner, self._door, self._settings)
        people = await self._people()
        person = next((each for each in people if wanted in _named(each)), None)
        if person is None:
            raise Flaw(Refusal.UNKNOWN_PERSON, "person_id")
        asked = SessionAsked(person.person_id, person.role, person.programme, person.name)
        token, _ = await open_session(asked, self._door, self._settings)
        lasts = int(self._settings.session_lasts.total_seconds())
        return RedirectResponse("/", 303, {"Set-Cookie": session_cookie(token, lasts)})

    async def _people(self) -> tuple[InventedPerson, ...]:
        """Who may be entered as, in development: the invented people, then whoever the roster has
        on lines they are not of, each of those with a coordinator.
        """
        invented = self._settings.development_people
        if self._settings.development_key is None:
            return ()
        shown = {each.programme for each in invented}
        return invented + await self._door.read(partial(_people_beside, shown=shown))

    async def leave(self, request: Request) -> Response:
        """End the session."""
        press = await pressed(request, self._door, self._settings.longest_body_bytes)
        gone = hash_of(press.reader.token)
        await self._door.answer(new_id(), gone, handlers.closing_session(gone))
        return RedirectResponse(SIGN_IN, 303, {"Set-Cookie": session_cookie("", 0)})
