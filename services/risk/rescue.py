"""Whom to call in which country, who may, and when a rescue has failed.

The surprising thing: a rescue is never refused because we know too little. A contact we have not
heard of is rescued on the word of whoever is in it; a line whose country we have not heard of gets
112. Only a service that does not exist in the country is refused: a wrong number costs a life.

Sources: 15, 17, 18, 112 and 114 (in writing, for those who cannot hear or speak): French numbering
plan, ARCEP decision 2018-0881 and www.service-public.fr, "Numéros d'urgence"; Luxembourg: 112
(ambulance and fire) and 113 (police), www.112.lu.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from contracts.rescue import Arrival, RescueFailure, RescueService
from contracts.vocabulary import PersonId, Refusal, Role
from services.risk.domain import Asker, ContactKnown, MayNot


@dataclass(frozen=True)
class EmergencyNumber:
    """One number. `in_writing`: by text only."""

    number: str
    in_writing: bool = False


#: 112 works everywhere in the Union (Directive (EU) 2018/1972, article 109).
ANYWHERE: Mapping[RescueService, EmergencyNumber] = MappingProxyType(
    {RescueService.EUROPEAN: EmergencyNumber("112")}
)
BY_COUNTRY: Mapping[str, Mapping[RescueService, EmergencyNumber]] = MappingProxyType(
    {
        "FR": MappingProxyType(
            {
                RescueService.MEDICAL: EmergencyNumber("15"),
                RescueService.POLICE: EmergencyNumber("17"),
                RescueService.FIRE: EmergencyNumber("18"),
                RescueService.EUROPEAN: EmergencyNumber("112"),
                RescueService.IN_WRITING: EmergencyNumber("114", in_writing=True),
            }
        ),
        "LU": MappingProxyType(
            {
                RescueService.EUROPEAN: EmergencyNumber("112"),
                RescueService.MEDICAL: EmergencyNumber("112"),
                RescueService.FIRE: EmergencyNumber("112"),
                RescueService.POLICE: EmergencyNumber("113"),
            }
        ),
        "BE": MappingProxyType(
            {
                RescueService.EUROPEAN: EmergencyNumber("112"),
                RescueService.MEDICAL: EmergencyNumber("112"),
                RescueService.FIRE: EmergencyNumber("112"),
                RescueService.POLICE: EmergencyNumber("101"),
            }
        ),
        "CH": MappingProxyType(
            {
                RescueService.MEDICAL: EmergencyNumber("144"),
                RescueService.POLICE: EmergencyNumber("117"),
                RescueService.FIRE: EmergencyNumber("118"),
                RescueService.EUROPEAN: EmergencyNumber("112"),
            }
        ),
    }
)

#: Who called says within this whether somebody has the person; a proposal, to be settled.
REPORT_WITHIN = timedelta(seconds=120)
#: How long an emergency card is kept: it is for the rescue alone.
CARD_KEPT_FOR = timedelta(hours=24)


def numbers_of(country: str | None) -> Mapping[RescueService, EmergencyNumber]:
    """The numbers of a country; of one we have none for, 112."""
    return BY_COUNTRY.get(country or "", ANYWHERE)


@dataclass(frozen=True)
class MayCall:
    """Go: this number."""

    number: EmergencyNumber


def judge_rescue(
    by: Asker, contact: ContactKnown, whom: RescueService, country: str | None
) -> MayCall | MayNot:
    """Judge a rescue: any human in the contact, or who may hold its alert, starts one alone."""
    if contact.programme not in (None, by.programme):
        return MayNot(Refusal.NOT_IN_PROGRAMME, "contact_id")
    elsewhere = bool(contact.holders) and by.person_id not in contact.holders
    if elsewhere and by.role in (Role.LISTENER, Role.REGULATOR):
        return MayNot(Refusal.NOT_YOURS, "contact_id")
    number = numbers_of(country).get(whom)
    if number is None:
        return MayNot(Refusal.INVALID_FIELD, "whom")
    return MayCall(number)


@dataclass(frozen=True)
class Arrived:
    """Somebody has the person."""


@dataclass(frozen=True)
class Failed:
    """The alert comes up again."""

    why: RescueFailure


@dataclass(frozen=True)
class SaidAlready:
    """It was said before, in the same words."""


def judge_arrival(
    outcome: str | None, started_by: PersonId, by: Asker, arrival: Arrival
) -> Arrived | Failed | SaidAlready | MayNot:
    """Judge what is said of a rescue; `outcome` is what was said before, `confirmed` or a failure.

    Who called says it, or a supervisor or duty professional for them. What was said first stands:
    the alert that came up again is a human's to close.
    """
    if by.person_id != started_by and by.role in (Role.LISTENER, Role.REGULATOR):
        return MayNot(Refusal.NOT_YOURS)
    if outcome == arrival.value:
        return SaidAlready()
    if outcome is not None:
        return MayNot(Refusal.WRONG_STATE)
    if arrival is Arrival.CONFIRMED:
        return Arrived()
    return Failed(RescueFailure(arrival.value))
