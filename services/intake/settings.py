"""What intake is told at start. Where the ground and the ports are, the bus knows."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

_PREFIX = "HELPLINE_INTAKE_"


class Settings(BaseModel):
    """Read from HELPLINE_INTAKE_ variables, frozen once read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int = Field(default=2, ge=1, le=16)  #: handlers at work at once, for each stream
    #: A request at the door says a line and a channel; nobody needs more.
    longest_body_bytes: int = Field(default=64 * 1024, ge=1024, le=1024 * 1024)
    #: A form says a byte of a text in up to three.
    longest_form_bytes: int = Field(default=192 * 1024, ge=1024, le=1024 * 1024)
    #: When a caller's side should ask again while the ground is away.
    retry_after_seconds: int = Field(default=1, ge=1, le=60)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read them; raises pydantic.ValidationError naming an impossible one."""
        fields = {name: environ.get(_PREFIX + name.upper()) for name in cls.model_fields}
        return cls.model_validate({name: text for name, text in fields.items() if text is not None})
