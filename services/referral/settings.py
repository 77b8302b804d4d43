"""What referral is told at start. Where the ground is, the bus knows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from services.referral.directory import COMMITTED

_PREFIX = "HELPLINE_REFERRAL_"


class Settings(BaseModel):
    """Read from HELPLINE_REFERRAL_ variables, frozen once read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int = Field(default=2, ge=1, le=16)  #: handlers at work at once, for each stream
    directory: Path = COMMITTED  #: folder of `relays.json` and `departements.json`

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read them; raises pydantic.ValidationError naming an unknown or impossible one."""
        named = {name for name in environ if name.startswith(_PREFIX)}
        return cls.model_validate(
            {name.removeprefix(_PREFIX).lower(): environ[name] for name in named}
        )


SETTINGS = Settings.from_environment()
