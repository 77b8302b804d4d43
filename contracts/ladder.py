"""What a line tells callers, and where it leads them when nobody can answer.

Intake keeps it with the version of the line and no event carries it: words are told by a door, and
a number is nothing for the bus. The surprising thing: for all busy no rung connects, because nobody
is sent away before a human has heard them; the caller may accept another line.
"""

from typing import Annotated

from contracts.envelope import Contract
from contracts.opening import OpeningRule, Timetable
from contracts.privacy import public
from contracts.vocabulary import (
    Act,
    Channel,
    LanguageCode,
    Moment,
    OnHolidays,
    RelayId,
    Situation,
    WayOut,
)


class Wording(Contract):
    """Something said in one language."""

    language: Annotated[LanguageCode, public("The language")]
    words: Annotated[str, public("What is said", min_length=1, max_length=1200)]


class Rung(Contract):
    """One step of a ladder."""

    act: Annotated[Act, public("What it does; `says` says the words of the ladder")]
    way_out: Annotated[WayOut | None, public("What is offered")] = None
    partners: Annotated[
        tuple[RelayId, ...],
        public("Lines to connect to or to offer: the first that is open", max_length=6),
    ] = ()
    wordings: Annotated[
        tuple[Wording, ...],
        public("How the caller is asked, by language; a way out needs their yes", max_length=9),
    ] = ()


class Ladder(Contract):
    """What a caller hears in one situation, and what comes then, in order."""

    situation: Annotated[Situation, public("Why nobody answers")]
    wordings: Annotated[tuple[Wording, ...], public("What is said, by language", max_length=9)]
    rungs: Annotated[tuple[Rung, ...], public("What comes then", max_length=8)] = ()


class PartnerLine(Contract):
    """A line of somebody else, as this line counts on it."""

    partner: Annotated[RelayId, public("Its row in the directory of relays")]
    title: Annotated[str, public("As the public knows it", min_length=1, max_length=80)]
    channel: Annotated[Channel, public("How it is reached")]
    number: Annotated[str | None, public("As dialled", max_length=20)] = None
    page: Annotated[str | None, public("Where it is found on the web", max_length=120)] = None
    country: Annotated[str, public("Its country", unit="ISO 3166-1", pattern=r"^[A-Z]{2}$")]
    timezone: Annotated[str, public("IANA zone of its hours", pattern=r"^[A-Za-z_]+/[A-Za-z_/]+$")]
    opening: Annotated[tuple[OpeningRule, ...], public("When it answers", max_length=20)]
    on_holidays: Annotated[OnHolidays, public("Its hours on public holidays")] = OnHolidays.AS_USUAL
    anonymous: Annotated[
        bool | None, public("Whether it asks for no name; empty: not known, which is said")
    ] = None
    in_writing: Annotated[bool, public("Whether it answers who cannot hear or speak")] = False
    agreed_on: Annotated[
        str | None,
        public(
            "Day on which it agreed to be connected to; empty: not yet",
            pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$",
        ),
    ] = None

    @property
    def timetable(self) -> Timetable:
        """Everything that says when it answers."""
        return Timetable(self.timezone, self.country, self.opening, (), self.on_holidays)


class LineNumber(Contract):
    """A number that leads to the line for a time; before and after it may be another line's."""

    number: Annotated[str, public("As dialled from anywhere", min_length=4, max_length=20)]
    from_at: Annotated[Moment | None, public("From when; empty: ever", unit="UTC")] = None
    until_at: Annotated[
        Moment | None, public("Until when, outside it; empty: for ever", unit="UTC")
    ] = None


class CallerTerms(Contract):
    """What callers are told of a line, and where they are led."""

    numbers: Annotated[tuple[LineNumber, ...], public("Numbers of the line", max_length=10)] = ()
    ladders: Annotated[tuple[Ladder, ...], public("One for each situation", max_length=4)] = ()
    partners: Annotated[tuple[PartnerLine, ...], public("Lines it counts on", max_length=12)] = ()
    controllers: Annotated[
        tuple[Annotated[str, public("An organisation", min_length=1, max_length=120)], ...],
        public("Who answers for what is kept", max_length=8),
    ] = ()
    transparency: Annotated[
        tuple[Wording, ...], public("Who answers and what is kept, by language", max_length=9)
    ] = ()
