"""The directory as people browse it: a page of it, and one entry with everybody who tells of it.

No commit is made here. The surprising thing: a word that thousands are called by ("mission") is
looked for in the order of the list until some hundred are found, one that few are called by in the
index of words; which of the two it is, a look at the first hundreds says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from contracts.directory import MOST_LISTED, OURS, PARTNER, LookUpRelays, RelayField, RelayStanding
from contracts.vocabulary import RelayId
from services.bus.driver import ask, only
from services.referral.cards.rules import sought as what_is_sought
from services.referral.directory import layers
from services.referral.directory.listing import MIXED, ORDER
from services.referral.directory.sought import Reading, readings
from services.referral.directory.told import said_in

#: Entries that are put in order by their words, where many are meant: so many of the first
#: hundreds. Fewer are all looked at.
_MOST_CANDIDATES = 200
_SAMPLE, _MANY = 500, 15

_NOW = "(SELECT public.helpline_now())"
#: What each standing asks of an entry. One that is over works no longer, whatever it says.
_STANDINGS = {
    RelayStanding.TO_VERIFY: f"active AND (holds_until IS NULL OR holds_until <= {_NOW})",
    RelayStanding.VERIFIED: f"holds_until IS NOT NULL AND active AND holds_until > {_NOW}",
    RelayStanding.DIFFERING: "differs",
    RelayStanding.CORRECTED: "corrected",
    RelayStanding.CLOSED: "(NOT active OR last_day IS NOT NULL)"
    f" AND (NOT active OR last_day < {_NOW}::date)",
}
_ORDER, _MIXED = ", ".join(ORDER), ", ".join(MIXED)
_CHOSEN = """
    SELECT relay_id FROM referral.listed WHERE country = %(country)s {asked}
    ORDER BY {order} LIMIT %(most)s OFFSET %(skipped)s
"""
#: How many of the first hundreds are meant: Postgres guesses badly of words.
_SAMPLED = f"""
    SELECT count(*) AS found FROM (
        SELECT * FROM referral.listed WHERE country = %(country)s
        ORDER BY {_MIXED} LIMIT {_SAMPLE}
    ) AS first_ones WHERE true {{asked}}
"""  # noqa: S608 - our own words, here and below
_OF_MANY = f"""
    SELECT * FROM referral.listed WHERE country = %(country)s {{asked}}
    ORDER BY {_MIXED} LIMIT {_MOST_CANDIDATES}
"""  # noqa: S608
_OF_FEW = "SELECT * FROM referral.listed WHERE country = %(country)s {asked}"
#: Those that have the most words whole first; then in the order of the list.
_NEAREST = """
    WITH candidates AS MATERIALIZED ({candidates})
    SELECT relay_id FROM candidates
    ORDER BY {whole} DESC, {order} LIMIT %(most)s OFFSET %(skipped)s
"""
_LISTED = """
    SELECT e.relay_id, e.known, e.active,
        e.holds_until, e.holds_until > (SELECT public.helpline_now()) AS holds,
        e.differing <> '{}' OR e.contradicts AS differs, e.corrected
    FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS chosen (relay_id, place)
        JOIN referral.entry AS e USING (relay_id)
    ORDER BY chosen.place
"""


@dataclass(frozen=True)
class Page:
    """Rows of a page, and whether there is another."""

    rows: Sequence[Any]
    more: bool


def page_of(session: Session, question: LookUpRelays) -> Page:
    """A page of the directory, as `question` asks for it."""
    read = readings(session, what_is_sought(question.words))
    if not all(each.words for each in read):
        return Page((), more=False)
    ids = [row.relay_id for row in _chosen(session, question, read)]
    rows = ask(session, _LISTED, {"ids": ids[:MOST_LISTED]}).fetchall()
    return Page(rows, more=len(ids) > MOST_LISTED)


def _chosen(session: Session, question: LookUpRelays, read: Sequence[Reading]) -> Iterator[Any]:
    facts: dict[str, Any] = {
        "country": question.country,
        "need": question.need and [question.need.value],
        "places": [question.country, f"{question.country}/{question.departement}"],
        "most": MOST_LISTED + 1,
        "skipped": (question.page - 1) * MOST_LISTED,
        **{f"word_{place}": list(each.words) for place, each in enumerate(read)},
        **{f"typed_{place}": each.typed for place, each in enumerate(read)},
    }
    asked = "".join(f" AND {each}" for each in _conditions(question, read))
    if not read:
        yield from ask(session, _CHOSEN.format(asked=asked, order=_ORDER), facts)
        return
    sampled = only(ask(session, _SAMPLED.format(asked=asked), facts)).found
    candidates = (_OF_MANY if sampled >= _MANY else _OF_FEW).format(asked=asked)
    whole = " + ".join(f"(%(typed_{place})s = ANY(sought))::int" for place in range(len(read)))
    nearest = _NEAREST.format(candidates=candidates, whole=whole, order=_ORDER)
    yield from ask(session, nearest, facts)


def _conditions(question: LookUpRelays, read: Sequence[Reading]) -> Iterator[str]:
    yield from (f"sought && %(word_{place})s::text[]" for place in range(len(read)))
    if question.need is not None:
        yield "serves @> %(need)s::text[]"
    if question.departement is not None:
        yield "places && %(places)s::text[]"
    if question.standing is not None:
        yield _STANDINGS[question.standing]


# --- one entry ------------------------------------------------------------------------------------

_ONE = f"""
    SELECT e.*, r.verified_by, r.saturated, r.observed_at, r.observed_by, r.lifetime_minutes,
        CASE WHEN r.withdrawn IS NOT TRUE THEN coalesce(r.verified_at, e.verified_at) END
            AS checked_at,
        e.holds_until > {_NOW} AS holds, e.differing <> '{{}}' OR e.contradicts AS differs,
        s.called AS successor_called, s.relay_id AS successor,
        (SELECT p.called FROM referral.partner AS p
            WHERE p.state = 'active' AND p.relays && array[e.relay_id] LIMIT 1) AS partner
    FROM referral.entry AS e LEFT JOIN referral.relay AS r USING (relay_id)
        LEFT JOIN referral.entry AS s ON s.relay_id = e.replaced_by
    WHERE e.relay_id = %(relay_id)s AND e.known <> ''
"""  # noqa: S608 - our own words
_TOLD = """
    SELECT source, document, told_at FROM referral.told WHERE relay_id = %(relay_id)s
    ORDER BY source
"""


@dataclass(frozen=True)
class Said:
    """What somebody says of a relay, field by field."""

    source: str
    fields: Mapping[RelayField, str]
    at: datetime
    by: str | None = None  #: who, where it is no list
    ours: bool = False


@dataclass(frozen=True)
class Seen:
    """One entry, and what everybody says of it, what holds first."""

    row: Any
    said: tuple[Said, ...]
    acts: Sequence[Any]


def one(session: Session, relay_id: RelayId) -> Seen | None:
    """One entry with everybody who tells of it; None when there is none."""
    row = ask(session, _ONE, {"relay_id": relay_id}).fetchone()
    if row is None:
        return None
    own = Said(row.source, said_in(row.document), row.imported_at)
    told = ask(session, _TOLD, {"relay_id": relay_id})
    others = (Said(each.source, said_in(each.document), each.told_at) for each in told)
    return Seen(row, (*_laid(session, relay_id), own, *others), layers.acts(session, relay_id))


def _laid(session: Session, relay_id: RelayId) -> Iterator[Said]:
    """What people say of it, ours before its partner's."""
    for each in layers.of(session, relay_id):
        ours = each.origin == layers.Origin.OURS
        fields = {RelayField(each.field): each.said}
        yield Said(OURS if ours else PARTNER, fields, each.said_at, each.said_by, ours)
