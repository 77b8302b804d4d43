"""What a line lived through, from quality's facts: calls by hour, waits, how long a listener talks.

Reads as the checker, who may write nothing. Quality knows no listener, so neither does this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine
from sqlmodel import Session

from contracts.vocabulary import Outcome, ProgrammeId, Stage
from deploy.staffing.advice import Hour
from deploy.staffing.patience import Waited
from deploy.verify.ledger import checker_url
from services.quality import store
from services.quality.domain import Duty
from services.quality.facts import ContactFacts, taken_at


@dataclass(frozen=True)
class History:
    """A stretch of a line's past."""

    contacts: tuple[ContactFacts, ...]  #: those that have ended
    duty: Duty  #: of all listeners together

    @property
    def days(self) -> frozenset[datetime]:
        """Days (UTC) on which somebody called."""
        opened = (facts.opened_at for facts in self.contacts if facts.opened_at)
        return frozenset(at.replace(hour=0, minute=0, second=0, microsecond=0) for at in opened)


def read_history(owner_dsn: str, keys: Path, programme: ProgrammeId, since: datetime) -> History:
    """Read what ended of a line since a moment. Raises SQLAlchemyError when it cannot."""
    engine = create_engine(checker_url(owner_dsn, keys))
    try:
        with Session(engine) as session:
            return History(
                tuple(store.ended_since(session, programme, since)),
                sum(store.duties_since(session, programme, since), Duty()),
            )
    finally:
        engine.dispose()


def waits_of(contacts: Iterable[ContactFacts]) -> tuple[Waited, ...]:
    """How long each caller waited for a first human, and whether they left before one came.

    Who found the door closed, or was led on unheard, waited for nobody.
    """
    waits = []
    for facts in contacts:
        first = taken_at(facts)
        left = first is None and facts.outcome is Outcome.ABANDONED
        end = facts.ended_at if left else first
        if facts.opened_at is not None and end is not None:
            waits.append(Waited(max(0.0, (end - facts.opened_at).total_seconds()), left))
    return tuple(waits)


def calls_by_hour(contacts: Iterable[ContactFacts], zone: ZoneInfo) -> dict[Hour, float]:
    """Mean calls of each hour of the week in which there were any, in the zone of the line."""
    opened = [facts.opened_at.astimezone(zone) for facts in contacts if facts.opened_at]
    counts = Counter(at.weekday() * 24 + at.hour for at in opened)
    weeks: dict[int, set[object]] = {}
    for at in opened:
        weeks.setdefault(at.weekday(), set()).add(at.date())
    return {hour: count / len(weeks[hour // 24]) for hour, count in counts.items()}


def service_seconds_of(history: History) -> float | None:
    """Mean time one contact takes a listener, wrap-up included; None when nobody listened."""
    listened = sum(taken_at(facts, Stage.LISTENER) is not None for facts in history.contacts)
    busy = history.duty.busy
    return busy / timedelta(seconds=1) / listened if listened and busy else None


def present_for_one(duty: Duty) -> float | None:
    """People present for each who is busy or free: rest makes it more than 1; None: no duty."""
    able = duty.busy + duty.ready
    return (able + duty.resting) / able if able else None
