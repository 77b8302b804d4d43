"""Says why nobody is offered a contact: what stands between it and each person on duty.

For the coordinator and the caller's text, never for the choice. The surprising thing: a lasting
obstacle is named before a passing one; a busy person without the language counts for the language.
"""

from collections.abc import Iterable, Iterator
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


class Bystanders(NamedTuple):
    """People on duty who are alike to whoever asks why not."""

    #: As if nothing were held now, and nobody had taken anything yet.
    profile: Profile
    #: Channels with room now.
    room: frozenset[Channel]
    #: What passes by itself: lapsed, resting, busy; None = ready.
    passing: NobodyReason | None
    person_ids: set[str]


def bystanders(people: Iterable[PersonOnDuty], now: datetime, rules: Rules) -> list[Bystanders]:
    """Everyone on duty, looked at once for all contacts; who is alike, together."""
    alike: dict[tuple[Profile, frozenset[Channel], NobodyReason | None], set[str]] = {}
    for person in people:
        profile = profile_of(person, now, rules)._replace(channels=person.channels, series=0)
        kind = (profile, room(person), _passing(person, now))
        alike.setdefault(kind, set()).add(person.person_id)
    return [Bystanders(*kind, person_ids) for kind, person_ids in alike.items()]


def _passing(person: PersonOnDuty, now: datetime) -> NobodyReason | None:
    if person.valid_until <= now:
        return NobodyReason.ACCREDITATION_LAPSED
    if is_ready(person, now):
        return None
    resting = person.rest_until is not None and person.rest_until > now
    return NobodyReason.ALL_RESTING if resting else NobodyReason.ALL_BUSY


def nobody_free(
    request: RequestClass, contact: WaitingContact, people: list[Bystanders], rules: Rules
) -> NobodyFree:
    """Why the head of this class is offered to nobody, each reason once."""
    lasting: dict[Profile, NobodyReason | None] = {}
    reasons: set[NobodyReason] = set()
    for alike in people:
        if alike.profile not in lasting:
            lasting[alike.profile] = next(objections(request, alike.profile, rules), None)
        objection = lasting[alike.profile]
        reasons.update((objection,) if objection else _obstacles(contact, alike))
    reasons = reasons or {NobodyReason.NOBODY_ON_DUTY}
    return NobodyFree(contact.contact_id, tuple(sorted(reasons)), rules.rules_version)


def _obstacles(contact: WaitingContact, people: Bystanders) -> Iterator[NobodyReason]:
    """What keeps from this contact people whom no lasting rule keeps from it."""
    if people.passing is not None:
        yield people.passing
    elif contact.channel not in people.room:
        yield NobodyReason.ALL_BUSY
    else:
        if not people.person_ids.isdisjoint(contact.declined_by):
            yield NobodyReason.DECLINED
        if not people.person_ids <= contact.declined_by:
            yield NobodyReason.HELD_BACK
