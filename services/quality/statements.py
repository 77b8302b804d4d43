"""The statements of the frequent facts, in the driver's own words.

Each one is a round trip more, and building it would cost more than running it. What was locked is
returned by the write that locks it: read beside the lock, it could be older.

`news` counts what was told of a contact, or of an hour's duty, since its hour was last counted. The
first of it asks for a count; what follows finds it asked for. A count begins by setting `news` to 0
under the locks of these rows, and so waits for whatever is being told on the strength of it.
"""

from __future__ import annotations

#: All that is kept of a contact beside its id, its line and `news`.
_KEPT = (
    "programme_version",
    "opened_at",
    "decided_at",
    "priority",
    "destination",
    "need",
    "untriaged_priority",
    "takes",
    "ended_at",
    "outcome",
    "nature",
    "departement",
    "marks",
    "last_sign_at",
    "channel",
    "asked_at",
)
_FACTS = ", ".join(("programme", *_KEPT))

#: Changing nothing, it locks the row, and returns it as it is once it is ours.
LOCK_CONTACT = f"""
    INSERT INTO quality.contact AS contact (contact_id, programme, takes, marks, news)
    VALUES (%(contact_id)s, %(programme)s, '[]', '[]', 0)
    ON CONFLICT (contact_id) DO UPDATE SET programme = contact.programme
    RETURNING {_FACTS}, news, (
        SELECT answer_target_seconds FROM quality.target WHERE target.programme = contact.programme
        AND target.programme_version = contact.programme_version
    ) AS answer_target_seconds
"""  # noqa: S608 - names of our own columns, here and below

_VALUES = (
    ", ".join(f"{name} = %({name})s" for name in _KEPT)
    .replace("%(takes)s", "CAST(%(takes)s AS jsonb)")
    .replace("%(marks)s", "CAST(%(marks)s AS jsonb)")
)
SAVE_CONTACT = (
    f"UPDATE quality.contact SET {_VALUES}, news = %(news)s WHERE contact_id = %(contact_id)s"  # noqa: S608
)

ADD_SIGN = """
    INSERT INTO quality.contact AS contact (contact_id, programme, takes, marks, last_sign_at, news)
    VALUES (%(contact_id)s, %(programme)s, '[]', '[]', %(at)s, 0)
    ON CONFLICT (contact_id) DO UPDATE
    SET last_sign_at = greatest(contact.last_sign_at, excluded.last_sign_at)
"""

ADD_DUTY = """
    INSERT INTO quality.duty AS duty
        (programme, hour, ready, busy, resting, paused, rests_given, news)
    VALUES (%(programme)s, %(hour)s, %(ready)s, %(busy)s, %(resting)s, %(paused)s,
        %(rests_given)s, 1)
    ON CONFLICT (programme, hour) DO UPDATE SET
        ready = duty.ready + excluded.ready, busy = duty.busy + excluded.busy,
        resting = duty.resting + excluded.resting, paused = duty.paused + excluded.paused,
        rests_given = duty.rests_given + excluded.rests_given, news = duty.news + 1
    RETURNING news
"""

ADD_RELAY_OUTCOME = """
    INSERT INTO quality.relay_outcome AS told (programme, hour, outcome, count)
    VALUES (%(programme)s, %(hour)s, %(outcome)s, 1)
    ON CONFLICT (programme, hour, outcome) DO UPDATE SET count = told.count + 1
"""

_OPENED_IN_HOUR = (
    "programme = %(programme)s AND opened_at >= %(hour)s AND opened_at < %(next_hour)s"
)
TAKE_IN_NEWS = f"""
    WITH duty AS (
        UPDATE quality.duty SET news = 0
        WHERE programme = %(programme)s AND hour = %(hour)s AND news > 0
    )
    UPDATE quality.contact SET news = 0 WHERE {_OPENED_IN_HOUR} AND news > 0
"""  # noqa: S608
CONTACTS_OF_HOUR = f"SELECT {_FACTS} FROM quality.contact WHERE {_OPENED_IN_HOUR}"  # noqa: S608
LIVE_CONTACTS = (
    f"SELECT {_FACTS} FROM quality.contact WHERE programme = %(programme)s AND ended_at IS NULL"  # noqa: S608
)
OPENED_BETWEEN = (
    f"SELECT {_FACTS} FROM quality.contact WHERE programme = %(programme)s"  # noqa: S608
    " AND opened_at >= %(begin)s AND opened_at < %(end)s ORDER BY opened_at"
)
ENDED_SINCE = (
    f"SELECT {_FACTS} FROM quality.contact WHERE programme = %(programme)s"  # noqa: S608
    " AND opened_at >= %(since)s AND ended_at IS NOT NULL ORDER BY opened_at"
)
