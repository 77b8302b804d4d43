"""Who asks: bearer tokens of programs, cookies of browsers, and the development provider.

A token is 256 random bits, told once; the ledger holds its hash. A browser sends its cookie to
whatever address another site makes it ask, so that with a cookie a request that changes something
also needs a word only our own pages know. The development provider exists only where a development
key is set, and `read_settings` refuses such a key outside development.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from functools import partial
from typing import Annotated

from starlette.requests import Request

from contracts.envelope import Contract
from contracts.privacy import ops, staff
from contracts.synthetic import RESERVED, ROBOT
from contracts.vocabulary import PersonId, ProgrammeId, Role
from services.bus.door import Door
from services.bus.problem import Problem
from services.bus.work import new_id
from services.console import handlers, metrics
from services.console.claims import LONGEST_NAME
from services.console.domain import SessionAsked, SessionEnd
from services.console.partner_people import member_of
from services.console.pictures import Desk, desks_by_token
from services.console.problem import refusal_problem
from services.console.settings import Settings
from services.pages.words import to_translate

_ENDED: dict[SessionEnd, tuple[int, str]] = {
    SessionEnd.UNKNOWN: (401, to_translate("Ouvrez une session.")),
    SessionEnd.EXPIRED: (401, to_translate("Votre session a expiré ; ouvrez-en une autre.")),
    SessionEnd.SHIFT_OVER: (
        401,
        to_translate("Votre permanence est terminée ; vous pouvez ouvrir une autre session."),
    ),
    SessionEnd.ROLE_LOST: (403, to_translate("Ce rôle n'est plus le vôtre sur cette ligne.")),
}


def session_problem(ended: SessionEnd) -> Problem:
    """The problem of a session that does not stand."""
    status, detail = _ENDED[ended]
    return Problem(status, ended.value, detail)


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


#: The prefix makes browsers insist on TLS, this host and the whole of it; loopback counts as safe.
COOKIE = "__Host-helpline"
CSRF_HEADER = "helpline-page"
_CHANGES_NOTHING = ("GET", "HEAD")
#: The code of what is refused to people of partners.
OF_A_PARTNER = "of_a_partner"
_NOT_OF_A_PARTNER = to_translate("Cette page est celle des personnes de la ligne.")


def page_word(token: str) -> str:
    """The word our own pages send along, the same as long as the session lasts."""
    digest = hmac.digest(token.encode(), b"helpline: word of a page", "sha256")
    return base64.urlsafe_b64encode(digest[:18]).decode()


def session_cookie(token: str, lasts_seconds: int) -> str:
    """The Set-Cookie line of a session; with no token the one that takes it away."""
    kept = f"{COOKIE}={token}; Max-Age={lasts_seconds if token else 0}"
    return f"{kept}; Path=/; Secure; HttpOnly; SameSite=Lax"


async def who_asks(request: Request, door: Door) -> Desk:
    """Return the session of a request; Problem 401 or 403 when there is none that stands."""
    return await standing_session(token_sha256_in(request), door)


def token_sha256_in(request: Request) -> str:
    """Return what is kept of the token of a request; Problem 401 or 403 when it has none."""
    return hash_of(token_in(request, request.headers.get(CSRF_HEADER)))


def token_in(request: Request, word: str | None) -> str:
    """The token of a request. Problem 401 without one, 403 when a cookie alone would change
    something; `word` is what came with the request as the word of its page.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    token = request.cookies.get(COOKIE, "")
    if not token:
        raise session_problem(SessionEnd.UNKNOWN)
    expected = page_word(token)
    if request.method not in _CHANGES_NOTHING and not hmac.compare_digest(
        expected.encode(), (word or "").encode()
    ):
        raise Problem(403, "not_our_page", to_translate("Rechargez la page ; rien n'a été changé."))
    return token


async def standing_session(token_sha256: str, door: Door) -> Desk:
    """Return the session of a token; Problem 401 or 403 when there is none that stands.

    Somebody of a partner is signed in, and is nobody of ours.
    """
    found = await door.read(partial(desks_by_token, tokens_sha256=[token_sha256]))
    desk = found.get(token_sha256)
    if desk is None:
        member = await door.read(partial(member_of, token_sha256=token_sha256))
        if member is not None:
            raise Problem(403, OF_A_PARTNER, _NOT_OF_A_PARTNER)
        raise session_problem(SessionEnd.UNKNOWN)
    if desk.ended is not None:
        raise session_problem(desk.ended)
    return desk


class DevelopmentSession(Contract):
    """Who wants a session from the development provider."""

    development_key: Annotated[str, staff("The key `up` has made", max_length=200)]
    person_id: Annotated[PersonId, staff("Who")]
    role: Annotated[Role, ops("As what")]
    programme: Annotated[ProgrammeId, ops("For which line")]
    name: Annotated[
        str | None,
        staff("What they are called; empty: as the invented people say", max_length=LONGEST_NAME),
    ] = None


async def open_development_session(
    wanted: DevelopmentSession, door: Door, settings: Settings
) -> dict[str, object]:
    """Open a session for whoever holds the development key; Problem when it is refused."""
    expected = settings.development_key
    given = wanted.development_key.encode()
    if expected is None or not hmac.compare_digest(expected.encode(), given):
        raise Problem(403, "development_key_wrong", "Ce n'est pas la clé de développement.")
    invented = {each.person_id: each.name for each in settings.development_people}
    name = wanted.name or invented.get(wanted.person_id)
    asked = SessionAsked(wanted.person_id, wanted.role, wanted.programme, name)
    token, told = await open_session(asked, door, settings)
    return {
        "token": token,
        "person_id": wanted.person_id,
        "role": wanted.role,
        "programme": wanted.programme,
        **told,
    }


class RobotSession(Contract):
    """The program that answers on the reserved programme wants its own session, and no other."""

    robot_key: Annotated[str, staff("The key of the robot", max_length=200)]


async def open_robot_session(
    wanted: RobotSession, door: Door, settings: Settings
) -> dict[str, object]:
    """Open the robot's session, on its own line and as a listener; Problem when it is refused."""
    expected = settings.robot_key
    if expected is None or not hmac.compare_digest(expected.encode(), wanted.robot_key.encode()):
        raise Problem(403, "robot_key_wrong", "Ce n'est pas la clé du robot.")
    asked = SessionAsked(ROBOT, Role.LISTENER, RESERVED, None)
    token, told = await open_session(asked, door, settings)
    return {
        "token": token,
        "person_id": ROBOT,
        "role": Role.LISTENER,
        "programme": RESERVED,
        **told,
    }


async def open_session(
    asked: SessionAsked, door: Door, settings: Settings
) -> tuple[str, dict[str, object]]:
    """Open a session for somebody who was vouched for: its token, and what else is told of it.

    Problem when the person may not have it.
    """
    token = secrets.token_urlsafe(32)
    opening = partial(handlers.open_session, asked, hash_of(token), settings.session_lasts)
    reply = await door.answer(new_id(), hash_of(token), opening)
    if reply.refusal is not None:
        raise refusal_problem(reply.refusal)
    metrics.record_session_opened(asked.role)
    return token, dict(reply.result or {})
