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
        """The person has hung up; nothing where the call is over."""
        _said(
            f"{self.door}/contacts/{self.contact_id}/leave",
            {"reason": "hung_up"},
            {"Authorization": f"Bearer {self.token}"},
        )


def ring(door: str, line: str) -> Call:
    """Ring a line."""
    key = {"Idempotency-Key": str(uuid4())}
    told = _said(f"{door}/contacts", {"programme": line, "channel": "phone", "language": "fr"}, key)
    return Call(door, str(told["contact_id"]), str(told["token"]))


def _said(url: str, body: dict[str, str], headers: dict[str, str]) -> dict[str, object]:
    answer = httpx.post(url, json=body, headers=headers, timeout=15, trust_env=False)
    assert answer.is_success, answer.text
    told: dict[str, object] = answer.json()
    return told
