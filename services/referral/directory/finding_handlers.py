"""What referral does when relays are looked for, seen to pick up or not, and verified."""

from __future__ import annotations

from datetime import datetime, timedelta

from contracts.envelope import Reply, done, refused
from contracts.referral import (
    FindRelays,
    ObserveRelay,
    RelayFound,
    RelaysFound,
    VerifyRelay,
)
from contracts.vocabulary import (
    Need,
    Refusal,
)
from services.bus.work import Work
from services.referral import metrics, store
from services.referral.directory import due, entries, layers, served
from services.referral.directory.proposal import Found, Proposal, may_transfer
from services.referral.directory.question import Question, Rescue
from services.referral.directory.relay import Saturation
from services.referral.directory.search import looked_up, search

_OF_THE_BODY = frozenset({Need.URGENCE_VITALE, Need.CRISE_SUICIDAIRE})


def on_find_relays(command: FindRelays, work: Work) -> Reply:
    """Say who could help; nothing is changed."""
    question = _question(command, work)
    directory = entries.serving(
        work.session,
        looked_up(question),
        question.country,
        question.departement,
        work.now.date(),
    )
    found = search(directory, question)
    metrics.record_search(work.command.programme, found=bool(found.now))
    return done(result=_told(found, work.now))


def on_observe_relay(command: ObserveRelay, work: Work) -> Reply:
    """Keep whether a relay picked up."""
    if entries.one(work.session, command.relay_id) is None:
        return refused(Refusal.UNKNOWN_RELAY, "relay_id")
    lifetime = timedelta(minutes=command.lifetime_minutes)
    seen = Saturation(command.saturated, work.now, lifetime)
    store.observe(work.session, command.relay_id, seen, work.command.actor)
    return done()


def on_verify_relay(command: VerifyRelay, work: Work) -> Reply:
    """Keep that a row was checked, or that this no longer holds."""
    if entries.one(work.session, command.relay_id) is None:
        return refused(Refusal.UNKNOWN_RELAY, "relay_id")
    row = store.relay_to_change(work.session, command.relay_id)
    row.verified_at = work.now if command.verified else None
    row.verified_by, row.withdrawn = work.command.actor, not command.verified
    act = layers.Act.VERIFIED if command.verified else layers.Act.TAKEN_BACK
    layers.note(work.session, command.relay_id, act, work.command.actor, work.now)
    work.session.flush()
    due.reckon(work.session, command.relay_id)
    served.serve(work.session, [command.relay_id])
    return done()


def _question(command: FindRelays, work: Work) -> Question:
    needs = command.needs
    body = not _OF_THE_BODY.isdisjoint(needs)
    rescue = (Rescue.MEDICAL if body else Rescue.DANGER) if command.danger_now else None
    if Need.DISPARITION_MINEUR in needs:
        rescue = Rescue.DANGER
    return Question(
        needs=needs,
        country=command.country,
        at=work.now,
        departement=command.departement,
        channel=command.channel,
        language=command.language,
        language_barrier=command.language_barrier,
        age_band=command.age_band,
        deaf=command.deaf,
        rescue=rescue,
        suicide_not_excluded=command.suicide_not_excluded,
        line=work.command.programme,
    )


def _told(found: Found, now: datetime) -> RelaysFound:
    return RelaysFound(
        now=tuple(_row(each, now) for each in found.now),
        later=tuple(_row(each, now) for each in found.later),
        no_second_choice=found.no_second_choice,
    )


def _row(proposal: Proposal, now: datetime) -> RelayFound:
    relay = proposal.relay
    return RelayFound(
        relay_id=relay.slug,
        called=relay.name,
        mode=proposal.mode.value,
        why=tuple(each.value for each in proposal.why),
        against=tuple(each.value for each in proposal.against),
        verified=relay.verified_at is not None,
        anonymity_to_say=proposal.anonymity_to_say,
        may_transfer=may_transfer(relay, now),
        opens_at=proposal.opens_at,
        closes_at=proposal.until,
        number=relay.number,
        in_writing=relay.by_text,
    )
