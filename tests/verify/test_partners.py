"""I27, I29 and I30 catch what a partner must not read, what nobody knows of, and a bad post."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.envelope import Event
from contracts.partner import PartnerReferralSent
from contracts.referral import ReferralSent, ReferralUndelivered
from contracts.vocabulary import Departement, PartnerId, RelayId, SealedBox
from deploy.verify.history import AttemptStanding, Handled, History, OrderStanding
from deploy.verify.machines import check_i04
from deploy.verify.partners import check_i27, check_i29, check_i30
from services.bus.work import derived_id
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
    "it is somebody's, in a sandbox": (
        lambda: message_said_otherwise(
            a_referral(), PartnerReferralSent, partner=PartnerId("sandbox-aplus")
        ),
        ["stands where another partner reads", "somebody's, in a sandbox"],
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


# --- posted by webhook ----------------------------------------------------------------------------


def posted(history: History | None = None, **said: Any) -> History:
    """A referral was posted to its partner, twice: the first time nobody answered."""
    history = history or received(a_referral())
    event = fact_of(history, lambda event: isinstance(event, PartnerReferralSent))
    assert isinstance(event.event, PartnerReferralSent)
    order = OrderStanding(event.id, event.event.partner, event.event.sent_at, 2)
    at = history.clock.machine
    first = AttemptStanding(event.id, 1, "5xx", at - timedelta(minutes=9), (1,), "public")
    second = AttemptStanding(event.id, 2, "2xx", at, (1, 2), "public")
    keepings = tuple(
        Handled("referral", derived_id("webhook", event.id, str(each.number)), "command", "webhook",
                late=False, handled_at=at - timedelta(minutes=9 * (2 - each.number)), txid=0)
        for each in (first, second)
    )  # fmt: skip
    attempts = (first, replace(second, **said))
    handled = (*history.handled, *keepings)
    return replace(history, orders=(order,), attempts=attempts, handled=handled)


def test_a_post_that_was_signed_anew_and_left_to_the_public_is_sound() -> None:
    for history in (posted(), posted(answer="not_public", dialled=None)):
        checked = check_i30(history)
        assert (checked.count, checked.violations, checked.not_checked) == (2, (), None)
        assert found(history) == []


def so_much_earlier(history: History, by: timedelta) -> History:
    attempts = (*history.attempts[:-1], replace(history.attempts[-1], signed_at=NOW - by))
    return replace(history, attempts=attempts)


NOW = a_referral().clock.machine
POSTED: dict[str, tuple[Callable[[], History], list[str]]] = {
    "unsigned": (lambda: posted(secrets=()), ["posted without a signature"]),
    "inside": (
        lambda: posted(dialled="inside"),
        ["an address that is not public was dialled"],
    ),
    "from nowhere": (lambda: posted(dialled=None), ["answered by nobody knows whom"]),
    "old": (
        lambda: so_much_earlier(posted(), timedelta(minutes=6)),
        ["signed at a moment a receiver must refuse"],
    ),
    "ahead": (
        lambda: so_much_earlier(posted(), timedelta(minutes=-6)),
        ["signed at a moment a receiver must refuse"],
    ),
    "the first's signature once more": (
        lambda: so_much_earlier(posted(), timedelta(minutes=10)),
        [
            "signed at a moment a receiver must refuse",
            "signed at an older moment than the attempt before",
        ],
    ),
}


@pytest.mark.parametrize("name", POSTED)
def test_a_planted_post_is_seen(name: str) -> None:
    plant, expected = POSTED[name]
    assert [each.what for each in check_i30(plant()).violations] == expected


def test_what_cannot_be_judged_is_said() -> None:
    assert check_i30(posted(signed_at=None)).not_checked == "1 attempts of which nothing was kept"
    lost = posted()
    lost = replace(lost, orders=(replace(lost.orders[0], attempts=3),))
    assert check_i30(lost).not_checked == "1 attempts of which nothing was kept"
    here = check_i30(posted(dialled="here"))
    assert here.not_checked == "1 posts to this machine, which development allows"
    assert here.violations == ()


def test_a_post_to_another_partner_is_seen() -> None:
    history = posted()
    other = replace(history.orders[0], partner="bonde")
    assert found(replace(history, orders=(other,))) == ["posted to another partner"]
    nothing = replace(history.orders[0], event_id="nothing")
    assert found(replace(history, orders=(nothing,))) == ["posted, and nothing a partner is told"]
