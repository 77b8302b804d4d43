"""A console on a database of its own, at noon, with one line and one regulator and listener."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contracts.vocabulary import Role
from services.bus.capability import KEY_FILE, KEYS_DIR
from services.bus.testing import ServiceUnderTest, service_under_test
from services.console.app import SERVICE
from tests.console.facts import LISTENER, NOON, REGULATOR, established, published
from tests.console.regulating import Visiting, visits_of
from tests.console.scripted_door import ScriptedDoor


@contextmanager
def a_console(database: str, folder: Path) -> Iterator[ServiceUnderTest]:
    """The console's table, told of the line and its two people."""
    with service_under_test(SERVICE, database, folder, NOON) as under_test:
        under_test.deliver(published())
        under_test.deliver(established(REGULATOR, Role.REGULATOR))
        under_test.deliver(established(LISTENER, Role.LISTENER))
        yield under_test


@pytest.fixture
def console(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    """One for a test."""
    with a_console(fresh_database, tmp_path) as under_test:
        yield under_test


@pytest.fixture
def door(
    console: ServiceUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ScriptedDoor:
    """Its door, with the key it signs with for other services' doors."""
    (tmp_path / KEY_FILE).write_text("17" * 32)
    monkeypatch.setenv(KEYS_DIR, str(tmp_path))
    return ScriptedDoor(console)


@pytest.fixture
def visiting(door: ScriptedDoor) -> Iterator[Visiting]:
    """Runs a visit at a regulator's desk."""
    with visits_of(door) as visiting:
        yield visiting
