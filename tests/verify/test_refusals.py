"""I33 and I34 catch what was planted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.verify.history import History, Message, Parked
from deploy.verify.journal import Answered, Journal
from deploy.verify.refusals import check_i33, check_i34
from deploy.verify.verdict import Checked
from tests.verify.a_run import a_day
from tests.verify.plants import with_fact


def said(checked: Checked) -> list[str]:
    return [each.what for each in checked.violations]


# --- I33 ------------------------------------------------------------------------------------------


def with_nonsense(history: History, body: bytes = b"{") -> tuple[History, Message]:
    """One more message on CONTACT, within what its readers are through with."""
    last = max(each.sequence for each in history.messages if each.stream == "CONTACT")
    nonsense = Message(
        "CONTACT",
        last + 1,
        "helpline.contact.ended.v1.sos-crise.x",
        {"ce-type": "contact.ended.v1", "ce-source": "intake"},
        body,
    )
    streams = tuple(
        replace(each, last_before=last + 1) if each.name == "CONTACT" else each
        for each in history.streams
    )
    planted = replace(history, messages=(*history.messages, nonsense), streams=streams)
    return planted, nonsense


def parked_by_all(history: History, message: Message) -> tuple[Parked, ...]:
    readers = {service.name for service, _ in history.readers[message.type]}
    return tuple(
        Parked(name, f"{name}-contact", message.stream, message.sequence, None, "missing", False)
        for name in sorted(readers)
    )


def test_nonsense_parked_by_each_reader_is_refused_once() -> None:
    history, nonsense = with_nonsense(a_day().history())
    checked = check_i33(replace(history, parked=parked_by_all(history, nonsense)))
    assert checked.count == 1
    assert said(checked) == []
    assert checked.not_checked == "requests at the doors: needs --journal"


def test_nonsense_somebody_swallowed_is_found() -> None:
    history, nonsense = with_nonsense(a_day().history())
    _, *others = parked_by_all(history, nonsense)
    checked = check_i33(replace(history, parked=tuple(others)))
    assert said(checked) == ["malformed, and parked by nobody"]


def test_nonsense_parked_twice_is_found() -> None:
    history, nonsense = with_nonsense(a_day().history())
    parked = parked_by_all(history, nonsense)
    checked = check_i33(replace(history, parked=(*parked, parked[0])))
    assert said(checked) == ["parked more than once"]


def test_good_message_parked_as_nonsense_is_found() -> None:
    history = a_day().history()
    good = next(each for each in history.messages if each.type == "contact.ended.v1")
    parked = Parked("quality", "quality-contact", good.stream, good.sequence, good.id, "x", False)
    assert said(check_i33(replace(history, parked=(parked,)))) == [
        "parked as malformed, and is not"
    ]
    failed = parked._replace(reason="handler_failed")
    assert said(check_i33(replace(history, parked=(failed,)))) == []


def test_messages_left_over_are_found_once_the_run_is_over() -> None:
    history = a_day().history()
    durables = (replace(history.durables[0], pending=3), *history.durables[1:])
    behind = replace(history, durables=durables)
    assert said(check_i33(behind)) == ["messages still wait"]
    assert said(check_i33(replace(behind, still_open=True))) == []


REQUESTS: dict[str, tuple[tuple[Answered, ...], list[str]]] = {
    "refused": ((Answered("m", 422, "unknown_field"),), []),
    "never refused": ((), ["malformed, and never refused"]),
    "refused twice": (
        (Answered("m", 400, None), Answered("m", 400, None)),
        ["refused more than once"],
    ),
    "a server error": ((Answered("m", 500, None),), ["malformed, and not refused"]),
    "accepted": ((Answered("m", 201, None),), ["malformed, and not refused"]),
}


@pytest.mark.parametrize(("answers", "expected"), REQUESTS.values(), ids=REQUESTS.keys())
def test_malformed_request_is(answers: tuple[Answered, ...], expected: list[str]) -> None:
    journal = Journal(malformed=("m",), answers=answers)
    assert said(check_i33(a_day().history(journal=journal))) == expected


def test_journal_without_nonsense_leaves_the_doors_unjudged() -> None:
    assert check_i33(a_day().history(journal=Journal())).not_checked is not None


# --- I34 ------------------------------------------------------------------------------------------


def test_drift_is_found() -> None:
    history = a_day().history(drift=("CONTACT max_age: declared 1, live 2",))
    assert said(check_i34(history)) == [
        "differs from what is declared: CONTACT max_age: declared 1, live 2"
    ]


def test_message_missing_from_within_a_stream_is_found() -> None:
    history = a_day().history()
    streams = (replace(history.streams[0], messages=1), *history.streams[1:])
    assert said(check_i34(replace(history, streams=streams))) == [
        "messages are missing from within"
    ]


@pytest.mark.parametrize(("days", "found"), [(89, ["gone before its age"]), (91, [])])
def test_first_sequence_moves_only_by_age(days: int, found: list[str]) -> None:
    history = a_day().history()
    fact = history.facts[0]
    streams = tuple(
        replace(each, first_sequence=2, messages=each.messages - 1)
        if each.name == fact.stream
        else each
        for each in history.streams
    )
    published_at = history.clock.machine - timedelta(days=days)
    aged = with_fact(replace(history, streams=streams), fact, published_at=published_at)
    assert said(check_i34(aged)) == found
