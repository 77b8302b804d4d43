"""Statements about contacts that go on: what has happened in them, their clocks, their way back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from contracts.programme import ProgrammeTerms
from contracts.vocabulary import (
    ContactId,
    Nature,
    PersonId,
    Priority,
    ProgrammeId,
    Sha256,
    WayOut,
)
from services.bus.driver import ask, only
from services.intake import store
from services.intake.store import Contact

# --- following ------------------------------------------------------------------------------------

_ADD_TO_TEXTS = """
    UPDATE intake.contact SET ticks = ticks + 1, texts = texts + 1
    WHERE contact_id = %(contact_id)s RETURNING ticks, texts
"""
#: Compared with NULL, the signs of who wants to see none, no number is more.
_NEWS = """
    SELECT known.contact_id, contact.ticks, coalesce(typing.number, 0) AS signs
    FROM unnest(%(contact_ids)s::text[], %(ticks)s::int[], %(signs)s::int[])
        AS known(contact_id, ticks, signs)
    LEFT JOIN intake.contact ON contact.contact_id = known.contact_id
    LEFT JOIN intake.typing ON typing.contact_id = known.contact_id AND NOT typing.of_caller
        AND typing.until > clock_timestamp()
    WHERE contact.ticks IS NULL OR contact.ticks > known.ticks OR typing.number > known.signs
"""
_NOW_AND_LINE = """
    SELECT public.helpline_now() AS now,
        (SELECT programme FROM intake.contact WHERE contact_id = %(contact_id)s) AS programme
"""


def add_to_texts(session: Session, contact: Contact) -> int:
    """Count one more text of a locked contact; return its place among all that happened in it."""
    row = only(ask(session, _ADD_TO_TEXTS, {"contact_id": contact.contact_id}))
    contact.ticks, contact.texts = row.ticks, row.texts
    return contact.ticks


@dataclass(frozen=True)
class Known:
    """What a follower knows of a contact, or what there is to know."""

    ticks: int
    signs: int | None = None  #: of the human's writing; None: they want to see none

    def is_new_to(self, known: Known) -> bool:
        """Whether there is more than this follower knows."""
        signs = known.signs is not None and (self.signs or 0) > known.signs
        return self.ticks > known.ticks or signs


def oldest_of(followers: Collection[Known]) -> Known:
    """What all of them know, so that news to any of them is found."""
    signs = [each.signs for each in followers if each.signs is not None]
    return Known(min(each.ticks for each in followers), min(signs, default=None))


def news_of(session: Session, known: Mapping[ContactId, Known]) -> dict[ContactId, Known | None]:
    """Contacts of which there is more to know; None: it is gone."""
    asked = {
        "contact_ids": list(known),
        "ticks": [each.ticks for each in known.values()],
        "signs": [each.signs for each in known.values()],
    }
    return {
        row.contact_id: None if row.ticks is None else Known(row.ticks, row.signs)
        for row in ask(session, _NEWS, asked)
    }


def moment_and_line_of(
    session: Session, contact_id: ContactId
) -> tuple[datetime, ProgrammeId | None]:
    """Domain time, for who looks and does not work, and the line of a contact if it is known."""
    row = only(ask(session, _NOW_AND_LINE, {"contact_id": contact_id}))
    return row.now, row.programme


def terms_of(session: Session, contact: Contact) -> ProgrammeTerms:
    """The terms a contact began with and keeps."""
    return store.terms_of_version(session, contact.programme, contact.programme_version)


def keep_priority(session: Session, contact_id: ContactId, priority: Priority) -> None:
    """Keep how a human, or the ladder, has it served."""
    change(session, contact_id, "priority = %(priority)s", {"priority": priority})


def keep_raised(session: Session, contact: Contact, priority: Priority) -> None:
    """Keep that a contact goes up in its line, and that it was announced."""
    facts = {"priority": priority, "version": contact.written_version}
    changes = "priority = %(priority)s, written_version = %(version)s"
    change(session, contact.contact_id, changes, facts)


def keep_nature(session: Session, contact: Contact, nature: Nature) -> None:
    """Keep what kind of contact it was after all, and that it was announced."""
    facts = {"nature": nature, "corrections": contact.corrections}
    changes = "nature = %(nature)s, corrections = %(corrections)s"
    change(session, contact.contact_id, changes, facts)


def has_taken_another(session: Session, person_id: PersonId, contact: Contact) -> bool:
    """Whether somebody has taken another contact since this one ended: its wrap-up is over."""
    found = ask(
        session,
        """
        SELECT 1 FROM intake.contact
        WHERE person_id = %(person_id)s AND taken_at > %(ended_at)s
            AND contact_id <> %(contact_id)s LIMIT 1
        """,
        {
            "person_id": person_id,
            "ended_at": contact.ended_at,
            "contact_id": contact.contact_id,
        },
    )
    return found.fetchone() is not None


def keep_urgency(session: Session, contact_id: ContactId, since: datetime) -> None:
    """Keep that its caller has said it is urgent, and tell who follows."""
    change(session, contact_id, "urgent_since = %(since)s, ticks = ticks + 1", {"since": since})


# --- cut off, and back ----------------------------------------------------------------------------


def mark_lost(session: Session, contact_id: ContactId) -> None:
    """The human in a contact was lost, and its caller is told so until the next one takes it."""
    change(session, contact_id, "lost_human = true, ticks = ticks + 1", {})


def hold(session: Session, contact_id: ContactId, until: datetime) -> None:
    """The caller's side was cut off; the contact is kept for them until then."""
    change(session, contact_id, "away_until = %(until)s, ticks = ticks + 1", {"until": until})


def bring_back(session: Session, contact_id: ContactId) -> None:
    """The caller is there again."""
    change(session, contact_id, "away_until = NULL, ticks = ticks + 1", {})


def change_way_in(
    session: Session, contact_id: ContactId, token_sha256: Sha256, code_hash: str
) -> None:
    """Another token opens the contact, and another code brings back to it; the old ones do not,
    and who follows by them is told so at once.
    """
    facts = {"token": token_sha256, "code": code_hash}
    changes = "token_sha256 = %(token)s, code_hash = %(code)s, ticks = ticks + 1"
    change(session, contact_id, changes, facts)


def change_token(session: Session, contact_id: ContactId, token_sha256: Sha256) -> None:
    """Another token opens the contact; the old one does not."""
    change(session, contact_id, "token_sha256 = %(token)s", {"token": token_sha256})


def forget_code(session: Session, contact_id: ContactId) -> None:
    """Nothing brings back to the contact any more."""
    change(session, contact_id, "code_hash = NULL", {})


_BY_CODE = """
    SELECT contact_id FROM intake.contact
    WHERE code_hash = ANY(%(hashes)s) AND state <> 'ended' AND channel = 'chat' LIMIT 2
"""


def contact_of_code(session: Session, code_hashes: Sequence[str]) -> ContactId | None:
    """The one live contact a return code brings back to."""
    rows = ask(session, _BY_CODE, {"hashes": list(code_hashes)}).fetchall()
    return rows[0].contact_id if len(rows) == 1 else None


#: Domain time between two notes that a caller was heard; who follows asks far more often.
_HEARD_EVERY = "20 seconds"


def note_heard(session: Session, contact_id: ContactId) -> None:
    """The page of a caller asked for news: it is there. Leaves no trace but the moment."""
    ask(
        session,
        f"""
        UPDATE intake.contact SET heard_at = public.helpline_now()
        WHERE contact_id = %(contact_id)s AND state <> 'ended' AND (heard_at IS NULL
            OR heard_at < public.helpline_now() - interval '{_HEARD_EVERY}')
        """,  # noqa: S608 - a constant of ours
        {"contact_id": contact_id},
    )


# --- while they wait ------------------------------------------------------------------------------

#: In one order, so that two of these never block each other for good.
_TELL_WAITING = """
    UPDATE intake.contact SET ticks = ticks + 1 WHERE contact_id IN (
        SELECT contact_id FROM intake.contact
        WHERE programme = %(programme)s AND ended_at IS NULL AND channel <> 'message'
            AND state IN ('waiting_regulator', 'waiting_listener')
        ORDER BY contact_id FOR UPDATE
    )
"""


def tell_waiting(session: Session, programme: ProgrammeId) -> None:
    """Something has happened to everybody who waits for a voice or a line of a chat."""
    ask(session, _TELL_WAITING, {"programme": programme})


_WAITS_SINCE = """
    SELECT EXISTS (
        SELECT 1 FROM intake.contact
        WHERE programme = %(programme)s AND ended_at IS NULL AND channel <> 'message'
            AND state IN ('waiting_regulator', 'waiting_listener')
            AND coalesce(waits_since, opened_at) <= %(moment)s
    ) AS so
"""


def somebody_waits_since(session: Session, programme: ProgrammeId, moment: datetime) -> bool:
    """Whether somebody has waited for a voice or a line of a chat since a moment, or longer."""
    return bool(only(ask(session, _WAITS_SINCE, {"programme": programme, "moment": moment})).so)


def keep_way_out(session: Session, contact_id: ContactId, way_out: WayOut, until: datetime) -> None:
    """Keep that its caller was offered a way out, and tell them."""
    facts = {"way_out": way_out, "until": until}
    changes = "way_out = %(way_out)s, way_out_until = %(until)s, ticks = ticks + 1"
    change(session, contact_id, changes, facts)


def decline_way_out(session: Session, contact_id: ContactId) -> None:
    """The caller said no: they wait, and a yes counts no more."""
    change(session, contact_id, "way_out_declined = true, ticks = ticks + 1", {})


# --- the clocks of a message ----------------------------------------------------------------------


def restart_clocks(session: Session, contact_id: ContactId, asked_at: datetime) -> None:
    """A new message waits to be read, and answered."""
    change(
        session,
        contact_id,
        "unread_since = %(asked_at)s, unanswered_since = %(asked_at)s",
        {"asked_at": asked_at},
    )


def stop_reading_clock(session: Session, contact_id: ContactId) -> None:
    """A human has read it."""
    change(session, contact_id, "unread_since = NULL", {})


def stop_clocks(session: Session, contact_id: ContactId) -> None:
    """A human has answered, and so read it."""
    changes = "unread_since = NULL, unanswered_since = NULL, answers = answers + 1"
    change(session, contact_id, changes, {})


def count_written(session: Session, contact_id: ContactId, version: int) -> None:
    """Keep how many facts of its clocks were announced."""
    change(session, contact_id, "written_version = %(version)s", {"version": version})


def change(
    session: Session, contact_id: ContactId, changes: str, facts: Mapping[str, object]
) -> None:
    """Change a locked contact; `changes` is a constant of who calls, never made of what came in."""
    statement = f"UPDATE intake.contact SET {changes} WHERE contact_id = %(contact_id)s"  # noqa: S608
    ask(session, statement, {"contact_id": contact_id, **facts})
