"""What the door answers when it cannot do what was asked: problem details (RFC 9457).

`refusal` is for programs, `detail` a sentence for people, `field` the path of what is wrong.
Nothing of what was sent is repeated but the name of a field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.vocabulary import Refusal
from services.intake.words import KEY_WANTED, REFUSALS

_LONGEST_FIELD = 120
KEY_HEADER = "Idempotency-Key"


@dataclass(eq=False)  # not frozen: an exception on its way is given its traceback
class Problem(Exception):
    """The door cannot do what was asked."""

    status: int
    refusal: Refusal
    detail: str
    at: str | None = None  #: path of the field that is wrong
    programme: str | None = None  #: whose emergency numbers to show, if it is known
    told: Mapping[str, Any] | None = None  #: more to say, by name

    def body(self) -> dict[str, Any]:
        """The problem as RFC 9457 wants it; a URN, because no host of ours is public."""
        body: dict[str, Any] = {
            "type": f"urn:helpline:problem:{self.refusal.value}",
            "title": self.refusal.value.replace("_", " "),
            "status": self.status,
            "detail": self.detail,
            "refusal": self.refusal.value,
        }
        if self.at is not None:
            body["field"] = self.at[:_LONGEST_FIELD]
        return body | dict(self.told or {})


def refusal_problem(
    refusal: Refusal, at: str | None = None, programme: str | None = None, **told: Any
) -> Problem:
    """The problem of a refusal."""
    status, detail = REFUSALS[refusal]
    return Problem(status, refusal, detail, at, programme, told)


def key_problem() -> Problem:
    """The request has no key, or one that could be guessed."""
    return Problem(400, Refusal.INVALID_FIELD, KEY_WANTED, KEY_HEADER)


def validation_problem(errors: Sequence[Any]) -> Problem:
    """The first thing that is wrong in a request: where and of what kind, never what was sent."""
    first = errors[0]
    side, *path = first["loc"]
    at = ".".join(str(step) for step in path)
    if side == "header":
        return key_problem()
    if first["type"] == "json_invalid" or not path:
        return refusal_problem(Refusal.UNREADABLE)
    if first["type"] == "extra_forbidden":
        return refusal_problem(Refusal.UNKNOWN_FIELD, at)
    return refusal_problem(Refusal.INVALID_FIELD, at)
