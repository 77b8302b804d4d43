"""What triage does with each event and command: load, decide, save, announce.

Events reach us in any order between publishers. Each handler meets the contact if it is the first
to tell of it, keeps what it says in one statement, and never needs another event to have come
before; what a command needs and is not here yet is answered `not_yet`.
"""

from __future__ import annotations

from typing import assert_never

from contracts.assignment import ContactSentUntriaged, OfferTaken, OfferWithdrawn
from contracts.contact import ContactEnded, ContactOpened
from contracts.envelope import Reply, done, not_yet, refused
from contracts.programme import ProgrammePublished
from contracts.triage import ContactTriaged, DecideTriage, ProposeTriage, TriageProposal
from services.bus.work import Work
from services.triage import metrics, store
from services.triage.domain import (
    AlreadySo,
    Decided,
    MayNot,
    NotYet,
    Proposed,
    judge_decision,
    judge_proposal,
)


def on_programme_published(event: ProgrammePublished, work: Work) -> None:
    """Keep what this version of the line serves."""
    row = store.ProgrammeRow(
        programme=event.programme,
        programme_version=event.programme_version,
        rules_version=event.rules_version,
        needs=[need.value for need in event.terms.needs],
    )
    store.keep_programme(work.session, row)


def on_contact_opened(event: ContactOpened, work: Work) -> None:
    """Meet the contact, and know which version of the line it keeps."""
    store.open_contact(work.session, event)


def on_offer_taken(event: OfferTaken, work: Work) -> None:
    """Remember who holds the contact; of two takes the later one counts, whichever comes first."""
    store.hold(work.session, event)


def on_offer_withdrawn(event: OfferWithdrawn, work: Work) -> None:
    """Nobody holds the contact any more, if it was this take by which it was held.

    A take of this offer that is still on its way is older: the bus skips it.
    """
    store.release(work.session, event.contact_id, event.offer_id)


def on_contact_sent_untriaged(event: ContactSentUntriaged, work: Work) -> None:
    """No regulator will hold it: a decision for it is refused from now on, not awaited."""
    store.send_untriaged(work.session, event)


def on_contact_ended(event: ContactEnded, work: Work) -> None:
    """The contact is over, also when this is the first we hear of it."""
    store.end_contact(work.session, event)


def on_propose_triage(command: ProposeTriage, work: Work) -> Reply:
    """Say what the rules propose; nothing is changed."""
    contact = store.contact(work.session, command.contact_id)
    if contact is None:
        return not_yet()
    match judge_proposal(contact.known, contact.terms, command, work.command):
        case Proposed(proposal):
            metrics.record_proposal(contact.known.programme, proposal.priority)
            return done(contact.version, proposal)
        case NotYet():
            return not_yet()
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def on_decide_triage(command: DecideTriage, work: Work) -> Reply:
    """Take the regulator's decision and send the contact on."""
    contact = store.contact_to_change(work.session, command.contact_id)
    if contact is None:
        return not_yet()
    match judge_decision(contact.known, contact.terms, command, work.command):
        case Decided(proposal):
            work.announce(_triaged(contact, command, proposal, work), of=contact)
            store.keep_decision(work.session, contact, command)
            metrics.record_decision(contact.known.programme, command.priority, proposal.priority)
            return done(contact.version)
        case AlreadySo():
            return done(contact.version)
        case NotYet():
            return not_yet()
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def _triaged(
    contact: store.Contact, command: DecideTriage, proposal: TriageProposal, work: Work
) -> ContactTriaged:
    notes = command.notes
    # Terms are known, so `ContactOpened` is here, and with it all three.
    assert contact.programme_version is not None
    assert contact.channel is not None
    assert contact.opened_at is not None
    return ContactTriaged(
        contact_id=contact.contact_id,
        programme=contact.known.programme,
        programme_version=contact.programme_version,
        channel=contact.channel,
        opened_at=contact.opened_at,
        priority=command.priority,
        destination=command.destination,
        need=notes.need,
        languages=notes.languages,
        for_whom=notes.for_whom,
        departement=notes.departement,
        age_band=notes.age_band,
        decided_by=work.command.actor,
        decided_at=work.now,
        proposed_priority=proposal.priority,
        rules_version=proposal.rules_version,
    )
