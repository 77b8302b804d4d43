"""Signing in through the organisation's issuer: to it, back from it, and what is open to whom.

What an attempt must remember meanwhile is sealed into a short-lived cookie of its own, so that any
console can take somebody back, and two tabs do not disturb each other. The key is derived from the
secret the issuer gave us: every console has it, nobody else does.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.vocabulary import PersonId, ProgrammeId, Role
from services.bus.door import Door
from services.console import metrics, staff
from services.console.claims import ClaimFault, ClaimRefused, Person, open_to, person_of
from services.console.domain import SessionAsked
from services.console.oidc import Attempt, Failure, Issuer, SignInFailed, new_attempt
from services.console.oidc_settings import OidcSettings
from services.console.partner_people import Member

log = logging.getLogger(__name__)

BEGIN_PATH = "/entrer/compte"

#: Machine time: a password and a second factor at the issuer, then a choice among roles.
ATTEMPT_SECONDS = 600
#: Tabs in which one browser may sign in at once; the oldest gives way.
MOST_ATTEMPTS = 5

_ATTEMPT_COOKIE = "__Host-helpline-attempt-"
_CHOICE_COOKIE = "__Host-helpline-choice"
_COOKIE: dict[str, Any] = {"path": "/", "secure": True, "httponly": True, "samesite": "lax"}


@dataclass(frozen=True)
class SignedIn:
    """Somebody the issuer knows, and the sessions open to them; at least one."""

    person_id: PersonId
    name: str | None
    open_to: tuple[SessionAsked, ...]

    def chosen(self, programme: str | None, role: str | None) -> SessionAsked | None:
        """The session for this line and role; the only one there is when neither is said."""
        if len(self.open_to) == 1 and programme is None and role is None:
            return self.open_to[0]
        wanted = (programme, role)
        return next((one for one in self.open_to if (one.programme, one.role) == wanted), None)


class SignIn:
    """Both ends of a sign-in. One for a door: it keeps what it knows of the issuer."""

    def __init__(self, door: Door, settings: OidcSettings) -> None:
        self._door = door
        self._settings = settings
        self._issuer = Issuer(settings)
        self._seal = _seal_of(settings)
        metrics.expect_sign_ins(Failure)

    async def begin(self, request: Request) -> Response:
        """Send somebody to the issuer. SignInFailed when it cannot be asked."""
        attempt = new_attempt()
        with _counted():
            address = await self._issuer.authorization(attempt)
        response = RedirectResponse(address, 303)
        for name in self._too_many(request):
            response.delete_cookie(name, **_COOKIE)
        sealed = self._sealed(asdict(attempt))
        name = _cookie_of(attempt.state)
        response.set_cookie(name, sealed, max_age=ATTEMPT_SECONDS, **_COOKIE)
        return response

    async def complete(self, request: Request) -> SignedIn | Member:
        """Take somebody back from the issuer: who they are and what is open to them, or of which
        partner they are.

        SignInFailed, with the reason, when that is nobody or nothing. Either way the attempt is
        over: `finish` takes its cookie away.
        """
        with _counted():
            person = await self._person_of(request)
            if person.partner is not None:
                metrics.record_sign_in(metrics.SIGNED_IN)
                return Member(person.partner, person.person_id, person.name)
            entries = await self._door.read(partial(staff.entries_of, person_id=person.person_id))
            sessions = open_to(person, entries.held, entries.lines)
            if not sessions:
                raise SignInFailed(Failure.NO_ROLE)
        metrics.record_sign_in(metrics.SIGNED_IN)
        return SignedIn(person.person_id, person.name, sessions)

    def finish(self, request: Request, response: Response) -> None:
        """Take the cookie of this attempt away, come what may of it."""
        response.delete_cookie(_cookie_of(_only(request, "state") or ""), **_COOKIE)

    def offer(self, signed_in: SignedIn, response: Response) -> None:
        """Remember who signed in while they choose among several sessions."""
        said = {
            "person_id": signed_in.person_id,
            "name": signed_in.name,
            "open_to": [[one.programme, one.role] for one in signed_in.open_to],
        }
        sealed = self._sealed(said)
        response.set_cookie(_CHOICE_COOKIE, sealed, max_age=ATTEMPT_SECONDS, **_COOKIE)

    def offered(self, request: Request) -> SignedIn:
        """Who is choosing; SignInFailed when nobody is, or was too long ago."""
        said = self._unsealed(request.cookies.get(_CHOICE_COOKIE))
        if said is None or "open_to" not in said:
            raise SignInFailed(Failure.ATTEMPT_UNKNOWN)
        person_id, name = PersonId(said["person_id"]), said["name"]
        sessions = (
            SessionAsked(person_id, Role(role), ProgrammeId(line), name)
            for line, role in said["open_to"]
        )
        return SignedIn(person_id, name, tuple(sessions))

    def forget_offer(self, response: Response) -> None:
        """The choice is made."""
        response.delete_cookie(_CHOICE_COOKIE, **_COOKIE)

    async def leaving(self) -> str | None:
        """Where to send somebody who leaves a computer they share; None: nowhere, or not now."""
        try:
            return await self._issuer.leaving()
        except SignInFailed:
            return None

    async def _person_of(self, request: Request) -> Person:
        attempt = self._attempt_of(request)
        await self._issuer.check_sender(_only(request, "iss"))
        error = _only(request, "error")
        if error is not None:
            raise SignInFailed(_OF_ERROR.get(error, Failure.ISSUER_REFUSED))
        code = _only(request, "code")
        if code is None:
            raise SignInFailed(Failure.ISSUER_UNREADABLE)
        claims = await self._issuer.claims_for(code, attempt)
        person = person_of(claims, self._settings.claims)
        if isinstance(person, ClaimRefused):
            raise SignInFailed(_OF_FAULT[person.fault], person.claim)
        return person

    def _attempt_of(self, request: Request) -> Attempt:
        """The attempt this browser began with this state."""
        state = _only(request, "state")
        said = self._unsealed(request.cookies.get(_cookie_of(state or "")))
        if state is None or said is None or said.get("state") != state:
            raise SignInFailed(Failure.ATTEMPT_UNKNOWN)
        return Attempt(said["state"], said["nonce"], said["verifier"])

    def _sealed(self, said: Mapping[str, object]) -> str:
        return self._seal.encrypt(orjson.dumps(said)).decode()

    def _unsealed(self, sealed: str | None) -> dict[str, Any] | None:
        """What a cookie of ours says; None when it is forged, too old or not there."""
        try:
            opened = self._seal.decrypt((sealed or "").encode(), ttl=ATTEMPT_SECONDS)
        except (InvalidToken, UnicodeEncodeError):
            return None
        said: dict[str, Any] = orjson.loads(opened)
        return said

    def _too_many(self, request: Request) -> list[str]:
        """Cookies of attempts that give way to one more: forged ones, then the oldest."""
        named = [name for name in request.cookies if name.startswith(_ATTEMPT_COOKIE)]
        named.sort(key=lambda name: self._begun_at(request.cookies[name]))
        return named[: max(0, len(named) - MOST_ATTEMPTS + 1)]

    def _begun_at(self, sealed: str) -> int:
        try:
            return self._seal.extract_timestamp(sealed.encode())
        except (InvalidToken, UnicodeEncodeError):
            return 0


_OF_ERROR = {
    "access_denied": Failure.CANCELLED,
    "temporarily_unavailable": Failure.ISSUER_AWAY,
    "server_error": Failure.ISSUER_AWAY,
}
_OF_FAULT = {
    ClaimFault.MISSING: Failure.CLAIM_MISSING,
    ClaimFault.UNKNOWN: Failure.CLAIM_UNKNOWN,
}


@contextmanager
def _counted() -> Iterator[None]:
    """Count what failed, and say it in the log: by its reason, with nothing that was sent."""
    try:
        yield
    except SignInFailed as failed:
        metrics.record_sign_in(failed.failure.value)
        facts = {"failure": failed.failure.value, "claim": failed.claim}
        log.warning("sign-in failed", extra={"facts": facts})
        raise


def _seal_of(settings: OidcSettings) -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=b"helpline: sign-in cookies")
    return Fernet(base64.urlsafe_b64encode(derived.derive(settings.client_secret.encode())))


def _cookie_of(state: str) -> str:
    return _ATTEMPT_COOKIE + hashlib.sha256(state.encode()).hexdigest()[:16]


def _only(request: Request, name: str) -> str | None:
    """A parameter that was sent once; twice is as if it were not there."""
    values = request.query_params.getlist(name)
    return values[0] if len(values) == 1 else None
