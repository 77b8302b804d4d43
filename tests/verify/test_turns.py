"""I11, I12, I14 and I16 catch what was planted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.assignment import OfferDeclined, OfferExpired, OfferMade, OfferTaken
from contracts.vocabulary import Channel, OfferReason, PersonId, Role
from deploy.verify.history import History
from deploy.verify.machines import check_i04
from deploy.verify.replay import replay_of
from deploy.verify.turns import check_i11, check_i12, check_i14, check_i16
from deploy.verify.verdict import Checked
from tests.verify.a_run import ARun, a_day
from tests.verify.plants import fact_of, said_otherwise, with_fact
from tests.verify.recorder import TEN_O_CLOCK, an_id


def said(checked: Checked) -> list[str]:
    return [each.what for each in checked.violations]


def a_line(regulators: int = 2) -> ARun:
    run = ARun()
    run.line()
    for number in range(regulators):
        run.person(f"reg-{number}", Role.REGULATOR)
    return run


# --- I11, I12 -------------------------------------------------------------------------------------


def test_person_who_holds_two_contacts_is_found() -> None:
    run = a_line(1)
    for name in ("ana", "ben"):
        run.opens(name)
        run.offers(name, "reg-0")
        run.takes(name)
    assert said(check_i11(run.history())) == ["in two contacts at once"]
    assert not check_i12(run.history()).violations


BESIDE: dict[str, tuple[int, tuple[Channel, ...], list[str]]] = {
    "as many chats as the line says": (2, (Channel.CHAT, Channel.MESSAGE), []),
    "a chat too many": (2, (Channel.CHAT,) * 3, ["in two contacts at once"]),
    "a call beside a chat": (4, (Channel.CHAT, Channel.PHONE), ["in two contacts at once"]),
    "a chat beside a call": (4, (Channel.PHONE, Channel.CHAT), ["in two contacts at once"]),
    "two chats on a line of one": (1, (Channel.CHAT,) * 2, ["in two contacts at once"]),
}


@pytest.mark.parametrize(("at_once", "channels", "expected"), BESIDE.values(), ids=BESIDE.keys())
def test_several_contacts_of_one_person(
    at_once: int, channels: tuple[Channel, ...], expected: list[str]
) -> None:
    run = ARun()
    run.chats_at_once = at_once
    run.line()
    run.person("reg-0", Role.REGULATOR)
    for number, run.channel in enumerate(channels):
        run.opens(str(number))
        run.offers(str(number), "reg-0")
        run.takes(str(number))
    assert said(check_i11(run.history())) == expected


def a_lost_desk() -> ARun:
    """A chat whose first regulator's desk is lost, and who is with another one since."""
    run = a_line()
    run.channel = Channel.CHAT
    run.opens("ana")
    run.offers("ana", "reg-0")
    run.takes("ana")
    run.wait(60)
    run.loses_desk("ana")
    run.offers("ana", "reg-1")
    run.takes("ana")
    return run


def test_chat_of_a_lost_desk_is_with_one_human_at_a_time() -> None:
    history = a_lost_desk().history(still_open=True)
    for check in (check_i04, check_i11, check_i12, check_i14):
        assert said(check(history)) == []
    (given_back,) = replay_of(history).returns
    assert given_back.contact.front


def test_chat_of_a_lost_desk_that_waits_anew_is_found() -> None:
    run = a_lost_desk()
    history = run.history(still_open=True)
    fact = fact_of(
        history, lambda event: isinstance(event, OfferMade) and event.person_id == "reg-1"
    )
    assert fact.event is not None
    anew = fact.event.model_copy(update={"waiting_since": run.now})
    found = check_i14(with_fact(history, fact, event=anew))
    assert said(found) == ["offered again with another waiting time"]


def test_contact_with_two_humans_is_found() -> None:
    run = a_line()
    run.opens("ana")
    for person in ("reg-0", "reg-1"):
        run.offers("ana", person)
        run.takes("ana")
    assert said(check_i12(run.history())) == ["with two humans at once"]
    assert not check_i11(run.history()).violations


def test_contacts_one_after_the_other_are_no_two_at_once() -> None:
    history = a_day().history()
    assert check_i11(history).count == 4
    assert not check_i11(history).violations


# --- I14 ------------------------------------------------------------------------------------------


def re_offered(history: History) -> OfferMade:
    fact = fact_of(
        history,
        lambda event: (
            isinstance(event, OfferMade) and OfferReason.RE_OFFERED_IN_FRONT in event.reasons
        ),
    )
    assert isinstance(fact.event, OfferMade)
    return fact.event


KEPT = {
    "its waiting time": (
        {"waiting_since": TEN_O_CLOCK + timedelta(minutes=3)},
        "offered again with another waiting time",
    ),
    "its count": ({"attempt": 7}, "offered again, and counted wrong"),
    "its reason": (
        {"reasons": (OfferReason.WAITED_LONGEST,)},
        "offered again without saying so",
    ),
}


@pytest.mark.parametrize(("changes", "what"), KEPT.values(), ids=KEPT.keys())
def test_offer_made_again_keeps(changes: dict[str, object], what: str) -> None:
    history = a_day().history()
    again = re_offered(history)
    fact = fact_of(history, lambda event: event is again)
    planted = with_fact(history, fact, event=again.model_copy(update=changes))
    assert said(check_i14(planted)) == [what]


def test_contact_given_back_goes_before_a_later_one() -> None:
    run = a_line()
    run.opens("ana")
    run.opens("ben")
    run.offers("ana", "reg-0")
    run.misses("ana")
    run.offers("ben", "reg-0")
    (found,) = check_i14(run.history(still_open=True)).violations
    assert found.what == "offered before a contact that was to go first"
    assert dict(found.ids)["before"] == an_id("ana")


def test_contact_declined_by_one_person_is_of_another_class() -> None:
    """Fewer people can serve it, so that a later one may go first."""
    run = a_line()
    run.opens("ana")
    run.opens("ben")
    run.offers("ana", "reg-0")
    run.declines("ana")
    run.offers("ben", "reg-0")
    assert not check_i14(run.history(still_open=True)).violations


def test_offer_taken_after_its_time_is_found() -> None:
    history = a_day().history()
    late = TEN_O_CLOCK + timedelta(hours=1)
    assert said(check_i14(said_otherwise(history, OfferTaken, taken_at=late))) == [
        "taken after it had expired"
    ]


def test_offer_expired_before_its_time_is_found() -> None:
    planted = said_otherwise(a_day().history(), OfferExpired, expired_at=TEN_O_CLOCK)
    assert said(check_i14(planted)) == ["expired before its time"]


@pytest.mark.parametrize(("seconds", "found"), [(15, []), (30, ["still open after its time"])])
def test_offer_that_stays_open_is_found_once_its_time_is_well_over(
    seconds: float, found: list[str]
) -> None:
    run = a_line()
    run.opens("ana")
    run.offers("ana", "reg-0")
    run.wait(seconds)
    assert said(check_i14(run.history(still_open=True))) == found


def test_given_back_contacts_are_counted() -> None:
    checked = check_i14(a_day().history())
    given_back = [
        fact
        for fact in a_day().history().facts
        if isinstance(fact.event, OfferDeclined | OfferExpired)
    ]
    assert checked.count == len(given_back) == 2


# --- I16 ------------------------------------------------------------------------------------------


def test_later_caller_of_the_same_class_offered_first_is_found() -> None:
    run = a_line()
    run.opens("ana")
    run.opens("ben")
    run.offers("ben", "reg-0")
    (found,) = check_i16(run.history(still_open=True)).violations
    assert found.what == "offered before one who came earlier"
    assert dict(found.ids)["before"] == an_id("ana")


def test_other_classes_have_their_own_turns() -> None:
    run = a_line()
    run.person("lis-1")
    run.opens("ana")
    run.offers("ana", "reg-0")
    run.takes("ana")
    run.opens("ben")
    run.triages("ana")
    run.offers("ben", "reg-0")
    assert not check_i16(run.history(still_open=True)).violations


def test_who_was_not_heard_of_yet_is_not_passed_over() -> None:
    """What assignment had not handled when it decided is not held against it."""
    run = a_line()
    run.opens("ana")
    run.opens("ben")
    run.offers("ben", "reg-0")
    history = run.history(still_open=True)
    opened = fact_of(history, lambda event: getattr(event, "contact_id", "") == an_id("ana"))
    heard_later = tuple(
        row._replace(txid=50_000) if row.id == opened.id and row.service == "assignment" else row
        for row in history.handled
    )
    assert not check_i16(replace(history, handled=heard_later)).violations


def test_person_named_in_the_finding_is_who_held_both() -> None:
    run = a_line(1)
    for name in ("ana", "ben"):
        run.opens(name)
        run.offers(name, "reg-0")
        run.takes(name)
    (found,) = check_i11(run.history()).violations
    assert dict(found.ids)["person"] == PersonId("reg-0")
