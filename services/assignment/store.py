"""Tables of assignment and small functions named by intent. Nothing here commits.

The constraints are the last judge, whatever the code above believes: one live offer per contact;
per person one by telephone and nothing beside it, or one in each of four places in writing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import (
    ARRAY,
    DDL,
    CheckConstraint,
    Column,
    DateTime,
    Engine,
    Index,
    MetaData,
    Text,
    event,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import class_mapper, make_transient_to_detached, registry
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Field, Session, SQLModel, col, select

from contracts.programme import ProgrammePublished, ProgrammeTerms
from contracts.roster import EligibilityEstablished
from contracts.synthetic import RESERVED, ROBOT
from contracts.vocabulary import LiveState
from services.bus.driver import ask, only


class Row(SQLModel, registry=registry(metadata=MetaData(schema="assignment"))):
    """A table of assignment's own schema."""


tables = Row.metadata
# Equality of people beside difference of channels in one index; trusted since Postgres 13.
event.listen(tables, "before_create", DDL("CREATE EXTENSION IF NOT EXISTS btree_gist"))  # type: ignore[no-untyped-call]

WAITING, OFFERED, TAKEN, ENDED = "waiting", "offered", "taken", "ended"
OPEN, DECLINED, EXPIRED, WITHDRAWN, OVER = "open", "declined", "expired", "withdrawn", "over"
_LIVE = "state IN ('open', 'taken')"
#: No human is ever on duty for, or offered anything of, the reserved programme; nor the robot of
#: anything else.
_APART = f"(person_id = '{ROBOT}') = (programme = '{RESERVED}')"


def _moment(*, nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _words() -> Any:
    return Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))


class ContactRow(Row, table=True):
    """A contact in one of the two lines, or with a person, or over."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("contact_in_line", "programme", postgresql_where=text("state = 'waiting'")),
        Index(
            "urgent_contact_joined",
            "programme",
            "joined_at",
            postgresql_where=text("priority IN ('P1', 'P2')"),
        ),
    )

    contact_id: str = Field(primary_key=True)
    programme: str
    channel: str
    stage: str
    state: str  #: waiting, offered, taken, ended
    priority: str | None = None
    need: str = "unknown"
    languages: list[str] = _words()
    departement: str | None = None
    waiting_since: datetime = _moment(nullable=False)
    joined_at: datetime = _moment(nullable=False)
    front: bool = False
    untriaged: bool = False
    declined_by: list[str] = _words()
    offers: int = 0
    offer_id: str | None = None
    sought: str | None = None  #: who they were cut off from
    slowed: bool = False
    obstacles: list[str] = _words()  #: why nobody was offered it, when that was last decided
    heard: bool = False  #: a human has set its priority
    was_at_risk: bool = False  #: a human once found it P1 or P2
    way_out_at: datetime | None = _moment()  #: when it was offered a way out, once
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Counted by contact."""
        return f"contact:{self.contact_id}"


class PersonRow(Row, table=True):
    """A person's live state. `wish` is what they asked for while they could not have it.

    `held`: the offers of the contacts they are in, oldest first; several in writing only.
    `offer_id` and `contact_id`: what they are asked to take, else what they took last.
    """

    __tablename__ = "person"
    __table_args__ = (
        Index("person_on_duty", "programme", postgresql_where=text("state <> 'off_duty'")),
        CheckConstraint(_APART, name="robot_meets_nobody"),
    )

    person_id: str = Field(primary_key=True)
    programme: str
    role: str
    state: str
    since: datetime = _moment(nullable=False)
    contact_id: str | None = None
    offer_id: str | None = None
    held: list[str] = _words()
    wish: str | None = None
    missed_offers: int = 0
    consecutive_contacts: int = 0
    wrapped_up_at: datetime | None = _moment()
    rest_until: datetime | None = _moment()
    out_of_sight: bool = False  #: they talk by telephone and their desk is not heard
    #: Machine time: the desk's last sign of life.
    last_beat: datetime = Field(
        default=None,
        sa_column=Column(
            DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")
        ),
    )
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Counted by person."""
        return f"person:{self.person_id}"


class OfferRow(Row, table=True):
    """An offer, with why it was made."""

    __tablename__ = "offer"
    __table_args__ = (
        Index(
            "one_live_offer_per_place",
            "person_id",
            "place",
            unique=True,
            postgresql_where=text(_LIVE),
        ),
        ExcludeConstraint(
            ("person_id", "="),
            (literal_column("((channel = 'phone')::int)"), "<>"),
            name="voice_excludes_writing",
            using="gist",
            where=text(_LIVE),
        ),
        CheckConstraint(
            "place BETWEEN 0 AND CASE channel WHEN 'phone' THEN 0 ELSE 3 END",
            name="one_place_by_telephone",
        ),
        CheckConstraint(_APART, name="robot_meets_nobody_offered"),
        Index(
            "one_live_offer_per_contact",
            "contact_id",
            unique=True,
            postgresql_where=text(_LIVE),
        ),
    )

    offer_id: str = Field(primary_key=True)
    contact_id: str
    person_id: str
    programme: str
    channel: str
    stage: str
    state: str  #: open, taken, declined, expired, withdrawn, over
    made_at: datetime = _moment(nullable=False)
    expires_at: datetime = _moment(nullable=False)
    reasons: list[str] = _words()
    rules_version: str
    eligibility_version: int
    place: int = 0  #: of up to four that a person has for contacts; the first, by telephone
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Counted by offer."""
        return f"offer:{self.offer_id}"


class EligibilityRow(Row, table=True):
    """What the roster says a person may be offered."""

    __tablename__ = "eligibility"

    person_id: str = Field(primary_key=True)
    programme: str = Field(primary_key=True)
    version: int
    valid_until: datetime = _moment(nullable=False)
    shift_ends_at: datetime | None = _moment()
    accepts_last_minutes: bool = False
    roles: list[str] = _words()
    qualification: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class LineRow(Row, table=True):
    """Whether anybody is on duty for a line, as last announced."""

    __tablename__ = "line"

    programme: str = Field(primary_key=True)
    staffed: bool
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Counted by line."""
        return f"line:{self.programme}"


class TermsRow(Row, table=True):
    """A version of a line."""

    __tablename__ = "terms"

    programme: str = Field(primary_key=True)
    programme_version: int = Field(primary_key=True)
    effective_at: datetime = _moment(nullable=False)
    rules_version: str
    terms: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


@dataclass(frozen=True)
class TermsInForce:
    """The terms of a line that count at a moment."""

    programme: str
    programme_version: int
    rules_version: str
    terms: ProgrammeTerms


#: Read once for each database: a version never changes.
_READ_TERMS: WeakKeyDictionary[Engine, dict[tuple[str, int], TermsInForce]] = WeakKeyDictionary()
_NEWEST_TERMS = (
    "SELECT max(programme_version) AS newest FROM assignment.terms "
    "WHERE programme = %(programme)s AND effective_at <= %(now)s"
)


def keep_terms(session: Session, event: ProgrammePublished) -> None:
    """Remember a version of a line."""
    session.merge(
        TermsRow(
            programme=event.programme,
            programme_version=event.programme_version,
            effective_at=event.effective_at,
            rules_version=event.rules_version,
            terms=event.terms.model_dump(mode="json"),
        )
    )


def terms_in_force(session: Session, programme: str, now: datetime) -> TermsInForce | None:
    """The newest version of a line in effect at `now`; None when the line is not known yet."""
    newest = only(ask(session, _NEWEST_TERMS, {"programme": programme, "now": now})).newest
    return None if newest is None else terms_of(session, programme, newest)


def terms_of(session: Session, programme: str, version: int) -> TermsInForce:
    """The terms of this version of a line; the version is known."""
    read = _READ_TERMS.setdefault(session.get_bind().engine, {})
    if (programme, version) not in read:
        row = session.get_one(TermsRow, (programme, version))
        terms = ProgrammeTerms.model_validate(row.terms, extra="ignore")
        read[programme, version] = TermsInForce(programme, version, row.rules_version, terms)
    return read[programme, version]


def keep_eligibility(session: Session, event: EligibilityEstablished, version: int) -> None:
    """Replace what is known of a person.

    A shift that has ended stays so for who is still here: the roster knows of no shift from then.
    """
    before = eligibility_of(session, event.person_id, event.programme)
    shift_ends_at = event.shift_ends_at
    if shift_ends_at is None and before is not None and before.shift_ends_at is not None:
        over = before.shift_ends_at <= event.established_at
        shift_ends_at = before.shift_ends_at if over else None
    session.merge(
        EligibilityRow(
            person_id=event.person_id,
            programme=event.programme,
            version=version,
            valid_until=event.valid_until,
            shift_ends_at=shift_ends_at,
            accepts_last_minutes=event.accepts_last_minutes,
            roles=[role.value for role in event.qualification.roles],
            qualification=event.qualification.model_dump(mode="json"),
        )
    )


def eligibility_of(session: Session, person_id: str, programme: str) -> EligibilityRow | None:
    """What the roster says of a person for a line."""
    return session.get(EligibilityRow, (person_id, programme))


def contact_of(session: Session, contact_id: str) -> ContactRow | None:
    """The contact, locked."""
    return session.get(ContactRow, contact_id, with_for_update=True)


def person_of(session: Session, person_id: str) -> PersonRow | None:
    """The person, locked."""
    return session.get(PersonRow, person_id, with_for_update=True)


def offer_of(session: Session, offer_id: str) -> OfferRow | None:
    """The offer, locked."""
    return session.get(OfferRow, offer_id, with_for_update=True)


def free_place(session: Session, person_id: str) -> int:
    """The first place this person has for one more contact in writing."""
    row = only(ask(session, _FREE_PLACE, {"person_id": person_id}))
    return int(row.place)


def contact_held(session: Session, offer_id: str) -> str:
    """The contact of an offer that has been taken; it is never locked by itself."""
    return str(only(ask(session, _CONTACT_HELD, {"offer_id": offer_id})).contact_id)


class OfferInFull(NamedTuple):
    """An open offer with whom it is about, and the terms of its line at the moment."""

    offer: OfferRow
    contact: ContactRow
    person: PersonRow
    terms: TermsInForce


class OfferFound(NamedTuple):
    """Whose an offer is, and what there is of it while it is open."""

    person_id: str
    in_full: OfferInFull | None  #: None = it is not open


class ContactInFull(NamedTuple):
    """A contact, with its open or taken offer and that offer's person, where there is one."""

    contact: ContactRow | None  #: None = not known
    live: tuple[OfferRow, PersonRow] | None


_FREE_PLACE = f"""
    SELECT min(place) AS place FROM generate_series(0, 3) AS place WHERE place NOT IN (
        SELECT o.place FROM assignment.offer AS o WHERE person_id = %(person_id)s AND {_LIVE}
    )
"""  # noqa: S608 - statements of ours
_CONTACT_HELD = "SELECT contact_id FROM assignment.offer WHERE offer_id = %(offer_id)s"
#: Nothing is locked of an offer that is over.
_OFFER = """
    WITH locked AS (
        SELECT to_json(o)::text AS offer, to_json(c)::text AS contact, to_json(p)::text AS person, (
            SELECT max(programme_version) FROM assignment.terms AS t
            WHERE t.programme = o.programme AND t.effective_at <= %(now)s
        ) AS newest
        FROM assignment.offer AS o
        JOIN assignment.contact AS c ON c.contact_id = o.contact_id
        JOIN assignment.person AS p ON p.person_id = o.person_id
        WHERE o.offer_id = %(offer_id)s AND o.state = 'open'
        FOR UPDATE OF o, c, p
    )
    SELECT o.person_id, o.programme, locked.*
    FROM assignment.offer AS o LEFT JOIN locked ON true WHERE o.offer_id = %(offer_id)s
"""
_CONTACT = """
    WITH known AS (
        SELECT to_json(c)::text AS contact FROM assignment.contact AS c
        WHERE contact_id = %(contact_id)s FOR UPDATE
    ), live AS (
        SELECT to_json(o)::text AS offer, to_json(p)::text AS person
        FROM assignment.offer AS o JOIN assignment.person AS p ON p.person_id = o.person_id
        WHERE o.contact_id = %(contact_id)s AND o.state IN ('open', 'taken')
        FOR UPDATE OF o, p
    )
    SELECT known.*, live.* FROM (SELECT 1) AS one LEFT JOIN known ON true LEFT JOIN live ON true
"""


def offer_in_full(session: Session, offer_id: str, now: datetime) -> OfferFound | None:
    """The offer; while it is open its contact and its person too, all locked, and the terms."""
    row = ask(session, _OFFER, {"offer_id": offer_id, "now": now}).fetchone()
    if row is None:
        return None
    if row.offer is None:
        return OfferFound(row.person_id, None)
    in_full = OfferInFull(
        taken_up(session, OfferRow, orjson.loads(row.offer)),
        taken_up(session, ContactRow, orjson.loads(row.contact)),
        taken_up(session, PersonRow, orjson.loads(row.person)),
        terms_of(session, row.programme, row.newest),
    )
    return OfferFound(row.person_id, in_full)


def contact_in_full(session: Session, contact_id: str) -> ContactInFull:
    """The contact and who is with it or asked to be, all locked."""
    row = only(ask(session, _CONTACT, {"contact_id": contact_id}))
    contact = taken_up(session, ContactRow, orjson.loads(row.contact)) if row.contact else None
    if row.offer is None:
        return ContactInFull(contact, None)
    live = (
        taken_up(session, OfferRow, orjson.loads(row.offer)),
        taken_up(session, PersonRow, orjson.loads(row.person)),
    )
    return ContactInFull(contact, live)


K = TypeVar("K", ContactRow, PersonRow, OfferRow)
_MOMENTS = {
    kind: [name for name, field in kind.model_fields.items() if "datetime" in str(field.annotation)]
    for kind in (ContactRow, PersonRow, OfferRow)
}


def taken_up(session: Session, kind: type[K], told: Mapping[str, Any]) -> K:
    """A row told as JSON, as the session holds one it has read: what changes in it will be known.

    What is told beside the row's own fields is left out.
    """
    facts = {name: told[name] for name in kind.model_fields}
    for name in _MOMENTS[kind]:
        if facts[name] is not None:
            facts[name] = datetime.fromisoformat(facts[name])
    row: K = class_mapper(kind).class_manager.new_instance()
    for name, fact in facts.items():
        set_committed_value(row, name, fact)
    make_transient_to_detached(row)
    session.add(row)
    return row


_ANYBODY_ELSE = """
    SELECT EXISTS (
        SELECT FROM assignment.person WHERE programme = %(programme)s
            AND state <> 'off_duty' AND person_id <> %(but)s
    ) AS staffed
"""


def is_staffed(session: Session, programme: str, but: str = "") -> bool:
    """Whether anybody but this person is on duty for a line."""
    asked = {"programme": programme, "but": but}
    return bool(only(ask(session, _ANYBODY_ELSE, asked)).staffed)


def line_of(session: Session, programme: str) -> LineRow | None:
    """What was last said of a line; None when nothing was."""
    return session.get(LineRow, programme)


_BEAT = (
    "UPDATE assignment.person SET last_beat = clock_timestamp() "
    "WHERE person_id = ANY(%(person_ids)s)"
)


def note_beat(session: Session, *person_ids: str) -> None:
    """The desks of these people have shown that they are there; who is not known is ignored."""
    ask(session, _BEAT, {"person_ids": list(person_ids)})


def silent_people(session: Session, programme: str, lost_after: timedelta) -> Sequence[PersonRow]:
    """Who could be offered something or is in a contact, and whose desk has been silent for too
    long (machine time); who is known to be out of sight is no news.

    Called only once this assigner has itself listened for so long (reading.lines_on_the_floor).
    """
    return session.exec(
        select(PersonRow)
        .where(
            PersonRow.programme == programme,
            col(PersonRow.state).in_((LiveState.READY, LiveState.OFFERED, LiveState.TALKING)),
            ~col(PersonRow.out_of_sight),
            col(PersonRow.last_beat) < func.clock_timestamp() - lost_after,
        )
        .with_for_update()
    ).all()


def people_seen_again(
    session: Session, programme: str, lost_after: timedelta
) -> Sequence[PersonRow]:
    """Who was out of sight and whose desk has been heard lately (machine time)."""
    return session.exec(
        select(PersonRow)
        .where(
            PersonRow.programme == programme,
            col(PersonRow.out_of_sight),
            col(PersonRow.last_beat) >= func.clock_timestamp() - lost_after,
        )
        .with_for_update()
    ).all()
