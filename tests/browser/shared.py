"""A published month of activity, for as long as somebody reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from deploy.platform import Platform

TABLES = {
    "answer": {"in_target": 700, "later": 200, "abandoned": 100},
    "channel": {"phone": 900, "chat": 60, "message": 40},
    "hour": {"h09": 300, "h10": 400, "h18": 150, "h19": None, "h20": None, "h21": 120},
    "weekday": {"monday": 400, "thursday": 600},
    "need": {"solitude": 500, "deuil": None, "maltraitance_vulnerable": None, "unknown": 400},
}
_INSERT = """
INSERT INTO quality.edition (programme, period, named, number, first_day, last_day, left_out,
    timezone, contacts, tables, published_at)
VALUES ('sos-crise', 'month', '2025-11', %s, '2025-11-01', '2025-11-30', '["2025-11-30"]',
    'Europe/Paris', 1000, %s, '2025-12-04T10:00:00Z')
"""


@contextmanager
def a_month_is_published(platform: Platform) -> Iterator[None]:
    """Two editions of it, the newer one revised."""
    with psycopg.connect(platform.owner_dsn, autocommit=True) as ledger:
        for number in (1, 2):
            ledger.execute(_INSERT, (number, json.dumps(TABLES)))
        try:
            yield
        finally:
            ledger.execute("DELETE FROM quality.edition WHERE named = '2025-11'")
