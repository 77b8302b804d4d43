"""`python -m services.bus.provision plan|apply|check|conf`: what operators call.

Exits 0 when in order (or brought there), 1 on a difference, 2 when refused or NATS is away.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import nats.errors
from nats.js.errors import APIError

from services.bus.provision.apply import Consent, Refused, apply
from services.bus.provision.declared import SCALES
from services.bus.provision.drift import Difference, drift
from services.bus.provision.keys import CHECKER, PROVISIONER, KeyRefused, ensure_keys
from services.bus.provision.partners import FOLDER, PartnersFlawed, with_partners
from services.bus.provision.permissions import server_conf
from services.bus.provision.signed_in import reason, signed_in
from services.bus.table import Service, Table
from services.bus.trust import NotTrusted

_DEFAULT_TABLES = "services.registry:SERVICES"
_PAUSE_SECONDS = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        tables = with_partners(_load_tables(asked.tables), asked.partners)
        if asked.command == "conf":
            _conf(asked, tables)
            return 0
        return asyncio.run(_ask_until_it_answers(asked, tables))
    except (Refused, KeyRefused, PartnersFlawed, NotTrusted, FileNotFoundError) as refused:
        _say(f"refused: {refused}")
    except (nats.errors.Error, APIError, OSError) as away:
        _say(f"NATS at {asked.url} does not do what is asked: {reason(away)}")
    return 2


def _conf(asked: argparse.Namespace, tables: tuple[Table, ...]) -> None:
    """Print what the server reads, or write it for those who have no shell to redirect it with."""
    conf = server_conf(tables, ensure_keys(asked.keys, tables), asked.store, SCALES[asked.scale])
    if asked.into is None:
        _say(conf)
        return
    half = asked.into.with_name(f".{asked.into.name}.{os.getpid()}")
    half.write_text(conf)
    half.replace(asked.into)  # a server that starts meanwhile reads the old one or the new one


async def _ask_until_it_answers(asked: argparse.Namespace, tables: tuple[Table, ...]) -> int:
    """Ask as often as `--within` allows: where nothing says that NATS is up, this does."""
    give_up_at = time.monotonic() + asked.within
    while True:
        try:
            return await _ask_server(asked, tables)
        except (nats.errors.Error, OSError) as away:
            # A key that is not there will not come; Refused and APIError are answers.
            if isinstance(away, FileNotFoundError) or time.monotonic() > give_up_at:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)


async def _ask_server(asked: argparse.Namespace, tables: tuple[Table, ...]) -> int:
    scale = SCALES[asked.scale]
    signer = PROVISIONER if asked.command == "apply" else CHECKER
    async with signed_in(asked.url, asked.keys, signer) as client:
        js = client.jetstream()
        if asked.command == "apply":
            consent = Consent(asked.remove_durables, asked.drop_events)
            for difference in await apply(js, tables, scale, consent):
                _say(f"was: {difference}")
        left = await drift(js, tables, scale)
    for difference in left:
        _say(f"{'would change' if asked.command == 'plan' else 'differs'}: {difference}")
    return _exit_code(asked.command, left)


def _exit_code(command: str, left: tuple[Difference, ...]) -> int:
    if not left:
        _say("NATS is as declared.")
    return 1 if left and command != "plan" else 0


def _load_tables(place: str) -> tuple[Service, ...]:
    """Read the tables of `module:NAME`. By name, because the bus may not import the services."""
    module, _, name = place.partition(":")
    return tuple(getattr(importlib.import_module(module), name))


def _say(line: str) -> None:
    sys.stdout.write(line.rstrip("\n") + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="provision", description=__doc__)
    parser.add_argument("command", choices=("plan", "apply", "check", "conf"))
    environ = os.environ
    parser.add_argument("--url", default=environ.get("HELPLINE_NATS_URL", "nats://127.0.0.1:14222"))
    parser.add_argument(
        "--keys", type=Path, default=Path(environ.get("HELPLINE_KEYS_DIR", ".helpline/keys"))
    )
    parser.add_argument(
        "--partners",
        type=Path,
        default=FOLDER,
        metavar="FOLDER",
        help="a file for each partner organisation that was let in",
    )
    parser.add_argument(
        "--store", type=Path, default=Path(".helpline/nats"), help="conf: where streams are kept"
    )
    parser.add_argument(
        "--into", type=Path, metavar="FILE", help="conf: write it there instead of printing it"
    )
    parser.add_argument(
        "--within",
        type=float,
        default=0,
        metavar="SECONDS",
        help="how long NATS may take to answer (machine time)",
    )
    parser.add_argument("--scale", choices=tuple(SCALES), default="pilot")
    parser.add_argument("--tables", default=_DEFAULT_TABLES, metavar="MODULE:NAME")
    parser.add_argument(
        "--remove-durables", action="store_true", help="apply: forget durables nobody declares"
    )
    parser.add_argument(
        "--drop-events", action="store_true", help="apply: lower a limit below what is stored"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
