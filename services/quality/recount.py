"""The same figures from the events alone, counted in another way on purpose.

For the checker and the tests: quality's tables must say what the streams say (invariant I35). It
shares the words of `domain.py` and none of its counting, keeps nothing between two events, and
looks at a history as the set it is: order and repeats cannot matter.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from contracts.assignment import (
    ContactSentUntriaged,
    LiveStateEntered,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferTaken,
    OfferWithdrawn,
    WayOutOffered,
)
from contracts.contact import ContactEnded, ContactOpened, UrgencyDeclared
from contracts.envelope import Event
from contracts.programme import ProgrammePublished
from contracts.referral import ReferralClosed, RelayOutcomeGiven
from contracts.risk import AlertAcknowledged, AlertRaised
from contracts.synthetic import RESERVED
from contracts.text import TextSealed, WrittenAnswered, WrittenClockRang, WrittenFirstRead
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    AuthorKind,
    Channel,
    ContactId,
    Destination,
    LiveState,
    LiveStateReason,
    Outcome,
    ProgrammeId,
    Role,
    Stage,
    TallyKind,
    TextKind,
    WithdrawalReason,
)
from contracts.writing import WritingTerms
from services.quality.domain import HOUR, WAIT_BOUNDS_SECONDS, Duty, HourFigures, WaitCount
from services.quality.facts import UNTRIAGED

Hour = tuple[ProgrammeId, datetime]
Figures = Mapping[Hour, HourFigures]


def recount(events: Iterable[Event]) -> Figures:
    """Count every hour in which a contact was opened or a listener was on duty."""
    told = tuple(event for event in events if not _is_synthetic(event))
    history = set(told)
    targets = {
        (event.programme, event.programme_version): event.terms.answer_target_seconds
        for event in history
        if isinstance(event, ProgrammePublished)
    }
    guidance = {
        (event.programme, event.programme_version): event.terms.talk_guidance_minutes
        for event in history
        if isinstance(event, ProgrammePublished)
    }
    opened: dict[Hour, list[_Story]] = defaultdict(list)
    for story in _stories(history):
        if story.opened_at is not None:
            opened[story.programme, _full_hour(story.opened_at)].append(story)
    # Two people may be told of in the same words: each of these events counts.
    relays: dict[Hour, Counter[str]] = defaultdict(Counter)
    for event in told:
        if isinstance(event, RelayOutcomeGiven):
            relays[event.programme, event.hour][event.outcome.value] += 1
    duty = _duty(event for event in history if isinstance(event, LiveStateEntered))
    return {
        hour: replace(
            _figures(opened.get(hour, []), duty.get(hour, Duty()), targets),
            tallies=_tallies(opened.get(hour, []), guidance, relays.get(hour, {})),
        )
        for hour in opened.keys() | duty.keys() | relays.keys()
    }


def recount_limbo(
    events: Iterable[Event], now: datetime, bound: timedelta
) -> Mapping[ProgrammeId, int]:
    """Count, by line, the contacts that wait at `now` and for which nobody did a thing since."""
    history = {event for event in events if not _is_synthetic(event)}
    writing = {
        (event.programme, event.programme_version): event.terms.writing
        for event in history
        if isinstance(event, ProgrammePublished)
    }
    return Counter(
        story.programme for story in _stories(history) if story.in_limbo(now - bound, writing)
    )


def _is_synthetic(event: Event) -> bool:
    return getattr(event, "programme", None) == RESERVED


class _Story:
    """The events of one contact."""

    def __init__(self, events: list[Event]) -> None:
        self.opened = [e for e in events if isinstance(e, ContactOpened)]
        self.triaged = [e for e in events if isinstance(e, ContactTriaged)]
        self.untriaged = [e for e in events if isinstance(e, ContactSentUntriaged)]
        self.ended = [e for e in events if isinstance(e, ContactEnded)]
        self.ways_out = [e for e in events if isinstance(e, WayOutOffered)]
        self.urgent = [e for e in events if isinstance(e, UrgencyDeclared)]
        self.made = [e for e in events if isinstance(e, OfferMade)]
        self.alerts = [e for e in events if isinstance(e, AlertRaised | AlertAcknowledged)]
        self.closed = [e for e in events if isinstance(e, ReferralClosed)]
        self.read = [e for e in events if isinstance(e, WrittenFirstRead)]
        self.answered = [e for e in events if isinstance(e, WrittenAnswered)]
        self.asked = [
            *(e.opened_at for e in self.opened),
            *(e.asked_at for e in (*self.read, *self.answered)),
            *(
                e.sealed_at
                for e in events
                if isinstance(e, TextSealed)
                and (e.kind, e.author) == (TextKind.MESSAGE, AuthorKind.CALLER)
            ),
        ]
        self.given_back = {
            e.offer_id: e.reason for e in events if isinstance(e, OfferWithdrawn) and e.was_taken
        }
        self.takes = [e for e in events if isinstance(e, OfferTaken)]
        self.heard = [
            e
            for e in self.takes
            if self.given_back.get(e.offer_id) is not WithdrawalReason.CONTACT_ENDED
        ]
        self.signs = [sign for e in events if (sign := _sign_of_life(e)) is not None]
        self.programme = ProgrammeId(getattr(events[0], "programme"))  # noqa: B009 - all have one
        told: list[ContactOpened | ContactTriaged | ContactEnded]
        told = [*self.opened, *self.triaged, *self.ended]
        self.opened_at = told[0].opened_at if told else None

    @property
    def last_triage(self) -> ContactTriaged | None:
        """The decision that counts."""
        newest = max((e.decided_at for e in self.triaged), default=None)
        last = [e for e in self.triaged if e.decided_at == newest]
        last.sort(key=lambda e: e.destination, reverse=True)
        return min(last, key=lambda e: e.priority, default=None)

    def priority(self) -> str:
        if self.last_triage is not None:
            return self.last_triage.priority.value
        return self.untriaged[0].priority.value if self.untriaged else UNTRIAGED

    def left(self) -> bool:
        return bool(self.ended) and self.ended[0].outcome is Outcome.ABANDONED

    def listened(self) -> bool:
        return any(take.stage is Stage.LISTENER for take in self.heard)

    def answered_in_target(self, targets: Mapping[tuple[ProgrammeId, int], int]) -> bool:
        told: list[ContactOpened | ContactTriaged] = [*self.opened, *self.triaged]
        versions = [event.programme_version for event in told]
        if not self.heard or not versions or self.opened_at is None:
            return False
        target = targets.get((self.programme, versions[0]))
        wait = min(take.taken_at for take in self.heard) - self.opened_at
        return target is not None and wait.total_seconds() <= target

    def waits(self) -> Iterable[tuple[Stage, timedelta]]:
        for stage in Stage:
            takes = [take for take in self.heard if take.stage is stage]
            if takes:
                first = min(takes, key=lambda take: (take.taken_at, take.waiting_since))
                yield stage, max(timedelta(), first.taken_at - first.waiting_since)

    def words(
        self, guidance: Mapping[tuple[ProgrammeId, int], tuple[int, int] | None]
    ) -> list[tuple[TallyKind, str]]:
        """Every further thing that is counted of it, each as often as it happened."""
        found = [(TallyKind.NATURE, e.nature.value) for e in self.ended[:1]]
        found += [(TallyKind.WAY_OUT, f"{e.way_out.value}_offered") for e in self.ways_out]
        found += [(TallyKind.URGENCY, "declared") for _ in self.urgent[:1]]
        went = [e.outcome for e in self.ended if e.stage is None]
        found += [
            (TallyKind.WAY_OUT, word)
            for word, outcome in (
                ("return_pass_taken", Outcome.RETURN_PASS_GIVEN),
                ("another_line_taken", Outcome.OVERFLOWED),
            )
            if outcome in went
        ]
        again = {e.offer_id: e.stage.value for e in self.made if e.attempt > 1}
        found += [(TallyKind.RE_OFFER, stage) for stage in again.values()]
        read = {(e.asked_at, e.late) for e in self.read}
        found += [(TallyKind.FIRST_READING, "late" if late else "on_time") for _, late in read]
        answered = {(e.asked_at, e.late) for e in self.answered}
        found += [(TallyKind.ANSWER, "late" if late else "on_time") for _, late in answered]
        for alert in {e.alert_id for e in self.alerts}:
            its = [e for e in self.alerts if e.alert_id == alert]
            acks = [e.acknowledged_at for e in its if isinstance(e, AlertAcknowledged)]
            raised = min(e.raised_at for e in its)
            seconds = (min(acks) - raised).total_seconds() if acks else None
            found.append((TallyKind.ALERT, _how_soon(seconds)))
        closed = {(e.referral_id, e.why, e.closed_at) for e in self.closed}
        found += [(TallyKind.REFERRAL, why.value) for _, why, _ in closed]
        minutes = self._talk_minutes()
        told: list[ContactOpened | ContactTriaged] = [*self.opened, *self.triaged]
        band = guidance.get((self.programme, told[0].programme_version)) if told else None
        if minutes is not None and band is not None:
            talk = "below" if minutes < band[0] else "above" if minutes > band[1] else "within"
            found.append((TallyKind.TALK, talk))
        return found

    def _talk_minutes(self) -> float | None:
        heard = [take.taken_at for take in self.heard if take.stage is Stage.LISTENER]
        if not heard or not self.ended or self.ended[0].ended_at < max(heard):
            return None
        return (self.ended[0].ended_at - max(heard)) / timedelta(minutes=1)

    def in_limbo(
        self, since: datetime, writing: Mapping[tuple[ProgrammeId, int], WritingTerms]
    ) -> bool:
        if self.ended or any(self._holds(take) for take in self.takes):
            return False
        if any(sign >= since for sign in self.signs):
            return False
        return not any(ring >= since for ring in self._next_ring(writing))

    def _next_ring(self, writing: Mapping[tuple[ProgrammeId, int], WritingTerms]) -> list[datetime]:
        """The clock of its newest message that rings next; none for who did not write."""
        if not self.signs or [e.channel for e in self.opened] != [Channel.MESSAGE]:
            return []
        terms = writing.get((self.programme, self.opened[0].programme_version))
        asked = max(self.asked)
        if terms is None or asked in {e.asked_at for e in self.answered}:
            return []
        rings = [asked + timedelta(hours=terms.answered_within_hours)]
        if asked not in {e.asked_at for e in self.read}:
            rings.append(asked + timedelta(minutes=terms.first_reading_minutes))
        return sorted(ring for ring in rings if ring > max(self.signs))[:1]

    def _holds(self, take: OfferTaken) -> bool:
        if take.offer_id in self.given_back:
            return False
        decision = self.last_triage
        sent_on = (
            take.stage is Stage.REGULATOR
            and decision is not None
            and decision.destination is Destination.LISTENER
            and decision.decided_at >= take.taken_at
        )
        return not sent_on


def _how_soon(seconds: float | None) -> str:
    if seconds is None:
        return "not_yet"
    return "in_30_s" if seconds <= 30 else "in_90_s" if seconds <= 90 else "later"


def _stories(history: set[Event]) -> list[_Story]:
    by_contact: dict[ContactId, list[Event]] = defaultdict(list)
    for event in history:
        if not isinstance(event, LiveStateEntered) and hasattr(event, "contact_id"):
            by_contact[event.contact_id].append(event)
    return [_Story(events) for events in by_contact.values()]


def _sign_of_life(event: Event) -> datetime | None:
    match event:
        case ContactOpened():
            return event.opened_at
        case ContactTriaged():
            return event.decided_at
        case ContactSentUntriaged():
            return event.sent_at
        case OfferMade():
            return event.made_at
        case OfferTaken():
            return event.taken_at
        case OfferDeclined():
            return event.declined_at
        case OfferExpired():
            return event.expired_at
        case OfferWithdrawn():
            return event.withdrawn_at
        case WrittenFirstRead():
            return event.read_at
        case WrittenAnswered():
            return event.answered_at
        case WrittenClockRang():
            return event.rang_at
        case _:
            return None


def _figures(
    stories: list[_Story], duty: Duty, targets: Mapping[tuple[ProgrammeId, int], int]
) -> HourFigures:
    bars: dict[tuple[Stage, str, float], list[timedelta]] = defaultdict(list)
    for story in stories:
        for stage, wait in story.waits():
            bounds = [b for b in WAIT_BOUNDS_SECONDS if b >= wait.total_seconds()]
            bars[stage, story.priority(), min(bounds, default=float("inf"))].append(wait)
    return HourFigures(
        opened=len(stories),
        answered=len([story for story in stories if story.heard]),
        answered_in_target=len([s for s in stories if s.answered_in_target(targets)]),
        listened=len([story for story in stories if story.listened()]),
        abandoned=len([story for story in stories if story.left() and not story.heard]),
        abandoned_after_triage=len([story for story in stories if story.left() and story.heard]),
        outcomes=tuple(sorted(Counter(s.ended[0].outcome for s in stories if s.ended).items())),
        waits=tuple(
            WaitCount(*bar, len(bars[bar]), sum(bars[bar], timedelta())) for bar in sorted(bars)
        ),
        duty=duty,
    )


def _tallies(
    stories: list[_Story],
    guidance: Mapping[tuple[ProgrammeId, int], tuple[int, int] | None],
    relays: Mapping[str, int],
) -> tuple[tuple[TallyKind, str, int], ...]:
    words = [word for story in stories for word in story.words(guidance)]
    told = [(kind, word, words.count((kind, word))) for kind, word in set(words)]
    told += [(TallyKind.RELAY_OUTCOME, word, count) for word, count in relays.items()]
    return tuple(sorted(told))


def _duty(events: Iterable[LiveStateEntered]) -> dict[Hour, Duty]:
    """Add up, for each hour, the part of each stretch that lies in it."""
    seconds: dict[Hour, Counter[str]] = defaultdict(Counter)
    spent: dict[tuple[Hour, str], timedelta] = defaultdict(timedelta)
    for event in events:
        if event.role is not Role.LISTENER:
            continue
        name = _NAMES.get(event.previous)
        hour = _full_hour(event.previous_since)
        while name is not None and hour < event.entered_at:
            key = (event.programme, hour)
            within = min(hour + HOUR, event.entered_at) - max(hour, event.previous_since)
            if within > timedelta():
                spent[key, name] += within
                seconds[key][name] += 1
            hour += HOUR
        if event.state is LiveState.RESTING and event.reason in (
            LiveStateReason.REST_AFTER_HARD,
            LiveStateReason.REST_AFTER_SEVERAL,
        ):
            seconds[event.programme, _full_hour(event.entered_at)]["rests_given"] += 1
    return {
        key: Duty(
            ready=spent[key, "ready"],
            busy=spent[key, "busy"],
            resting=spent[key, "resting"],
            paused=spent[key, "paused"],
            rests_given=counts["rests_given"],
        )
        for key, counts in seconds.items()
    }


_NAMES = {
    LiveState.READY: "ready",
    LiveState.OFFERED: "ready",
    LiveState.TALKING: "busy",
    LiveState.WRAPPING_UP: "busy",
    LiveState.RESTING: "resting",
    LiveState.PAUSED: "paused",
}


def _full_hour(moment: datetime) -> datetime:
    return moment - timedelta(
        minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond
    )
