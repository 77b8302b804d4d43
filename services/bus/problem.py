"""What a door answers when it cannot do what was asked: problem details (RFC 9457).

`code` is for programs, `detail` a sentence for people, `field` the path of what is wrong. Nothing
of what was sent is repeated but the name of a field. Each door has its own sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from starlette.responses import Response

from contracts.envelope import Contract
from contracts.privacy import public
from contracts.vocabulary import Refusal

_REFUSALS = frozenset(refusal.value for refusal in Refusal)
_LONGEST_FIELD = 120


@dataclass(eq=False)  # not frozen: an exception on its way is given its traceback
class Problem(Exception):
    """The door cannot do what was asked."""

    status: int
    code: str  #: a refusal, or a word of the door's own
    detail: str
    field: str | None = None
    told: Mapping[str, Any] | None = None  #: more to say, by name

    def body(self) -> dict[str, Any]:
        """The problem as RFC 9457 wants it; a URN, because no host of ours is public."""
        body: dict[str, Any] = {
            "type": f"urn:helpline:problem:{self.code}",
            "title": self.code.replace("_", " "),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.code in _REFUSALS:
            body["refusal"] = self.code
        if self.field:
            body["field"] = self.field[:_LONGEST_FIELD]
        return body | dict(self.told or {})

    def headers(self, retry_after_seconds: int) -> dict[str, str]:
        """What a client must know beside it: when to ask again, how to say who asks."""
        if self.status in (503, 504):
            return {"Retry-After": str(retry_after_seconds)}
        return {"WWW-Authenticate": "Bearer"} if self.status == 401 else {}

    def response(self, retry_after_seconds: int = 1) -> Response:
        """The HTTP answer."""
        headers = self.headers(retry_after_seconds)
        body = orjson.dumps(self.body())
        return Response(body, self.status, headers, media_type="application/problem+json")


class ProblemTold(Contract):
    """Why not: problem details (RFC 9457)."""

    type: Annotated[str, public("A URN for the kind of problem")]
    title: Annotated[str, public("The kind of problem in words")]
    status: Annotated[int, public("The HTTP status", unit="status code")]
    detail: Annotated[str, public("A plain sentence for people")]
    code: Annotated[str, public("The kind of problem, for programs")]
    refusal: Annotated[Refusal | None, public("The same, when it is one of the contracts")] = None
    field: Annotated[str | None, public("Path of the field that is wrong")] = None
    over: Annotated[int | None, public("Letters too many, of a text that is too long")] = None
