"""The pages of people on duty: one address each, drawn from what the ledger knows at that moment.

A page asks for its part again whenever its live stream says that something changed, and keeps what
is being typed. The surprising thing: nothing is remembered between two drawings, so that a reload,
a second tab and a desk on another machine show the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.assignment import BeatHeart
from contracts.envelope import Command
from contracts.vocabulary import Refusal, Role
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.work import new_id
from services.console import board_view, desk_view
from services.console.departements import places
from services.console.desk_look import desk_look
from services.console.domain import DESK_ROLES, PULSE_ROLES
from services.console.messages import MessageKind
from services.console.press import Reader, asks_for_a_part, done_response, pressed, reader_of, sent
from services.console.problem import problem_of, refusal_problem
from services.console.risk_capability import second_way
from services.console.role_table import ACT, PARTNER_HOME
from services.console.sessions import OF_A_PARTNER, page_word
from services.console.settings import Settings
from services.pages.assets import asset_addresses
from services.pages.forms import contract_of
from services.pages.look import Look
from services.pages.render import Pages, policy_asking

SIGN_IN = "/entrer"

PAGES = Pages("services.console", "desk", {"places": places()})

Answering = Callable[[Request], Awaitable[Response]]

#: Whatever is said to a desk may change its page; of these the page itself knows what they change.
_UNCHANGING = (
    MessageKind.SESSION_OVER,
    MessageKind.PULSE,
    MessageKind.SIGN,
    MessageKind.TEXT,
    MessageKind.WAITING,
)
_KINDS = " ".join(kind.value for kind in MessageKind if kind not in _UNCHANGING)

#: What a person is about to do, beside what they do: in the address, so that it survives a redraw.
STEP = "etape"
STEPS = frozenset({"cadre", "fin", "orienter"})

#: The part of the desk's own page: its address, its template.
PART, _DESK = "/part", "desk_part.html"


def look_of(request: Request) -> Look:
    """The look of a page nobody has signed in to."""
    return desk_look(request).look


@dataclass(frozen=True)
class Drawn:
    """What a page shows in the frame of a desk: its part, what that needs, who is named in it."""

    part: str  #: its template
    shown: Mapping[str, Any]
    names: Mapping[str, str] = field(default_factory=dict)  #: of whom the desk does not name
    address: str = ""  #: of the part; the page's own where there is none


class Frame:
    """What every page is drawn in: its desk, its alerts, its clocks, its live stream."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._risk_origin = settings.risk_origin

    async def draw(self, request: Request, reader: Reader, drawn: Drawn) -> Response:
        """A page; asked by a script of ours, the part alone, drawn anew in place.

        Presses beside the desk's own page are each drawing's: what is planned, cancelled and
        planned again tells a desk nothing.
        """
        desk = reader.desk
        view = await self._door.read(partial(desk_view.view_of, viewer=desk))
        query = f"?{request.url.query}" if request.url.query else ""
        known = {
            "view": view,
            "part": drawn.part,
            "address": drawn.address or f"{request.url.path}{query}",
            "word": page_word(reader.token),
            "once": view.number if drawn.part == _DESK else new_id(),
            "demonstration": self._door.development,
            "kinds": _KINDS if desk.role in DESK_ROLES else "",
            "pulses": desk.role in PULSE_ROLES,
            "beats": desk.role in BeatHeart.roles,
            "name": view.named(desk.person_id),
            "named": lambda person_id: drawn.names.get(person_id) or view.named(person_id),
            "chosen": reader.chosen,
        }
        in_part = asks_for_a_part(request) or request.url.path == PART
        template = drawn.part if in_part else "desk_page.html"
        # Who watches alerts may also ask risk's own door, and nobody else's page may.
        way = second_way(desk.role, self._risk_origin, view.rate)
        shown = {**known, **drawn.shown, "second_way": way}
        response = PAGES.response(template, reader.look, **shown)
        if way is not None:
            response.headers["Content-Security-Policy"] = policy_asking(way.origin)
        return response


class DeskPages:
    """The pages of a desk, and what their buttons do."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._settings = settings
        self._frame = Frame(door, settings)

    def addresses(self, verbs: Mapping[str, type[Command]]) -> list[Address]:
        """All addresses; `verbs` are the commands a button may send, by their path."""
        return [
            Address("GET", "/", self.desk, {}),
            Address("GET", PART, self.part, {}),
            *(
                Address("POST", f"{ACT}{path}", partial(self.act, command), {})
                for path, command in verbs.items()
            ),
            *asset_addresses(),
        ]

    async def desk(self, request: Request) -> Response:
        """The whole page; of who has no desk, the page that is theirs instead."""
        reader = await reader_of(request, self._door)
        home = _HOMES.get(reader.desk.role)
        return await self._draw(request, reader) if home is None else RedirectResponse(home, 303)

    async def part(self, request: Request) -> Response:
        """What changes of it."""
        return await self._draw(request, await reader_of(request, self._door))

    async def _draw(self, request: Request, reader: Reader) -> Response:
        seen = None
        if reader.desk.role in _SEES_THE_LINE:
            seen = await self._door.read(partial(board_view.seen_by, viewer=reader.desk))
        wanted = request.query_params.get(STEP, "")
        step = wanted if wanted in STEPS else ""
        address = f"{PART}?{STEP}={step}" if step else PART
        shown = {"seen": seen, "step": step}
        drawn = Drawn(_DESK, shown, seen.names if seen else {}, address)
        return await self._frame.draw(request, reader, drawn)

    async def act(self, command_type: type[Command], request: Request) -> Response:
        """A button was pressed: send its command, say what came of it where it was refused."""
        press = await pressed(request, self._door, self._settings.longest_body_bytes)
        if press.reader.desk.role not in command_type.roles:
            raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)
        command = contract_of(command_type, press.fields | dict(request.path_params))
        await sent(self._door, press, command)
        return done_response(request)


#: Where the pages of a role begin that has no desk.
_HOMES = {Role.COORDINATOR: "/semaine", Role.TRAINER: "/benevoles"}

#: Whose own page shows the line beside the desk.
_SEES_THE_LINE = frozenset({Role.SUPERVISOR, Role.DUTY_PROFESSIONAL})


def is_of_a_page(address: Address | None) -> bool:
    """Whether an address is a page's, and no program's: the document says nothing of it."""
    return address is not None and not address.operation


def explained(request: Request, error: Exception, demonstration: bool) -> Response:
    """An error as a person reads it: a sentence in the page, or a page of its own."""
    problem = problem_of(error)
    if problem.status == 401 and not asks_for_a_part(request):
        return RedirectResponse(SIGN_IN, 303)
    in_part = asks_for_a_part(request)
    response = PAGES.response(
        "told.html" if in_part else "trouble.html",
        look_of(request),
        problem.status,
        problem=problem,
        partner=problem.code == OF_A_PARTNER or request.url.path.startswith(PARTNER_HOME),
        demonstration=demonstration,
    )
    if in_part:
        # Wherever the answer was to go: what was there stays, with what is typed in it.
        response.headers.update({"HX-Retarget": "#told", "HX-Reswap": "innerHTML"})
    return response
