"""Who somebody is and what they may enter as, from what their organisation's issuer says of them.

The issuer says who it is (an identifier the roster knows), how they are called, and the roles no
roster gives. The surprising thing: a role the roster gives is refused here. Who may answer callers
follows from accreditations and trainings, and two sources for it would contradict each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from contracts.vocabulary import PartnerId, PersonId, ProgrammeId, Role
from services.console.domain import ROSTER_ROLES, SessionAsked, refuse_session

#: Roles an issuer may vouch for.
VOUCHED_ROLES = frozenset(Role) - ROSTER_ROLES

#: Characters of a name, and entries of a claim with roles; more is a mistake at the issuer.
LONGEST_NAME = 80
MOST_ROLES = 200

_PERSON: TypeAdapter[PersonId] = TypeAdapter(PersonId)
_PARTNER: TypeAdapter[PartnerId] = TypeAdapter(PartnerId)
_LINE: TypeAdapter[ProgrammeId] = TypeAdapter(ProgrammeId)


@dataclass(frozen=True)
class ClaimNames:
    """Under which names the issuer says it; no standard claim holds an organisation's own words."""

    person: str = "helpline_person"
    roles: str = "helpline_roles"
    name: str = "name"
    partner: str = "helpline_partner"


@dataclass(frozen=True)
class Person:
    """Who signed in, by the word of the issuer alone."""

    person_id: PersonId
    name: str | None  #: None: the issuer says none
    vouched: frozenset[tuple[ProgrammeId, Role]] = frozenset()
    partner: PartnerId | None = None  #: whose they are, where they are not ours: they have no role


class ClaimFault(StrEnum):
    """What is wrong with a claim."""

    MISSING = "missing"
    UNKNOWN = "unknown"  #: there, and not in a form we know


@dataclass(frozen=True)
class ClaimRefused:
    """Nobody can sign in by these claims."""

    claim: str
    fault: ClaimFault


class _Unknown(Exception):
    """A value that is no answer to the question."""


def person_of(claims: Mapping[str, object], names: ClaimNames) -> Person | ClaimRefused:
    """Read who somebody is; the first claim that is wrong is named.

    Without a name they are shown by their identifier, without roles they have what the roster
    gives: neither keeps a volunteer from the telephone at night. Somebody of a partner has no role
    of ours, and a claim that gives them one as well is a mistake at the issuer.
    """
    if claims.get(names.person) is None:
        return ClaimRefused(names.person, ClaimFault.MISSING)
    reading = names.person
    try:
        person_id = _person_in(claims[names.person])
        reading = names.name
        name = _name_in(claims.get(names.name))
        reading = names.roles
        vouched = _roles_in(claims.get(names.roles))
        reading = names.partner
        partner = _partner_in(claims.get(names.partner))
        if partner is not None and vouched:
            raise _Unknown
        return Person(person_id, name, vouched, partner)
    except _Unknown:
        return ClaimRefused(reading, ClaimFault.UNKNOWN)


def _person_in(said: object) -> PersonId:
    try:
        return _PERSON.validate_python(said, strict=True)
    except ValidationError:
        raise _Unknown from None


def _name_in(said: object) -> str | None:
    if said is None:
        return None
    if not isinstance(said, str):
        raise _Unknown
    name = " ".join(said.split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise _Unknown
    return name or None


def _partner_in(said: object) -> PartnerId | None:
    """One partner, or none; somebody of several would see one's referrals as another's."""
    if said is None:
        return None
    try:
        return _PARTNER.validate_python(said, strict=True)
    except ValidationError:
        raise _Unknown from None


def _roles_in(said: object) -> frozenset[tuple[ProgrammeId, Role]]:
    """Entries `line:role`. Some issuers tell a list of one as its one entry."""
    listed = [said] if isinstance(said, str) else said
    if listed is None:
        return frozenset()
    if not isinstance(listed, list) or len(listed) > MOST_ROLES:
        raise _Unknown
    return frozenset(_role_in(entry) for entry in listed)


def _role_in(entry: object) -> tuple[ProgrammeId, Role]:
    if not isinstance(entry, str):
        raise _Unknown
    line, _, word = entry.partition(":")
    try:
        programme, role = _LINE.validate_python(line, strict=True), Role(word)
    except ValueError:  # ValidationError is one
        raise _Unknown from None
    if role not in VOUCHED_ROLES:
        raise _Unknown
    return programme, role


def open_to(
    person: Person,
    held: Mapping[ProgrammeId, Collection[Role]],
    lines: Collection[ProgrammeId],
) -> tuple[SessionAsked, ...]:
    """The sessions a person may open, by line and role; `held` is what the roster gives them.

    `lines` are those in force: an operator may come before one is.
    """
    by_roster = {
        (line, role) for line, roles in held.items() for role in roles if role in ROSTER_ROLES
    }
    asked = [
        SessionAsked(person.person_id, role, line, person.name)
        for line, role in sorted(person.vouched | by_roster)
    ]
    return tuple(
        each
        for each in asked
        if refuse_session(each, held.get(each.programme), each.programme in lines) is None
    )
