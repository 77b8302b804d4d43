"""Quality: what can be counted without knowing who called or who answered."""

from typing import Annotated, ClassVar

from contracts.envelope import Contract, Event, Stream
from contracts.privacy import LARGEST_COUNT, ops, public
from contracts.vocabulary import Moment, ProgrammeId, TallyKind

#: 10,000 listeners for one hour.
_LARGEST_SECONDS = 36_000_000


class Tally(Contract):
    """How many contacts, offers, alerts or messages of an hour's contacts were of a kind."""

    kind: Annotated[TallyKind, public("What is counted")]
    word: Annotated[
        str,
        public(
            "Which of its kind, from the vocabulary of the kind", pattern=r"^[a-z][a-z0-9_]{1,40}$"
        ),
    ]
    count: Annotated[int, public("How many", unit="count", ge=1, le=LARGEST_COUNT)]


class HourCounted(Event):
    """The figures of one hour of one line, when the hour is over and again if late facts arrive."""

    noun: ClassVar = "hour"
    fact: ClassVar = "counted"
    publisher: ClassVar = "quality"
    stream: ClassVar = Stream.QUALITY
    subject_field: ClassVar = "programme"

    programme: Annotated[ProgrammeId, public("The line")]
    hour: Annotated[Moment, public("Start of the hour", unit="UTC, domain time")]
    opened: Annotated[int, public("Contacts opened", unit="count", ge=0, le=LARGEST_COUNT)]
    answered: Annotated[int, public("Contacts a human took", unit="count", ge=0, le=LARGEST_COUNT)]
    answered_in_target: Annotated[
        int,
        public(
            "Of those, taken by a first human within the target",
            unit="count",
            ge=0,
            le=LARGEST_COUNT,
        ),
    ]
    listened: Annotated[
        int, public("Contacts a listener took", unit="count", ge=0, le=LARGEST_COUNT)
    ]
    abandoned: Annotated[
        int, public("Contacts that left before any human", unit="count", ge=0, le=LARGEST_COUNT)
    ]
    abandoned_after_triage: Annotated[
        int,
        public(
            "Contacts that left between regulator and listener",
            unit="count",
            ge=0,
            le=LARGEST_COUNT,
        ),
    ]
    ready_seconds: Annotated[
        float, ops("Listener time spent ready", unit="s", ge=0, le=_LARGEST_SECONDS)
    ]
    busy_seconds: Annotated[
        float,
        ops("Listener time spent in contacts and wrap-up", unit="s", ge=0, le=_LARGEST_SECONDS),
    ]
    resting_seconds: Annotated[
        float, ops("Listener time spent resting", unit="s", ge=0, le=_LARGEST_SECONDS)
    ]
    rests_given: Annotated[int, ops("Rests that were given", unit="count", ge=0, le=LARGEST_COUNT)]
    tallies: Annotated[
        tuple[Tally, ...],
        public("Further counts of its contacts, and what was told in it; none is 0", max_length=80),
    ] = ()
