"""What people put right of a relay, laid over what lists say: ours, then its partner's.

Nothing of it is in the list's row, so that no import takes it away and taking it back is deleting
it. Who did what, and when, is kept in a history that nobody changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Text
from sqlmodel import Field, Session

from contracts.directory import MOST_ACTS, RelayField
from services.bus.driver import ask, many
from services.referral.store import Row


class Origin(StrEnum):
    """Who puts right; the later goes over the earlier."""

    PARTNER = "partner"
    OURS = "ours"


class Act(StrEnum):
    """What somebody did with an entry."""

    VERIFIED = "verified"
    TAKEN_BACK = "taken-back"  #: a verification no longer holds
    CORRECTED = "corrected"
    CORRECTION_TAKEN_BACK = "correction-taken-back"
    TOLD = "told"  #: its partner told it


class LayerRow(Row, table=True):
    """A field of a relay that somebody put right."""

    __tablename__ = "layer"

    relay_id: str = Field(primary_key=True, sa_type=Text)
    field: str = Field(primary_key=True, sa_type=Text)
    origin: str = Field(primary_key=True, sa_type=Text)
    said: str = Field(sa_type=Text)  #: in the form of `told.judged`
    said_by: str = Field(sa_type=Text)
    said_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ActRow(Row, table=True):
    """What was done with an entry, by whom."""

    __tablename__ = "relay_act"
    __table_args__ = (Index("acts_of_a_relay", "relay_id", "number"),)

    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    relay_id: str = Field(sa_type=Text)
    act: str = Field(sa_type=Text)
    field: str | None = Field(default=None, sa_type=Text)
    said: str | None = Field(default=None, sa_type=Text)
    done_by: str = Field(sa_type=Text)
    done_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


@dataclass(frozen=True)
class Layer:
    """What somebody says of fields of a relay, over its list."""

    origin: Origin
    by: str
    at: datetime


_KEEP = """
    INSERT INTO referral.layer (relay_id, field, origin, said, said_by, said_at)
    VALUES (%(relay_id)s, %(field)s, %(origin)s, %(said)s, %(by)s, %(at)s)
    ON CONFLICT (relay_id, field, origin) DO UPDATE SET said = excluded.said,
        said_by = excluded.said_by, said_at = excluded.said_at
"""
_TAKE_BACK = """
    DELETE FROM referral.layer
    WHERE relay_id = %(relay_id)s AND field = %(field)s AND origin = %(origin)s
"""
_NOTE = """
    INSERT INTO referral.relay_act (relay_id, act, field, said, done_by, done_at)
    VALUES (%(relay_id)s, %(act)s, %(field)s, %(said)s, %(by)s, %(at)s)
"""
#: The partner's first, then ours: what is laid last holds.
_OF = """
    SELECT relay_id, field, origin, said, said_by, said_at FROM referral.layer
    WHERE relay_id = ANY(%(ids)s) ORDER BY relay_id, origin DESC, field
"""
_ACTS = f"""
    SELECT act, field, done_by, done_at FROM referral.relay_act
    WHERE relay_id = %(relay_id)s ORDER BY number DESC LIMIT {MOST_ACTS}
"""  # noqa: S608 - our own words


def lay(session: Session, relay_id: str, said: Mapping[RelayField, str], layer: Layer) -> None:
    """Keep what somebody says of fields of a relay; what they said of them before is gone."""
    act = Act.CORRECTED if layer.origin is Origin.OURS else Act.TOLD
    facts: list[dict[str, Any]] = [
        {"relay_id": relay_id, "field": field.value, "said": words, "origin": layer.origin.value}
        | {"act": act.value, "by": layer.by, "at": layer.at}
        for field, words in said.items()
    ]
    if facts:
        many(session, _KEEP, facts)
        many(session, _NOTE, facts)


def take_back(session: Session, relay_id: str, field: RelayField, layer: Layer) -> bool:
    """Forget what was said of a field; whether anything was."""
    facts = {"relay_id": relay_id, "field": field.value, "origin": layer.origin.value}
    if ask(session, _TAKE_BACK, facts).rowcount == 0:
        return False
    note(session, relay_id, Act.CORRECTION_TAKEN_BACK, layer.by, layer.at, field)
    return True


def note(  # noqa: PLR0913 - an act is all of these
    session: Session,
    relay_id: str,
    act: Act,
    by: str,
    at: datetime,
    field: RelayField | None = None,
) -> None:
    """Keep what somebody did with an entry."""
    named = None if field is None else field.value
    facts = {"relay_id": relay_id, "act": act.value, "field": named, "said": None}
    ask(session, _NOTE, facts | {"by": by, "at": at})


def of(session: Session, relay_id: str) -> Sequence[Any]:
    """What people say of a relay, what holds first."""
    rows = ask(session, _OF, {"ids": [relay_id]}).fetchall()
    return sorted(rows, key=lambda row: row.origin != Origin.OURS)


def in_force(session: Session, ids: Collection[str]) -> Mapping[str, Mapping[RelayField, str]]:
    """What is laid over these relays; one nobody put right is not in it."""
    laid: dict[str, dict[RelayField, str]] = defaultdict(dict)
    for row in ask(session, _OF, {"ids": list(ids)}):
        laid[row.relay_id][RelayField(row.field)] = row.said  # ours comes last
    return laid


def acts(session: Session, relay_id: str) -> Sequence[Any]:
    """What was done with an entry, the newest first."""
    return ask(session, _ACTS, {"relay_id": relay_id}).fetchall()
