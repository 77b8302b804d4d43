"""I18 catches a desk that was lost and left somebody alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.assignment import LiveStateEntered, OfferWithdrawn
from contracts.envelope import Event
from contracts.vocabulary import Channel, LiveState, LiveStateReason, Role
from deploy.verify.history import Fact, History, PersonStanding
from deploy.verify.losses import check_i18
from tests.assignment.builders import SOS
from tests.verify.a_run import ARun
from tests.verify.plants import fact_of, unsaid, with_fact
from tests.verify.recorder import an_id


def said(history: History) -> list[str]:
    return [each.what for each in check_i18(history).violations]


def in_a(channel: Channel) -> ARun:
    """Somebody is with a regulator."""
    run = ARun()
    run.line()
    run.person("reg-0", Role.REGULATOR)
    run.person("reg-1", Role.REGULATOR)
    run.channel = channel
    run.opens("ana")
    run.offers("ana", "reg-0")
    run.takes("ana")
    run.wait(60)
    return run


def a_lost_chat() -> History:
    run = in_a(Channel.CHAT)
    run.loses_desk("ana")
    return run.history(still_open=True)


def a_lost_call() -> History:
    run = in_a(Channel.PHONE)
    run.goes_out_of_sight("ana")
    return run.history(still_open=True)


def is_loss(event: Event) -> bool:
    return isinstance(event, LiveStateEntered) and event.reason is LiveStateReason.HEARTBEAT_LOST


def is_withdrawal(event: Event) -> bool:
    return isinstance(event, OfferWithdrawn)


def handled_later(history: History, service: str, fact: Fact, seconds: float) -> History:
    late = fact.committed_at + timedelta(seconds=seconds)
    rows = tuple(
        row._replace(handled_at=late) if (row.service, row.id) == (service, fact.id) else row
        for row in history.handled
    )
    return replace(history, handled=rows)


def never_handled(history: History, service: str, fact: Fact) -> History:
    rows = tuple(row for row in history.handled if (row.service, row.id) != (service, fact.id))
    return replace(history, handled=rows)


@pytest.mark.parametrize("a_loss", [a_lost_chat, a_lost_call])
def test_loss_that_was_answered_is_looked_at_and_found_sound(a_loss: Callable[[], History]) -> None:
    history = a_loss()
    assert said(history) == []
    assert check_i18(history).count == 1 + len(history.people)


def test_chat_that_stays_with_who_is_lost_is_found() -> None:
    history = a_lost_chat()
    planted = unsaid(history, fact_of(history, is_withdrawal))
    assert said(planted) == ["is still with somebody whose desk is lost"]


def test_chat_that_is_given_back_later_is_found() -> None:
    history = a_lost_chat()
    fact = fact_of(history, is_withdrawal)
    planted = with_fact(history, fact, txid=fact.txid + 5000)
    assert said(planted) == ["is still with somebody whose desk is lost"]


def test_voice_that_is_cut_off_with_its_desk_is_found() -> None:
    history = a_lost_call()
    fact = fact_of(history, is_loss)
    assert fact.event is not None
    paused = fact.event.model_copy(update={"state": LiveState.PAUSED})
    assert said(with_fact(history, fact, event=paused)) == ["a voice was cut off with its desk"]


def test_writer_who_goes_on_without_a_desk_is_found() -> None:
    run = in_a(Channel.CHAT)
    run.goes_out_of_sight("ana")
    found = said(run.history(still_open=True))
    assert found == ["goes on without a desk and without a voice"]


TOLD = {
    "a chat": (a_lost_chat, "intake", is_withdrawal, 10),
    "a call": (a_lost_call, "console", is_loss, 5),
}


@pytest.mark.parametrize(("a_loss", "service", "wanted", "bound"), TOLD.values(), ids=TOLD.keys())
def test_who_is_to_know_hears_of_a_loss_in_time(
    a_loss: Callable[[], History], service: str, wanted: Callable[[Event], bool], bound: float
) -> None:
    history = a_loss()
    fact = fact_of(history, wanted)
    assert said(handled_later(history, service, fact, bound)) == []
    late = handled_later(history, service, fact, bound + 0.1)
    assert said(late) == ["heard too late of a lost desk"]
    assert "never heard of a lost desk" in said(never_handled(history, service, fact))


def test_time_without_a_bus_is_not_held_against_who_hears() -> None:
    history = a_lost_call()
    fact = fact_of(history, is_loss)
    planted = with_fact(history, fact, published_at=fact.committed_at + timedelta(seconds=20))
    assert said(handled_later(planted, "console", fact, 24)) == []


def test_caller_who_waits_and_is_not_told_why_is_found() -> None:
    history = a_lost_chat()
    untold = tuple(each._replace(lost_human=False) for each in history.contacts)
    planted = replace(history, contacts=untold)
    assert said(planted) == ["waits after a lost desk, and is not told"]


def test_caller_somebody_else_has_taken_since_is_told_no_more() -> None:
    run = in_a(Channel.CHAT)
    run.loses_desk("ana")
    run.offers("ana", "reg-1")
    run.takes("ana")
    assert not run.contacts[an_id("ana")].lost_human
    assert said(run.history(still_open=True)) == []


SILENT = {
    "heard lately": (timedelta(seconds=3), True, []),
    "as long as a look may take": (timedelta(seconds=24), True, []),
    "longer": (timedelta(seconds=26), True, ["a desk is silent, and nobody has noticed"]),
    "longer, and the run is over": (timedelta(seconds=26), False, []),
    "in no contact": (None, True, []),
}


@pytest.mark.parametrize(("silent", "goes_on", "found"), SILENT.values(), ids=SILENT.keys())
def test_desk_nobody_misses_is_found_while_the_run_goes_on(
    silent: timedelta | None, goes_on: bool, found: list[str]
) -> None:
    run = in_a(Channel.CHAT)
    run.people["reg-0"] = PersonStanding("reg-0", "talking", None, SOS, silent)
    assert said(run.history(still_open=goes_on)) == found
