"""Postgres for one machine: made on first start, kept between runs, durable.

Listens on 127.0.0.1 and on a unix socket, asks everybody for a password, and writes no statement or
row into its log. The superuser is for provisioning only; each service has its own role.
"""

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg

from deploy.embedded.account import Account, account_for_postgres, run_as
from deploy.embedded.binaries import PostgresBinaries, find_postgres
from deploy.embedded.processes import (
    Program,
    kill,
    log_since,
    size_of,
    spawn,
    stop,
    wait_until_gone,
)
from deploy.embedded.runfolder import RunFolder, write_atomically
from deploy.embedded.trouble import StartRefused, explain

DEFAULT_PORT = 15432
SUPERUSER = "postgres"
#: Recovery after a power cut replays at most max_wal_size of log: seconds, on a slow disk a minute.
_READY_WITHIN = timedelta(seconds=90)
#: The kernel's limit on the path of a unix socket, less what Postgres appends to the folder.
_LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.65535.lock")

#: Sizes for a small machine that also runs the services (2 cores, 2 GB).
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "jit": "off",  # our statements are short: compiling one costs more than running it
    # What a row or a statement holds is nobody's business: DETAIL lines quote both.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
}
_DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # After a crash every file is made durable first. One call for the disk instead of one for each
    # of a thousand files: back in 0.3 s instead of 3.5 s (measured). Needs Linux 5.8 to see errors.
    "recovery_init_sync_method": "syncfs",
}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class PostgresPlace:
    """Where a server lives: `folder` holds data and socket, `keys` the superuser's password.

    `durable` False is for tests alone: a power cut would lose what was committed.
    `old_server_patience` is how long a server that an earlier run left may take to end: the kernel
    told it to when that run died.
    """

    folder: Path
    keys: Path
    log: Path
    port: int
    durable: bool = True
    old_server_patience: timedelta = timedelta(seconds=15)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def socket_folder(self) -> Path:
        """Where the unix socket is: in the folder, or in /tmp when that path would be too long."""
        wanted = self.folder / "socket"
        if len(os.fsencode(wanted)) <= _LONGEST_SOCKET_FOLDER:
            return wanted
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"helpline-{digest}"


def postgres_place(run: RunFolder, port: int) -> PostgresPlace:
    """Return the place of a run folder's server."""
    root = run.place_for(account_for_postgres(run.postgres / "data"))
    return PostgresPlace(root / "postgres", run.keys, run.log / "postgres.log", port)


class EmbeddedPostgres:
    """One server. `program()` is what the watch keeps running; `start` and `stop` do it alone."""

    def __init__(self, place: PostgresPlace) -> None:
        self.place = place
        self.account: Account | None = account_for_postgres(place.data)
        self.binaries: PostgresBinaries = find_postgres(self.account, place.folder.parent)
        self.child: subprocess.Popen[bytes] | None = None
        self._running: Program | None = None

    def dsn(self, database: str = "postgres", user: str = SUPERUSER, password: str = "") -> str:
        """Return a URL for a role; without a password, for the superuser with ours."""
        secret = password or self._password_file.read_text()
        return f"postgresql://{user}:{secret}@127.0.0.1:{self.place.port}/{database}"

    @property
    def _password_file(self) -> Path:
        return self.place.keys / "postgres-superuser"

    def program(self) -> Program:
        """Make the database if there is none, write its settings, return what to run."""
        self._make_folders()
        if not self.place.data.exists():
            self._make_database()
        self._check_data()
        self._write_settings()
        return Program(
            name="postgres",
            command=(str(self.binaries.folder / "postgres"), "-D", str(self.place.data)),
            log=self.place.log,
            folder=self.place.data,
            environment=_server_environment(),
            account=self.account,
            stop_signal=signal.SIGINT,  # fast shutdown: ends sessions, writes a checkpoint
            orphan_signal=signal.SIGINT,
            grace=timedelta(seconds=20),
            before_start=self._clear_stale_pid,
        )

    def start(self) -> None:
        """Start the server and wait until it takes connections; StartRefused when it does not."""
        program = self.program()
        log_start = size_of(self.place.log)
        self.child, self._running = spawn(program), program
        self.wait_ready(self.child, log_start)

    def wait_ready(self, child: subprocess.Popen[bytes], log_start: int) -> None:
        """Wait for a real connection; explain from the log (beyond `log_start`) why none came."""
        give_up_at = time.monotonic() + _READY_WITHIN.total_seconds()
        while not self.answers():
            failed = child.poll() is not None
            if failed or time.monotonic() > give_up_at:
                raise explain(
                    log_since(self.place.log, log_start),
                    f"Postgres {'ended' if failed else 'does not answer'} ({self.place.log}).",
                )
            time.sleep(0.02)

    def answers(self) -> bool:
        """Say whether the server takes connections now."""
        if not self._says_ready():
            return False  # asking a server that is recovering fills its log with refusals
        try:
            with psycopg.connect(self.dsn(), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def _says_ready(self) -> bool:
        """Read the server's own word: the eighth line of its pid file, as pg_ctl does."""
        try:
            lines = (self.place.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def stop(self) -> None:
        """Stop the server (fast shutdown); nothing happens when it does not run."""
        if self.child is not None and self._running is not None:
            stop(self.child, self._running)
            self.child = None

    def kill_immediately(self) -> None:
        """End the server without a word, for fault tests; its workers follow by themselves."""
        if self.child is not None:
            kill(self.child)
            self.child = None

    def _make_folders(self) -> None:
        for folder in (self.place.folder, self.place.socket_folder):
            folder.mkdir(parents=True, exist_ok=True)
            if self.account is not None and folder.stat().st_uid != self.account.uid:
                os.chown(folder, self.account.uid, self.account.gid)
            folder.chmod(0o700)
        self.place.log.parent.mkdir(parents=True, exist_ok=True)
        self.place.keys.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _make_database(self) -> None:
        """Run initdb beside the final name: an interrupted one is never taken for a database."""
        unfinished = self.place.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password = secrets.token_urlsafe(24)
        # initdb reads the password from a file its own account can open.
        handed_over = self.place.folder / "superuser.txt"
        write_atomically(handed_over, password)
        try:
            if self.account is not None:
                os.chown(handed_over, self.account.uid, self.account.gid)
            made = self._initdb(unfinished, handed_over)
        finally:
            handed_over.unlink()
        if made.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise explain(made.stdout, "initdb could not make the database.")
        write_atomically(self._password_file, password)
        unfinished.rename(self.place.data)

    def _initdb(self, data: Path, password_file: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (
                str(self.binaries.folder / "initdb"),
                f"--pgdata={data}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",  # one order everywhere; French folding is done by `unaccent`
                "--no-sync",
                "--no-instructions",
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.place.folder,
            env=_server_environment(),
            **run_as(self.account),
        )

    def _check_data(self) -> None:
        """Refuse data that these binaries, this account or our password cannot open."""
        data = self.place.data
        try:
            made_by = int((data / "PG_VERSION").read_text())
        except PermissionError as refused:
            raise StartRefused(
                f"The database in {data} belongs to another account.",
                "Start as the person who started it first, or choose another --run-dir.",
            ) from refused
        except FileNotFoundError as missing:
            raise StartRefused(
                f"{data} is not a database.",
                "Remove the folder to begin anew, or choose another with --run-dir.",
            ) from missing
        if made_by != self.binaries.major:
            raise StartRefused(
                f"The database in {data} was made by Postgres {made_by}, "
                f"and {self.binaries.folder} is {self.binaries.major}.",
                f"Point $PG_BIN at Postgres {made_by}, or choose another folder with --run-dir.",
            )
        if not self._password_file.exists():
            raise StartRefused(
                f"The database in {data} has no password in {self._password_file}.",
                f"Put the file back, or remove {self.place.folder} to begin anew.",
            )

    def _write_settings(self) -> None:
        """Write our settings beside the data; `postgresql.conf` only reads them."""
        settings = _SETTINGS | (_DURABLE if self.place.durable else _FORGETFUL)
        settings |= {
            "port": str(self.place.port),
            "unix_socket_directories": str(self.place.socket_folder),
        }
        if self.binaries.major >= 18:
            settings["io_method"] = (
                "sync"  # three more processes would bring a small machine nothing
            )
        ours = self.place.data / "helpline.conf"
        quoted = {name: value.replace("'", "''") for name, value in settings.items()}
        ours.write_text("".join(f"{name} = '{value}'\n" for name, value in quoted.items()))
        ours.chmod(0o644)
        main = self.place.data / "postgresql.conf"
        if "include = 'helpline.conf'" not in main.read_text():
            with main.open("a") as file:
                file.write("\ninclude = 'helpline.conf'\n")

    def _clear_stale_pid(self) -> None:
        """Remove the pid file of a server that no longer runs; wait for one that is ending.

        Postgres itself only asks whether *some* process has that number, and refuses for good when
        a reboot or a container gave it to another of our programs.
        """
        pid_file = self.place.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return
        if not wait_until_gone(pid, self._runs_here, self.place.old_server_patience):
            raise StartRefused(
                f"A Postgres (process {pid}) already runs on {self.place.data}.",
                f"Stop it with `kill -INT {pid}`, then start again.",
            )
        pid_file.unlink(missing_ok=True)

    def _runs_here(self, pid: int) -> bool:
        """Say whether a process is a server on our data: Postgres works inside its data folder."""
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == self.place.data.resolve()
        except OSError:
            return False


def _server_environment() -> dict[str, str]:
    """Return a clean environment: a person's PGPORT or PGDATA must not reach our server."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
