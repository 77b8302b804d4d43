"""Somebody rings a line: as its exchange tells intake, since no browser takes part in a call."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import httpx


@dataclass(frozen=True)
class Call:
    """A call that was opened."""

    door: str
    contact_id: str
    token: str

    def hang_up(self) -> None:
        """The person has left; nothing where the contact is over, or was taken up elsewhere."""
        _asked(
            f"{self.door}/contacts/{self.contact_id}/leave",
            {"reason": "hung_up"},
            {"Authorization": f"Bearer {self.token}"},
        )


def ring(door: str, line: str) -> Call:
    """Ring a line."""
    key = {"Idempotency-Key": str(uuid4())}
    body = {"programme": line, "channel": "phone", "language": "fr"}
    told = _asked(f"{door}/contacts", body, key).raise_for_status().json()
    return Call(door, str(told["contact_id"]), str(told["token"]))


def _asked(url: str, body: dict[str, str], headers: dict[str, str]) -> httpx.Response:
    return httpx.post(url, json=body, headers=headers, timeout=15, trust_env=False)
