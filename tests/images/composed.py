"""deploy/compose.yaml as Docker reads it, and as podman can run it on a machine without an engine.

Docker's own program reads it; only what needs a daemon or a registry is left out. Every container
has the network of this machine, so that an embedded Postgres stands in for that of the file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
COMPOSE = REPOSITORY / "deploy/compose.yaml"
#: Where people and browsers are, invented; nobody is asked anything there.
ASKED_FOR = {
    "HELPLINE_OIDC_ISSUER": "https://issuer.example",
    "HELPLINE_OIDC_CLIENT_ID": "helpline",
    "HELPLINE_OIDC_REDIRECT_URI": "https://desk.example/entrer/retour",
    "HELPLINE_CONSOLE_RISK_ORIGIN": "https://alerts.example",
    "HELPLINE_RISK_DESK_ORIGINS": "https://desk.example",
}


def rendered(environ: Mapping[str, str] = ASKED_FOR) -> dict[str, Any]:
    """What `docker compose config` makes of the file; raises CalledProcessError as it says why."""
    told = subprocess.run(
        (
            *(Path(sys.executable).with_name("docker-compose"), "--file", COMPOSE),
            *("--profile", "*", "config", "--format", "json"),
        ),
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(told.stdout)
    return found


@dataclass(frozen=True)
class Here:
    """Where things are on this machine: files of secrets and texts, what differs in the
    environment, and the prefix of what is made (containers, volumes).
    """

    prefix: str
    files: Mapping[str, Path]
    environment: Mapping[str, str]


def podman_run(name: str, service: Mapping[str, Any], here: Here) -> tuple[str, ...]:
    """The options and the image of `podman run` for one service of the file."""
    mounts = [
        f"--volume={here.prefix}-{each['source']}:{each['target']}"
        f"{':ro' if each.get('read_only') else ''}"
        for each in service.get("volumes", ())
    ]
    files = [*service.get("secrets", ()), *service.get("configs", ())]
    mounts += [f"--volume={here.files[each['source']]}:{each['target']}:ro" for each in files]
    entrypoint = service.get("entrypoint")
    environment = {**service.get("environment", {}), **here.environment}
    return (
        *("--network=host", f"--name={here.prefix}-{name}", f"--user={service['user']}"),
        *(f"--env={key}={value}" for key, value in environment.items()),
        *(f"--cap-drop={each}" for each in service["cap_drop"]),
        *(f"--security-opt={each.split(':')[0]}" for each in service["security_opt"]),
        *(f"--tmpfs={each}" for each in service.get("tmpfs", ())),
        *(("--read-only", "--read-only-tmpfs=false") if service.get("read_only") else ()),
        *mounts,
        *((f"--entrypoint={json.dumps(entrypoint)}",) if entrypoint else ()),
        f"localhost/{service['image']}",
        *(service.get("command") or ()),
    )
