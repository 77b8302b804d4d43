"""The statements of the frequent facts, made once.

Building a statement costs SQLAlchemy more than running it, and each one is a round trip more, so a
fact is one or two of these: the first locks and reads, the last writes the contact, the offer, the
desk and its message together. No statement reads a table beside a lock it takes: what it had to
wait for would be newer than what it reads. What was locked is returned by the write that locks it.
"""

from __future__ import annotations

from sqlalchemy import TextClause, text

#: What is known of a contact, the fields of `ContactFacts`, and what is derived of them.
_KNOWN = (
    "opened_at",
    "first_stage",
    "regulator_offer",
    "regulator_since",
    "sent_on_at",
    "destination",
    "listener_offer",
    "listener_since",
    "ended_at",
    "outcome",
)
_DERIVED = ("state", "since")

#: Changing nothing, it locks the row, and returns it as it is once it is ours.
_MET = f"""
    INSERT INTO console.contact AS contact (contact_id, programme)
    VALUES (:contact_id, :programme)
    ON CONFLICT (contact_id) DO UPDATE SET programme = contact.programme
    RETURNING {", ".join(_KNOWN)}
"""  # noqa: S608 - names of our own columns, here and below

LOCK_CONTACT = text(_MET)

#: Standing of an offer's row within the transaction that makes it; the fold replaces it.
NEW_OFFER = "new"
LOCK_OFFER = text(
    f"""
    WITH contact AS ({_MET}), offer AS (
        INSERT INTO console.offer AS offer (offer_id, contact_id, person_id, stage, standing)
        SELECT :offer_id, :contact_id, :person_id, :stage, '{NEW_OFFER}' FROM contact
        ON CONFLICT (offer_id) DO UPDATE SET standing = offer.standing
        RETURNING standing, shown
    )
    SELECT contact.*, offer.standing, offer.shown FROM contact, offer
    """  # noqa: S608
)

_PLACE = f"""
    UPDATE console.contact SET {", ".join(f"{name} = :{name}" for name in (*_KNOWN, *_DERIVED))}
    WHERE contact_id = :contact_id
"""  # noqa: S608
SAVE_CONTACT = text(_PLACE)

_STAND = "UPDATE console.offer SET standing = :standing WHERE offer_id = :offer_id"
SAVE_OFFER = text(_STAND)

#: Save a contact and take its humans of these stages out of it: who they were.
LEAVE_STAGES = text(
    f"""
    WITH contact AS ({_PLACE})
    UPDATE console.offer SET standing = :standing
    WHERE contact_id = :contact_id AND standing = 'taken' AND stage = ANY(:stages)
    RETURNING offer_id, contact_id, person_id, stage
    """  # noqa: S608
)


def _telling(before: str, new_desk: str, changes: str) -> TextClause:
    """Change a desk after `before`, and add a message under the desk's next number.

    `new_desk` is what a desk that never was begins with (columns and a SELECT of their values).
    The lock of the desk, held until the commit, is what makes its numbers dense.
    """
    return text(
        f"""
        WITH {before} desk AS (
            INSERT INTO console.desk AS desk {new_desk}
            ON CONFLICT (person_id) DO UPDATE SET {changes}, last_number = desk.last_number + 1
            RETURNING last_number
        )
        INSERT INTO console.desk_message (person_id, number, kind, body, at)
        SELECT :person_id, last_number, :kind, CAST(:body AS jsonb), :at FROM desk
        """  # noqa: S608
    )


_EMPTY_DESK = "(person_id, live_state, last_number) SELECT :person_id, 'off_duty', 1"
#: A newer one may already stand there; that one stays.
_CLEAR = "{0} = CASE WHEN desk.{0} ->> 'offer_id' = :offer_id THEN NULL ELSE desk.{0} END"
_CLEAR_OFFER, _CLEAR_CONTACT = _CLEAR.format("offer"), _CLEAR.format("contact")

SHOW_OFFER = _telling(
    """made AS (
        INSERT INTO console.offer (offer_id, contact_id, person_id, stage, standing, shown)
        VALUES (:offer_id, :contact_id, :person_id, :stage, :standing, CAST(:body AS jsonb))
        ON CONFLICT (offer_id) DO NOTHING RETURNING shown
    ),""",
    "(person_id, live_state, offer, last_number) SELECT :person_id, 'off_duty', shown, 1 FROM made",
    "offer = excluded.offer",
)
CLOSE_OFFER = _telling(f"offer AS ({_STAND}),", _EMPTY_DESK, _CLEAR_OFFER)
SHOW_CONTACT = _telling(
    f"contact AS ({_PLACE}), offer AS ({_STAND}),",
    "(person_id, live_state, contact, last_number) "
    "SELECT :person_id, 'off_duty', CAST(:body AS jsonb), 1",
    f"contact = excluded.contact, {_CLEAR_OFFER}",
)
CLOSE_CONTACT = _telling("", _EMPTY_DESK, _CLEAR_CONTACT)
ENTER_LIVE_STATE = _telling(
    "",
    "(person_id, programme, role, live_state, live, last_number) "
    "SELECT :person_id, :programme, :role, :live_state, CAST(:body AS jsonb), 1",
    "programme = excluded.programme, role = excluded.role, "
    "live_state = excluded.live_state, live = excluded.live",
)
