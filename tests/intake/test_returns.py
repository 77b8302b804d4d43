"""Coming back: cut off, with a pass, slowed; and that nothing joins two contacts afterwards."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.contact import (
    ContactOpened,
    CorrectNature,
    EndContact,
    GiveReturnPass,
    NatureCorrected,
    SlowReturns,
)
from contracts.envelope import Reply, ReplyStatus
from contracts.vocabulary import (
    Destination,
    LeaveReason,
    Nature,
    OfferId,
    Outcome,
    PersonId,
    Priority,
    Refusal,
    Role,
    SlowReason,
    Stage,
)
from contracts.writing import ReturnTerms
from services.bus.testing import ServiceUnderTest
from services.intake.domain import Take, Talking
from services.intake.door import build
from services.intake.returns import ReturnKeys, refuse_pass
from services.intake.settings import Settings
from tests.intake.builders import (
    LISTENER,
    a_listener,
    a_regulator,
    a_triage,
    a_written_line,
    apply_line,
    endings,
)
from tests.intake.conftest import NOON
from tests.intake.desks import CallerSide, TextDesk, a_key
from tests.intake.doors import Client, DoorUnderTest

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
#: What an edge makes of a number; the same for a day.
OF_A_NUMBER = "k" * 43


@pytest.fixture
def client(intake: ServiceUnderTest) -> Client:
    apply_line(intake, terms=a_written_line())
    return Client(build(DoorUnderTest(intake), Settings()))


def call(client: Client, **more: Any) -> CallerSide:
    wanted = {"programme": "sos-crise", "channel": "phone", "return_token": OF_A_NUMBER} | more
    opened = client.post("/contacts", json=wanted, headers=a_key())
    assert opened.status_code == 201, opened.text
    return CallerSide(client, opened.json())


def chat(client: Client, **more: Any) -> CallerSide:
    wanted = {"programme": "sos-crise", "channel": "chat"} | more
    opened = client.post("/contacts", json=wanted, headers=a_key())
    assert opened.status_code == 201, opened.text
    return CallerSide(client, opened.json())


def talk(caller: CallerSide, intake: ServiceUnderTest) -> None:
    """Through the regulator to the listener."""
    intake.deliver(a_regulator(caller.contact_id).taken())
    intake.deliver(a_triage(caller.contact_id))
    intake.deliver(a_listener(caller.contact_id).taken(60))


def leave(caller: CallerSide, reason: LeaveReason = LeaveReason.CUT_OFF) -> None:
    body = {"reason": reason.value}
    left = caller.client.post(f"{caller.address}/leave", json=body, headers=caller.token)
    assert left.status_code == 200, left.text


def last_opened(intake: ServiceUnderTest) -> ContactOpened:
    return intake.announced(ContactOpened)[-1]


# --- return token ---------------------------------------------------------------------------------


def test_who_was_cut_off_from_a_listener_finds_them_again_in_front(
    client: Client, intake: ServiceUnderTest
) -> None:
    first = call(client)
    talk(first, intake)
    leave(first)
    intake.at(NOON + 14 * MINUTE)
    call(client)
    again = last_opened(intake)
    assert (again.in_front, again.sought) == (True, LISTENER)
    assert (again.first_stage, again.priority) == (Stage.LISTENER, Priority.P3)


def test_who_was_cut_off_while_waiting_goes_to_the_front(
    client: Client, intake: ServiceUnderTest
) -> None:
    leave(call(client))
    call(client)
    again = last_opened(intake)
    assert (again.in_front, again.sought, again.first_stage) == (True, None, Stage.REGULATOR)


NOT_BACK: dict[str, tuple[LeaveReason, timedelta]] = {
    "hung up": (LeaveReason.HUNG_UP, MINUTE),
    "came too late": (LeaveReason.CUT_OFF, 15 * MINUTE),
}


@pytest.mark.parametrize(("reason", "later"), NOT_BACK.values(), ids=NOT_BACK)
def test_who_hung_up_or_comes_late_comes_in_like_everybody(
    client: Client, intake: ServiceUnderTest, reason: LeaveReason, later: timedelta
) -> None:
    first = call(client)
    talk(first, intake)
    leave(first, reason)
    intake.at(NOON + later)
    call(client)
    again = last_opened(intake)
    assert (again.in_front, again.sought, again.first_stage) == (False, None, Stage.REGULATOR)


def test_a_token_brings_back_once(client: Client, intake: ServiceUnderTest) -> None:
    leave(call(client))
    call(client)
    call(client)
    assert [event.in_front for event in intake.announced(ContactOpened)] == [False, True, False]


def test_another_token_or_line_brings_nobody_back(client: Client, intake: ServiceUnderTest) -> None:
    leave(call(client))
    call(client, return_token="x" * 43)
    assert last_opened(intake).in_front is False


def test_who_comes_back_brings_their_capsule_and_nothing_else(
    client: Client, intake: ServiceUnderTest
) -> None:
    first = call(client)
    talk(first, intake)
    desk = TextDesk(client, first.contact_id)
    desk.write("Reprendre : sa sœur arrive demain", kind="capsule")
    desk.write("ne pas garder", kind="note")
    leave(first)
    again = call(client)
    supervisor = TextDesk(client, again.contact_id, PersonId("s-sam"), Role.SUPERVISOR)
    assert supervisor.texts() == ["Reprendre : sa sœur arrive demain"]


def test_a_chat_comes_back_with_the_token_it_was_told(
    client: Client, intake: ServiceUnderTest
) -> None:
    first = chat(client)
    intake.deliver(a_listener(first.contact_id).taken())
    leave(first)
    intake.at(NOON + 10 * MINUTE)
    intake.fire_deadlines()
    assert [ended.outcome for ended in endings(intake)] == [Outcome.DROPPED]
    second = chat(client, return_token=first.opened["return_token"])
    assert last_opened(intake).sought == LISTENER
    assert second.opened["return_token"] != first.opened["return_token"]


@pytest.mark.parametrize("token", ["", "short", "x" * 65, "é" * 30])
def test_a_token_of_another_form_is_refused(client: Client, token: str) -> None:
    wanted = {"programme": "sos-crise", "channel": "phone", "return_token": token}
    answer = client.post("/contacts", json=wanted, headers=a_key())
    assert (answer.status_code, answer.json()["field"]) == (400, "return_token")


def test_keys_of_tokens_live_in_memory_and_change_each_day() -> None:
    keys, others = ReturnKeys(), ReturnKeys()
    today = keys.hashes("a token", NOON)
    assert today == keys.hashes("a token", NOON)
    assert today != others.hashes("a token", NOON)
    tomorrow = keys.hashes("a token", NOON + timedelta(days=1))
    assert tomorrow[0] != today[0]
    assert tomorrow[1] == today[0]
    assert today[0] not in keys.hashes("a token", NOON + timedelta(days=2))


# --- unlinkable -----------------------------------------------------------------------------------


def values_of(intake: ServiceUnderTest, contact_id: str) -> set[str]:
    """Every value of a contact in any table and event that could tell who it was."""
    with intake.session() as session:
        driver = session.connection()
        names = driver.exec_driver_sql(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'intake' AND table_name NOT IN ('programme_version', 'seen')"
        ).scalars()
        rows = [
            row
            for name in names
            for row in driver.exec_driver_sql(f"SELECT * FROM intake.{name}").mappings()
            if contact_id in str(dict(row))
        ]
    return {text for row in rows for value in row.values() for text in _telling(value)}


def _telling(value: object) -> set[str]:
    """Long values: ids, hashes, tokens. Words of closed lists and moments are everybody's."""
    if isinstance(value, dict):
        return {text for each in value.values() for text in _telling(each)}
    text = str(value)
    return {text} if len(text) >= 22 and not text.startswith(("2020-", "[", "helpline.")) else set()


def test_two_contacts_of_one_number_share_nothing_after_the_window(
    client: Client, intake: ServiceUnderTest
) -> None:
    first = call(client)
    talk(first, intake)
    TextDesk(client, first.contact_id).write("Reprendre", kind="capsule")
    leave(first)
    second = call(client)
    leave(second, LeaveReason.HUNG_UP)
    third = call(client)
    leave(third, LeaveReason.HUNG_UP)
    within = values_of(intake, second.contact_id) & values_of(intake, third.contact_id)
    assert within, "inside the window the hash of the number joins them"
    intake.at(NOON + 15 * MINUTE)
    intake.fire_deadlines()
    told = [values_of(intake, each.contact_id) for each in (first, second, third)]
    assert told[0] & told[1] == told[1] & told[2] == told[0] & told[2] == set()
    assert all(each for each in told)


# --- return pass ----------------------------------------------------------------------------------


def give(intake: ServiceUnderTest, caller: CallerSide, actor: str = LISTENER) -> Reply:
    return intake.ask(GiveReturnPass(contact_id=caller.contact_id), actor, Role.LISTENER)


def end(intake: ServiceUnderTest, caller: CallerSide, outcome: Outcome) -> Reply:
    command = EndContact(contact_id=caller.contact_id, outcome=outcome)
    return intake.ask(command, LISTENER, Role.LISTENER)


def shown(client: Client, caller: CallerSide, who: PersonId = LISTENER) -> Any:
    desk = TextDesk(client, caller.contact_id, who)
    return client.get(f"/desk/contacts/{caller.contact_id}/return-pass", headers=desk.capability)


def a_pass(client: Client, intake: ServiceUnderTest) -> tuple[CallerSide, str]:
    caller = call(client)
    talk(caller, intake)
    assert give(intake, caller).status is ReplyStatus.DONE
    digits: str = shown(client, caller).json()["digits"]
    assert end(intake, caller, Outcome.RETURN_PASS_GIVEN).status is ReplyStatus.DONE
    return caller, digits


def test_a_pass_restores_the_wait_at_the_head_of_the_line(
    client: Client, intake: ServiceUnderTest
) -> None:
    _, digits = a_pass(client, intake)
    assert len(digits) == 4
    assert [ended.outcome for ended in endings(intake)] == [Outcome.RETURN_PASS_GIVEN]
    intake.at(NOON + 3 * HOUR)
    call(client, return_pass=digits, return_token="y" * 43)
    again = last_opened(intake)
    assert (again.in_front, again.waiting_since) == (True, NOON)
    assert (again.first_stage, again.priority) == (Stage.LISTENER, Priority.P3)
    call(client, return_pass=digits, return_token="z" * 43)
    assert last_opened(intake).in_front is False  # once


def test_a_pass_is_worth_nothing_after_its_evening(
    client: Client, intake: ServiceUnderTest
) -> None:
    _, digits = a_pass(client, intake)
    intake.at(NOON + 6 * HOUR)
    call(client, return_pass=digits, return_token="y" * 43)
    assert last_opened(intake).in_front is False


def test_wrong_digits_cost_nothing(client: Client, intake: ServiceUnderTest) -> None:
    _, digits = a_pass(client, intake)
    wrong = f"{(int(digits) + 1) % 10_000:04d}"
    call(client, return_pass=wrong, return_token="y" * 43)
    assert last_opened(intake).in_front is False
    call(client, return_pass=digits, return_token="z" * 43)
    assert last_opened(intake).in_front is True


def test_digits_are_in_no_table(client: Client, intake: ServiceUnderTest) -> None:
    caller, digits = a_pass(client, intake)
    with intake.session() as session:
        driver = session.connection()
        names = driver.exec_driver_sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'intake'"
        ).scalars()
        rows = [driver.exec_driver_sql(f"SELECT * FROM intake.{name}").all() for name in names]
    assert digits not in {str(value) for table in rows for row in table for value in row}
    assert f'"{digits}"' not in str(rows)
    assert shown(client, caller).json()["digits"] == digits
    assert shown(client, caller, PersonId("v-eve")).status_code == 403


def test_no_pass_before_a_human_heard_them_nor_by_somebody_else(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = call(client)
    assert give(intake, caller).refusal is Refusal.NOT_YOURS
    talk(caller, intake)
    assert give(intake, caller, "v-eve").refusal is Refusal.NOT_YOURS
    assert end(intake, caller, Outcome.RETURN_PASS_GIVEN).refusal is Refusal.WRONG_STATE


@pytest.mark.parametrize("priority", [Priority.P1, Priority.P2])
def test_nobody_at_risk_is_sent_away_with_a_pass(
    client: Client, intake: ServiceUnderTest, priority: Priority
) -> None:
    caller = call(client)
    intake.deliver(a_regulator(caller.contact_id).taken())
    triage = a_triage(caller.contact_id)
    intake.deliver(triage.model_copy(update={"priority": priority}))
    intake.deliver(a_listener(caller.contact_id).taken(60))
    reply = give(intake, caller)
    assert (reply.refusal, reply.field) == (Refusal.WRONG_STATE, "priority")


def test_a_rescue_that_is_called_counts_too(client: Client, intake: ServiceUnderTest) -> None:
    """Seen in the simulation: it moves nothing, and how urgent it was went with it."""
    caller = call(client)
    regulator = a_regulator(caller.contact_id).taken()
    intake.deliver(regulator)
    rescue = {"priority": Priority.P2, "destination": Destination.RESCUE}
    intake.deliver(a_triage(caller.contact_id).model_copy(update=rescue))
    wish = GiveReturnPass(contact_id=caller.contact_id)
    assert intake.ask(wish, regulator.person_id, Role.REGULATOR).field == "priority"


def test_a_decision_heard_of_after_the_take_counts_too(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = call(client)
    intake.deliver(a_regulator(caller.contact_id).taken())
    intake.deliver(a_listener(caller.contact_id).taken(60))
    triage = a_triage(caller.contact_id)
    intake.deliver(triage.model_copy(update={"priority": Priority.P2}))
    assert give(intake, caller).field == "priority"


def test_a_correction_to_at_risk_counts_too(client: Client, intake: ServiceUnderTest) -> None:
    caller = call(client)
    intake.deliver(a_regulator(caller.contact_id).taken())
    triage = a_triage(caller.contact_id)
    intake.deliver(triage)
    intake.deliver(triage.model_copy(update={"priority": Priority.P2}), version=2)
    intake.deliver(a_listener(caller.contact_id).taken(60))
    assert give(intake, caller).field == "priority"


def test_a_line_may_give_no_passes() -> None:
    talking = Talking(Take(Stage.LISTENER, OfferId("o"), LISTENER, NOON))
    none = a_written_line(returning=ReturnTerms(return_pass=False))
    assert refuse_pass(talking, None, none, LISTENER) == (Refusal.WRONG_STATE, None)
    assert refuse_pass(talking, None, a_written_line(), LISTENER) is None


def test_who_hangs_up_with_a_pass_was_given_one(client: Client, intake: ServiceUnderTest) -> None:
    caller = call(client)
    talk(caller, intake)
    give(intake, caller)
    leave(caller, LeaveReason.HUNG_UP)
    assert [ended.outcome for ended in endings(intake)] == [Outcome.RETURN_PASS_GIVEN]


def test_who_is_found_at_risk_after_a_pass_was_not_sent_away_with_it(
    client: Client, intake: ServiceUnderTest
) -> None:
    """Seen in the simulation: the regulator gave it, then found them at risk and sent them on."""
    caller = call(client)
    regulator = a_regulator(caller.contact_id).taken()
    intake.deliver(regulator)
    wish = GiveReturnPass(contact_id=caller.contact_id)
    given = intake.ask(wish, regulator.person_id, Role.REGULATOR)
    assert given.status is ReplyStatus.DONE
    triage = a_triage(caller.contact_id)
    intake.deliver(triage.model_copy(update={"priority": Priority.P2}))
    intake.deliver(a_listener(caller.contact_id).taken(60))
    leave(caller, LeaveReason.HUNG_UP)
    assert [ended.outcome for ended in endings(intake)] == [Outcome.LISTENED]


# --- slowed ---------------------------------------------------------------------------------------


def slow(intake: ServiceUnderTest, caller: CallerSide, role: Role = Role.SUPERVISOR) -> Reply:
    command = SlowReturns(
        contact_id=caller.contact_id, reason=SlowReason.PLAYS_WITH_THE_LINE, hours=2
    )
    return intake.ask(command, "s-sam", role)


def test_who_is_slowed_still_comes_in_until_it_runs_out(
    client: Client, intake: ServiceUnderTest
) -> None:
    first = call(client)
    talk(first, intake)
    leave(first)
    assert slow(intake, first).status is ReplyStatus.DONE
    second = call(client)
    assert (last_opened(intake).slowed, last_opened(intake).in_front) == (True, False)
    assert second.opened["emergency_numbers"]
    intake.at(NOON + 2 * HOUR)
    intake.fire_deadlines()
    call(client)
    assert last_opened(intake).slowed is False


def test_only_a_supervisor_slows_and_only_who_can_be_told_apart(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = call(client)
    assert slow(intake, caller, Role.LISTENER).refusal is Refusal.ROLE_NOT_PERMITTED
    leave(caller, LeaveReason.HUNG_UP)
    intake.at(NOON + 15 * MINUTE)
    intake.fire_deadlines()
    assert slow(intake, caller).refusal is Refusal.WRONG_STATE


# --- natures --------------------------------------------------------------------------------------


def correct(
    intake: ServiceUnderTest, caller: CallerSide, actor: str = LISTENER, role: Role = Role.LISTENER
) -> Reply:
    command = CorrectNature(contact_id=caller.contact_id, nature=Nature.BEYOND_FRAME)
    return intake.ask(command, actor, role)


def test_a_nature_may_be_put_right_while_the_wrap_up_lasts(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = call(client)
    talk(caller, intake)
    assert correct(intake, caller).refusal is Refusal.WRONG_STATE
    leave(caller, LeaveReason.HUNG_UP)
    assert correct(intake, caller).status is ReplyStatus.DONE
    assert correct(intake, caller).status is ReplyStatus.DONE
    (corrected,) = intake.announced(NatureCorrected)
    assert (corrected.previous, corrected.nature) == (Nature.ORDINARY, Nature.BEYOND_FRAME)
    assert correct(intake, caller, "v-eve").refusal is Refusal.NOT_YOURS
    assert correct(intake, caller, "s-sam", Role.SUPERVISOR).status is ReplyStatus.DONE


def test_a_nature_stays_once_the_next_contact_was_taken(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller, other = call(client), call(client, return_token="y" * 43)
    talk(caller, intake)
    leave(caller, LeaveReason.HUNG_UP)
    intake.deliver(a_listener(other.contact_id).taken(90))
    assert correct(intake, caller).refusal is Refusal.CONTACT_OVER


def test_a_nature_stays_hours_after_the_end(client: Client, intake: ServiceUnderTest) -> None:
    caller = call(client)
    talk(caller, intake)
    leave(caller, LeaveReason.HUNG_UP)
    intake.at(NOON + 2 * HOUR + MINUTE)
    assert correct(intake, caller).refusal is Refusal.CONTACT_OVER


@pytest.mark.parametrize("nature", Nature)
def test_every_nature_gives_the_same_care(
    client: Client, intake: ServiceUnderTest, nature: Nature
) -> None:
    """A contact of any nature is ended, kept and may come back like any other."""
    caller = call(client)
    talk(caller, intake)
    command = EndContact(contact_id=caller.contact_id, outcome=Outcome.DROPPED, nature=nature)
    assert intake.ask(command, LISTENER, Role.LISTENER).status is ReplyStatus.DONE
    call(client)
    assert (last_opened(intake).in_front, last_opened(intake).sought) == (True, LISTENER)
