"""The peer of the event-driven path: somebody who looks at the database ten times a second.

`python -m bench.poller DSN-on-stdin`: prints the milliseconds between the commit of a waiting
contact and the look that found it. It neither decides nor tells a desk: the best a poller can do.
"""

from __future__ import annotations

import sys
import time

import orjson
import psycopg

EVERY_SECONDS = 0.1
_LOOK = """
    SELECT sequence, 1000 * extract(epoch FROM clock_timestamp() - committed_at)
    FROM intake.outbox WHERE sequence > %s AND type = 'contact.opened.v1'
"""


def main() -> int:
    """Poll until standard input ends; then print what was measured."""
    dsn = sys.stdin.readline().strip()
    waited_ms: list[float] = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("SELECT coalesce(max(sequence), 0) FROM intake.outbox").fetchone()
        assert row is not None
        last = int(row[0])
        connection.execute("SELECT 1")
        print("looking", flush=True)
        while not _told_to_stop():
            time.sleep(EVERY_SECONDS)
            for sequence, milliseconds in connection.execute(_LOOK, [last]).fetchall():
                last = max(last, int(sequence))
                waited_ms.append(float(milliseconds))
    print(orjson.dumps(waited_ms).decode(), flush=True)
    return 0


def _told_to_stop() -> bool:
    import select

    readable, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(readable)


if __name__ == "__main__":
    sys.exit(main())
