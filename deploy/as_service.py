"""The database as one service, for commands that do what it would do."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import make_url

from deploy.embedded.runfolder import RunFolder
from deploy.platform import read_platform
from services.bus.settings import BusSettings


def service_dsn(service: str, run_dir: Path) -> str:
    """In a container by its settings, otherwise that of a platform here; raises StartRefused."""
    if "HELPLINE_POSTGRES_HOST" in os.environ:
        return BusSettings.from_environment().dsn(service)
    platform = read_platform(RunFolder(run_dir), even_starting=True)
    password = (Path(platform.keys) / f"{service}.pg").read_text().strip()
    owner = make_url(platform.owner_dsn).set(drivername="postgresql+psycopg")
    return owner.set(username=f"helpline_{service}", password=password).render_as_string(
        hide_password=False
    )
