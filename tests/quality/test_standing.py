"""What a line counts is there at 0 before anybody calls, and says nothing of who has gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from contracts.synthetic import RESERVED
from contracts.vocabulary import Channel, ProgrammeId, Stage
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.work import new_id
from services.quality import metrics
from services.quality.app import SERVICE
from services.quality.facts import ContactFacts
from services.quality.standing import expect_callers
from services.quality.store import TargetRow
from tests.quality.builders import NOON


@pytest.fixture
def quality(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


def shown(name: str, programme: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(
        f"helpline_quality_{name}_total", {"programme": programme, **labels}
    )


def a_target(programme: str, version: int) -> TargetRow:
    return TargetRow(
        programme=programme,
        programme_version=version,
        answer_target_seconds=20,
        first_reading_minutes=60,
        answered_within_hours=48,
    )


def test_a_line_counts_from_none_so_that_the_first_caller_is_seen(
    quality: ServiceUnderTest,
) -> None:
    line = f"quiet-{new_id()}"
    with quality.session() as session, session.begin():
        session.add_all((a_target(line, 1), a_target(line, 2), a_target(RESERVED, 1)))
    assert shown("opened", line) is None
    quality.read(expect_callers)
    for name in ("opened", "answered", "answered_in_target", "rests_given", "busy_seconds"):
        assert shown(name, line) == 0
    for stage in Stage:
        assert shown("abandoned", line, stage=stage.value) == 0
    assert shown("opened", RESERVED) is None


def test_who_wrote_a_message_is_not_among_callers_who_were_answered_or_not() -> None:
    line = ProgrammeId(f"written-{new_id()}")
    nothing = ContactFacts(line)
    for channel in (Channel.MESSAGE, Channel.CHAT):
        opened = ContactFacts(line, opened_at=NOON, channel=channel)
        metrics.record_learnt(nothing, opened, in_target=False)
    assert shown("opened", line) == 1
