"""The frame a line works in: who takes its alerts, whose callers it hears, what its country asks.

A part of its terms, for the services that act on it.
"""

from typing import Annotated

from contracts.envelope import Contract
from contracts.opening import CLOCK
from contracts.privacy import ops, public
from contracts.vocabulary import AlertRole, Departement, OrganisationId, Pool, RelayId, ReportKind


class AlertDuty(Contract):
    """Hours in which a role takes alerts; roles, not persons: who it is, the plan says."""

    role: Annotated[AlertRole, ops("Who takes them")]
    days: Annotated[
        tuple[Annotated[int, ops("ISO weekday", unit="ISO weekday", ge=1, le=7)], ...],
        ops("Days on which it begins", unit="ISO weekday, 1 is Monday", min_length=1, max_length=7),
    ]
    begins_at: Annotated[str, ops("Local time", unit="HH:MM", pattern=CLOCK)]
    ends_at: Annotated[
        str, ops("Local time; at or before the beginning is the next day", pattern=CLOCK)
    ]


class Member(Contract):
    """An association of a federation, and where it is at home."""

    organisation: Annotated[OrganisationId, ops("The association")]
    departements: Annotated[
        tuple[Departement, ...], ops("Where it is at home", min_length=1, max_length=110)
    ]


class Federation(Contract):
    """Associations that answer one line together."""

    pool: Annotated[Pool, ops("Whose callers each of them hears")]
    associations: Annotated[int, ops("How many there are", unit="count", ge=2, le=1000)]
    members: Annotated[tuple[Member, ...], ops("Those whose home is known", max_length=1000)] = ()


class ReportRecipient(Contract):
    """Who receives legal reports of a kind."""

    kind: Annotated[ReportKind, ops("Which report")]
    departement: Annotated[Departement | None, ops("Of which place; empty: of any other")] = None
    recipient: Annotated[RelayId, ops("Their row in the directory")]


class EmergencyList(Contract):
    """Emergency numbers of another country, for callers who are there."""

    country: Annotated[str, public("The country", unit="ISO 3166-1", pattern=r"^[A-Z]{2}$")]
    numbers: Annotated[
        tuple[Annotated[str, public("A number", pattern=r"^[0-9]{2,4}$")], ...],
        public("Its emergency numbers", min_length=1, max_length=8),
    ]


class FrameTerms(Contract):
    """The frame of a line."""

    alert_duty: Annotated[
        tuple[AlertDuty, ...], ops("Who takes alerts, by hours", max_length=40)
    ] = ()
    refers: Annotated[bool, ops("Whether its people lead callers on to relays")] = True
    keeps_notes: Annotated[
        bool, ops("Whether its people keep notes of a contact, sealed and for a while")
    ] = True
    chats_at_once: Annotated[
        int, ops("Chats one listener may hold at once", unit="count", ge=1, le=4)
    ] = 1
    federation: Annotated[
        Federation | None, ops("The associations that answer it; absent: one organisation")
    ] = None
    minor_below_years: Annotated[
        int, ops("Whoever is younger is a minor in its country", unit="year", ge=14, le=21)
    ] = 18
    report_recipients: Annotated[
        tuple[ReportRecipient, ...], ops("Who receives legal reports", max_length=250)
    ] = ()
    emergency_abroad: Annotated[
        tuple[EmergencyList, ...], ops("For callers in other countries", max_length=10)
    ] = ()
