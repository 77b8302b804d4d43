"""What somebody at a desk may do in a contact, beside triaging and ending it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from contracts.anonymity import AskLift, DecideLift, LiftId, LiftReason
from contracts.contact import GiveReturnPass
from contracts.envelope import Command
from contracts.referral import (
    CloseReferral,
    ProposeReferral,
    RecordConsent,
    SendReferral,
)
from contracts.rescue import Arrival, ReportArrival, RescueId, RescueService, StartRescue
from contracts.risk import AlertId, EscalateAlert, RaiseAlert
from contracts.text import WantHumanNow
from contracts.vocabulary import (
    Channel,
    ContactId,
    Departement,
    Need,
    PersonId,
    Priority,
    ReferralClosing,
    ReferralField,
    ReferralId,
    RiskSignal,
    Role,
    TextKind,
)
from services.intake import day_keys, texts
from services.intake.written import Human
from tests.simulation.asking import AtDoor
from tests.simulation.line import CHECKED_RELAYS, RELAYS

_SPOKEN = {Channel.CHAT: TextKind.LINE, Channel.MESSAGE: TextKind.MESSAGE}


@dataclass
class Notes:
    """What somebody has begun and not finished, by the ids they were told."""

    referrals: dict[ReferralId, bool] = field(default_factory=dict)  #: whether consented to
    lifts: list[LiftId] = field(default_factory=list)
    rescues: list[RescueId] = field(default_factory=list)
    alerts: list[AlertId] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.referrals or self.rescues or self.lifts)


def something(
    contact: Mapping[str, Any], who: tuple[PersonId, Role], dice: Random
) -> Command | AtDoor:
    """Danger, a relay, a pass, or words."""
    contact_id, channel = ContactId(contact["contact_id"]), Channel(contact["channel"])
    human = Human(*who)
    match dice.choices(("danger", "rescue", "relay", "pass", "lift", "words"), (4, 2, 6, 2, 2, 8)):
        case ["danger"]:
            noticed = dice.sample(tuple(RiskSignal), dice.randint(0, 3))
            return RaiseAlert(contact_id=contact_id, signals=tuple(noticed))
        case ["rescue"]:
            whom = dice.choice((RescueService.MEDICAL, RescueService.IN_WRITING))
            return StartRescue(contact_id=contact_id, whom=whom, confirmed=True)
        case ["relay"]:
            return ProposeReferral(
                contact_id=contact_id,
                relay_id=dice.choice((*CHECKED_RELAYS, *RELAYS)),
                need=Need.SOLITUDE,
                urgency=dice.choice(tuple(Priority)),
                departement=dice.choice((None, Departement("75"))),
                minor=dice.random() < 0.1,
            )
        case ["pass"]:
            return GiveReturnPass(contact_id=contact_id)
        case ["lift"]:
            reason = dice.choice(tuple(LiftReason))
            return AskLift(contact_id=contact_id, reason=reason, life_at_stake=dice.random() < 0.5)
        case _:
            return _words(contact_id, channel, human, dice)


def _words(contact_id: ContactId, channel: Channel, human: Human, dice: Random) -> Command | AtDoor:
    """Write, read, or have a message go up in its line."""
    if channel is Channel.MESSAGE and dice.random() < 0.3:
        return WantHumanNow(contact_id=contact_id)
    if channel is Channel.MESSAGE and dice.random() < 0.4:
        return AtDoor("intake", partial(texts.hear_of_reading, contact_id))
    kind = dice.choice(
        (TextKind.NOTE, TextKind.CAPSULE, *[_SPOKEN.get(channel, TextKind.NOTE)] * 3)
    )
    wrote = texts.HumanWrites(contact_id, human, kind, "Des mots.")
    return AtDoor("intake", partial(texts.keep_of_human, wrote, day_keys.from_environment()))


def something_begun(notes: Notes, dice: Random) -> Command | None:
    """Go on with what was begun: a referral, a rescue, an alert."""
    begun = [
        *((kind, id) for kind in ("rescues", "referrals", "lifts") for id in getattr(notes, kind)),
        *(("alerts", id) for id in notes.alerts[-1:]),
    ]
    if not begun:
        return None
    kind, id = dice.choice(begun)
    match kind:
        case "rescues":
            notes.rescues.remove(id)
            return ReportArrival(rescue_id=id, arrival=dice.choice(tuple(Arrival)))
        case "lifts":
            return DecideLift(lift_id=id, agree=True)
        case "alerts":
            notes.alerts.remove(id)
            return EscalateAlert(alert_id=id)
        case _:
            return _of_referral(notes, id, dice)


def _of_referral(notes: Notes, id: ReferralId, dice: Random) -> Command:
    likely = (1, 8, 1) if notes.referrals[id] else (8, 1, 1)
    match dice.choices(("yes", "send", "close"), likely):
        case ["yes"]:
            scope = dice.sample(tuple(ReferralField), dice.randint(1, 3))
            said = dice.random() < 0.8
            return RecordConsent(referral_id=id, scope=tuple(scope), anonymity_said=said)
        case ["send"]:
            return SendReferral(referral_id=id)
        case _:
            del notes.referrals[id]
            return CloseReferral(referral_id=id, why=dice.choice(tuple(ReferralClosing)))
