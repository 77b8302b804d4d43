"""Three hundred seeds, each another order of the same work; `just simulate` plays more."""

from collections.abc import Iterator

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from tests.simulation.ground import Ground
from tests.simulation.run import run

pytestmark = pytest.mark.slow

_SEEDS = 300
_AT_A_TIME = 20


@pytest.fixture(scope="module")
def ground(
    postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """Databases to play on."""
    ground = Ground(postgres_server, tmp_path_factory.mktemp("keys"))
    yield ground
    ground.close()


@pytest.mark.parametrize("first", range(0, _SEEDS, _AT_A_TIME))
def test_every_promise_holds_in_any_order(ground: Ground, first: int) -> None:
    broken = {}
    for seed in range(first, first + _AT_A_TIME):
        with ground.database(f"seed_{seed}") as dsn:
            outcome = run(seed, dsn, ground.keys)
        assert outcome.contacts > 0
        if outcome.violated:
            broken[seed] = [str(each) for each in outcome.findings]
    assert not broken


def test_a_seed_plays_the_same_again(ground: Ground) -> None:
    played = []
    for name in ("once", "again"):
        with ground.database(name) as dsn:
            played.append(run(7, dsn, ground.keys))
    assert played[0].told == played[1].told
