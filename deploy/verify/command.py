"""Reads a running platform once, judges it, and says what it found.

Exit 0 when every invariant that could be judged holds, 1 when one is violated, 2 when the platform
could not be read.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nats.errors
from sqlalchemy.exc import SQLAlchemyError

from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.platform import Platform, read_platform
from deploy.verify.history import History, of_that_moment
from deploy.verify.invariants import judge
from deploy.verify.journal import Journal, JournalUnreadable, read_journal
from deploy.verify.ledger import LedgerReader
from deploy.verify.opening import BackupUnreadable
from deploy.verify.report import Pass, as_json, as_text
from deploy.verify.streams import StreamReader, StreamsSilent, reading_streams
from services.bus.provision.declared import SCALES
from services.bus.provision.partners import with_partners
from services.registry import SERVICES

_LOOK_EVERY_SECONDS = 0.3


@dataclass(frozen=True)
class Options:
    """One invocation of `just verify`."""

    run_dir: Path
    journal: Path | None
    backup: Path | None
    json: bool
    settle_seconds: float  #: machine time to wait until everything is published and handled
    still_open: bool  #: live contacts are allowed


def read_options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the program with a message when it is wrong."""
    parser = argparse.ArgumentParser(
        prog="just verify", description="Look for a broken invariant in streams and ledgers."
    )
    parser.add_argument(
        "--run-dir", type=Path, default=DEFAULT_FOLDER, help="the platform's folder"
    )
    parser.add_argument(
        "--journal", type=Path, metavar="FILE", help="what callers were answered, as JSON lines"
    )
    parser.add_argument(
        "--backup",
        type=Path,
        metavar="FILE",
        help="a plain dump of an earlier moment, to see that what is gone opens no more",
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument(
        "--settle",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="wait so long until everything is published and handled",
    )
    parser.add_argument(
        "--open", action="store_true", help="the run goes on: contacts may still be live"
    )
    read = parser.parse_args(arguments)
    return Options(read.run_dir, read.journal, read.backup, read.json, read.settle, read.open)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check; see the module for the exit status."""
    options = read_options(arguments)
    try:
        journal = None if options.journal is None else read_journal(options.journal)
        platform = read_platform(RunFolder(options.run_dir.resolve()), even_starting=True)
        outcome = asyncio.run(verify(platform, options, journal))
    except StartRefused as refused:
        return _cannot(refused.problem, refused.remedy)
    except (StreamsSilent, nats.errors.Error) as error:
        return _cannot("NATS cannot be read.", f"{type(error).__name__}: {error}")
    except SQLAlchemyError as error:
        return _cannot("The database cannot be read.", type(error).__name__)
    except (OSError, JournalUnreadable, BackupUnreadable) as error:
        return _cannot("The journal, the backup or a key cannot be read.", str(error))
    print(as_json(outcome) if options.json else as_text(outcome))
    return 1 if outcome.violated else 0


def _cannot(problem: str, why: str) -> int:
    print(f"{problem} {why}", file=sys.stderr)
    return 2


async def verify(platform: Platform, options: Options, journal: Journal | None) -> Pass:
    """Wait until it has settled, read everything once, judge it."""
    keys = Path(platform.keys)
    ledger = LedgerReader(platform.owner_dsn, keys, SERVICES, options.backup)
    try:
        scale = SCALES[platform.scale]
        tables = with_partners(SERVICES, RunFolder(Path(platform.folder)).partners)
        async with reading_streams(platform.nats_url, keys, tables, scale) as streams:
            settled = await settle(ledger, streams, options.settle_seconds)
            began = time.monotonic()
            history = await read(ledger, streams, journal, still_open=options.still_open)
    finally:
        ledger.close()
    read_at = time.monotonic()
    judged = judge(history)
    return Pass(judged, history, settled, read_at - began, time.monotonic() - read_at)


async def settle(ledger: LedgerReader, streams: StreamReader, seconds: float) -> bool:
    """Wait until nothing is unpublished, nothing unhandled, and nothing moved between two looks."""
    give_up_at = time.monotonic() + seconds
    committed_before = -1
    while True:
        unsettled = await asyncio.to_thread(ledger.unsettled)
        pending = (await streams.standing()).pending
        quiet = unsettled.committed == committed_before
        if quiet and not pending and not unsettled.unpublished:
            return True
        if time.monotonic() >= give_up_at:
            return False
        committed_before = unsettled.committed
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def read(
    ledger: LedgerReader, streams: StreamReader, journal: Journal | None, *, still_open: bool
) -> History:
    """Read everything: how the servers stand, then the ledgers, then the streams (history.py)."""
    before = await streams.standing()
    ledgers = await asyncio.to_thread(ledger.read)
    standing = await streams.after(before)
    messages = await streams.messages(standing.streams)
    return History(
        clock=ledgers.clock,
        services=SERVICES,
        facts=ledgers.facts,
        handled=ledgers.handled,
        messages=of_that_moment(messages, ledgers.facts, standing.streams),
        parked=ledgers.parked,
        deadlines=ledgers.deadlines,
        streams=standing.streams,
        durables=standing.durables,
        contacts=ledgers.contacts,
        lines=ledgers.lines,
        people=ledgers.people,
        shown=ledgers.shown,
        hours=ledgers.hours,
        audit=ledgers.audit,
        exports=ledgers.exports,
        traces=ledgers.traces,
        said_of_lines=ledgers.said_of_lines,
        ways_back=ledgers.ways_back,
        erasures=ledgers.erasures,
        opened=ledgers.opened,
        cards=ledgers.cards,
        received=ledgers.received,
        handed=ledgers.handed,
        orders=ledgers.orders,
        attempts=ledgers.attempts,
        drift=await streams.drift(),
        journal=journal,
        still_open=still_open,
    )
