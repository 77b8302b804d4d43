"""Who may bring a person to which relay, on which consent, and what may be told.

For the person. Nothing leaves without their yes to exactly that; a minor's rests on a professional;
where a relay is not anonymous, or nobody knows, the yes counts only if that was said. The
surprising thing: the place is judged twice. A relay that closed between the proposal and the
sending is refused then, with the consent already given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.envelope import CommandEnvelope
from contracts.referral import (
    CloseReferral,
    GiveContactMeans,
    ProposeReferral,
    RecordAnswer,
    RecordConsent,
)
from contracts.vocabulary import (
    AgeBand,
    ConsentGivenBy,
    ContactId,
    Departement,
    LanguageCode,
    Need,
    PersonId,
    Priority,
    ProgrammeId,
    ReferralClosing,
    ReferralField,
    ReferralMode,
    ReferralState,
    Refusal,
    RelayId,
    Role,
    SealedBox,
    SealingKey,
)
from services.referral.directory.proposal import day_there, may_transfer
from services.referral.directory.relay import Kind, Relay

#: What was agreed in the talk may be written down until then.
AFTER_THE_CONTACT = timedelta(minutes=30)
#: How long a relay may take to answer. Design values; no source sets them.
ANSWER_WITHIN = {
    Priority.P1: timedelta(hours=1),
    Priority.P2: timedelta(hours=4),
    Priority.P3: timedelta(hours=72),
    Priority.P4: timedelta(hours=72),
    Priority.P5: timedelta(hours=72),
}
_MINORS = frozenset({AgeBand.CHILD, AgeBand.TEEN})
#: Who may decide for a minor (`rud3.who_may_rate`: a professional, or a trained regulator's
#: supervisor); never the volunteer alone.
PROFESSIONALS = frozenset({Role.SUPERVISOR})
_WITHOUT_THE_PERSON = frozenset(
    {ReferralClosing.PERSON_REFUSED, ReferralClosing.BY_MISTAKE, ReferralClosing.CONSENT_WITHDRAWN}
)
_OVER = frozenset({ReferralState.CLOSED})


# --- what is known --------------------------------------------------------------------------------


@dataclass(frozen=True)
class ContactKnown:
    """What referral knows of a contact."""

    programme: ProgrammeId
    held_by: frozenset[PersonId]  #: whoever took it, regulator and listener
    ended_at: datetime | None


@dataclass(frozen=True)
class ReferralKnown:
    """A referral as it stands."""

    programme: ProgrammeId
    contact_id: ContactId
    relay_id: RelayId
    state: ReferralState
    mode: ReferralMode
    need: Need
    urgency: Priority
    departement: Departement | None
    language: LanguageCode | None
    age_band: AgeBand | None
    minor: bool
    scope: tuple[ReferralField, ...]  #: empty until consented
    outcome_given: bool
    contact_means: SealedBox | None = None


# --- what is decided ------------------------------------------------------------------------------


@dataclass(frozen=True)
class NotYet:
    """An event that tells is still on its way: ask again with the same id."""


@dataclass(frozen=True)
class MayNot:
    """Asking again will not help."""

    why: Refusal
    field: str | None = None


@dataclass(frozen=True)
class AlreadySo:
    """It stands so already (a double click): nothing is announced again."""


@dataclass(frozen=True)
class Proposed:
    """The relay is proposed to the person."""

    anonymity_to_say: bool
    minor: bool


@dataclass(frozen=True)
class Consented:
    """The yes stands, for this scope."""

    scope: tuple[ReferralField, ...]  #: each once, in the order of the vocabulary


@dataclass(frozen=True)
class Granted:
    """It may be kept, as it is asked."""


@dataclass(frozen=True)
class Sent:
    """It goes out with this, and no more."""

    carried: frozenset[ReferralField]
    answer_by: datetime


@dataclass(frozen=True)
class Moved:
    """The referral enters this state."""

    state: ReferralState


def judge_proposal(
    contact: ContactKnown | None,
    relay: Relay | None,
    wish: ProposeReferral,
    asked: Asked,
) -> Proposed | NotYet | MayNot:
    """Judge a proposal of a relay to the person in the contact."""
    if contact is None:
        return NotYet()
    hindrance = _not_theirs(contact, asked) or _cannot_go(relay, wish.mode, asked.now)
    if hindrance is not None:
        return hindrance
    assert relay is not None
    return Proposed(anonymity_to_say(relay), wish.minor or wish.age_band in _MINORS)


def judge_consent(
    known: tuple[ReferralKnown, ContactKnown],
    relay: Relay | None,
    wish: RecordConsent,
    asked: Asked,
) -> Consented | AlreadySo | MayNot:
    """Judge a yes. A wider or narrower one may replace it until something was sent."""
    referral, contact = known
    scope = tuple(name for name in ReferralField if name in wish.scope)
    if referral.state is ReferralState.CONSENTED and scope == referral.scope:
        return AlreadySo()
    if referral.state not in (ReferralState.PROPOSED, ReferralState.CONSENTED):
        return MayNot(Refusal.WRONG_STATE)
    hindrance = _not_theirs(contact, asked) or _cannot_go(relay, referral.mode, asked.now)
    if hindrance is not None:
        return hindrance
    if referral.minor and not _professional_decides(wish, asked.who):
        return MayNot(Refusal.ROLE_NOT_PERMITTED, "given_by")
    if not referral.minor and wish.given_by is not ConsentGivenBy.PERSON:
        return MayNot(Refusal.INVALID_FIELD, "given_by")
    if relay is not None and anonymity_to_say(relay) and not wish.anonymity_said:
        return MayNot(Refusal.INVALID_FIELD, "anonymity_said")
    return Consented(scope)


def judge_contact_means(
    known: tuple[ReferralKnown, ContactKnown],
    wish: GiveContactMeans,
    key: SealingKey | None,
    asked: Asked,
) -> Granted | AlreadySo | MayNot:
    """Judge how the person wants to be reached: asked for in the consent, sealed to the partner.

    `key` is that of the relay's partner now.
    """
    referral, contact = known
    if referral.state is ReferralState.SENT:
        return AlreadySo()
    if referral.state is not ReferralState.CONSENTED:
        return MayNot(Refusal.WRONG_STATE)
    hindrance = _not_theirs(contact, asked)
    if hindrance is not None:
        return hindrance
    if ReferralField.CONTACT_MEANS not in referral.scope:
        return MayNot(Refusal.CONSENT_MISSING, "contact_means")
    if key is None or wish.sealed_to != key:
        return MayNot(Refusal.INVALID_FIELD, "sealed_to")
    return Granted()


def judge_sending(
    known: tuple[ReferralKnown, ContactKnown], relay: Relay | None, asked: Asked
) -> Sent | AlreadySo | MayNot:
    """Judge the sending: what the person said yes to, as far as it is known, and no more."""
    referral, contact = known
    if referral.state is ReferralState.SENT:
        return AlreadySo()
    if referral.state is ReferralState.PROPOSED:
        return MayNot(Refusal.CONSENT_MISSING)
    if referral.state is not ReferralState.CONSENTED:
        return MayNot(Refusal.WRONG_STATE)
    hindrance = _not_theirs(contact, asked) or _cannot_go(relay, referral.mode, asked.now)
    if hindrance is not None:
        return hindrance
    if relay is None or relay.verified_at is None or relay.verified_at > asked.now:
        return MayNot(Refusal.RELAY_NOT_VERIFIED)
    carried = frozenset(
        name for name in referral.scope if getattr(referral, name.value) is not None
    )
    return Sent(carried, asked.now + ANSWER_WITHIN[referral.urgency])


def judge_answer(
    referral: ReferralKnown, wish: RecordAnswer, asked: Asked
) -> Moved | AlreadySo | MayNot:
    """Judge an answer somebody of ours heard."""
    if referral.programme != asked.who.programme:
        return MayNot(Refusal.NOT_IN_PROGRAMME)
    return judge_partners_answer(referral.state, wish.accepted)


def judge_partners_answer(known: ReferralState, accepted: bool) -> Moved | AlreadySo | MayNot:
    """Judge an answer. One that comes after the time still counts: a person may be waiting."""
    state = ReferralState.ACCEPTED if accepted else ReferralState.DECLINED
    if known is state:
        return AlreadySo()
    if known not in (ReferralState.SENT, ReferralState.EXPIRED):
        return MayNot(Refusal.WRONG_STATE)
    return Moved(state)


def judge_expiry(referral: ReferralKnown) -> Moved | AlreadySo:
    """Judge the end of the time to answer; what was answered or closed stays so."""
    if referral.state is ReferralState.SENT:
        return Moved(ReferralState.EXPIRED)
    return AlreadySo()


def judge_closing(
    referral: ReferralKnown, wish: CloseReferral, asked: Asked
) -> Moved | AlreadySo | MayNot:
    """Judge a closing. Nothing was taken up that was never sent."""
    if referral.programme != asked.who.programme:
        return MayNot(Refusal.NOT_IN_PROGRAMME)
    if referral.state in _OVER:
        return AlreadySo()
    unsent = referral.state in (ReferralState.PROPOSED, ReferralState.CONSENTED)
    if unsent and wish.why not in _WITHOUT_THE_PERSON:
        return MayNot(Refusal.INVALID_FIELD, "why")
    return Moved(ReferralState.CLOSED)


@dataclass(frozen=True)
class Asked:
    """Who asks, and when."""

    who: CommandEnvelope
    now: datetime


def anonymity_to_say(relay: Relay) -> bool:
    """Whether a person is told, and says yes, before anything: false and unknown are the same.

    Emergencies apart: there a person is told, not asked (DESIGN 9).
    """
    return relay.anonymous is not True and relay.kind is not Kind.EMERGENCY


def _not_theirs(contact: ContactKnown, asked: Asked) -> MayNot | None:
    """Return why the asker may not speak for the person of this contact, or None."""
    if contact.programme != asked.who.programme:
        return MayNot(Refusal.NOT_IN_PROGRAMME)
    if asked.who.actor not in contact.held_by and asked.who.role is not Role.SUPERVISOR:
        return MayNot(Refusal.NOT_YOURS)
    if contact.ended_at is not None and asked.now > contact.ended_at + AFTER_THE_CONTACT:
        return MayNot(Refusal.CONTACT_OVER)
    return None


def _cannot_go(relay: Relay | None, mode: ReferralMode, now: datetime) -> MayNot | None:
    """Return why nobody can be brought to this relay now, or None."""
    if relay is None:
        return MayNot(Refusal.UNKNOWN_RELAY, "relay_id")
    if not relay.exists_on(day_there(relay, now)):
        return MayNot(Refusal.RELAY_CLOSED, "relay_id")
    if mode is ReferralMode.LIVE_TRANSFER and not may_transfer(relay, now):
        return MayNot(Refusal.NO_TRANSFER_AGREED, "mode")
    return None


def _professional_decides(wish: RecordConsent, who: CommandEnvelope) -> bool:
    return wish.given_by is ConsentGivenBy.PROFESSIONAL and who.role in PROFESSIONALS
