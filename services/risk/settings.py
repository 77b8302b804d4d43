"""What risk is told at start. Where the ground is, the bus knows.

The surprising thing: risk calls out, so it says beforehand whom it may dial. Outside production
that is nobody but receivers on this machine that a test, or whoever starts it, has named.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.bus.door import StartRefused

_PREFIX = "HELPLINE_RISK_"
_KEYS_DIR = "HELPLINE_KEYS_DIR"


class Settings(BaseModel):
    """Read from HELPLINE_RISK_ variables, frozen once read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int = Field(default=2, ge=1, le=16)  #: handlers at work at once, for each stream
    #: Origins that may be dialled, `https://push.example.org`, separated by commas; empty: none.
    outbound: frozenset[str] = frozenset()
    #: Origins of our desks' pages, which read alerts here when the console is silent; likewise.
    desk_origins: frozenset[str] = frozenset()
    #: Where the edge of callers answers when anonymity is lifted; empty: there is none.
    edge_url: str = ""
    push_contact: str = ""  #: `mailto:` or `https:` of who answers for our Web Push (RFC 8292)
    look_every_seconds: float = Field(default=0.2, gt=0, le=1)  #: machine time, for calls to make
    answer_within_seconds: float = Field(default=5, gt=0, le=10)  #: machine time, of a receiver
    longest_body_bytes: int = 16 * 1024
    keys_dir: Path = Path()  #: where the keys of sealing and of Web Push are

    @field_validator("outbound", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        return frozenset(origin_of(part.strip()) for part in given.split(",") if part.strip())

    @field_validator("desk_origins", mode="before")
    @classmethod
    def _split_pages(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        return frozenset(_page_origin_of(part.strip()) for part in given.split(",") if part.strip())

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read them; raises pydantic.ValidationError naming an unknown or impossible one."""
        own = _PREFIX + "PORT"  # of the door, which the bus reads
        named = {name for name in environ if name.startswith(_PREFIX) and name != own}
        said = {name.removeprefix(_PREFIX).lower(): environ[name] for name in named}
        return cls.model_validate({"keys_dir": environ.get(_KEYS_DIR, ".")} | said)

    def checked(self, development: bool) -> Settings:
        """The same; StartRefused when something that is not allowed here could be dialled."""
        edge = {origin_of(self.edge_url)} if self.edge_url else set()
        for origin in self.outbound | edge:
            if development and not is_here(origin):
                raise StartRefused(
                    f"{origin} in {_PREFIX}OUTBOUND: outside production nothing but this machine "
                    "can be dialled."
                )
            if not development and not origin.startswith("https://"):
                raise StartRefused(f"{origin} in {_PREFIX}OUTBOUND: only https is dialled.")
        for origin in self.desk_origins:
            if not development and not origin.startswith("https://"):
                raise StartRefused(
                    f"{origin} in {_PREFIX}DESK_ORIGINS: whoever listens could read alerts."
                )
        return self

    def may_dial(self, address: str) -> bool:
        """Whether this address is on the list of those that may be dialled."""
        try:
            return origin_of(address) in self.outbound
        except ValueError:
            return False


def origin_of(address: str) -> str:
    """Scheme, host and port of an address; ValueError when it has none, or names a user."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("an origin is http(s)://host[:port]")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}:{port}"


def _page_origin_of(address: str) -> str:
    """As `origin_of`; ValueError for an address that says more than an origin, or any of them."""
    parts = urlsplit(address)
    if parts.path or parts.query or parts.fragment or "*" in parts.netloc:
        raise ValueError("an origin of pages is http(s)://host[:port], and nothing after it")
    return origin_of(address)


def is_here(origin: str) -> bool:
    """Whether an origin is this machine, by its number: a name could lead anywhere."""
    try:
        return ipaddress.ip_address(urlsplit(origin).hostname or "").is_loopback
    except ValueError:
        return False


SETTINGS = Settings.from_environment()
