"""Which relays serve a need at a place, the surest first: what a search looks into.

Of 140,000 services thousands may serve one need in the whole country, so that a search reads the
surest few of each need at each place and no others. The surprising thing: fairness is by need. A
need that everybody serves (help with papers) takes no room from one that few do (violence).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import Text
from sqlmodel import Field, Session

from services.bus.driver import ask
from services.referral.directory.listing import list_anew
from services.referral.store import Row

#: Whose list comes with a release: its rows are proposed before what others list.
RELEASE = "release"
#: Of the relays that serve a need at a place, the surest so many are looked at; the directory of a
#: release has fourteen at the most.
MOST_SERVING = 20


class ServedRow(Row, table=True):
    """That an active relay serves a need at a place."""

    __tablename__ = "served"

    need: str = Field(primary_key=True, sa_type=Text)
    place: str = Field(primary_key=True, sa_type=Text)  #: `FR`, `FR/75`
    rank: int = Field(primary_key=True)  #: for sorting, 0 is the surest
    relay_id: str = Field(primary_key=True, sa_type=Text, index=True)
    last_day: date | None = None  #: of the service, that day included


#: Ids of those to look at for `needs` at `places`; a day of grace, for the clocks of the world.
CHOSEN = f"""
    SELECT DISTINCT surest.relay_id
    FROM unnest(%(needs)s::text[]) AS need, unnest(%(places)s::text[]) AS place, LATERAL (
        SELECT s.relay_id FROM referral.served AS s
        WHERE s.need = need.need AND s.place = place.place
            AND (s.last_day IS NULL OR s.last_day >= coalesce(%(day)s::date - 1, '-infinity'))
        ORDER BY s.rank, s.relay_id LIMIT {MOST_SERVING}
    ) AS surest
"""  # noqa: S608 - our own words
_FORGET = "DELETE FROM referral.served WHERE relay_id = ANY(%(ids)s)"
_SERVE = f"""
    INSERT INTO referral.served (need, place, rank, relay_id, last_day)
    SELECT DISTINCT need, place,
        CASE WHEN e.holds_until IS NOT NULL THEN 0 ELSE 10 END
            + CASE WHEN e.source = '{RELEASE}' THEN 0 ELSE 5 END + e.surety,
        e.relay_id, e.last_day
    FROM referral.entry AS e, unnest(e.serves) AS need, unnest(e.places) AS place
    WHERE e.relay_id = ANY(%(ids)s) AND e.active
"""  # noqa: S608


def serve(session: Session, ids: Collection[str]) -> None:
    """Say anew what these relays serve, how sure they are, and how they stand in the list."""
    if ids:
        asked = {"ids": list(ids)}
        ask(session, _FORGET, asked)
        ask(session, _SERVE, asked)
        list_anew(session, ids)
