"""One nkey per service, kept as seed files only their owner can read; a seed is never printed.

A key is made once and stays: the server's configuration holds its public half, derived from the
seed when needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import nkeys

from contracts.partner_keys import write_new_seed
from services.bus.table import Service, Table

PROVISIONER = "provisioner"  #: may use the whole JetStream API, and nothing else
CHECKER = "checker"  #: may read streams and configuration, and change nothing

#: Names become file names and subjects: only these letters.
_NAME = re.compile(r"[a-z][a-z_]{1,19}")


class KeyRefused(Exception):
    """A key cannot be made or used: the message names the file and what is wrong with it."""


def key_names(tables: Iterable[Table]) -> tuple[str, ...]:
    """Return who needs a key: every service, the provisioner and the checker.

    A partner makes its own and tells the public half.
    """
    services = sorted(each.name for each in tables if isinstance(each, Service))
    return (*services, CHECKER, PROVISIONER)


def seed_path(folder: Path, name: str) -> Path:
    """Return where the seed of `name` is kept."""
    if _NAME.fullmatch(name) is None:
        raise KeyRefused(f"{name!r} cannot be the name of a key: lower-case letters only.")
    return folder / f"{name}.nk"


def ensure_keys(folder: Path, tables: Iterable[Table]) -> dict[str, str]:
    """Make the keys that are missing, and return every public key by name.

    Raises KeyRefused for a seed others may read, or one that is not a user's seed.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = key_names(tables)
    for name in names:
        path = seed_path(folder, name)
        if not path.exists():
            write_new_seed(path)
    return {name: public_key(folder, name) for name in names}


def public_key(folder: Path, name: str) -> str:
    """Derive the public key of `name` from its seed."""
    path = seed_path(folder, name)
    if path.stat().st_mode & 0o077:
        raise KeyRefused(f"{path} can be read by others. Run chmod 600 on it, or make a new key.")
    try:
        pair = nkeys.from_seed(bytearray(path.read_bytes().strip()))
    except (nkeys.NkeysError, ValueError) as error:
        raise KeyRefused(f"{path} does not hold the seed of an nkey.") from error
    public = cast(bytes, pair.public_key).decode()
    pair.wipe()
    if not public.startswith("U"):
        raise KeyRefused(f"{path} holds a key that is not a user's.")
    return public
