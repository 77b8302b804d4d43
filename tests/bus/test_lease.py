"""One holder at a time: who has lost the lease can no longer commit, also without knowing it."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from services.bus.lease import Lease
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.transact import LeaseLost, Verdict
from tests.bus.tally import TALLY
from tests.bus.test_transact import NOON, an_opened_contact

#: Machine time; a lease is lost so long after its last renewal.
SHORT = 0.4


@pytest.fixture
def tally(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    alone = replace(TALLY, exclusive=True)
    with service_under_test(alone, fresh_database, tmp_path, NOON) as under_test:
        with under_test.session() as session, session.begin():
            session.execute(under_test.ledger.lease.delete())
        yield under_test


def a_lease(tally: ServiceUnderTest, holder: str, seconds: float = 60) -> Lease:
    return Lease(tally.ledger, tally.lane, holder, seconds)


def test_lease_has_one_holder_until_it_runs_out(tally: ServiceUnderTest) -> None:
    first, second = a_lease(tally, "first", SHORT), a_lease(tally, "second")
    assert first.take_or_renew() == 1
    assert second.take_or_renew() is None
    time.sleep(SHORT)
    assert second.take_or_renew() == 2
    assert first.take_or_renew() is None


def test_renewal_keeps_the_epoch_and_a_late_one_gets_another(tally: ServiceUnderTest) -> None:
    lease = a_lease(tally, "only", SHORT)
    assert [lease.take_or_renew(), lease.take_or_renew()] == [1, 1]
    time.sleep(SHORT)
    assert lease.take_or_renew() == 2, "what was begun before can no longer commit"


def test_lease_says_since_when_its_epoch_is_held(tally: ServiceUnderTest) -> None:
    lease, began = a_lease(tally, "only", SHORT), []
    for pause_seconds in (0, 0, SHORT):
        time.sleep(pause_seconds)
        lease.take_or_renew()
        began.append(
            tally.read(lambda s: s.execute(select(tally.ledger.lease.c.since)).scalar_one())
        )
    assert began[0] == began[1], "a renewal is no beginning"
    assert began[1] < began[2]


def test_lease_given_up_is_free_at_once(tally: ServiceUnderTest) -> None:
    first = a_lease(tally, "first")
    first.take_or_renew()
    first.give_up()
    assert a_lease(tally, "second").take_or_renew() == 2


def test_stopped_holder_that_wakes_up_cannot_commit(tally: ServiceUnderTest) -> None:
    tally.transactions.epoch = a_lease(tally, "stopped", SHORT).take_or_renew()
    opened = an_opened_contact()
    time.sleep(SHORT)  # as after SIGSTOP: it renews nothing and notices nothing
    successor = a_lease(tally, "successor").take_or_renew()
    with pytest.raises(LeaseLost):
        tally.deliver(opened)
    tally.transactions.epoch = successor
    assert tally.deliver(opened).verdict is Verdict.HANDLED
