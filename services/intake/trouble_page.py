"""What went wrong, as a page for who reads in a browser and as a problem for programs.

The surprising thing: a page is drawn only when it is sent, because it asks which lines there are.
It never says what was sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from contracts.vocabulary import ProgrammeId, Refusal
from services.bus.door import Door, GroundAway
from services.intake import callers
from services.intake.callers import LineLooked
from services.intake.page_frame import Drawer, languages_of, reader_of, wants_page
from services.intake.pages import partners_of
from services.intake.problem import CallerProblem
from services.intake.voice import Voice


class DrawnLate(Response):
    """A page that is drawn when it is sent."""

    def __init__(self, draw: Callable[[], Awaitable[Response]]) -> None:
        super().__init__()
        self._draw = draw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Draw and send it."""
        await (await self._draw())(scope, receive, send)


class Troubles:
    """Says what went wrong, and who can be reached all the same."""

    def __init__(self, door: Door, voice: Voice) -> None:
        self._door = door
        self._voice = voice
        self._drawer = Drawer(voice)

    def told(self, problem: CallerProblem, request: Request | None) -> Response:
        """A problem, in the form its reader asks for; what is not HTTP asks for none."""
        if request is None or not wants_page(request):
            return self._voice.say_problem(problem)
        return DrawnLate(partial(self._draw, problem, request))

    async def _draw(self, problem: CallerProblem, request: Request) -> Response:
        fault = problem.code == Refusal.PLATFORM_FAULT
        lines = () if fault else await self._lines()
        line = problem.programme or request.path_params.get("programme")
        ladder = self._voice.fault_of(line) if fault else None
        spoken = languages_of(language for each in lines for language in each.seen.languages)
        if ladder is not None:
            spoken = languages_of(each.language for each in ladder.wordings)
        response = self._drawer.page(
            "trouble.html",
            reader_of(request, spoken),
            None if line is None else ProgrammeId(line),
            status=problem.status,
            http=problem.status,
            fault=fault,
            lines=lines,
            ladder=ladder,
            partners=partners_of(ladder),
        )
        response.headers.update(self._waits(problem))
        return response

    def _waits(self, problem: CallerProblem) -> dict[str, str]:
        """When to ask again, as the problem says it."""
        headers = self._voice.say_problem(problem).headers
        return {"Retry-After": headers["Retry-After"]} if "Retry-After" in headers else {}

    async def _lines(self) -> tuple[LineLooked, ...]:
        try:
            return await self._door.read(callers.look_at_lines)
        except GroundAway:
            return ()
