"""The floor of the pipeline: transactions that do nothing but what each of ours must do.

`python -m bench.bare CONTACTS` (database address on standard input): for each contact 24
transactions of inbox + state + outbox, by SQLAlchemy Core. No models, no bus, no doors. Prints the
CPU of this process for each contact, in milliseconds, twice: one after the other in one thread; and
as a service comes by its work, handed by an event loop to one of a dozen threads, with pauses.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import orjson
import uvloop
from sqlalchemy import Engine, bindparam, create_engine, text

TRANSACTIONS = 24
_TABLES = """
    DROP SCHEMA IF EXISTS bench CASCADE;
    CREATE SCHEMA bench;
    CREATE TABLE bench.inbox (id text PRIMARY KEY, kind text NOT NULL, type text NOT NULL,
        handled_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE TABLE bench.state (id text PRIMARY KEY, step integer NOT NULL, at timestamptz NOT NULL);
    CREATE TABLE bench.outbox (sequence bigserial PRIMARY KEY, id text UNIQUE, type text NOT NULL,
        subject text NOT NULL, envelope jsonb NOT NULL, body text NOT NULL,
        published_at timestamptz);
"""
_INBOX = text(
    "INSERT INTO bench.inbox (id, kind, type) VALUES (:id, 'event', 'contact.opened.v1') "
    "ON CONFLICT DO NOTHING RETURNING public.helpline_now()"
)
_STATE = text(
    "INSERT INTO bench.state (id, step, at) VALUES (:contact, 1, :now) "
    "ON CONFLICT (id) DO UPDATE SET step = bench.state.step + 1, at = excluded.at"
)
_OUTBOX = text(
    "INSERT INTO bench.outbox (id, type, subject, envelope, body) "
    "VALUES (:id, 'contact.opened.v1', :subject, :envelope, :body)"
).bindparams(bindparam("envelope"), bindparam("body"))
_BODY = {
    "contact_id": "8c1ce8a1-21d0-4a6e-9f5c-0b1f6a3b1b0e",
    "programme": "bench",
    "channel": "phone",
    "opened_at": "2026-01-14T10:00:00.000000Z",
    "first_stage": "regulator",
    "language": "unknown",
}


_THREADS = 12
_AT_ONCE = 4
_PAUSE_SECONDS = 0.02


def main(arguments: list[str]) -> int:
    """Make the tables, warm up, measure both ways, remove the tables."""
    contacts = int(arguments[0])
    engine = create_engine(sys.stdin.readline().strip(), pool_size=_THREADS)
    with engine.begin() as connection:
        connection.execute(text(_TABLES))
    for _ in range(5):
        _in_one_go(engine)
    begun_at = time.process_time()
    for _ in range(contacts):
        _in_one_go(engine)
    close_ms = (time.process_time() - begun_at) / contacts * 1000
    apart_ms = uvloop.run(_apart(engine, contacts))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA bench CASCADE"))
    print(orjson.dumps([close_ms, apart_ms]).decode())
    return 0


def _in_one_go(engine: Engine) -> None:
    contact = str(uuid4())
    for _ in range(TRANSACTIONS):
        _transaction(engine, contact)


async def _apart(engine: Engine, contacts: int) -> float:
    """CPU milliseconds of a contact whose transactions are spread over threads and time."""
    lanes = [ThreadPoolExecutor(1) for _ in range(_THREADS)]
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE)

    async def one() -> None:
        contact = str(uuid4())
        async with gate:
            for _ in range(TRANSACTIONS):
                await loop.run_in_executor(random.choice(lanes), _transaction, engine, contact)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def some(count: int) -> None:
        await asyncio.gather(*(one() for _ in range(count)))

    await some(_AT_ONCE)
    begun_at = time.process_time()
    await some(contacts)
    return (time.process_time() - begun_at) / contacts * 1000


def _transaction(engine: Engine, contact: str) -> None:
    with engine.begin() as connection:
        now = connection.execute(_INBOX, {"id": str(uuid4())}).scalar_one()
        connection.execute(_STATE, {"contact": contact, "now": now})
        event_id = str(uuid4())
        envelope = {"id": event_id, "source": "bench", "aggregate": contact, "version": 1}
        connection.execute(
            _OUTBOX,
            {
                "id": event_id,
                "subject": f"helpline.contact.opened.v1.bench.{contact}",
                "envelope": orjson.dumps(envelope).decode(),
                "body": orjson.dumps(_BODY).decode(),
            },
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
