"""The hard rules of an assignment, and how time alone relaxes some: no price buys one.

The surprising thing: topic, accreditation level and language are soft, yet they bind until the
programme's fallback delay has passed; until then they are checked here.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from contracts.vocabulary import Channel, LiveState, Role, Stage
from services.assignment.domain import (
    CHANNELS,
    UNNAMED_NEEDS,
    NobodyReason,
    PersonOnDuty,
    Rules,
    WaitingContact,
    seconds,
)


class Rung(IntEnum):
    """How far down the ladder of DESIGN 2 a contact may be served."""

    REGULATORS = 0
    TRAINED_TO_REGULATE = 1  #: trained listeners and supervisors too
    LISTENING_LINE = 2  #: any listener, untriaged


class Standing(NamedTuple):
    """What elapsed time allows for a contact; each only ever grows while it waits."""

    rung: Rung
    below_level: bool  #: a person below the level of the risk may take it
    off_topic: bool  #: a person not trained for the need may take it
    not_held: bool  #: nobody is kept back from it any longer
    ask_again: bool  #: who declined may be asked again, if nobody else is free
    off_language: bool  #: a person who speaks only the line's own language may take it
    not_slowed: bool  #: it no longer stands behind others


class Profile(NamedTuple):
    """What the hard rules and prices see of a person: people of one profile are alike to them."""

    roles: frozenset[Role]
    channels: frozenset[Channel]  #: accredited for, and with room now
    languages: frozenset[str]
    topics: frozenset[str]
    regulates: bool  #: holds the skill to regulate
    level: int
    declined_needs: frozenset[str]
    home: str  #: the association, where callers are split between them
    series: int  #: contacts in a row that still count towards a break


class RequestClass(NamedTuple):
    """Contacts alike to every rule: within one, first come first served (I16).

    Those who declined are part of it: a contact one person declined can be served by fewer people.
    """

    programme: str
    stage: Stage
    channel: Channel
    band: int
    need: str
    languages: frozenset[str]
    declined_by: frozenset[str]
    standing: Standing
    home: str = ""  #: the association, where callers are split between them; empty = any
    sought: str | None = None  #: who is offered it first, for a while


def series_at(person: PersonOnDuty, now: datetime, rules: Rules) -> int:
    """Contacts in a row still counting at `now`: 0 once the pause was as long as a break."""
    wrapped_up = person.wrapped_up_at
    if wrapped_up is None or now - wrapped_up >= seconds(rules.break_seconds):
        return 0
    return person.consecutive_contacts


def room(person: PersonOnDuty, rules: Rules) -> frozenset[Channel]:
    """Channels with room now: a voice excludes all else, writing goes up to `chats_at_once`.

    No more are begun in a row, nor beside each other, than before a break is due.
    """
    if not person.live:
        return person.channels
    many = Role.LISTENER in person.roles and len(person.live) < rules.chats_at_once
    if Channel.PHONE in person.live or not many:
        return frozenset()
    if person.consecutive_contacts >= rules.consecutive_contacts_max:
        return frozenset()
    return person.channels - {Channel.PHONE}


def takes_new_until(person: PersonOnDuty, rules: Rules) -> datetime | None:
    """From this moment the person is offered nothing new in this shift; None = no such moment.

    What is live goes on: a shift ends no contact.
    """
    if person.shift_ends_at is None or person.accepts_last_minutes:
        return person.shift_ends_at
    return person.shift_ends_at - seconds(rules.last_minutes_seconds)


def is_going(person: PersonOnDuty, now: datetime, rules: Rules) -> bool:
    """Whether the shift of this person is too near its end for anything new."""
    until = takes_new_until(person, rules)
    return until is not None and until <= now


def is_ready(person: PersonOnDuty, now: datetime, rules: Rules) -> bool:
    """Whether this person can be offered anything at `now`: free, rested, accredited, here."""
    if person.valid_until <= now or is_going(person, now, rules):
        return False
    match person.state:
        case LiveState.READY:
            return person.rest_until is None or person.rest_until <= now
        case LiveState.RESTING:
            return person.rest_until is not None and person.rest_until <= now
        case LiveState.TALKING:
            return bool(person.live) and bool(room(person, rules))
        case _:
            return False


def profile_of(person: PersonOnDuty, now: datetime, rules: Rules) -> Profile:
    """The profile a person has at `now`."""
    return Profile(
        roles=person.roles,
        channels=room(person, rules),
        languages=person.languages,
        topics=person.topics,
        regulates=rules.regulating_skill in person.skills,
        level=person.level,
        declined_needs=person.declined_needs,
        home=person.region if rules.split else "",
        series=series_at(person, now, rules),
    )


def standing_of(contact: WaitingContact, now: datetime, rules: Rules) -> Standing:
    """What the wait so far allows; what is never asked of a contact is allowed from the start.

    A late look gives what all the time passed allows.
    """
    waited = (now - contact.waiting_since).total_seconds()
    rung = Rung.LISTENING_LINE
    if contact.stage is Stage.REGULATOR and waited < rules.listening_line_after_seconds:
        trained = waited >= rules.regulator_answer_seconds
        rung = Rung.TRAINED_TO_REGULATE if trained else Rung.REGULATORS
    in_line = (now - contact.joined_at).total_seconds()
    unnamed = contact.need in UNNAMED_NEEDS
    safe = contact.band < rules.accredited_from_band
    listening = contact.stage is Stage.LISTENER
    foreign = is_foreign(contact, rules)
    return Standing(
        rung=rung,
        below_level=safe or in_line >= rules.level_fallback_seconds,
        off_topic=unnamed or in_line >= rules.topic_fallback_seconds,
        not_held=not listening or in_line >= held_back_seconds(contact, rules),
        ask_again=bool(contact.declined_by) and in_line >= rules.ask_again_after_seconds,
        off_language=not foreign or 0 < rules.language_fallback_seconds <= in_line,
        not_slowed=not (safe and contact.slowed) or in_line >= rules.slowed_at_most_seconds,
    )


def is_foreign(contact: WaitingContact, rules: Rules) -> bool:
    """Whether the caller is known not to speak the line's own language."""
    return bool(contact.languages) and contact.languages.isdisjoint(rules.default_languages)


def pace_of(channel: Channel, band: int, rules: Rules) -> float:
    """As how much of itself a wait counts: all of it by telephone, and at risk on any channel."""
    if band >= rules.accredited_from_band:
        return 1.0
    return rules.channel_pace[CHANNELS.index(channel)]


def held_back_seconds(contact: WaitingContact, rules: Rules) -> float:
    """How long at most somebody free is kept back from this contact."""
    return rules.held_back_at_most_seconds / pace_of(contact.channel, contact.band, rules)


def standing_changes(contact: WaitingContact, rules: Rules) -> Iterator[datetime]:
    """Moments at which the standing of this contact changes by time alone, past ones included."""
    if contact.stage is Stage.REGULATOR:
        yield contact.waiting_since + seconds(rules.regulator_answer_seconds)
        yield contact.waiting_since + seconds(rules.listening_line_after_seconds)
    if contact.band >= rules.accredited_from_band and rules.level_fallback_seconds > 0:
        yield contact.joined_at + seconds(rules.level_fallback_seconds)
    if contact.need not in UNNAMED_NEEDS and rules.topic_fallback_seconds > 0:
        yield contact.joined_at + seconds(rules.topic_fallback_seconds)
    if contact.stage is Stage.LISTENER and rules.held_back_at_most_seconds > 0:
        yield contact.joined_at + seconds(held_back_seconds(contact, rules))
    if contact.declined_by:
        yield contact.joined_at + seconds(rules.ask_again_after_seconds)
    if rules.language_fallback_seconds > 0 and is_foreign(contact, rules):
        yield contact.joined_at + seconds(rules.language_fallback_seconds)
    if contact.slowed and contact.band < rules.accredited_from_band:
        yield contact.joined_at + seconds(rules.slowed_at_most_seconds)
    if contact.sought is not None:
        yield contact.joined_at + seconds(rules.sought_seconds)


def at_home(contact: WaitingContact, rules: Rules) -> WaitingContact:
    """The contact with its association for its département: nobody's where none is at home.

    Where one's own region does not count it stays as it is: a département is nobody's association.
    """
    if not rules.homes:
        return contact
    return replace(contact, region=dict(rules.homes).get(contact.region, ""))


def request_class(contact: WaitingContact, now: datetime, rules: Rules) -> RequestClass:
    """The class in which this contact is served first come, first served at `now`."""
    return RequestClass(
        programme=contact.programme,
        stage=contact.stage,
        channel=contact.channel,
        band=contact.band,
        need=contact.need,
        languages=contact.languages or rules.default_languages,
        declined_by=contact.declined_by,
        standing=standing_of(contact, now, rules),
        home=contact.region if rules.split else "",
        sought=contact.sought if is_sought(contact, now, rules) else None,
    )


def is_sought(contact: WaitingContact, now: datetime, rules: Rules) -> bool:
    """Whether the person they were cut off from still comes first."""
    return now - contact.joined_at < seconds(rules.sought_seconds)


def rung_of(request: RequestClass, profile: Profile) -> int:
    """On which rung of the first line's ladder this profile serves: 0 regulator, 1 listener trained
    to regulate, 2 supervisor, 3 the listening line."""
    if Role.REGULATOR in profile.roles:
        return 0
    if request.standing.rung is Rung.REGULATORS:
        return 3
    if Role.LISTENER in profile.roles and profile.regulates:
        return 1
    return 2 if Role.SUPERVISOR in profile.roles else 3


def regulates_for(request: RequestClass, profile: Profile) -> bool:
    """Whether this profile answers the first waiting line as one who regulates."""
    return rung_of(request, profile) < 3


def is_trained_for(request: RequestClass, profile: Profile) -> bool:
    """Whether the topic fits; the first waiting line has no topic yet."""
    if request.stage is Stage.REGULATOR or request.need in UNNAMED_NEEDS:
        return True
    return request.need in profile.topics


def shares_language(request: RequestClass, profile: Profile) -> bool:
    """Whether they can talk in a language of the caller."""
    return not request.languages.isdisjoint(profile.languages)


def is_accredited_for(request: RequestClass, profile: Profile, rules: Rules) -> bool:
    """Whether the level reaches the risk band, where the band asks for one."""
    return request.band < rules.accredited_from_band or profile.level >= request.band


def objections(request: RequestClass, profile: Profile, rules: Rules) -> Iterator[NobodyReason]:
    """Every hard rule that forbids this profile for this class; none = permitted."""
    if request.stage is Stage.REGULATOR:
        if not regulates_for(request, profile) and (
            request.standing.rung < Rung.LISTENING_LINE or Role.LISTENER not in profile.roles
        ):
            yield NobodyReason.WAITING_FOR_REGULATOR
    elif Role.LISTENER not in profile.roles:
        yield NobodyReason.NOT_A_LISTENER
    if request.channel not in profile.channels:
        yield NobodyReason.CHANNEL_NOT_ACCREDITED
    if not shares_language(request, profile):
        own = not rules.default_languages.isdisjoint(profile.languages)
        if not (own and request.standing.off_language):
            yield NobodyReason.NO_SHARED_LANGUAGE
    if request.home and request.home != profile.home:
        yield NobodyReason.OTHER_ASSOCIATION
    if request.need in profile.declined_needs:
        yield NobodyReason.DECLARED_LIMIT
    if not request.standing.below_level and not is_accredited_for(request, profile, rules):
        yield NobodyReason.WAITING_FOR_LEVEL
    if not request.standing.off_topic and not is_trained_for(request, profile):
        yield NobodyReason.WAITING_FOR_TOPIC


def may_take(request: RequestClass, profile: Profile, rules: Rules) -> bool:
    """Whether no hard rule forbids this profile for this class of contacts."""
    return next(objections(request, profile, rules), None) is None
