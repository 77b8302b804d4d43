"""What quality is told at start. Where the ground is, the bus knows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

_PREFIX = "HELPLINE_QUALITY_"


class Settings(BaseModel):
    """Read from HELPLINE_QUALITY_ variables, frozen once read. All times are domain time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int = Field(default=2, ge=1, le=16)  #: handlers at work at once, for each stream
    #: An hour is counted so long after its end, and at most so often when late facts come.
    count_after_seconds: int = Field(default=300, ge=1, le=3600)
    #: Nobody has done anything for a waiting contact: above every wait between two offers.
    limbo_after_seconds: int = Field(default=600, ge=1, le=86_400)
    look_every_seconds: int = Field(default=60, ge=1, le=3600)  #: how often limbo is looked for

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read them; raises pydantic.ValidationError naming an unknown or impossible one."""
        named = {name for name in environ if name.startswith(_PREFIX)}
        return cls.model_validate(
            {name.removeprefix(_PREFIX).lower(): environ[name] for name in named}
        )

    @property
    def count_after(self) -> timedelta:
        """See `count_after_seconds`."""
        return timedelta(seconds=self.count_after_seconds)

    @property
    def limbo_after(self) -> timedelta:
        """See `limbo_after_seconds`."""
        return timedelta(seconds=self.limbo_after_seconds)

    @property
    def look_every(self) -> timedelta:
        """See `look_every_seconds`."""
        return timedelta(seconds=self.look_every_seconds)


SETTINGS = Settings.from_environment()
