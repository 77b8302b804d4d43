"""The statements every piece of work runs, made once for a ledger, in the driver's own words.

A statement costs SQLAlchemy more than it costs Postgres, and each is a round trip more, at which
the thread waits for the interpreter. So a piece of work begins with one statement, which holds the
lease, records what is handled, remembers the version seen and tells the domain time; and ends with
one, which writes what it announced and which deadlines it moved.
"""

from __future__ import annotations

_HELD = """held AS (
    SELECT 1 FROM {schema}.lease WHERE epoch = %(epoch)s AND until > clock_timestamp() FOR SHARE
)"""
_RECEIVED = """received AS (
    INSERT INTO {schema}.inbox (id, kind, type)
    SELECT %(id)s::text, %(kind)s::text, %(type)s::text{from_held}
    ON CONFLICT DO NOTHING RETURNING public.helpline_now() AS now
)"""
_NEWEST = """newest AS (
    INSERT INTO {schema}.seen (aggregate, version)
    SELECT %(aggregate)s::text, %(version)s::integer FROM received
    ON CONFLICT (aggregate) DO UPDATE SET version = excluded.version
    WHERE seen.version < excluded.version RETURNING 1
)"""
#: The first deadline of a kind that is due, unless another process is at it.
_GONE = """due AS (
    SELECT key FROM {schema}.deadline WHERE kind = %(type)s AND due_at <= public.helpline_now()
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM {schema}.deadline AS d USING due
    WHERE d.kind = %(type)s AND d.key = due.key RETURNING d.key
), received AS (
    INSERT INTO {schema}.inbox (id, kind, type)
    SELECT %(id)s::text, 'deadline', %(type)s::text FROM gone{and_held}
    RETURNING public.helpline_now() AS now
)"""
_KEPT = """kept AS (
    INSERT INTO {schema}.inbox (id, kind, type, fingerprint, reply)
    SELECT %(id)s::text, %(kind)s::text, %(type)s::text, %(fingerprint)s::text,
        %(reply)s::jsonb{from_held}
    ON CONFLICT DO NOTHING
)"""
_WRITE = """
    WITH forgotten AS (
        DELETE FROM {schema}.deadline AS d
        USING jsonb_to_recordset(%(forgotten)s::jsonb) AS f(kind text, key text)
        WHERE d.kind = f.kind AND d.key = f.key
    ), due AS (
        INSERT INTO {schema}.deadline (kind, key, due_at)
        SELECT kind, key, due_at
        FROM jsonb_to_recordset(%(due)s::jsonb) AS d(kind text, key text, due_at timestamptz)
        ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at
        WHERE deadline.due_at <> excluded.due_at
    )
    INSERT INTO {schema}.outbox (id, type, stream, subject, aggregate, version, envelope, body)
    SELECT id, type, stream, subject, aggregate, version, envelope, body
    FROM jsonb_to_recordset(%(announced)s::jsonb) AS a(id text, type text, stream text,
        subject text, aggregate text, version integer, envelope jsonb, body text)
"""


class Statements:
    """Statements of the ledger in one schema; `exclusive` when its work needs the lease."""

    def __init__(self, schema: str, exclusive: bool) -> None:
        held = "EXISTS (SELECT 1 FROM held) AS held" if exclusive else "true AS held"
        begin = [_HELD.format(schema=schema)] if exclusive else []
        received = _RECEIVED.format(schema=schema, from_held=" FROM held" if exclusive else "")
        now = "(SELECT now FROM received) AS now"
        #: One row: whether the lease is held, domain time (NULL: handled before), whether nothing
        #: newer was seen of its aggregate (true where no version is kept).
        self.receive = f"WITH {', '.join([*begin, received])} SELECT {held}, {now}, true AS newest"
        newest = _NEWEST.format(schema=schema)
        self.receive_version = (
            f"WITH {', '.join([*begin, received, newest])} "  # noqa: S608
            f"SELECT {held}, {now}, EXISTS (SELECT 1 FROM newest) AS newest"
        )
        gone = _GONE.format(schema=schema, and_held=", held" if exclusive else "")
        #: One row: whether the lease is held, the key (NULL: nothing is due), domain time.
        self.receive_due = (
            f"WITH {', '.join([*begin, gone])} "  # noqa: S608
            f"SELECT {held}, (SELECT key FROM gone) AS key, {now}"
        )
        #: One row with the domain time, none when the lease is not held.
        self.moment = (
            f"SELECT public.helpline_now() FROM {schema}.lease "  # noqa: S608 - a schema of ours
            "WHERE epoch = %(epoch)s AND until > clock_timestamp() FOR SHARE"
            if exclusive
            else "SELECT public.helpline_now()"
        )
        kept = _KEPT.format(schema=schema, from_held=" FROM held" if exclusive else "")
        #: One row: whether the lease is held; a request that was recorded before stays as it was.
        self.keep_refusal = f"WITH {', '.join([*begin, kept])} SELECT {held}"
        self.mark_late = f"UPDATE {schema}.inbox SET late = true WHERE id = %(id)s"  # noqa: S608
        self.earlier_reply = f"SELECT fingerprint, reply FROM {schema}.inbox WHERE id = %(id)s"  # noqa: S608
        self.keep_reply = (
            f"UPDATE {schema}.inbox SET fingerprint = %(fingerprint)s, "  # noqa: S608
            "reply = %(reply)s::jsonb WHERE id = %(id)s"
        )
        #: What a piece of work announced and which deadlines it moved, each as a JSON array.
        self.write = _WRITE.format(schema=schema)
        self.stamp = (
            f"UPDATE {schema}.outbox AS o SET published_at = clock_timestamp(), "  # noqa: S608
            "stream_sequence = p.sequence FROM unnest(%(ids)s::text[], "
            "%(sequences)s::bigint[]) AS p(id, sequence) "
            "WHERE o.id = p.id AND o.published_at IS NULL"
        )
        #: Rows no PubAck was noted for a second after their commit, a batch at a time; rows
        #: another process is looking at are left to it.
        self.waiting = (
            f"SELECT stream, subject, envelope, body FROM {schema}.outbox "  # noqa: S608
            "WHERE published_at IS NULL AND refused IS NULL "
            "AND committed_at < clock_timestamp() - interval '1 second' "
            "ORDER BY sequence LIMIT 200 FOR UPDATE SKIP LOCKED"
        )
        #: One row: messages parked and not replayed, seconds the oldest unpublished row is old,
        #: seconds the oldest transaction of this role is open (those of others are not shown).
        self.standing = (
            f"SELECT (SELECT count(*) FROM {schema}.parked WHERE replayed_at IS NULL), "  # noqa: S608
            "coalesce(extract(epoch FROM clock_timestamp() - (SELECT min(committed_at) FROM "
            f"{schema}.outbox WHERE published_at IS NULL AND refused IS NULL)), 0) AS oldest, "
            "(SELECT coalesce(extract(epoch FROM clock_timestamp() - min(xact_start)), 0) "
            "FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid() "
            "AND datname = current_database()) AS transaction"
        )
        self.next_due = (
            "SELECT kind, due_at, extract(epoch FROM due_at - public.helpline_now()) / "  # noqa: S608
            f"(SELECT rate FROM public.clock) AS seconds FROM {schema}.deadline "
            "ORDER BY due_at LIMIT 1"
        )
        self.postpone = (
            f"UPDATE {schema}.deadline SET due_at = public.helpline_now() + "  # noqa: S608
            "make_interval(secs => %(seconds)s * (SELECT rate FROM public.clock)) "
            "WHERE kind = %(kind)s AND key = %(key)s"
        )
