"""What is said between the console and the organisation's issuer (OpenID Connect, code with PKCE).

The discovery document and the keys are kept for an hour. Keys are asked for again when a token does
not fit them: issuers rotate theirs without a word. Nothing of a token, a code or an issuer's own
words is ever logged or shown: what went wrong is one of `Failure`.

The surprising thing: these are moments of the world, not of domain time. The issuer's clock and
ours are compared inside the libraries, which read the machine's.
"""

from __future__ import annotations

import asyncio
import secrets
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.deprecate import AuthlibDeprecationWarning
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import Key, KeySet, import_key
from pydantic import BaseModel, ConfigDict, ValidationError

from services.console.oidc_settings import OidcSettings, is_loopback

with warnings.catch_warnings():
    # It would rather have another HTTP client than the one every other room uses.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import AsyncOAuth2Client

M = TypeVar("M", bound=BaseModel)

#: Seconds by which the issuer's clock and ours may differ.
CLOCKS_DIFFER_SECONDS = 60

#: Signatures by a key only the issuer has; with `none`, or by the secret, we could sign ourselves.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")

_SCOPE = "openid profile"
_WAIT_SECONDS = 10.0  #: machine time, for one answer of the issuer
_KEEP_SECONDS = 3600.0  #: machine time


class Failure(StrEnum):
    """Why somebody could not sign in; a label of `helpline_console_sign_ins_total`."""

    CANCELLED = "cancelled"  #: they, or the issuer on their behalf, said no
    ATTEMPT_UNKNOWN = "attempt_unknown"  #: not begun in this browser, or too long ago
    ISSUER_AWAY = "issuer_away"
    ISSUER_REFUSED = "issuer_refused"  #: it does not accept the request, or us
    ISSUER_UNREADABLE = "issuer_unreadable"  #: it answers, and not as an issuer does
    CODE_REFUSED = "code_refused"  #: used before, too old, or somebody else's
    TOKEN_SIGNATURE = "token_signature"
    TOKEN_ISSUER = "token_issuer"
    TOKEN_AUDIENCE = "token_audience"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_NONCE = "token_nonce"
    TOKEN_CLAIM = "token_claim"  #: another claim of the token itself
    CLAIM_MISSING = "claim_missing"  #: of a person
    CLAIM_UNKNOWN = "claim_unknown"
    NO_ROLE = "no_role"  #: neither the roster nor the issuer gives them one


class SignInFailed(Exception):
    """Somebody could not sign in; `claim` is the name of what was wrong, never what it held."""

    def __init__(self, failure: Failure, claim: str | None = None) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.claim = claim


@dataclass(frozen=True)
class Attempt:
    """One sign-in under way, as the browser that began it remembers it, sealed."""

    state: str
    nonce: str
    verifier: str


def new_attempt() -> Attempt:
    """An attempt nobody can guess."""
    return Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))


class _Discovered(BaseModel):
    """What we need of a discovery document (OpenID Connect Discovery 1.0, section 3)."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Keys(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    keys: tuple[dict[str, Any], ...]


class Issuer:
    """The organisation's issuer, as this process knows it."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._discovered: _Discovered | None = None
        self._keys: KeySet | None = None
        self._known_at = 0.0
        self._asking = asyncio.Lock()

    async def authorization(self, attempt: Attempt) -> str:
        """Where to send a browser; SignInFailed when the issuer cannot be asked."""
        found = await self._discover()
        async with self._client(found) as client:
            address, _ = client.create_authorization_url(
                found.authorization_endpoint,
                state=attempt.state,
                code_verifier=attempt.verifier,
                nonce=attempt.nonce,
            )
        return str(address)

    async def leaving(self) -> str | None:
        """Where somebody leaves their account too; None when the issuer has no such address."""
        return (await self._discover()).end_session_endpoint

    async def check_sender(self, said: str | None) -> None:
        """Whether the issuer we asked sent somebody back (RFC 9207); SignInFailed when not."""
        found = await self._discover()
        if said is None and not found.authorization_response_iss_parameter_supported:
            return
        if said != found.issuer:
            raise SignInFailed(Failure.TOKEN_ISSUER)

    async def claims_for(self, code: str, attempt: Attempt) -> Mapping[str, object]:
        """What the issuer says of who came back with this code; SignInFailed."""
        found = await self._discover()
        token = await self._exchange(found, code, attempt)
        try:
            claims = self._verified(token, await self._keys_of(found))
        except SignInFailed:
            # Keys it has rotated since; a token with a wrong signature stays one.
            claims = self._verified(token, await self._keys_of(found, anew=True))
        self._check(claims, attempt)
        return dict(claims)

    # --- what the issuer answers ----------------------------------------------------------------

    async def _discover(self) -> _Discovered:
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if self._discovered is None or now - self._known_at > _KEEP_SECONDS:
                address = self._settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
                self._discovered = self._checked(await self._asked(address, _Discovered))
                self._keys, self._known_at = None, now
            return self._discovered

    def _checked(self, found: _Discovered) -> _Discovered:
        """Refuse a document of another issuer, or one that leads away from TLS."""
        endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
        leaving = (found.end_session_endpoint,) if found.end_session_endpoint else ()
        sound = found.issuer == self._settings.issuer
        if not sound or not all(self._is_safe(each) for each in endpoints + leaving):
            raise SignInFailed(Failure.ISSUER_UNREADABLE)
        return found

    def _is_safe(self, address: str) -> bool:
        """Over TLS; or on this machine, where the issuer itself is."""
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL:
            return False
        here = is_loopback(httpx.URL(self._settings.issuer).host) and is_loopback(url.host)
        return url.scheme == "https" or (url.scheme == "http" and here)

    async def _keys_of(self, found: _Discovered, *, anew: bool = False) -> KeySet:
        async with self._asking:
            if self._keys is None or anew:
                told = await self._asked(found.jwks_uri, _Keys)
                self._keys = _public_keys(told)
            return self._keys

    async def _asked(self, address: str, model: type[M]) -> M:
        try:
            async with asyncio.timeout(_WAIT_SECONDS), self._http() as http:
                answer = await http.get(address, headers={"Accept": "application/json"})
        except (httpx.HTTPError, TimeoutError, OSError):
            raise SignInFailed(Failure.ISSUER_AWAY) from None
        if _is_away(answer.status_code):
            raise SignInFailed(Failure.ISSUER_AWAY)
        try:
            return model.model_validate_json(answer.content)
        except ValidationError:
            raise SignInFailed(Failure.ISSUER_UNREADABLE) from None

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(**self._manners())

    def _manners(self) -> dict[str, Any]:
        # A proxy of the environment leads out, and this machine is not out there.
        out = not is_loopback(httpx.URL(self._settings.issuer).host)
        return {"timeout": _WAIT_SECONDS, "follow_redirects": False, "trust_env": out}

    def _client(self, found: _Discovered) -> AsyncOAuth2Client:
        methods = found.token_endpoint_auth_methods_supported
        basic = "client_secret_basic" in methods or "client_secret_post" not in methods
        return AsyncOAuth2Client(
            client_id=self._settings.client_id,
            client_secret=self._settings.client_secret,
            token_endpoint_auth_method="client_secret_basic" if basic else "client_secret_post",
            redirect_uri=self._settings.redirect_uri,
            scope=_SCOPE,
            code_challenge_method="S256",
            **self._manners(),
        )

    async def _exchange(self, found: _Discovered, code: str, attempt: Attempt) -> str:
        """The ID token for a code; the other tokens are dropped, nothing is asked with them."""
        try:
            async with asyncio.timeout(_WAIT_SECONDS), self._client(found) as client:
                told = await client.fetch_token(
                    found.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=attempt.verifier,
                )
        except AuthlibBaseError as error:
            refused = error.error == "invalid_grant"
            why = Failure.CODE_REFUSED if refused else Failure.ISSUER_REFUSED
            raise SignInFailed(why) from None
        except httpx.HTTPStatusError as error:
            away = _is_away(error.response.status_code)
            raise SignInFailed(Failure.ISSUER_AWAY if away else Failure.ISSUER_UNREADABLE) from None
        except (httpx.HTTPError, TimeoutError, OSError):
            raise SignInFailed(Failure.ISSUER_AWAY) from None
        except ValueError:
            raise SignInFailed(Failure.ISSUER_UNREADABLE) from None
        token = told.get("id_token")
        if not isinstance(token, str):
            raise SignInFailed(Failure.ISSUER_UNREADABLE)
        return token

    # --- what a token says ----------------------------------------------------------------------

    def _verified(self, token: str, keys: KeySet) -> CodeIDToken:
        """The claims of a token the issuer has signed."""
        try:
            signed = jwt.decode(token, keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError, TypeError):
            raise SignInFailed(Failure.TOKEN_SIGNATURE) from None
        expected = {
            "iss": {"essential": True, "value": self._settings.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
        }
        return CodeIDToken(signed.claims, signed.header, options=expected)

    def _check(self, claims: CodeIDToken, attempt: Attempt) -> None:
        """Whether a signed token is meant for us, now, for this attempt."""
        claims.params = {"client_id": self._settings.client_id, "nonce": attempt.nonce}
        try:
            claims.validate(leeway=CLOCKS_DIFFER_SECONDS)
        except ExpiredTokenError:
            raise SignInFailed(Failure.TOKEN_EXPIRED) from None
        except ClaimError as error:
            failure = _OF_CLAIM.get(error.claim, Failure.TOKEN_CLAIM)
            raise SignInFailed(failure, error.claim) from None


_OF_CLAIM = {
    "iss": Failure.TOKEN_ISSUER,
    "aud": Failure.TOKEN_AUDIENCE,
    "azp": Failure.TOKEN_AUDIENCE,
    "exp": Failure.TOKEN_EXPIRED,
    "nonce": Failure.TOKEN_NONCE,
}


def _public_keys(told: _Keys) -> KeySet:
    """Keys that verify signatures; a secret among them, or one of a kind we lack, is left out."""
    keys: list[Key] = []
    for key in told.keys:
        if key.get("kty") not in ("RSA", "EC", "OKP") or key.get("use", "sig") != "sig":
            continue
        with suppress(JoseError, ValueError, KeyError, TypeError):
            keys.append(import_key(key))
    if not keys:
        raise SignInFailed(Failure.ISSUER_UNREADABLE)
    return KeySet(keys)


def _is_away(status: int) -> bool:
    return status >= 500 or status == 429
