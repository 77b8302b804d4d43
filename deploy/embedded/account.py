"""Whom a server runs as, and whether that account can reach a folder.

Postgres refuses to run as root, and CI and containers often are root: then it runs as an account
that owns little else. initdb insists on a name in /etc/passwd, so that an invented uid does not do.
"""

import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from deploy.embedded.trouble import StartRefused


@dataclass(frozen=True)
class Account:
    """An account of this machine."""

    name: str
    uid: int
    gid: int


class RunAs(TypedDict):
    """The arguments that make `subprocess` run a command as an account; None changes nothing."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


def run_as(account: Account | None) -> RunAs:
    """Return the arguments for an account; None is our own."""
    if account is None:
        return RunAs(user=None, group=None, extra_groups=None)
    return RunAs(user=account.uid, group=account.gid, extra_groups=[])


def account_for_postgres(data: Path) -> Account | None:
    """Return the account Postgres runs as; None means our own, because we are not root.

    Data that exists keeps its owner, so that a `postgres` account added later does not lock it out.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        entry = pwd.getpwuid(data.stat().st_uid)
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise StartRefused(
        "Postgres refuses to run as root, and this machine has neither `postgres` nor `nobody`.",
        "Start as an ordinary user, or add one: useradd --system postgres",
    )


def can_reach(path: Path, account: Account) -> bool:
    """Say whether the account may walk to `path`: every parent lets it through (mode bits only)."""
    return all(_may_enter(parent.stat(), account) for parent in path.resolve().parents)


def _may_enter(entry: os.stat_result, account: Account) -> bool:
    if entry.st_uid == account.uid:
        return bool(entry.st_mode & stat.S_IXUSR)
    if entry.st_gid == account.gid:
        return bool(entry.st_mode & stat.S_IXGRP)
    return bool(entry.st_mode & stat.S_IXOTH)


def shelter_for(folder: Path) -> Path:
    """Return a folder every account can walk to, for what `folder` cannot hold; make it once.

    For run folders below a closed home such as /root. Which one it is, is noted in `folder`: a new
    run folder at an old place begins anew. It lists nothing to others (0711).
    """
    note = folder / ".shelter"
    if not note.exists():
        made = tempfile.mkdtemp(prefix="helpline-", dir="/var/tmp")
        note.write_text(made)
    shelter = Path(note.read_text())
    shelter.mkdir(exist_ok=True)  # it may have been tidied away
    entry = shelter.lstat()
    if not stat.S_ISDIR(entry.st_mode) or entry.st_uid != os.geteuid():
        raise StartRefused(
            f"{shelter}, where Postgres keeps its files, belongs to somebody else.",
            f"Remove {note} to begin anew, or choose another folder with --run-dir.",
        )
    shelter.chmod(0o711)
    return shelter
