"""`python -m deploy.streams save --into FOLDER`, `restore --from FOLDER`: the newest copy, or this.

Streams as files, by JetStream's own snapshot: messages, sequences and the places of durables, of
each stream by itself, so that two streams are not of the very same moment. A copy counts once it
is whole: until then its folder ends in `.half`; then its moment is noted on the server. Restoring
makes what is missing and touches no stream that is there. Exits 0 when done, 1 when not, 2 when
NATS is away. Key: `provisioner`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nats.errors
from nats.aio.client import Client
from nats.js.errors import APIError

from deploy.migrate.snapshot import PIECE_BYTES, NotCopied, a_snapshot, restore
from services.bus.provision.copied import note_copied
from services.bus.provision.keys import PROVISIONER
from services.bus.provision.signed_in import reason, signed_in
from services.bus.trust import NotTrusted

_NAMED = "helpline-streams-%Y-%m-%dT%H%M"
_HALF = ".half"


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; see the module."""
    asked = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(asked))
    except (NotCopied, NotTrusted) as why:
        _say(f"Not done. {why}")
        return 1
    except (nats.errors.Error, APIError, OSError) as away:
        _say(f"Not done. {reason(away)}")
        return 2


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="streams", description=(__doc__ or "").split("\n")[0])
    environ = os.environ
    made.add_argument("--url", default=environ.get("HELPLINE_NATS_URL", "nats://127.0.0.1:4222"))
    keys = Path(environ.get("HELPLINE_KEYS_DIR", ".helpline/keys"))
    made.add_argument("--keys", type=Path, default=keys)
    commands = made.add_subparsers(dest="command", required=True)
    save = commands.add_parser("save", help="all streams, into a folder named after the moment")
    save.add_argument("--into", type=Path, required=True)
    save.add_argument("--keep-days", type=int, default=7, help="older copies are removed after it")
    back = commands.add_parser("restore", help="what a copy holds and the server does not")
    back.add_argument("--from", dest="copy", type=Path, required=True)
    return made


async def _run(asked: argparse.Namespace) -> int:
    async with signed_in(asked.url, asked.keys, PROVISIONER) as client:
        if asked.command == "save":
            now = datetime.now(UTC)
            copy = await save_streams(client, asked.into, now)
            await note_copied(client.jetstream(), now)
            for old in outdated(asked.into, now - timedelta(days=asked.keep_days)):
                shutil.rmtree(old)
            _say(f"{copy}: whole.")
            return 0
        copy = newest(asked.copy)
        left = await restore_streams(client, copy)
    _say(f"Restored from {copy}." + (f" Left as they are: {', '.join(left)}." if left else ""))
    return 0


async def save_streams(client: Client, into: Path, now: datetime) -> Path:
    """Copy every stream; return the copy's folder. Raises NotCopied, which leaves a half one."""
    copy = into / now.strftime(_NAMED)
    half = copy.with_name(copy.name + _HALF)
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True, mode=0o700)
    for info in await client.jetstream().streams_info():
        async with a_snapshot(client, str(info.config.name)) as taken:
            with (half / f"{taken.name}.pieces").open("wb") as file:
                async for piece in taken.pieces():
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        (half / f"{taken.name}.json").write_text(json.dumps(taken.told))
        _say(f"{taken.name}: {taken.told['state']['messages']} events.")
    half.rename(copy)
    return copy


async def restore_streams(client: Client, copy: Path) -> tuple[str, ...]:
    """Make each stream of a copy that the server lacks; return those it has. Raises NotCopied."""
    if copy.name.endswith(_HALF) or not any(copy.glob("*.json")):
        raise NotCopied(f"{copy}: is not a whole copy.")
    there = {str(info.config.name) for info in await client.jetstream().streams_info()}
    for told_in in sorted(copy.glob("*.json")):
        told = json.loads(told_in.read_text())
        if told_in.stem in there:
            continue
        pieces = _read(told_in.with_suffix(".pieces"))
        await restore(client, told["config"], told["state"], pieces)
        _say(f"{told_in.stem}: {told['state']['messages']} events.")
    return tuple(sorted(there & {each.stem for each in copy.glob("*.json")}))


async def _read(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(PIECE_BYTES):
            yield piece


def newest(folder: Path) -> Path:
    """The newest whole copy of a folder of copies; the folder itself where it holds none."""
    copies = [each for each in sorted(folder.glob("helpline-streams-*")) if each.suffix != _HALF]
    return copies[-1] if copies else folder


def outdated(into: Path, before: datetime) -> tuple[Path, ...]:
    """The copies of before that moment, by their names; half ones too."""
    oldest = before.strftime(_NAMED)
    return tuple(
        each
        for each in sorted(into.glob("helpline-streams-*"))
        if each.name[: len(oldest)] < oldest
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
