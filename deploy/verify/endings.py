"""I01 to I03: every contact ends once, nothing follows its end, and no caller was forgotten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from contracts.assignment import LiveStateEntered, OfferWithdrawn
from contracts.contact import ContactEnded, ContactOpened
from contracts.envelope import Event
from contracts.referral import ReferralFact
from contracts.vocabulary import ContactState, LiveState, LiveStateReason, WithdrawalReason
from deploy.verify.history import Fact, Handled, History
from deploy.verify.verdict import Checked, Violation, violation

INTAKE = "intake"
#: Intake goes by the moment, who follows it by the hour after (`ContactEnded.kept_until`).
ROUNDED_UP = timedelta(hours=1)


def check_i01(history: History) -> Checked:
    """Each contact is opened once and ended once, in the ledger, on the stream and in the table."""
    opened, ended = _ids_by_contact(history, ContactOpened), _ids_by_contact(history, ContactEnded)
    states = {contact.contact_id: contact.state for contact in history.contacts}
    found: list[Violation] = []
    known = opened.keys() | ended.keys() | states.keys()
    swept = {
        event.contact_id
        for _, event in history.told(ContactEnded)
        if event.kept_until - ROUNDED_UP <= history.clock.domain
    }
    for contact in sorted(known):
        over = states.get(contact) == ContactState.ENDED
        live = history.still_open and contact in states and not over
        found.extend(_endings(contact, opened[contact], ended[contact], live))
        if contact in swept:
            continue  # its row goes with its retention (I26)
        if contact not in states:
            found.append(violation("announced, and not in the ledger of intake", contact=contact))
        elif over is not bool(ended[contact]):
            found.append(violation("its state and its announced end differ", contact=contact))
    return Checked(len(known), tuple(found))


def _endings(contact: str, opened: list[str], ended: list[str], live: bool) -> Iterator[Violation]:
    if not opened:
        yield violation("never announced as opened", contact=contact)
    if len(opened) > 1:
        yield violation("opened more than once", contact=contact, event=opened[1])
    if len(ended) > 1:
        yield violation("ended more than once", contact=contact, event=ended[1])
    if not ended and not live:
        yield violation("accepted, and never ended", contact=contact)


def _ids_by_contact(
    history: History, kind: type[ContactOpened] | type[ContactEnded]
) -> defaultdict[str, list[str]]:
    by_contact: defaultdict[str, list[str]] = defaultdict(list)
    for id, event in history.told(kind):
        by_contact[event.contact_id].append(id)
    return by_contact


# --- nothing after the end ------------------------------------------------------------------------


def is_declared_after_the_end(event: Event) -> bool:
    """Whether a service may still say this of a contact in the work in which it learns of its end.

    The declared post-contact events: the offer that stops ringing, the person who is free of it.
    Counts of an hour, wrap-ups and rests that follow are about no contact any more.
    """
    match event:
        case OfferWithdrawn(reason=WithdrawalReason.CONTACT_ENDED):
            return True
        case LiveStateEntered(state=LiveState.WRAPPING_UP, reason=LiveStateReason.CONTACT_ENDED):
            return True
        case _:
            return False


def check_i02(history: History) -> Checked:
    """Who knows of a contact's end says nothing more of it, but what is declared.

    Intake knows at once, by its version; the others from the work on in which they handled
    `ContactEnded`. What they said before they could know is judged by its later withdrawal (I04).
    """
    ends = {
        fact.contact_id: fact
        for fact in history.facts
        if fact.contact_id is not None and isinstance(fact.event, ContactEnded)
    }
    found = [
        violation(
            "said of a contact after its end",
            contact=fact.contact_id,
            event=fact.id,
            type=fact.type,
        )
        for fact in history.facts
        if fact.contact_id in ends and _is_too_late(history, ends[fact.contact_id], fact)
    ]
    return Checked(len(ends), tuple(found))


def _is_too_late(history: History, end: Fact, fact: Fact) -> bool:
    if fact.id == end.id or isinstance(fact.event, ReferralFact):
        return False  # a referral outlives the contact it was agreed in
    if fact.service == "risk":
        return False  # an alert, and what follows from it, outlives its contact: a human closes it
    if fact.service == end.service:
        return fact.aggregate == end.aggregate and fact.version > end.version
    learnt = history.handled_by.get(fact.service, {}).get(end.id)
    if learnt is None:
        return False
    if fact.txid == learnt.txid:
        return fact.event is None or not is_declared_after_the_end(fact.event)
    return _began_after(history, fact, learnt)


def _began_after(history: History, fact: Fact, learnt: Handled) -> bool:
    """Whether the work that announced a fact certainly began after the end was known.

    Transactions of an exclusive service are one after the other. Two of another service may have
    run at once, and the row lock of the contact, which leaves no trace, says which came first; no
    transaction lasts longer than its statement may.
    """
    if fact.service in history.exclusive:
        return fact.txid > learnt.txid
    cause = history.handled_by[fact.service].get(fact.caused_by or "")
    began_at = fact.committed_at if cause is None else cause.handled_at
    longest = max(
        (each.statement_timeout for each in history.services if each.name == fact.service),
        default=timedelta(),
    )
    return began_at > learnt.handled_at + longest


# --- what the edges told callers ------------------------------------------------------------------


def check_i03(history: History) -> Checked:
    """Every contact of which a caller was told is one the platform opened."""
    if history.journal is None:
        return Checked(0, not_checked="needs --journal")
    if not history.journal.contacts:
        return Checked(0, not_checked="the journal names no contact")
    opened = {event.contact_id for _, event in history.told(ContactOpened)}
    kept = {contact.contact_id for contact in history.contacts}
    answered = sorted(set(history.journal.contacts))
    found = [
        violation("a caller was answered, and the platform does not know them", contact=contact)
        for contact in answered
        if contact not in opened or contact not in kept
    ]
    return Checked(len(answered), tuple(found))
