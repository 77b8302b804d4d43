"""What the console is told of the organisation's issuer: where it is, as whom we are known there.

All of it or none: half a set-up is a door nobody can open, found out at night.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from services.bus.door import StartRefused
from services.console.claims import ClaimNames

OIDC = "HELPLINE_OIDC_"

#: Where the issuer sends people back to; the address it was told must end so.
CALLBACK_PATH = "/entrer/retour"

#: Without one of these there is no issuer; with some of them the set-up is half done.
NEEDED = ("ISSUER", "CLIENT_ID", "CLIENT_SECRET_FILE", "REDIRECT_URI")
_CLAIMS = {
    "PERSON_CLAIM": "person",
    "ROLES_CLAIM": "roles",
    "NAME_CLAIM": "name",
    "PARTNER_CLAIM": "partner",
}

#: Shorter secrets are a mistake in the file, not a secret.
_LEAST_SECRET_LENGTH = 32


class OidcSettings(BaseModel):
    """The organisation's issuer, and as whom the console is known there."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    issuer: str  #: exactly as its tokens say it
    client_id: str
    client_secret: str = Field(repr=False)
    redirect_uri: str  #: public address of `CALLBACK_PATH`
    claims: ClaimNames = ClaimNames()


def read_oidc(environment: Mapping[str, str], development: bool) -> OidcSettings | None:
    """Read them; None when there is no issuer, StartRefused when half of one."""
    said = {
        name.removeprefix(OIDC): value
        for name, value in environment.items()
        if name.startswith(OIDC) and value
    }
    unknown = sorted(said.keys() - {*NEEDED, *_CLAIMS})
    if unknown:
        raise StartRefused(f"{listed(unknown)}: no such setting.")
    missing = [name for name in NEEDED if name not in said]
    if not said:
        return None
    if missing:
        raise StartRefused(f"The issuer is half set up: {listed(missing)} missing.")
    _check_issuer(said["ISSUER"], development)
    _check_redirect(said["REDIRECT_URI"])
    claims = {field: said[name] for name, field in _CLAIMS.items() if name in said}
    return OidcSettings(
        issuer=said["ISSUER"],
        client_id=said["CLIENT_ID"],
        client_secret=secret_in(f"{OIDC}CLIENT_SECRET_FILE", said["CLIENT_SECRET_FILE"]),
        redirect_uri=said["REDIRECT_URI"],
        claims=ClaimNames(**claims),
    )


def _check_issuer(address: str, development: bool) -> None:
    """Over TLS in production; outside it nothing but this machine is dialled."""
    name, parts = f"{OIDC}ISSUER", _parts_of(f"{OIDC}ISSUER", address)
    if parts.query or parts.fragment:
        raise StartRefused(f"{name} has a query or a fragment; an issuer has neither.")
    if development and not is_loopback(parts.hostname or ""):
        raise StartRefused(
            f"{name} is not this machine: outside production nothing else can be dialled."
        )
    if not development and parts.scheme != "https":
        raise StartRefused(f"{name} is not https: whoever listens could sign in as anybody.")


def _check_redirect(address: str) -> None:
    name, parts = f"{OIDC}REDIRECT_URI", _parts_of(f"{OIDC}REDIRECT_URI", address)
    if parts.path != CALLBACK_PATH or parts.query or parts.fragment:
        raise StartRefused(f"{name} must end with {CALLBACK_PATH}, where the console answers.")
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise StartRefused(f"{name} is not https: browsers would keep no session.")


def _parts_of(name: str, address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        known = parts.port is None or parts.port > 0
    except ValueError:
        raise StartRefused(f"{name} is no address.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not known:
        raise StartRefused(f"{name} is no address.")
    if "@" in parts.netloc:
        raise StartRefused(f"{name} names a user; an address of a door has none.")
    return parts


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: by its number, a name could lead anywhere."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"  # browsers and resolvers promise it (RFC 6761)


def secret_in(name: str, path: str) -> str:
    """Read the secret a setting names the file of; StartRefused when it is none."""
    try:
        secret = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as unread:
        why = getattr(unread, "strerror", None) or "it is not text"
        raise StartRefused(f"{name} cannot be read: {why}.") from None
    if len(secret) < _LEAST_SECRET_LENGTH:
        raise StartRefused(f"{name} holds fewer than {_LEAST_SECRET_LENGTH} characters.")
    return secret


def listed(names: Iterable[str]) -> str:
    """Settings by their whole names."""
    return ", ".join(f"{OIDC}{name}" for name in names)
