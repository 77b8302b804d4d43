"""What a search of a large directory looks at: the surest of each need at each place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contracts.envelope import ReplyStatus
from contracts.referral import VerifyRelay
from contracts.vocabulary import Need, RelayId, Role
from services.bus.testing import ServiceUnderTest, service_under_test
from services.referral.app import SERVICE
from services.referral.directory import entries
from services.referral.directory.served import MOST_SERVING, RELEASE
from tests.referral.lists import row, taken
from tests.triage.builders import NOON

MANY = MOST_SERVING + 5
DAY = date(2026, 1, 14)


@pytest.fixture
def referral(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


def seen(it: ServiceUnderTest, *needs: Need, departement: str | None = "75") -> set[str]:
    """Slugs of what a search for these needs looks at."""
    part = it.read(lambda session: entries.serving(session, needs, "FR", departement, DAY))
    return {relay.slug for relay in part.relays}


def near(slug: str, *departements: str, **changed: Any) -> dict[str, Any]:
    made = row(slug, **changed)
    made["service_areas"][0]["x_departements"] = list(departements)
    return made


def test_a_need_that_everybody_serves_takes_no_room_from_another(
    referral: ServiceUnderTest,
) -> None:
    papers = [near(f"fr-a-{each}", "75", needs=["demarches"]) for each in range(MANY)]
    taken(referral, [*papers, near("fr-z", "75", needs=["violences_conjugales"])])
    found = seen(referral, Need.DEMARCHES, Need.VIOLENCES_CONJUGALES)
    assert "fr-z" in found
    assert len(found) == MOST_SERVING + 1


def test_a_place_takes_no_room_from_the_country_nor_from_another_place(
    referral: ServiceUnderTest,
) -> None:
    here = [near(f"fr-a-{each}", "75") for each in range(MANY)]
    taken(referral, [*here, near("fr-y", "69", "75"), row("fr-z")])
    assert "fr-z" in seen(referral, Need.CRISE_SUICIDAIRE)
    assert seen(referral, Need.CRISE_SUICIDAIRE, departement="69") == {"fr-y", "fr-z"}
    assert seen(referral, Need.CRISE_SUICIDAIRE, departement=None) == {"fr-z"}


def test_what_comes_with_a_release_goes_before_lists_of_others(
    referral: ServiceUnderTest,
) -> None:
    taken(referral, [row(f"fr-a-{each}") for each in range(MANY)], "inclusion")
    taken(referral, [row("fr-z", confidence="low")], RELEASE)
    assert "fr-z" in seen(referral, Need.CRISE_SUICIDAIRE)


def test_what_somebody_checked_goes_first_until_it_is_taken_back(
    referral: ServiceUnderTest,
) -> None:
    taken(referral, [row(f"fr-a-{each:02}") for each in range(MANY)])
    last = f"fr-a-{MANY - 1}"
    assert last not in seen(referral, Need.CRISE_SUICIDAIRE)
    for verified in (True, False):
        wish = VerifyRelay(relay_id=RelayId(last), verified=verified)
        said = referral.ask(wish, "coordinator-1", Role.COORDINATOR)
        assert said.status is ReplyStatus.DONE
        assert (last in seen(referral, Need.CRISE_SUICIDAIRE)) is verified


def test_what_is_over_takes_no_room(referral: ServiceUnderTest) -> None:
    over = [row(f"fr-a-{each}", valid_to="2026-01-12") for each in range(MANY)]
    taken(referral, [*over, row("fr-y", valid_to="2026-01-14"), row("fr-z")])
    assert seen(referral, Need.CRISE_SUICIDAIRE) == {"fr-y", "fr-z"}


def test_what_is_closed_is_not_looked_at(referral: ServiceUnderTest) -> None:
    taken(referral, [row("fr-a"), row("fr-b")])
    taken(referral, [row("fr-b"), row("fr-c", status="inactive")])
    assert seen(referral, Need.CRISE_SUICIDAIRE) == {"fr-b"}
