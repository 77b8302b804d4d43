"""The NATS server for one machine, with streams on disk.

The configuration is generated: this file writes the frame (where it listens), provisioning writes
what is stored and who may do what into `server.conf` beside it, which the frame includes.
"""

import http.client
import json
import signal
import subprocess
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from deploy.embedded.binaries import find_nats_server
from deploy.embedded.processes import (
    Program,
    kill,
    log_since,
    size_of,
    spawn,
    stop,
    wait_until_gone,
)
from deploy.embedded.runfolder import write_atomically
from deploy.embedded.trouble import StartRefused, explain

DEFAULT_PORT = 14222
DEFAULT_MONITORING_PORT = 18222
#: Streams, accounts and permissions, as provisioning writes them.
SERVER_FILE = "server.conf"
#: Streams are read through at start after a power cut.
_READY_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True)
class NatsAddress:
    """Where a running server listens, as it said itself."""

    url: str
    monitoring_url: str


def write_config(folder: Path, port: int, monitoring_port: int) -> Path:
    """Write the frame, `nats.conf`, into `folder` and return its path; a port of -1 is any.

    `server.conf` is not written here: without it the server refuses to start, so that a platform
    never runs with its doors open because a step was left out.
    """
    config = folder / "nats.conf"
    write_atomically(
        config,
        f"""\
# Written at each start: where the server listens. The rest comes from provisioning.
server_name: "helpline"
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitoring_port}"
include "{SERVER_FILE}"
""",
    )
    return config


class EmbeddedNats:
    """One server. `program()` is what the watch keeps running; `start` and `stop` do it alone.

    `address` is where it was found listening at the last `start`.
    """

    address: NatsAddress

    def __init__(self, config: Path, ports_folder: Path, log: Path) -> None:
        self.config = config
        self.ports_folder = ports_folder
        self.log = log
        #: How long a server that an earlier run left may take to end.
        self.old_server_patience = timedelta(seconds=15)
        self.binary = find_nats_server()
        self.child: subprocess.Popen[bytes] | None = None

    def program(self) -> Program:
        """Return what to run."""
        self.ports_folder.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        return Program(
            name="nats",
            command=(
                str(self.binary),
                "--config",
                str(self.config),
                "--ports_file_dir",
                str(self.ports_folder),
                "--pid",
                str(self._pid_file),
            ),
            log=self.log,
            folder=self.ports_folder,
            orphan_signal=signal.SIGTERM,
            before_start=self._clear_old_run,
        )

    @property
    def _pid_file(self) -> Path:
        return self.ports_folder / "nats.pid"

    def start(self) -> NatsAddress:
        """Start the server and wait until streams answer; StartRefused when they do not."""
        log_start = size_of(self.log)
        self.child = spawn(self.program())
        self.address = self.wait_ready(self.child, log_start)
        return self.address

    def wait_ready(self, child: subprocess.Popen[bytes], log_start: int) -> NatsAddress:
        """Wait for the server's own word on its ports, then for its health."""
        give_up_at = time.monotonic() + _READY_WITHIN.total_seconds()
        while True:
            address = self._told_address(child.pid)
            if address is not None and _is_healthy(address.monitoring_url):
                return address
            failed = child.poll() is not None
            if failed or time.monotonic() > give_up_at:
                raise explain(
                    log_since(self.log, log_start),
                    f"NATS {'ended' if failed else 'does not answer'} ({self.log}).",
                )
            time.sleep(0.01)

    def _told_address(self, pid: int) -> NatsAddress | None:
        """Return where the server of this process listens; None while it has not said so."""
        told = self.ports_folder / f"{self.binary.name}_{pid}.ports"
        try:
            ports = json.loads(told.read_text())
            return NatsAddress(ports["nats"][0], ports["monitoring"][0])
        except (FileNotFoundError, ValueError):
            return None  # not there yet, or written half

    def stop(self) -> None:
        """Stop the server; nothing happens when it does not run."""
        if self.child is not None:
            stop(self.child, self.program())
            self.child = None

    def kill_immediately(self) -> None:
        """End the server without a word, for fault tests."""
        if self.child is not None:
            kill(self.child)
            self.child = None

    def _clear_old_run(self) -> None:
        """Wait for a server an earlier run left: two on one store would destroy it."""
        for told in self.ports_folder.glob("*.ports"):
            told.unlink()
        pid = self.running_pid()
        if pid is None:
            return
        if not wait_until_gone(pid, self._runs_here, self.old_server_patience):
            raise StartRefused(
                f"A NATS server (process {pid}) already runs on {self.config}.",
                f"Stop it with `kill {pid}`, then start again.",
            )
        self._pid_file.unlink(missing_ok=True)

    def running_pid(self) -> int | None:
        """Return the process that runs with our configuration, whoever started it; None if none."""
        try:
            pid = int(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if self._runs_here(pid) else None

    def _runs_here(self, pid: int) -> bool:
        """Say whether a process is a server started with our configuration."""
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return str(self.config).encode() in command


def _is_healthy(monitoring_url: str) -> bool:
    door = urlsplit(monitoring_url)
    asked = http.client.HTTPConnection(door.hostname or "", door.port, timeout=2)
    try:
        asked.request("GET", "/healthz")
        return asked.getresponse().status == 200
    except OSError:
        return False
    finally:
        asked.close()
