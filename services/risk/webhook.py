"""The webhook of a call, signed by Standard Webhooks 1.0 (contracts/webhooks.py).

The body names the call and nothing of the case: whoever answers it looks at their desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from contracts.webhooks import signed_headers
from services.risk.duty import CallToMake


@dataclass(frozen=True)
class Letter:
    """What is sent: a POST of this body with these headers."""

    headers: Mapping[str, str]
    body: bytes


def letter(call: CallToMake, secret: str) -> Letter:
    """The webhook of a call; every attempt has the same id, so that twice is harmless."""
    timestamp = int(call.machine_seconds)
    body = orjson.dumps(
        {
            "type": "duty_call.called",
            "timestamp": datetime.fromtimestamp(timestamp, UTC).isoformat(),
            "data": {"call_id": call.call_id, "alert_id": call.alert_id},
        }
    )
    headers = {
        "content-type": "application/json",
        **signed_headers([secret], call.call_id, timestamp, body),
    }
    return Letter(headers, body)
