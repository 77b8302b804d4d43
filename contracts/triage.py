"""Triage: the regulator's structured decision. Rules propose and explain; a human decides."""

from typing import Annotated, ClassVar

from contracts.envelope import Command, Contract, Event, Stream
from contracts.privacy import LARGEST_COUNT, ops, staff
from contracts.vocabulary import (
    AgeBand,
    Channel,
    ContactId,
    Departement,
    Destination,
    ForWhom,
    LanguageCode,
    Moment,
    Need,
    PersonId,
    Priority,
    ProgrammeId,
    RiskLevel,
    RiskSignal,
    Role,
    RudValue,
    RuleCode,
    RulesVersion,
)


class ContactTriaged(Event):
    """A regulator has decided where the contact goes and how urgent it is."""

    noun: ClassVar = "contact"
    fact: ClassVar = "triaged"
    publisher: ClassVar = "triage"
    stream: ClassVar = Stream.CONTACT
    subject_field: ClassVar = "contact_id"

    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    programme_version: Annotated[
        int,
        ops("Version of the line the contact keeps", unit="count from 1", ge=1, le=LARGEST_COUNT),
    ]
    channel: Annotated[Channel, ops("How the person reached us")]
    opened_at: Annotated[Moment, ops("When it had been opened", unit="UTC, domain time")]
    priority: Annotated[Priority, ops("Order of help, set by the regulator")]
    destination: Annotated[Destination, ops("Where the contact goes next")]
    need: Annotated[Need, ops("What the person needs")]
    languages: Annotated[
        tuple[LanguageCode, ...],
        ops("Languages that will do, any of them; empty is unknown", max_length=9),
    ]
    for_whom: Annotated[ForWhom, ops("Who is in difficulty")]
    departement: Annotated[Departement | None, ops("Where the person in danger is, as said")] = None
    age_band: Annotated[AgeBand | None, ops("Age, only if the person said it")] = None
    decided_by: Annotated[PersonId, staff("The regulator")]
    decided_at: Annotated[Moment, ops("When", unit="UTC, domain time")]
    proposed_priority: Annotated[Priority, ops("What the rules had proposed")]
    rules_version: Annotated[RulesVersion, ops("Version of the rules that proposed")]


class RudRating(Contract):
    """RUD-3 as a professional or a trained regulator rated it; never computed."""

    risk: Annotated[RudValue, ops("R: history, vulnerability, what protects")]
    urgency: Annotated[RudValue, ops("U: imminence")]
    dangerousness: Annotated[RudValue, ops("D: lethality and access, only rated")]


class TriageNotes(Contract):
    """What a regulator has understood. Nothing is compulsory but priority and destination."""

    need: Annotated[Need, ops("What the person needs")] = Need.UNKNOWN
    languages: Annotated[
        tuple[LanguageCode, ...],
        ops("Languages that will do, any of them; empty is unknown", max_length=9),
    ] = ()
    for_whom: Annotated[ForWhom, ops("Who is in difficulty")] = ForWhom.UNKNOWN
    departement: Annotated[Departement | None, ops("Where the person in danger is, as said")] = None
    age_band: Annotated[AgeBand | None, ops("Age, only if the person said it")] = None
    danger_now: Annotated[bool, ops("Something is happening at this moment")] = False
    silent: Annotated[bool, ops("Nobody has spoken yet")] = False
    also: Annotated[
        tuple[Need, ...], ops("Other needs that were heard, after the main one", max_length=4)
    ] = ()
    signals: Annotated[
        tuple[RiskSignal, ...], ops("What was noticed, by anybody in the contact", max_length=12)
    ] = ()
    rating: Annotated[RudRating | None, ops("RUD-3, by who may rate")] = None
    level_noted: Annotated[
        RiskLevel | None, ops("Level as noted where the three axes do not apply")
    ] = None
    psychic_trouble: Annotated[
        bool, ops("Lives something others do not see or hear; noted, neither confirmed nor denied")
    ] = False
    language_barrier: Annotated[
        bool, ops("Nobody on the line understands the person's language")
    ] = False
    only_rescue_answers: Annotated[
        bool, ops("The directory has nobody here for the question but an emergency number")
    ] = False


class DecideTriage(Command):
    """The regulator who is in the contact sends it on."""

    service: ClassVar = "triage"
    verb: ClassVar = "decide"
    roles: ClassVar = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})

    contact_id: Annotated[ContactId, ops("The contact")]
    priority: Annotated[Priority, ops("Order of help")]
    destination: Annotated[Destination, ops("Where the contact goes next")]
    notes: Annotated[TriageNotes, ops("What was understood; all of it optional")] = TriageNotes()


class ProposeTriage(Command):
    """Ask the rules what they would propose; changes nothing."""

    service: ClassVar = "triage"
    verb: ClassVar = "propose"
    roles: ClassVar = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})

    contact_id: Annotated[ContactId, ops("The contact")]
    notes: Annotated[TriageNotes, ops("What was understood so far")] = TriageNotes()


class TriageProposal(Contract):
    """What the rules propose, and why. A proposal, never a decision."""

    priority: Annotated[Priority, ops("Proposed order of help")]
    destination: Annotated[Destination, ops("Proposed next step")]
    reasons: Annotated[tuple[RuleCode, ...], ops("Codes of the rules that spoke", max_length=12)]
    rules_version: Annotated[RulesVersion, ops("Version of the rules")]
    supervisor_informed: Annotated[bool, ops("Whether a supervisor is told, by the protocol")] = (
        False
    )
    emergency_card: Annotated[
        bool, ops("Whether an emergency card is opened: a human is about to engage rescue")
    ] = False
    rated_level: Annotated[
        RiskLevel | None, ops("What the rating comes to by the protocol's own rule")
    ] = None
