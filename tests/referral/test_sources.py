"""Two sources tell of the same relay, or of the same number: where they differ is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.referral import FindRelays
from contracts.vocabulary import Need, RelayId, Role
from services.bus.testing import ServiceUnderTest, service_under_test
from services.referral.app import SERVICE
from services.referral.directory import entries
from tests.referral.lists import active, counts, exported, row, taken
from tests.triage.builders import NOON

NUMBER = "+33199001234"


@pytest.fixture
def referral(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


def line(slug: str, number: str = NUMBER, **changed: Any) -> dict[str, Any]:
    """A row whose sources agree with themselves, at a number."""
    made = row(slug, **{"conflicts": [], "anonymous": None} | changed)
    made["phones"][0]["number"] = number
    return made


def hours(made: dict[str, Any], opens: str, closes: str, channel: str = "phone") -> dict[str, Any]:
    made["x_relay"]["always_open"] = False
    made["schedules"] = [
        made["schedules"][0] | {"opens_at": opens, "closes_at": closes, "x_channel": channel}
    ]
    return made


def differing(it: ServiceUnderTest, slug: str) -> tuple[str, ...]:
    known = it.read(lambda session: entries.one(session, RelayId(slug)))
    assert known is not None
    return known.conflicts


WEEK = "MO,TU,WE,TH,FR,SA,SU"


def test_one_number_with_other_hours_is_a_conflict_of_both(referral: ServiceUnderTest) -> None:
    taken(referral, [hours(line("fr-a"), "09:00", "18:00")], "one")
    taken(referral, [hours(line("fr-b", "+33 1 99 00 12 34"), "10:00", "18:00")], "another")
    assert differing(referral, "fr-a") == (f"another: hours (phone) {WEEK} 10:00-18:00",)
    assert differing(referral, "fr-b") == (f"one: hours (phone) {WEEK} 09:00-18:00",)


def test_one_relay_told_by_two_is_kept_as_the_first_tells_it_and_differs(
    referral: ServiceUnderTest,
) -> None:
    taken(referral, [line("fr-a", anonymous=True)], "one")
    taken(referral, [line("fr-a", "+33199009999", anonymous=False)], "another")
    assert differing(referral, "fr-a") == ("another: anonymous no",)
    assert exported(referral)[0]["x_relay"]["conflicts"] == ["another: anonymous no"]
    taken(referral, [], "another")
    assert differing(referral, "fr-a") == ()


def test_a_number_that_works_here_and_is_dead_there_is_a_conflict(
    referral: ServiceUnderTest,
) -> None:
    taken(referral, [line("fr-a")], "one")
    taken(referral, [line("fr-b", status="defunct")], "another")
    assert differing(referral, "fr-a") == ("another: status defunct",)
    found = referral.ask(
        FindRelays(needs=(Need.CRISE_SUICIDAIRE,)), "regulator-1", Role.REGULATOR
    ).result
    assert found is not None
    assert [each["relay_id"] for each in found["now"]] == ["fr-a"]
    assert "sources-differ" in found["now"][0]["against"]


AGREE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the same": (line("fr-a"), line("fr-b")),
    "another number": (
        hours(line("fr-a"), "09:00", "18:00"),
        hours(line("fr-b", "+33199009999"), "10:00", "18:00"),
    ),
    "doors and telephone": (
        hours(line("fr-a"), "09:00", "18:00"),
        hours(line("fr-b"), "10:00", "18:00", "in_person"),
    ),
    "one says and the other does not": (line("fr-a", anonymous=True), line("fr-b")),
}


@pytest.mark.parametrize("name", AGREE)
def test_what_both_do_not_tell_differently_is_no_conflict(
    referral: ServiceUnderTest, name: str
) -> None:
    one, another = AGREE[name]
    taken(referral, [one], "one")
    taken(referral, [another], "another")
    assert (differing(referral, "fr-a"), differing(referral, "fr-b")) == ((), ())


def test_services_of_one_source_at_one_number_are_no_conflict(referral: ServiceUnderTest) -> None:
    rows = [hours(line("fr-a"), "09:00", "18:00"), hours(line("fr-b"), "10:00", "18:00")]
    taken(referral, rows, "one")
    assert differing(referral, "fr-a") == ()


def test_a_conflict_is_over_when_they_agree_or_one_is_gone(referral: ServiceUnderTest) -> None:
    taken(referral, [hours(line("fr-a"), "09:00", "18:00")], "one")
    for settled in ([hours(line("fr-b"), "09:00", "18:00")], []):
        taken(referral, [hours(line("fr-b"), "10:00", "18:00")], "another")
        assert differing(referral, "fr-a") != ()
        taken(referral, settled, "another")
        assert differing(referral, "fr-a") == ()


def test_a_relay_its_source_has_no_longer_is_whose_that_still_tells_of_it(
    referral: ServiceUnderTest,
) -> None:
    taken(referral, [line("fr-a", anonymous=True)], "one")
    told = [line("fr-a", anonymous=False)]
    assert taken(referral, told, "another").told_too == 1
    taken(referral, [], "one")
    assert active(referral) == set()
    assert counts(taken(referral, told, "another")) == (0, 1, 0, 0)
    assert active(referral) == {"fr-a"}
    assert differing(referral, "fr-a") == ()
    assert taken(referral, [line("fr-a", anonymous=True)], "one").told_too == 1
    assert differing(referral, "fr-a") == ("one: anonymous yes",)
