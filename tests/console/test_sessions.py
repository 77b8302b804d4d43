"""Until when a session stands, by what the roster, assignment and risk have said."""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlmodel import select

from contracts.risk import Standing
from contracts.vocabulary import LiveState, PersonId, Role, Stage
from services.bus.testing import ServiceUnderTest
from services.console import handlers
from services.console.domain import SHIFT_GRACE, SessionAsked, SessionEnd
from services.console.pictures import desks_by_token
from services.console.settings import KEEP_FOR, SWEEP_EVERY
from services.console.store import SessionRow
from tests.console import facts
from tests.console.facts import LINE, LISTENER, NOON, REGULATOR

FOUR = NOON + timedelta(hours=4)
OVER = FOUR + SHIFT_GRACE
A_DAY = timedelta(hours=24)
AGAIN = sha256(b"a second session").hexdigest()


def token_of(person_id: PersonId) -> str:
    return sha256(person_id.encode()).hexdigest()


def comes(
    console: ServiceUnderTest, person_id: PersonId = LISTENER, token: str | None = None
) -> None:
    """Somebody signs in, as what the roster says."""
    role = Role.LISTENER if person_id == LISTENER else Role.REGULATOR
    asked, kept = SessionAsked(person_id, role, LINE), token or token_of(person_id)
    reply = console.request(lambda work: handlers.open_session(asked, kept, A_DAY, work))
    assert reply.refusal is None


def ended(console: ServiceUnderTest, token: str | None = None) -> SessionEnd | None:
    """Why the listener's session no longer stands; None when it does."""
    kept = token or token_of(LISTENER)
    return console.read(lambda session: desks_by_token(session, [kept]))[kept].ended


@pytest.fixture
def in_shift(console: ServiceUnderTest) -> ServiceUnderTest:
    """A listener in a shift until four, with a session since noon."""
    shift = facts.established(LISTENER, Role.LISTENER, shift_ends_at=FOUR)
    console.deliver(shift, version=2)
    comes(console)
    return console


def shift_is_over(console: ServiceUnderTest) -> None:
    """The roster says so when it is."""
    console.at(FOUR)
    console.deliver(facts.established(LISTENER, Role.LISTENER, at=FOUR), version=3)


def test_a_session_ends_half_an_hour_after_the_shift(in_shift: ServiceUnderTest) -> None:
    shift_is_over(in_shift)
    in_shift.at(OVER - timedelta(seconds=1))
    assert ended(in_shift) is None
    in_shift.at(OVER)
    assert ended(in_shift) is SessionEnd.SHIFT_OVER


def test_it_does_so_too_when_the_roster_is_late(in_shift: ServiceUnderTest) -> None:
    in_shift.at(OVER)
    assert ended(in_shift) is SessionEnd.SHIFT_OVER


def test_who_signs_in_again_after_the_shift_stays(in_shift: ServiceUnderTest) -> None:
    shift_is_over(in_shift)
    in_shift.at(OVER)
    comes(in_shift, token=AGAIN)
    assert ended(in_shift, token=AGAIN) is None
    assert ended(in_shift) is SessionEnd.SHIFT_OVER


def test_who_goes_on_duty_again_after_the_shift_stays(in_shift: ServiceUnderTest) -> None:
    shift_is_over(in_shift)
    in_shift.deliver(facts.entered(entered_at=FOUR + timedelta(minutes=10)))
    in_shift.at(OVER)
    assert ended(in_shift) is None


def test_going_on_duty_before_the_end_of_the_shift_changes_nothing(
    in_shift: ServiceUnderTest,
) -> None:
    in_shift.deliver(facts.entered())
    shift_is_over(in_shift)
    in_shift.at(OVER)
    assert ended(in_shift) is SessionEnd.SHIFT_OVER


def test_a_shift_that_was_left_ends_no_session(in_shift: ServiceUnderTest) -> None:
    in_shift.at(NOON + timedelta(hours=1))
    left = facts.established(LISTENER, Role.LISTENER, at=NOON + timedelta(hours=1))
    in_shift.deliver(left, version=3)
    in_shift.at(OVER)
    assert ended(in_shift) is None


def test_a_next_shift_carries_the_session_on(in_shift: ServiceUnderTest) -> None:
    shift_is_over(in_shift)
    six = FOUR + timedelta(hours=2)
    in_shift.at(FOUR + timedelta(minutes=20))
    again = facts.established(
        LISTENER, Role.LISTENER, at=FOUR + timedelta(minutes=20), shift_ends_at=six
    )
    in_shift.deliver(again, version=4)
    in_shift.at(OVER)
    assert ended(in_shift) is None
    in_shift.at(six + SHIFT_GRACE)
    assert ended(in_shift) is SessionEnd.SHIFT_OVER


def test_a_session_without_a_shift_lasts_a_day(console: ServiceUnderTest) -> None:
    comes(console)
    console.at(NOON + A_DAY - timedelta(seconds=1))
    assert ended(console) is None
    console.at(NOON + A_DAY)
    assert ended(console) is SessionEnd.EXPIRED


# --- what is theirs -------------------------------------------------------------------------------

Act = Callable[[ServiceUnderTest], object]


def closed(console: ServiceUnderTest) -> object:
    raised = facts.alert_raised()
    return console.deliver(
        raised.model_copy(update={"standing": Standing.CLOSED, "held_by": LISTENER}), version=9
    )


def held_by_them(console: ServiceUnderTest) -> object:
    raised = facts.alert_raised(raised_by=REGULATOR, raised_as=Role.REGULATOR)
    console.deliver(raised)
    return console.deliver(facts.alert_taken(LISTENER, Role.LISTENER), version=2)


#: What begins, and what ends it.
THEIRS: dict[str, tuple[Act, Act]] = {
    "a talk": (
        lambda console: console.deliver(facts.entered(LiveState.TALKING)),
        lambda console: console.deliver(facts.entered(LiveState.RESTING), version=2),
    ),
    "a wrap-up": (
        lambda console: console.deliver(facts.entered(LiveState.WRAPPING_UP)),
        lambda console: console.deliver(facts.entered(LiveState.READY), version=2),
    ),
    "a contact just taken": (
        lambda console: console.deliver(facts.taken()),
        lambda console: console.deliver(facts.ended()),
    ),
    "an alert they raised": (lambda console: console.deliver(facts.alert_raised()), closed),
    "an alert they hold": (held_by_them, closed),
}

#: What would end a session.
ENDINGS: dict[str, tuple[Act, SessionEnd]] = {
    "the shift": (lambda console: console.at(OVER), SessionEnd.SHIFT_OVER),
    "time": (lambda console: console.at(NOON + A_DAY), SessionEnd.EXPIRED),
    "the roster": (
        lambda console: console.deliver(facts.established(LISTENER), version=3),
        SessionEnd.ROLE_LOST,
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("theirs", THEIRS)
def test_nothing_ends_a_session_before_what_is_theirs_is_over(
    in_shift: ServiceUnderTest, theirs: str, ending: str
) -> None:
    (begin, finish), (come, end) = THEIRS[theirs], ENDINGS[ending]
    begin(in_shift)
    come(in_shift)
    assert ended(in_shift) is None
    finish(in_shift)
    assert ended(in_shift) is end


def test_an_alert_of_somebody_else_keeps_no_session(in_shift: ServiceUnderTest) -> None:
    in_shift.deliver(facts.alert_raised(raised_by=REGULATOR, raised_as=Role.REGULATOR))
    in_shift.deliver(facts.taken(Stage.REGULATOR))
    in_shift.at(OVER)
    assert ended(in_shift) is SessionEnd.SHIFT_OVER


def test_a_session_long_expired_is_forgotten_but_not_while_an_alert_is_theirs(
    console: ServiceUnderTest,
) -> None:
    comes(console)
    comes(console, REGULATOR)
    console.deliver(facts.alert_raised())
    console.at(NOON + A_DAY + KEEP_FOR + SWEEP_EVERY)
    console.fire_deadlines()
    assert ended(console) is None
    assert _sessions(console) == {LISTENER}
    closed(console)
    console.at(NOON + A_DAY + KEEP_FOR + 3 * SWEEP_EVERY)
    console.fire_deadlines()
    assert _sessions(console) == set()


def _sessions(console: ServiceUnderTest) -> set[str]:
    return set(console.read(lambda session: session.exec(select(SessionRow.person_id)).all()))
