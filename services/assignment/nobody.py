"""Says why nobody is offered a contact: what stands between it and each person on duty.

For the coordinator and the caller's text, never for the choice. The surprising thing: a lasting
obstacle is named before a passing one; a busy person without the language counts for the language.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from contracts.vocabulary import Channel
from services.assignment.domain import (
    NobodyFree,
    NobodyReason,
    PersonOnDuty,
    Rules,
    WaitingContact,
)
from services.assignment.eligibility import (
    Profile,
    RequestClass,
    is_ready,
    objections,
    profile_of,
    room,
)


class Bystander(NamedTuple):
    """A person on duty, as one who could be asked why not."""

    person_id: str
    #: As if nothing were held now.
    profile: Profile
    #: Channels with room now.
    room: frozenset[Channel]
    #: What passes by itself: lapsed, resting, busy; None = ready.
    passing: NobodyReason | None


def bystanders(people: Iterable[PersonOnDuty], now: datetime, rules: Rules) -> list[Bystander]:
    """Everyone on duty, looked at once for all contacts."""
    return [
        Bystander(
            person.person_id,
            profile_of(replace(person, live=()), now, rules),
            room(person),
            _passing(person, now),
        )
        for person in people
    ]


def _passing(person: PersonOnDuty, now: datetime) -> NobodyReason | None:
    if person.valid_until <= now:
        return NobodyReason.ACCREDITATION_LAPSED
    if is_ready(person, now):
        return None
    resting = person.rest_until is not None and person.rest_until > now
    return NobodyReason.ALL_RESTING if resting else NobodyReason.ALL_BUSY


def nobody_free(
    request: RequestClass, contact: WaitingContact, people: list[Bystander], rules: Rules
) -> NobodyFree:
    """Why the head of this class is offered to nobody, each reason once."""
    lasting: dict[Profile, NobodyReason | None] = {}
    reasons: set[NobodyReason] = set()
    for person in people:
        if person.profile not in lasting:
            lasting[person.profile] = next(objections(request, person.profile, rules), None)
        reasons.add(lasting[person.profile] or _obstacle(contact, person))
    reasons = reasons or {NobodyReason.NOBODY_ON_DUTY}
    return NobodyFree(contact.contact_id, tuple(sorted(reasons)), rules.rules_version)


def _obstacle(contact: WaitingContact, person: Bystander) -> NobodyReason:
    """What keeps from this contact a person whom no lasting rule keeps from it."""
    if person.passing is not None:
        return person.passing
    if contact.channel not in person.room:
        return NobodyReason.ALL_BUSY
    asked = person.person_id in contact.declined_by
    return NobodyReason.DECLINED if asked else NobodyReason.HELD_BACK
