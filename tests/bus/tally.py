"""A tiny service for the tests of the bus: it counts contacts and answers one command."""

from datetime import timedelta

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from contracts.contact import ContactEnded, ContactOpened, EndContact
from contracts.envelope import Reply, done, refused
from contracts.vocabulary import EndedBy, Nature, Outcome, Refusal
from services.bus.table import Answer, Due, On, Service
from services.bus.work import Work


class Row(SQLModel, registry=registry(metadata=MetaData(schema="intake"))):
    """Tables of the tally; it plays intake, whose events it publishes."""


class Tally(Row, table=True):
    """One contact, counted."""

    contact_id: str = Field(primary_key=True)
    programme: str
    seen: int = 0
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Counted by contact."""
        return f"contact:{self.contact_id}"


#: Behaviour a test may plant: contact id -> exception to raise.
PLANTED: dict[str, Exception] = {}


def on_contact_opened(event: ContactOpened, work: Work) -> None:
    """Count, announce that it is over, wake up in a minute."""
    if event.contact_id in PLANTED:
        raise PLANTED[event.contact_id]
    row = work.session.get(Tally, event.contact_id, with_for_update=True)
    row = row or Tally(contact_id=event.contact_id, programme=event.programme)
    row.seen += 1
    work.session.add(row)
    work.announce(_ended(event, work), of=row)
    work.set_deadline("look_again", event.contact_id, work.now + timedelta(minutes=1))


def on_end_contact(command: EndContact, work: Work) -> Reply:
    """End what is known."""
    row = work.session.get(Tally, command.contact_id, with_for_update=True)
    if row is None:
        return refused(Refusal.UNKNOWN_CONTACT, "contact_id")
    row.seen += 100
    work.session.add(row)
    return done(row.version)


def on_look_again_due(key: str, work: Work) -> None:
    """Count the waking."""
    row = work.session.get(Tally, key, with_for_update=True)
    assert row is not None
    row.seen += 10
    work.session.add(row)


def _ended(event: ContactOpened, work: Work) -> ContactEnded:
    return ContactEnded(
        contact_id=event.contact_id,
        programme=event.programme,
        channel=event.channel,
        opened_at=event.opened_at,
        ended_at=work.now,
        kept_until=work.now + timedelta(days=400),
        outcome=Outcome.LISTENED,
        nature=Nature.TEST,
        ended_by=EndedBy.PLATFORM,
    )


TALLY = Service(
    name="intake",
    tables=Row.metadata,
    consumes=(On(ContactOpened, on_contact_opened),),
    answers=(Answer(EndContact, on_end_contact),),
    publishes=(ContactEnded, ContactOpened),
    deadlines=(Due("look_again", on_look_again_due),),
)
