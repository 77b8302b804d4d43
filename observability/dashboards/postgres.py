"""Postgres and the outbox: whether services can keep what they decide, and whether it gets out.

By the names of postgres_exporter where they exist. Every process tells the same of the server, so
each figure is counted once by its largest word.
"""

from __future__ import annotations

from observability.dashboards.panels import Board, Panel, number

_RATE = "[$__rate_interval]"
_CONNECTIONS = "sum(max by (datname) (pg_stat_database_numbackends))"
_OURS = '{datname="helpline"}'


def _rate(name: str) -> str:
    return f"max(rate({name}{_OURS}{_RATE}))"


def _each(name: str) -> str:
    return f'max by (service) ({name}{{service=~"$service"}})'


POSTGRES = Board(
    uid="helpline-postgres",
    title="Postgres and outbox",
    says="Room, connections and transactions of Postgres; events that wait for NATS. Machine time.",
    side="platform",
    variables=("service",),
    panels=(
        number(
            "Connections taken",
            "Of those Postgres takes. Full, a service that starts waits and callers with it.",
            f"{_CONNECTIONS} / max(pg_settings_max_connections)",
            unit="percentunit",
        ),
        number(
            "Size of the database",
            "On disk, tables and indexes. It grows with contacts kept: see a line's retention.",
            f"max(pg_database_size_bytes{_OURS})",
            unit="bytes",
        ),
        number(
            "Oldest transaction",
            "Open now in any service. More than a few seconds: it holds rows others wait for.",
            f"max({_each('helpline_bus_oldest_transaction_seconds')})",
            unit="s",
        ),
        number(
            "Oldest event not out",
            "Committed and not acknowledged by NATS. Half a minute pages: OutboxNotPublished.",
            f"max({_each('helpline_bus_outbox_age_seconds')})",
            unit="s",
        ),
        Panel(
            "Outbox: age of the oldest, by service",
            "How long the oldest event has waited for NATS. All: NATS. One: its forwarder.",
            {"{{service}}": _each("helpline_bus_outbox_age_seconds")},
            unit="s",
            columns=12,
        ),
        Panel(
            "Outbox: events that wait, by service",
            "Rows older than a second that are not published.",
            {"{{service}}": _each("helpline_bus_unpublished_rows")},
            columns=12,
        ),
        Panel(
            "Events out, by way",
            "Acknowledged a second: direct after the commit, or by the forwarder that sweeps.",
            {
                "{{path}}": (
                    "sum by (path) (rate("
                    f'helpline_bus_published_total{{service=~"$service"}}{_RATE}))'
                )
            },
            unit="ops",
        ),
        Panel(
            "Oldest transaction, by service",
            "How long it is open. One that grows: look at what it does, then end it.",
            {"{{service}}": _each("helpline_bus_oldest_transaction_seconds")},
            unit="s",
        ),
        Panel(
            "Connections, by database",
            "Those in use, beside the most that Postgres takes.",
            {
                "{{datname}}": "max by (datname) (pg_stat_database_numbackends)",
                "at the most": "max(pg_settings_max_connections)",
            },
        ),
        Panel(
            "Transactions a second",
            "Committed and rolled back. Rolled back beside HandlersFail: look at its work.",
            {
                "committed": _rate("pg_stat_database_xact_commit"),
                "rolled back": _rate("pg_stat_database_xact_rollback"),
            },
            unit="ops",
        ),
        Panel(
            "Deadlocks",
            "A second. Each is one piece of work tried again; many: two services' order of locks.",
            {"deadlocks": _rate("pg_stat_database_deadlocks")},
            unit="ops",
        ),
        Panel(
            "Found in memory",
            "Blocks not read from disk, of all asked. Below 90 % for long: too little memory.",
            {
                "in memory": (
                    f"{_rate('pg_stat_database_blks_hit')} / (({_rate('pg_stat_database_blks_hit')}"
                    f" + {_rate('pg_stat_database_blks_read')}) > 0)"
                )
            },
            unit="percentunit",
        ),
        Panel(
            "Figures read from tables",
            "1 while a scrape can read them. 0 pages (FiguresNotRead): a table is locked.",
            {
                "{{service}} {{question}}": (
                    'min by (service, question) (helpline_bus_figures_read{service=~"$service"})'
                )
            },
            columns=24,
        ),
    ),
)
