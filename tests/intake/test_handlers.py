"""What intake keeps and announces, on a real Postgres."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from hashlib import sha256

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from contracts.contact import ContactEnded, ContactOpened, EndContact
from contracts.envelope import Event, Reply, ReplyStatus
from contracts.programme import ProgrammePublished
from contracts.vocabulary import (
    Channel,
    ContactId,
    ContactState,
    Destination,
    EndedBy,
    LeaveReason,
    Nature,
    Outcome,
    Priority,
    ProgrammeId,
    Refusal,
    Role,
    Stage,
)
from services.bus.testing import ServiceUnderTest
from services.bus.work import new_id
from services.intake import store
from tests.intake.builders import (
    LINE,
    LISTENER,
    REGULATOR,
    a_listener,
    a_regulator,
    a_triage,
    an_application,
    apply_line,
    endings,
    leave_contact,
    open_contact,
    put_into_force,
    sent_untriaged,
    shipped,
    the_contact,
    the_shipped_terms,
)
from tests.intake.conftest import NOON


def end(
    intake: ServiceUnderTest,
    contact_id: ContactId,
    outcome: Outcome = Outcome.LISTENED,
    actor: str = LISTENER,
    role: Role = Role.LISTENER,
) -> Reply:
    return intake.ask(EndContact(contact_id=contact_id, outcome=outcome), actor, role)


def state_of(intake: ServiceUnderTest, contact_id: ContactId) -> ContactState:
    return ContactState(the_contact(intake, contact_id).state)


def with_a_listener(intake: ServiceUnderTest) -> ContactId:
    contact_id = open_contact(intake)
    intake.deliver(a_regulator(contact_id).taken())
    intake.deliver(a_triage(contact_id))
    intake.deliver(a_listener(contact_id).taken(60))
    return contact_id


@pytest.fixture
def line(intake: ServiceUnderTest) -> ServiceUnderTest:
    """Intake with the shipped line in force."""
    assert apply_line(intake).status is ReplyStatus.DONE
    return intake


# --- lines ----------------------------------------------------------------------------------------


def test_applying_a_line_publishes_its_first_version(intake: ServiceUnderTest) -> None:
    reply = apply_line(intake)
    assert reply.status is ReplyStatus.DONE
    assert reply.version == 1
    published = intake.announced(ProgrammePublished)
    assert [event.programme_version for event in published] == [1]
    assert published[0].terms == the_shipped_terms()
    assert published[0].effective_at == NOON


def test_the_author_of_a_version_is_kept(line: ServiceUnderTest) -> None:
    row = line.read(lambda session: session.get_one(store.ProgrammeRow, (LINE, 1)))
    assert row.author == "o-fatou"


def test_the_very_same_manifest_again_changes_nothing(line: ServiceUnderTest) -> None:
    reply = apply_line(line)
    assert reply.status is ReplyStatus.DONE
    assert reply.version == 1
    assert reply.result is not None
    assert reply.result["already_so"] is True
    assert len(line.announced(ProgrammePublished)) == 1


def test_another_manifest_is_the_next_version(line: ServiceUnderTest) -> None:
    reply = apply_line(line, manifest_sha256=sha256(b"another").hexdigest())
    assert reply.version == 2
    assert [event.programme_version for event in line.announced(ProgrammePublished)] == [1, 2]


def test_the_same_file_understood_differently_is_another_version(line: ServiceUnderTest) -> None:
    terms = the_shipped_terms().model_copy(update={"untriaged_priority": Priority.P2})
    assert apply_line(line, terms=terms).version == 2


def test_a_version_for_later_waits_for_its_moment(line: ServiceUnderTest) -> None:
    other = {"manifest_sha256": sha256(b"another").hexdigest()}
    tomorrow = NOON + timedelta(days=1)
    assert apply_line(line, **other, effective_at=tomorrow).version == 2
    assert the_contact(line, open_contact(line)).programme_version == 1
    line.at(tomorrow)
    assert the_contact(line, open_contact(line)).programme_version == 2


def test_a_version_for_later_may_be_wanted_now_after_all(line: ServiceUnderTest) -> None:
    other = {"manifest_sha256": sha256(b"another").hexdigest()}
    tomorrow = NOON + timedelta(days=1)
    apply_line(line, **other, effective_at=tomorrow)
    assert apply_line(line, **other, effective_at=tomorrow).version == 2
    assert apply_line(line, **other).version == 3
    assert the_contact(line, open_contact(line)).programme_version == 3


def test_a_contact_keeps_the_version_it_began_with(line: ServiceUnderTest) -> None:
    contact_id = open_contact(line)
    apply_line(line, manifest_sha256=sha256(b"another").hexdigest())
    leave_contact(line, contact_id)
    assert the_contact(line, contact_id).programme_version == 1


def test_a_number_that_is_another_lines_is_refused(line: ServiceUnderTest) -> None:
    other = shipped("sos-detresse")
    theirs = other.callers.model_copy(update={"numbers": shipped().callers.numbers})
    application = an_application(programme="sos-detresse", terms=other.terms, callers=theirs)
    reply = line.ask(application, "o-fatou", Role.OPERATOR, programme="sos-detresse")
    assert (reply.refusal, reply.field) == (Refusal.INVALID_FIELD, "callers.numbers")
    assert put_into_force(line, "sos-detresse").status is ReplyStatus.DONE


def test_what_callers_are_told_makes_a_version_of_its_own(line: ServiceUnderTest) -> None:
    changed = shipped().callers.model_copy(update={"controllers": ("Une association",)})
    assert apply_line(line).version == 1
    assert apply_line(line, callers=changed).version == 2


WRONG_APPLICATIONS: dict[str, tuple[dict[str, object], Refusal, str]] = {
    "for a moment that is past": (
        {"effective_at": NOON - timedelta(seconds=1)},
        Refusal.INVALID_FIELD,
        "effective_at",
    ),
    "with a flaw in its terms": (
        {"terms": the_shipped_terms().model_copy(update={"untriaged_priority": Priority.P5})},
        Refusal.INVALID_FIELD,
        "terms.untriaged_priority",
    ),
    "with no closed-hours text": (
        {"callers": shipped().callers.model_copy(update={"ladders": ()})},
        Refusal.INVALID_FIELD,
        "callers.ladders",
    ),
    "of another line than the session's": (
        {"programme": ProgrammeId("sos-detresse")},
        Refusal.NOT_IN_PROGRAMME,
        "programme",
    ),
}


@pytest.mark.parametrize("case", WRONG_APPLICATIONS.values(), ids=WRONG_APPLICATIONS)
def test_a_wrong_application_is_refused_and_nothing_is_published(
    intake: ServiceUnderTest, case: tuple[dict[str, object], Refusal, str]
) -> None:
    changed, refusal, field = case
    reply = apply_line(intake, **changed)
    assert (reply.status, reply.refusal, reply.field) == (ReplyStatus.REFUSED, refusal, field)
    assert intake.announced() == []


def test_only_an_operator_applies_a_line(intake: ServiceUnderTest) -> None:
    for role in set(Role) - {Role.OPERATOR}:
        reply = intake.ask(an_application(), "c-gilles", role)
        assert reply.refusal is Refusal.ROLE_NOT_PERMITTED


def test_a_version_the_operator_has_not_seen_is_not_overwritten(line: ServiceUnderTest) -> None:
    other = an_application(manifest_sha256=sha256(b"another").hexdigest())
    stale = line.ask(other, "o-fatou", Role.OPERATOR, expected_version=0)
    assert stale.refusal is Refusal.STALE_VERSION
    seen = line.ask(other, "o-fatou", Role.OPERATOR, expected_version=1)
    assert seen.version == 2


# --- opening --------------------------------------------------------------------------------------


def test_opening_a_contact_announces_it_with_the_version_and_line_it_waits_in(
    line: ServiceUnderTest,
) -> None:
    contact_id = open_contact(line)
    opened = line.announced(ContactOpened)
    assert [event.contact_id for event in opened] == [contact_id]
    assert opened[0].programme_version == 1
    assert opened[0].first_stage is Stage.REGULATOR
    assert opened[0].opened_at == NOON
    assert state_of(line, contact_id) is ContactState.WAITING_REGULATOR


# --- what the others say --------------------------------------------------------------------------


def test_a_contact_crosses_the_line_and_is_ended_by_its_listener(line: ServiceUnderTest) -> None:
    contact_id = open_contact(line)
    line.deliver(a_regulator(contact_id).taken())
    assert state_of(line, contact_id) is ContactState.WITH_REGULATOR
    line.deliver(a_triage(contact_id))
    assert state_of(line, contact_id) is ContactState.WAITING_LISTENER
    line.deliver(a_listener(contact_id).taken(60))
    assert state_of(line, contact_id) is ContactState.WITH_LISTENER
    line.at(NOON + timedelta(minutes=20))
    command = EndContact(contact_id=contact_id, outcome=Outcome.REFERRED, nature=Nature.THIRD_PARTY)
    reply = line.ask(command, LISTENER, Role.LISTENER)
    assert reply.status is ReplyStatus.DONE
    assert reply.version == 2
    assert endings(line) == [
        ContactEnded(
            contact_id=contact_id,
            programme=LINE,
            channel=Channel.PHONE,
            opened_at=NOON,
            ended_at=NOON + timedelta(minutes=20),
            kept_until=NOON + timedelta(days=400, hours=1),
            outcome=Outcome.REFERRED,
            nature=Nature.THIRD_PARTY,
            ended_by=EndedBy.LISTENER,
            stage=Stage.LISTENER,
            person_id=LISTENER,
        )
    ]


def test_a_listeners_take_that_overtook_the_triage_counts(line: ServiceUnderTest) -> None:
    contact_id = open_contact(line)
    line.deliver(a_listener(contact_id).taken(60))
    line.deliver(a_triage(contact_id))
    line.deliver(a_regulator(contact_id).taken())
    assert state_of(line, contact_id) is ContactState.WITH_LISTENER


def test_a_withdrawn_take_puts_the_contact_back_in_its_line(line: ServiceUnderTest) -> None:
    contact_id = open_contact(line)
    regulator = a_regulator(contact_id)
    line.deliver(regulator.taken(), version=2)
    line.deliver(regulator.withdrawn(), version=3)
    assert state_of(line, contact_id) is ContactState.WAITING_REGULATOR


def test_a_take_heard_of_after_its_withdrawal_holds_nobody(line: ServiceUnderTest) -> None:
    contact_id = open_contact(line)
    regulator = a_regulator(contact_id)
    line.deliver(regulator.withdrawn(), version=3)
    line.deliver(regulator.taken(), version=2)
    assert state_of(line, contact_id) is ContactState.WAITING_REGULATOR


def test_an_offer_withdrawn_before_anyone_took_it_is_not_our_matter(
    line: ServiceUnderTest,
) -> None:
    contact_id = open_contact(line)
    regulator = a_regulator(contact_id)
    line.deliver(regulator.taken())
    line.deliver(regulator.withdrawn(was_taken=False), version=2)
    assert state_of(line, contact_id) is ContactState.WITH_REGULATOR


def test_without_a_regulator_the_contact_waits_for_a_listener(line: ServiceUnderTest) -> None:
    contact_id = open_contact(line)
    line.deliver(sent_untriaged(contact_id))
    assert state_of(line, contact_id) is ContactState.WAITING_LISTENER


def test_a_regulator_who_informs_ends_the_contact(line: ServiceUnderTest) -> None:
    contact_id = open_contact(line)
    line.deliver(a_regulator(contact_id).taken())
    line.deliver(a_triage(contact_id, Destination.INFORMED))
    assert [event.outcome for event in endings(line)] == [Outcome.INFORMED_BY_REGULATOR]


def test_calling_for_rescue_keeps_the_contact_with_its_regulator(line: ServiceUnderTest) -> None:
    contact_id = open_contact(line)
    line.deliver(a_regulator(contact_id).taken())
    line.deliver(a_triage(contact_id, Destination.RESCUE))
    assert state_of(line, contact_id) is ContactState.WITH_REGULATOR
    outcome = Outcome.TRANSFERRED_TO_EMERGENCY
    assert end(line, contact_id, outcome, REGULATOR, Role.REGULATOR).status is ReplyStatus.DONE
    assert [event.outcome for event in endings(line)] == [outcome]


UNKNOWN = ContactId("00000000-0000-4000-8000-000000000000")
FACTS_OF_NOBODY: dict[str, Callable[[ServiceUnderTest], object]] = {
    "taken": lambda intake: intake.deliver(a_regulator(UNKNOWN).taken()),
    "withdrawn": lambda intake: intake.deliver(a_regulator(UNKNOWN).withdrawn()),
    "triaged": lambda intake: intake.deliver(a_triage(UNKNOWN)),
    "sent untriaged": lambda intake: intake.deliver(sent_untriaged(UNKNOWN)),
}


@pytest.mark.parametrize("tell", FACTS_OF_NOBODY.values(), ids=FACTS_OF_NOBODY)
def test_a_fact_about_a_contact_that_was_never_opened_here_is_left(
    line: ServiceUnderTest, tell: Callable[[ServiceUnderTest], object]
) -> None:
    before: list[Event] = list(line.announced())
    tell(line)
    assert list(line.announced()) == before
    assert line.read(lambda session: session.get(store.ContactRow, UNKNOWN)) is None


# --- leaving and ending ---------------------------------------------------------------------------


def test_leaving_while_waiting_is_abandoned(line: ServiceUnderTest) -> None:
    contact_id = open_contact(line)
    assert leave_contact(line, contact_id).status is ReplyStatus.DONE
    assert [(event.outcome, event.stage) for event in endings(line)] == [(Outcome.ABANDONED, None)]


def test_a_take_recorded_first_makes_the_hang_up_an_end(line: ServiceUnderTest) -> None:
    contact_id = with_a_listener(line)
    leave_contact(line, contact_id)
    assert [event.outcome for event in endings(line)] == [Outcome.LISTENED]


def test_a_take_after_the_caller_left_changes_nothing(line: ServiceUnderTest) -> None:
    contact_id = open_contact(line)
    leave_contact(line, contact_id)
    line.deliver(a_regulator(contact_id).taken(1))
    assert state_of(line, contact_id) is ContactState.ENDED
    assert [event.outcome for event in endings(line)] == [Outcome.ABANDONED]


def test_what_ended_first_stays_whatever_is_told_later(line: ServiceUnderTest) -> None:
    contact_id = with_a_listener(line)
    leave_contact(line, contact_id, LeaveReason.CUT_OFF)
    leave_contact(line, contact_id, LeaveReason.HUNG_UP)
    assert end(line, contact_id).refusal is Refusal.CONTACT_OVER
    line.deliver(a_triage(contact_id, Destination.INFORMED, seconds=90), version=2)
    line.deliver(sent_untriaged(contact_id, seconds=90))
    line.deliver(a_listener(contact_id).taken(99))
    assert [event.outcome for event in endings(line)] == [Outcome.DROPPED]
    assert the_contact(line, contact_id).version == 2


def test_another_listener_cannot_end_the_contact(line: ServiceUnderTest) -> None:
    contact_id = with_a_listener(line)
    assert end(line, contact_id, actor="v-chloe").refusal is Refusal.NOT_YOURS
    assert endings(line) == []


def test_a_person_of_another_line_cannot_end_the_contact(line: ServiceUnderTest) -> None:
    contact_id = with_a_listener(line)
    command = EndContact(contact_id=contact_id, outcome=Outcome.LISTENED)
    reply = line.ask(command, LISTENER, Role.LISTENER, programme="sos-detresse")
    assert reply.refusal is Refusal.NOT_IN_PROGRAMME
    assert endings(line) == []


def test_a_supervisor_may_end_the_contact(line: ServiceUnderTest) -> None:
    contact_id = with_a_listener(line)
    assert end(line, contact_id, actor="s-eva", role=Role.SUPERVISOR).status is ReplyStatus.DONE
    assert [event.ended_by for event in endings(line)] == [EndedBy.SUPERVISOR]


def test_neither_coordinator_nor_operator_may_end_a_contact(line: ServiceUnderTest) -> None:
    contact_id = with_a_listener(line)
    for role in (Role.COORDINATOR, Role.OPERATOR):
        assert end(line, contact_id, role=role).refusal is Refusal.ROLE_NOT_PERMITTED
    assert endings(line) == []


def test_an_outcome_the_human_cannot_say_is_refused(line: ServiceUnderTest) -> None:
    contact_id = with_a_listener(line)
    reply = end(line, contact_id, Outcome.ABANDONED)
    assert (reply.refusal, reply.field) == (Refusal.INVALID_FIELD, "outcome")


def test_ending_before_the_take_was_heard_of_is_not_yet_and_then_done(
    line: ServiceUnderTest,
) -> None:
    contact_id = open_contact(line)
    id = new_id()
    command = EndContact(contact_id=contact_id, outcome=Outcome.LISTENED)
    first = line.ask(command, LISTENER, Role.LISTENER, command_id=id)
    assert first.status is ReplyStatus.NOT_YET
    line.deliver(a_listener(contact_id).taken())
    again = line.ask(command, LISTENER, Role.LISTENER, command_id=id)
    assert again.status is ReplyStatus.DONE


def test_a_desk_that_saw_an_older_version_is_told_so(line: ServiceUnderTest) -> None:
    contact_id = with_a_listener(line)
    command = EndContact(contact_id=contact_id, outcome=Outcome.LISTENED)
    stale = line.ask(command, LISTENER, Role.LISTENER, expected_version=0)
    assert stale.refusal is Refusal.STALE_VERSION
    assert line.ask(command, LISTENER, Role.LISTENER, expected_version=1).version == 2


def test_ending_a_contact_nobody_opened_is_refused(line: ServiceUnderTest) -> None:
    assert end(line, UNKNOWN).refusal is Refusal.UNKNOWN_CONTACT


def test_a_command_told_twice_ends_the_contact_once(line: ServiceUnderTest) -> None:
    contact_id = with_a_listener(line)
    command, id = EndContact(contact_id=contact_id, outcome=Outcome.LISTENED), new_id()
    first = line.ask(command, LISTENER, Role.LISTENER, command_id=id)
    assert line.ask(command, LISTENER, Role.LISTENER, command_id=id) == first
    assert len(endings(line)) == 1


def test_a_hang_up_a_take_and_an_end_at_the_same_moment_leave_one_end(
    line: ServiceUnderTest,
) -> None:
    for _ in range(5):
        contact_id = open_contact(line)
        listener = a_listener(contact_id)
        acts: tuple[Callable[[], object], ...] = (
            partial(line.deliver, listener.taken()),
            partial(leave_contact, line, contact_id),
            partial(end, line, contact_id, actor="s-eva", role=Role.SUPERVISOR),
        )
        with ThreadPoolExecutor(len(acts)) as people:
            for act in [people.submit(act) for act in acts]:
                act.result()
        mine = [event for event in endings(line) if event.contact_id == contact_id]
        assert len(mine) == 1
        assert the_contact(line, contact_id).outcome == mine[0].outcome
        assert the_contact(line, contact_id).version == 2


def test_the_table_itself_refuses_an_end_without_an_outcome(line: ServiceUnderTest) -> None:
    contact_id = open_contact(line)
    update = "UPDATE intake.contact SET state = 'ended' WHERE contact_id = :id"
    with line.session() as session, pytest.raises(IntegrityError, match="ended_wholly_or_not"):
        session.execute(text(update), {"id": contact_id})
