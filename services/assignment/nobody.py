"""Says why nobody is offered a contact: what stands between it and each person on duty.

For the coordinator and the caller's text, never for the choice. The surprising thing: a lasting
obstacle is named before a passing one; a busy person without the language counts for the language.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import NamedTuple, TypeAlias

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
    is_going,
    is_ready,
    objections,
    profile_of,
    room,
)


class Kind(NamedTuple):
    """What people on duty who are alike to whoever asks why not have in common."""

    #: As if nothing were held now, and nobody had taken anything yet.
    profile: Profile
    #: Channels with room now.
    room: frozenset[Channel]
    #: What passes by itself: lapsed, going, resting, busy; None = ready.
    passing: NobodyReason | None


#: Everyone on duty, by their ids; who is alike, together.
Bystanders: TypeAlias = Mapping[Kind, AbstractSet[str]]


def bystanders(people: Iterable[PersonOnDuty], now: datetime, rules: Rules) -> Bystanders:
    """Everyone on duty, looked at once for all contacts."""
    alike: dict[Kind, set[str]] = {}
    for person in people:
        alike.setdefault(kind_of(person, now, rules), set()).add(person.person_id)
    return alike


def kind_of(person: PersonOnDuty, now: datetime, rules: Rules) -> Kind:
    """What this person is alike in; it changes at the end of a rest and of the accreditation."""
    profile = profile_of(person, now, rules)._replace(channels=person.channels, series=0)
    return Kind(profile, room(person, rules), _passing(person, now, rules))


def _passing(person: PersonOnDuty, now: datetime, rules: Rules) -> NobodyReason | None:
    if person.valid_until <= now:
        return NobodyReason.ACCREDITATION_LAPSED
    if is_going(person, now, rules):
        return NobodyReason.LAST_MINUTES
    if is_ready(person, now, rules):
        return None
    resting = person.rest_until is not None and person.rest_until > now
    return NobodyReason.ALL_RESTING if resting else NobodyReason.ALL_BUSY


def nobody_free(
    request: RequestClass, contact: WaitingContact, people: Bystanders, rules: Rules
) -> NobodyFree:
    """Why the head of this class is offered to nobody, each reason once."""
    lasting: dict[Profile, NobodyReason | None] = {}
    reasons: set[NobodyReason] = set()
    for kind, person_ids in people.items():
        if kind.profile not in lasting:
            lasting[kind.profile] = next(objections(request, kind.profile, rules), None)
        objection = lasting[kind.profile]
        reasons.update((objection,) if objection else _obstacles(contact, kind, person_ids))
    reasons = reasons or {NobodyReason.NOBODY_ON_DUTY}
    return NobodyFree(contact.contact_id, tuple(sorted(reasons)), rules.rules_version)


def _obstacles(
    contact: WaitingContact, kind: Kind, person_ids: AbstractSet[str]
) -> Iterator[NobodyReason]:
    """What keeps from this contact people whom no lasting rule keeps from it."""
    if kind.passing is not None:
        yield kind.passing
    elif contact.channel not in kind.room:
        yield NobodyReason.ALL_BUSY
    else:
        if not person_ids.isdisjoint(contact.declined_by):
            yield NobodyReason.DECLINED
        if not person_ids <= contact.declined_by:
            yield NobodyReason.HELD_BACK
