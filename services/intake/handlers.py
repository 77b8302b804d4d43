"""What intake does with each event and command: load, decide, save, announce.

A contact nobody knows was never opened here: what is told of it is counted and left. Everything
else about late, repeated and misordered facts is decided in `domain`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import assert_never

from contracts.assignment import ContactSentUntriaged, OfferTaken, OfferWithdrawn
from contracts.contact import (
    ContactEnded,
    EndContact,
)
from contracts.envelope import Event, Reply, done, not_yet, refused
from contracts.ladder import CallerTerms
from contracts.programme import ApplyProgramme, ProgrammePublished
from contracts.text import EraseTexts, JudgeFlag
from contracts.triage import ContactTriaged
from contracts.vocabulary import ContactId, Outcome, Refusal
from services.bus.work import Work
from services.intake import (
    chats,
    day_keys,
    keeping,
    message_clocks,
    metrics,
    returns,
    store,
    texts,
    threads,
    typing_now,
)
from services.intake.answers import LineApplied
from services.intake.asked import asked_about
from services.intake.domain import (
    Ended,
    Life,
    Moved,
    NotYet,
    Refused,
    Take,
    Triage,
    Unchanged,
    Unmoved,
    Waiting,
    Wish,
    end_by_human,
    send_untriaged,
    take,
    triage,
    withdraw,
)
from services.intake.flaws import flaws_of
from services.intake.gaps import gaps_of
from services.intake.numbers import is_taken

# --- what the others say --------------------------------------------------------------------------


def on_offer_taken(event: OfferTaken, work: Work) -> None:
    """A human is in the contact."""
    took = Take(event.stage, event.offer_id, event.person_id, event.taken_at)
    _follow(event, event.contact_id, partial(take, took=took), work)


def on_offer_withdrawn(event: OfferWithdrawn, work: Work) -> None:
    """The human in the contact is no longer there; an offer nobody had taken is not our matter.

    Its caller is told: the contact waits again, at the head of the line.
    """
    if not event.was_taken:
        return
    contact = _follow(event, event.contact_id, partial(withdraw, offer_id=event.offer_id), work)
    if contact is not None and isinstance(contact.life, Waiting):
        threads.mark_lost(work.session, contact.contact_id)


def on_contact_triaged(event: ContactTriaged, work: Work) -> None:
    """A regulator sent the contact on, or needs nobody else for it."""
    decision = Triage(event.destination, event.decided_by, event.decided_at)
    _follow(event, event.contact_id, partial(triage, decision=decision), work)


def on_contact_sent_untriaged(event: ContactSentUntriaged, work: Work) -> None:
    """No regulator could be reached."""
    _follow(event, event.contact_id, partial(send_untriaged, sent_at=event.sent_at), work)


def _follow(
    event: Event, contact_id: ContactId, step: Callable[[Life], Moved | Unchanged], work: Work
) -> store.Contact | None:
    """Go on with a contact; return it when it has moved."""
    contact = store.contact_to_change(work.session, contact_id)
    if contact is None:
        metrics.record_unmoved(event.type_name(), "unknown_contact")
        return None
    served_as = contact.priority
    if isinstance(event, ContactTriaged | ContactSentUntriaged):
        contact.priority = event.priority
    match step(contact.life):
        case Moved(life):
            live_on(contact, life, work)
            return contact
        case Unchanged(why):
            # A human's decision says how urgent it is also where it moves nothing: a rescue that is
            # called, a listener's own, one that is heard of after the take it led to.
            says = isinstance(event, ContactTriaged) and why is not Unmoved.OVER
            says = says or why is Unmoved.REPEATED
            if says and contact.priority not in (None, served_as):
                threads.keep_priority(work.session, contact_id, contact.priority)
            metrics.record_unmoved(event.type_name(), why.value)
            return None
        case unexpected:
            assert_never(unexpected)


def live_on(contact: store.Contact, life: Life, work: Work) -> None:
    """Keep a contact's new life, and announce it when it is its end."""
    contact.life = life
    if not isinstance(life, Ended):
        store.move(work.session, contact, life)
        return
    contact.ended_at = work.now
    ended = ContactEnded(
        contact_id=contact.contact_id,
        programme=contact.programme,
        channel=contact.channel,
        opened_at=contact.opened_at,
        ended_at=work.now,
        outcome=life.outcome,
        nature=life.nature,
        ended_by=life.ended_by,
        kept_until=keeping.kept_until(threads.terms_of(work.session, contact), work.now),
        stage=life.stage,
        person_id=life.person_id,
    )
    work.announce(ended, of=contact)
    store.end(work.session, contact, life)
    typing_now.forget(work.session, contact.contact_id)
    message_clocks.stop(contact, work)
    returns.after_end(contact, life, work)
    metrics.record_ended(contact.programme, life.outcome)


# --- what people at desks ask ---------------------------------------------------------------------


def on_end_contact(command: EndContact, work: Work) -> Reply:
    """The human in the contact ends it, or a supervisor does."""
    contact = asked_about(command.contact_id, work)
    if isinstance(contact, Reply):
        return contact
    asker = work.command
    if not _is_so(command.outcome, contact):
        return refused(Refusal.WRONG_STATE, "outcome")
    wish = Wish(asker.actor, asker.role, command.outcome, command.nature)
    match end_by_human(contact.life, contact.channel, wish):
        case Moved(life):
            live_on(contact, life, work)
            return done(contact.version)
        case Refused(why, field):
            return refused(why, field)
        case NotYet():
            return not_yet()
        case unexpected:
            assert_never(unexpected)


def _is_so(outcome: Outcome, contact: store.Contact) -> bool:
    """Whether what an outcome says has happened: an answer was written, a pass was given."""
    if outcome is Outcome.ANSWERED_IN_WRITING:
        return contact.answers > 0
    return outcome is not Outcome.RETURN_PASS_GIVEN or contact.pass_until is not None


def on_apply_programme(command: ApplyProgramme, work: Work) -> Reply:
    """The operator puts a version of a line into force; the very same one again changes nothing."""
    asker = work.command
    if asker.programme != command.programme:
        return refused(Refusal.NOT_IN_PROGRAMME, "programme")
    unfit = _first_unfit(command)
    if unfit is not None:
        return refused(Refusal.INVALID_FIELD, unfit)
    newest = store.newest_line(work.session, command.programme)
    version = 0 if newest is None else newest.version
    if asker.expected_version not in (None, version):
        return refused(Refusal.STALE_VERSION)
    if newest is not None and _says_the_same(newest, command, work.now):
        return done(version, _applied(newest, already_so=True))
    if command.effective_at is not None and command.effective_at < work.now:
        # What was in force at a moment that is past cannot be changed any more.
        return refused(Refusal.INVALID_FIELD, "effective_at")
    if is_taken(command.callers, command.effective_at or work.now, _others(command, work)):
        return refused(Refusal.INVALID_FIELD, "callers.numbers")
    line = _publish(command, version, work)
    return done(line.version, _applied(line, already_so=False))


def _first_unfit(command: ApplyProgramme) -> str | None:
    """The first field that cannot be so, or that lacks something; None when all is well."""
    flaws = flaws_of(command.terms)
    if flaws:
        return f"terms.{flaws[0].field}"
    gaps = gaps_of(command.terms, command.callers)
    return gaps[0].field if gaps else None


def _others(command: ApplyProgramme, work: Work) -> list[CallerTerms]:
    """What callers are told of the other lines that have one of these numbers in any version."""
    numbers = [held.number for held in command.callers.numbers]
    lines = store.lines_with(work.session, numbers, work.now)
    return [line.callers for line in lines if line.programme != command.programme]


def _says_the_same(line: store.ProgrammeRow, command: ApplyProgramme, now: datetime) -> bool:
    """The terms count too: a newer reader may understand the same file better. So does the moment:
    what comes into force later is not what is asked for now.
    """
    if command.effective_at is None:
        from_when = line.effective_at <= now
    else:
        from_when = line.effective_at == command.effective_at
    return (
        from_when
        and line.manifest_sha256 == command.manifest_sha256
        and line.rules_version == command.rules_version
        and line.read_terms() == command.terms
        and line.read_callers() == command.callers
    )


def _publish(command: ApplyProgramme, newest_version: int, work: Work) -> store.ProgrammeRow:
    line = store.ProgrammeRow(
        programme=command.programme,
        version=newest_version,  # counted up by the announcement
        effective_at=command.effective_at or work.now,
        manifest_sha256=command.manifest_sha256,
        author=work.command.actor,
        rules_version=command.rules_version,
        terms=command.terms.model_dump(mode="json"),
        callers=command.callers.model_dump(mode="json"),
    )
    published = ProgrammePublished(
        programme=line.programme,
        programme_version=newest_version + 1,
        effective_at=line.effective_at,
        manifest_sha256=line.manifest_sha256,
        rules_version=line.rules_version,
        terms=command.terms,
    )
    work.announce(published, of=line)
    work.session.add(line)
    work.set_deadline(keeping.SWEEP, line.programme, work.now + keeping.SWEEP_EVERY)
    metrics.record_applied(line.programme)
    return line


def _applied(line: store.ProgrammeRow, *, already_so: bool) -> LineApplied:
    return LineApplied(
        programme_version=line.version, effective_at=line.effective_at, already_so=already_so
    )


# --- what is written ------------------------------------------------------------------------------


def on_judge_flag(command: JudgeFlag, work: Work) -> Reply:
    """Who has read a flagged text says what the flag was worth."""
    return texts.judge_flag(command, work)


def on_erase_texts(command: EraseTexts, work: Work) -> Reply:
    """What was written in a contact is erased, and how far that has come is told."""
    return texts.erase_texts(command, day_keys.from_environment(), work)


def on_sweep_due(key: str, work: Work) -> None:
    """Forget what a line has kept long enough."""
    keeping.sweep(key, day_keys.from_environment(), work)


# --- callers who went -----------------------------------------------------------------------------


def on_caller_silent_due(key: str, work: Work) -> None:
    """Nothing was heard of the page of a chat."""
    chats.on_silent_due(key, work)


def on_resume_over_due(key: str, work: Work) -> None:
    """A chat was kept for its caller, who did not come back: it is over."""
    contact = store.contact_to_change(work.session, ContactId(key))
    life = None if contact is None else chats.ended_by_absence(contact, work)
    if contact is not None and life is not None:
        contact.cut_off = True
        live_on(contact, life, work)
