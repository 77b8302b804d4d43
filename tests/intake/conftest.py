"""Intake on a real Postgres, a weekday at noon in Paris, with one line in force."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.bus.testing import ServiceUnderTest, service_under_test
from services.intake.app import SERVICE

#: A Monday in November: noon in Paris.
NOON = datetime(2020, 11, 2, 11, 0, tzinfo=UTC)


@pytest.fixture
def intake(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    """Intake before any line was applied."""
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test
