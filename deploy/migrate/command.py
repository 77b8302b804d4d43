"""`just migrate pilot permanent --from URL --to URL`: move what one server holds to three.

`--plan` looks and changes nothing; `--back` has the old server take events again after a move that
was killed. Exit 0 when moved, 1 when it was not (the old server takes events then), 2 when a server
is away. After a move the old server refuses events: let the services find the new ones.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import nats.errors
from nats.js.errors import APIError

from deploy.migrate.moving import Move, NotMoved
from deploy.migrate.snapshot import NotCopied
from services.bus.provision.declared import SCALES
from services.bus.provision.keys import PROVISIONER
from services.bus.provision.partners import FOLDER, PartnersFlawed, with_partners
from services.bus.provision.signed_in import reason, signed_in
from services.bus.trust import NotTrusted
from services.registry import SERVICES


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; see the module for the exit status."""
    asked = parser().parse_args(arguments)
    try:
        return asyncio.run(_run(asked))
    except (NotMoved, NotCopied, NotTrusted, PartnersFlawed) as why:
        _say(f"Not moved. {why}")
        return 1
    except (nats.errors.Error, APIError, OSError) as away:
        _say(f"Not moved. A server does not answer, or refuses: {reason(away)}")
        _say("If events are held back: run it again, or with --back, or have the old server as it")
        _say(f"was declared: just provision apply --url {asked.source} --keys {asked.keys}")
        return 2


def parser() -> argparse.ArgumentParser:
    """What may be asked."""
    made = argparse.ArgumentParser(prog="just migrate", description=__doc__)
    made.add_argument("old", choices=("pilot",), help="the size it has")
    made.add_argument("new", choices=("permanent",), help="the size it shall have")
    environ = os.environ
    made.add_argument("--from", dest="source", required=True, metavar="URL")
    made.add_argument("--to", dest="target", required=True, metavar="URL")
    keys = Path(environ.get("HELPLINE_KEYS_DIR", ".helpline/keys"))
    made.add_argument("--keys", type=Path, default=keys)
    made.add_argument("--partners", type=Path, default=FOLDER, help="the files of partners")
    made.add_argument("--plan", action="store_true", help="look, and change nothing")
    made.add_argument("--back", action="store_true", help="the old server takes events again")
    return made


async def _run(asked: argparse.Namespace) -> int:
    async with (
        signed_in(asked.source, asked.keys, PROVISIONER) as source,
        signed_in(asked.target, asked.keys, PROVISIONER) as target,
    ):
        tables = with_partners(SERVICES, asked.partners)
        move = Move(source, target, tables, _say, SCALES[asked.old], SCALES[asked.new])
        if asked.back:
            await move.give_back()
            _say("The old server takes events again.")
            return 0
        old = await move.plan()
        _say(f"To move: {old.messages} events, {len(old.durables)} durables.")
        if asked.plan:
            return 0
        moved = await move.make()
    _say(f"{moved.standing.messages} events and every durable's place are on the new servers.")
    if moved.left_waiting:
        _say(f"{moved.left_waiting} messages were still in hand: they come again there.")
    _say(f"Events have waited for {moved.held_seconds:.1f} s, and wait until services find them.")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
