"""Both images of this clone, in a store where nothing else is running."""

from collections.abc import Iterator

import pytest

from deploy.images.__main__ import build
from deploy.images.engine import DEFAULT_STORE, Engine, missing
from tests.images.installation import Installation, an_installation
from tests.images.store import emptied, why_not


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """podman with the images built; skips where no container can start, saying why."""
    lacking = missing()
    if lacking is not None:
        pytest.skip(lacking)
    engine = Engine(DEFAULT_STORE)
    with emptied(engine):
        reason = why_not(engine, tmp_path_factory.mktemp("trial"), "--network=host")
        if reason is not None:
            pytest.skip(reason)
        build(engine)
        yield engine


@pytest.fixture(scope="module")
def installation(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The ground of the pilot."""
    with an_installation(engine, tmp_path_factory) as it:
        yield it
