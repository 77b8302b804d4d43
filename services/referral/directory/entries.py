"""The directory as it is kept: an entry a relay, its document, and what a search looks at.

A national directory has 140,000 services, so that nobody reads it whole: a search asks for the
surest entries that serve a need at a place (`served.py`). The surprising thing: an entry is read
from its document once, when it is imported, and kept as the values it was read to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import ARRAY, Boolean, Column, DateTime, Integer, Text, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Session

from contracts.directory import RelayField
from contracts.vocabulary import Need, RelayId
from services.bus.driver import ask, many, only
from services.referral.directory import due, layers, served, sought, sources
from services.referral.directory.index import Directory
from services.referral.directory.relay import Relay, Saturation, Status
from services.referral.directory.told import laid_over
from services.referral.lists.hsds import departements_in, read_row
from services.referral.store import Row, tables

_RELAY = TypeAdapter(Relay)
#: Raise it when a document is read to other values by the same fields.
_READING = 2
#: How documents are read by this release: its fields, and what they mean.
READ_AS = f"{_READING}:{hashlib.sha256(orjson.dumps(_RELAY.json_schema())).hexdigest()[:16]}"
#: Entries that are read or written in one go, where all of them are.
_AT_ONCE = 500


class EntryRow(Row, table=True):
    """One relay, as one source tells of it."""

    __tablename__ = "entry"

    relay_id: str = Field(primary_key=True, sa_type=Text)
    source: str = Field(sa_type=Text, index=True)  #: whose list it stands in
    document: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))  #: HSDS, as it came
    #: The values it was read to (`Relay`, JSON); empty: this release cannot read its document.
    known: str = Field(sa_type=Text)
    digest: str = Field(sa_type=Text)  #: of the document; the same again changes nothing
    active: bool  #: proposed to people: its source has it still, and says that it works
    last_day: date | None = None  #: of the service, that day included; nothing is proposed after it
    numbers: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default="{}"))
    says: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB)
    )  #: compared with others
    contradicts: bool = Field(  #: its own list tells it in two ways
        default=False, sa_column=Column(Boolean, nullable=False, server_default="false")
    )
    corrected: bool = Field(  #: people put something of it right (`layers.py`)
        default=False, sa_column=Column(Boolean, nullable=False, server_default="false")
    )
    #: What other sources do.
    differing: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default="{}"))
    #: How it was read (`READ_AS`); another way: it is read anew (`rereading.py`).
    read_as: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    surety: int  #: for sorting, 0 is the surest: how sure its compiler was
    country: str = Field(sa_type=Text)
    called: str = Field(sa_type=Text)
    verified_at: datetime | None = Field(sa_column=Column(DateTime(timezone=True)))
    needs: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    #: Its needs, and those of closed entries it stands in for.
    serves: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    places: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))  #: `FR`, `FR/75`
    replaced_by: str | None = Field(default=None, sa_type=Text)
    #: Words it is looked up by (`sought.py`).
    sought: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default="{}"))
    #: How long a verification of it holds, and until when the last one does (`due.py`).
    holds_days: int = Field(sa_column=Column(Integer, nullable=False, server_default="180"))
    holds_until: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    imported_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


event.listen(tables, "before_create", sought.TRIGRAMS)


# --- reading --------------------------------------------------------------------------------------

_KNOWN = """
    SELECT e.*,
        CASE WHEN r.withdrawn IS NOT TRUE THEN coalesce(r.verified_at, e.verified_at) END
            AS checked_at,
        r.saturated, r.observed_at, r.observed_by, r.lifetime_minutes
    FROM referral.entry AS e LEFT JOIN referral.relay AS r USING (relay_id)
"""
# Asked outside of what is known: a function that may change keeps Postgres from looking inside.
_HOLDS = "holds_until > (SELECT public.helpline_now()) AS holds"
_SERVING = f"""
    WITH chosen AS ({served.CHOSEN})
    SELECT known, active, differing, serves, checked_at, {_HOLDS},
        saturated, observed_at, lifetime_minutes
    FROM ({_KNOWN}) AS found JOIN chosen USING (relay_id) WHERE active
"""  # noqa: S608 - our own words, here and below
_ONE = f"SELECT *, {_HOLDS} FROM ({_KNOWN}) AS found WHERE relay_id = %(relay_id)s AND known <> ''"  # noqa: S608
_ALL = f"""
    SELECT *, {_HOLDS} FROM ({_KNOWN}) AS found
    WHERE relay_id > %(after)s AND known <> '' AND source = coalesce(%(source)s, source)
    ORDER BY relay_id LIMIT {_AT_ONCE}
"""  # noqa: S608
_LEADS = """
    WITH RECURSIVE chain (at) AS (
        SELECT %(relay_id)s::text
        UNION
        SELECT e.replaced_by FROM chain JOIN referral.entry AS e ON e.relay_id = chain.at
        WHERE e.replaced_by IS NOT NULL
    )
    SELECT FROM chain WHERE at = %(other)s
"""
_HOW_MANY = """
    SELECT count(*) AS entries FROM referral.entry
    WHERE known <> '' AND source = coalesce(%(source)s, source)
"""


@dataclass(frozen=True)
class Known:
    """A relay as it is known now: its entry, with what people of ours found out."""

    relay: Relay
    serves: frozenset[Need]


def serving(  # noqa: PLR0913 - a search is all of these
    session: Session,
    needs: Collection[Need],
    country: str,
    departement: str | None,
    day: date | None = None,
) -> Directory:
    """The part of the directory that a search for these needs at a place can come to.

    `day`: what was over before it is left out; not all of it, the search looks to its own clock.
    """
    places = [country, *([f"{country}/{departement}"] if departement else [])]
    asked = {"needs": [need.value for need in needs], "places": places, "day": day}
    found = [_known(row) for row in ask(session, _SERVING, asked)]
    return Directory(
        (each.relay for each in found), {each.relay.slug: each.serves for each in found}
    )


def one(session: Session, relay_id: RelayId) -> Relay | None:
    """One relay as it is known now, closed ones too."""
    row = ask(session, _ONE, {"relay_id": relay_id}).fetchone()
    return None if row is None else _known(row).relay


def everything(session: Session, source: str | None = None) -> Iterator[Relay]:
    """Every relay as it is known now, with its row of HSDS; `source`: of one list only."""
    after = ""
    while rows := ask(session, _ALL, {"after": after, "source": source}).fetchall():
        laid = layers.in_force(session, [row.relay_id for row in rows])
        for row in rows:
            said = laid.get(row.relay_id)
            document = laid_over(row.document, said) if said else row.document
            yield replace(_known(row).relay, row=document)
        after = rows[-1].relay_id


def leads_to(session: Session, relay_id: RelayId, other: RelayId) -> bool:
    """Whether the successors of a relay lead to another, or it is that one."""
    return ask(session, _LEADS, {"relay_id": relay_id, "other": other}).fetchone() is not None


def how_many(session: Session, source: str | None = None) -> int:
    """Entries there are; `source`: of one list only."""
    return int(only(ask(session, _HOW_MANY, {"source": source})).entries)


def relay_of(row: Any) -> Relay:
    """A relay as its source tells it; what people of ours found out is not in it."""
    return _RELAY.validate_json(row.known)


def _known(row: Any) -> Known:
    relay = relay_of(row)
    conflicts = (*relay.conflicts, *row.differing)
    # Verified too long ago is not verified: whoever is proposed it is told so.
    checked_at = row.checked_at if row.holds else None
    relay = replace(relay, verified_at=checked_at, conflicts=conflicts)
    if not row.active and relay.status is Status.ACTIVE:  # its source has it no longer
        relay = replace(relay, status=Status.INACTIVE)
    if row.saturated is not None:
        lifetime = timedelta(minutes=row.lifetime_minutes)
        relay = replace(relay, saturation=Saturation(row.saturated, row.observed_at, lifetime))
    return Known(relay, frozenset(map(Need, row.serves)))


# --- writing --------------------------------------------------------------------------------------

_KEEP = f"""
    INSERT INTO referral.entry (relay_id, source, document, known, digest, active, surety,
        country, called, verified_at, needs, serves, places, replaced_by, sought, holds_days,
        last_day, numbers, says, contradicts, corrected, read_as, imported_at,
        holds_until)
    VALUES (%(relay_id)s, %(source)s, %(document)s::jsonb, %(known)s, %(digest)s, %(active)s,
        %(surety)s, %(country)s, %(called)s, %(verified_at)s, %(needs)s, %(needs)s,
        %(places)s, %(replaced_by)s, %(sought)s, %(holds_days)s, %(last_day)s, %(numbers)s,
        %(says)s::jsonb, %(contradicts)s, %(corrected)s, %(read_as)s, %(at)s,
        ({due.HOLDS_UNTIL}))
    ON CONFLICT (relay_id) DO UPDATE SET source = excluded.source, document = excluded.document,
        known = excluded.known,
        digest = excluded.digest, active = excluded.active,
        surety = excluded.surety, country = excluded.country, called = excluded.called,
        verified_at = excluded.verified_at, needs = excluded.needs, serves = excluded.serves,
        places = excluded.places, replaced_by = excluded.replaced_by, sought = excluded.sought,
        holds_days = excluded.holds_days,
        last_day = excluded.last_day, numbers = excluded.numbers, says = excluded.says,
        contradicts = excluded.contradicts, corrected = excluded.corrected,
        read_as = excluded.read_as,
        imported_at = excluded.imported_at, holds_until = excluded.holds_until
"""  # noqa: S608
_STANDING = """
    SELECT relay_id, source, digest, NOT active AND digest = '' AS gone
    FROM referral.entry WHERE relay_id = ANY(%(ids)s)
"""
_AS_TOLD = """
    SELECT source, document, imported_at, NOT active AND digest = '' AS gone
    FROM referral.entry WHERE relay_id = %(relay_id)s
"""
_GONE = """
    SELECT relay_id FROM referral.entry
    WHERE source = %(source)s AND active AND NOT relay_id = ANY(%(kept)s)
"""
_CLOSE = "UPDATE referral.entry SET active = false, digest = '' WHERE relay_id = ANY(%(ids)s)"
#: A closed entry's needs are served by the one at the end of its chain. A chain that leads back to
#: itself ends nowhere (UNION sees a place once).
_STAND_IN = """
    WITH RECURSIVE chain (needs, at) AS (
        SELECT needs, replaced_by FROM referral.entry WHERE NOT active AND replaced_by IS NOT NULL
        UNION
        SELECT chain.needs, e.replaced_by FROM chain
        JOIN referral.entry AS e ON e.relay_id = chain.at WHERE e.replaced_by IS NOT NULL
    ), inherited AS (
        SELECT e.relay_id, array_agg(DISTINCT need) AS needs
        FROM chain JOIN referral.entry AS e ON e.relay_id = chain.at AND e.replaced_by IS NULL,
            unnest(chain.needs) AS need
        GROUP BY e.relay_id
    ), wanted AS (
        SELECT e.relay_id,
            e.needs || coalesce(array(
                SELECT unnest(i.needs) EXCEPT SELECT unnest(e.needs) ORDER BY 1
            ), '{}') AS serves
        FROM referral.entry AS e LEFT JOIN inherited AS i USING (relay_id)
        WHERE i.relay_id IS NOT NULL OR e.serves <> e.needs
    )
    UPDATE referral.entry AS e SET serves = wanted.serves FROM wanted
    WHERE wanted.relay_id = e.relay_id AND e.serves <> wanted.serves RETURNING e.relay_id
"""


@dataclass(frozen=True)
class Standing:
    """An entry as it was kept last."""

    source: str
    digest: str
    gone: bool  #: its source has it no longer


def standing(session: Session, ids: Collection[str]) -> Mapping[str, Standing]:
    """Those of these relays that are kept already."""
    rows = ask(session, _STANDING, {"ids": list(ids)})
    return {row.relay_id: Standing(row.source, row.digest, row.gone) for row in rows}


def keep(session: Session, source: str, relays: Collection[Relay], at: datetime) -> None:
    """Keep relays as their source tells of them now, with what people put right laid over.

    `at` is when it was read.
    """
    if relays:
        laid = layers.in_force(session, [relay.slug for relay in relays])
        rows = [_row(relay, laid.get(relay.slug, {}), source, at) for relay in relays]
        many(session, _KEEP, rows)
        ids = [relay.slug for relay in relays]
        sought.keep_words(session, {word for row in rows for word in row["sought"]})
        served.serve(session, ids)


def close_all_but(session: Session, source: str, kept: Collection[str]) -> int:
    """A source no longer has the others: they are proposed to nobody. How many those are."""
    gone = ask(session, _GONE, {"source": source, "kept": list(kept)}).fetchall()
    close(session, [row.relay_id for row in gone])
    return len(gone)


def close(session: Session, ids: Collection[str]) -> None:
    """The sources of these have them no longer; when one has it again, it is read anew."""
    ask(session, _CLOSE, {"ids": list(ids)})
    served.serve(session, ids)


def stand_in(session: Session) -> None:
    """Say anew which relay serves the needs of a closed one."""
    changed = ask(session, _STAND_IN).fetchall()
    served.serve(session, [row.relay_id for row in changed])


def digest(document: Mapping[str, Any]) -> str:
    """What makes two documents the same, whatever the order of their fields."""
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def lay_anew(session: Session, relay_id: RelayId) -> None:
    """Read an entry anew, because what people put right of it is other than it was."""
    told = only(ask(session, _AS_TOLD, {"relay_id": relay_id}))
    relay = read_row(0, told.document, departements_in(told.document))
    if isinstance(relay, Relay):
        keep(session, told.source, [relay], told.imported_at)
    if told.gone:
        close(session, [relay_id])
    stand_in(session)


def _laid(relay: Relay, said: Mapping[RelayField, str]) -> Relay:
    """A relay as people say it is; as its list says where the two do not go together."""
    if not said:
        return relay
    row = laid_over(relay.row, said)
    read = read_row(0, row, departements_in(row))
    return read if isinstance(read, Relay) else relay


def _row(told: Relay, said: Mapping[RelayField, str], source: str, at: datetime) -> dict[str, Any]:
    relay = _laid(told, said)
    needs = [need.value for need in relay.needs]
    return {
        "relay_id": relay.slug,
        "source": source,
        "document": orjson.dumps(told.row).decode(),
        "known": _RELAY.dump_json(replace(relay, row={})).decode(),
        "digest": digest(told.row),
        "active": relay.status is Status.ACTIVE,
        "surety": relay.confidence.doubt,
        "country": relay.country,
        "called": relay.name,
        "verified_at": relay.verified_at,
        "needs": needs,
        "places": sorted(set(_places(relay))),
        "replaced_by": relay.replaced_by,
        "sought": sought.words_of_relay(relay),
        "holds_days": due.holds_days(relay),
        "last_day": relay.last_day,
        "numbers": sources.numbers_of(told),
        "says": orjson.dumps(sources.says_of(told)).decode(),
        "corrected": bool(said),
        "contradicts": bool(relay.conflicts),
        "read_as": READ_AS,
        "at": at,
    }


def _places(relay: Relay) -> Iterator[str]:
    for area in relay.areas:
        if area.departements is None:
            yield area.country
        else:
            yield from (f"{area.country}/{each}" for each in area.departements)
