"""Referral on a real database: what it keeps, what it answers, what it announces."""

from datetime import timedelta

import pytest

from contracts.envelope import Command, Reply, ReplyStatus
from contracts.frame import FrameTerms
from contracts.programme import ProgrammePublished
from contracts.referral import (
    CloseReferral,
    FindRelays,
    GiveOutcome,
    ObserveRelay,
    ProposeReferral,
    RecordAnswer,
    RecordConsent,
    ReferralAnswered,
    ReferralClosed,
    ReferralConsented,
    ReferralExpired,
    ReferralProposed,
    ReferralSent,
    RelayOutcomeGiven,
    SendReferral,
    VerifyRelay,
)
from contracts.vocabulary import (
    Departement,
    Need,
    Priority,
    ReferralClosing,
    ReferralField,
    ReferralId,
    ReferralMode,
    Refusal,
    RelayId,
    RelayOutcome,
    Role,
)
from services.bus.testing import ServiceUnderTest
from services.referral.store import ReferralRow
from tests.referral.builders import RELAY
from tests.risk.builders import a_published_programme
from tests.triage.builders import (
    CONTACT,
    NOON,
    a_take,
    a_withdrawal,
    an_ended_contact,
    an_opened_contact,
)


def a_line_that(refers: bool, version: int = 1) -> ProgrammePublished:
    published = a_published_programme(version)
    frame = FrameTerms(refers=refers)
    terms = published.terms.model_copy(update={"frame": frame})
    return published.model_copy(update={"terms": terms})


PROPOSE = ProposeReferral(
    contact_id=CONTACT,
    relay_id=RELAY,
    need=Need.CRISE_SUICIDAIRE,
    urgency=Priority.P2,
    departement=Departement("75"),
)


def status(reply: Reply) -> ReplyStatus | Refusal | None:
    return reply.refusal if reply.status is ReplyStatus.REFUSED else reply.status


def propose(held: ServiceUnderTest, wish: ProposeReferral = PROPOSE) -> ReferralId:
    reply = held.ask(wish, "regulator-1", Role.REGULATOR)
    assert reply.result is not None, reply
    return ReferralId(reply.result["referral_id"])


def consent(
    held: ServiceUnderTest,
    referral_id: ReferralId,
    *scope: ReferralField,
    said: bool = True,
) -> Reply:
    wish = RecordConsent(
        referral_id=referral_id, scope=scope or (ReferralField.NEED,), anonymity_said=said
    )
    return held.ask(wish, "regulator-1", Role.REGULATOR)


def send(held: ServiceUnderTest, referral_id: ReferralId) -> Reply:
    return held.ask(SendReferral(referral_id=referral_id), "regulator-1", Role.REGULATOR)


def a_sent_referral(held: ServiceUnderTest) -> tuple[ReferralId, str]:
    referral_id = propose(held)
    assert consent(held, referral_id).status is ReplyStatus.DONE
    reply = send(held, referral_id)
    assert reply.result is not None, reply
    return referral_id, reply.result["outcome_token"]


def test_the_least_is_sent_after_a_yes_to_exactly_that(held: ServiceUnderTest) -> None:
    referral_id = propose(held)
    consent(held, referral_id, ReferralField.NEED, ReferralField.URGENCY)
    reply = send(held, referral_id)
    (proposed,) = held.announced(ReferralProposed)
    assert proposed.anonymity_to_say
    (yes,) = held.announced(ReferralConsented)
    assert (yes.scope, yes.anonymity_said) == (
        (ReferralField.NEED, ReferralField.URGENCY),
        True,
    )
    (sent,) = held.announced(ReferralSent)
    assert sent.carried == {ReferralField.NEED, ReferralField.URGENCY}
    assert sent.departement is None  # known, and not consented to
    assert sent.consented_at == yes.consented_at
    assert reply.result is not None
    assert reply.result["partner_reference"] == sent.partner_reference
    assert reply.version == 3


def test_nothing_is_sent_without_a_yes(held: ServiceUnderTest) -> None:
    referral_id = propose(held)
    assert status(send(held, referral_id)) is Refusal.CONSENT_MISSING
    assert held.announced(ReferralSent) == []


def test_a_yes_counts_only_if_anonymity_was_said(held: ServiceUnderTest) -> None:
    referral_id = propose(held)
    reply = consent(held, referral_id, said=False)
    assert (status(reply), reply.field) == (Refusal.INVALID_FIELD, "anonymity_said")
    assert held.announced(ReferralConsented) == []


def test_a_row_whose_verification_is_taken_back_gets_nothing(held: ServiceUnderTest) -> None:
    referral_id = propose(held)
    consent(held, referral_id)
    held.ask(VerifyRelay(relay_id=RELAY, verified=False), "operator-1", Role.OPERATOR)
    assert status(send(held, referral_id)) is Refusal.RELAY_NOT_VERIFIED


RELAYS: dict[str, tuple[ProposeReferral, Refusal]] = {
    "a defunct one": (
        PROPOSE.model_copy(update={"relay_id": RelayId("fr-3020")}),
        Refusal.RELAY_CLOSED,
    ),
    "one nobody knows": (
        PROPOSE.model_copy(update={"relay_id": RelayId("fr-nobody")}),
        Refusal.UNKNOWN_RELAY,
    ),
    "a live transfer nobody agreed to": (
        PROPOSE.model_copy(update={"mode": ReferralMode.LIVE_TRANSFER}),
        Refusal.NO_TRANSFER_AGREED,
    ),
}


@pytest.mark.parametrize("name", RELAYS)
def test_a_relay_that_cannot_be_gone_to_is_refused(held: ServiceUnderTest, name: str) -> None:
    wish, expected = RELAYS[name]
    assert status(held.ask(wish, "regulator-1", Role.REGULATOR)) is expected
    assert held.announced() == []


def test_a_contact_not_heard_of_is_awaited_and_anothers_is_refused(
    referral: ServiceUnderTest,
) -> None:
    def ask() -> Reply:
        return referral.ask(PROPOSE, "regulator-1", Role.REGULATOR)

    assert status(ask()) is ReplyStatus.NOT_YET
    referral.deliver(an_opened_contact())
    assert status(ask()) is Refusal.NOT_YOURS
    referral.deliver(a_take())
    assert status(ask()) is ReplyStatus.DONE
    referral.deliver(a_withdrawal(), version=2)
    assert status(ask()) is Refusal.NOT_YOURS


def test_an_answer_in_time_stops_the_clock(held: ServiceUnderTest) -> None:
    referral_id, _ = a_sent_referral(held)
    due = held.deadlines()["answer", referral_id]
    assert due == NOON + timedelta(hours=4)
    wish = RecordAnswer(referral_id=referral_id, accepted=True)
    assert held.ask(wish, "supervisor-1", Role.SUPERVISOR).status is ReplyStatus.DONE
    assert ("answer", referral_id) not in held.deadlines()
    (answered,) = held.announced(ReferralAnswered)
    assert answered.accepted


def test_no_answer_expires_and_one_that_comes_late_still_counts(held: ServiceUnderTest) -> None:
    referral_id, _ = a_sent_referral(held)
    held.at(NOON + timedelta(hours=4))
    assert held.fire_deadlines() == 1
    (expired,) = held.announced(ReferralExpired)
    assert expired.referral_id == referral_id
    wish = RecordAnswer(referral_id=referral_id, accepted=False)
    assert held.ask(wish, "supervisor-1", Role.SUPERVISOR).status is ReplyStatus.DONE
    assert not held.announced(ReferralAnswered)[0].accepted


def test_an_outcome_names_nobody_and_a_token_works_once(held: ServiceUnderTest) -> None:
    referral_id, token = a_sent_referral(held)
    wish = GiveOutcome(outcome_token=token, outcome=RelayOutcome.HELPED)
    held.at(NOON + timedelta(minutes=25))
    assert held.ask(wish, "coordinator-1", Role.COORDINATOR).status is ReplyStatus.DONE
    (given,) = held.announced(RelayOutcomeGiven)
    assert given.model_dump() == {
        "programme": "sos-crise",
        "relay_id": "fr-3114",
        "outcome": "helped",
        "hour": NOON,
    }
    again = held.ask(wish, "coordinator-1", Role.COORDINATOR)
    assert (status(again), again.field) == (Refusal.UNKNOWN_REFERRAL, "outcome_token")
    row = held.read(lambda session: session.get(ReferralRow, referral_id))
    assert row is not None
    assert token not in str(row.model_dump())


def test_a_wrong_token_tells_nothing(held: ServiceUnderTest) -> None:
    a_sent_referral(held)
    wish = GiveOutcome(outcome_token="0" * 64, outcome=RelayOutcome.HELPED)
    assert status(held.ask(wish, "coordinator-1", Role.COORDINATOR)) is Refusal.UNKNOWN_REFERRAL
    assert held.announced(RelayOutcomeGiven) == []


def test_sending_again_tells_no_second_token(held: ServiceUnderTest) -> None:
    referral_id, _ = a_sent_referral(held)
    assert status(send(held, referral_id)) is Refusal.WRONG_STATE
    assert len(held.announced(ReferralSent)) == 1


def test_a_refusal_closes_and_stays_closed(held: ServiceUnderTest) -> None:
    referral_id = propose(held)
    wish = CloseReferral(referral_id=referral_id, why=ReferralClosing.PERSON_REFUSED)
    assert held.ask(wish, "regulator-1", Role.REGULATOR).version == 2
    assert held.ask(wish, "regulator-1", Role.REGULATOR).version == 2
    (closed,) = held.announced(ReferralClosed)
    assert closed.why is ReferralClosing.PERSON_REFUSED
    assert status(consent(held, referral_id)) is Refusal.WRONG_STATE


def test_after_the_contact_there_is_half_an_hour_to_write_down(held: ServiceUnderTest) -> None:
    held.deliver(an_ended_contact(), version=2)
    referral_id = propose(held)
    held.at(NOON + timedelta(seconds=90) + timedelta(minutes=30, seconds=1))
    assert status(consent(held, referral_id)) is Refusal.CONTACT_OVER


UNKNOWN = ReferralId("33333333-3333-4333-8333-333333333333")
OF_NOTHING: dict[str, Command] = {
    "consent": RecordConsent(referral_id=UNKNOWN, scope=(ReferralField.NEED,)),
    "send": SendReferral(referral_id=UNKNOWN),
    "close": CloseReferral(referral_id=UNKNOWN, why=ReferralClosing.BY_MISTAKE),
    "answer": RecordAnswer(referral_id=UNKNOWN, accepted=True),
}


@pytest.mark.parametrize("name", OF_NOTHING)
def test_an_unknown_referral_is_refused(held: ServiceUnderTest, name: str) -> None:
    reply = held.ask(OF_NOTHING[name], "supervisor-1", Role.SUPERVISOR)
    assert status(reply) is Refusal.UNKNOWN_REFERRAL


# --- the directory --------------------------------------------------------------------------------

FIND = FindRelays(needs=(Need.CRISE_SUICIDAIRE,), departement=Departement("75"))


def found(held: ServiceUnderTest, wish: FindRelays = FIND) -> list[tuple[str, bool, list[str]]]:
    result = held.ask(wish, "regulator-1", Role.REGULATOR).result
    assert result is not None
    return [(row["relay_id"], row["verified"], row["against"]) for row in result["now"]]


def test_rows_are_told_in_order_and_verified_ones_are_marked(held: ServiceUnderTest) -> None:
    (first, first_verified, _), (second, second_verified, _), *_ = found(held)
    assert (first, first_verified) == ("fr-3114", True)
    assert (second, second_verified) == ("fr-suicide-ecoute", False)


def test_a_line_that_does_not_pick_up_goes_last_for_an_hour(held: ServiceUnderTest) -> None:
    seen = ObserveRelay(relay_id=RELAY, saturated=True)
    assert held.ask(seen, "listener-1", Role.LISTENER).status is ReplyStatus.DONE
    rows = found(held)
    assert rows[-1][0] == "fr-3114"
    assert "saturated" in rows[-1][2]
    held.at(NOON + timedelta(hours=1))
    assert found(held)[0][0] == "fr-3114"


@pytest.mark.parametrize(
    "wish",
    [
        ObserveRelay(relay_id=RelayId("fr-x"), saturated=True),
        VerifyRelay(relay_id=RelayId("fr-x"), verified=True),
    ],
    ids=["observe", "verify"],
)
def test_nothing_is_kept_of_a_relay_nobody_knows(
    held: ServiceUnderTest, wish: ObserveRelay | VerifyRelay
) -> None:
    reply = held.ask(wish, "coordinator-1", Role.COORDINATOR)
    assert (status(reply), reply.field) == (Refusal.UNKNOWN_RELAY, "relay_id")


def test_line_that_refers_nobody_proposes_no_relay_and_its_next_version_may(
    held: ServiceUnderTest,
) -> None:
    held.deliver(a_line_that(refers=False))
    refused = held.ask(PROPOSE, "regulator-1", Role.REGULATOR)
    assert refused.refusal is Refusal.REFERS_NOBODY
    held.deliver(a_line_that(refers=True, version=2), version=2)
    assert held.ask(PROPOSE, "regulator-1", Role.REGULATOR).status is ReplyStatus.DONE
