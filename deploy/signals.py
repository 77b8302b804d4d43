"""A client of risk's own door: what a desk uses when its stream has fallen silent.

It is given a capability by the console once, while all is well, and needs nothing but risk and
Postgres from then on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from contracts.risk import CallWay
from contracts.vocabulary import RiskSignal
from deploy.desk import Desk, Doors


@dataclass
class SignalDesk:
    """One person at risk's own door. Raises DoorRefused and DoorSilent."""

    doors: Doors
    capability: str = field(repr=False)

    @classmethod
    async def of(cls, desk: Desk) -> SignalDesk:
        """With the capability of a desk's session."""
        told = await desk.post("/desk/risk-capability")
        return cls(desk.doors, str(told["capability"]))

    async def signals(self) -> list[dict[str, Any]]:
        """Every alert of the line that is not over and concerns this person."""
        told = await self._ask("GET", "/open-signals")
        return list(told["signals"])

    async def calls(self, alert_id: str) -> list[dict[str, Any]]:
        """Calls to the duty professional for an alert."""
        told = await self._ask("GET", f"/alerts/{alert_id}/calls")
        return list(told["calls"])

    async def raise_alert(
        self, contact_id: str, signals: Iterable[RiskSignal] = (), key: str | None = None
    ) -> str:
        """Somebody may be in danger; the id of the alert."""
        body = {"contact_id": contact_id, "signals": list(signals)}
        told = await self._ask("POST", "/alerts", body, key)
        return str(told["result"]["alert_id"])

    async def act(self, alert_id: str, act: str, key: str | None = None, **fields: object) -> None:
        """`acknowledge`, `escalate`, `stand-down` or `close` an alert."""
        await self._ask("POST", f"/alerts/{alert_id}/{act}", fields, key)

    async def can_be_called(self, way: CallWay, address: str) -> str | None:
        """Say where this duty professional can be called; the secret of a webhook."""
        told = await self._ask("PUT", f"/duty/reach/{way.value}", {"address": address})
        return told.get("secret")

    async def _ask(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {self.capability}",
            "Idempotency-Key": key or str(uuid4()),
        }
        return await self.doors.ask(method, f"{self.doors.risk_url}{path}", body, headers)
