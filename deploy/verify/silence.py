"""I15: no caller waits in silence. Whoever waits has an owner and a deadline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from contracts.assignment import (
    ContactSentUntriaged,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferTaken,
    OfferWithdrawn,
    WayOutOffered,
)
from contracts.contact import ContactEnded, ContactOpened
from contracts.envelope import Event
from contracts.programme import ProgrammePublished
from contracts.text import TextSealed, WrittenAnswered, WrittenClockRang, WrittenFirstRead
from contracts.triage import ContactTriaged
from contracts.vocabulary import AuthorKind, Channel, ContactState, LiveState, TextKind
from contracts.writing import WritingTerms
from deploy.verify.duty import staffing
from deploy.verify.history import ContactStanding, History, LineStanding
from deploy.verify.turns import HONOURED_WITHIN_SECONDS
from deploy.verify.verdict import Checked, Violation, violation
from deploy.verify.written import clocks_of_messages
from services.quality.recount import recount_limbo
from services.quality.settings import SETTINGS

#: Machine time in which a fault heals (I08), of which a day played faster makes much domain time.
_HEALED_WITHIN_SECONDS = 10.0

WAITING = frozenset({ContactState.WAITING_REGULATOR, ContactState.WAITING_LISTENER})


def check_i15(history: History) -> Checked:
    """Who waits now has an owner and a deadline; nobody was in limbo; no deadline is forgotten.

    Nor does a message wait without a clock of its own, a pass stand without an end, or a line seem
    to have somebody where nobody is.
    """
    lines = {line.contact_id: line for line in history.lines}
    waiting = [each for each in history.contacts if each.state in WAITING]
    found: list[Violation] = []
    for contact in waiting:
        found.extend(_unowned(history, contact, lines.get(contact.contact_id)))
    found.extend(_forgotten(history))
    found.extend(_in_limbo(history))
    found.extend(clocks_of_messages(history))
    found.extend(staffing(history))
    found.extend(_endless_passes(history))
    count = len(history.contacts) + len(history.deadlines)
    return Checked(count, tuple(found))


def _endless_passes(history: History) -> Iterator[Violation]:
    for contact in history.contacts:
        ends = history.has_deadline("intake", "pass_over", contact.contact_id)
        if contact.pass_until is not None and not ends:
            yield violation("has a return pass that nobody ends", contact=contact.contact_id)


def _unowned(
    history: History, contact: ContactStanding, line: LineStanding | None
) -> Iterator[Violation]:
    """Assignment owns who waits; its next look or quality's watch is the deadline."""
    ids = {"contact": contact.contact_id}
    if not history.still_open:
        yield violation("waits, and the run is over", **ids)
    if line is None:
        if not _on_its_way(history, contact):
            yield violation("waits, and assignment does not know them", **ids)
    elif line.state == "waiting":
        looks = history.has_deadline("assignment", "look_again", contact.programme)
        watches = history.has_deadline("quality", "limbo", contact.programme)
        if not (looks or watches):
            yield violation("waits, and nobody will look again", **ids)
    elif line.state == "offered" and not history.has_deadline(
        "assignment", "offer_expires", line.offer_id or ""
    ):
        yield violation("offered, and the offer has no end", **ids, offer=line.offer_id)


def _on_its_way(history: History, contact: ContactStanding) -> bool:
    """The news of a contact may be on its way to assignment while the run goes on."""
    opened = (
        fact.id
        for fact in history.facts
        if fact.contact_id == contact.contact_id and isinstance(fact.event, ContactOpened)
    )
    heard = history.handled_by.get("assignment", {})
    return history.still_open and not any(id in heard for id in opened)


def _forgotten(history: History) -> Iterator[Violation]:
    overdue = history.clock.domain - history.domain(HONOURED_WITHIN_SECONDS)
    for each in history.deadlines:
        if each.due_at < overdue:
            yield violation(
                "a deadline nobody honours", service=each.service, kind=each.kind, key=each.key
            )
    for person in history.people:
        ends = history.has_deadline("assignment", "rest_over", person.person_id)
        if person.state == LiveState.RESTING and not ends:
            yield violation("rests, and the rest has no end", person=person.person_id)


# --- limbo ----------------------------------------------------------------------------------------


def _in_limbo(history: History) -> Iterator[Violation]:
    """Nobody did a thing for so long: now, by quality's own gauge, and at any moment of the run."""
    bound = SETTINGS.limbo_after
    now = recount_limbo(history.event_by_id.values(), history.clock.domain, bound)
    for programme, lost in now.items():
        if lost:
            yield violation("in limbo now", programme=programme, contacts=lost)
    allowed = bound + history.domain(_HEALED_WITHIN_SECONDS)
    writing = {
        (event.programme, event.programme_version): event.terms.writing
        for _, event in history.told(ProgrammePublished)
    }
    for contact, events in _by_contact(history).items():
        opened = next((each for each in events if isinstance(each, ContactOpened)), None)
        clocks = None
        if opened is not None and opened.channel is Channel.MESSAGE:
            clocks = writing.get((opened.programme, opened.programme_version))
        if longest_silence(events, clocks) > allowed:
            yield violation("was in limbo", contact=contact)


def _by_contact(history: History) -> dict[str, list[Event]]:
    by_contact: dict[str, list[Event]] = defaultdict(list)
    for event in history.event_by_id.values():
        contact = getattr(event, "contact_id", None)
        if contact is not None:
            by_contact[contact].append(event)
    return by_contact


def longest_silence(events: list[Event], clocks: WritingTerms | None = None) -> timedelta:
    """The longest time in which a contact waited and nobody did a thing, in domain time.

    A take begins a talk, which ends with what comes next of the contact: nobody waits in between.
    Nobody waits after the end either, whatever is still withdrawn then. A message (`clocks`) waits
    until the clock rings that is next to; its silence begins where none has rung.
    """
    ended_at = min((e.ended_at for e in events if isinstance(e, ContactEnded)), default=None)
    signs = sorted(
        sign
        for event in events
        if (sign := _sign(event)) is not None and (ended_at is None or sign[0] <= ended_at)
    )
    silences = (
        after - max(before, _rings_at(events, before, clocks))
        for (before, talks), (after, _) in pairwise(signs)
        if not talks
    )
    return max(silences, default=timedelta())


def _rings_at(events: list[Event], moment: datetime, clocks: WritingTerms | None) -> datetime:
    """When the clock of a message that runs at a moment rings next; the moment when none does."""
    asked = max((at for each in events if (at := _asked_at(each)) and at <= moment), default=None)
    if clocks is None or asked is None:
        return moment
    steps: dict[type[Event], timedelta] = {
        WrittenAnswered: timedelta(hours=clocks.answered_within_hours),
        WrittenFirstRead: timedelta(minutes=clocks.first_reading_minutes),
    }
    over = {
        type(each)
        for each in events
        if isinstance(each, WrittenFirstRead | WrittenAnswered)
        and each.asked_at == asked
        and (_sign(each) or (moment, False))[0] <= moment
    }
    if WrittenAnswered in over:
        return moment
    rings = [asked + step for kind, step in steps.items() if kind not in over]
    return min((ring for ring in rings if ring > moment), default=moment)


def _asked_at(event: Event) -> datetime | None:
    match event:
        case ContactOpened():
            return event.opened_at
        case TextSealed(kind=TextKind.MESSAGE, author=AuthorKind.CALLER):
            return event.sealed_at
        case _:
            return None


def _sign(event: Event) -> tuple[datetime, bool] | None:
    """When somebody did something for a contact, and whether a talk began."""
    match event:
        case ContactOpened():
            return event.opened_at, False
        case ContactTriaged():
            return event.decided_at, False
        case ContactSentUntriaged():
            return event.sent_at, False
        case ContactEnded():
            return event.ended_at, False
        case OfferMade():
            return event.made_at, False
        case WayOutOffered():
            return event.offered_at, False
        case OfferTaken():
            return event.taken_at, True
        case OfferDeclined():
            return event.declined_at, False
        case OfferExpired():
            return event.expired_at, False
        case OfferWithdrawn():
            return event.withdrawn_at, False
        case WrittenFirstRead():
            return event.read_at, False
        case WrittenAnswered():
            return event.answered_at, False
        case WrittenClockRang():
            return event.rang_at, False
        case TextSealed(kind=TextKind.MESSAGE, author=AuthorKind.CALLER):
            return event.sealed_at, False
        case _:
            return None
