"""A partner's desk, as referral answers it on a real database: its own referrals and no other's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from contracts.envelope import Reply, ReplyStatus
from contracts.partner import (
    AnswerReferral,
    DeskShown,
    OpenReferral,
    PartnerReferralSent,
    SeeDesk,
    TellOutcome,
    TellSaturation,
)
from contracts.referral import (
    CloseReferral,
    FindRelays,
    RecordAnswer,
    ReferralExpired,
    ReferralUndelivered,
    RelaysFound,
)
from contracts.vocabulary import (
    PartnerReference,
    PartnerState,
    ReferralClosing,
    ReferralState,
    Refusal,
    RelayId,
    RelayOutcome,
    Role,
)
from services.bus.decode import ReadCommand, read_command
from services.bus.testing import ServiceUnderTest
from services.referral.partners import desk, partners
from tests.referral.builders import RELAY
from tests.referral.test_handing import APLUS, OTHER, applied, sent, token_in, told
from tests.referral.test_handlers import PROPOSE
from tests.triage.builders import NOON

#: A relay of nobody's, in the directory.
ANOTHER = RelayId("fr-119")
LATER = timedelta(minutes=16)


@pytest.fixture
def desked(held: ServiceUnderTest) -> ServiceUnderTest:
    """The partner that stands for the relay has a desk and nothing else; another has one too."""
    assert applied(held, nats_keys=(), desk=True).status is ReplyStatus.DONE
    other = {"partner": OTHER, "relays": (ANOTHER,), "called": "La Bonde"}
    assert applied(held, nats_keys=(), desk=True, **other).status is ReplyStatus.DONE
    return held


def seen(under_test: ServiceUnderTest, partner: str = APLUS) -> DeskShown:
    reply = under_test.ask_as(partner, SeeDesk())
    assert reply.status is ReplyStatus.DONE, reply
    return DeskShown.model_validate(reply.result)


def opened(under_test: ServiceUnderTest, partner: str = APLUS) -> Reply:
    wish = OpenReferral(reference=told(under_test).reference)
    return under_test.ask_as(partner, wish)


def test_a_desk_shows_what_its_partner_was_told_and_no_more(desked: ServiceUnderTest) -> None:
    sent(desked)
    (shown,) = seen(desked).referrals

    assert shown.told == told(desked)
    assert (shown.state, shown.received_at) == (ReferralState.SENT, None)
    assert seen(desked).called == "Association A+"
    assert [each.relay_id for each in seen(desked).relays] == [RELAY]


def test_what_was_just_taken_up_is_there_however_much_was_left_lying(
    desked: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody has just pressed "accept", and needs to read how to reach the person."""
    monkeypatch.setattr(desk, "MOST_ON_A_DESK", 2)
    for _ in range(2):  # taken up, and their outcome never told
        sent(desked)
        accept = desked.announced(PartnerReferralSent)[-1].reference
        desked.ask_as(APLUS, AnswerReferral(reference=accept, accepted=True))
    for _ in range(2):
        sent(desked)
    desked.at(NOON + timedelta(hours=4))
    desked.fire_deadlines()  # late, and nobody declines them
    sent(desked)
    references = [each.reference for each in desked.announced(PartnerReferralSent)]

    shown = [each.told.reference for each in seen(desked).referrals]
    assert shown == [references[4], references[3]]
    assert seen(desked).more
    accept_newest = AnswerReferral(reference=references[4], accepted=True)
    assert desked.ask_as(APLUS, accept_newest).status is ReplyStatus.DONE
    for reference in references:
        one = desked.ask_as(APLUS, SeeDesk(only=reference))
        (alone,) = DeskShown.model_validate(one.result).referrals
        assert alone.told.reference == reference
        others = desked.ask_as(OTHER, SeeDesk(only=reference))
        assert DeskShown.model_validate(others.result).referrals == ()


def test_another_partners_referral_is_on_no_desk_and_cannot_be_opened_or_answered(
    desked: ServiceUnderTest,
) -> None:
    sent(desked)
    event = told(desked)
    token = token_in(event)
    wishes = (
        OpenReferral(reference=event.reference),
        AnswerReferral(reference=event.reference, accepted=True),
        TellOutcome(outcome_token=token, outcome=RelayOutcome.HELPED),
    )
    unknown = OpenReferral(reference=PartnerReference("0" * 32))

    assert seen(desked, OTHER).referrals == ()
    for wish in wishes:
        reply = desked.ask_as(OTHER, wish)
        assert reply.refusal is Refusal.UNKNOWN_REFERRAL, wish
    assert desked.ask_as(OTHER, unknown) == desked.ask_as(OTHER, wishes[0])
    assert seen(desked).referrals[0].received_at is None
    assert seen(desked).referrals[0].state is ReferralState.SENT


def test_nobody_of_ours_has_opened_it_until_somebody_of_the_partner_does(
    desked: ServiceUnderTest,
) -> None:
    sent(desked)
    seen(desked)
    with desked.session() as session, session.begin():
        session.execute(text("UPDATE referral.outbox SET stream_sequence = 7"))
        assert partners.awaited_from(session) == []  # it has no durable to be asked for
    desked.at(NOON + LATER)
    desked.fire_deadlines()

    assert len(desked.announced(ReferralUndelivered)) == 1


def test_what_was_opened_has_arrived_and_the_first_moment_stays(desked: ServiceUnderTest) -> None:
    sent(desked)
    assert opened(desked).status is ReplyStatus.DONE
    first = seen(desked).referrals[0].received_at
    desked.at(NOON + LATER)
    assert opened(desked).status is ReplyStatus.DONE
    desked.fire_deadlines()

    assert first is not None
    assert seen(desked).referrals[0].received_at == first
    assert desked.announced(ReferralUndelivered) == []


def _withdrawn(desked: ServiceUnderTest, referral_id: str) -> None:
    wish = CloseReferral(referral_id=referral_id, why=ReferralClosing.CONSENT_WITHDRAWN)  # type: ignore[arg-type]
    desked.ask(wish, "regulator-1", Role.REGULATOR)


def _declined(desked: ServiceUnderTest, _: str) -> None:
    wish = AnswerReferral(reference=told(desked).reference, accepted=False)
    desked.ask_as(APLUS, wish)


def _declined_by_telephone(desked: ServiceUnderTest, referral_id: str) -> None:
    wish = RecordAnswer(referral_id=referral_id, accepted=False)  # type: ignore[arg-type]
    desked.ask(wish, "regulator-1", Role.REGULATOR)


ENDS: dict[str, Callable[[ServiceUnderTest, str], None]] = {
    "withdrawn": _withdrawn,
    "declined": _declined,
    "declined by telephone": _declined_by_telephone,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
def test_what_is_over_is_on_the_desk_no_more(
    desked: ServiceUnderTest, end: Callable[[ServiceUnderTest, str], None]
) -> None:
    referral_id, _ = sent(desked)
    assert len(seen(desked).referrals) == 1
    end(desked, referral_id)

    assert seen(desked).referrals == ()


def test_what_was_taken_up_stays_and_its_outcome_is_told_once(desked: ServiceUnderTest) -> None:
    sent(desked)
    event = told(desked)
    desked.ask_as(APLUS, AnswerReferral(reference=event.reference, accepted=True))
    (accepted,) = seen(desked).referrals
    wish = TellOutcome(outcome_token=token_in(event), outcome=RelayOutcome.HELPED)
    assert desked.ask_as(APLUS, wish).status is ReplyStatus.DONE

    assert (accepted.state, accepted.outcome_told) == (ReferralState.ACCEPTED, False)
    assert seen(desked).referrals[0].outcome_told
    assert desked.ask_as(APLUS, wish).refusal is Refusal.UNKNOWN_REFERRAL


def test_a_late_answer_counts_still(desked: ServiceUnderTest) -> None:
    sent(desked)
    desked.at(told(desked).answer_by + timedelta(minutes=1))
    desked.fire_deadlines()
    (expired,) = seen(desked).referrals
    wish = AnswerReferral(reference=expired.told.reference, accepted=True)

    assert expired.state is ReferralState.EXPIRED
    assert desked.ask_as(APLUS, wish).status is ReplyStatus.DONE


WITHOUT_A_DESK = {
    "has an account and no desk": {"desk": False},
    "has left": {"desk": True, "state": PartnerState.LEFT},
}


@pytest.mark.parametrize("fields", WITHOUT_A_DESK.values(), ids=list(WITHOUT_A_DESK))
def test_a_partner_without_a_desk_is_answered_nothing(
    desked: ServiceUnderTest, fields: dict[str, object]
) -> None:
    sent(desked)
    applied(desked, **fields)

    assert desked.ask_as(APLUS, SeeDesk()).refusal is Refusal.NOT_YOURS
    assert opened(desked).refusal is Refusal.NOT_YOURS
    assert desked.ask_as("nobody", SeeDesk()).refusal is Refusal.NOT_YOURS


def test_whoever_waits_for_a_desk_that_is_closed_is_looked_after_at_once(
    desked: ServiceUnderTest,
) -> None:
    sent(desked)
    applied(desked, nats_keys=(), desk=True)
    desked.fire_deadlines()
    assert desked.announced(ReferralExpired) == []
    applied(desked, nats_keys=(), desk=False)
    desked.fire_deadlines()

    assert len(desked.announced(ReferralExpired)) == 1


# --- saturation -----------------------------------------------------------------------------------


def against(under_test: ServiceUnderTest) -> tuple[str, ...]:
    """What speaks against the relay, for a regulator who looks for one now."""
    wish = FindRelays(needs=(PROPOSE.need,))
    reply = under_test.ask(wish, "regulator-1", Role.REGULATOR)
    found = RelaysFound.model_validate(reply.result)
    return next(each.against for each in (*found.now, *found.later) if each.relay_id == RELAY)


def full(until: timedelta | None, relay_id: RelayId = RELAY) -> TellSaturation:
    moment = None if until is None else NOON + until
    return TellSaturation(relay_id=relay_id, saturated=until is not None, until=moment)


def test_a_partner_is_full_until_it_said_and_not_longer(desked: ServiceUnderTest) -> None:
    until = timedelta(hours=5)
    assert desked.ask_as(APLUS, full(until)).status is ReplyStatus.DONE
    assert "saturated" in against(desked)
    shown = seen(desked).relays[0].full_until
    desked.at(NOON + until + timedelta(minutes=2))

    assert shown is not None
    assert timedelta(0) <= shown - (NOON + until) <= timedelta(minutes=1)
    assert "saturated" not in against(desked)
    assert seen(desked).relays[0].full_until is None


def test_full_and_no_more_and_full_again_all_count(desked: ServiceUnderTest) -> None:
    """The same wish again is no repeat here: in between it was taken back."""
    for wish in (full(timedelta(hours=5)), full(None), full(timedelta(hours=5))):
        body = wish.model_dump_json(exclude_defaults=True).encode()
        read = read_command(wish.subject_of(APLUS), {}, body)
        assert isinstance(read, ReadCommand)
        reply = desked.ask_as(APLUS, wish, read.envelope.command_id)
        assert reply.status is ReplyStatus.DONE
        assert (seen(desked).relays[0].full_until is not None) is wish.saturated


REFUSED = {
    "another's": (full(timedelta(hours=1), ANOTHER), Refusal.UNKNOWN_RELAY),
    "unknown": (full(timedelta(hours=1), RelayId("fr-nowhere")), Refusal.UNKNOWN_RELAY),
    "in the past": (full(-timedelta(minutes=1)), Refusal.INVALID_FIELD),
    "without an end": (TellSaturation(relay_id=RELAY, saturated=True), Refusal.INVALID_FIELD),
    "for a year": (full(timedelta(days=32)), Refusal.INVALID_FIELD),
}


@pytest.mark.parametrize(("wish", "why"), REFUSED.values(), ids=list(REFUSED))
def test_only_its_own_relays_are_full_and_for_a_time(
    desked: ServiceUnderTest, wish: TellSaturation, why: Refusal
) -> None:
    assert desked.ask_as(APLUS, wish).refusal is why
    assert all(
        each.full_until is None for name in (APLUS, OTHER) for each in seen(desked, name).relays
    )


def test_a_desk_is_told_by_the_same_event(desked: ServiceUnderTest) -> None:
    sent(desked)
    assert len(desked.announced(PartnerReferralSent)) == 1
