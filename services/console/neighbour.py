"""Another service's door, asked on behalf of a session, with the capability that stands for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from contracts.vocabulary import Refusal
from services.bus.http import KEPT_OPEN_SECONDS
from services.console.problem import refusal_problem, refusal_told

#: Machine time a desk waits for an answer; what it sends stays in its form meanwhile.
PATIENCE_SECONDS = 5.0


def client_of(url: str) -> httpx.AsyncClient:
    """What asks a door."""
    kept = httpx.Limits(
        max_connections=100, max_keepalive_connections=20, keepalive_expiry=KEPT_OPEN_SECONDS / 2
    )
    return httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS, limits=kept, trust_env=False)


class Neighbour:
    """The door of another service."""

    def __init__(self, url: str) -> None:
        self._http = client_of(url)

    async def ask(
        self,
        method: str,
        address: str,
        capability: str,
        asked: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        """An answer that is a yes; Problem with the sentence of one that is not, or of none.

        `asked` holds what httpx calls `params`, `json` and `headers`.
        """
        said = dict(asked or {})
        headers = {**said.pop("headers", {}), "Authorization": f"Bearer {capability}"}
        try:
            answer = await self._http.request(method, address, headers=headers, **said)
        except httpx.TransportError:
            raise refusal_problem(Refusal.PLATFORM_FAULT) from None
        if answer.is_success:
            return answer
        raise refusal_told(answer.content)
