"""I18: a desk that is lost leaves nobody alone. In writing they wait again; a voice is flagged.

From the assigner's run, the inboxes of who is to know, and how desks stand now. What it cannot see:
a heartbeat leaves no row, so that of a loss that is over nobody knows when the silence began, and
one nobody noticed is found only while it lasts (`--open`). Nor does it see a screen: it judges that
intake and the console knew in time; what their pages then say is tried in tests/browser. That who
was given back is next is I14's, the time for which the bus was away is I08's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from contracts.assignment import ContactSentUntriaged, LiveStateEntered, OfferTaken, OfferWithdrawn
from contracts.envelope import Event
from contracts.programme import ProgrammePublished
from contracts.triage import ContactTriaged
from contracts.vocabulary import Channel, LiveState, LiveStateReason, WithdrawalReason
from deploy.verify.history import Fact, Handled, History
from deploy.verify.known import Hold
from deploy.verify.replay import ASSIGNMENT, replay_of
from deploy.verify.silence import WAITING
from deploy.verify.verdict import Checked, Violation, violation

#: Machine time in which the console flags a voice whose desk is lost, once the bus has the news.
FLAGGED_WITHIN_SECONDS = 5.0
#: The same for intake, whose pages tell the caller.
TOLD_WITHIN_SECONDS = 10.0
#: Machine time by which a silence may go on beyond the line's bound: the assigner looks every 3 s,
#: and a take-over takes 5 s (DESIGN 7).
NOTICED_WITHIN_SECONDS = 10.0


def check_i18(history: History) -> Checked:
    """Each desk that was lost gave back whom it wrote with, and the others were told in time."""
    lost = [fact for fact in history.facts if _is_loss(fact)]
    found: list[Violation] = []
    for fact in lost:
        found.extend(_given_back(history, fact))
        if isinstance(fact.event, LiveStateEntered) and fact.event.state is LiveState.TALKING:
            found.extend(_heard(history, fact, "console", FLAGGED_WITHIN_SECONDS))
    for fact in history.facts:
        if isinstance(fact.event, OfferWithdrawn) and fact.event.was_taken and _unreached(fact):
            found.extend(_heard(history, fact, "intake", TOLD_WITHIN_SECONDS))
    found.extend(_untold(history))
    found.extend(_unnoticed(history))
    return Checked(len(lost) + len(history.people), tuple(found))


def _is_loss(fact: Fact) -> bool:
    entered = fact.event
    return (
        isinstance(entered, LiveStateEntered) and entered.reason is LiveStateReason.HEARTBEAT_LOST
    )


def _unreached(fact: Fact) -> bool:
    return getattr(fact.event, "reason", None) is WithdrawalReason.PERSON_UNREACHABLE


# --- whom they were with --------------------------------------------------------------------------


def _given_back(history: History, loss: Fact) -> Iterator[Violation]:
    """A desk that is gone answers nobody in writing; a voice may not depend on it."""
    entered = loss.event
    assert isinstance(entered, LiveStateEntered)
    held = [each for each in replay_of(history).holds if _holds(each, entered.person_id, loss.txid)]
    voice = any(each.taken.channel is Channel.PHONE for each in held)
    goes_on = entered.state is LiveState.TALKING
    if goes_on and not voice:
        yield violation("goes on without a desk and without a voice", person=entered.person_id)
    for each in held:
        ids = {"person": entered.person_id, "contact": each.taken.contact_id}
        if voice and not goes_on:
            yield violation("a voice was cut off with its desk", **ids)
        elif not goes_on and each.ended != loss.txid:
            yield violation("is still with somebody whose desk is lost", **ids)


def _holds(hold: Hold, person_id: str, txid: int) -> bool:
    """Whether this person was in that contact until this piece of work."""
    there = hold.begun < txid and (hold.ended is None or hold.ended >= txid)
    return there and hold.taken.person_id == person_id


# --- who is told ----------------------------------------------------------------------------------


def _heard(history: History, fact: Fact, service: str, seconds: float) -> Iterator[Violation]:
    ids = {"event": fact.id, "service": service}
    row = history.handled_by.get(service, {}).get(fact.id)
    if row is None:
        place = fact.stream_sequence
        if fact.event and place and history.is_drained_to(service, fact.event.stream, place):
            yield violation("never heard of a lost desk", **ids)
        return
    known_at = max(fact.committed_at, fact.published_at or fact.committed_at)
    if row.handled_at - known_at > timedelta(seconds=seconds):
        yield violation("heard too late of a lost desk", **ids)


def _untold(history: History) -> Iterator[Violation]:
    """Who waits now because a desk was lost is told so: their contact says it."""
    last = _last_moves(history)
    for contact in history.contacts:
        fact = last.get(contact.contact_id)
        lost = fact is not None and isinstance(fact.event, OfferWithdrawn) and _unreached(fact)
        if lost and contact.state in WAITING and not contact.lost_human:
            yield violation("waits after a lost desk, and is not told", contact=contact.contact_id)


def _last_moves(history: History) -> dict[str, Fact]:
    """What intake handled last of each contact's life; one that was overtaken moves nothing."""
    moves: dict[str, list[Fact]] = defaultdict(list)
    for row in sorted(history.handled_by.get("intake", {}).values(), key=_when):
        fact = history.fact_by_id.get(row.id)
        if fact is not None and _moves(fact.event):
            moves[fact.contact_id or ""].append(fact)
    return {
        contact: facts[-1]
        for contact, facts in moves.items()
        if all(each.txid <= facts[-1].txid for each in facts if each.service == ASSIGNMENT)
    }


def _moves(event: Event | None) -> bool:
    if isinstance(event, OfferWithdrawn):
        return event.was_taken
    return isinstance(event, OfferTaken | ContactTriaged | ContactSentUntriaged)


def _when(row: Handled) -> datetime:
    return row.handled_at


# --- who is lost now ------------------------------------------------------------------------------


def _unnoticed(history: History) -> Iterator[Violation]:
    """While the run goes on, no desk is silent for longer than its line bears."""
    if not history.still_open:
        return
    bounds: dict[str, int] = {
        event.programme: event.terms.times.heartbeat_lost_seconds
        for _, event in sorted(
            history.told(ProgrammePublished), key=lambda each: each[1].programme_version
        )
        if event.effective_at <= history.clock.domain
    }
    for person in history.people:
        bound = bounds.get(person.programme)
        if person.silent is None or bound is None:
            continue
        if person.silent > timedelta(seconds=bound + NOTICED_WITHIN_SECONDS):
            yield violation("a desk is silent, and nobody has noticed", person=person.person_id)
