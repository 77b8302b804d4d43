"""Writes the rows a piece of work has changed, all by one statement in the driver's own words.

The mapper would write each row by a statement of its own, and each costs the one thread of the
assigner a round trip. The surprising thing: who writes takes the rows out of the session, so it is
the last thing a piece of work does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeAlias, TypeVar

import orjson
from psycopg import Cursor
from sqlmodel import Session

from services.assignment.store import ContactRow, OfferRow, PersonRow
from services.bus.driver import ask, only
from services.bus.work import Work

M = TypeVar("M")
R = TypeVar("R")
Changed: TypeAlias = ContactRow | PersonRow | OfferRow

#: The rows of contacts and people as they are to be; what never changes is left out. `still` is
#: what must hold of a row for it to be written.
_CHANGES = """
    contacts AS (
        UPDATE assignment.contact AS c SET stage = n.stage, state = n.state,
            priority = n.priority, need = n.need, languages = n.languages,
            departement = n.departement, joined_at = n.joined_at, front = n.front,
            untriaged = n.untriaged, declined_by = n.declined_by, offers = n.offers,
            offer_id = n.offer_id, heard = n.heard, was_at_risk = n.was_at_risk,
            way_out_at = n.way_out_at, version = n.version
        FROM jsonb_populate_recordset(NULL::assignment.contact, %(contacts)s::jsonb) AS n
        WHERE c.contact_id = n.contact_id{contact_still}
        RETURNING 1
    ), people AS (
        UPDATE assignment.person AS p SET programme = n.programme, role = n.role,
            state = n.state, since = n.since, contact_id = n.contact_id, offer_id = n.offer_id,
            held = n.held, wish = n.wish, missed_offers = n.missed_offers,
            consecutive_contacts = n.consecutive_contacts, wrapped_up_at = n.wrapped_up_at,
            rest_until = n.rest_until, out_of_sight = n.out_of_sight, version = n.version
        FROM jsonb_populate_recordset(NULL::assignment.person, %(people)s::jsonb) AS n
        WHERE p.person_id = n.person_id{person_still}
        RETURNING 1
    )"""
_ANY_ROW = _CHANGES.format(contact_still="", person_still="")
#: Rows as one look has seen them, which locks none.
_AS_SEEN = _CHANGES.format(
    contact_still=" AND c.state = 'waiting' AND c.offers = n.offers - 1",
    person_still=" AND p.version = n.version - 1",
)
_ADD_CONTACT = """
    INSERT INTO assignment.contact
    SELECT * FROM jsonb_populate_record(NULL::assignment.contact, %(contact)s::jsonb)
    ON CONFLICT DO NOTHING
"""
_SAVE = f"""
    WITH {_ANY_ROW}
    UPDATE assignment.offer AS o SET state = n.state, version = n.version
    FROM jsonb_populate_recordset(NULL::assignment.offer, %(offers)s::jsonb) AS n
    WHERE o.offer_id = n.offer_id
"""  # noqa: S608 - statements of ours
_OFFER_WAYS_OUT = """
    WITH offered AS (
        UPDATE assignment.contact AS c SET way_out_at = n.way_out_at, version = n.version
        FROM jsonb_populate_recordset(NULL::assignment.contact, %(contacts)s::jsonb) AS n
        WHERE c.contact_id = n.contact_id AND c.state = 'waiting' AND c.version = n.version - 1
        RETURNING 1
    )
    SELECT count(*) AS rows FROM offered
"""
_MAKE_OFFERS = f"""
    WITH {_AS_SEEN}, made AS (
        INSERT INTO assignment.offer
        SELECT n.* FROM jsonb_populate_recordset(NULL::assignment.offer, %(offers)s::jsonb) AS n
        JOIN assignment.eligibility AS e ON e.person_id = n.person_id
            AND e.programme = n.programme AND e.version = n.eligibility_version
            AND e.valid_until > public.helpline_now()
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM contacts) + (SELECT count(*) FROM people)
        + (SELECT count(*) FROM made) AS rows
"""  # noqa: S608


#: Nothing is announced, so the version stays; a contact that is offered keeps what was said.
_SAY_WHY = """
    UPDATE assignment.contact AS c SET obstacles = n.obstacles
    FROM jsonb_to_recordset(%(said)s::jsonb) AS n(contact_id text, obstacles text[])
    WHERE c.contact_id = n.contact_id
"""


def say_why(session: Session, said: Mapping[str, Sequence[str]]) -> None:
    """Write why nobody is offered these contacts."""
    rows = [{"contact_id": id, "obstacles": obstacles} for id, obstacles in said.items()]
    ask(session, _SAY_WHY, {"said": orjson.dumps(rows).decode()})


def add_contact(session: Session, contact: ContactRow) -> None:
    """Write a contact, unless it is known."""
    ask(session, _ADD_CONTACT, {"contact": contact.model_dump_json()})


def save(session: Session) -> None:
    """Write the contacts, people and offers that were changed."""
    changed = _changed(session)
    if changed:
        _write(session, _SAVE, changed, changed)


def make_offers(session: Session, offers: Sequence[OfferRow]) -> bool:
    """Write new offers, their contacts and people; whether all were still as the look saw them.

    The hard rule of DESIGN 7: a decision on another version of an eligibility, or on a lapsed one,
    cannot commit.
    """
    changed = _changed(session)
    written = only(_write(session, _MAKE_OFFERS, changed, offers)).rows
    return bool(written == len(changed) + len(offers))


def offer_ways_out(session: Session) -> bool:
    """Write which contacts were offered a way out; whether all still wait as the look saw them."""
    changed = _changed(session)
    return bool(only(_write(session, _OFFER_WAYS_OUT, changed, ())).rows == len(changed))


def saving(handler: Callable[[M, Work], R]) -> Callable[[M, Work], R]:
    """The handler, and what it changed written."""

    @wraps(handler)
    def handle(message: M, work: Work) -> R:
        answer = handler(message, work)
        save(work.session)
        return answer

    return handle


def _changed(session: Session) -> list[Changed]:
    return [row for row in session.dirty if isinstance(row, ContactRow | PersonRow | OfferRow)]


def _write(
    session: Session, statement: str, changed: Sequence[Changed], offers: Sequence[Changed]
) -> Cursor[Any]:
    facts = {
        "contacts": _as_json(row for row in changed if isinstance(row, ContactRow)),
        "people": _as_json(row for row in changed if isinstance(row, PersonRow)),
        "offers": _as_json(row for row in offers if isinstance(row, OfferRow)),
    }
    for row in changed:
        session.expunge(row)
    return ask(session, statement, facts)


def _as_json(rows: Iterable[Changed]) -> str:
    return f"[{','.join([row.model_dump_json() for row in rows])}]"
