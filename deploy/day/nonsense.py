"""Nonsense at the doors while the day goes on: each piece must be refused once and break nothing.

What was sent and what came back is kept for the checker (I33), in the form of its journal.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import orjson

from deploy.desk import Desk, Doors

#: Machine time between two pieces.
_EVERY_SECONDS = 3.0
_ASK_AGAIN_SECONDS = 0.5
#: The platform is away, or says so: whether the request was read is unknown, it is sent again.
_AWAY = frozenset({502, 503, 504})


@dataclass(frozen=True)
class Piece:
    """A request no door should take. `console` false sends it to the callers' door."""

    path: str
    body: bytes
    console: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def pieces(programme: str) -> tuple[Piece, ...]:
    """Broken JSON, unknown fields, words and addresses, missing keys, a megabyte of text."""
    knock: dict[str, Any] = {"programme": programme, "channel": "phone"}
    key = {"Idempotency-Key": str(uuid4())}
    return (
        Piece("/contacts", b'{"programme": ', headers=key),
        Piece("/contacts", orjson.dumps(knock | {"name": "x"}), headers=key),
        Piece("/contacts", orjson.dumps(knock | {"channel": "pigeon"}), headers=key),
        Piece("/contacts", orjson.dumps(knock), headers={"Idempotency-Key": "1"}),
        Piece("/contacts", b"[" * 200_000, headers=key),
        Piece("/contacts", b'"' + b"a" * 1_048_576 + b'"', headers=key),
        Piece("/contacts/nobody/leave", b"{}"),
        Piece("/desk/duty/start", b"\xff\xfe", console=True, headers=key),
        Piece("/desk/duty/start", b'{"as": "queen"}', console=True, headers=key),
        Piece("/desk/offers/none/take", b"{}", console=True, headers=key),
        Piece("/desk/wrap-up/finish", b'{"hard": "yes"}', console=True, headers=key),
        Piece("/desk/wrap-up/finish", b"{}", console=True),
        Piece("/desk/contacts/none/triage", b'"' + b"a" * 1_048_576 + b'"', console=True),
    )


async def talk_nonsense(doors: Doors, desk: Desk, journal: list[dict[str, Any]]) -> None:
    """Send one piece after the other until cancelled, each until it is answered."""
    for piece in itertools.cycle(pieces(desk.programme)):
        await asyncio.sleep(_EVERY_SECONDS)
        request_id = str(uuid4())
        answer = await _answer(doors, desk, piece)
        journal.append({"type": "malformed_sent", "request_id": request_id})
        journal.append(
            {
                "type": "malformed_answered",
                "request_id": request_id,
                "status": answer.status_code,
                "refusal": _code(answer),
            }
        )


async def _answer(doors: Doors, desk: Desk, piece: Piece) -> httpx.Response:
    url = f"{doors.console_url if piece.console else doors.intake_url}{piece.path}"
    headers = {"Content-Type": "application/json", **piece.headers}
    if piece.console:
        headers["Authorization"] = f"Bearer {desk.token}"
    while True:
        try:
            answer = await doors.send("POST", url, piece.body, headers)
        except httpx.TransportError:
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
            continue
        if answer.status_code not in _AWAY:
            return answer
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


def _code(answer: httpx.Response) -> str | None:
    try:
        problem = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(problem, dict):
        return None
    code = problem.get("code") or problem.get("refusal")
    return None if code is None else str(code)
