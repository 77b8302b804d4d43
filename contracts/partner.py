"""What a partner organisation is told, what it answers, and how the operator lets it in.

Each partner has its own account on NATS and sees the subjects of its own name there. It knows a
referral by a reference of its own; nothing here leads to a contact or to another partner's.
"""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from contracts.envelope import Command, Contract, Event, Stream
from contracts.privacy import LARGEST_COUNT, ops, public, reference, sealed
from contracts.roster import DAY
from contracts.vocabulary import (
    AgeBand,
    Departement,
    LanguageCode,
    Moment,
    Need,
    PartnerId,
    PartnerReference,
    PartnerState,
    PersonId,
    Priority,
    ProgrammeId,
    PublicNkey,
    ReferralField,
    ReferralState,
    RelayId,
    RelayOutcome,
    Role,
    SandboxStory,
    SealedBox,
    SealingKey,
    WebhookEnd,
    WebhookUrl,
    Withdrawing,
)

_UTC = "UTC, domain time"
_TOKEN = r"^[0-9a-f]{64}$"
#: Which of a partner's secrets: 1, and one more at each change.
SecretNumber = Annotated[int, ops("Number of a secret", unit="count from 1", ge=1, le=9999)]
#: Relays one partner can stand for.
MOST_RELAYS_OF_A_PARTNER = 200
#: Referrals one page of a partner's desk can show.
MOST_ON_A_DESK = 100
#: How far ahead a partner may say that it is full; what holds longer is a change of its entry.
LONGEST_FULL = timedelta(days=31)


def _each_once(listed: tuple[object, ...]) -> tuple[object, ...]:
    if len(set(listed)) < len(listed):
        raise ValueError("one stands there twice")
    return listed


#: What a partner may play with: names of its own, so that nothing real and nothing played meet.
SANDBOX = "sandbox"


def is_sandbox(partner: str) -> bool:
    """Whether an account plays: nothing real goes to it, nothing of it counts."""
    return partner == SANDBOX or partner.startswith(f"{SANDBOX}-")


def person_of(partner: str) -> PersonId:
    """Who a partner is where a person is named: as whoever answered, for instance."""
    return PersonId(f"partner-{partner}")


# --- what it is told ------------------------------------------------------------------------------


class PartnerEvent(Event):
    """A fact for one partner alone: its subject begins with whose it is."""

    noun: ClassVar = "partner_referral"
    publisher: ClassVar = "referral"
    stream: ClassVar = Stream.PARTNER
    subject_field: ClassVar = "reference"

    partner: Annotated[PartnerId, ops("Whom it is for")]
    programme: Annotated[ProgrammeId, public("The line it comes from")]
    reference: Annotated[
        PartnerReference, reference("What this partner, and no other, knows the referral by")
    ]

    @classmethod
    def subject_filter(cls) -> str:
        """The NATS subject of every event of this type, whosoever it is."""
        return f"partner.*.{cls.type_name()}.>"

    @classmethod
    def address(cls) -> str:
        """Its NATS subjects, with the fields they are made of in braces."""
        return f"partner.{{partner}}.{cls.type_name()}.{{reference}}"

    @classmethod
    def has_subject(cls, subject: str) -> bool:
        """Whether a NATS subject is one of this type's, whosoever it is."""
        root, _, rest = subject.partition(".")
        return root == "partner" and rest.partition(".")[2].startswith(f"{cls.type_name()}.")

    def subject(self) -> str:
        """The NATS subject of this event: whose, what, which."""
        return f"partner.{self.partner}.{self.type_name()}.{self.reference}"


class PartnerReferralSent(PartnerEvent):
    """A person said yes to being referred to you: what they said yes to, and no more."""

    fact: ClassVar = "sent"

    relay_id: Annotated[RelayId, public("Which of your services is asked")]
    need: Annotated[Need | None, ops("What you are asked for")] = None
    urgency: Annotated[Priority | None, ops("Order of help")] = None
    departement: Annotated[Departement | None, ops("Where the person is, as said")] = None
    language: Annotated[LanguageCode | None, ops("A language that will do")] = None
    age_band: Annotated[AgeBand | None, ops("Age, as said")] = None
    scope: Annotated[
        tuple[ReferralField, ...], ops("What was consented to", min_length=1, max_length=6)
    ]
    consented_at: Annotated[Moment, ops("When that was", unit=_UTC)]
    sent_at: Annotated[Moment, ops("When it was sent", unit=_UTC)]
    answer_by: Annotated[Moment, ops("Until when you may answer", unit=_UTC)]
    contact_means: Annotated[
        SealedBox | None, sealed("For your key alone: how to reach the person, as they said it")
    ] = None
    outcome_token: Annotated[
        SealedBox | None,
        sealed("For your key alone: the blind token by which you tell what became of the person"),
    ] = None


class PartnerReferralWithdrawn(PartnerEvent):
    """Forget this referral and what came with it."""

    fact: ClassVar = "withdrawn"

    why: Annotated[Withdrawing, ops("Why")]
    withdrawn_at: Annotated[Moment, ops("When", unit=_UTC)]


class PartnerReferralExpired(PartnerEvent):
    """You did not answer in time: somebody else is looked for. An answer still counts."""

    fact: ClassVar = "expired"

    expired_at: Annotated[Moment, ops("When", unit=_UTC)]


# --- what becomes of the way to it ----------------------------------------------------------------


class PartnerWebhookGivenUp(Event):
    """A partner's webhook is posted to no more: people ask the partner what happened."""

    noun: ClassVar = "partner_webhook"
    fact: ClassVar = "given_up"
    publisher: ClassVar = "referral"
    stream: ClassVar = Stream.REFERRAL
    subject_field: ClassVar = "partner"

    partner: Annotated[PartnerId, ops("The partner")]
    programme: Annotated[ProgrammeId, ops("A line that may refer to it: each is told")]
    called: Annotated[str, public("What the organisation is called", min_length=2, max_length=160)]
    why: Annotated[WebhookEnd, ops("Why")]
    told_otherwise: Annotated[bool, ops("It is told on NATS as well, and misses nothing")]
    given_up_at: Annotated[Moment, ops("When", unit=_UTC)]


class PartnerWebhookSeenTo(Event):
    """Somebody has: it is posted to again, at another address maybe, or the partner has left."""

    noun: ClassVar = "partner_webhook"
    fact: ClassVar = "seen_to"
    publisher: ClassVar = "referral"
    stream: ClassVar = Stream.REFERRAL
    subject_field: ClassVar = "partner"

    partner: Annotated[PartnerId, ops("The partner")]
    programme: Annotated[ProgrammeId, ops("A line that was told of it: each is")]
    seen_to_at: Annotated[Moment, ops("When", unit=_UTC)]


PartnerWebhookFact = PartnerWebhookGivenUp | PartnerWebhookSeenTo


# --- what it answers ------------------------------------------------------------------------------


class PartnerCommand(Command):
    """A wish of a partner, and of no person of ours.

    Who asks is said by the account it comes from: it needs no header, and none is believed.
    """

    service: ClassVar = "referral"
    roles: ClassVar = frozenset[Role]()
    told_as: ClassVar[str]  #: the subject in the partner's own account

    @classmethod
    def subject_of(cls, partner: str) -> str:
        """Where the wishes of one partner arrive; the server lets no other publish there."""
        return f"{cls.subject()}.{partner}"


class AnswerReferral(PartnerCommand):
    """Take a referral up, or decline it."""

    verb: ClassVar = "partner_answer"
    told_as: ClassVar = "answer.v1"

    reference: Annotated[PartnerReference, reference("Which referral")]
    accepted: Annotated[bool, ops("Whether you take it up")]


class TellOutcome(PartnerCommand):
    """Say by the blind token what became of somebody; it works once."""

    verb: ClassVar = "partner_outcome"
    told_as: ClassVar = "outcome.v1"

    outcome_token: Annotated[str, reference("The blind token", pattern=_TOKEN)]
    outcome: Annotated[RelayOutcome, ops("What became of them")]


class TellSaturation(PartnerCommand):
    """Say that one of your services is full until a moment, or that it is not any more."""

    verb: ClassVar = "partner_saturation"
    told_as: ClassVar = "saturation.v1"

    relay_id: Annotated[RelayId, public("Which of your services")]
    saturated: Annotated[bool, ops("It can take nobody")]
    until: Annotated[
        Moment | None, ops("Until when that counts, 31 days at most; full has an end", unit=_UTC)
    ] = None


class UpdateEntry(PartnerCommand):
    """Say of a service of yours in the directory how it is reached.

    It holds over what lists say, and under what the line has found out itself. Only what is filled
    in changes.
    """

    verb: ClassVar = "partner_entry"
    told_as: ClassVar = "entry.v1"

    relay_id: Annotated[RelayId, public("Which of your services")]
    said_at: Annotated[
        Moment,
        ops("When you say so, by your clock: what is said again later is another wish", unit="UTC"),
    ]
    number: Annotated[str | None, public("Its public number", max_length=40)] = None
    hours: Annotated[
        str | None,
        public(
            "When it answers: `MO,TU,WE 09:00-12:30; SA 10:00-12:00`, closing after midnight too",
            max_length=600,
        ),
    ] = None
    closed_until: Annotated[
        str | None,
        public(
            "The last day on which it is shut; one that is over: it is open again",
            unit="YYYY-MM-DD",
            pattern=DAY,
        ),
    ] = None


class PlayReferral(PartnerCommand):
    """In a sandbox: have a referral of nobody sent to you."""

    verb: ClassVar = "partner_play"
    told_as: ClassVar = "sandbox.v1"

    story: Annotated[SandboxStory, ops("How it goes on")] = SandboxStory.SENT
    number: Annotated[
        int,
        ops("The same wish again is the same wish", unit="count from 1", ge=1, le=LARGEST_COUNT),
    ]


#: What a partner may say from its own account.
PARTNER_COMMANDS: tuple[type[PartnerCommand], ...] = (
    AnswerReferral,
    TellOutcome,
    TellSaturation,
    UpdateEntry,
    PlayReferral,
)


def commands_of(partner: str) -> tuple[type[PartnerCommand], ...]:
    """What the account of one partner may ask."""
    if is_sandbox(partner):
        return PARTNER_COMMANDS
    return tuple(each for each in PARTNER_COMMANDS if each is not PlayReferral)


# --- its desk -------------------------------------------------------------------------------------


class SeeDesk(PartnerCommand):
    """What a partner's own people see of it on a page of ours; nothing is changed."""

    verb: ClassVar = "partner_desk"
    told_as: ClassVar = ""  # asked by the desk alone

    only: Annotated[
        PartnerReference | None, reference("That referral alone, however many there are")
    ] = None


class OpenReferral(PartnerCommand):
    """Somebody of the partner has opened a referral: it has it from now on."""

    verb: ClassVar = "partner_open"
    told_as: ClassVar = ""

    reference: Annotated[PartnerReference, reference("Which referral")]


#: What is asked for a partner that has a desk, by nobody but the console.
DESK_COMMANDS: tuple[type[PartnerCommand], ...] = (
    AnswerReferral,
    TellOutcome,
    TellSaturation,
    SeeDesk,
    OpenReferral,
)


class HandedShown(Contract):
    """A referral on its partner's desk."""

    told: Annotated[PartnerReferralSent, sealed("What the partner was told of it")]
    state: Annotated[ReferralState, ops("Where it is")]
    received_at: Annotated[Moment | None, ops("Since when the partner has it", unit=_UTC)] = None
    outcome_told: Annotated[bool, ops("What became of the person was told")] = False


class OwnRelay(Contract):
    """A service of the partner on its desk."""

    relay_id: Annotated[RelayId, public("The entry of the directory")]
    called: Annotated[str, public("What it is called", max_length=300)]
    full_until: Annotated[Moment | None, ops("It is full until then", unit=_UTC)] = None


class DeskShown(Contract):
    """A partner's desk: what it has to answer first, nothing that is over."""

    called: Annotated[str, public("What the organisation is called", max_length=160)]
    at: Annotated[Moment, ops("When this was so", unit=_UTC)]
    relays: Annotated[
        tuple[OwnRelay, ...],
        public("What it stands for", max_length=MOST_RELAYS_OF_A_PARTNER),
    ]
    referrals: Annotated[
        tuple[HandedShown, ...],
        sealed(
            "To be answered, the first sent first; then late, then taken up, the newest first",
            max_length=MOST_ON_A_DESK,
        ),
    ]
    more: Annotated[bool, ops("There are more than this shows")] = False


# --- how it is let in -----------------------------------------------------------------------------


class PartnerWebhook(Contract):
    """Where a partner is posted what is for it, and by which of its secrets it is signed."""

    url: Annotated[WebhookUrl, public("Where it listens, of an organisation")]
    secrets: Annotated[
        tuple[SecretNumber, ...],
        ops("Which of its secrets sign; two while it changes", min_length=1, max_length=2),
        AfterValidator(_each_once),
    ] = (1,)


class ApplyPartner(Command):
    """The operator puts what stands in a partner's file into force."""

    service: ClassVar = "referral"
    verb: ClassVar = "apply_partner"
    roles: ClassVar = frozenset({Role.OPERATOR})

    partner: Annotated[PartnerId, ops("The partner")]
    called: Annotated[str, public("What the organisation is called", min_length=2, max_length=160)]
    state: Annotated[PartnerState, ops("Whether it is referred to")] = PartnerState.ACTIVE
    relays: Annotated[
        tuple[RelayId, ...],
        public("Entries of the directory it stands for", max_length=MOST_RELAYS_OF_A_PARTNER),
        AfterValidator(_each_once),
    ]
    nats_keys: Annotated[
        tuple[PublicNkey, ...],
        public("Who may sign in for it; two while it changes its key", max_length=2),
        AfterValidator(_each_once),
    ] = ()
    sealing_key: Annotated[SealingKey | None, public("What is for it alone is sealed to it")] = None
    webhook: Annotated[PartnerWebhook | None, public("Where it is posted the same")] = None
    desk: Annotated[bool, public("Its people see the same on a page of ours")] = False


class PlayToPartner(Command):
    """Have a referral of nobody sent to the sandbox of a partner."""

    service: ClassVar = "referral"
    verb: ClassVar = "play_to_partner"
    roles: ClassVar = frozenset({Role.OPERATOR})

    partner: Annotated[PartnerId, ops("A sandbox")]
    story: Annotated[SandboxStory, ops("How it goes on")] = SandboxStory.SENT


class ReplayPartner(Command):
    """Post to a partner again what it was posted since; one that was given up is tried again."""

    service: ClassVar = "referral"
    verb: ClassVar = "replay_partner"
    roles: ClassVar = frozenset({Role.OPERATOR})

    partner: Annotated[PartnerId, ops("The partner")]
    since: Annotated[Moment, ops("Everything told from then on", unit=_UTC)]
