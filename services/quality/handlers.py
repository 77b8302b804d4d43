"""What quality does with each event: learn, and count again what it touches.

Every event is taken, late or not, in any order: each adds what it says. What happens
on the reserved programme is nobody's contact and is not even kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from contracts.activity import SeeActivity
from contracts.assignment import LiveStateEntered
from contracts.contact import ContactOpened
from contracts.envelope import Reply, done
from contracts.programme import ProgrammePublished
from contracts.quality import HourCounted, Tally
from contracts.referral import RelayOutcomeGiven
from contracts.synthetic import is_reserved
from contracts.text import TextSealed
from contracts.vocabulary import Channel, ProgrammeId, TallyKind
from services.bus.work import Work
from services.quality import editions, metrics, store
from services.quality.domain import HourFigures, count_at, duty_of, hour_of, is_in_target, look_at
from services.quality.facts import (
    ContactFact,
    ContactFacts,
    asks,
    in_limbo,
    is_mere_sign,
    learn,
    sign_of,
)
from services.quality.settings import SETTINGS


def on_programme_published(event: ProgrammePublished, work: Work) -> None:
    """Keep the target; contacts that came before it are counted again."""
    if is_reserved(event.programme):
        return
    programme, version = event.programme, event.programme_version
    shortest, longest = event.terms.talk_guidance_minutes or (None, None)
    row = store.TargetRow(
        programme=programme,
        programme_version=version,
        answer_target_seconds=event.terms.answer_target_seconds,
        talk_minutes_min=shortest,
        talk_minutes_max=longest,
        first_reading_minutes=event.terms.writing.first_reading_minutes,
        answered_within_hours=event.terms.writing.answered_within_hours,
        timezone=event.terms.timezone,
    )
    store.keep_target(work.session, row)
    moments = store.moments_of_version(work.session, programme, version)
    _count_again(work, programme, {hour_of(moment) for moment in moments})


def on_contact_fact(event: ContactFact, work: Work) -> None:
    """Learn what an event says of a contact; every event about a contact comes here."""
    if is_reserved(event.programme):
        return
    if is_mere_sign(event):  # most offers are: no figure shows them, so nothing is locked or read
        store.add_sign(work.session, event.contact_id, event.programme, sign_of(event))
        return
    known = store.lock_contact(work.session, event.contact_id, event.programme)
    before, after = known.facts, learn(known.facts, event)
    news = after.opened_at is not None and _shows(before) != _shows(after)
    store.save_contact(work.session, event.contact_id, after, known.news + news)
    if news and after.opened_at is not None and _is_first(known, after):
        _count_again(work, event.programme, {hour_of(after.opened_at)})
    if isinstance(event, ContactOpened):
        look = look_at(work.now, SETTINGS.look_every)
        work.set_deadline("limbo", event.programme, look)
    metrics.record_learnt(before, after, is_in_target(after, known.targets))


def on_text_sealed(event: TextSealed, work: Work) -> None:
    """A caller's message restarts the clocks of its contact; other texts say nothing here."""
    if asks(event):
        on_contact_fact(event, work)


def on_live_state_entered(event: LiveStateEntered, work: Work) -> None:
    """Add what a listener did until now to the hours in which they did it."""
    if is_reserved(event.programme):
        return
    # In one order: two additions never block for good.
    for hour, duty in sorted(duty_of(event).items()):
        if store.add_duty(work.session, event.programme, hour, duty):
            _count_again(work, event.programme, {hour})
        metrics.record_duty(event.programme, duty)


def on_hour_due(key: str, work: Work) -> None:
    """Count an hour, and say so if anything is new."""
    programme, hour = _read_key(key)
    row = store.hour_to_count(work.session, programme, hour)
    figures = store.figures_now(work.session, programme, hour)
    if figures.opened < row.opened:
        return  # its contacts are forgotten by now; what was counted of them stays
    if row.version > 0 and store.figures_kept(work.session, row) == figures:
        return
    store.keep_figures(work.session, row, figures)
    work.announce(_counted(programme, hour, figures), of=row)
    metrics.record_hour_counted(programme)


def on_limbo_due(key: str, work: Work) -> None:
    """Look for contacts nobody cares for, as long as there are contacts."""
    programme = ProgrammeId(key)
    live = store.live_contacts(work.session, programme)
    clocks = store.clocks_of(work.session, programme)
    lost = [each for each in live if in_limbo(each, work.now, SETTINGS.limbo_after, clocks)]
    messages = sum(each.channel is Channel.MESSAGE for each in lost)
    metrics.record_limbo(programme, len(lost) - messages, messages)
    if live:
        work.set_deadline("limbo", programme, look_at(work.now, SETTINGS.look_every))


def _shows(facts: ContactFacts) -> ContactFacts:
    """Only what the figures show: a sign of life changes none, nor does another message."""
    return replace(facts, last_sign_at=None, channel=None, asked_at=None)


def _is_first(known: store.Known, after: ContactFacts) -> bool:
    """Whether nothing else has asked yet for a count of the contact's hour."""
    return known.news == 0 or known.facts.opened_at != after.opened_at


def _count_again(work: Work, programme: ProgrammeId, hours: Iterable[datetime]) -> None:
    for hour in sorted(hours):
        due = count_at(hour, work.now, SETTINGS.count_after)
        work.set_deadline("hour", f"{programme}/{hour.isoformat()}", due)


def _read_key(key: str) -> tuple[ProgrammeId, datetime]:
    programme, hour = key.split("/")
    return ProgrammeId(programme), datetime.fromisoformat(hour)


def _counted(programme: ProgrammeId, hour: datetime, figures: HourFigures) -> HourCounted:
    duty = figures.duty
    return HourCounted(
        programme=programme,
        hour=hour,
        opened=figures.opened,
        answered=figures.answered,
        answered_in_target=figures.answered_in_target,
        listened=figures.listened,
        abandoned=figures.abandoned,
        abandoned_after_triage=figures.abandoned_after_triage,
        ready_seconds=duty.ready.total_seconds(),
        busy_seconds=duty.busy.total_seconds(),
        resting_seconds=duty.resting.total_seconds(),
        rests_given=duty.rests_given,
        tallies=tuple(
            Tally(kind=kind, word=word, count=count)
            for kind, word, count in (*figures.tallies, *_outcomes(figures))
        ),
    )


def _outcomes(figures: HourFigures) -> Iterable[tuple[TallyKind, str, int]]:
    return ((TallyKind.OUTCOME, outcome.value, count) for outcome, count in figures.outcomes)


def on_see_activity(command: SeeActivity, work: Work) -> Reply:
    """Tell what was published, and show one edition; nothing is counted or published here."""
    programme = work.command.programme
    wanted = editions.Wanted(command.period, command.of, command.edition)
    return done(result=editions.seen(work.session, programme, wanted))


def on_relay_outcome_given(event: RelayOutcomeGiven, work: Work) -> None:
    """Count what became of somebody at a relay, in the hour it was told; nobody is named."""
    if is_reserved(event.programme):
        return
    store.add_relay_outcome(work.session, event)
    _count_again(work, event.programme, {event.hour})
    metrics.record_relay_outcome(event.programme, event.outcome)
