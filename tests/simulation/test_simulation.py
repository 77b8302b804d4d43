"""Two hundred seeds, each another order of the same work; `just simulate` plays more."""

from collections import Counter
from collections.abc import Iterator

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from tests.simulation.covered import unseen
from tests.simulation.ground import a_house
from tests.simulation.house import House
from tests.simulation.run import run

pytestmark = pytest.mark.slow

_SEEDS = 200
_AT_A_TIME = 20


@pytest.fixture(scope="module")
def house(
    postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The house to play in."""
    with a_house(postgres_server, tmp_path_factory.mktemp("keys")) as house:
        yield house


@pytest.fixture(scope="module")
def covered() -> Counter[str]:
    """What has happened in the seeds so far."""
    return Counter()


@pytest.mark.parametrize("first", range(0, _SEEDS, _AT_A_TIME))
def test_every_promise_holds_in_any_order(house: House, covered: Counter[str], first: int) -> None:
    broken = {}
    for seed in range(first, first + _AT_A_TIME):
        outcome = run(seed, house)
        assert outcome.contacts > 0
        covered += outcome.covered + Counter(seeds=1)
        if outcome.violated:
            broken[seed] = [str(each) for each in outcome.findings]
    assert not broken


def test_every_kind_of_thing_has_happened(covered: Counter[str]) -> None:
    if covered["seeds"] < _SEEDS:
        pytest.skip("the seeds were not all played")
    assert not unseen(covered)


def test_a_seed_plays_the_same_again(house: House) -> None:
    once, _, again = (run(seed, house) for seed in (7, 8, 7))
    assert once.told == again.told
