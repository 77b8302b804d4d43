"""I28 catches a referral that tells what nobody said yes to; I04 and I02 know its machine."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from contracts.partner import PartnerReferralWithdrawn
from contracts.referral import ReferralClosed, ReferralConsented, ReferralSent
from contracts.vocabulary import (
    ConsentGivenBy,
    ContactId,
    PartnerId,
    ReferralClosing,
    ReferralField,
    ReferralId,
    RelayId,
    Withdrawing,
)
from contracts.withdrawal import THE_PERSON
from deploy.verify.history import History
from deploy.verify.machines import check_i04
from deploy.verify.referrals import check_i28
from tests.verify.a_run import ARun
from tests.verify.plants import fact_of, said_otherwise, unsaid
from tests.verify.recorder import an_id

REFERRAL = ReferralId(an_id("referral"))
CONTACT = ContactId(an_id("contact"))
RELAY = RelayId("fr-3114")


def a_referral() -> History:
    """Proposed, consented to need, urgency and département, and sent."""
    run = ARun()
    run.line()
    run.refers("ana")
    return run.history()


def taken_back(*, forgotten: bool) -> History:
    """Sent, and the person took their yes back."""
    run = ARun()
    run.line()
    run.refers("ana")
    sent = next(fact.event for fact in run.facts if isinstance(fact.event, ReferralSent))
    about = {name: getattr(sent, name) for name in ("referral_id", "contact_id", "programme")}
    why = ReferralClosing.CONSENT_WITHDRAWN
    at, relay = sent.sent_at + timedelta(hours=1), sent.relay_id
    run.work(
        "referral",
        ReferralClosed(**about, relay_id=relay, why=why, closed_by=THE_PERSON, closed_at=at),
    )
    if forgotten:
        run.work(
            "referral",
            PartnerReferralWithdrawn(
                partner=PartnerId("aplus"),
                programme=sent.programme,
                reference=sent.partner_reference,
                why=Withdrawing.CONSENT_WITHDRAWN,
                withdrawn_at=at,
            ),
        )
    return run.history()


def test_yes_that_was_taken_back_is_told_to_whoever_was_told() -> None:
    assert check_i28(taken_back(forgotten=True)).violations == ()
    (found,) = check_i28(taken_back(forgotten=False)).violations
    assert found.what == "a yes taken back, unknown to who was told"


def without_consent(history: History) -> History:
    return unsaid(history, fact_of(history, lambda event: isinstance(event, ReferralConsented)))


PLANTED: dict[str, tuple[Callable[[History], History], list[str]]] = {
    "no consent": (without_consent, ["sent without consent"]),
    "a field nobody spoke of": (
        lambda history: said_otherwise(
            history, ReferralConsented, scope=(ReferralField.NEED, ReferralField.URGENCY)
        ),
        ["told more than was consented to"],
    ),
    "another relay": (
        lambda history: said_otherwise(history, ReferralSent, relay_id=RelayId("fr-3919")),
        ["consent was to another relay"],
    ),
    "a minor on their own word": (
        lambda history: said_otherwise(history, ReferralConsented, given_by=ConsentGivenBy.PERSON),
        ["a minor's without a professional"],
    ),
    "anonymity left unsaid": (
        lambda history: said_otherwise(history, ReferralConsented, anonymity_said=False),
        ["anonymity was not said"],
    ),
}


def test_a_sound_referral_is_a_word_and_carries_what_was_consented_to() -> None:
    history = a_referral()
    checked = check_i28(history)
    assert (checked.count, checked.violations) == (1, ())
    assert check_i04(history).violations == ()


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_is_seen(name: str) -> None:
    plant, expected = PLANTED[name]
    assert [each.what for each in check_i28(plant(a_referral())).violations] == expected


def test_a_referral_sent_before_its_consent_is_no_word_of_its_machine() -> None:
    history = without_consent(a_referral())
    assert check_i04(history).violations
