"""What a person may be offered as of a moment, and when that ends.

For assignment, which offers nothing past `valid_until`. The surprising thing: a person whose last
accreditation has lapsed is announced too, so that everybody who knew them as eligible unlearns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contracts.roster import Accreditation, Qualification, Volunteer
from contracts.vocabulary import Role

#: Roles in which a person hears callers, a supervisor in double listening included. The others
#: (coordinator, operator) hear nobody: an accreditation to listen says nothing about them.
HEARS_CALLERS = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})


@dataclass(frozen=True)
class Eligibility:
    """What a person may be offered, as it is announced."""

    qualification: Qualification
    valid_until: datetime  #: UTC, domain time; in the past when nothing is in date
    lapses_at: datetime | None  #: when to establish it again; None: nothing left to lapse


def establish(held: Qualification, now: datetime) -> Eligibility:
    """Say what a person may be offered at `now`: what has lapsed is left out.

    With nothing in date, only roles that hear no caller are left, and `valid_until` is the moment
    of the last lapse: in the past, so that no offer passes assignment's own check either. The
    lapsed accreditations stay in it, because a qualification without any cannot be written.
    """
    in_date = tuple(a for a in held.accreditations if a.valid_until > now)
    if in_date:
        first_lapse = min(a.valid_until for a in in_date)
        current = held.model_copy(update={"accreditations": in_date})
        return Eligibility(current, first_lapse, first_lapse)
    roles = tuple(role for role in held.roles if role not in HEARS_CALLERS)
    last_lapse = max(a.valid_until for a in held.accreditations)
    return Eligibility(held.model_copy(update={"roles": roles}), last_lapse, None)


@dataclass(frozen=True)
class Rows:
    """The rows of an import, each in the one form in which qualifications are compared."""

    volunteers: tuple[Volunteer, ...]  #: in the order of their ids


@dataclass(frozen=True)
class Flaw:
    """The first thing wrong with an import; none of it is taken."""

    field: str  #: path of the field, for instance `volunteers.3.person_id`


def read_rows(volunteers: tuple[Volunteer, ...]) -> Rows | Flaw:
    """Check an import as a whole.

    A person twice is a mistake in the list, and nobody can say which of the two rows is meant; the
    same holds for two accreditations on one channel.
    """
    seen: set[str] = set()
    for index, volunteer in enumerate(volunteers):
        if volunteer.person_id in seen:
            return Flaw(f"volunteers.{index}.person_id")
        seen.add(volunteer.person_id)
        repeated = _repeated_channel(volunteer.qualification.accreditations)
        if repeated is not None:
            path = f"volunteers.{index}.qualification.accreditations.{repeated}.channel"
            return Flaw(path)
    by_id = sorted(volunteers, key=lambda volunteer: volunteer.person_id)
    return Rows(
        tuple(
            Volunteer(person_id=v.person_id, qualification=in_one_form(v.qualification))
            for v in by_id
        )
    )


def _repeated_channel(accreditations: tuple[Accreditation, ...]) -> int | None:
    channels = [accreditation.channel for accreditation in accreditations]
    for index, channel in enumerate(channels):
        if channel in channels[:index]:
            return index
    return None


def in_one_form(qualification: Qualification) -> Qualification:
    """Return the qualification with every list in order and without repeats: order says nothing."""
    return Qualification(
        roles=tuple(sorted(set(qualification.roles))),
        languages=tuple(sorted(set(qualification.languages))),
        topics=tuple(sorted(set(qualification.topics))),
        skills=tuple(sorted(set(qualification.skills))),
        declines=tuple(sorted(set(qualification.declines))),
        accreditations=tuple(sorted(qualification.accreditations, key=lambda a: a.channel)),
    )
