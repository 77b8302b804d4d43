"""A person at a desk, at intake's text door: what their console signed, and what they ask."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from contracts.text import TEXT_PURPOSE, TextCapability
from contracts.vocabulary import ContactId, PersonId, ProgrammeId, Role
from services.bus.capability import sign
from tests.intake.builders import LINE, LISTENER
from tests.intake.conftest import CAPABILITY_KEY, NOON
from tests.intake.doors import Client


def a_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


@dataclass(frozen=True)
class TextDesk:
    """One person, one contact."""

    client: Client
    contact_id: str
    person_id: PersonId = LISTENER
    role: Role = Role.LISTENER
    programme: ProgrammeId = LINE
    expires_at: datetime = NOON + timedelta(days=3)
    signed_with: bytes = CAPABILITY_KEY
    purpose: str = TEXT_PURPOSE

    @property
    def capability(self) -> dict[str, str]:
        said = TextCapability(
            contact_id=ContactId(self.contact_id),
            person_id=self.person_id,
            role=self.role,
            programme=self.programme,
            expires_at=self.expires_at,
        )
        return {"Authorization": f"Bearer {sign(self.signed_with, self.purpose, said)}"}

    @property
    def address(self) -> str:
        return f"/desk/contacts/{self.contact_id}/texts"

    def write(self, text: str, kind: str = "line", **headers: str) -> httpx.Response:
        body = {"text": text, "kind": kind}
        dressed = self.capability | a_key() | headers
        return self.client.post(self.address, json=body, headers=dressed)

    def read(self, after: int = 0) -> httpx.Response:
        return self.client.get(f"{self.address}?after={after}", headers=self.capability)

    def texts(self) -> list[str]:
        answer = self.read()
        assert answer.status_code == 200, answer.text
        return [each["text"] for each in answer.json()["texts"]]


@dataclass(frozen=True)
class CallerSide:
    """A caller with the token of their contact."""

    client: Client
    opened: dict[str, Any]

    @property
    def contact_id(self) -> ContactId:
        return ContactId(self.opened["contact_id"])

    @property
    def token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.opened['token']}"}

    @property
    def address(self) -> str:
        return f"/contacts/{self.contact_id}"

    def write(self, text: str, **headers: str) -> httpx.Response:
        dressed = self.token | a_key() | headers
        return self.client.post(f"{self.address}/texts", json={"text": text}, headers=dressed)

    def read(self, after: int = 0) -> httpx.Response:
        return self.client.get(f"{self.address}/texts?after={after}", headers=self.token)

    def texts(self) -> list[str]:
        answer = self.read()
        assert answer.status_code == 200, answer.text
        return [each["text"] for each in answer.json()["texts"]]
