"""Coming in by the account of one's association: to its issuer and back, and as what one enters.

The surprising thing: the way to the issuer is a link and no form. Our pages may send forms to this
door alone, and a browser counts where the answer to one leads.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.vocabulary import Refusal
from services.bus.body import Flaw
from services.bus.door import Door
from services.bus.doorway import Address
from services.console import staff
from services.console.domain import SessionAsked
from services.console.oidc import SignInFailed
from services.console.oidc_settings import CALLBACK_PATH, OidcSettings
from services.console.pages import PAGES, SIGN_IN, look_of
from services.console.partner_page import enter_desk
from services.console.partner_people import Member
from services.console.press import taken
from services.console.sessions import open_session, session_cookie
from services.console.settings import Settings
from services.console.sign_in import BEGIN_PATH, SignedIn, SignIn
from services.console.sign_in_problem import sign_in_problem
from services.pages.forms import read_form

CHOICE_PATH = "/entrer/role"
LEAVE_PATH = "/entrer/quitter"


def account_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of who comes in by their account; none where there is no issuer."""
    if settings.oidc is None:
        return []
    pages = AccountPages(door, settings, settings.oidc)
    return [
        Address("GET", BEGIN_PATH, pages.begin, {}),
        Address("GET", CALLBACK_PATH, pages.back, {}),
        Address("GET", CHOICE_PATH, pages.choose, {}),
        Address("POST", CHOICE_PATH, pages.chosen, {}),
        Address("GET", LEAVE_PATH, pages.leave, {}),
    ]


class AccountPages:
    """The steps of a sign-in, as somebody sees them."""

    def __init__(self, door: Door, settings: Settings, oidc: OidcSettings) -> None:
        self._door = door
        self._settings = settings
        self._signing_in = SignIn(door, oidc)

    async def begin(self, request: Request) -> Response:
        """Go to the account of one's association."""
        try:
            return await self._signing_in.begin(request)
        except SignInFailed as failed:
            return self._failed(request, failed)

    async def back(self, request: Request) -> Response:
        """Come back from it: to the desk, or to a choice where one may enter as several."""
        try:
            signed_in = await self._signing_in.complete(request)
        except SignInFailed as failed:
            response = self._failed(request, failed)
        else:
            response = await self._taken_in(signed_in)
        self._signing_in.finish(request, response)
        return response

    async def _taken_in(self, signed_in: SignedIn | Member) -> Response:
        if isinstance(signed_in, Member):
            return await enter_desk(signed_in, self._door, self._settings)
        only = signed_in.chosen(None, None)
        if only is not None:
            return await self._enter(only)
        response: Response = RedirectResponse(CHOICE_PATH, 303)
        self._signing_in.offer(signed_in, response)
        return response

    async def choose(self, request: Request) -> Response:
        """As what one enters."""
        try:
            signed_in = self._signing_in.offered(request)
        except SignInFailed as failed:
            return self._failed(request, failed)
        lines = await self._door.read(staff.lines_of)
        return PAGES.response(
            "entering_as.html",
            look_of(request),
            signed_in=signed_in,
            lines=lines,
            demonstration=self._door.development,
        )

    async def chosen(self, request: Request) -> Response:
        """Enter as what was chosen."""
        fields = await read_form(request, self._settings.longest_body_bytes)
        try:
            signed_in = self._signing_in.offered(request)
        except SignInFailed as failed:
            return self._failed(request, failed)
        programme, _, role = taken(fields, "as").partition(" ")
        asked = signed_in.chosen(programme, role)
        if asked is None:
            raise Flaw(Refusal.INVALID_FIELD, "as")
        response = await self._enter(asked)
        self._signing_in.forget_offer(response)
        return response

    async def leave(self, _: Request) -> Response:
        """Leave the account too, on a computer others use."""
        return RedirectResponse(await self._signing_in.leaving() or SIGN_IN, 303)

    async def _enter(self, asked: SessionAsked) -> Response:
        """A new token each time, whatever the browser had before."""
        token, _ = await open_session(asked, self._door, self._settings)
        lasts = int(self._settings.session_lasts.total_seconds())
        return RedirectResponse("/", 303, {"Set-Cookie": session_cookie(token, lasts)})

    def _failed(self, request: Request, failed: SignInFailed) -> Response:
        problem = sign_in_problem(failed)
        return PAGES.response(
            "sign_in_failed.html",
            look_of(request),
            problem.status,
            problem=problem,
            demonstration=self._door.development,
        )
