"""The directory as a list to look through: a narrow row an entry, with what narrows and orders it.

An entry is wide (its document, its values), and to look at thousands of them for a word that many
are called by takes a second; at thousands of these, milliseconds. Written whenever an entry is,
like `served`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import ARRAY, Column, DateTime, Index, Text, text
from sqlmodel import Field, Session

from services.bus.driver import ask
from services.referral.store import Row

#: To be verified first: what works, what nobody verified, then what holds the shortest.
ORDER = ("country", "active DESC", "holds_until NULLS FIRST", "called", "relay_id")

#: The same, but of those nobody verified in no order of their names: a word that is looked for is
#: met evenly, and not after all that begin with an earlier letter.
MIXED = ("country", "active DESC", "holds_until NULLS FIRST", "mixed", "relay_id")


def _few(name: str, condition: str) -> Index:
    """What few entries are is found without looking at the others."""
    return Index(f"listed_{name}", "country", "called", postgresql_where=text(condition))


class ListedRow(Row, table=True):
    """An entry that can be read, in the list."""

    __tablename__ = "listed"
    __table_args__ = (
        Index("listed_sought", "sought", postgresql_using="gin"),
        Index("listed_serving", "serves", "places", postgresql_using="gin"),
        Index("listed_in_order", *map(text, ORDER)),
        Index("listed_mixed", *map(text, MIXED)),
        _few("verified", "holds_until IS NOT NULL"),
        _few("differing", "differs"),
        _few("corrected", "corrected"),
        _few("closed", "NOT active OR last_day IS NOT NULL"),
    )

    relay_id: str = Field(primary_key=True, sa_type=Text)
    country: str = Field(sa_type=Text)
    active: bool
    holds_until: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    called: str = Field(sa_type=Text)
    last_day: date | None = None
    mixed: int  #: of its name in the directory, and means nothing
    differs: bool  #: its sources do, or its own list with itself
    corrected: bool
    sought: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    serves: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    places: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))


_LIST = """
    INSERT INTO referral.listed (relay_id, country, active, holds_until, called, last_day, mixed,
        differs, corrected, sought, serves, places)
    SELECT relay_id, country, active, holds_until, called, last_day, hashtext(relay_id),
        differing <> '{}' OR contradicts, corrected, sought, serves, places
    FROM referral.entry WHERE relay_id = ANY(%(ids)s) AND known <> ''
    ON CONFLICT (relay_id) DO UPDATE SET country = excluded.country, active = excluded.active,
        holds_until = excluded.holds_until, called = excluded.called, last_day = excluded.last_day,
        differs = excluded.differs, corrected = excluded.corrected, sought = excluded.sought,
        serves = excluded.serves, places = excluded.places
"""
_FORGET = """
    DELETE FROM referral.listed AS l USING referral.entry AS e
    WHERE l.relay_id = ANY(%(ids)s) AND e.relay_id = l.relay_id AND e.known = ''
"""


def list_anew(session: Session, ids: Collection[str]) -> None:
    """Say anew how these stand in the list."""
    if ids:
        asked = {"ids": list(ids)}
        ask(session, _LIST, asked)
        ask(session, _FORGET, asked)
