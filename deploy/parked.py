"""`just parked list | replay`: messages that were taken out of the way, and their way back.

A parked row says where a message is (stream and place), never what it holds. `replay` publishes
the stored bytes again under the key of the service they came from, for everybody: who had handled
them finds them in its inbox, who had parked them tries again.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
from nats.js import JetStreamContext
from psycopg import sql
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from contracts.catalogue import EVENTS
from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.platform import Platform, read_platform
from services.bus.provision.keys import CHECKER
from services.bus.provision.signed_in import signed_in
from services.registry import SERVICES

_LIST = (
    'SELECT {name} AS service, number, stream, stream_sequence, type, reason, "where", parked_at '
    "FROM {schema}.parked WHERE replayed_at IS NULL"
)
#: Set on a replayed message by nobody: with its old one the server would take it for a repeat.
_MESSAGE_ID = "Nats-Msg-Id"


def parked_rows(owner_dsn: str) -> Sequence[dict[str, object]]:
    """Every parked message that was not replayed, oldest first."""
    queries = [
        sql.SQL(_LIST).format(name=sql.Literal(service.name), schema=sql.Identifier(service.name))
        for service in SERVICES
    ]
    with psycopg.connect(owner_dsn, row_factory=dict_row) as connection:
        return connection.execute(
            sql.SQL(" UNION ALL ").join(queries) + sql.SQL(" ORDER BY parked_at")
        ).fetchall()


def list_parked(platform: Platform) -> int:
    """Print what is parked."""
    rows = parked_rows(platform.owner_dsn)
    if not rows:
        print("Nothing is parked.")
        return 0
    table = Table("service", "number", "stream", "place", "event", "reason", "field", "since")
    for row in rows:
        table.add_row(*(str(value if value is not None else "") for value in row.values()))
    Console().print(table)
    return 0


async def replay(platform: Platform, service: str, number: int | None) -> int:
    """Publish the parked messages of a service (one, or all) again; how many."""
    rows = [
        row
        for row in parked_rows(platform.owner_dsn)
        if row["service"] == service and number in (None, row["number"])
    ]
    async with AsyncExitStack() as stack:
        keys = Path(platform.keys)
        reader = await stack.enter_async_context(signed_in(platform.nats_url, keys, CHECKER))
        for row in rows:
            subject, headers, body = await _stored(reader.jetstream(), row)
            publisher = _publisher_of(subject)
            async with signed_in(platform.nats_url, keys, publisher) as client:
                await client.jetstream().publish(subject, body, headers=headers)
            _mark_replayed(platform.owner_dsn, row)
    return len(rows)


async def _stored(
    js: JetStreamContext, row: dict[str, object]
) -> tuple[str, dict[str, str], bytes]:
    message = await js.get_msg(str(row["stream"]), seq=int(str(row["stream_sequence"])))
    headers = {k: v for k, v in (message.headers or {}).items() if k != _MESSAGE_ID}
    return str(message.subject), headers, message.data or b""


def _publisher_of(subject: str) -> str:
    for event in EVENTS:
        if subject.startswith(f"helpline.{event.type_name()}."):
            return event.publisher
    raise StartRefused(
        "Nobody publishes on the subject of this message any more.",
        "It stays parked; nothing can be done with it here.",
    )


def _mark_replayed(owner_dsn: str, row: dict[str, object]) -> None:
    """Everybody gets the message again, so nobody's row of it stands any longer."""
    statement = (
        "UPDATE {}.parked SET replayed_at = clock_timestamp() "
        "WHERE stream = %s AND stream_sequence = %s AND replayed_at IS NULL"
    )
    with psycopg.connect(owner_dsn) as connection:
        for service in SERVICES:
            connection.execute(
                sql.SQL(statement).format(sql.Identifier(service.name)),
                [row["stream"], row["stream_sequence"]],
            )


def main(arguments: Sequence[str] | None = None) -> int:
    """List or replay; the exit code."""
    parser = argparse.ArgumentParser(prog="just parked", description=__doc__)
    parser.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="what is parked, where and why")
    again = verbs.add_parser("replay", help="publish it again, once its reason is gone")
    again.add_argument("service", choices=[service.name for service in SERVICES])
    again.add_argument(
        "number", type=int, nargs="?", help="one row; without it, all of the service"
    )
    options = parser.parse_args(arguments)
    try:
        platform = read_platform(RunFolder(options.run_dir.resolve()))
        if options.verb == "list":
            return list_parked(platform)
        count = asyncio.run(replay(platform, options.service, options.number))
    except StartRefused as refused:
        print(refused.problem, refused.remedy, file=sys.stderr)
        return 2
    print(f"{count} published again; `just parked list` shows what comes back.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
