"""The problems of this door, each with its sentence for whoever is in need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException

from contracts.vocabulary import Refusal
from services.bus.body import Flaw, TooLarge
from services.bus.door import GroundAway
from services.bus.problem import Problem
from services.intake.words import KEY_WANTED, NO_SUCH_ADDRESS, NOT_THIS_WAY, REFUSALS, TOO_LARGE

KEY_HEADER = "Idempotency-Key"


@dataclass(eq=False)
class CallerProblem(Problem):
    """The door cannot do what was asked; its code is always a refusal."""

    programme: str | None = None  #: whose emergency numbers to show, if it is known


def refusal_problem(
    refusal: Refusal, field: str | None = None, programme: str | None = None, **told: Any
) -> CallerProblem:
    """The problem of a refusal."""
    status, detail = REFUSALS[refusal]
    return CallerProblem(status, refusal.value, detail, field, told, programme)


def key_problem() -> CallerProblem:
    """The request has no key, or one that could be guessed."""
    return CallerProblem(400, Refusal.INVALID_FIELD.value, KEY_WANTED, KEY_HEADER)


def problem_of(error: Exception) -> CallerProblem:
    """Say an error in the words of this door."""
    match error:
        case CallerProblem():
            return error
        case Flaw():
            return refusal_problem(error.refusal, error.field)
        case TooLarge():
            return CallerProblem(413, Refusal.UNREADABLE.value, TOO_LARGE)
        case HTTPException(status_code=404):
            return CallerProblem(404, Refusal.UNREADABLE.value, NO_SUCH_ADDRESS)
        case HTTPException():
            return CallerProblem(error.status_code, Refusal.UNREADABLE.value, NOT_THIS_WAY)
        case GroundAway():
            return refusal_problem(Refusal.PLATFORM_FAULT)
        case _:
            _, detail = REFUSALS[Refusal.PLATFORM_FAULT]
            return CallerProblem(500, Refusal.PLATFORM_FAULT.value, detail)
