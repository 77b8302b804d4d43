"""I26 sees what is older than it may be, and what opens although its key must be gone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from contracts.contact import ContactEnded
from contracts.risk import AlertClosed
from contracts.vocabulary import TextKind
from deploy.verify.endings import check_i01
from deploy.verify.history import AttemptStanding, History, OrderStanding
from deploy.verify.opening import BackupText, Opened, TextStanding
from deploy.verify.retention import check_i26
from deploy.verify.shown import check_i35
from deploy.verify.traces import Trace
from tests.verify.a_run import a_day
from tests.verify.plants import fact_of, unsaid
from tests.verify.recorder import an_id

ANA, BEN = an_id("ana"), an_id("ben")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
Plant = Callable[[History], History]


def end_of_ana(history: History) -> datetime:
    fact = fact_of(history, lambda e: isinstance(e, ContactEnded) and e.contact_id == ANA)
    assert isinstance(fact.event, ContactEnded)
    return fact.event.ended_at


def so_long_after(history: History, after: timedelta) -> History:
    """So long after ana's contact ended; what is kept on a stream is as young as ever."""
    return replace(history, clock=replace(history.clock, domain=end_of_ana(history) + after))


def with_row(after: timedelta, place: str = "triage.contact.contact_id") -> Plant:
    def plant(history: History) -> History:
        return replace(so_long_after(history, after), traces=(Trace(place, ANA, ANA),))

    return plant


def with_text(
    after: timedelta,
    kind: TextKind = TextKind.LINE,
    *,
    has_key: bool = True,
    erased: bool = False,
) -> Plant:
    def plant(history: History) -> History:
        at = end_of_ana(history)
        text = TextStanding("text-1", ANA, kind.value, at, has_key, has_key)
        erasures = ((ANA, at + HOUR),) if erased else ()
        opened = Opened((text,), (), (), ())
        return replace(so_long_after(history, after), opened=opened, erasures=erasures)

    return plant


def with_key(after: timedelta) -> Plant:
    def plant(history: History) -> History:
        opened = Opened((), ((ANA, end_of_ana(history).date()),), (), ())
        return replace(so_long_after(history, after), opened=opened)

    return plant


def with_days_key(after: timedelta) -> Plant:
    def plant(history: History) -> History:
        opened = Opened((), (), (end_of_ana(history).date(),), ())
        return replace(so_long_after(history, after), opened=opened)

    return plant


def with_backup(
    after: timedelta, *, opens_with_ledger: bool = False, opens: bool = False, kept: bool = False
) -> Plant:
    def plant(history: History) -> History:
        at = end_of_ana(history)
        text = BackupText("text-1", ANA, at.date(), opens_with_ledger, opens)
        still = TextStanding("text-1", ANA, TextKind.MESSAGE.value, at, True, True)
        opened = Opened((still,) if kept else (), (), (), (text,))
        return replace(so_long_after(history, after), opened=opened)

    return plant


def with_card(after: timedelta) -> Plant:
    def plant(history: History) -> History:
        late = so_long_after(history, after)
        return replace(late, cards=((ANA, end_of_ana(history)),))

    return plant


def old_message(history: History) -> History:
    first, *others = history.facts
    long_ago = first.committed_at - 92 * DAY
    return replace(history, facts=(replace(first, committed_at=long_ago), *others))


def with_handed(after: timedelta) -> Plant:
    """What a partner was handed of ben's referral is still known, so long after his contact."""

    def plant(history: History) -> History:
        fact = fact_of(history, lambda e: isinstance(e, ContactEnded) and e.contact_id == BEN)
        assert isinstance(fact.event, ContactEnded)
        clock = replace(history.clock, domain=fact.event.ended_at + after)
        handed = (("0" * 32, an_id("referral", "ben")), ("1" * 32, "nobody's"))
        return replace(history, clock=clock, handed=handed)

    return plant


def with_post(after: timedelta, *, ordered: bool = True) -> Plant:
    def plant(history: History) -> History:
        at = history.clock.domain - after
        order = OrderStanding("told-1", "aplus", at, 1)
        attempt = AttemptStanding("told-1", 1, "2xx", history.clock.machine, (1,), "public")
        return replace(history, orders=(order,) if ordered else (), attempts=(attempt,))

    return plant


KEPT_TOO_LONG = "kept for longer than its line keeps it"
PLANTED: dict[str, tuple[Plant, str]] = {
    "a row of triage": (with_row(401 * DAY + HOUR), KEPT_TOO_LONG),
    "a row of intake": (with_row(401 * DAY + HOUR, "intake.contact.contact_id"), KEPT_TOO_LONG),
    "a desk": (with_row(401 * DAY + HOUR, "console.desk.contact.contact_id"), KEPT_TOO_LONG),
    "risk without an alert": (with_row(401 * DAY + HOUR, "risk.lift.contact_id"), KEPT_TOO_LONG),
    "a line of a chat": (with_text(2 * DAY + HOUR), "a text is older than its retention"),
    "a message": (
        with_text(31 * DAY + HOUR, TextKind.MESSAGE),
        "a text is older than its retention",
    ),
    "an erased text": (with_text(2 * HOUR, erased=True), "an erased text is still there"),
    "a text without its key": (
        with_text(HOUR, has_key=False),
        "a text outlives its contact's key",
    ),
    "a key without a text": (
        with_key(2 * DAY + HOUR),
        "a contact's key is older than its texts may be",
    ),
    "the key of a day": (with_days_key(9 * DAY + HOUR), "a day's key outlives its week"),
    "an erased text that opens": (
        with_backup(HOUR, opens_with_ledger=True),
        "a text that is gone opens with a key of the ledger",
    ),
    "a backup that opens": (
        with_backup(9 * DAY + HOUR, opens=True),
        "a backup opens although its day's key must be gone",
    ),
    "an emergency card": (with_card(2 * DAY + HOUR), "an emergency card outlives its day"),
    "what a partner was handed": (
        with_handed(401 * DAY + HOUR),
        "what a partner was handed outlives its contact",
    ),
    "a post": (
        with_post(31 * DAY + HOUR),
        "a post to a partner is known for longer than its stream",
    ),
    "an attempt": (with_post(HOUR, ordered=False), "an attempt outlives what was posted"),
    "a message of a stream": (old_message, "a message outlives its stream's age"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_outlives_its_retention_is_found(name: str) -> None:
    plant, expected = PLANTED[name]
    assert [each.what for each in check_i26(plant(a_day().history())).violations] == [expected]


SOUND: dict[str, Plant] = {
    "a row in its last hours": with_row(401 * DAY - HOUR),
    "a reply of the ledger": with_row(401 * DAY + HOUR, "intake.inbox.reply.result.contact_id"),
    "a line of a chat, the day after": with_text(2 * DAY - HOUR),
    "a message of last month": with_text(31 * DAY - HOUR, TextKind.MESSAGE),
    "the key of a chat, the day after": with_key(2 * DAY - HOUR),
    "an emergency card of the day": with_card(2 * DAY - HOUR),
    "the key of a day, after a week": with_days_key(8 * DAY),
    "a backup of this week": with_backup(2 * DAY, opens=True),
    "a backup of what is kept": with_backup(2 * DAY, opens=True, opens_with_ledger=True, kept=True),
    "a backup of last week": with_backup(20 * DAY),
    "what a partner may still answer": with_handed(401 * DAY - HOUR),
    "a post of last month": with_post(31 * DAY - HOUR),
}


@pytest.mark.parametrize("name", SOUND)
def test_what_is_in_its_time_is_sound(name: str) -> None:
    checked = check_i26(SOUND[name](a_day().history()))
    assert checked.violations == ()
    assert checked.count > 0


def test_texts_of_a_backup_are_said_not_to_be_checked_without_one() -> None:
    assert check_i26(a_day().history()).not_checked == "texts of a backup need --backup"
    assert check_i26(with_backup(HOUR)(a_day().history())).not_checked is None


def test_an_open_alert_keeps_its_contact_in_risk_alone() -> None:
    history = a_day().history()
    closed = fact_of(history, lambda event: isinstance(event, AlertClosed))
    history = unsaid(history, closed)
    late = with_row(401 * DAY + HOUR, "risk.alert.contact_id")(history)
    assert not check_i26(late).violations
    elsewhere = with_row(401 * DAY + HOUR)(history)
    assert check_i26(elsewhere).violations


def test_a_row_that_was_swept_in_its_time_is_no_contact_lost() -> None:
    history = so_long_after(a_day().history(), 401 * DAY)
    swept = replace(history, contacts=())
    assert not check_i01(swept).violations
    too_early = replace(swept, clock=replace(swept.clock, domain=end_of_ana(swept) + 399 * DAY))
    assert check_i01(too_early).violations


def test_hours_of_forgotten_contacts_are_judged_by_what_was_announced() -> None:
    history = so_long_after(a_day().history(), 401 * DAY)
    first, *others = history.hours
    forgotten = replace(history, hours=(replace(first, now=replace(first.now, opened=0)), *others))
    assert not check_i35(forgotten).violations
    wrong = replace(first, kept=replace(first.now, opened=99))
    assert check_i35(replace(history, hours=(wrong, *others))).violations
