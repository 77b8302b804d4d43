"""Help that is asked for in a talk reaches every supervisor who is in, and stays until answered."""

from sqlmodel import Session, select

from contracts.vocabulary import AuthorKind, LiveState, PersonId, Role, TextKind
from services.bus.testing import ServiceUnderTest
from services.console import helping
from services.console.store import DeskMessageRow
from tests.console import facts
from tests.console.facts import CONTACT, LINE, LISTENER, later

HELP = TextKind.HELP
SUPERVISOR = PersonId("supervisor-1")


def waiting(session: Session) -> list[str]:
    return [row.contact_id for row in helping.unanswered(session, LINE)]


def test_help_waits_until_a_supervisor_writes(console: ServiceUnderTest) -> None:
    asked = facts.sealed(AuthorKind.LISTENER, kind=HELP)
    console.deliver(asked)
    assert console.read(waiting) == [CONTACT]
    console.deliver(facts.sealed(AuthorKind.SUPERVISOR, kind=HELP, sealed_at=later(9)), version=2)
    assert console.read(waiting) == []
    console.deliver(asked, version=3)  # the first word once more, late
    assert console.read(waiting) == []
    console.deliver(facts.sealed(AuthorKind.LISTENER, kind=HELP, sealed_at=later(12)), version=4)
    assert console.read(waiting) == [CONTACT]


def test_answer_is_told_to_the_desk_that_asked(console: ServiceUnderTest) -> None:
    console.deliver(facts.opened())
    console.deliver(facts.made())
    console.deliver(facts.taken())
    console.deliver(facts.entered(LiveState.TALKING))
    console.deliver(facts.sealed(AuthorKind.SUPERVISOR, kind=HELP))

    def told(session: Session) -> list[str]:
        rows = session.exec(select(DeskMessageRow).where(DeskMessageRow.person_id == LISTENER))
        return [row.body["what"] for row in rows if row.kind == "text"]

    assert console.read(told) == ["help"]


def test_line_of_a_listener_is_no_help(console: ServiceUnderTest) -> None:
    console.deliver(facts.sealed(AuthorKind.LISTENER))
    assert console.read(waiting) == []


def test_supervisor_hears_of_help_without_being_on_duty(console: ServiceUnderTest) -> None:
    console.deliver(facts.established(SUPERVISOR, Role.SUPERVISOR))
    facts.session_of(console, SUPERVISOR, Role.SUPERVISOR)
    console.deliver(facts.sealed(AuthorKind.LISTENER, kind=HELP))

    def told(session: Session) -> int:
        told = select(DeskMessageRow).where(DeskMessageRow.person_id == SUPERVISOR)
        return len(session.exec(told).all())

    assert console.read(told) == 1
