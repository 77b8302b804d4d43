"""What the report counts of a stretch of time: tables by word, from quality's facts of contacts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from contracts.programme import ProgrammeTerms
from contracts.vocabulary import Channel, Outcome, TallyKind
from services.quality.domain import Guidance, how_soon_taken
from services.quality.facts import ContactFacts, taken_at, talk_of

_DEPARTEMENTS = Path(__file__).resolve().parents[1] / "directory" / "departements.json"
NOT_SAID = "not_said"
NO_ALERT, NO_MESSAGE, NO_REFERRAL = "no_alert", "no_message", "no_referral"
#: How soon a human had an alert, the latest last; of several of one contact the latest counts.
_HOW_SOON = ("in_30_s", "in_90_s", "later", "not_yet")

#: What the door, and nobody at it, ended.
_UNMET = {
    Outcome.ABANDONED: "abandoned",
    Outcome.OVERFLOWED: "overflowed",
    Outcome.CLOSED_HOURS: "closed_hours",
}


@dataclass(frozen=True)
class Lens:
    """How the contacts of a line are looked at; everything is in the zone of the line."""

    terms: ProgrammeTerms
    targets: Mapping[int, timedelta]  #: by version of the line
    guidance: Mapping[int, Guidance]

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the line."""
        return ZoneInfo(self.terms.timezone)

    def local(self, facts: ContactFacts) -> datetime:
        """When a contact was opened, as the clock on the wall showed."""
        assert facts.opened_at is not None
        return facts.opened_at.astimezone(self.zone)

    def day(self, facts: ContactFacts) -> date:
        """The day on which a contact was opened."""
        return self.local(facts).date()

    def day_at(self, moment: datetime) -> date:
        """The day of a moment, on the wall."""
        return moment.astimezone(self.zone).date()

    def answer(self, facts: ContactFacts) -> str:
        """How soon a first human came."""
        first, target = taken_at(facts), self.targets.get(facts.programme_version or 0)
        if first is None or facts.opened_at is None:
            return "no_human"
        return "in_target" if target is not None and first - facts.opened_at <= target else "later"

    def outcome(self, facts: ContactFacts) -> str:
        """How a contact ended; who left is told apart by whether a human had come."""
        if facts.outcome is Outcome.ABANDONED:
            return "abandoned_unheard" if taken_at(facts) is None else "abandoned_after_human"
        return facts.outcome.value if facts.outcome else "not_ended"

    def nature(self, facts: ContactFacts) -> str:
        """What a human said it was."""
        return facts.nature.value if facts.nature and taken_at(facts) else NOT_SAID

    def talk(self, facts: ContactFacts) -> str:
        """A listener's talk against the guidance; of the line, never of a person."""
        talk, band = talk_of(facts), self.guidance.get(facts.programme_version or 0)
        if talk is None or band is None:
            return "no_talk"
        return "below" if talk < band[0] else "within" if talk <= band[1] else "above"

    def alert(self, facts: ContactFacts) -> str:
        """How soon a human had its alert, from the key to the word of who took it."""
        words = tuple(how_soon_taken(facts))
        return max(words, key=_HOW_SOON.index) if words else NO_ALERT

    def written(self, facts: ContactFacts) -> str:
        """Whether both clocks of its messages were kept: to a first reading, and to an answer.

        One word for both: two tables that share a figure would uncover what each withholds.
        """
        if facts.channel is not Channel.MESSAGE:
            return NO_MESSAGE
        late = {mark.kind for mark in facts.marks if mark.word == "late"}
        answered = {mark.at for mark in facts.marks if mark.kind is TallyKind.ANSWER}
        if facts.asked_at not in answered:
            return "unanswered"
        if TallyKind.ANSWER in late:
            return "answered_late"
        return "read_late" if TallyKind.FIRST_READING in late else "answered_on_time"

    def referral(self, facts: ContactFacts) -> str:
        """Why its last referral was closed."""
        closed = [mark for mark in facts.marks if mark.kind is TallyKind.REFERRAL]
        last = max(closed, key=lambda mark: (mark.at, mark.of), default=None)
        return NO_REFERRAL if last is None else last.word

    def hour(self, facts: ContactFacts) -> str:
        """The hour of the day, on the wall."""
        return f"{self.local(facts).hour:02d} h"

    def need(self, facts: ContactFacts) -> str:
        """Whether the need was met, or how it was not."""
        unheard = taken_at(facts) is None
        return _UNMET.get(facts.outcome, "met") if facts.outcome and unheard else "met"

    def region(self, facts: ContactFacts) -> str:
        """The region of the person in danger, as said."""
        place = facts.decision.departement if facts.decision else None
        return _regions().get(place or "", NOT_SAID)

    def organisation(self, facts: ContactFacts) -> str:
        """The association at home where the person is: callers are counted, not who answered."""
        place = facts.decision.departement if facts.decision else None
        federation = self.terms.frame.federation
        for member in federation.members if federation else ():
            if place in member.departements:
                return member.organisation
        return NOT_SAID


@cache
def _regions() -> Mapping[str, str]:
    read = json.loads(_DEPARTEMENTS.read_text("utf-8"))["departements"]
    return {each["code"]: each["region_nom"] for each in read}


Look = Callable[[ContactFacts], str]


def by_word(contacts: Iterable[ContactFacts], look: Look) -> Counter[str]:
    """Contacts by one word each."""
    return Counter(look(facts) for facts in contacts)


def by_two(contacts: Iterable[ContactFacts], row: Look, column: Look) -> Counter[tuple[str, str]]:
    """Contacts by two words each."""
    return Counter((row(facts), column(facts)) for facts in contacts)
