"""Where a running platform is: written by `up`, read by `call`, `day`, `verify` and `down`."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.embedded.runfolder import RunFolder, claimed_by, write_atomically
from deploy.embedded.trouble import StartRefused

#: What `deploy.ground` says when NATS may be started; the names of the services follow. Here,
#: because `up` must not import `ground`, which imports everything.
KEYS_WRITTEN = "keys written for"
#: Who has a door of its own, and the port people know it by.
DOORS = {"intake": 8100, "console": 8200, "risk": 8300}
#: File of the key that opens sessions without a login, in the folder of keys; development only.
DEVELOPMENT_KEY = "development.key"
#: And of the key by which the console knows the robot of the reserved programme.
ROBOT_KEY = "robot.key"


@dataclass(frozen=True)
class Platform:
    """Addresses and processes of one running platform.

    `owner_dsn` is the database owner's, password included. `operations` holds a URL for health and
    metrics per process. `rate` is domain seconds per real second; `anchor` the domain time the
    clock was started at, ISO 8601, empty for the real time. `pids` change when something restarts.
    `ready` once lines and people are in place. `scale` is the size its streams are declared at
    (services/bus/provision/declared.py).
    """

    pid: int
    folder: str
    logs: str
    keys: str
    owner_dsn: str
    postgres_port: int
    nats_url: str
    nats_monitoring_url: str
    doors: dict[str, str]
    operations: dict[str, str]
    rate: float
    anchor: str
    pids: dict[str, int]
    ready: bool = False
    scale: str = "pilot"


def platform_here(environ: Mapping[str, str] = os.environ) -> Platform:
    """Return the platform whose one process this is beside, in the same container; by its settings.

    Where nothing wrote platform.json: only what its doors need is known. Raises StartRefused when
    the environment is no development one.
    """
    key_file = environ.get("HELPLINE_DEVELOPMENT_KEY_FILE")
    if not key_file:
        raise StartRefused("There is no development key here.", "Run it beside a demonstration.")
    here = "http://127.0.0.1"
    return Platform(
        pid=os.getpid(),
        folder="",
        logs="",
        keys=str(Path(key_file).parent),
        owner_dsn="",
        postgres_port=0,
        nats_url="",
        nats_monitoring_url="",
        doors={
            name: f"{here}:{environ.get(f'HELPLINE_{name.upper()}_PORT', port)}"
            for name, port in DOORS.items()
        },
        operations={},
        rate=1.0,
        anchor="",
        pids={},
        ready=True,
    )


def write_platform(run: RunFolder, platform: Platform) -> None:
    """Replace platform.json in one step; it names passwords, so only its owner may read it."""
    write_atomically(run.platform_file, json.dumps(asdict(platform), indent=2) + "\n")


def read_platform(run: RunFolder, even_starting: bool = False) -> Platform:
    """Return the platform that runs in this folder; StartRefused when none does.

    One whose lines and people are not in place yet counts only with `even_starting`.
    """
    refused = StartRefused(
        f"No platform runs in {run.root}.", "Start one with `./just up`, or name its --run-dir."
    )
    try:
        platform = Platform(**json.loads(run.platform_file.read_text()))
    except FileNotFoundError:
        raise refused from None
    # The file outlives a platform that was killed; the claim does not.
    if claimed_by(run) != platform.pid or not (platform.ready or even_starting):
        raise refused
    return platform
