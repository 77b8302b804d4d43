"""A yes is the person's: means go sealed to one partner, and it may be taken back by a code."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from sqlalchemy import text

from contracts.envelope import Reply, ReplyStatus
from contracts.partner import AnswerReferral, PartnerReferralSent, PartnerReferralWithdrawn
from contracts.referral import (
    CloseReferral,
    GiveContactMeans,
    RecordConsent,
    ReferralClosed,
    ReferralSent,
    SendReferral,
)
from contracts.sealing import opened, seal
from contracts.vocabulary import (
    ProgrammeId,
    ReferralClosing,
    ReferralField,
    ReferralId,
    Refusal,
    Role,
    SealingKey,
    WithdrawalCode,
    Withdrawing,
)
from contracts.withdrawal import (
    THE_PERSON,
    ConsentWithdrawn,
    WithdrawConsent,
    hash_of_code,
    new_code,
)
from services.bus.testing import ServiceUnderTest
from tests.referral.test_handing import KEY, applied, sent
from tests.referral.test_handlers import PROPOSE
from tests.triage.builders import NOON

MEANS = "Sam, 06 39 98 00 01, pas de message vocal"
THEIRS = SealingKey(base64.b64encode(bytes(KEY.public_key)).decode())
ANOTHERS = SealingKey(base64.b64encode(b"9" * 32).decode())
SCOPE = (ReferralField.NEED, ReferralField.CONTACT_MEANS)


def agreed(held: ServiceUnderTest, *scope: ReferralField) -> ReferralId:
    """A referral to the relay of a partner, with a yes to this."""
    made = held.ask(PROPOSE, "regulator-1", Role.REGULATOR).result
    assert made is not None
    assert made["seal_to"] == THEIRS
    referral_id = ReferralId(made["referral_id"])
    yes = RecordConsent(referral_id=referral_id, scope=scope or SCOPE, anonymity_said=True)
    assert held.ask(yes, "regulator-1", Role.REGULATOR).status is ReplyStatus.DONE
    return referral_id


def means(referral_id: ReferralId, **fields: Any) -> GiveContactMeans:
    known = {"contact_means": seal(MEANS, THEIRS), "sealed_to": THEIRS}
    return GiveContactMeans(referral_id=referral_id, **known | fields)


def asked(held: ServiceUnderTest, wish: Any) -> Reply:
    return held.ask(wish, "regulator-1", Role.REGULATOR)


@pytest.fixture
def handed(held: ServiceUnderTest) -> ServiceUnderTest:
    assert applied(held).status is ReplyStatus.DONE
    return held


def in_the_tables(handed: ServiceUnderTest, column: str) -> list[Any]:
    with handed.session() as session:
        rows = session.execute(text(f"SELECT {column} FROM referral.referral"))
        return [value for (value,) in rows]


# --- how to reach the person ----------------------------------------------------------------------


def test_means_reach_the_partner_sealed_and_stay_nowhere_else(handed: ServiceUnderTest) -> None:
    referral_id = agreed(handed)
    assert asked(handed, means(referral_id)).status is ReplyStatus.DONE
    assert asked(handed, SendReferral(referral_id=referral_id)).status is ReplyStatus.DONE

    (told,) = handed.announced(PartnerReferralSent)
    assert told.contact_means is not None
    assert opened(told.contact_means, base64.b64encode(bytes(KEY)).decode()) == MEANS
    (ours,) = handed.announced(ReferralSent)
    assert ours.contact_means is True
    assert ours.carried == set(SCOPE)
    assert told.contact_means not in ours.model_dump_json()
    assert in_the_tables(handed, "contact_means") == [None]


def test_means_may_be_given_again_and_the_last_count(handed: ServiceUnderTest) -> None:
    referral_id = agreed(handed)
    asked(handed, means(referral_id, contact_means=seal("an older one", THEIRS)))
    asked(handed, means(referral_id))
    asked(handed, SendReferral(referral_id=referral_id))
    again = asked(handed, means(referral_id))  # a double click, sealed anew

    assert again.status is ReplyStatus.DONE
    (told,) = handed.announced(PartnerReferralSent)
    assert told.contact_means is not None
    assert opened(told.contact_means, base64.b64encode(bytes(KEY)).decode()) == MEANS
    assert in_the_tables(handed, "contact_means") == [None]


def test_means_without_a_yes_to_them_are_refused(handed: ServiceUnderTest) -> None:
    reply = asked(handed, means(agreed(handed, ReferralField.NEED)))
    assert (reply.refusal, reply.field) == (Refusal.CONSENT_MISSING, "contact_means")


def test_means_sealed_to_another_key_are_refused(handed: ServiceUnderTest) -> None:
    referral_id = agreed(handed)
    reply = asked(handed, means(referral_id, sealed_to=ANOTHERS))
    assert (reply.refusal, reply.field) == (Refusal.INVALID_FIELD, "sealed_to")
    assert applied(handed, sealing_key=ANOTHERS).status is ReplyStatus.DONE  # it changed its key
    assert asked(handed, means(referral_id)).refusal is Refusal.INVALID_FIELD


def test_means_are_kept_for_nobody_elses_contact(handed: ServiceUnderTest) -> None:
    reply = handed.ask(means(agreed(handed)), "listener-9", Role.LISTENER)
    assert reply.refusal is Refusal.NOT_YOURS


def test_yes_to_means_that_were_never_given_sends_the_rest(handed: ServiceUnderTest) -> None:
    asked(handed, SendReferral(referral_id=agreed(handed)))
    (told,) = handed.announced(PartnerReferralSent)
    assert told.contact_means is None
    (ours,) = handed.announced(ReferralSent)
    assert ours.carried == {ReferralField.NEED}


def test_means_of_what_is_closed_unsent_are_gone(handed: ServiceUnderTest) -> None:
    referral_id = agreed(handed)
    asked(handed, means(referral_id))
    why = ReferralClosing.PERSON_REFUSED
    asked(handed, CloseReferral(referral_id=referral_id, why=why))
    assert in_the_tables(handed, "contact_means") == [None]


# --- taken back -----------------------------------------------------------------------------------


def code_of(reply: Reply) -> WithdrawalCode:
    assert reply.result is not None
    return WithdrawalCode(reply.result["withdrawal_code"])


def withdrawn(code: WithdrawalCode) -> ConsentWithdrawn:
    return ConsentWithdrawn(
        programme=ProgrammeId("sos-crise"), code_sha256=hash_of_code(code), withdrawn_at=NOON
    )


def by_the_person(handed: ServiceUnderTest, code: WithdrawalCode) -> None:
    handed.deliver(withdrawn(code))


def by_somebody_of_ours(handed: ServiceUnderTest, code: WithdrawalCode) -> None:
    reply = handed.ask(WithdrawConsent(code=code), "listener-7", Role.LISTENER)
    assert reply.status is ReplyStatus.DONE


@pytest.mark.parametrize(
    ("take_back", "closed_by"),
    [(by_the_person, THE_PERSON), (by_somebody_of_ours, "listener-7")],
)
def test_yes_is_taken_back_by_its_code_once_and_for_all(
    handed: ServiceUnderTest, take_back: Any, closed_by: str
) -> None:
    _, reply = sent(handed)
    for _ in range(2):
        take_back(handed, code_of(reply))

    (closed,) = handed.announced(ReferralClosed)
    assert (closed.why, closed.closed_by) == (ReferralClosing.CONSENT_WITHDRAWN, closed_by)
    (forget,) = handed.announced(PartnerReferralWithdrawn)
    assert forget.why is Withdrawing.CONSENT_WITHDRAWN
    assert ("answer", closed.referral_id) not in handed.deadlines()


def test_it_may_be_taken_back_when_the_partner_has_accepted(handed: ServiceUnderTest) -> None:
    _, reply = sent(handed)
    (told,) = handed.announced(PartnerReferralSent)
    handed.ask_as("aplus", AnswerReferral(reference=told.reference, accepted=True))
    by_the_person(handed, code_of(reply))
    assert len(handed.announced(PartnerReferralWithdrawn)) == 1


@pytest.mark.parametrize("take_back", [by_the_person, by_somebody_of_ours])
def test_it_may_be_taken_back_of_what_was_closed_for_another_reason(
    handed: ServiceUnderTest, take_back: Any
) -> None:
    """The partner has it still, whatever we had written down of it."""
    referral_id, reply = sent(handed)
    closing = CloseReferral(referral_id=referral_id, why=ReferralClosing.TAKEN_UP)
    handed.ask(closing, "supervisor-1", Role.SUPERVISOR)
    assert handed.announced(PartnerReferralWithdrawn) == []
    for _ in range(2):
        take_back(handed, code_of(reply))

    (forget,) = handed.announced(PartnerReferralWithdrawn)
    assert forget.why is Withdrawing.CONSENT_WITHDRAWN
    assert len(handed.announced(ReferralClosed)) == 1


def test_code_of_nothing_is_told_to_who_may_ask_and_changes_nothing(
    handed: ServiceUnderTest,
) -> None:
    _, reply = sent(handed)
    other = next(code for code in iter(new_code, None) if code != code_of(reply))
    refused = handed.ask(WithdrawConsent(code=other), "listener-7", Role.LISTENER)
    assert (refused.refusal, refused.field) == (Refusal.UNKNOWN_REFERRAL, "code")
    by_the_person(handed, other)
    assert handed.announced(ReferralClosed) == []


def test_code_itself_is_not_in_the_tables_of_referrals(handed: ServiceUnderTest) -> None:
    _, reply = sent(handed)
    assert in_the_tables(handed, "withdrawal_sha256") == [hash_of_code(code_of(reply))]
