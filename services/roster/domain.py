"""What a person may be offered as of a moment, and when that changes.

For assignment, which offers nothing past `valid_until`. A channel counts while everything it rests
on is in date: its accreditation, the trainings and supervisions the line asks for (with their
grace), the experience it asks for first. The surprising thing: a person with nothing in date is
announced too, so that everybody who knew them as eligible unlearns it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from contracts.programme import ChannelPrerequisite, RosterTerms
from contracts.roster import Accreditation, Due, DueKind, Qualification, Volunteer
from contracts.vocabulary import (
    Channel,
    Need,
    OrganisationId,
    Role,
    SkillCode,
    SupervisionKind,
)

#: Roles in which a person hears callers, a supervisor in double listening included. The others
#: (coordinator, trainer, operator) hear nobody: an accreditation says nothing about them.
HEARS_CALLERS = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})

#: A line that asks for nothing beyond the accreditation.
ASKS_NOTHING = RosterTerms()

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_YET = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Training:
    """A module of the shared catalogue that a volunteer has followed."""

    skill: SkillCode
    organisation: OrganisationId
    valid_until: datetime  #: UTC, end of the last day


@dataclass(frozen=True)
class Supervision:
    """The newest supervision of a kind."""

    kind: SupervisionKind
    held_at: datetime  #: UTC, beginning of the day


@dataclass(frozen=True)
class Declared:
    """What a volunteer has said of themself, for which nobody asks a reason."""

    declines: tuple[Need, ...] = ()
    no_nights: bool = False


@dataclass(frozen=True)
class Dossier:
    """All that is known of a volunteer of a line."""

    held: Qualification
    joined_at: datetime = _NEVER  #: UTC; the first supervision is due counted from here
    trainings: tuple[Training, ...] = ()
    supervisions: tuple[Supervision, ...] = ()
    declared: Declared = Declared()


@dataclass(frozen=True)
class Eligibility:
    """What a person may be offered, as it is announced."""

    qualification: Qualification
    valid_until: datetime  #: UTC, domain time; in the past when nothing is in date
    changes_at: datetime | None  #: when to establish it again; None: nothing left to change


def establish(dossier: Dossier, asks: RosterTerms, now: datetime) -> Eligibility:
    """Say what a person may be offered at `now`: what is not in date is left out.

    With nothing in date, only roles that hear no caller are left, and `valid_until` is the moment
    of the last lapse: in the past, so that no offer passes assignment's own check either. The
    accreditations stay in it, because a qualification without any cannot be written.
    """
    held = _with_limits(dossier)
    spans = tuple(_span(each, dossier, asks) for each in held.accreditations)
    ahead = [at for span in spans for at in (span.since, span.until) if span.is_ever and at > now]
    changes_at = min((at for at in ahead if at < _NOT_YET), default=None)
    in_date = tuple(span.announced() for span in spans if span.since <= now < span.until)
    if in_date:
        current = held.model_copy(update={"accreditations": in_date})
        return Eligibility(current, min(each.valid_until for each in in_date), changes_at)
    roles = tuple(role for role in held.roles if role not in HEARS_CALLERS)
    last_lapse = max((s.until for s in spans if s.until <= now), default=_NEVER)
    return Eligibility(held.model_copy(update={"roles": roles}), last_lapse, changes_at)


@dataclass(frozen=True)
class _Span:
    """From when until when an accreditation counts."""

    accreditation: Accreditation
    since: datetime
    until: datetime

    @property
    def is_ever(self) -> bool:
        return self.since < self.until

    def announced(self) -> Accreditation:
        return self.accreditation.model_copy(update={"valid_until": self.until})


def _span(accreditation: Accreditation, dossier: Dossier, asks: RosterTerms) -> _Span:
    channel = accreditation.channel
    lapses = (*_training_lapses(channel, dossier, asks), *_supervision_lapses(dossier, asks))
    experience = (
        _experienced_at(rule, dossier) for rule in asks.prerequisites if rule.channel is channel
    )
    return _Span(
        accreditation,
        since=max(experience, default=_NEVER),
        until=min((accreditation.valid_until, *lapses)),
    )


def _training_lapses(channel: Channel, dossier: Dossier, asks: RosterTerms) -> Iterator[datetime]:
    """When each module the line asks for on this channel stops to count; long ago if never held.

    A module followed with another organisation counts as one's own, if the line recognises it.
    """
    for rule in asks.trainings:
        if rule.channels and channel not in rule.channels:
            continue
        ends = (
            training.valid_until + timedelta(days=rule.grace_days)
            for training in dossier.trainings
            if training.skill == rule.skill
            and (not asks.recognises or training.organisation in asks.recognises)
        )
        yield max(ends, default=_NEVER)


def _supervision_lapses(dossier: Dossier, asks: RosterTerms) -> Iterator[datetime]:
    """When each supervision is overdue, grace included; counted from joining before the first."""
    for rule in asks.supervisions:
        held = (s.held_at for s in dossier.supervisions if s.kind is rule.kind)
        last = max(held, default=dossier.joined_at)
        yield last + timedelta(days=rule.every_days + rule.grace_days)


def dues(dossier: Dossier, asks: RosterTerms) -> tuple[Due, ...]:
    """What of a volunteer comes to its end and when, the first one first; grace is not counted in
    `due_at`. What was never held is due since they joined.
    """
    if not HEARS_CALLERS & set(dossier.held.roles):
        return ()
    found = [
        Due(
            kind=DueKind.ACCREDITATION,
            channel=each.channel,
            due_at=each.valid_until,
            lapses_at=each.valid_until,
        )
        for each in dossier.held.accreditations
    ]
    held = {each.channel for each in dossier.held.accreditations}
    for rule in asks.trainings:
        if rule.channels and not held & set(rule.channels):
            continue
        ends = (
            training.valid_until
            for training in dossier.trainings
            if training.skill == rule.skill
            and (not asks.recognises or training.organisation in asks.recognises)
        )
        last = max(ends, default=dossier.joined_at)
        lapses = last + timedelta(days=rule.grace_days)
        found.append(Due(kind=DueKind.TRAINING, skill=rule.skill, due_at=last, lapses_at=lapses))
    for wanted in asks.supervisions:
        sat = (s.held_at for s in dossier.supervisions if s.kind is wanted.kind)
        due_at = max(sat, default=dossier.joined_at) + timedelta(days=wanted.every_days)
        lapses = due_at + timedelta(days=wanted.grace_days)
        found.append(
            Due(
                kind=DueKind.SUPERVISION,
                supervision=wanted.kind,
                due_at=due_at,
                lapses_at=lapses,
            )
        )
    return tuple(sorted(found, key=lambda each: (each.due_at, each.kind)))[:40]


def _experienced_at(rule: ChannelPrerequisite, dossier: Dossier) -> datetime:
    """When the experience asked for first is there; what nobody wrote down is none.

    A line that asks for no length of it asks for the accreditation alone.
    """
    held = [each for each in dossier.held.accreditations if each.channel is rule.after]
    if held and rule.days == 0:
        return _NEVER
    begun = [each.since for each in held if each.since is not None]
    return min(begun) + timedelta(days=rule.days) if begun else _NOT_YET


def _with_limits(dossier: Dossier) -> Qualification:
    declines = sorted({*dossier.held.declines, *dossier.declared.declines})
    return dossier.held.model_copy(update={"declines": tuple(declines)})


# --- what is written down -------------------------------------------------------------------------


@dataclass(frozen=True)
class Flaw:
    """The first thing wrong with what was written; none of it is taken."""

    field: str  #: path of the field, for instance `volunteers.3.person_id`


def read_day(written: str, field: str) -> date | Flaw:
    """Read a day of the calendar; one that does not exist is a flaw."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return Flaw(field)


@dataclass(frozen=True)
class Rows:
    """The rows of an import, each in the one form in which qualifications are compared."""

    volunteers: tuple[Volunteer, ...]  #: in the order of their ids


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
    return qualification.model_copy(
        update={
            "roles": tuple(sorted(set(qualification.roles))),
            "languages": tuple(sorted(set(qualification.languages))),
            "topics": tuple(sorted(set(qualification.topics))),
            "skills": tuple(sorted(set(qualification.skills))),
            "declines": tuple(sorted(set(qualification.declines))),
            "accreditations": tuple(sorted(qualification.accreditations, key=lambda a: a.channel)),
        }
    )
