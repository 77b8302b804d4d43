"""A little OpenID provider on loopback, over real HTTP: what an organisation's issuer is to us.

It keeps to the specifications by itself (its own PKCE check, codes that serve once), and can be
told to break each of them.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, KeySet, OctKey, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID = "helpline-console"
CLIENT_SECRET = "a secret of forty characters, or more: 42"

Claims = dict[str, Any]


@dataclass
class Granted:
    """What a code stands for, until it is used."""

    redirect_uri: str
    challenge: str
    nonce: str | None
    person: Claims


@dataclass
class LittleIssuer:
    """The provider; change its fields to have it misbehave."""

    redirect_uri: str
    person: Claims = field(default_factory=dict)  #: who is signed in there
    tamper: Callable[[Claims], Claims] = dict  #: changes the claims before they are signed
    algorithm: str = "RS256"
    key: Any = field(default_factory=lambda: _FIRST_KEY)
    published: list[Any] = field(default_factory=list)  #: public keys; empty: the current one
    answers: dict[str, Any] = field(default_factory=dict)  #: changes the discovery document
    away: bool = False  #: 503 to everything
    says_no: str | None = None  #: error the person comes back with
    says_who: bool = True  #: `iss` beside the code (RFC 9207)
    reuses_codes: bool = False
    port: int = 0
    asked: list[str] = field(default_factory=list)  #: paths, in the order they were asked for
    seen: list[dict[str, str]] = field(default_factory=list)  #: authorization requests
    codes: dict[str, Granted] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The issuer identifier."""
        return f"http://127.0.0.1:{self.port}"

    def rotate(self, name: str = "second", kind: str = "RSA") -> None:
        """Sign with a new key from now on, and publish that one alone."""
        self.key = _new_key(name, kind)
        self.algorithm = "ES256" if kind == "EC" else "RS256"

    def app(self) -> Starlette:
        """Its addresses."""
        routes = [
            Route("/.well-known/openid-configuration", self._discovery),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/keys", self._tell_keys),
        ]
        return Starlette(routes=routes)

    async def _discovery(self, request: Request) -> Response:
        told = {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "end_session_endpoint": f"{self.address}/leave",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "authorization_response_iss_parameter_supported": self.says_who,
        }
        return self._answer(request, told | self.answers)

    async def _authorize(self, request: Request) -> Response:
        said = dict(request.query_params)
        self.seen.append(said)
        sound = (
            said.get("client_id") == CLIENT_ID
            and said.get("redirect_uri") == self.redirect_uri
            and said.get("response_type") == "code"
            and "openid" in said.get("scope", "").split()
            and said.get("code_challenge_method") == "S256"
            and len(said.get("code_challenge", "")) == 43
        )
        if not sound:
            return JSONResponse({"error": "invalid_request"}, 400)
        back = {"state": said["state"]}
        if self.says_who:
            back["iss"] = self.address
        if self.says_no is not None:
            back["error"] = self.says_no
        else:
            back["code"] = secrets.token_urlsafe(16)
            challenge, nonce = said["code_challenge"], said.get("nonce")
            self.codes[back["code"]] = Granted(
                self.redirect_uri, challenge, nonce, dict(self.person)
            )
        return RedirectResponse(f"{self.redirect_uri}?{urlencode(back)}", 302)

    async def _token(self, request: Request) -> Response:
        form = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        if not self._knows_client(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        code = form.get("code", "")
        granted = self.codes.get(code) if self.reuses_codes else self.codes.pop(code, None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            granted is None
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != granted.redirect_uri
            or challenge != granted.challenge
        ):
            return self._answer(request, {"error": "invalid_grant"}, 400)
        told = {
            "access_token": secrets.token_urlsafe(16),
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self._id_token(granted),
        }
        return self._answer(request, told)

    def _knows_client(self, request: Request, form: dict[str, str]) -> bool:
        """The secret, where the discovery document says it is wanted and nowhere else."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        wanted = self.answers.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if scheme.lower() == "basic" and "client_secret_basic" in wanted:
            name, _, secret = base64.b64decode(given).decode().partition(":")
            return [unquote_plus(name), unquote_plus(secret)] == [CLIENT_ID, CLIENT_SECRET]
        said = (form.get("client_id"), form.get("client_secret"))
        return "client_secret_post" in wanted and said == (CLIENT_ID, CLIENT_SECRET)

    def _id_token(self, granted: Granted) -> str:
        now = int(time.time())
        claims: Claims = {
            "iss": self.address,
            "sub": "4b0f2a52-1c1b-4a3e-8a53-1f7e0f8f2b11",
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": granted.nonce,
            **granted.person,
        }
        claims = self.tamper(claims)
        header = {"alg": self.algorithm, "kid": self.key.kid}
        key = self.key
        if self.algorithm.startswith("HS"):
            key = OctKey.import_key(CLIENT_SECRET)
        registry = JWSRegistry(algorithms=[self.algorithm])
        return jwt.encode(header, claims, key, registry=registry)

    async def _tell_keys(self, request: Request) -> Response:
        return self._answer(request, KeySet(self.published or [self.key]).as_dict(private=False))

    def _answer(self, request: Request, told: object, status: int = 200) -> Response:
        self.asked.append(request.url.path)
        if self.away:
            return Response("<h1>Bad gateway</h1>", 503)
        return JSONResponse(told, status)


def _new_key(name: str, kind: str = "RSA") -> Any:
    parameters: KeyParameters = {"kid": name, "use": "sig"}
    if kind == "EC":
        return ECKey.generate_key("P-256", parameters)
    return RSAKey.generate_key(2048, parameters)


_FIRST_KEY: Any = _new_key("first")


@contextmanager
def standing(issuer: LittleIssuer) -> Iterator[LittleIssuer]:
    """Let an issuer stand on a port of its own while the block runs."""
    with socket.create_server(("127.0.0.1", issuer.port)) as bound:
        issuer.port = bound.getsockname()[1]
        with serving(issuer.app(), bound):
            yield issuer


@contextmanager
def serving(app: Any, bound: socket.socket) -> Iterator[None]:
    """Serve an application from a thread of its own while the block runs."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join(10)
