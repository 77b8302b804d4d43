"""I26: nothing is older than its retention, and what was destroyed opens no more.

How long a contact is kept is worked out here again, from what its line had published when it began;
what is kept of it is looked for in every table of every service, whoever was to forget it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.contact import ContactEnded, ContactOpened
from contracts.programme import ProgrammePublished
from contracts.referral import ReferralSent
from contracts.risk import AlertClosed, AlertRaised, AlertStoodDown
from contracts.text import TextSealed
from contracts.vocabulary import ReferralId, TextKind
from contracts.writing import KeepingTerms
from deploy.verify.history import History
from deploy.verify.verdict import Checked, Violation, violation
from services.intake.day_keys import gone_by
from services.risk.rescue import CARD_KEPT_FOR

#: How much later than its retention something may go (I26).
TOLERANCE = timedelta(hours=24)

#: What partners are told is on their stream for so long, and posted again for no longer.
POSTS_KEPT_FOR = timedelta(days=30)

#: Replies to askings are part of the ledger: kept for as long as their events, they hold ids alone.
_LEDGER = "inbox"


@dataclass(frozen=True)
class Gone:
    """When what is kept of an ended contact must be gone, at the latest (domain time)."""

    contact: datetime
    chat: datetime  #: lines of a chat, notes, capsules
    written: datetime  #: messages and their answers

    def text(self, kind: str) -> datetime:
        """When a text of this kind must be."""
        return self.written if kind == TextKind.MESSAGE.value else self.chat


def check_i26(history: History) -> Checked:
    """Rows, texts, keys and messages go in time; what went with its key does not open."""
    gone = gone_of(history)
    found = [
        *_rows(history, gone),
        *_texts(history, gone),
        *_keys(history, gone),
        *_days(history),
        *_cards(history),
        *_backup(history),
        *_messages(history),
        *_handed(history, gone),
        *_posts(history),
    ]
    opened = history.opened
    partners = (history.handed, history.orders, history.attempts)
    kept = (opened.texts, opened.days, opened.backup, history.cards, *partners)
    looked_at = len(gone) + sum(map(len, kept))
    missing = None if opened.backup else "texts of a backup need --backup"
    return Checked(looked_at, tuple(found), missing)


def gone_of(history: History) -> Mapping[str, Gone]:
    """By contact that has ended: when everything of it must be gone."""
    keeping = {
        (event.programme, event.programme_version): event.terms.keeping
        for _, event in history.told(ProgrammePublished)
    }
    began = {
        event.contact_id: (event.programme, event.programme_version)
        for _, event in history.told(ContactOpened)
    }
    return {
        event.contact_id: _gone(keeping[began[event.contact_id]], event.ended_at)
        for _, event in history.told(ContactEnded)
        if began.get(event.contact_id) in keeping
    }


def _gone(keeping: KeepingTerms, ended_at: datetime) -> Gone:
    return Gone(
        contact=ended_at + timedelta(days=keeping.contact_days) + TOLERANCE,
        chat=ended_at + timedelta(hours=keeping.chat_hours) + TOLERANCE,
        written=ended_at + timedelta(hours=keeping.written_hours) + TOLERANCE,
    )


def _rows(history: History, gone: Mapping[str, Gone]) -> Iterator[Violation]:
    now = history.clock.domain
    old = {contact for contact, when in gone.items() if when.contact < now}
    if not old:
        return
    alerted = _with_open_alert(history)
    for trace in history.traces:
        service, _, place = trace.place.partition(".")
        if trace.value != trace.contact_id or trace.contact_id not in old:
            continue
        spared = service == "risk" and trace.contact_id in alerted
        if not spared and not place.startswith(_LEDGER):
            ids = {"contact": trace.contact_id, "place": trace.place}
            yield violation("kept for longer than its line keeps it", **ids)


def _with_open_alert(history: History) -> frozenset[str]:
    over = {event.alert_id for _, event in history.told(AlertStoodDown)}
    over |= {event.alert_id for _, event in history.told(AlertClosed)}
    return frozenset(
        event.contact_id for _, event in history.told(AlertRaised) if event.alert_id not in over
    )


# --- texts and keys -------------------------------------------------------------------------------


def _texts(history: History, gone: Mapping[str, Gone]) -> Iterator[Violation]:
    erased = dict(history.erasures)
    for each in history.opened.texts:
        ids = {"contact": each.contact_id, "text": each.sealed_id}
        when = gone.get(each.contact_id)
        if when is not None and when.text(each.kind) < history.clock.domain:
            yield violation("a text is older than its retention", **ids)
        if each.contact_id in erased and each.sealed_at <= erased[each.contact_id]:
            yield violation("an erased text is still there", **ids)
        if not each.has_key:
            yield violation("a text outlives its contact's key", **ids)


def _keys(history: History, gone: Mapping[str, Gone]) -> Iterator[Violation]:
    """Keys of contacts whose texts must all be gone by now."""
    written = {
        event.contact_id for _, event in history.told(TextSealed) if event.kind is TextKind.MESSAGE
    }
    for contact, _ in history.opened.contact_keys:
        when = gone.get(contact)
        if when is None:
            continue
        last = max(when.chat, when.written) if contact in written else when.chat
        if last < history.clock.domain:
            yield violation("a contact's key is older than its texts may be", contact=contact)


def _days(history: History) -> Iterator[Violation]:
    for day in history.opened.days:
        if gone_by(day) + TOLERANCE < history.clock.domain:
            yield violation("a day's key outlives its week", day=day.isoformat())


def _cards(history: History) -> Iterator[Violation]:
    for contact, written_at in history.cards:
        if written_at + CARD_KEPT_FOR + TOLERANCE < history.clock.domain:
            yield violation("an emergency card outlives its day", contact=contact)


def _backup(history: History) -> Iterator[Violation]:
    """What was erased opens by no key of the ledger; what is of a day that is gone, by none."""
    kept = {each.sealed_id for each in history.opened.texts}
    for each in history.opened.backup:
        ids = {"contact": each.contact_id, "text": each.sealed_id}
        if each.sealed_id not in kept and each.opens_with_ledger:
            yield violation("a text that is gone opens with a key of the ledger", **ids)
        over = each.day is not None and gone_by(each.day) + TOLERANCE < history.clock.domain
        if over and each.opens:
            yield violation("a backup opens although its day's key must be gone", **ids)


def _messages(history: History) -> Iterator[Violation]:
    """Messages are as old as their outbox rows; a stream lets them go by itself (machine time)."""
    for message in history.messages:
        standing = history.stream_by_name.get(message.stream)
        fact = history.fact_by_id.get(message.id or "")
        if standing is None or fact is None or not standing.max_age:
            continue
        if fact.committed_at + standing.max_age + TOLERANCE < history.clock.machine:
            ids = {"stream": message.stream, "sequence": message.sequence}
            yield violation("a message outlives its stream's age", **ids)


# --- what partners were told ----------------------------------------------------------------------


def _handed(history: History, gone: Mapping[str, Gone]) -> Iterator[Violation]:
    """What leads from a partner's reference to a referral goes with the referral's contact."""
    of_contact = {event.referral_id: event.contact_id for _, event in history.told(ReferralSent)}
    for reference, referral in history.handed:
        when = gone.get(of_contact.get(ReferralId(referral), ""))
        if when is not None and when.contact < history.clock.domain:
            ids = {"reference": reference, "referral": referral}
            yield violation("what a partner was handed outlives its contact", **ids)


def _posts(history: History) -> Iterator[Violation]:
    ordered = {order.event_id for order in history.orders}
    for order in history.orders:
        if order.made_at + POSTS_KEPT_FOR + TOLERANCE < history.clock.domain:
            ids = {"event": order.event_id, "partner": order.partner}
            yield violation("a post to a partner is known for longer than its stream", **ids)
    for attempt in history.attempts:
        if attempt.event_id not in ordered:
            yield violation("an attempt outlives what was posted", event=attempt.event_id)
