"""Says what was found: a line for each invariant for people, JSON for machines. Ids, no payload."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.synthetic import is_reserved
from deploy.verify.history import History
from deploy.verify.invariants import Judged
from deploy.verify.verdict import Checked


@dataclass(frozen=True)
class Pass:
    """One pass of the checker. Seconds are of machine time."""

    judged: tuple[Judged, ...]
    history: History
    settled: bool
    read_seconds: float
    judge_seconds: float

    @property
    def violated(self) -> int:
        """How many invariants do not hold."""
        return sum(bool(each.checked.violations) for each in self.judged)

    @property
    def held(self) -> int:
        """How many hold, as far as they were judged."""
        return sum(
            not each.checked.violations and not _is_unjudged(each.checked) for each in self.judged
        )

    @property
    def not_checked(self) -> int:
        """How many could not be judged, wholly or in part."""
        return sum(each.checked.not_checked is not None for each in self.judged)


def _is_unjudged(checked: Checked) -> bool:
    return checked.not_checked is not None and not checked.count and not checked.violations


def as_text(outcome: Pass) -> str:
    """The lines for a person."""
    return "\n".join((*_lines(outcome.judged), "", *_summary(outcome)))


def _lines(judged: tuple[Judged, ...]) -> Iterator[str]:
    for each in judged:
        checked, missing = each.checked, each.checked.not_checked
        counts = f"checked {checked.count:<7} violated {len(checked.violations):<4}"
        said = f"{'not checked':<{len(counts)}}" if _is_unjudged(checked) else counts
        yield f"{each.invariant.id}  {said} {each.invariant.sentence}"
        if checked.violations:
            yield f"     first: {checked.violations[0]}"
        if missing is not None:
            yield f"     not checked: {missing}"


def _summary(outcome: Pass) -> Iterator[str]:
    history = outcome.history
    yield (
        f"{outcome.held} of {len(outcome.judged)} hold, {outcome.violated} violated, "
        f"{outcome.not_checked} not or not wholly checked."
    )
    synthetic = sum(is_reserved(contact.programme) for contact in history.contacts)
    beside = f" (and {synthetic} of the synthetic caller)" if synthetic else ""
    yield (
        f"{len(history.contacts) - synthetic} contacts{beside}, {len(history.facts)} events, "
        f"{len(history.messages)} messages, {len(history.handled)} inbox rows; "
        f"read in {outcome.read_seconds:.1f} s, judged in {outcome.judge_seconds:.1f} s."
    )
    waiting = sum(not row.replayed for row in history.parked)
    if waiting:
        yield f"{waiting} parked messages wait for somebody to look at them."
    if not outcome.settled:
        yield "The platform had not settled: something was still on its way."


def as_json(outcome: Pass) -> str:
    """The same for machines."""
    history = outcome.history
    report = {
        "at": history.clock.domain.isoformat(),
        "settled": outcome.settled,
        "open": history.still_open,
        "violated": outcome.violated,
        "not_checked": outcome.not_checked,
        "contacts": len(history.contacts),
        "events": len(history.facts),
        "messages": len(history.messages),
        "parked": sum(not row.replayed for row in history.parked),
        "read_seconds": round(outcome.read_seconds, 3),
        "judge_seconds": round(outcome.judge_seconds, 3),
        "invariants": [_entry(each) for each in outcome.judged],
    }
    return json.dumps(report, indent=2)


def _entry(judged: Judged) -> dict[str, object]:
    checked = judged.checked
    first = checked.violations[0] if checked.violations else None
    return {
        "id": judged.invariant.id,
        "sentence": judged.invariant.sentence,
        "checked": checked.count,
        "violated": len(checked.violations),
        "not_checked": checked.not_checked,
        "first": None if first is None else {"what": first.what, "ids": dict(first.ids)},
    }
