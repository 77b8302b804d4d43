"""The pages of people on duty: one address each, drawn from what the ledger knows at that moment.

A page asks for its part again whenever its live stream says that something changed, and keeps what
is being typed. The surprising thing: nothing is remembered between two drawings, so that a reload,
a second tab and a desk on another machine show the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.assignment import BeatHeart
from contracts.envelope import Command
from contracts.report import ProposeLegalReport
from contracts.vocabulary import Refusal, Role
from services.bus.door import Door
from services.bus.doorway import Address, Doorway, Manners
from services.bus.work import new_id
from services.console import board_view, desk_view
from services.console.departements import places
from services.console.desk_look import desk_look
from services.console.desk_view import DeskView
from services.console.domain import DESK_ROLES, PULSE_ROLES
from services.console.messages import MessageKind
from services.console.pictures import Desk
from services.console.press import Reader, asks_for_a_part, done_response, pressed, reader_of, sent
from services.console.problem import problem_of, refusal_problem
from services.console.risk_capability import second_way
from services.console.role_table import ACT
from services.console.sessions import page_word
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


def look_of(request: Request) -> Look:
    """The look of a page nobody has signed in to."""
    return desk_look(request).look


class DeskDoorway(Doorway):
    """The application of this door; its pages find their settings there (`request.app`)."""

    def __init__(
        self,
        addresses: Sequence[Address],
        document: Mapping[str, Any],
        manners: Manners,
        settings: Settings,
    ) -> None:
        super().__init__(addresses, document, manners)
        self.settings = settings


class DeskPages:
    """The pages of a desk, and what their buttons do."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._settings = settings

    def addresses(self, verbs: Mapping[str, type[Command]]) -> list[Address]:
        """All addresses; `verbs` are the commands a button may send, by their path."""
        return [
            Address("GET", "/", self.desk, {}),
            Address("GET", "/part", self.part, {}),
            *(
                Address("POST", f"{ACT}{path}", partial(self.act, command), {})
                for path, command in verbs.items()
            ),
            *asset_addresses(),
        ]

    async def desk(self, request: Request) -> Response:
        """The whole page; of who has no desk, the page that is theirs instead."""
        home = _HOMES.get((await reader_of(request, self._door)).desk.role)
        if home is not None:
            return RedirectResponse(home, 303)
        return await self._draw("desk_page.html", request)

    async def part(self, request: Request) -> Response:
        """What changes of it."""
        return await self._draw("desk_part.html", request)

    async def _draw(self, template: str, request: Request) -> Response:
        reader = await reader_of(request, self._door)
        drawing = partial(_seen_at_the_desk, viewer=reader.desk)
        view, seen = await self._door.read(drawing)
        names = {} if seen is None else seen.names
        wanted = request.query_params.get(STEP, "")
        step = wanted if wanted in STEPS else ""
        known = _known(reader, view, self._door.development, names)
        known |= {"seen": seen, "step": step}
        known["address"] = f"/part?{STEP}={step}" if step else "/part"
        return _drawn(request, reader, template, known)

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

#: What a role's own page shows beside the desk.
_SEEN: dict[Role, Callable[[Session, Desk], board_view.Seen]] = {
    Role.SUPERVISOR: board_view.seen_by,
    Role.DUTY_PROFESSIONAL: board_view.seen_by,
}


def _seen_at_the_desk(session: Session, viewer: Desk) -> tuple[DeskView, board_view.Seen | None]:
    seen = _SEEN.get(viewer.role)
    return desk_view.view_of(session, viewer), seen(session, viewer) if seen else None


def _known(
    reader: Reader, view: DeskView, development: bool, names: Mapping[str, str]
) -> dict[str, Any]:
    """What every page of a desk needs; `names` are of people the desk itself does not name."""

    def named(person_id: str) -> str:
        return names.get(person_id) or view.named(person_id)

    return {
        "view": view,
        "part": "desk_part.html",
        "address": "/part",
        "word": page_word(reader.token),
        "once": view.number,
        "demonstration": development,
        "kinds": _KINDS if reader.desk.role in DESK_ROLES else "",
        "pulses": reader.desk.role in PULSE_ROLES,
        "beats": reader.desk.role in BeatHeart.roles,
        "name": view.named(reader.desk.person_id),
        "named": named,
        "chosen": reader.chosen,
        "proposes": reader.desk.role in ProposeLegalReport.roles,
    }


@dataclass(frozen=True)
class Drawn:
    """What a page beside the desk shows: its part, with what that needs, and who is named in it."""

    part: str  #: its template
    shown: Mapping[str, Any]
    names: Mapping[str, str] = field(default_factory=dict)


async def draw_page(request: Request, reader: Reader, door: Door, drawn: Drawn) -> Response:
    """A page beside the desk's own, in the same frame: its alerts, its clocks, its live stream.

    Asked by a script of ours the answer is the part alone, drawn anew in place. Its buttons' presses
    are each drawing's own: what is planned, cancelled and planned again tells a desk nothing.
    """
    view = await door.read(partial(desk_view.view_of, viewer=reader.desk))
    query = f"?{request.url.query}" if request.url.query else ""
    known = _known(reader, view, door.development, drawn.names)
    known |= {"address": f"{request.url.path}{query}", "part": drawn.part, "once": new_id()}
    known |= drawn.shown
    template = drawn.part if asks_for_a_part(request) else "desk_page.html"
    return _drawn(request, reader, template, known)


def _drawn(request: Request, reader: Reader, template: str, known: dict[str, Any]) -> Response:
    """The answer; who watches alerts may also ask risk's own door, and nobody else's page may."""
    settings: Settings = request.app.settings
    way = second_way(reader.desk.role, settings.risk_origin, known["view"].rate)
    response = PAGES.response(template, reader.look, second_way=way, **known)
    if way is not None:
        response.headers["Content-Security-Policy"] = policy_asking(way.origin)
    return response


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
        demonstration=demonstration,
    )
    if in_part:
        # Wherever the answer was to go: what was there stays, with what is typed in it.
        response.headers.update({"HX-Retarget": "#told", "HX-Reswap": "innerHTML"})
    return response
