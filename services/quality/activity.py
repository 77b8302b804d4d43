"""What a contact counts as in each table of shared activity: one word a kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from contracts.vocabulary import ActivityKind, Outcome
from services.quality.domain import is_in_target
from services.quality.facts import ContactFacts, taken_at, talk_of

#: Of the last listener's talk: shorter than so many minutes.
_BANDS = ((5, "under_5_min"), (15, "from_5_min"), (30, "from_15_min"), (60, "from_30_min"))
_LONGEST = "from_60_min"

ABANDONED, UNANSWERED, NOT_SAID = "abandoned", "unanswered", "not_said"


def words_of(
    facts: ContactFacts, zone: ZoneInfo, targets: Mapping[int, timedelta]
) -> Mapping[ActivityKind, str]:
    """The word of a contact in each table; it must have been opened."""
    assert facts.opened_at is not None
    words = {
        ActivityKind.CHANNEL: facts.channel.value if facts.channel else _CHANNEL_NOT_TOLD,
        ActivityKind.HOUR: f"h{facts.opened_at.astimezone(zone).hour:02d}",
    }
    if taken_at(facts) is None:
        gone = ABANDONED if facts.outcome is Outcome.ABANDONED else UNANSWERED
        return words | dict.fromkeys(_OF_THE_HEARD, gone)
    decision = facts.decision
    return words | {
        ActivityKind.ANSWER: "in_target" if is_in_target(facts, targets) else "later",
        ActivityKind.OUTCOME: _ending(facts),
        ActivityKind.DURATION: _duration(facts),
        ActivityKind.PRIORITY: decision.priority.value.lower() if decision else NOT_SAID,
        ActivityKind.ORIENTATION: decision.destination.value if decision else NOT_SAID,
        ActivityKind.NEED: (decision.need.value if decision.need else "unknown")
        if decision
        else NOT_SAID,
    }


#: A contact of which only something later than its opening was told.
_CHANNEL_NOT_TOLD = "channel_not_told"

#: Tables of what humans did with a contact.
_OF_THE_HEARD = (
    ActivityKind.ANSWER,
    ActivityKind.OUTCOME,
    ActivityKind.DURATION,
    ActivityKind.PRIORITY,
    ActivityKind.ORIENTATION,
    ActivityKind.NEED,
)


def _ending(facts: ContactFacts) -> str:
    """How it ended; who left between two humans is told apart from who left before any."""
    if facts.outcome is None:
        return "not_ended"
    return "left_after_human" if facts.outcome is Outcome.ABANDONED else facts.outcome.value


def _duration(facts: ContactFacts) -> str:
    talk = talk_of(facts)
    if talk is None:
        return "no_talk"
    return next((word for most, word in _BANDS if talk < timedelta(minutes=most)), _LONGEST)


def count_contacts(
    contacts: Iterable[ContactFacts], zone: ZoneInfo, targets: Mapping[int, timedelta]
) -> dict[ActivityKind, Counter[str]]:
    """Contacts by kind and word."""
    counts: dict[ActivityKind, Counter[str]] = defaultdict(Counter)
    for facts in contacts:
        for kind, word in words_of(facts, zone, targets).items():
            counts[kind][word] += 1
    return dict(counts)
