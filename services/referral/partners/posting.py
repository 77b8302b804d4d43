"""Posting to partners: ordered with the fact, carried out after it, in order, given up after days.

A partner is told one event after the other; one that does not get through is tried again over three
days, and what comes behind it waits. Then its webhook is given up and people are told: what waits
for an answer of it goes back to them. Whoever applies its file, or replays, tries it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.envelope import Reply, done, refused
from contracts.partner import ReplayPartner
from contracts.vocabulary import Refusal, WebhookEnd
from services.bus.work import Work
from services.referral import facts, metrics, store
from services.referral.partners import partners, webhooks
from services.referral.partners.handing import ANSWER_DUE, see_to_webhook

#: As Standard Webhooks suggests (spec, "Retry schedule"): ten attempts within 75 h 35 min.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
#: So many of each pause, more or less, so that nobody is called by everything at once.
_JITTER = 0.1
_GONE = 410


@dataclass(frozen=True)
class Attempt:
    """What came of one. `status` of the answer, or `failure`, a word of ours.

    `chance`, from 0 to 1, decides how much of a pause is more or less.
    """

    number: int
    milliseconds: int
    chance: float
    status: int | None = None
    failure: str | None = None
    #: Machine time that was signed, and by which of the partner's secrets.
    signed_at: datetime | None = None
    secrets: tuple[int, ...] = ()
    dialled: str | None = None  #: the kind of address connected to; None: to none

    @property
    def got_through(self) -> bool:
        """The receiver said that it has it. Where it points elsewhere it has not."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def answer(self) -> str:
        """The kind of answer: `2xx`, or why there was none."""
        return f"{self.status // 100}xx" if self.status is not None else self.failure or "none"


def pause_after(attempts: int, chance: float) -> timedelta | None:
    """Domain time until the next attempt, after so many (1 and up); None: it was the last."""
    if attempts > len(PAUSES):
        return None
    return PAUSES[attempts - 1] * (1 + _JITTER * (2 * chance - 1))


def keep_attempt(event_id: str, attempt: Attempt, work: Work) -> Reply:
    """Keep what came of an attempt; give the webhook up when it was the last, or it is gone."""
    row = webhooks.order_to_change(work.session, event_id)
    assert row is not None, "an order in hand is never deleted"
    kept = webhooks.WebhookAttemptRow(
        event_id=event_id,
        number=attempt.number,
        ended_at=work.now,
        milliseconds=attempt.milliseconds,
        answer=attempt.answer,
        signed_at=attempt.signed_at,
        secrets=list(attempt.secrets),
        dialled=attempt.dialled,
    )
    webhooks.keep_attempt(work.session, kept)
    webhooks.let_go(row)
    metrics.record_post(attempt.answer)
    if attempt.got_through:
        if row.state == webhooks.WAITING:
            row.state = webhooks.DELIVERED
        partners.keep_posted(work.session, event_id)
        return done()
    pause = pause_after(max(row.attempts - row.attempts_before, 1), attempt.chance)
    if attempt.status == _GONE:
        _give_up(row.partner, WebhookEnd.GONE, work)
    elif pause is None:
        _give_up(row.partner, WebhookEnd.NO_ANSWER, work)
    else:
        row.try_at = work.now + pause
    return done()


def _give_up(name: str, why: WebhookEnd, work: Work) -> None:
    """Post nothing more to it, and say so. Whom it alone was told of, people look after."""
    partner = partners.partner_to_change(work.session, name)
    if partner is None or partner.webhook_given_up_at is not None:
        return
    partner.webhook_given_up_at, partner.webhook_given_up_why = work.now, why.value
    for line in store.lines_that_refer(work.session):
        work.announce(facts.webhook_given_up(partner, line, why, work), of=partner)
    metrics.record_given_up(why.value)
    if not partner.is_told:
        for referral_id in partners.waiting_for(work.session, name):
            work.set_deadline(ANSWER_DUE, referral_id, work.now)


def on_old_posts_due(key: str, work: Work) -> None:
    """Forget what was posted so long ago that it is posted to nobody again."""
    if webhooks.forget_before(work.session, work.now - webhooks.KEPT_FOR):
        work.set_deadline(webhooks.OLD_POSTS, key, work.now + timedelta(minutes=1))


def on_replay_partner(command: ReplayPartner, work: Work) -> Reply:
    """Post again what was told since a moment, and try again what was given up."""
    known = work.session.get(partners.PartnerRow, command.partner)
    if known is None or known.webhook_url is None:
        return refused(Refusal.INVALID_FIELD, "partner")
    # Orders before their partner, as an attempt that is kept takes them: else each waits for both.
    webhooks.order_again(work.session, command.partner, command.since)
    see_to_webhook(partners.partner_to_change(work.session, command.partner), work)
    return done()
