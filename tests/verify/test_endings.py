"""I01 to I03 catch what was planted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.assignment import LiveStateEntered, OfferMade
from contracts.contact import ContactEnded, ContactOpened
from contracts.triage import ContactTriaged
from contracts.vocabulary import LiveState
from deploy.verify.endings import check_i01, check_i02, check_i03
from deploy.verify.history import Fact, History
from deploy.verify.journal import Journal
from deploy.verify.verdict import Checked
from tests.verify.a_run import a_day
from tests.verify.plants import fact_of, unsaid, with_fact
from tests.verify.recorder import an_id


def only(checked: Checked, what: str) -> dict[str, str]:
    """The ids of the one violation there must be."""
    assert [each.what for each in checked.violations] == [what]
    return dict(checked.violations[0].ids)


def ended(history: History) -> Fact:
    return fact_of(history, lambda event: isinstance(event, ContactEnded))


def without_end(history: History) -> History:
    lost = ended(history)
    assert lost.contact_id is not None
    contacts = tuple(
        each._replace(state="with_listener") if each.contact_id == lost.contact_id else each
        for each in history.contacts
    )
    return replace(unsaid(history, lost), contacts=contacts)


def ended_again(history: History) -> History:
    first = ended(history)
    return replace(history, facts=(*history.facts, replace(first, id=an_id("again"), version=3)))


def without_opening(history: History) -> History:
    lost = fact_of(history, lambda event: isinstance(event, ContactOpened))
    return unsaid(history, lost)


def state_not_ended(history: History) -> History:
    first, *others = history.contacts
    return replace(history, contacts=(first._replace(state="with_listener"), *others))


I01 = {
    "a contact that never ends": (without_end, "accepted, and never ended"),
    "a contact that ends twice": (ended_again, "ended more than once"),
    "a contact nobody opened": (without_opening, "never announced as opened"),
    "a row that says otherwise": (state_not_ended, "its state and its announced end differ"),
    "a row that is gone": (
        lambda history: replace(history, contacts=history.contacts[1:]),
        "announced, and not in the ledger of intake",
    ),
}


@pytest.mark.parametrize(("plant", "what"), I01.values(), ids=I01.keys())
def test_contact_without_its_one_end_is_found(
    plant: Callable[[History], History], what: str
) -> None:
    only(check_i01(plant(a_day().history())), what)


def test_end_that_is_only_on_the_stream_counts_as_well() -> None:
    history = a_day().history()
    twin = replace(
        next(each for each in history.messages if each.type == "contact.ended.v1"),
        sequence=99,
    )
    headers = {**twin.headers, "ce-id": an_id("forged")}
    forged = replace(twin, headers=headers)
    checked = check_i01(replace(history, messages=(*history.messages, forged)))
    only(checked, "ended more than once")


def test_live_contact_is_allowed_only_while_the_run_goes_on() -> None:
    history = without_end(a_day().history())
    only(check_i01(history), "accepted, and never ended")
    assert not check_i01(replace(history, still_open=True)).violations


# --- I02 ------------------------------------------------------------------------------------------


def later(history: History, fact: Fact, minutes: int) -> History:
    """The work of a fact is done so much later, in a transaction of its own."""
    at = fact.committed_at + timedelta(minutes=minutes)
    handled = tuple(
        row._replace(txid=99_000, handled_at=at) if row.id == fact.caused_by else row
        for row in history.handled
    )
    moved = with_fact(history, fact, txid=99_000, committed_at=at)
    return replace(moved, handled=handled)


def test_offer_made_after_assignment_knew_of_the_end_is_found() -> None:
    history = a_day().history()
    made = fact_of(history, lambda event: isinstance(event, OfferMade))
    ids = only(check_i02(later(history, made, 60)), "said of a contact after its end")
    assert ids["event"] == made.id


def test_decision_after_triage_knew_of_the_end_is_found_beyond_what_may_overlap() -> None:
    history = a_day().history()
    triaged = fact_of(history, lambda event: isinstance(event, ContactTriaged))
    only(check_i02(later(history, triaged, 60)), "said of a contact after its end")


def test_decision_begun_before_the_end_was_known_may_be_committed_after_it() -> None:
    """Two workers at once: the row lock of the contact decided, and the decision was first."""
    history = a_day().history()
    triaged = fact_of(history, lambda event: isinstance(event, ContactTriaged))
    committed_late = with_fact(
        history, triaged, txid=99_000, committed_at=triaged.committed_at + timedelta(hours=1)
    )
    assert not check_i02(committed_late).violations


def test_word_of_intake_after_its_own_end_is_found() -> None:
    history = a_day().history()
    end = ended(history)
    opened_again = replace(
        fact_of(history, lambda event: isinstance(event, ContactOpened)),
        id=an_id("again"),
        version=end.version + 1,
    )
    planted = replace(history, facts=(*history.facts, opened_again))
    ids = only(check_i02(planted), "said of a contact after its end")
    assert ids["event"] == opened_again.id


def test_only_declared_events_go_with_the_news_of_the_end() -> None:
    history = a_day().history()
    wrapping = fact_of(
        history,
        lambda event: isinstance(event, LiveStateEntered) and event.state is LiveState.WRAPPING_UP,
    )
    assert isinstance(wrapping.event, LiveStateEntered)
    talking = wrapping.event.model_copy(update={"state": LiveState.TALKING})
    planted = with_fact(history, wrapping, event=talking)
    only(check_i02(planted), "said of a contact after its end")


# --- I03 ------------------------------------------------------------------------------------------


def test_caller_the_platform_forgot_is_found() -> None:
    journal = Journal(contacts=(an_id("ana"), an_id("nobody")))
    checked = check_i03(a_day().history(journal=journal))
    assert checked.count == 2
    assert only(checked, "a caller was answered, and the platform does not know them") == {
        "contact": an_id("nobody")
    }


def test_caller_of_whom_only_half_is_known_is_found() -> None:
    history = a_day().history(journal=Journal(contacts=(an_id("ana"),)))
    what = "a caller was answered, and the platform does not know them"
    only(check_i03(without_opening(history)), what)
    only(check_i03(replace(history, contacts=())), what)


def test_journal_without_callers_checks_nothing() -> None:
    assert check_i03(a_day().history(journal=Journal())).not_checked is not None
