"""What a partner is told of a referral and may answer, on a real database: its own and no more."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from nacl.public import PrivateKey, SealedBox
from sqlalchemy import select, text

from contracts.envelope import Reply, ReplyStatus
from contracts.partner import (
    AnswerReferral,
    ApplyPartner,
    PartnerEvent,
    PartnerReferralExpired,
    PartnerReferralSent,
    PartnerReferralWithdrawn,
    TellOutcome,
)
from contracts.referral import (
    CloseReferral,
    ProposeReferral,
    RecordConsent,
    ReferralAnswered,
    ReferralExpired,
    ReferralSent,
    ReferralUndelivered,
    RelayOutcomeGiven,
    SendReferral,
)
from contracts.vocabulary import (
    PartnerId,
    PartnerReference,
    PartnerState,
    PublicNkey,
    ReferralClosing,
    ReferralField,
    ReferralId,
    Refusal,
    RelayId,
    RelayOutcome,
    Role,
    SealingKey,
    Withdrawing,
)
from services.bus.testing import ServiceUnderTest
from services.referral.partners import partners
from tests.referral.builders import RELAY
from tests.referral.test_handlers import PROPOSE, status
from tests.triage.builders import CONTACT, NOON, an_ended_contact

KEY = PrivateKey(b"a key for tests and nothing else")
APLUS = PartnerId("aplus")
OTHER = PartnerId("bonde")
SOMEBODY = PublicNkey("UBH25RKJ662GL7HEBYX4OFMGK24WMAK4AP4I3MSIHEK5IPXX67BKHJSG")


def a_partner(**fields: Any) -> ApplyPartner:
    known: dict[str, Any] = {
        "partner": APLUS,
        "called": "Association A+",
        "relays": (RELAY,),
        "nats_keys": (SOMEBODY,),
        "sealing_key": SealingKey(base64.b64encode(bytes(KEY.public_key)).decode()),
    }
    return ApplyPartner(**known | fields)


def applied(under_test: ServiceUnderTest, **fields: Any) -> Reply:
    return under_test.ask(a_partner(**fields), "operator-1", Role.OPERATOR)


def sent(held: ServiceUnderTest, wish: ProposeReferral = PROPOSE) -> tuple[ReferralId, Reply]:
    """A referral somebody said yes to and a regulator sent."""
    made = held.ask(wish, "regulator-1", Role.REGULATOR).result
    assert made is not None
    referral_id = ReferralId(made["referral_id"])
    scope = (ReferralField.NEED, ReferralField.URGENCY)
    yes = RecordConsent(referral_id=referral_id, scope=scope, anonymity_said=True)
    held.ask(yes, "regulator-1", Role.REGULATOR)
    wish_to_send = SendReferral(referral_id=referral_id)
    of_the_contact = f"00-{CONTACT.replace('-', '')}-{'a' * 16}-00"
    reply = held.ask(wish_to_send, "regulator-1", Role.REGULATOR, traceparent=of_the_contact)
    assert reply.status is ReplyStatus.DONE, reply
    return referral_id, reply


@pytest.fixture
def handed(held: ServiceUnderTest) -> ServiceUnderTest:
    """A contact is with regulator-1, and a partner stands for the relay."""
    assert applied(held).status is ReplyStatus.DONE
    return held


def told(handed: ServiceUnderTest) -> PartnerReferralSent:
    (event,) = handed.announced(PartnerReferralSent)
    return event


def token_in(event: PartnerReferralSent) -> str:
    assert event.outcome_token is not None
    return SealedBox(KEY).decrypt(base64.b64decode(event.outcome_token)).decode()


def test_a_partner_is_told_what_was_consented_to_and_nothing_that_leads_to_the_person(
    handed: ServiceUnderTest,
) -> None:
    referral_id, reply = sent(handed)
    (ours,) = handed.announced(ReferralSent)
    event = told(handed)

    assert (event.partner, event.relay_id) == (APLUS, RELAY)
    assert (event.need, event.urgency, event.departement) == (PROPOSE.need, PROPOSE.urgency, None)
    assert (event.reference, event.answer_by) == (ours.partner_reference, ours.answer_by)
    with handed.session() as session:
        outbox = handed.ledger.outbox
        row = session.execute(select(outbox).where(outbox.c.stream == "PARTNER")).one()
    whole = json.dumps([row.subject, row.envelope, row.body])
    assert row.envelope["caused_by"] is None
    assert row.subject == f"partner.aplus.partner_referral.sent.v1.{event.reference}"
    for ours_alone in (CONTACT, CONTACT.replace("-", ""), referral_id, "regulator-1"):
        assert ours_alone not in whole
    assert reply.result is not None
    assert reply.result["partner_reference"] == event.reference
    assert reply.result["outcome_token"] is None


def test_only_the_partners_key_opens_its_token(handed: ServiceUnderTest) -> None:
    sent(handed)
    token = token_in(told(handed))

    with handed.session() as session:
        tables = session.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema='referral'")
        )
        rows = [
            str(session.execute(text(f'SELECT * FROM referral."{name}"')).all())
            for (name,) in tables.all()
        ]
    assert token not in "".join(rows)


def test_nobody_is_told_where_no_partner_stands_for_the_relay(held: ServiceUnderTest) -> None:
    applied(held, relays=(RelayId("fr-119"),))
    _, reply = sent(held)

    assert held.announced(PartnerEvent) == []
    assert reply.result is not None
    assert reply.result["outcome_token"]  # for whoever tells the relay by hand


def test_a_partner_without_a_key_for_sealing_is_told_without_a_token(
    held: ServiceUnderTest,
) -> None:
    applied(held, sealing_key=None)
    _, reply = sent(held)

    assert told(held).outcome_token is None
    assert reply.result is not None
    assert reply.result["outcome_token"]


@pytest.mark.parametrize("accepted", [True, False])
def test_a_partner_answers_by_itself(handed: ServiceUnderTest, accepted: bool) -> None:
    referral_id, _ = sent(handed)
    wish = AnswerReferral(reference=told(handed).reference, accepted=accepted)
    reply = handed.ask_as(APLUS, wish)

    assert reply.status is ReplyStatus.DONE
    assert reply.version is None
    (answered,) = handed.announced(ReferralAnswered)
    assert (answered.accepted, answered.recorded_by) == (accepted, "partner-aplus")
    assert ("answer", referral_id) not in handed.deadlines()


def test_another_partners_referral_is_not_there(handed: ServiceUnderTest) -> None:
    applied(handed, partner=OTHER, relays=(RelayId("fr-119"),))
    sent(handed)
    event = told(handed)
    answer = AnswerReferral(reference=event.reference, accepted=True)
    outcome = TellOutcome(outcome_token=token_in(event), outcome=RelayOutcome.HELPED)
    unknown = AnswerReferral(reference=PartnerReference("0" * 32), accepted=True)

    for wish in (answer, outcome):
        assert status(handed.ask_as(OTHER, wish)) is Refusal.UNKNOWN_REFERRAL
    assert handed.ask_as(OTHER, answer) == handed.ask_as(OTHER, unknown)
    assert not handed.announced(ReferralAnswered)
    assert not handed.announced(RelayOutcomeGiven)


def test_no_person_of_ours_may_ask_as_a_partner(handed: ServiceUnderTest) -> None:
    sent(handed)
    wish = AnswerReferral(reference=told(handed).reference, accepted=True)

    for role in Role:
        assert status(handed.ask(wish, "partner-aplus", role)) is Refusal.ROLE_NOT_PERMITTED


def test_a_partner_tells_the_outcome_once_and_it_names_nobody(handed: ServiceUnderTest) -> None:
    sent(handed)
    wish = TellOutcome(outcome_token=token_in(told(handed)), outcome=RelayOutcome.HELPED)

    assert handed.ask_as(APLUS, wish).status is ReplyStatus.DONE
    assert status(handed.ask_as(APLUS, wish)) is Refusal.UNKNOWN_REFERRAL
    (given,) = handed.announced(RelayOutcomeGiven)
    assert set(given.model_dump()) == {"programme", "relay_id", "outcome", "hour"}


def test_a_partner_is_told_when_it_is_too_late_and_may_still_answer(
    handed: ServiceUnderTest,
) -> None:
    sent(handed)
    handed.at(NOON + timedelta(hours=4))
    handed.fire_deadlines()
    (expired,) = handed.announced(PartnerReferralExpired)

    assert expired.reference == told(handed).reference
    late = AnswerReferral(reference=expired.reference, accepted=True)
    assert handed.ask_as(APLUS, late).status is ReplyStatus.DONE


@pytest.mark.parametrize(
    ("why", "told_why"),
    [
        (ReferralClosing.CONSENT_WITHDRAWN, Withdrawing.CONSENT_WITHDRAWN),
        (ReferralClosing.BY_MISTAKE, Withdrawing.BY_MISTAKE),
        (ReferralClosing.TAKEN_UP, None),
    ],
)
def test_a_partner_is_told_to_forget_what_was_withdrawn(
    handed: ServiceUnderTest, why: ReferralClosing, told_why: Withdrawing | None
) -> None:
    referral_id, _ = sent(handed)
    close = CloseReferral(referral_id=referral_id, why=why)
    assert handed.ask(close, "supervisor-1", Role.SUPERVISOR).status is ReplyStatus.DONE

    withdrawn = handed.announced(PartnerReferralWithdrawn)
    assert [each.why for each in withdrawn] == ([] if told_why is None else [told_why])
    late = AnswerReferral(reference=told(handed).reference, accepted=True)
    assert status(handed.ask_as(APLUS, late)) is Refusal.WRONG_STATE


def test_what_waits_for_a_partner_that_leaves_goes_back_to_people(
    handed: ServiceUnderTest,
) -> None:
    referral_id, _ = sent(handed)
    applied(handed, state=PartnerState.LEFT)
    handed.fire_deadlines()

    (expired,) = handed.announced(ReferralExpired)
    assert expired.referral_id == referral_id
    second, _ = sent(handed)
    assert second != referral_id
    assert len(handed.announced(PartnerReferralSent)) == 1


def test_a_partner_cannot_stand_for_what_is_not_there_or_is_anothers(
    handed: ServiceUnderTest,
) -> None:
    unknown = applied(handed, relays=(RELAY, RelayId("fr-nobody")))
    assert (status(unknown), unknown.field) == (Refusal.UNKNOWN_RELAY, "relays.1")
    taken = applied(handed, partner=OTHER)
    assert (status(taken), taken.field) == (Refusal.INVALID_FIELD, "relays.0")
    applied(handed, state=PartnerState.LEFT)
    assert applied(handed, partner=OTHER).status is ReplyStatus.DONE


def received(handed: ServiceUnderTest) -> None:
    """The partner has acknowledged everything that went out."""
    with handed.session() as session, session.begin():
        session.execute(text("UPDATE referral.outbox SET stream_sequence = 7"))
        assert partners.awaited_from(session) == [(APLUS, 7)]
        assert partners.keep_received(session, APLUS, 6) == 0
        assert partners.keep_received(session, OTHER, 7) == 0
        assert partners.keep_received(session, APLUS, 7) == 1
        assert partners.awaited_from(session) == []


QUARTER = NOON + timedelta(minutes=15)


def test_what_a_partner_has_not_received_in_a_quarter_of_an_hour_goes_to_people(
    handed: ServiceUnderTest,
) -> None:
    referral_id, _ = sent(handed)
    handed.at(QUARTER - timedelta(seconds=1))
    handed.fire_deadlines()
    assert not handed.announced(ReferralUndelivered)
    handed.at(QUARTER)
    handed.fire_deadlines()
    (undelivered,) = handed.announced(ReferralUndelivered)
    assert (undelivered.referral_id, undelivered.undelivered_at) == (referral_id, QUARTER)


def test_what_was_received_or_answered_bothers_nobody(handed: ServiceUnderTest) -> None:
    sent(handed)
    received(handed)
    sent(handed)
    second = handed.announced(PartnerReferralSent)[1]
    handed.ask_as(APLUS, AnswerReferral(reference=second.reference, accepted=True))
    handed.at(QUARTER)
    handed.fire_deadlines()
    assert not handed.announced(ReferralUndelivered)


def test_what_a_partner_was_handed_is_forgotten_with_the_contact(
    handed: ServiceUnderTest,
) -> None:
    sent(handed)
    until = NOON + timedelta(days=400)
    handed.deliver(an_ended_contact().model_copy(update={"kept_until": until}), version=2)
    handed.at(until - timedelta(hours=1))
    handed.fire_deadlines()
    reference = told(handed).reference
    late = TellOutcome(outcome_token=token_in(told(handed)), outcome=RelayOutcome.HELPED)
    assert handed.ask_as(APLUS, late).status is ReplyStatus.DONE
    assert _handed_rows(handed) == [reference]
    handed.at(until)
    handed.fire_deadlines()
    assert _handed_rows(handed) == []


def _handed_rows(handed: ServiceUnderTest) -> list[str]:
    query = text("SELECT reference FROM referral.handed")
    return handed.read(lambda session: [row[0] for row in session.execute(query)])
