"""I05 to I10 catch what was planted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.partner import PartnerReferralSent
from deploy.verify.delivery import (
    check_i05,
    check_i06,
    check_i07,
    check_i08,
    check_i09,
    check_i10,
)
from deploy.verify.history import Fact, History, Message, Parked, of_that_moment
from deploy.verify.verdict import Checked
from tests.verify.a_run import a_day
from tests.verify.plants import fact_of, with_fact, without_fact
from tests.verify.recorder import an_id

Plant = Callable[[History], History]


def said(checked: Checked) -> list[str]:
    return [each.what for each in checked.violations]


def last(history: History, type_name: str) -> Fact:
    return next(each for each in reversed(history.facts) if each.type == type_name)


def with_message(history: History, message: Message, changed: Message | None) -> History:
    """The history with one message of a stream replaced, or lost."""
    kept = [changed if each is message else each for each in history.messages]
    return replace(history, messages=tuple(each for each in kept if each is not None))


def with_stranger(history: History) -> History:
    """A message of another outbox, within what was there before the ledgers were read."""
    first = history.messages[0]
    stranger = replace(first, headers={**first.headers, "ce-id": an_id("stranger")})
    return with_message(history, first, stranger)


# --- I05 ------------------------------------------------------------------------------------------

I05: dict[str, Plant] = {
    "a hole": lambda history: with_fact(history, last(history, "offer.taken.v1"), version=3),
    "a number twice": lambda history: with_fact(
        history, last(history, "offer.taken.v1"), version=1
    ),
    "a row that is lost": lambda history: without_fact(
        history, next(each for each in history.facts if each.type == "offer.made.v1")
    ),
}


@pytest.mark.parametrize("plant", I05.values(), ids=I05.keys())
def test_versions_that_are_not_dense_are_found(plant: Plant) -> None:
    assert said(check_i05(plant(a_day().history()))) == ["versions are not 1..n"]


# --- I06 ------------------------------------------------------------------------------------------


def unhandled(history: History) -> History:
    lost = next(
        row for row in history.handled if row.service == "quality" and row.type == "offer.taken.v1"
    )
    return replace(history, handled=tuple(row for row in history.handled if row is not lost))


def test_event_that_never_reached_its_consumer_is_found() -> None:
    (found,) = check_i06(unhandled(a_day().history())).violations
    assert found.what == "on the stream, not in the inbox of its consumer"
    assert dict(found.ids)["service"] == "quality"


def test_parked_event_is_not_lost() -> None:
    history = unhandled(a_day().history())
    missing = dict(check_i06(history).violations[0].ids)["event"]
    message = next(each for each in history.messages if each.id == missing)
    parked = Parked(
        "quality",
        f"quality-{message.stream.lower()}",
        message.stream,
        message.sequence,
        missing,
        "handler_failed",
        False,
    )
    assert not check_i06(replace(history, parked=(parked,))).violations


def test_event_on_its_way_is_held_against_nobody_while_the_run_goes_on() -> None:
    history = replace(unhandled(a_day().history()), still_open=True)
    assert said(check_i06(history))
    durables = tuple(replace(each, acknowledged_to=0) for each in history.durables)
    assert not check_i06(replace(history, durables=durables)).violations


def test_effect_of_a_skipped_event_is_found() -> None:
    history = a_day().history()
    cause = last(history, "contact.triaged.v1").id
    handled = tuple(
        row._replace(late=True) if row.id == cause and row.service == "assignment" else row
        for row in history.handled
    )
    found = said(check_i06(replace(history, handled=handled)))
    assert found == ["caused by an event that was skipped as late"]


def test_event_that_came_from_nowhere_is_found() -> None:
    history = a_day().history()
    unknown = history.handled[0]._replace(id=an_id("nowhere"), kind="event")
    found = said(check_i06(replace(history, handled=(*history.handled, unknown))))
    assert found == ["handled, and in no ledger and on no stream"]


def test_handled_event_is_known_by_its_ledger_alone() -> None:
    history = a_day().history()
    lost = with_message(history, history.messages[-1], None)
    assert not check_i06(lost).violations


# --- I07 ------------------------------------------------------------------------------------------


def with_repeat(history: History, **changes: object) -> History:
    repeat = replace(history.messages[0], sequence=999)
    return replace(
        history,
        messages=(*history.messages, replace(repeat, **changes)),  # type: ignore[arg-type]
    )


I07: dict[str, tuple[Plant, str]] = {
    "another body on the stream": (
        lambda history: with_repeat(history, body=b"{}"),
        "differs from its ledger row",
    ),
    "another subject on the stream": (
        lambda history: with_repeat(history, subject="helpline.contact.opened.v1.sos-crise.x"),
        "differs from its ledger row",
    ),
    "a header that says otherwise": (
        lambda history: with_repeat(
            history, headers={**history.messages[0].headers, "ce-programme": "other"}
        ),
        "differs from its ledger row",
    ),
    "a header of its own": (
        lambda history: with_repeat(
            history, headers={**history.messages[0].headers, "ce-note": "x"}
        ),
        "differs from its ledger row",
    ),
    "two ledger rows": (
        lambda history: with_fact(history, history.facts[1], id=history.facts[0].id),
        "two ledger rows with one id",
    ),
    "repeats without a row": (
        lambda history: without_fact(with_repeat(history, body=b"{}"), history.facts[0]),
        "differs from its repeat",
    ),
}


@pytest.mark.parametrize(("plant", "what"), I07.values(), ids=I07.keys())
def test_two_contents_under_one_id_are_found(plant: Plant, what: str) -> None:
    assert said(check_i07(plant(a_day().history()))) == [what]


def test_honest_repeat_is_no_violation() -> None:
    assert not check_i07(with_repeat(a_day().history())).violations


# --- I08, I09 -------------------------------------------------------------------------------------


def test_row_that_never_reached_its_stream_is_found() -> None:
    history = a_day().history()
    lost = with_message(history, history.messages[-1], None)
    assert said(check_i08(lost)) == ["committed, and not on its stream"]
    assert said(check_i09(lost)) == ["acknowledged, and not readable where it was"]


def test_message_without_a_row_is_found_unless_it_is_newer_than_the_ledgers() -> None:
    history = a_day().history()
    history = without_fact(history, history.facts[0])
    assert said(check_i08(history)) == ["on a stream without a ledger row"]
    streams = tuple(replace(each, last_before=0) for each in history.streams)
    contemporary = of_that_moment(history.messages, history.facts, streams)
    assert len(contemporary) == len(history.messages) - 1
    assert not check_i08(replace(history, messages=contemporary)).violations
    assert of_that_moment(history.messages, (), history.streams) == history.messages


def test_unpublished_row_has_ten_seconds() -> None:
    history = a_day().history()
    fact = history.facts[-1]
    lost = with_message(history, next(m for m in history.messages if m.id == fact.id), None)
    unpublished = with_fact(lost, fact, published_at=None, stream_sequence=None)
    assert not check_i08(unpublished).violations, "it was committed a moment ago"
    clock = replace(history.clock, machine=history.clock.machine + timedelta(seconds=10))
    late = replace(unpublished, clock=clock)
    assert said(check_i08(late)) == ["committed, and not on its stream"]


def test_row_the_server_refused_is_set_aside() -> None:
    history = a_day().history()
    fact = history.facts[0]
    lost = with_message(history, next(m for m in history.messages if m.id == fact.id), None)
    refused = with_fact(lost, fact, published_at=None, stream_sequence=None, refused="max_payload")
    assert not check_i08(refused).violations


def test_row_that_has_aged_out_of_its_stream_is_no_loss() -> None:
    history = a_day().history()
    first = history.messages[0]
    streams = tuple(
        replace(each, first_sequence=2) if each.name == first.stream else each
        for each in history.streams
    )
    aged = replace(with_message(history, first, None), streams=streams)
    assert not check_i08(aged).violations
    assert not check_i09(aged).violations


def test_another_event_where_one_was_stamped_is_found() -> None:
    history = a_day().history()
    fact = history.facts[0]
    stamped = with_fact(history, fact, stream_sequence=2)
    assert said(check_i09(stamped)) == ["acknowledged, and not readable where it was"]


def test_unknown_message_in_the_place_of_an_event_is_found() -> None:
    found = said(check_i08(with_stranger(a_day().history())))
    assert sorted(found) == ["committed, and not on its stream", "on a stream without a ledger row"]


# --- I10 ------------------------------------------------------------------------------------------


def test_effect_without_its_cause_is_found() -> None:
    history = a_day().history()
    fact = last(history, "offer.taken.v1")
    handled = tuple(row for row in history.handled if row.id != fact.caused_by)
    found = said(check_i10(replace(history, handled=handled)))
    assert set(found) == {"its cause is in no inbox"}


def test_effect_committed_apart_from_its_cause_is_found() -> None:
    history = a_day().history()
    apart = with_fact(history, last(history, "offer.taken.v1"), txid=1)
    assert said(check_i10(apart)) == ["committed apart from its cause"]


def test_cause_in_the_inbox_of_another_service_does_not_count() -> None:
    history = a_day().history()
    fact = last(history, "contact.ended.v1")
    handled = tuple(
        row._replace(service="quality") if row.id == fact.caused_by else row
        for row in history.handled
    )
    assert said(check_i10(replace(history, handled=handled))) == ["its cause is in no inbox"]


def test_what_a_partner_is_told_outside_any_piece_of_work_is_found() -> None:
    history = a_day().history()
    told = fact_of(history, lambda event: isinstance(event, PartnerReferralSent))
    (found,) = check_i10(with_fact(history, told, txid=-1)).violations
    assert found.what == "committed with no cause"
