"""The two keys of a partner: `python -m contracts.partner_keys NAME`, or `just partner key NAME`.

An nkey, by which it signs in to NATS, and an X25519 key, by which it opens what is sealed to it.
Each is a file only its owner can read; the public halves are printed as they go into the partner's
file. What is there already stays. Needs the extra `partner`.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import sys
from pathlib import Path

import nkeys
from nacl.public import PrivateKey
from pydantic import TypeAdapter, ValidationError

from contracts.vocabulary import PartnerId

_NAME: TypeAdapter[PartnerId] = TypeAdapter(PartnerId)


def make_keys(name: str, into: Path) -> int:
    """Make the keys of a partner and print what of them it tells; 1 with a sentence when not."""
    try:
        _NAME.validate_python(name)
    except ValidationError:
        sys.stderr.write(f"{name!r}: a name has 2 to 30 small letters, digits and -.\n")
        return 1
    seed, opening = into / f"{name}.nk", into / f"{name}.x25519"
    for file in (seed, opening):
        if file.exists():
            sys.stderr.write(f"{file} is there already.\n")
            return 1
    try:
        into.mkdir(parents=True, exist_ok=True)
        write_new_seed(seed)
        write_secret(opening, base64.b64encode(bytes(PrivateKey.generate())))
    except OSError as error:
        sys.stderr.write(f"{into}: no keys can be written there: {error.strerror}.\n")
        return 1
    told = public_halves(seed, opening)
    sys.stdout.write(f"# {seed} and {opening} stay with the partner. Into its file, {name}.yaml:\n")
    sys.stdout.write(f"nats_keys: [{', '.join(told['nats_keys'])}]\n")
    sys.stdout.write(f"sealing_key: {told['sealing_key']}\n")
    return 0


def public_halves(seed: Path, opening_key: Path) -> dict[str, str | list[str]]:
    """What of a partner's keys goes into its file."""
    pair = nkeys.from_seed(bytearray(seed.read_bytes().strip()))
    key = PrivateKey(base64.b64decode(opening_key.read_text().strip()))
    return {
        "nats_keys": [bytes(pair.public_key).decode()],
        "sealing_key": base64.b64encode(bytes(key.public_key)).decode(),
    }


def write_new_seed(path: Path) -> None:
    """Make the seed of a user of NATS."""
    write_secret(path, nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER))


def write_secret(path: Path, secret: bytes) -> None:
    """Write a secret in one step, so that a crash leaves none or a whole one.

    What somebody made meanwhile stays.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(half, path)
    except FileExistsError:
        pass
    finally:
        half.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m contracts.partner_keys", description="Make the two keys of a partner, here."
    )
    parser.add_argument("name", metavar="NAME", help="as its file will be called")
    sys.exit(make_keys(parser.parse_args().name, Path()))
