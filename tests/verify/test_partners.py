"""I27 and I29 catch what a partner must not read, and a referral nobody knows of."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.envelope import Event
from contracts.partner import PartnerReferralSent
from contracts.referral import ReferralSent, ReferralUndelivered
from contracts.vocabulary import Departement, PartnerId, RelayId, SealedBox
from deploy.verify.history import History
from deploy.verify.machines import check_i04
from deploy.verify.partners import check_i27, check_i29
from tests.verify.a_run import ARun
from tests.verify.plants import fact_of, message_said_otherwise, unsaid


def a_referral(*, undelivered_after: timedelta | None = None) -> History:
    """Sent, and its partner told of it."""
    run = ARun()
    run.line()
    run.refers("ana")
    sent = next(fact.event for fact in run.facts if isinstance(fact.event, ReferralSent))
    if undelivered_after is not None:
        about = {name: getattr(sent, name) for name in ("referral_id", "contact_id", "programme")}
        at = sent.sent_at + undelivered_after
        undelivered = ReferralUndelivered(**about, relay_id=sent.relay_id, undelivered_at=at)
        run.work("referral", undelivered)
    return run.history()


def later(history: History, wait: timedelta) -> History:
    """The same, read so much later."""
    clock = replace(history.clock, domain=history.clock.domain + wait)
    return replace(history, clock=clock)


def received(history: History) -> History:
    told = fact_of(history, lambda event: isinstance(event, PartnerReferralSent))
    return replace(history, received=frozenset({told.id}))


def without(kind: type[Event], history: History) -> History:
    return unsaid(history, fact_of(history, lambda event: isinstance(event, kind)))


def found(history: History) -> list[str]:
    return [each.what for check in (check_i27, check_i29) for each in check(history).violations]


HOUR = timedelta(hours=1)


def test_a_referral_its_partner_has_is_sound() -> None:
    history = later(received(a_referral()), HOUR)
    assert (check_i27(history).count, check_i29(history).count, found(history)) == (1, 1, [])
    assert check_i04(history).violations == ()


def test_one_that_was_told_to_people_in_time_is_sound() -> None:
    history = a_referral(undelivered_after=timedelta(minutes=15))
    assert found(later(history, HOUR)) == []
    assert check_i04(history).violations == ()


def test_one_that_was_sent_a_moment_ago_is_awaited() -> None:
    assert found(later(a_referral(), timedelta(minutes=15))) == []


PLANTED: dict[str, tuple[Callable[[], History], list[str]]] = {
    "nobody has it": (lambda: later(a_referral(), HOUR), ["nobody knows of it"]),
    "people were told late": (
        lambda: a_referral(undelivered_after=timedelta(minutes=17)),
        ["told to people too late"],
    ),
    "it is told to another": (
        lambda: message_said_otherwise(
            a_referral(), PartnerReferralSent, partner=PartnerId("bonde")
        ),
        ["stands where another partner reads"],
    ),
    "it tells more": (
        lambda: message_said_otherwise(
            a_referral(), PartnerReferralSent, departement=Departement("13")
        ),
        ["tells another thing than was sent"],
    ),
    "it tells what nobody spoke of": (
        lambda: message_said_otherwise(
            a_referral(), PartnerReferralSent, contact_means=SealedBox("A" * 100)
        ),
        ["tells another thing than was sent"],
    ),
    "another relay's": (
        lambda: message_said_otherwise(
            a_referral(), PartnerReferralSent, relay_id=RelayId("fr-119")
        ),
        ["of another relay's referral"],
    ),
    "of nothing that was sent": (
        lambda: without(ReferralSent, a_referral()),
        ["of no referral that was sent"],
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_is_seen(name: str) -> None:
    plant, expected = PLANTED[name]
    assert found(plant()) == expected
