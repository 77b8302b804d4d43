"""How the door speaks: every answer carries the emergency numbers of the country, and outside
production the notice that nobody will answer. No setting takes either away.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from contracts.vocabulary import Refusal
from services.intake.answers import LadderTold
from services.intake.problem import CallerProblem
from services.intake.words import DEFAULT_COUNTRY, DEFAULT_NUMBERS, demonstration

NOTICE_HEADER = "Helpline-Notice"


class Voice:
    """Answers of one door. It remembers the numbers of lines it has spoken of, and what they say of
    a failure, so that both can still be told when the ground is away.
    """

    def __init__(self, development: bool, retry_after_seconds: int) -> None:
        self._development = development
        self._retry_after_seconds = retry_after_seconds
        self._numbers: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._faults: dict[str, LadderTold] = {}

    def remember_fault(self, programme: str, fault: LadderTold | None) -> None:
        """Keep what a line says when the platform fails: then it cannot be asked."""
        if fault is not None:
            self._faults[programme] = fault

    def remember(self, programme: str, country: str, numbers: tuple[str, ...]) -> None:
        """Keep the numbers of a line that exists."""
        self._numbers[programme] = (country, numbers)

    def numbers_of(self, programme: str | None = None) -> tuple[str, tuple[str, ...]]:
        """Country and emergency numbers of a line, or those of who is not known to be anywhere."""
        return self._numbers.get(programme or "", (DEFAULT_COUNTRY, DEFAULT_NUMBERS))

    def fault_of(self, programme: str | None) -> LadderTold | None:
        """What a line says when the platform fails, if it was ever spoken of."""
        return self._faults.get(programme or "")

    @property
    def demonstrates(self) -> bool:
        """Whether every answer says that nobody answers here."""
        return self._development

    def notice(self, programme: str | None = None) -> str | None:
        """What every answer says outside production; None in production."""
        return demonstration(*self.numbers_of(programme)) if self._development else None

    def say(
        self,
        body: Mapping[str, Any],
        status: int = 200,
        programme: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """An answer about a line, or about none."""
        _, numbers = self.numbers_of(programme)
        notice = self.notice(programme)
        full: dict[str, Any] = {**body, "emergency_numbers": numbers}
        dressed = dict(headers or {})
        if notice is not None:
            full = {"notice": notice, **full}
            dressed[NOTICE_HEADER] = _in_ascii(notice)
        problem = "application/problem+json" if status >= 400 else "application/json"
        return Response(orjson.dumps(full), status, dressed, media_type=problem)

    def say_problem(self, problem: CallerProblem) -> Response:
        """An answer that says why not."""
        headers = problem.headers(self._retry_after_seconds)
        return self.say(self._with_fault(problem), problem.status, problem.programme, headers)

    def _with_fault(self, problem: CallerProblem) -> Mapping[str, Any]:
        """The body of a problem; that of a failure says what the line has for it."""
        fault = self.fault_of(problem.programme)
        if problem.code != Refusal.PLATFORM_FAULT or fault is None:
            return problem.body()
        return {**problem.body(), "ladder": fault.model_dump(mode="json")}

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """What every answer wears that does not say it of its own line."""
        notice = self.notice()
        return (
            ()
            if notice is None
            else ((NOTICE_HEADER.lower().encode(), _in_ascii(notice).encode()),)
        )


def _in_ascii(sentence: str) -> str:
    """A sentence for a header: RFC 9110 wants ASCII there; the body has it with its accents."""
    plain = unicodedata.normalize("NFKD", sentence)
    return plain.encode("ascii", "ignore").decode()
