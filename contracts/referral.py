"""Referral: a person is brought to a relay, with their consent, and with the least that helps.

Here is what staff decide and what is sent; what a partner is told of it stands in partner.py.
"""

from typing import Annotated, ClassVar

from contracts.envelope import Command, Contract, Event, Stream
from contracts.privacy import ops, public, reference, sealed, staff
from contracts.vocabulary import (
    AgeBand,
    Channel,
    ConsentGivenBy,
    ContactId,
    Departement,
    LanguageCode,
    Moment,
    Need,
    PartnerReference,
    PersonId,
    Priority,
    ProgrammeId,
    ReferralClosing,
    ReferralField,
    ReferralId,
    ReferralMode,
    RelayId,
    RelayOutcome,
    Role,
    RuleCode,
    SealedBox,
    SealingKey,
    WithdrawalCode,
)

_IN_CONTACT = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})
_AFTERWARDS = frozenset({Role.REGULATOR, Role.SUPERVISOR, Role.COORDINATOR})
_UTC = "UTC, domain time"
_TOKEN = r"^[0-9a-f]{64}$"


# --- what happened --------------------------------------------------------------------------------


class ReferralProposed(Event):
    """A human proposed a relay to the person; nothing has left the platform."""

    noun: ClassVar = "referral"
    fact: ClassVar = "proposed"
    publisher: ClassVar = "referral"
    stream: ClassVar = Stream.REFERRAL
    subject_field: ClassVar = "referral_id"

    referral_id: Annotated[ReferralId, ops("The referral")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    relay_id: Annotated[RelayId, public("The relay")]
    mode: Annotated[ReferralMode, ops("How the person is brought there")]
    need: Annotated[Need, ops("What the relay is asked for")]
    urgency: Annotated[Priority, ops("Order of help")]
    minor: Annotated[bool, ops("The person is a minor")]
    anonymity_to_say: Annotated[
        bool, ops("The relay is not anonymous, or it is not known: the person must be told")
    ]
    proposed_by: Annotated[PersonId, staff("Who proposed it")]
    proposed_at: Annotated[Moment, ops("When", unit=_UTC)]


class ReferralConsented(Event):
    """The person, or for a minor a professional, said yes to a scope."""

    noun: ClassVar = "referral"
    fact: ClassVar = "consented"
    publisher: ClassVar = "referral"
    stream: ClassVar = Stream.REFERRAL
    subject_field: ClassVar = "referral_id"

    referral_id: Annotated[ReferralId, ops("The referral")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    relay_id: Annotated[RelayId, public("The relay")]
    scope: Annotated[tuple[ReferralField, ...], ops("What may be told", min_length=1, max_length=6)]
    given_by: Annotated[ConsentGivenBy, ops("On whose word it rests")]
    anonymity_said: Annotated[bool, ops("Told that the relay may know who they are, and said yes")]
    recorded_by: Annotated[PersonId, staff("Who heard it, or decided for a minor")]
    consented_at: Annotated[Moment, ops("When", unit=_UTC)]


class ReferralSent(Event):
    """The least was put together for the relay: what is not in the consent is not in here."""

    noun: ClassVar = "referral"
    fact: ClassVar = "sent"
    publisher: ClassVar = "referral"
    stream: ClassVar = Stream.REFERRAL
    subject_field: ClassVar = "referral_id"

    referral_id: Annotated[ReferralId, ops("The referral")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    relay_id: Annotated[RelayId, public("The relay")]
    mode: Annotated[ReferralMode, ops("How the person is brought there")]
    partner_reference: Annotated[
        PartnerReference, reference("What this relay, and no other, knows the referral by")
    ]
    need: Annotated[Need | None, ops("What the relay is asked for")] = None
    urgency: Annotated[Priority | None, ops("Order of help")] = None
    departement: Annotated[Departement | None, ops("Where the person is, as said")] = None
    language: Annotated[LanguageCode | None, ops("A language that will do")] = None
    age_band: Annotated[AgeBand | None, ops("Age, as said")] = None
    contact_means: Annotated[
        bool | None, ops("How to reach the person went along, sealed; empty: it did not")
    ] = None
    scope: Annotated[
        tuple[ReferralField, ...], ops("What was consented to", min_length=1, max_length=6)
    ]
    consented_at: Annotated[Moment, ops("When that was", unit=_UTC)]
    sent_by: Annotated[PersonId, staff("Who sent it")]
    sent_at: Annotated[Moment, ops("When", unit=_UTC)]
    answer_by: Annotated[Moment, ops("Until when the relay may answer", unit=_UTC)]

    @property
    def carried(self) -> frozenset[ReferralField]:
        """What of the case it carries."""
        return frozenset(name for name in ReferralField if getattr(self, name.value) is not None)


class ReferralAnswered(Event):
    """The relay took it or did not; it said so itself, or a human of ours heard so."""

    noun: ClassVar = "referral"
    fact: ClassVar = "answered"
    publisher: ClassVar = "referral"
    stream: ClassVar = Stream.REFERRAL
    subject_field: ClassVar = "referral_id"

    referral_id: Annotated[ReferralId, ops("The referral")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    relay_id: Annotated[RelayId, public("The relay")]
    accepted: Annotated[bool, ops("Whether the relay took it")]
    recorded_by: Annotated[
        PersonId, staff("Who recorded the answer; `partner-<name>`: the partner itself")
    ]
    answered_at: Annotated[Moment, ops("When", unit=_UTC)]


class ReferralExpired(Event):
    """The relay did not answer in time; somebody else has to be found."""

    noun: ClassVar = "referral"
    fact: ClassVar = "expired"
    publisher: ClassVar = "referral"
    stream: ClassVar = Stream.REFERRAL
    subject_field: ClassVar = "referral_id"

    referral_id: Annotated[ReferralId, ops("The referral")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    relay_id: Annotated[RelayId, public("The relay")]
    expired_at: Annotated[Moment, ops("When", unit=_UTC)]


class ReferralUndelivered(Event):
    """A quarter of an hour after it was sent its partner has not received it: a human tells it."""

    noun: ClassVar = "referral"
    fact: ClassVar = "undelivered"
    publisher: ClassVar = "referral"
    stream: ClassVar = Stream.REFERRAL
    subject_field: ClassVar = "referral_id"

    referral_id: Annotated[ReferralId, ops("The referral")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    relay_id: Annotated[RelayId, public("The relay")]
    undelivered_at: Annotated[Moment, ops("When this was found", unit=_UTC)]


class ReferralClosed(Event):
    """Nothing more comes of it."""

    noun: ClassVar = "referral"
    fact: ClassVar = "closed"
    publisher: ClassVar = "referral"
    stream: ClassVar = Stream.REFERRAL
    subject_field: ClassVar = "referral_id"

    referral_id: Annotated[ReferralId, ops("The referral")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    relay_id: Annotated[RelayId, public("The relay")]
    why: Annotated[ReferralClosing, ops("Why")]
    closed_by: Annotated[PersonId, staff("Who closed it")]
    closed_at: Annotated[Moment, ops("When", unit=_UTC)]


class RelayOutcomeGiven(Event):
    """What became of somebody at a relay. It names no referral and no contact, on purpose."""

    noun: ClassVar = "relay_outcome"
    fact: ClassVar = "given"
    publisher: ClassVar = "referral"
    stream: ClassVar = Stream.REFERRAL
    subject_field: ClassVar = "relay_id"

    programme: Annotated[ProgrammeId, ops("The line")]
    relay_id: Annotated[RelayId, public("The relay")]
    outcome: Annotated[RelayOutcome, ops("What became of the person")]
    hour: Annotated[
        Moment, ops("The hour in which we were told; no closer", unit="UTC, domain time")
    ]


ReferralFact = (
    ReferralProposed
    | ReferralConsented
    | ReferralSent
    | ReferralAnswered
    | ReferralExpired
    | ReferralUndelivered
    | ReferralClosed
)


# --- what is asked --------------------------------------------------------------------------------


class FindRelays(Command):
    """Ask the directory; changes nothing."""

    service: ClassVar = "referral"
    verb: ClassVar = "find_relays"
    roles: ClassVar = _IN_CONTACT | {Role.COORDINATOR}

    needs: Annotated[tuple[Need, ...], ops("The main one first", min_length=1, max_length=5)]
    country: Annotated[
        str, ops("Where the person in danger is", unit="ISO 3166-1", pattern=r"^[A-Z]{2}$")
    ] = "FR"
    departement: Annotated[Departement | None, ops("Where they are, as said")] = None
    channel: Annotated[Channel, ops("How they reached us")] = Channel.PHONE
    language: Annotated[LanguageCode, ops("Their language")] = LanguageCode.UNKNOWN
    language_barrier: Annotated[bool, ops("The line cannot listen in that language")] = False
    age_band: Annotated[AgeBand | None, ops("Age, only if the person said it")] = None
    deaf: Annotated[bool, ops("Cannot use a voice line")] = False
    danger_now: Annotated[bool, ops("Something is happening at this moment")] = False
    suicide_not_excluded: Annotated[bool, ops("Rated medium or more, or could not be rated")] = (
        False
    )


class RelayFound(Contract):
    """A row of the directory, with what speaks for and against it."""

    relay_id: Annotated[RelayId, public("The relay")]
    called: Annotated[str, public("What the relay is called", max_length=160)]
    mode: Annotated[str, ops("What to do with it", pattern=r"^[a-z_]{2,20}$")]
    why: Annotated[tuple[RuleCode, ...], ops("What speaks for it", max_length=12)]
    against: Annotated[tuple[RuleCode, ...], ops("What speaks against it", max_length=16)]
    verified: Annotated[bool, ops("False: marked as still to be verified")]
    anonymity_to_say: Annotated[bool, ops("The person is told, and their yes recorded")]
    may_transfer: Annotated[bool, ops("A live transfer is agreed, and possible now")]
    opens_at: Annotated[Moment | None, ops("When it opens, if it is shut", unit=_UTC)] = None
    closes_at: Annotated[Moment | None, ops("Until when it is open", unit=_UTC)] = None
    number: Annotated[str | None, public("Its public number", max_length=40)] = None
    in_writing: Annotated[bool, public("That number is written to, never called")] = False


class RelaysFound(Contract):
    """Relays in the order to try them."""

    now: Annotated[tuple[RelayFound, ...], ops("Reachable now", max_length=8)]
    later: Annotated[tuple[RelayFound, ...], ops("Shut now", max_length=8)]
    no_second_choice: Annotated[bool, ops("Nobody else is known")]


class ProposeReferral(Command):
    """Propose a relay to the person in the contact."""

    service: ClassVar = "referral"
    verb: ClassVar = "propose"
    roles: ClassVar = _IN_CONTACT

    contact_id: Annotated[ContactId, ops("The contact")]
    relay_id: Annotated[RelayId, public("The relay")]
    mode: Annotated[ReferralMode, ops("How the person is brought there")] = ReferralMode.MESSAGE
    need: Annotated[Need, ops("What the relay is asked for")]
    urgency: Annotated[Priority, ops("Order of help")]
    departement: Annotated[Departement | None, ops("Where the person is, as said")] = None
    language: Annotated[LanguageCode | None, ops("A language that will do")] = None
    age_band: Annotated[AgeBand | None, ops("Age, only if the person said it")] = None
    minor: Annotated[bool, ops("The person is a minor, as far as can be heard")] = False


class ReferralMade(Contract):
    """What a proposal became."""

    referral_id: Annotated[ReferralId, ops("The referral")]
    anonymity_to_say: Annotated[bool, ops("The person must be told before they say yes")]
    seal_to: Annotated[
        SealingKey | None,
        public("Key of the relay's partner, which alone may learn how to reach them; empty: none"),
    ] = None


class RecordConsent(Command):
    """The person said yes to a scope; for a minor a professional decides."""

    service: ClassVar = "referral"
    verb: ClassVar = "consent"
    roles: ClassVar = _IN_CONTACT

    referral_id: Annotated[ReferralId, ops("The referral")]
    scope: Annotated[tuple[ReferralField, ...], ops("What may be told", min_length=1, max_length=6)]
    given_by: Annotated[ConsentGivenBy, ops("On whose word")] = ConsentGivenBy.PERSON
    anonymity_said: Annotated[bool, ops("Told that the relay may know who they are")] = False


class GiveContactMeans(Command):
    """How the person wants to be reached, sealed by the edge: only the relay's partner opens it.

    It may be given again until the referral is sent; the last one counts.
    """

    service: ClassVar = "referral"
    verb: ClassVar = "give_contact_means"
    roles: ClassVar = _IN_CONTACT

    referral_id: Annotated[ReferralId, ops("The referral")]
    contact_means: Annotated[SealedBox, sealed("For the partner's key alone")]
    sealed_to: Annotated[SealingKey, public("That key; refused when it is the partner's no more")]


class SendReferral(Command):
    """Send the least that the consent allows."""

    service: ClassVar = "referral"
    verb: ClassVar = "send"
    roles: ClassVar = _IN_CONTACT

    referral_id: Annotated[ReferralId, ops("The referral")]


class ReferralHandedOver(Contract):
    """What the relay is given beside the referral."""

    partner_reference: Annotated[PartnerReference, reference("What the relay knows it by")]
    outcome_token: Annotated[
        str | None,
        reference(
            "Blind: says what became of it, and not of whom; empty: the partner has it, sealed",
            pattern=_TOKEN,
        ),
    ] = None
    withdrawal_code: Annotated[
        WithdrawalCode | None, reference("For the person: takes their yes back, whenever they want")
    ] = None


class RecordAnswer(Command):
    """The relay has answered."""

    service: ClassVar = "referral"
    verb: ClassVar = "answer"
    roles: ClassVar = _AFTERWARDS

    referral_id: Annotated[ReferralId, ops("The referral")]
    accepted: Annotated[bool, ops("Whether the relay takes it")]


class GiveOutcome(Command):
    """Say by a blind token what became of somebody; it works once."""

    service: ClassVar = "referral"
    verb: ClassVar = "give_outcome"
    roles: ClassVar = _AFTERWARDS

    outcome_token: Annotated[str, reference("The blind token", pattern=_TOKEN)]
    outcome: Annotated[RelayOutcome, ops("What became of them")]


class CloseReferral(Command):
    """Nothing more comes of it."""

    service: ClassVar = "referral"
    verb: ClassVar = "close"
    roles: ClassVar = _IN_CONTACT | _AFTERWARDS

    referral_id: Annotated[ReferralId, ops("The referral")]
    why: Annotated[ReferralClosing, ops("Why")]


class ObserveRelay(Command):
    """Somebody saw whether a relay picks up; it counts for a while and is unknown again."""

    service: ClassVar = "referral"
    verb: ClassVar = "observe_relay"
    roles: ClassVar = _IN_CONTACT | {Role.COORDINATOR}

    relay_id: Annotated[RelayId, public("The relay")]
    saturated: Annotated[bool, ops("It did not pick up")]
    lifetime_minutes: Annotated[int, ops("How long that counts", unit="min", ge=1, le=1_440)] = 60


class VerifyRelay(Command):
    """The operator has checked a row of the directory, or takes that back."""

    service: ClassVar = "referral"
    verb: ClassVar = "verify_relay"
    roles: ClassVar = frozenset({Role.OPERATOR, Role.COORDINATOR})

    relay_id: Annotated[RelayId, public("The relay")]
    verified: Annotated[bool, ops("Whether it is as the row says")]
