"""A sandbox on a real database: told and answered as a real partner is, and counted nowhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from contracts.canned import is_canned
from contracts.envelope import Reply
from contracts.partner import (
    AnswerReferral,
    PartnerEvent,
    PartnerReferralExpired,
    PartnerReferralSent,
    PartnerReferralWithdrawn,
    PlayReferral,
    PlayToPartner,
    TellOutcome,
)
from contracts.referral import ReferralAnswered, RelayOutcomeGiven
from contracts.vocabulary import (
    PartnerId,
    PartnerState,
    Refusal,
    RelayOutcome,
    Role,
    SandboxStory,
)
from services.bus.testing import ServiceUnderTest
from services.referral import metrics
from services.referral.partners import partners, sandbox
from services.referral.partners.webhooks import WebhookOrderRow
from services.referral.standing import set_gauges
from tests.referral.builders import RELAY
from tests.referral.test_handing import APLUS, applied, sent, token_in, told
from tests.referral.test_handlers import status

SANDBOX = PartnerId("sandbox-aplus")


@pytest.fixture
def played(held: ServiceUnderTest) -> ServiceUnderTest:
    """A contact is with regulator-1, a partner stands for the relay, and has a sandbox beside."""
    assert status(applied(held)) == "done"
    assert status(applied(held, partner=SANDBOX, relays=())) == "done"
    return held


def play(
    under_test: ServiceUnderTest, story: SandboxStory = SandboxStory.SENT, number: int = 1
) -> Reply:
    return under_test.ask_as(SANDBOX, PlayReferral(story=story, number=number))


def later(under_test: ServiceUnderTest, passed: timedelta) -> None:
    under_test.at(under_test.now() + passed)
    under_test.fire_deadlines()


def events(under_test: ServiceUnderTest) -> list[PartnerEvent]:
    kinds = (PartnerReferralSent, PartnerReferralWithdrawn, PartnerReferralExpired)
    return [event for kind in kinds for event in under_test.announced(kind)]


def everything_kept_of_real_ones(under_test: ServiceUnderTest) -> list[int]:
    """How many rows there are wherever a referral of a person leaves one."""
    with under_test.session() as session:
        return [
            session.execute(text(f"SELECT count(*) FROM referral.{table}")).scalar_one()
            for table in ("referral", "handed", "contact", "relay")
        ]


def test_what_is_played_is_told_answered_and_counted_nowhere(played: ServiceUnderTest) -> None:
    before = everything_kept_of_real_ones(played)
    moved = metrics_of_moves()
    assert status(play(played)) == "done"
    event = told(played)
    token = token_in(event)
    yes = AnswerReferral(reference=event.reference, accepted=True)
    no = AnswerReferral(reference=event.reference, accepted=False)
    outcome = TellOutcome(outcome_token=token, outcome=RelayOutcome.HELPED)

    assert (event.partner, event.programme) == (SANDBOX, "sandbox")
    assert is_canned(event.reference)
    assert [status(played.ask_as(SANDBOX, each)) for each in (yes, outcome)] == ["done", "done"]
    assert played.ask_as(SANDBOX, no).refusal is Refusal.WRONG_STATE
    again = TellOutcome(outcome_token=token, outcome=RelayOutcome.WAITING)
    assert played.ask_as(SANDBOX, again).refusal is Refusal.UNKNOWN_REFERRAL
    assert played.announced(ReferralAnswered) == []
    assert played.announced(RelayOutcomeGiven) == []
    assert everything_kept_of_real_ones(played) == before
    assert metrics_of_moves() == moved


def metrics_of_moves() -> list[float]:
    return [sample.value for each in metrics.moves.collect() for sample in each.samples]


def test_each_story_goes_on_by_itself_and_leaves_nothing_after_a_day(
    played: ServiceUnderTest,
) -> None:
    for number, story in enumerate(SandboxStory, 1):
        assert status(play(played, story, number)) == "done"
    later(played, timedelta(seconds=11))
    kinds = [type(event) for event in events(played)]
    assert kinds == [PartnerReferralSent] * 3 + [PartnerReferralWithdrawn, PartnerReferralExpired]
    later(played, timedelta(minutes=5))
    assert [type(event) for event in events(played)][-2:] == [PartnerReferralExpired] * 2
    later(played, timedelta(days=1))
    with played.session() as session:
        assert session.exec(select(sandbox.PlayedRow)).all() == []


def test_what_was_answered_does_not_expire_and_may_be_withdrawn(played: ServiceUnderTest) -> None:
    play(played, SandboxStory.WITHDRAWN)
    play(played, SandboxStory.EXPIRED, 2)
    for event in played.announced(PartnerReferralSent):
        yes = AnswerReferral(reference=event.reference, accepted=True)
        assert status(played.ask_as(SANDBOX, yes)) == "done"
    later(played, timedelta(seconds=11))

    assert [type(event) for event in events(played)][2:] == [PartnerReferralWithdrawn]


def test_a_real_referral_reaches_no_sandbox_whatever_a_table_says(played: ServiceUnderTest) -> None:
    """Neither by its file, which may name no relay, nor if it stood there all the same."""
    refused = applied(played, partner=SANDBOX, relays=("fr-119",))
    assert (refused.refusal, refused.field) == (Refusal.INVALID_FIELD, "relays")
    with played.session() as session:
        session.execute(
            text("UPDATE referral.partner SET relays = ARRAY[:relay] WHERE partner = :name"),
            {"relay": RELAY, "name": SANDBOX},
        )
        session.execute(text("UPDATE referral.partner SET state = 'left' WHERE partner = 'aplus'"))
        session.commit()
    _, reply = sent(played)

    assert events(played) == []
    assert reply.result is not None
    assert reply.result["outcome_token"] is not None  # as without a partner


def test_a_sandbox_and_a_partner_do_not_know_each_others(played: ServiceUnderTest) -> None:
    sent(played)
    play(played)
    real, canned = played.announced(PartnerReferralSent)
    assert (real.partner, canned.partner) == (APLUS, SANDBOX)

    for partner, event in ((SANDBOX, real), (APLUS, canned), (PartnerId("sandbox"), canned)):
        answer = AnswerReferral(reference=event.reference, accepted=True)
        outcome = TellOutcome(outcome_token=token_in(event), outcome=RelayOutcome.HELPED)
        assert played.ask_as(partner, answer).refusal is Refusal.UNKNOWN_REFERRAL
        assert played.ask_as(partner, outcome).refusal is Refusal.UNKNOWN_REFERRAL


def test_nothing_is_played_to_a_partner_or_to_who_left(played: ServiceUnderTest) -> None:
    def to(partner: PartnerId) -> Reply:
        return played.ask(PlayToPartner(partner=partner), "operator-1", Role.OPERATOR)

    assert status(to(SANDBOX)) == "done"
    for_a_partner = played.ask_as(APLUS, PlayReferral(number=1))
    assert (to(APLUS).refusal, for_a_partner.refusal) == (Refusal.INVALID_FIELD,) * 2
    assert to(PartnerId("sandbox")).refusal is Refusal.INVALID_FIELD
    applied(played, partner=SANDBOX, relays=(), state=PartnerState.LEFT)
    assert to(SANDBOX).refusal is Refusal.INVALID_FIELD
    assert len(events(played)) == 1


def test_a_sandbox_that_plays_without_end_is_stopped(
    played: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "MOST_KEPT", 2)
    replies = [play(played, number=number) for number in (1, 2, 3)]
    assert [each.refusal for each in replies] == [None, None, Refusal.WRONG_STATE]
    later(played, timedelta(days=2))
    assert status(play(played, number=4)) == "done"


def test_a_sandbox_with_a_webhook_is_posted_to_and_wakes_nobody(played: ServiceUnderTest) -> None:
    webhook = {"url": "https://hooks.partner.example.org/"}
    told_by = {"relays": (), "nats_keys": (), "webhook": webhook}
    assert status(applied(played, partner=SANDBOX, **told_by)) == "done"
    played.ask(PlayToPartner(partner=SANDBOX), "operator-1", Role.OPERATOR)
    with played.session() as session:
        (order,) = session.exec(select(WebhookOrderRow)).all()
        row = session.get(partners.PartnerRow, SANDBOX)
        assert row is not None
        row.webhook_given_up_at = order.made_at
        session.commit()
        set_gauges(session)

    assert order.partner == SANDBOX
    for gauge in (metrics.dead, metrics.unposted):
        assert [sample.value for each in gauge.collect() for sample in each.samples] == [0]
