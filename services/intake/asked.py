"""What people at desks ask of a contact beside ending it: its nature, its way back, its urgency.

Commands, answered like those of `handlers`, which ends contacts and follows the others.
"""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from contracts.contact import (
    CorrectNature,
    GiveReturnPass,
    HumanWanted,
    NatureCorrected,
    SlowReturns,
)
from contracts.envelope import Reply, done, not_yet, refused
from contracts.text import WantHumanNow
from contracts.vocabulary import Channel, ContactId, Priority, Refusal
from services.bus.work import Work
from services.intake import day_keys, metrics, returns, store, threads
from services.intake.domain import Corrected, Ended, Refused, Unchanged, correct_nature
from services.intake.written import NOTES_AFTER_END, Human, MayNot, NotSeenYet, read_as_human


def on_correct_nature(command: CorrectNature, work: Work) -> Reply:
    """What kind of contact it was, put right; said once more, nothing changes."""
    contact = asked_about(command.contact_id, work)
    if isinstance(contact, Reply):
        return contact
    asker = work.command
    who = (asker.actor, asker.role)
    since_end = work.now - (contact.ended_at or work.now)
    over = since_end > NOTES_AFTER_END or threads.has_taken_another(
        work.session, asker.actor, contact
    )
    match correct_nature(contact.life, command.nature, who, wrapping_up=not over):
        case Corrected(nature, previous):
            corrected = NatureCorrected(
                contact_id=contact.contact_id,
                programme=contact.programme,
                nature=nature,
                previous=previous,
                corrected_at=work.now,
            )
            counted = store.Beside(f"nature:{contact.contact_id}", contact.corrections)
            work.announce(corrected, of=counted)
            contact.corrections = counted.version
            threads.keep_nature(work.session, contact, nature)
            return done(contact.version)
        case Unchanged():
            return done(contact.version)
        case Refused(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def on_want_human_now(command: WantHumanNow, work: Work) -> Reply:
    """A message goes up in its line, as P2, until a human decides; asked twice, once."""
    contact = asked_about(command.contact_id, work)
    if isinstance(contact, Reply):
        return contact
    match read_as_human(contact.life, Human(work.command.actor, work.command.role)):
        case MayNot(why):
            return refused(why)
        case NotSeenYet():
            return not_yet()
        case None if contact.channel is not Channel.MESSAGE:
            return refused(Refusal.WRONG_STATE)
        case None if isinstance(contact.life, Ended):
            return refused(Refusal.CONTACT_OVER)
        case None if contact.priority in (Priority.P1, Priority.P2):
            return done(contact.version)
        case None:
            _raise_in_line(contact, work)
            return done(contact.version)
        case unexpected:
            assert_never(unexpected)


def _raise_in_line(contact: store.Contact, work: Work) -> None:
    wanted = HumanWanted(
        contact_id=contact.contact_id,
        programme=contact.programme,
        priority=Priority.P2,
        wanted_by=work.command.actor,
        wanted_at=work.now,
    )
    counted = store.Beside(f"written:{contact.contact_id}", contact.written_version)
    work.announce(wanted, of=counted)
    contact.written_version = counted.version
    threads.keep_raised(work.session, contact, Priority.P2)


def on_give_return_pass(command: GiveReturnPass, work: Work) -> Reply:
    """The human in the contact gives a pass; its digits are told at the text door alone."""
    contact = asked_about(command.contact_id, work)
    if isinstance(contact, Reply):
        return contact
    terms = threads.terms_of(work.session, contact)
    refusal = returns.refuse_pass(contact.life, contact.priority, terms, work.command.actor)
    if refusal is not None:
        return refused(*refusal)
    returns.give_pass(contact, terms, day_keys.from_environment(), work)
    return done(contact.version)


def on_slow_returns(command: SlowReturns, work: Work) -> Reply:
    """A supervisor has who was in a contact slowed, with a reason and an end."""
    contact = asked_about(command.contact_id, work)
    if isinstance(contact, Reply):
        return contact
    for_long = timedelta(hours=command.hours)
    slowing = returns.Slowing(command.reason, for_long, work.command.actor)
    if not returns.slow(contact, slowing, work):
        return refused(Refusal.WRONG_STATE, "contact_id")
    metrics.record_slowed(contact.programme, command.reason)
    return done(contact.version)


def asked_about(contact_id: ContactId, work: Work) -> store.Contact | Reply:
    """The contact of a command, locked; or why it is refused."""
    contact = store.contact_to_change(work.session, contact_id)
    if contact is None:
        return refused(Refusal.UNKNOWN_CONTACT, "contact_id")
    if work.command.programme != contact.programme:
        return refused(Refusal.NOT_IN_PROGRAMME, "contact_id")
    if work.command.expected_version not in (None, contact.version):
        return refused(Refusal.STALE_VERSION)
    return contact
