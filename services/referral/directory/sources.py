"""What other sources tell of a relay or of its number, and where they differ.

A relay belongs to the source that brought it first; what another tells of it is kept beside it and
proposed to nobody. The surprising thing: two rows are compared by their numbers too, because lists
name the same line differently. Compared is only what both tell: hours of the same channel, whether
it works, whether one stays unknown. Nobody decides who is right but a person who asks there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Column, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Session

from services.bus.driver import ask, many
from services.referral.directory.listing import list_anew
from services.referral.directory.relay import Period, Relay
from services.referral.store import Row

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_SHORTEST_NUMBER = 2  #: digits, for instance 15


class ToldRow(Row, table=True):
    """A relay as another source tells of it than the one it belongs to."""

    __tablename__ = "told"

    relay_id: str = Field(primary_key=True, sa_type=Text)
    source: str = Field(primary_key=True, sa_type=Text)
    document: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))  #: HSDS, as it came
    says: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))  #: what is compared
    told_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def numbers_of(relay: Relay) -> list[str]:
    """Its numbers, without spaces: what makes two rows tell of the same line."""
    told = (
        "".join(str(phone.get("number", "")).split())
        for phone in relay.row.get("phones") or ()
        if isinstance(phone, Mapping)
    )
    return sorted({number for number in told if len(number) >= _SHORTEST_NUMBER})


def says_of(relay: Relay) -> dict[str, str]:
    """What a row tells that another may tell differently; what it does not tell is left out."""
    says = {"status": relay.status.value}
    if relay.anonymous is not None:
        says["anonymous"] = "yes" if relay.anonymous else "no"
    by_channel: dict[str, list[str]] = defaultdict(list)
    for period in relay.periods:
        by_channel[period.channel].append(_hours(period))
    return says | {f"hours ({name})": ", ".join(sorted(h)) for name, h in by_channel.items()}


def _hours(period: Period) -> str:
    days = ",".join(_WEEKDAYS[day - 1] for day in sorted(period.days))
    return f"{days} {_clock(period.opens)}-{_clock(period.closes)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


# --- kept beside ----------------------------------------------------------------------------------

_KEEP = """
    INSERT INTO referral.told (relay_id, source, document, says, told_at)
    VALUES (%(relay_id)s, %(source)s, %(document)s::jsonb, %(says)s::jsonb, %(at)s)
    ON CONFLICT (relay_id, source) DO UPDATE SET document = excluded.document,
        says = excluded.says, told_at = excluded.told_at
        WHERE told.document <> excluded.document
"""
_FORGET = """
    DELETE FROM referral.told WHERE source = %(source)s AND NOT relay_id = ANY(%(kept)s)
"""


def keep(session: Session, source: str, relays: Iterable[Relay], at: datetime) -> None:
    """Keep what a source tells of relays that belong to others."""
    rows = [
        {
            "relay_id": relay.slug,
            "source": source,
            "document": orjson.dumps(relay.row).decode(),
            "says": orjson.dumps(says_of(relay)).decode(),
            "at": at,
        }
        for relay in relays
    ]
    if rows:
        many(session, _KEEP, rows)


def forget_all_but(session: Session, source: str, kept: Collection[str]) -> int:
    """A source no longer tells of the others. How many those are."""
    return ask(session, _FORGET, {"source": source, "kept": list(kept)}).rowcount


# --- compared -------------------------------------------------------------------------------------

#: What its source no longer has tells nothing (no digest).
_SHARED = """
    WITH telling AS (
        SELECT number AS about, source, relay_id, says
        FROM referral.entry, unnest(numbers) AS number WHERE active OR digest <> ''
    )
    SELECT about, source, relay_id, says FROM telling WHERE about IN (
        SELECT about FROM telling GROUP BY about HAVING count(DISTINCT source) > 1
    )
    UNION ALL SELECT e.relay_id, e.source, e.relay_id, e.says
        FROM referral.entry AS e JOIN referral.told USING (relay_id)
    UNION ALL SELECT relay_id, source, NULL, says FROM referral.told
"""
_DIFFER = """
    WITH found AS (
        SELECT relay_id, array_agg(difference ORDER BY difference) AS differing
        FROM unnest(%(ids)s::text[], %(differences)s::text[]) AS f (relay_id, difference)
        GROUP BY relay_id
    )
    UPDATE referral.entry AS e SET differing = coalesce(found.differing, '{}')
    FROM referral.entry AS was LEFT JOIN found USING (relay_id)
    WHERE e.relay_id = was.relay_id
        AND was.differing <> coalesce(found.differing, '{}')
    RETURNING e.relay_id
"""


def compare(session: Session) -> None:
    """Say anew, of every relay, what other sources tell differently."""
    tellings: dict[str, list[Any]] = defaultdict(list)
    for row in ask(session, _SHARED):
        tellings[row.about].append(row)
    found = sorted({each for group in tellings.values() for each in _differences(group)})
    changed = ask(
        session,
        _DIFFER,
        {"ids": [relay for relay, _ in found], "differences": [told for _, told in found]},
    )
    list_anew(session, [row.relay_id for row in changed])


def _differences(tellings: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """A relay, and what another source says of the same line that its own does not."""
    said: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    tellings = list(tellings)
    for each in tellings:
        for what, told in (each.says or {}).items():
            said[what][each.source].add(told)
    for each in tellings:
        if each.relay_id is None:
            continue
        for what, own in (each.says or {}).items():
            for source, others in said[what].items():
                if source != each.source and own not in others:
                    for told in sorted(others):
                        yield each.relay_id, f"{source}: {what} {told}"
