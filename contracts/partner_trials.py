"""What a conformance kit posts to a partner's webhook, and by which answer it passes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from contracts.canned import one_of_each
from contracts.envelope import EventEnvelope, EventId
from contracts.partner import PartnerEvent
from contracts.partner_endpoint import Answer, Endpoint
from contracts.webhooks import (
    CONTENT_TYPE,
    USER_AGENT,
    WINDOW_SECONDS,
    new_secret,
    signed_headers,
    structured,
)

_BEYOND_SECONDS = 60
LONG_BYTES = 64 * 1024
HUGE_BYTES = 2 * 1024 * 1024


@dataclass
class Kit:
    """Posts to one receiver, and keeps how long each answer took."""

    receiver: Endpoint
    secret: str
    content_type: str = CONTENT_TYPE
    took: list[float] = field(default_factory=list)

    def post(self, body: bytes, headers: dict[str, str]) -> Answer:
        """Post something, however it is signed."""
        always = {"content-type": self.content_type, "user-agent": USER_AGENT}
        answer = self.receiver.post(always | headers, body)
        self.took.append(answer.seconds)
        return answer

    def signed(
        self, body: bytes, *, id: str = "", late: int = 0, secrets: Sequence[str] = ()
    ) -> Answer:
        """Post something well signed; `late`: how many seconds its timestamp is off."""
        at = int(time.time()) + late
        return self.post(
            body, signed_headers(secrets or (self.secret,), id or _id_in(body), at, body)
        )


def a_body(which: int = 0, **changed: Any) -> bytes:
    """An event as it is posted; `changed`: fields of its own, or `type`."""
    event = one_of_each(datetime.now(UTC))[which]
    kind = changed.pop("type", event.type_name())
    body = event.model_dump(mode="json", exclude_none=True) | changed
    return structured(_envelope(event) | {"type": kind}, json.dumps(body))


def _envelope(event: PartnerEvent) -> dict[str, Any]:
    return EventEnvelope(
        id=EventId(str(uuid4())),
        source="referral",
        type=event.type_name(),
        time=datetime.now(UTC),
        aggregate=f"partner_referral:{event.reference}",
        version=1,
        programme=event.programme,
    ).model_dump(mode="json")


def _id_in(body: bytes) -> str:
    return str(json.loads(body)["id"])


def _of_each(kit: Kit) -> Answer:
    answers = [kit.signed(a_body(which)) for which in range(len(one_of_each(datetime.now(UTC))))]
    return next((each for each in answers if not each.taken), answers[0])


def _again(kit: Kit) -> Answer:
    body = a_body()
    first = kit.signed(body)
    return kit.signed(body) if first.taken else first


def _unsigned(kit: Kit) -> Answer:
    return kit.post(a_body(), {})


def _changed(kit: Kit) -> Answer:
    body = a_body()
    headers = signed_headers((kit.secret,), _id_in(body), int(time.time()), body)
    return kit.post(body.replace(b"zz-sandbox", b"zz-another"), headers)


def _under_another_id(kit: Kit) -> Answer:
    body = a_body()
    headers = signed_headers((kit.secret,), _id_in(body), int(time.time()), body)
    return kit.post(body, headers | {"webhook-id": str(uuid4())})


_OFF = WINDOW_SECONDS + _BEYOND_SECONDS
#: Ours, and to be taken; why.
TAKEN: dict[str, tuple[Callable[[Kit], Answer], str]] = {
    "signed": (_of_each, "it is ours"),
    "again": (_again, "you have it already"),
    "two signatures": (
        lambda kit: kit.signed(a_body(), secrets=(new_secret(), kit.secret)),
        "one of its signatures is by your secret",
    ),
    "unknown type": (
        lambda kit: kit.signed(a_body(type="partner_referral.moved.v9")),
        "pass over a type you do not know",
    ),
    "unknown field": (
        lambda kit: kit.signed(a_body(a_field_to_come="-")),
        "pass over a field you do not know",
    ),
    "long": (
        lambda kit: kit.signed(a_body() + b" " * LONG_BYTES),
        "64 KiB, blanks at its end: verify the bytes as they come, written anew they are others",
    ),
}
#: Somebody else's, and to be refused; why.
REFUSED: dict[str, tuple[Callable[[Kit], Answer], str]] = {
    "not signed": (_unsigned, "it could be anybody's"),
    "wrong signature": (
        lambda kit: kit.signed(a_body(), secrets=(new_secret(),)),
        "it is signed by another secret",
    ),
    "changed": (_changed, "its body is not what was signed"),
    "another id": (_under_another_id, "its id is not what was signed"),
    "too old": (lambda kit: kit.signed(a_body(), late=-_OFF), "somebody posts it again"),
    "too new": (lambda kit: kit.signed(a_body(), late=_OFF), "its clock is over 5 min off"),
    "huge": (lambda kit: kit.post(b" " * HUGE_BYTES, {}), "nobody signed it"),
}
