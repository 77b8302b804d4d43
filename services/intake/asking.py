"""What every address of this door reads of a request: its key, its token, its body, strictly."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request

from contracts.envelope import Contract, Reply, ReplyStatus
from contracts.vocabulary import ContactId, ProgrammeId, Refusal, Sha256
from services.bus.body import Flaw, M, read_body, read_contract
from services.bus.door import Door
from services.bus.work import Work, derived_id
from services.intake.problem import CallerProblem, key_problem, refusal_problem
from services.intake.words import TOKEN_WANTED

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

KEY = (
    "A random UUID (version 4), secret to the caller's side; a repeat with the same key and body "
    "gets the same answer."
)
TOKEN: list[dict[str, list[str]]] = [{"bearer": []}]  #: the one told when the contact was opened


async def reading(model: type[M], request: Request, longest_body_bytes: int) -> M:
    """Read what is said to be JSON: a page elsewhere can make a browser send other things."""
    body = await read_body(request, longest_body_bytes)
    media, _, _ = request.headers.get("content-type", "").partition(";")
    if media.strip().lower() != "application/json":
        raise Flaw(Refusal.UNREADABLE)
    return read_contract(model, body)


def random_uuid(key: str) -> UUID:
    """The key of a request: random, because whoever knows it knows the contact's token."""
    try:
        read = UUID(key)
    except ValueError:
        raise key_problem() from None
    if read.version != 4:
        raise key_problem()
    return read


def said_in(fields: Mapping[str, Any], name: str) -> str:
    """A field of a form; empty when it is not there, or is no text."""
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


def key_in(fields: Mapping[str, Any]) -> UUID | None:
    """The key of a form; None when it is none of ours."""
    try:
        return random_uuid(said_in(fields, "cle"))
    except CallerProblem:
        return None


async def once(  # noqa: PLR0913 - a form is all of these
    door: Door, name: str, key: UUID, asked: str, handler: Callable[[Work], Reply]
) -> Reply:
    """Carry out a form once for each key. What is kept of what was asked is a hash only the key can
    check.
    """
    return await door.answer(derived_id(name, str(key)), _digest(key, asked), handler)


def hash_of(token: str) -> Sha256:
    """What is kept of a token."""
    return Sha256(hashlib.sha256(token.encode()).hexdigest())


def bearer_of(request: Request, wanted: str) -> str:
    """The token of a request; CallerProblem 401, with the words `wanted`, when it has none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise CallerProblem(401, Refusal.NOT_YOURS.value, wanted)
    return token.strip()


def contact_in(request: Request) -> ContactId:
    """Which contact is addressed."""
    contact_id: str = request.path_params["contact_id"]
    if _UUID.fullmatch(contact_id) is None:
        raise refusal_problem(Refusal.UNKNOWN_CONTACT)
    return ContactId(contact_id)


def addressed(request: Request) -> tuple[ContactId, Sha256]:
    """Which contact, and the hash of the token that came with it."""
    token = bearer_of(request, TOKEN_WANTED)
    return contact_in(request), hash_of(token)


def fingerprint(secret: UUID, asked: Contract) -> str:
    """What makes two requests the same; only the key can tell what was asked from it."""
    return _digest(secret, asked.model_dump_json(exclude_defaults=True))


def _digest(secret: UUID, asked: str) -> str:
    return hmac.digest(secret.bytes, asked.encode(), "sha256").hex()


def check(reply: Reply, programme: ProgrammeId | None = None) -> None:
    """Nothing when it was done; else the problem of why not."""
    if reply.refusal is not None:
        raise refusal_problem(reply.refusal, reply.field, programme)
    if reply.status is not ReplyStatus.DONE:
        raise refusal_problem(Refusal.PLATFORM_FAULT, programme=programme)
