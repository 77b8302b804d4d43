"""What referral does with each event and command: load, decide, save, announce."""

from __future__ import annotations

import secrets
from typing import assert_never

from contracts.assignment import OfferTaken, OfferWithdrawn
from contracts.contact import ContactEnded, ContactOpened
from contracts.envelope import Reply, done, not_yet, refused
from contracts.partner import AnswerReferral, TellOutcome, is_sandbox, person_of
from contracts.programme import ProgrammePublished
from contracts.referral import (
    CloseReferral,
    GiveContactMeans,
    GiveOutcome,
    ProposeReferral,
    RecordAnswer,
    RecordConsent,
    ReferralHandedOver,
    ReferralMade,
    RelayOutcomeGiven,
    SendReferral,
)
from contracts.vocabulary import (
    PartnerReference,
    PersonId,
    ReferralClosing,
    ReferralId,
    ReferralState,
    Refusal,
    RelayOutcome,
)
from contracts.withdrawal import (
    THE_PERSON,
    ConsentWithdrawn,
    WithdrawConsent,
    hash_of_code,
    new_code,
)
from services.bus.work import Alone, Work, new_id
from services.referral import facts, metrics, store
from services.referral.directory import entries
from services.referral.domain import (
    AlreadySo,
    Asked,
    Consented,
    Granted,
    MayNot,
    Moved,
    NotYet,
    Proposed,
    Sent,
    judge_answer,
    judge_closing,
    judge_consent,
    judge_contact_means,
    judge_expiry,
    judge_partners_answer,
    judge_proposal,
    judge_sending,
)
from services.referral.partners import handing, partners, sandbox

# --- what the others say --------------------------------------------------------------------------


def on_programme_published(event: ProgrammePublished, work: Work) -> None:
    """Whether the line leads callers on to relays."""
    store.keep_line(work.session, event)


def on_contact_opened(event: ContactOpened, work: Work) -> None:
    """Meet the contact."""
    store.open_contact(work.session, event)


def on_offer_taken(event: OfferTaken, work: Work) -> None:
    """Remember whose the contact is."""
    store.hold(work.session, event)


def on_offer_withdrawn(event: OfferWithdrawn, work: Work) -> None:
    """It is theirs no longer, if it was by this take."""
    store.release(work.session, event)


def on_contact_ended(event: ContactEnded, work: Work) -> None:
    """The person has gone; what was agreed may still be written down for a while."""
    store.end_contact(work.session, event)


# --- a referral -----------------------------------------------------------------------------------


def on_propose_referral(command: ProposeReferral, work: Work) -> Reply:
    """Propose a relay to the person, where the line leads anybody on at all."""
    if not store.refers(work.session, work.command.programme, work.now):
        return refused(Refusal.REFERS_NOBODY)
    contact = store.contact(work.session, command.contact_id)
    relay = entries.one(work.session, command.relay_id)
    match judge_proposal(contact, relay, command, Asked(work.command, work.now)):
        case Proposed() as proposed:
            row = _new_referral(command, proposed, work)
            work.announce(facts.proposed(row, proposed, work), of=row)
            store.keep_referral(work.session, row)
            metrics.record_move(row.programme, ReferralState.PROPOSED)
            made = ReferralMade(
                referral_id=row.referral_id,
                anonymity_to_say=proposed.anonymity_to_say,
                seal_to=handing.key_of(row.relay_id, work),
            )
            return done(row.version, made)
        case NotYet():
            return not_yet()
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def on_record_consent(command: RecordConsent, work: Work) -> Reply:
    """Keep what the person said yes to."""
    found = store.referral_in_contact(work.session, command.referral_id)
    if found is None:
        return refused(Refusal.UNKNOWN_REFERRAL, "referral_id")
    row, contact = found
    relay = entries.one(work.session, row.relay_id)
    match judge_consent((row.known, contact), relay, command, Asked(work.command, work.now)):
        case Consented(scope):
            row.scope, row.consented_at = [name.value for name in scope], work.now
            _enter(row, ReferralState.CONSENTED)
            work.announce(facts.consented(row, command, scope, work), of=row)
            return done(row.version)
        case AlreadySo():
            return done(row.version)
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def on_give_contact_means(command: GiveContactMeans, work: Work) -> Reply:
    """Keep how the person wants to be reached, sealed, until it is sent."""
    found = store.referral_in_contact(work.session, command.referral_id)
    if found is None:
        return refused(Refusal.UNKNOWN_REFERRAL, "referral_id")
    row, contact = found
    key, asked = handing.key_of(row.relay_id, work), Asked(work.command, work.now)
    match judge_contact_means((row.known, contact), command, key, asked):
        case Granted():
            row.contact_means = command.contact_means
            return done(row.version)
        case AlreadySo():
            return done(row.version)
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def on_send_referral(command: SendReferral, work: Work) -> Reply:
    """Send the least, and make the token that will tell what became of it."""
    found = store.referral_in_contact(work.session, command.referral_id)
    if found is None:
        return refused(Refusal.UNKNOWN_REFERRAL, "referral_id")
    row, contact = found
    relay = entries.one(work.session, row.relay_id)
    match judge_sending((row.known, contact), relay, Asked(work.command, work.now)):
        case Sent() as sent:
            return _send(row, sent, work)
        case AlreadySo():
            return refused(Refusal.WRONG_STATE)  # its token was told once, to whoever sent it
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def on_record_answer(command: RecordAnswer, work: Work) -> Reply:
    """Keep what the relay answered."""
    row = store.referral_to_change(work.session, command.referral_id)
    if row is None:
        return refused(Refusal.UNKNOWN_REFERRAL, "referral_id")
    judged = judge_answer(row.known, command, Asked(work.command, work.now))
    return _answered(row, judged, work.command.actor, work)


def on_partner_answer(command: AnswerReferral, work: Work) -> Reply:
    """Keep what a partner answered by itself; it knows no referral but its own."""
    assert work.partner is not None
    if is_sandbox(work.partner):
        return sandbox.answer(work.partner, command, work)
    row = partners.referral_handed_to(work.session, work.partner, command.reference)
    if row is None:
        return refused(Refusal.UNKNOWN_REFERRAL, "reference")
    judged = judge_partners_answer(row.known.state, command.accepted)
    told = _answered(row, judged, person_of(work.partner), work)
    return told.model_copy(update={"version": None})  # it counts what is not the partner's


def _answered(
    row: store.ReferralRow, judged: Moved | AlreadySo | MayNot, by: PersonId, work: Work
) -> Reply:
    match judged:
        case Moved(state):
            work.clear_deadline(handing.ANSWER_DUE, row.referral_id)
            _enter(row, state)
            work.announce(facts.answered(row, state is ReferralState.ACCEPTED, by, work), of=row)
            return done(row.version)
        case AlreadySo():
            return done(row.version)
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def on_answer_due(key: str, work: Work) -> None:
    """Nobody answered in time: whoever sent it has to find somebody else."""
    row = store.referral_to_change(work.session, ReferralId(key))
    if row is None or judge_expiry(row.known) == AlreadySo():
        return
    _enter(row, ReferralState.EXPIRED)
    work.announce(facts.expired(row, work), of=row)
    handing.expire(row, work)


def on_close_referral(command: CloseReferral, work: Work) -> Reply:
    """Keep that nothing more comes of it."""
    row = store.referral_to_change(work.session, command.referral_id)
    if row is None:
        return refused(Refusal.UNKNOWN_REFERRAL, "referral_id")
    match judge_closing(row.known, command, Asked(work.command, work.now)):
        case Moved():
            _close(row, command.why, work.command.actor, work)
            return done(row.version)
        case AlreadySo():
            return done(row.version)
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def on_withdraw_consent(command: WithdrawConsent, work: Work) -> Reply:
    """Somebody who called again takes back their yes."""
    row = _withdrawn(hash_of_code(command.code), work.command.actor, work)
    return refused(Refusal.UNKNOWN_REFERRAL, "code") if row is None else done()


def on_consent_withdrawn(event: ConsentWithdrawn, work: Work) -> None:
    """Somebody took back their yes by themself; a code nobody has changes nothing."""
    _withdrawn(event.code_sha256, THE_PERSON, work)


def _withdrawn(code_sha256: str, by: PersonId, work: Work) -> store.ReferralRow | None:
    row = store.referral_of_code(work.session, code_sha256)
    if row is None:
        return None
    if row.known.state is not ReferralState.CLOSED:
        _close(row, ReferralClosing.CONSENT_WITHDRAWN, by, work)
    else:  # closed for another reason, the partner may have it still
        handing.withdraw(row, ReferralClosing.CONSENT_WITHDRAWN, work)
    return row


def _close(row: store.ReferralRow, why: ReferralClosing, by: PersonId, work: Work) -> None:
    work.clear_deadline(handing.ANSWER_DUE, row.referral_id)
    row.contact_means = None
    _enter(row, ReferralState.CLOSED)
    work.announce(facts.closed(row, why, by, work), of=row)
    handing.withdraw(row, why, work)


def on_give_outcome(command: GiveOutcome, work: Work) -> Reply:
    """Count what became of somebody; a token works once, and only on the line it was made for."""
    row = store.referral_of_token(work.session, store.hash_of_token(command.outcome_token))
    if row is None or row.programme != work.command.programme:
        return refused(Refusal.UNKNOWN_REFERRAL, "outcome_token")
    return _outcome(row, command.outcome, work)


def on_partner_outcome(command: TellOutcome, work: Work) -> Reply:
    """Count what a partner tells by a token that was sealed to it, and to nobody else."""
    assert work.partner is not None
    if is_sandbox(work.partner):
        return sandbox.tell_outcome(work.partner, command, work)
    row = store.referral_of_token(work.session, store.hash_of_token(command.outcome_token))
    handed = None if row is None else partners.handed(work.session, row)
    if row is None or handed is None or handed.partner != work.partner:
        return refused(Refusal.UNKNOWN_REFERRAL, "outcome_token")
    return _outcome(row, command.outcome, work)


def _outcome(row: store.ReferralRow, outcome: RelayOutcome, work: Work) -> Reply:
    if row.outcome_given:
        return refused(Refusal.UNKNOWN_REFERRAL, "outcome_token")
    row.outcome_given = True
    given = RelayOutcomeGiven(
        programme=row.programme,
        relay_id=row.relay_id,
        outcome=outcome,
        hour=work.now.replace(minute=0, second=0, microsecond=0),
    )
    work.announce(given, of=Alone("relay_outcome"))
    return done()


def _enter(row: store.ReferralRow, state: ReferralState) -> None:
    row.state = state.value
    metrics.record_move(row.programme, state)


def _new_referral(command: ProposeReferral, proposed: Proposed, work: Work) -> store.ReferralRow:
    return store.ReferralRow(
        referral_id=ReferralId(new_id()),
        contact_id=command.contact_id,
        programme=work.command.programme,
        relay_id=command.relay_id,
        state=ReferralState.PROPOSED.value,
        mode=command.mode.value,
        need=command.need.value,
        urgency=command.urgency.value,
        departement=command.departement,
        language=None if command.language is None else command.language.value,
        age_band=None if command.age_band is None else command.age_band.value,
        minor=proposed.minor,
    )


def _send(row: store.ReferralRow, sent: Sent, work: Work) -> Reply:
    partner = handing.told_for(row.relay_id, work)
    token = secrets.token_hex(32)
    row.token_sha256 = store.hash_of_token(token)
    row.partner_reference = PartnerReference(secrets.token_hex(16))
    work.set_deadline(handing.ANSWER_DUE, row.referral_id, sent.answer_by)
    _enter(row, ReferralState.SENT)
    work.announce(facts.sent(row, sent, work), of=row)
    sealed = partner is not None and handing.hand_over(row, sent, partner, token, work)
    row.contact_means = None
    code = new_code()
    row.withdrawal_sha256 = hash_of_code(code)
    handed = ReferralHandedOver(
        partner_reference=row.partner_reference,
        outcome_token=None if sealed else token,
        withdrawal_code=code,
    )
    return done(row.version, handed)
