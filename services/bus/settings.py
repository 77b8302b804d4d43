"""Where the ground is. One frozen value per process; it refuses to start when incomplete."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from services.bus.trust import NATS_CA_FILE, postgres_tls

_PREFIX = "HELPLINE_"


class BusSettings(BaseModel):
    """Addresses, keys and ports of one process, read from HELPLINE_ variables."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Literal["development", "production"] = "production"
    nats_url: str = Field(pattern=r"^(nats|tls)://")
    nats_ca_file: Path | None = None  #: CA of NATS's certificate (PEM); empty: public CAs
    keys_dir: Path  #: holds `<service>.nk` (nkey seed) and `<service>.pg` (database password)
    postgres_host: str
    postgres_port: int = Field(ge=1, le=65535)
    postgres_database: str = "helpline"
    postgres_ca_file: Path | None = None  #: CA of Postgres's certificate (PEM); empty: not verified
    host: str = "127.0.0.1"
    ops_port: int = Field(default=9100, ge=0, le=65535)
    intake_port: int = Field(default=8100, ge=0, le=65535)
    console_port: int = Field(default=8200, ge=0, le=65535)
    risk_port: int = Field(default=8300, ge=0, le=65535)
    trace_exporter: Literal["none", "otlp"] = "none"
    trace_ratio: float = Field(default=0.1, ge=0, le=1)
    publish_timeout_seconds: float = Field(default=5, gt=0)
    forward_every_seconds: float = Field(default=1, gt=0)
    lease_seconds: float = Field(default=3, gt=0)
    stuck_after_seconds: float = Field(default=5, gt=0)
    undelivered_after_seconds: float = Field(default=30, gt=0)

    @field_validator("nats_ca_file", "postgres_ca_file", mode="before")
    @classmethod
    def _empty_is_none(cls, given: object) -> object:
        return given or None

    @field_validator("nats_ca_file")
    @classmethod
    def _is_for_tls(cls, given: Path | None, said: ValidationInfo) -> Path | None:
        if given is not None and not said.data.get("nats_url", "tls://").startswith("tls://"):
            raise ValueError(f"{NATS_CA_FILE} is for tls://, and HELPLINE_NATS_URL is plain")
        return given

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> BusSettings:
        """Read HELPLINE_ variables; raises pydantic.ValidationError naming what is missing."""
        fields = {name: environ.get(_PREFIX + name.upper()) for name in cls.model_fields}
        return cls.model_validate({name: text for name, text in fields.items() if text is not None})

    @property
    def development(self) -> bool:
        """Outside production: nothing may look as if somebody would answer."""
        return self.environment != "production"

    def dsn(self, role: str) -> str:
        """Address of the database for one role; raises FileNotFoundError without its password."""
        password = (self.keys_dir / f"{role}.pg").read_text().strip()
        tls = urlencode(postgres_tls(self.postgres_ca_file))
        return (
            f"postgresql+psycopg://helpline_{role}:{password}@{self.postgres_host}:"
            f"{self.postgres_port}/{self.postgres_database}{tls and '?'}{tls}"
        )

    def nkey(self, name: str) -> Path:
        """Seed file of a service's key."""
        return self.keys_dir / f"{name}.nk"

    def door_port(self, service: str) -> int:
        """Port of a service's HTTP door."""
        ports = {"intake": self.intake_port, "console": self.console_port, "risk": self.risk_port}
        return ports[service]
