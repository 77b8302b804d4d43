"""The statements of the frequent facts, in the driver's own words.

Each one is a round trip more, and building it would cost more than running it, so a fact is one or
two of these: the first locks and reads, the last writes the contact, the offer, the desk and its
message together. No statement reads a table beside a lock it takes: what it had to wait for would
be newer than what it reads. What was locked is returned by the write that locks it.
"""

from __future__ import annotations

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
    "channel",
    "language",
    "priority",
    "urgent_at",
)
_DERIVED = ("state", "since")

#: Changing nothing, it locks the row, and returns it as it is once it is ours.
LOCK_CONTACT = f"""
    INSERT INTO console.contact AS contact (contact_id, programme)
    VALUES (%(contact_id)s, %(programme)s)
    ON CONFLICT (contact_id) DO UPDATE SET programme = contact.programme
    RETURNING {", ".join(_KNOWN)}
"""  # noqa: S608 - names of our own columns, here and below

#: Standing of an offer's row within the transaction that makes it; the fold replaces it.
NEW_OFFER = "new"
LOCK_OFFER = f"""
    WITH contact AS ({LOCK_CONTACT}), offer AS (
        INSERT INTO console.offer AS offer (offer_id, contact_id, person_id, stage, standing)
        SELECT %(offer_id)s, %(contact_id)s, %(person_id)s, %(stage)s, '{NEW_OFFER}' FROM contact
        ON CONFLICT (offer_id) DO UPDATE SET standing = offer.standing
        RETURNING standing, shown
    )
    SELECT contact.*, offer.standing, offer.shown FROM contact, offer
"""  # noqa: S608

SAVE_CONTACT = f"""
    UPDATE console.contact SET {", ".join(f"{name} = %({name})s" for name in (*_KNOWN, *_DERIVED))}
    WHERE contact_id = %(contact_id)s
"""  # noqa: S608

SAVE_OFFER = "UPDATE console.offer SET standing = %(standing)s WHERE offer_id = %(offer_id)s"

#: Save a contact that goes on, forget what was noted of it, and take its humans of these stages out
#: of it: who they were.
LEAVE_STAGES = f"""
    WITH contact AS ({SAVE_CONTACT}),
        noted AS (DELETE FROM console.noted WHERE contact_id = %(contact_id)s)
    UPDATE console.offer SET standing = %(standing)s
    WHERE contact_id = %(contact_id)s AND standing = 'taken' AND stage = ANY(%(stages)s)
    RETURNING offer_id, contact_id, person_id, stage
"""  # noqa: S608


def _telling(before: str, new_desk: str, changes: str) -> str:
    """Change a desk after `before`, and add a message under the desk's next number.

    `new_desk` is what a desk that never was begins with (columns and a SELECT of their values).
    The lock of the desk, held until the commit, is what makes its numbers dense.
    """
    return f"""
        WITH {before} desk AS (
            INSERT INTO console.desk AS desk {new_desk}
            ON CONFLICT (person_id) DO UPDATE SET {changes}, last_number = desk.last_number + 1
            RETURNING last_number
        )
        INSERT INTO console.desk_message (person_id, number, kind, body, at)
        SELECT %(person_id)s, last_number, %(kind)s, CAST(%(body)s AS jsonb),
            public.helpline_now()
        FROM desk
        """  # noqa: S608


_EMPTY_DESK = "(person_id, live_state, last_number) SELECT %(person_id)s, 'off_duty', 1"
#: A newer one may already stand there; that one stays.
_CLEAR = "{0} = CASE WHEN desk.{0} ->> 'offer_id' = %(offer_id)s THEN NULL ELSE desk.{0} END"
_CLEAR_OFFER = _CLEAR.format("offer")
#: Of several chats the one taken last is shown; when it is over, the one taken before it.
_CLEAR_CONTACT = """
    held = desk.held - %(offer_id)s::text,
    contact = CASE WHEN desk.contact ->> 'offer_id' = %(offer_id)s THEN (
        SELECT value FROM jsonb_each(desk.held - %(offer_id)s::text)
        ORDER BY value ->> 'taken_at' DESC LIMIT 1
    ) ELSE desk.contact END
"""

SHOW_OFFER = _telling(
    """made AS (
        INSERT INTO console.offer (offer_id, contact_id, person_id, stage, standing, shown)
        VALUES (%(offer_id)s, %(contact_id)s, %(person_id)s, %(stage)s, %(standing)s,
            CAST(%(body)s AS jsonb))
        ON CONFLICT (offer_id) DO NOTHING RETURNING shown
    ),""",
    "(person_id, live_state, offer, last_number) "
    "SELECT %(person_id)s, 'off_duty', shown, 1 FROM made",
    "offer = excluded.offer",
)
CLOSE_OFFER = _telling(f"offer AS ({SAVE_OFFER}),", _EMPTY_DESK, _CLEAR_OFFER)
SHOW_CONTACT = _telling(
    f"contact AS ({SAVE_CONTACT}), offer AS ({SAVE_OFFER}),",
    "(person_id, live_state, contact, held, last_number) "
    "SELECT %(person_id)s, 'off_duty', CAST(%(body)s AS jsonb), "
    "jsonb_build_object(%(offer_id)s::text, CAST(%(body)s AS jsonb)), 1",
    f"contact = excluded.contact, held = desk.held || excluded.held, {_CLEAR_OFFER}",
)
CLOSE_CONTACT = _telling("", _EMPTY_DESK, _CLEAR_CONTACT)
ENTER_LIVE_STATE = _telling(
    "",
    "(person_id, programme, role, live_state, live, last_number) "
    "SELECT %(person_id)s, %(programme)s, %(role)s, %(live_state)s, CAST(%(body)s AS jsonb), 1",
    "programme = excluded.programme, role = excluded.role, "
    "live_state = excluded.live_state, live = excluded.live",
)
#: A message that changes nothing on the desk.
TELL = _telling("", _EMPTY_DESK, "live_state = desk.live_state")

#: Who has a contact, and with `supervisors` or `regulators` those on duty for its line too.
WHO_HEARS = """
    SELECT person_id FROM console.offer WHERE contact_id = %(contact_id)s AND standing = 'taken'
    UNION
    SELECT person_id FROM console.desk
    WHERE (%(supervisors)s AND role = 'supervisor' OR %(regulators)s AND role = 'regulator')
        AND programme = %(programme)s AND live_state <> 'off_duty'
    ORDER BY person_id
"""

#: Whom an alert concerns: who raised it and who has it, the supervisors of the line; on the second
#: rung its regulators, on the third its duty professionals. By their sessions: on duty or not.
CONCERNED = """
    SELECT %(raised_by)s::text AS person_id WHERE %(raised_by)s::text IS NOT NULL
    UNION SELECT %(held_by)s::text WHERE %(held_by)s::text IS NOT NULL
    UNION SELECT person_id FROM console.session
    WHERE programme = %(programme)s AND expires_at > public.helpline_now()
        AND (role = 'supervisor' OR (role = 'regulator' AND %(level)s >= 2)
            OR (role = 'duty_professional' AND %(level)s >= 3))
"""


def _desks_of(people: str) -> str:
    """Each under their desk's next number; desks are locked in one order."""
    return f"""
    concerned AS ({people}), desk AS (
        INSERT INTO console.desk AS desk (person_id, live_state, last_number)
        SELECT person_id, 'off_duty', 1 FROM concerned ORDER BY person_id
        ON CONFLICT (person_id) DO UPDATE SET last_number = desk.last_number + 1
        RETURNING person_id, last_number
    )
    """  # noqa: S608


#: A message to everybody whom an alert concerns.
_DESKS_CONCERNED = _desks_of(CONCERNED)
_TELL_THEM = """
    INSERT INTO console.desk_message (person_id, number, kind, body, at)
    SELECT person_id, last_number, %(kind)s, CAST(%(body)s AS jsonb), public.helpline_now()
    FROM desk
"""
TELL_OF_ALERT = f"WITH {_DESKS_CONCERNED} {_TELL_THEM}"
#: To who may need a supervisor of the line, on duty or about to be.
_WHO_ASKS_SUPERVISORS = """
    SELECT DISTINCT person_id FROM console.session
    WHERE programme = %(programme)s AND expires_at > public.helpline_now()
        AND role IN ('regulator', 'listener')
"""
TELL_WHO_ASKS_SUPERVISORS = f"WITH {_desks_of(_WHO_ASKS_SUPERVISORS)} {_TELL_THEM}"
#: Beside it, who was told of the alert, and when for the first time.
SHOW_ALERT = f"""
    WITH alert AS (
        INSERT INTO console.alert
            (alert_id, programme, standing, level, raised_by, held_by, shown, told_at)
        VALUES (%(alert_id)s, %(programme)s, %(standing)s, %(level)s, %(raised_by)s, %(held_by)s,
            CAST(%(body)s AS jsonb), %(at)s)
        ON CONFLICT (alert_id) DO UPDATE SET standing = excluded.standing, level = excluded.level,
            held_by = excluded.held_by, shown = excluded.shown, told_at = excluded.told_at
    ), {_DESKS_CONCERNED}, told AS (
        INSERT INTO console.alert_told (alert_id, person_id, told_at)
        SELECT %(alert_id)s, person_id, %(at)s FROM desk ON CONFLICT DO NOTHING
    ) {_TELL_THEM}
"""  # noqa: S608

#: The roster says at its end that a shift is over by saying none; one that was left says so before.
KEEP_ELIGIBILITY = """
    INSERT INTO console.eligibility AS known (person_id, programme, roles, shift_ends_at)
    VALUES (%(person_id)s, %(programme)s, %(roles)s, %(shift_ends_at)s)
    ON CONFLICT (person_id, programme) DO UPDATE SET roles = excluded.roles,
        shift_ends_at = CASE
            WHEN excluded.shift_ends_at IS NULL AND known.shift_ends_at <= %(at)s
            THEN known.shift_ends_at ELSE excluded.shift_ends_at
        END
"""
BEGIN_WITHOUT_SHIFT = """
    UPDATE console.eligibility SET shift_ends_at = NULL
    WHERE person_id = %(person_id)s AND programme = %(programme)s AND shift_ends_at <= %(at)s
"""

#: People whose session nothing ends: a contact, a wrap-up or an alert is theirs.
_OCCUPIED = """
    SELECT person_id FROM console.desk
    WHERE held <> '{}' OR live_state IN ('talking', 'wrapping_up')
    UNION SELECT raised_by FROM console.alert WHERE standing IN ('open', 'taken')
    UNION SELECT held_by FROM console.alert
    WHERE standing IN ('open', 'taken') AND held_by IS NOT NULL
"""
FORGET_SESSIONS = f"""
    DELETE FROM console.session
    WHERE expires_at < %(moment)s AND person_id NOT IN ({_OCCUPIED})
"""  # noqa: S608
