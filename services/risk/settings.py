"""What risk is told at start. Where the ground is, the bus knows."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

_PREFIX = "HELPLINE_RISK_"


class Settings(BaseModel):
    """Read from HELPLINE_RISK_ variables, frozen once read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int = Field(default=2, ge=1, le=16)  #: handlers at work at once, for each stream

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read them; raises pydantic.ValidationError naming an unknown or impossible one."""
        own = _PREFIX + "PORT"  # of the door, which the bus reads
        named = {name for name in environ if name.startswith(_PREFIX) and name != own}
        return cls.model_validate(
            {name.removeprefix(_PREFIX).lower(): environ[name] for name in named}
        )


SETTINGS = Settings.from_environment()
