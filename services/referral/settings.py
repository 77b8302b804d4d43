"""What referral is told at start. Where the ground is, the bus knows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.bus.door import StartRefused
from services.referral.directory.committed import COMMITTED
from services.referral.directory.relay import Kind

_PREFIX = "HELPLINE_REFERRAL_"
_KEYS_DIR = "HELPLINE_KEYS_DIR"


class Settings(BaseModel):
    """Read from HELPLINE_REFERRAL_ variables, frozen once read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Handlers at work at once, for each stream. From sent to received at a hundred referrals a
    #: second, p99: 106 to 175 ms with two, 74 and 90 with four (`just bench partners --processes`).
    workers: int = Field(default=4, ge=1, le=16)
    directory: Path = COMMITTED  #: folder of `relays.json` and `departements.json`
    #: For how many days a verification of a relay holds, and of which kinds otherwise, as
    #: `emergency=90,crisis=90`. Design values: no source sets them.
    holds_days: int = Field(default=180, ge=1, le=3660)
    holds_days_of: dict[Kind, Annotated[int, Field(ge=1, le=3660)]] = {
        Kind.EMERGENCY: 90,
        Kind.CRISIS: 90,
    }
    look_every_seconds: float = Field(default=0.5, gt=0, le=5)  #: machine time, for what to post
    #: Outside production: ports of this machine on which a partner's receiver may stand
    #: (`*.localhost`), separated by commas, and the CA (PEM) of its certificate.
    receivers_here: frozenset[int] = frozenset()
    receivers_ca_file: Path | None = None
    keys_dir: Path = Path()  #: where the key is that partners' secrets are derived from

    @field_validator("receivers_here", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        return frozenset(int(part) for part in given.split(",") if part.strip())

    @field_validator("holds_days_of", mode="before")
    @classmethod
    def _by_kind(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        parts = (part.partition("=") for part in given.split(",") if part.strip())
        return {kind.strip(): days.strip() for kind, _, days in parts}

    def checked(self, development: bool) -> Settings:
        """The same; StartRefused when in production something inside could be dialled."""
        if not development and (self.receivers_here or self.receivers_ca_file):
            raise StartRefused(
                f"{_PREFIX}RECEIVERS_HERE and {_PREFIX}RECEIVERS_CA_FILE are for development: in "
                "production partners are posted to at public addresses, by public CAs."
            )
        return self

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read them; raises pydantic.ValidationError naming an unknown or impossible one."""
        named = {name for name in environ if name.startswith(_PREFIX)}
        said = {name.removeprefix(_PREFIX).lower(): environ[name] for name in named}
        return cls.model_validate({"keys_dir": environ.get(_KEYS_DIR, ".")} | said)


SETTINGS = Settings.from_environment()
