"""The pages of a partner organisation: what waits for its answer, one referral, its relays.

For people of the partner and for nobody of ours. Nothing of a referral is kept here: each page asks
referral what is on the partner's desk, so that what was withdrawn is gone with the next drawing.
Whose desk it is comes from the session, never from an address or a form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.envelope import ReplyStatus
from contracts.partner import (
    AnswerReferral,
    DeskShown,
    HandedShown,
    OpenReferral,
    PartnerCommand,
    SeeDesk,
    TellOutcome,
    TellSaturation,
)
from contracts.vocabulary import ReferralState, Refusal, RelayOutcome
from services.bus.body import Flaw
from services.bus.door import Door, ReplyUnknown
from services.bus.doorway import Address
from services.bus.problem import Problem
from services.bus.work import new_id
from services.console import partner_people
from services.console.desk_seal import DeskSeal
from services.console.pages import PAGES, SIGN_IN, STEP, look_of
from services.console.partner_people import Member, member_of, new_token, open_member_session
from services.console.pictures import domain_now
from services.console.press import WORD, asks_for_a_part, problem_of_reply, taken
from services.console.problem import refusal_problem
from services.console.role_table import PARTNER_HOME
from services.console.sessions import (
    hash_of,
    page_word,
    session_cookie,
    standing_session,
    token_in,
)
from services.console.settings import Settings
from services.console.store import ProgrammeRow
from services.pages.forms import contract_of, read_form
from services.pages.look import Look
from services.pages.words import to_translate

_ONE = f"{PARTNER_HOME}/{{reference}}"
#: How long a partner may say that it is full, in hours of domain time; the first is the usual.
FULL_FOR_HOURS = (12, 2, 4, 24, 72, 168)
_DECLINE = "decliner"
_EVERYTHING = SeeDesk()
#: Machine time a page waits for what is on it.
_ASKED_FOR = timedelta(seconds=3)
_UTC = "UTC"
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def partner_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of the pages."""
    pages = PartnerPages(door, settings)
    return [
        Address("GET", PARTNER_HOME, pages.show_all, {}),
        Address("GET", _ONE, pages.show, {}),
        Address("POST", f"{_ONE}/ouvrir", pages.open, {}),
        Address("POST", f"{_ONE}/reponse", pages.answer, {}),
        Address("POST", f"{_ONE}/suite", pages.tell_outcome, {}),
        Address("POST", f"{PARTNER_HOME}/complet/{{relay_id}}", pages.tell_saturation, {}),
        Address("POST", f"{PARTNER_HOME}/sortir", pages.leave, {}),
    ]


async def enter_desk(member: Member, door: Door, settings: Settings) -> Response:
    """Let in somebody of a partner who was vouched for; a new token, whatever was there before."""
    token = new_token()
    await open_member_session(member, settings.session_lasts, door, hash_of(token))
    lasts = int(settings.session_lasts.total_seconds())
    return RedirectResponse(PARTNER_HOME, 303, {"Set-Cookie": session_cookie(token, lasts)})


@dataclass(frozen=True)
class Reader:
    """Who of which partner reads a page."""

    token: str = field(repr=False)
    member: Member
    look: Look


async def member_reading(request: Request, door: Door, word: str | None = None) -> Reader:
    """Who of a partner asks; Problem 401 when nobody does, 403 when it is somebody of ours."""
    token = token_in(request, word)
    member = await door.read(partial(member_of, token_sha256=hash_of(token)))
    if member is None:
        await standing_session(hash_of(token), door)
        raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)
    return Reader(token, member, look_of(request))


@dataclass(frozen=True)
class Line:
    """A line, as its partners read of it."""

    name: str
    zone: str


def lines_known(session: Session) -> dict[str, Line]:
    """Lines in force, by their identifier."""
    rows = session.exec(select(ProgrammeRow).order_by(ProgrammeRow.programme))
    return {row.programme: Line(row.name, row.terms.get("timezone", _UTC)) for row in rows}


@dataclass(frozen=True)
class Shown:
    """A referral on a page, beside what the moment makes of it."""

    handed: HandedShown
    line: Line
    left: timedelta  #: until the answer is due; none or less: it is over

    @property
    def waits(self) -> bool:
        """Somebody waits for an answer: in time, or late and still looked for."""
        return self.handed.state is not ReferralState.ACCEPTED

    @property
    def is_late(self) -> bool:
        """The time to answer is over; an answer still counts."""
        return self.handed.state is ReferralState.EXPIRED or self.left <= timedelta(0)

    @property
    def days(self) -> int:
        """Whole days that are left."""
        return self.left // _DAY

    @property
    def hours(self) -> int:
        """Whole hours beside the days."""
        return self.left % _DAY // _HOUR

    @property
    def minutes(self) -> int:
        """Whole minutes beside the hours."""
        return self.left % _HOUR // timedelta(minutes=1)


class PartnerPages:
    """The page of all referrals of a partner, and of one."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._settings = settings
        self._seal = DeskSeal(settings.desk_key)

    async def show_all(self, request: Request) -> Response:
        """Who waits for an answer, the first sent first; then who was taken up; then the relays."""
        reader = await member_reading(request, self._door)
        desk = await self._desk(reader)
        lines = await self._door.read(lines_known)
        shown = [_shown(each, desk.at, lines) for each in desk.referrals]
        known = {
            "waiting": [each for each in shown if each.waits],
            "taken_up": [each for each in shown if not each.waits],
            "full_for": FULL_FOR_HOURS,
            "zone": _zone(shown, lines),
        }
        return self._draw(request, reader, "partner_list_part.html", desk, known)

    async def show(self, request: Request) -> Response:
        """One referral: what was consented to, and no more; 404 when it is none of the partner's.

        What is withdrawn while somebody reads it is taken off their page.
        """
        reader = await member_reading(request, self._door)
        desk, handed = await self._one(reader, request)
        if handed is None and asks_for_a_part(request):
            return self._draw(request, reader, "partner_gone_part.html", desk, {}, 404)
        if handed is None:
            raise refusal_problem(Refusal.UNKNOWN_REFERRAL, "reference")
        sealed = handed.told.contact_means
        known = {
            "one": _shown(handed, desk.at, await self._door.read(lines_known)),
            "called": {each.relay_id: each.called for each in desk.relays},
            "means": self._seal.open_for_desk(reader.member.partner, sealed),
            "sealed_elsewhere": sealed is not None,
            "may_tell": self._token(reader, handed) is not None,
            "outcomes": tuple(RelayOutcome),
            "step": request.query_params.get(STEP, ""),
            "decline": _DECLINE,
        }
        return self._draw(request, reader, "partner_one_part.html", desk, known)

    def _token(self, reader: Reader, handed: HandedShown) -> str | None:
        return self._seal.open_for_desk(reader.member.partner, handed.told.outcome_token)

    async def _one(self, reader: Reader, request: Request) -> tuple[DeskShown, HandedShown | None]:
        """A desk with one referral on it; None when it is none of the partner's, or is over."""
        try:
            wish = contract_of(SeeDesk, {"only": request.path_params["reference"]})
        except Flaw:
            raise refusal_problem(Refusal.UNKNOWN_REFERRAL, "reference") from None
        desk = await self._desk(reader, wish)
        return desk, next(iter(desk.referrals), None)

    async def _desk(self, reader: Reader, wish: SeeDesk = _EVERYTHING) -> DeskShown:
        try:
            reply = await self._door.send_for(reader.member.partner, wish, _ASKED_FOR)
        except ReplyUnknown:  # NATS lets nobody speak for a partner that has left
            raise Problem(503, "desk_silent", _SILENT) from None
        if reply.refusal is Refusal.NOT_YOURS:
            raise Problem(403, "no_desk", _NO_DESK)
        if reply.status is not ReplyStatus.DONE:
            raise problem_of_reply(reply)
        return DeskShown.model_validate(reply.result, extra="ignore")

    def _draw(  # noqa: PLR0913 - a page is all of these
        self,
        request: Request,
        reader: Reader,
        part: str,
        desk: DeskShown,
        known: Mapping[str, Any],
        status: int = 200,
    ) -> Response:
        shown = {
            **known,
            "desk": desk,
            "part": part,
            "home": PARTNER_HOME,
            "address": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "member": reader.member,
            "word": page_word(reader.token),
            "once": new_id(),
            "demonstration": self._door.development,
        }
        template = part if asks_for_a_part(request) else "partner_page.html"
        return PAGES.response(template, reader.look, status, **shown)

    # --- what is pressed --------------------------------------------------------------------------

    async def open(self, request: Request) -> Response:
        """Somebody of the partner has it from now on: a press, because a browser asks for an
        address also by itself.
        """
        reader, _ = await self._pressed(request)
        command = contract_of(OpenReferral, dict(request.path_params))
        await self._send(reader, command)
        return _back(f"/{command.reference}")

    async def answer(self, request: Request) -> Response:
        """Take it up, or decline it; what is declined is not shown any more."""
        reader, fields = await self._pressed(request)
        said = {"accepted": taken(fields, "accepted"), **request.path_params}
        command = contract_of(AnswerReferral, said)
        await self._send(reader, command)
        return _back(f"/{command.reference}" if command.accepted else "")

    async def tell_outcome(self, request: Request) -> Response:
        """Say what became of the person, by the token that is opened for it and told nobody."""
        reader, fields = await self._pressed(request)
        _, handed = await self._one(reader, request)
        if handed is None:
            raise refusal_problem(Refusal.UNKNOWN_REFERRAL, "reference")
        token = self._token(reader, handed)
        if token is None:
            raise Problem(409, "sealed_elsewhere", _SEALED_ELSEWHERE)
        said = {"outcome_token": token, "outcome": taken(fields, "outcome")}
        await self._send(reader, contract_of(TellOutcome, said))
        return _back(f"/{handed.told.reference}")

    async def tell_saturation(self, request: Request) -> Response:
        """Say that a relay is full for so many hours, or is not any more."""
        reader, fields = await self._pressed(request)
        until = _full_until(taken(fields, "hours"), await self._door.read(domain_now))
        said = {"saturated": until is not None, "until": until, **request.path_params}
        await self._send(reader, contract_of(TellSaturation, said))
        return _back("#relais")

    async def leave(self, request: Request) -> Response:
        """End the session."""
        reader, _ = await self._pressed(request)
        gone = hash_of(reader.token)
        ending = partial(partner_people.end_member_session, gone)
        await self._door.answer(new_id(), gone, ending)
        return RedirectResponse(SIGN_IN, 303, {"Set-Cookie": session_cookie("", 0)})

    async def _pressed(self, request: Request) -> tuple[Reader, dict[str, Any]]:
        fields = await read_form(request, self._settings.longest_body_bytes)
        reader = await member_reading(request, self._door, taken(fields, WORD))
        return reader, fields

    async def _send(self, reader: Reader, command: PartnerCommand) -> None:
        reply = await self._door.send_for(reader.member.partner, command)
        if reply.status is not ReplyStatus.DONE:
            raise problem_of_reply(reply)


_SILENT = to_translate(
    "La ligne ne répond pas en ce moment, ou votre organisation n'y répond plus. Pour l'urgent, "
    "appelez-la."
)
_NO_DESK = to_translate("Votre organisation ne répond pas, ou plus, depuis cette page.")
_SEALED_ELSEWHERE = to_translate(
    "La suite de cette orientation se dit par le programme de votre organisation, qui en a la clé."
)


def _shown(handed: HandedShown, at: datetime, lines: Mapping[str, Line]) -> Shown:
    line = lines.get(handed.told.programme) or Line(handed.told.programme, _UTC)
    return Shown(handed, line, handed.told.answer_by - at)


def _zone(shown: list[Shown], lines: Mapping[str, Line]) -> str:
    """The clock a partner reads: that of the lines that write to it."""
    known = (*(each.line for each in shown), *lines.values())
    return known[0].zone if known else _UTC


def _full_until(hours: str, now: datetime) -> datetime | None:
    if hours == "":
        return None
    if hours not in map(str, FULL_FOR_HOURS):
        raise Flaw(Refusal.INVALID_FIELD, "until")
    return now + timedelta(hours=int(hours))


def _back(to: str) -> Response:
    return RedirectResponse(f"{PARTNER_HOME}{to}", 303)
