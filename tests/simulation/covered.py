"""What has happened in runs: every fact that was told, and every trouble there was, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from contracts.catalogue import EVENTS
from contracts.envelope import Event

#: Fields whose closed words say which kind of a thing it was.
_KINDS = (
    "reason", "why", "outcome", "clock", "step", "channel", "confirmed_in_contact", "contact_over",
    "alone", "late", "in_front", "sought", "accepted", "how", "level", "cause", "was_taken",
)  # fmt: skip

#: What must happen beside every type of event there is: kinds of them, and every trouble.
_MUST = (
    "alert.escalated.v1 reason=unanswered",
    "alert.escalated.v1 reason=by_hand",
    "alert.escalated.v1 reason=rescue_failed",
    "alert.acknowledged.v1 level=1",
    "alert.acknowledged.v1 level=3",
    "alert.raised.v1 contact_over=True",
    "alert.raised.v1 confirmed_in_contact=True",
    "alert.unreached.v1 why=no_supervisor",
    "alert.unreached.v1 why=no_duty_professional",
    "alert.unreached.v1 why=no_way_to_call",
    "rescue.failed.v1 why=no_word",
    "contact.opened.v1 channel=phone",
    "contact.opened.v1 channel=chat",
    "contact.opened.v1 channel=message",
    "contact.opened.v1 sought=True",
    "contact.opened.v1 in_front=True",
    "contact.ended.v1 outcome=answered_in_writing",
    "offer.withdrawn.v1 reason=person_wraps_up",
    "contact.ended.v1 outcome=return_pass_given",
    "written.clock_rang.v1 clock=first_reading",
    "written.clock_rang.v1 clock=answer",
    "an event was duplicate",
    "an event was late",
    "an event was handled, and not acknowledged",
    "an event was heard before an earlier one",
    "an event was published again",
    "a service died before_commit",
    "a service died after_commit",
    "a chat was held",
    "a chat was taken up again",
    "a message was opened by its words",
    "a caller erased everything",
)

#: What 200 seeds may happen to miss; more seeds, by hand, show it.
_RARE = frozenset(
    {
        "duty_call.lapsed.v1",
        "lift.reviewed.v1",
        "lift.review_missed.v1",
        # No partner of a house is posted to: tests/referral/test_webhooks.py has both.
        "partner_webhook.given_up.v1",
        "partner_webhook.seen_to.v1",
    }
)


def unseen(counted: Counter[str]) -> list[str]:
    """What should have happened and has not."""
    wanted = (*(event.type_name() for event in EVENTS), *_MUST)
    return [each for each in wanted if not counted[each] and each not in _RARE]


def kinds_of(events: Iterable[Event]) -> Counter[str]:
    """How often each type was told, and each of its kinds."""
    counted: Counter[str] = Counter()
    for event in events:
        counted[event.type_name()] += 1
        for name in _KINDS:
            value = getattr(event, name, None)
            if value is not None and value is not False:
                said = value if name != "sought" else True
                counted[f"{event.type_name()} {name}={said}"] += 1
    return counted


def as_text(counted: Counter[str]) -> str:
    """A line for each."""
    return "\n".join(f"{count:8d}  {what}" for what, count in sorted(counted.items()))
