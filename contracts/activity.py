"""Activity shared outside the line: published editions of whole periods, never a small figure.

An edition is published by an operator and stays as it is; what has moved since is another edition
of the same period, marked as revised.
"""

from typing import Annotated, ClassVar

from contracts.envelope import Command, Contract
from contracts.privacy import LARGEST_COUNT, public
from contracts.vocabulary import ActivityKind, Moment, Period, ProgrammeId, Role

#: `2026-01-14`, `2026-W03`, `2026-01`, `2026-Q1`, `2026`.
PERIOD_NAME = r"^[0-9]{4}(-(W[0-9]{2}|Q[1-4]|[0-9]{2}(-[0-9]{2})?))?$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_EDITIONS = {"unit": "count from 1", "ge": 1, "le": LARGEST_COUNT}

#: Newest editions that one answer names.
MOST_EDITIONS = 200


class ActivityFigure(Contract):
    """One figure of a table; a word without a row counts nobody."""

    kind: Annotated[ActivityKind, public("Its table")]
    word: Annotated[
        str,
        public(
            "Which of its kind, from the vocabulary of the kind", pattern=r"^[a-z][a-z0-9_]{1,40}$"
        ),
    ]
    contacts: Annotated[
        int | None,
        public("How many; empty is withheld", unit="count", ge=0, le=LARGEST_COUNT),
    ] = None


class EditionName(Contract):
    """Which edition of which period."""

    period: Annotated[Period, public("How long")]
    of: Annotated[str, public("Which one", pattern=PERIOD_NAME)]
    edition: Annotated[int, public("1: the first; more: revised", **_EDITIONS)]
    published_at: Annotated[Moment, public("When it was published", unit="UTC, domain time")]


class ActivityEdition(EditionName):
    """A published edition, whole."""

    programme: Annotated[ProgrammeId, public("The line")]
    first_day: Annotated[str, public("Its first day", unit="YYYY-MM-DD", pattern=_DAY)]
    last_day: Annotated[str, public("Its last day", unit="YYYY-MM-DD", pattern=_DAY)]
    timezone: Annotated[str, public("IANA zone of days and hours", max_length=64)]
    days_left_out: Annotated[
        int, public("Days not counted: together too few contacts", unit="d", ge=0, le=366)
    ]
    contacts: Annotated[int, public("Contacts opened", unit="count", ge=0, le=LARGEST_COUNT)]
    figures: Annotated[tuple[ActivityFigure, ...], public("Every figure", max_length=400)]


class SeeActivity(Command):
    """Which editions were published, and one of them: the newest when none is named."""

    service: ClassVar = "quality"
    verb: ClassVar = "see_activity"
    roles: ClassVar = frozenset({Role.COORDINATOR, Role.SUPERVISOR})

    period: Annotated[Period | None, public("How long")] = None
    of: Annotated[str | None, public("Which one", pattern=PERIOD_NAME)] = None
    edition: Annotated[
        int | None, public("Which edition; empty: the newest of the period", **_EDITIONS)
    ] = None


class ActivitySeen(Contract):
    """The newest editions, the newest period first, and the one that was asked for."""

    editions: Annotated[
        tuple[EditionName, ...], public("Published editions", max_length=MOST_EDITIONS)
    ] = ()
    shown: Annotated[ActivityEdition | None, public("The one asked for; empty: there is none")] = (
        None
    )
