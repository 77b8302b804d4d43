"""What has happened in runs: every fact that was told, and every trouble there was, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from contracts.envelope import Event

#: Fields whose closed words say which kind of a thing it was.
_KINDS = (
    "reason", "why", "outcome", "clock", "step", "channel", "confirmed_in_contact", "contact_over",
    "alone", "late", "in_front", "sought", "accepted", "how", "level", "cause", "was_taken",
)  # fmt: skip


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
