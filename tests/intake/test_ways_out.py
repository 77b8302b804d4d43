"""A way out of a wait: shown to who may go, taken by their own yes; and that nobody is there."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from contracts.assignment import LineStaffed, WayOutOffered
from contracts.contact import ContactEnded, ContactOpened, EndContact
from contracts.vocabulary import (
    ContactId,
    EndedBy,
    Outcome,
    Priority,
    Refusal,
    Role,
    Stage,
    WayOut,
)
from services.bus.testing import ServiceUnderTest
from services.intake.door import build
from services.intake.settings import Settings
from services.intake.words import NOBODY_YET, STATES
from tests.intake.builders import (
    LINE,
    a_listener,
    a_regulator,
    a_triage,
    a_written_line,
    apply_line,
    endings,
)
from tests.intake.conftest import NOON
from tests.intake.desks import CallerSide, a_key
from tests.intake.doors import Client, DoorUnderTest

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def client(intake: ServiceUnderTest) -> Client:
    apply_line(intake, terms=a_written_line())
    return Client(build(DoorUnderTest(intake), Settings()))


def arrive(client: Client, channel: str = "phone", **more: Any) -> CallerSide:
    wanted = {"programme": LINE, "channel": channel} | more
    opened = client.post("/contacts", json=wanted, headers=a_key())
    assert opened.status_code == 201, opened.text
    return CallerSide(client, opened.json())


def heard(
    caller: CallerSide, intake: ServiceUnderTest, priority: Priority = Priority.P4, version: int = 1
) -> None:
    """A regulator has sent them to the listening line."""
    intake.deliver(a_regulator(caller.contact_id).taken())
    triage = a_triage(caller.contact_id).model_copy(update={"priority": priority})
    intake.deliver(triage, version=version)


def offered(
    caller: CallerSide, intake: ServiceUnderTest, way_out: WayOut = WayOut.RETURN_PASS
) -> None:
    intake.deliver(
        WayOutOffered(
            contact_id=ContactId(caller.contact_id),
            programme=LINE,
            way_out=way_out,
            offered_at=intake.now(),
            valid_until=intake.now() + 10 * MINUTE,
            rules_version="triage-2026.1",
        )
    )


def one_who_may_go(
    client: Client,
    intake: ServiceUnderTest,
    way_out: WayOut = WayOut.RETURN_PASS,
    channel: str = "phone",
) -> CallerSide:
    caller = arrive(client, channel)
    heard(caller, intake)
    offered(caller, intake, way_out)
    return caller


def answer(
    caller: CallerSide,
    way_out: WayOut = WayOut.RETURN_PASS,
    *,
    accepts: bool = True,
    token: str | None = None,
) -> httpx.Response:
    headers = caller.token if token is None else {"Authorization": f"Bearer {token}"}
    body = {"way_out": way_out.value, "accepts": accepts}
    return caller.client.post(f"{caller.address}/way-out", json=body, headers=headers)


def look(caller: CallerSide) -> dict[str, Any]:
    seen = caller.client.get(caller.address, headers=caller.token)
    assert seen.status_code == 200, seen.text
    told: dict[str, Any] = seen.json()
    return told


def staffed(intake: ServiceUnderTest, staffed: bool, version: int = 1) -> None:
    said = LineStaffed(programme=LINE, staffed=staffed, since=intake.now())
    intake.deliver(said, version=version)


def ways_in(ladder: dict[str, Any] | None) -> list[str | None]:
    return [] if ladder is None else [rung["way_out"] for rung in ladder["rungs"]]


# --- shown ----------------------------------------------------------------------------------------


def test_who_was_offered_a_pass_is_asked_in_their_language_and_keeps_their_place(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = arrive(client, language="es")
    heard(caller, intake)
    offered(caller, intake)
    seen = look(caller)
    assert seen["state"] == "waiting_listener"
    assert seen["way_out"]["way_out"] == "return_pass"
    assert "conserva su lugar" in seen["words"]
    assert seen["ladder"]["situation"] == "all_busy"
    assert ways_in(seen["ladder"]) == [None, "return_pass"]


def test_whoever_follows_hears_of_the_offer_at_once(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = arrive(client, "chat")
    heard(caller, intake)
    before = caller.read().json()
    offered(caller, intake)
    news = caller.client.get(
        f"{caller.address}/texts?after={before['last']}&wait_seconds=5", headers=caller.token
    ).json()
    assert before["way_out"] is None
    assert news["way_out"]["way_out"] == "return_pass"
    assert "vous restez à votre place" in news["words"]


def test_another_line_is_named_with_its_number_only_while_it_is_open(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = one_who_may_go(client, intake, WayOut.ANOTHER_LINE)
    told = look(caller)
    assert told["way_out"]["partner"]["number"] in told["words"]
    assert ways_in(told["ladder"]) == [None, "another_line"]


NOT_SHOWN: dict[str, Any] = {
    "at risk since": lambda c, i: heard(c, i, Priority.P2, version=2),
    "declined": lambda c, _: answer(c, accepts=False),
    "run out": lambda _, i: i.at(NOON + 11 * MINUTE),
    "taken by a listener": lambda c, i: i.deliver(a_listener(c.contact_id).taken(60)),
}


@pytest.mark.parametrize("then", NOT_SHOWN.values(), ids=NOT_SHOWN.keys())
def test_no_way_out_is_shown_once_it_is(
    client: Client, intake: ServiceUnderTest, then: Any
) -> None:
    caller = one_who_may_go(client, intake)
    then(caller, intake)
    assert look(caller)["way_out"] is None


def test_offer_that_comes_before_the_word_of_the_regulator_is_shown_with_it(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = arrive(client)
    offered(caller, intake)
    assert look(caller)["way_out"] is None, "no human is known to have heard them"
    heard(caller, intake)
    assert look(caller)["way_out"] is not None


def test_offer_about_a_contact_that_is_over_or_unknown_changes_nothing(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = arrive(client)
    body = {"reason": "hung_up"}
    client.post(f"{caller.address}/leave", json=body, headers=caller.token)
    offered(caller, intake)
    assert look(caller)["way_out"] is None
    assert len(endings(intake)) == 1


# --- yes and no -----------------------------------------------------------------------------------


def test_yes_to_a_pass_ends_the_wait_and_tells_a_code_that_brings_back_in_front(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = one_who_may_go(client, intake)
    intake.at(NOON + 2 * MINUTE)
    told = answer(caller).json()
    digits = told["return_pass"]["digits"]
    assert " ".join(digits) in told["words"]
    assert "avant 18 h 02" in told["words"], "in the hours of the line"
    ended = endings(intake)[-1]
    assert (ended.outcome, ended.ended_by) == (Outcome.RETURN_PASS_GIVEN, EndedBy.CALLER)
    assert (ended.stage, ended.person_id) == (None, None)
    arrive(client, return_pass=digits)
    again = intake.announced(ContactOpened)[-1]
    assert (again.in_front, again.waiting_since) == (True, NOON)
    assert (again.first_stage, again.priority) == (Stage.LISTENER, Priority.P4)


def test_yes_to_another_line_ends_as_overflowed_and_says_which(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = one_who_may_go(client, intake, WayOut.ANOTHER_LINE)
    told = answer(caller, WayOut.ANOTHER_LINE).json()
    assert endings(intake)[-1].outcome is Outcome.OVERFLOWED
    assert told["partner"]["title"] == "SOS Amitié"
    assert told["partner"]["number"] in told["words"]
    assert told["return_pass"] is None


@pytest.mark.parametrize("way_out", [WayOut.RETURN_PASS, WayOut.ANOTHER_LINE])
def test_the_same_yes_twice_gives_the_same_answer(
    client: Client, intake: ServiceUnderTest, way_out: WayOut
) -> None:
    caller = one_who_may_go(client, intake, way_out)
    first, second = answer(caller, way_out), answer(caller, way_out)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert len(endings(intake)) == 1


def test_no_keeps_the_place_and_is_the_last_word(client: Client, intake: ServiceUnderTest) -> None:
    caller = one_who_may_go(client, intake)
    told = answer(caller, accepts=False)
    assert told.status_code == 200
    assert (told.json()["state"], told.json()["way_out"]) == ("waiting_listener", None)
    assert "gardée" in told.json()["words"]
    assert answer(caller).json()["code"] == Refusal.OFFER_OVER
    assert endings(intake) == []


REFUSED: dict[str, tuple[Any, WayOut, int, Refusal, str]] = {
    "run out": (
        lambda _, i: i.at(NOON + 10 * MINUTE + timedelta(seconds=1)),
        WayOut.RETURN_PASS,
        410,
        Refusal.OFFER_OVER,
        "Votre place est gardée",
    ),
    "another kind": (
        lambda *_: None,
        WayOut.ANOTHER_LINE,
        409,
        Refusal.UNKNOWN_OFFER,
        "Votre place est gardée",
    ),
    "a box": (
        lambda *_: None,
        WayOut.MESSAGE_BOX,
        409,
        Refusal.UNKNOWN_OFFER,
        "Votre place est gardée",
    ),
    "taken": (
        lambda c, i: i.deliver(a_listener(c.contact_id).taken(60)),
        WayOut.RETURN_PASS,
        409,
        Refusal.WRONG_STATE,
        "restez en ligne",
    ),
    "at risk since": (
        lambda c, i: heard(c, i, Priority.P1, version=2),
        WayOut.RETURN_PASS,
        410,
        Refusal.OFFER_OVER,
        "Votre place est gardée",
    ),
    "over": (
        lambda c, _: c.client.post(
            f"{c.address}/leave", json={"reason": "hung_up"}, headers=c.token
        ),
        WayOut.RETURN_PASS,
        410,
        Refusal.CONTACT_OVER,
        "Vous pouvez revenir",
    ),
}


@pytest.mark.parametrize(
    ("then", "way_out", "status", "refusal", "words"), REFUSED.values(), ids=REFUSED.keys()
)
def test_yes_is_refused_with_a_sentence_and_the_place_is_kept(
    client: Client,
    intake: ServiceUnderTest,
    then: Any,
    way_out: WayOut,
    status: int,
    refusal: Refusal,
    words: str,
) -> None:
    caller = one_who_may_go(client, intake)
    then(caller, intake)
    before = len(endings(intake))
    refused = answer(caller, way_out)
    assert (refused.status_code, refused.json()["code"]) == (status, refusal)
    assert words in refused.json()["detail"]
    assert "17" in refused.json()["emergency_numbers"], "the numbers of the line"
    assert len(endings(intake)) == before


def test_nobody_else_can_say_yes(client: Client, intake: ServiceUnderTest) -> None:
    caller = one_who_may_go(client, intake)
    other = arrive(client)
    refused = answer(caller, token=other.opened["token"])
    assert (refused.status_code, refused.json()["code"]) == (403, Refusal.NOT_YOURS)
    assert endings(intake) == []


def test_yes_to_what_nobody_offered_is_refused(client: Client, intake: ServiceUnderTest) -> None:
    caller = arrive(client)
    heard(caller, intake)
    for way_out in (WayOut.RETURN_PASS, WayOut.ANOTHER_LINE):
        assert answer(caller, way_out).json()["code"] == Refusal.UNKNOWN_OFFER
    assert endings(intake) == []


def test_take_that_comes_after_the_yes_moves_nothing(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = one_who_may_go(client, intake)
    answer(caller)
    intake.deliver(a_listener(caller.contact_id).taken(60))
    assert look(caller)["state"] == "ended"
    assert len(intake.announced(ContactEnded)) == 1


def test_the_code_of_a_pass_is_in_no_table(client: Client, intake: ServiceUnderTest) -> None:
    caller = one_who_may_go(client, intake)
    digits = answer(caller).json()["return_pass"]["digits"]
    with intake.session() as session:
        driver = session.connection()
        names = driver.exec_driver_sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'intake'"
        ).scalars()
        rows = [driver.exec_driver_sql(f"SELECT * FROM intake.{name}").all() for name in names]
    assert digits not in {str(value) for table in rows for row in table for value in row}
    assert f'"{digits}"' not in str(rows)


def test_pass_that_was_used_is_told_no_more(client: Client, intake: ServiceUnderTest) -> None:
    caller = one_who_may_go(client, intake)
    digits = answer(caller).json()["return_pass"]["digits"]
    arrive(client, return_pass=digits)
    refused = answer(caller)
    assert refused.status_code == 410
    assert "Vous pouvez revenir" in refused.json()["detail"]


def a_door_that_closes_at_nine(intake: ServiceUnderTest) -> Client:
    apply_line(intake)
    return Client(build(DoorUnderTest(intake), Settings()))


def test_pass_is_worth_nothing_after_the_door_has_closed(intake: ServiceUnderTest) -> None:
    client = a_door_that_closes_at_nine(intake)
    intake.at(NOON + 7 * HOUR)
    told = answer(one_who_may_go(client, intake)).json()
    assert "avant 21 h " in told["words"]
    assert told["return_pass"]["valid_until"] == "2020-11-02T20:00:00Z"


def test_nobody_is_given_a_pass_who_could_not_come_back_before_the_door_closes(
    intake: ServiceUnderTest,
) -> None:
    client = a_door_that_closes_at_nine(intake)
    intake.at(NOON + 8 * HOUR + 31 * MINUTE)
    caller = one_who_may_go(client, intake)
    assert look(caller)["way_out"] is None
    assert answer(caller).json()["code"] == Refusal.OFFER_OVER
    assert endings(intake) == []


def test_nothing_two_callers_were_told_alike_stands_beside_both_of_them(
    client: Client, intake: ServiceUnderTest
) -> None:
    """A number of a partner in a reply that is kept would look like a caller's (I25)."""
    staffed(intake, False)
    told = [answer(arrive(client), WayOut.ANOTHER_LINE).json() for _ in range(2)]
    with intake.session() as session:
        replies = session.connection().exec_driver_sql("SELECT reply::text FROM intake.inbox")
        kept = "".join(str(reply) for (reply,) in replies)
    assert told[0]["partner"]["number"] not in kept


# --- all busy, and nobody on duty -----------------------------------------------------------------


def test_who_has_waited_a_minute_is_told_that_all_are_busy_and_is_offered_nothing(
    client: Client, intake: ServiceUnderTest
) -> None:
    """No human has heard them: nothing leads them away."""
    staffed(intake, True)
    caller = arrive(client)
    assert look(caller)["words"] == STATES["waiting_regulator"]  # type: ignore[index] # its value
    intake.at(NOON + MINUTE)
    told = look(caller)
    assert told["ladder"]["situation"] == "all_busy"
    assert ways_in(told["ladder"]) == [None]
    assert told["words"].endswith("Votre place est gardée.")


def test_wait_is_counted_anew_in_each_line(client: Client, intake: ServiceUnderTest) -> None:
    caller = arrive(client)
    intake.at(NOON + 5 * MINUTE)
    heard(caller, intake)
    assert look(caller)["ladder"] is None
    intake.at(NOON + 6 * MINUTE)
    assert look(caller)["ladder"]["situation"] == "all_busy"


def test_at_the_door_of_a_line_where_nobody_is_the_way_to_another_is_told_and_the_place_kept(
    client: Client, intake: ServiceUnderTest
) -> None:
    staffed(intake, False)
    caller = arrive(client, language="en")
    told = caller.opened
    assert told["state"] == "waiting_regulator"
    assert told["words"].startswith("Nobody is on duty at the moment.")
    assert [rung["act"] for rung in told["ladder"]["rungs"]] == ["says", "connects", "connects"]
    line = client.get(f"/programmes/{LINE}").json()
    ladders = {each["channel"]: each["ladder"] for each in line["now"]}
    assert ladders["phone"]["situation"] == "nobody_on_duty"
    assert ladders["message"] is None, "a message waits for hours anyway"


def test_number_tells_that_nobody_is_there_now_and_nothing_of_who_was_there_then(
    client: Client, intake: ServiceUnderTest
) -> None:
    staffed(intake, False)
    number = client.get(f"/programmes/{LINE}").json()["numbers"][0]["number"]
    then = NOON.isoformat().replace("+00:00", "Z")
    intake.at(NOON + HOUR)
    now = client.get(f"/numbers/{number}").json()["now"]
    assert {"nobody_on_duty"} == {each["ladder"]["situation"] for each in now if each["ladder"]}
    then_told = client.get(f"/numbers/{number}?at={then}").json()["now"]
    assert {each["ladder"] for each in then_told} == {None}


def test_where_nobody_is_the_edge_connects_and_the_contact_overflows(
    client: Client, intake: ServiceUnderTest
) -> None:
    staffed(intake, False)
    caller = arrive(client)
    told = answer(caller, WayOut.ANOTHER_LINE).json()
    assert told["partner"]["title"] == "SOS Amitié"
    assert endings(intake)[-1].outcome is Outcome.OVERFLOWED
    assert answer(caller, WayOut.ANOTHER_LINE).json() == told


def test_those_who_wait_are_told_when_the_last_leaves_and_when_somebody_comes(
    client: Client, intake: ServiceUnderTest
) -> None:
    staffed(intake, True)
    caller = arrive(client, "chat")
    last = caller.read().json()["last"]
    staffed(intake, False, version=2)
    told = caller.client.get(
        f"{caller.address}/texts?after={last}&wait_seconds=5", headers=caller.token
    ).json()
    assert told["ladder"]["situation"] == "nobody_on_duty"
    assert [rung["act"] for rung in told["ladder"]["rungs"]] == ["says", "offers", "offers"]
    staffed(intake, True, version=3)
    told = caller.client.get(
        f"{caller.address}/texts?after={told['last']}&wait_seconds=5", headers=caller.token
    ).json()
    assert told["ladder"] is None


@pytest.mark.parametrize("priority", [Priority.P1, Priority.P2])
def test_who_is_at_risk_stays_in_line_even_where_nobody_is(
    client: Client, intake: ServiceUnderTest, priority: Priority
) -> None:
    caller = arrive(client)
    heard(caller, intake, priority)
    staffed(intake, False)
    told = look(caller)
    assert (told["situation"], told["ladder"]) == ("nobody_on_duty", None)
    assert told["words"] == NOBODY_YET
    assert "112" in told["emergency_numbers"]
    for way_out in (WayOut.RETURN_PASS, WayOut.ANOTHER_LINE):
        assert answer(caller, way_out).json()["code"] == Refusal.UNKNOWN_OFFER
    assert endings(intake) == []


def test_nothing_is_said_of_who_is_there_before_anybody_has_said_it(
    client: Client, intake: ServiceUnderTest
) -> None:
    assert arrive(client).opened["ladder"] is None
    line = client.get(f"/programmes/{LINE}").json()
    assert {each["ladder"] for each in line["now"]} == {None}


def test_message_waits_in_silence_for_nobody(client: Client, intake: ServiceUnderTest) -> None:
    """Who wrote has gone and is answered in hours: nothing leads them away meanwhile."""
    staffed(intake, False)
    caller = arrive(client, "message", text="Bonjour.")
    assert caller.opened["ladder"] is None
    offered(caller, intake)
    assert answer(caller).json()["code"] == Refusal.OFFER_OVER
    assert answer(caller, WayOut.ANOTHER_LINE).json()["code"] == Refusal.UNKNOWN_OFFER


def test_supervisor_who_clears_a_contact_sends_nobody_another_way(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = one_who_may_go(client, intake)
    command = EndContact(contact_id=caller.contact_id, outcome=Outcome.ABANDONED)
    intake.ask(command, "s-rene", Role.SUPERVISOR)
    assert answer(caller).json()["code"] == Refusal.CONTACT_OVER
