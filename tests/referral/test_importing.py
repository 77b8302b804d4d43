"""A list of relays, taken into the database: row by row, and found again by a search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from bench.directory import a_question
from bench.inclusion import services
from contracts.envelope import ReplyStatus
from contracts.referral import ObserveRelay, VerifyRelay
from contracts.vocabulary import Need, RelayId, Role
from services.bus.testing import ServiceUnderTest, service_under_test
from services.referral.app import SERVICE
from services.referral.directory import entries
from services.referral.directory.committed import read_directory, read_zones
from services.referral.directory.search import looked_up, search
from services.referral.lists.inclusion import Inclusion
from tests.referral.lists import DEPARTEMENTS, LATER, ROWS, active, counts, exported, row, taken
from tests.triage.builders import NOON


@pytest.fixture
def referral(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


def test_same_list_again_changes_nothing(referral: ServiceUnderTest) -> None:
    assert counts(taken(referral, ROWS)) == (len(ROWS), 0, 0, 0)
    assert counts(taken(referral, ROWS)) == (0, 0, len(ROWS), 0)


def test_a_bad_row_is_named_and_the_rest_is_kept_with_what_it_was_before(
    referral: ServiceUnderTest,
) -> None:
    taken(referral, [row("fr-a"), row("fr-b")])
    bad = row("fr-a", needs=["nothing-of-the-kind"])
    imported = taken(referral, [bad, row("fr-b", anonymous=None), row("fr-c"), "no row"])
    assert counts(imported) == (1, 1, 0, 0)
    assert [(flaw.row, flaw.field) for flaw in imported.flaws] == [
        ("fr-a", "x_relay.needs.0"),
        ("services[3]", "row"),
    ]
    assert active(referral) == {"fr-a", "fr-b", "fr-c"}


def test_nothing_is_closed_where_a_row_does_not_say_which_relay_it_is(
    referral: ServiceUnderTest,
) -> None:
    taken(referral, [row("fr-a"), row("fr-b")])
    cut = taken(referral, [row("fr-a"), b'{"id": "fr-'])
    assert (counts(cut), cut.kept_open) == ((0, 0, 1, 0), True)
    assert active(referral) == {"fr-a", "fr-b"}


#: What Postgres, JSON or a clock cannot hold, and the field that is named.
UNKEEPABLE: dict[str, tuple[dict[str, object], str]] = {
    "a character of no text": ({"notes": "a\0b"}, "row"),
    "half a character": ({"notes": "a\ud800b"}, "row"),
    "a number beyond measure": ({"notes": 10**30}, "row"),
    "year 1": ({"verified_at": "0001-01-01T00:00:00+14:00"}, "x_relay.verified_at"),
    "year 9999": ({"verified_at": "9999-12-31T23:59:59-12:00"}, "x_relay.verified_at"),
    "a need twice": ({"needs": ["crise_suicidaire"] * 31}, "x_relay.needs"),
}


@pytest.mark.parametrize("name", UNKEEPABLE)
def test_a_row_that_cannot_be_kept_costs_itself_alone(
    referral: ServiceUnderTest, name: str
) -> None:
    changed, field = UNKEEPABLE[name]
    imported = taken(referral, [row("fr-a"), row("fr-b", **changed), row("fr-c")])
    assert (counts(imported), [each.field for each in imported.flaws]) == ((2, 0, 0, 0), [field])
    assert active(referral) == {"fr-a", "fr-c"}


def test_what_a_whole_list_no_longer_has_is_closed_and_not_forgotten(
    referral: ServiceUnderTest,
) -> None:
    taken(referral, [row("fr-a"), row("fr-b")])
    assert counts(taken(referral, [row("fr-b")], whole=False)) == (0, 0, 1, 0)
    assert active(referral) == {"fr-a", "fr-b"}
    assert counts(taken(referral, [row("fr-b")])) == (0, 0, 1, 1)
    assert active(referral) == {"fr-b"}
    assert referral.read(lambda session: entries.one(session, RelayId("fr-a"))) is not None
    assert counts(taken(referral, [row("fr-a"), row("fr-b")])) == (0, 1, 1, 0)
    assert active(referral) == {"fr-a", "fr-b"}


def test_a_relay_stays_with_the_source_that_brought_it(referral: ServiceUnderTest) -> None:
    taken(referral, [row("fr-a")], "one")
    imported = taken(referral, [row("fr-a", anonymous=None), row("fr-b")], "another")
    assert (counts(imported), imported.told_too, imported.flaws) == ((1, 0, 0, 0), 1, ())
    assert active(referral) == {"fr-a", "fr-b"}
    kept = referral.read(lambda session: entries.one(session, RelayId("fr-a")))
    assert kept is not None
    assert kept.anonymous is False
    assert counts(taken(referral, [], "one")) == (0, 0, 0, 1)
    assert active(referral) == {"fr-b"}


def test_a_closed_relay_is_served_by_the_one_at_the_end_of_its_chain(
    referral: ServiceUnderTest,
) -> None:
    new = row("fr-new", needs=["deuil"])
    middle = row("fr-middle", status="defunct", needs=["solitude"], replaced_by="fr-new")
    old = row("fr-old", status="defunct", needs=["crise_suicidaire"], replaced_by="fr-middle")
    lost = row("fr-lost", replaced_by="fr-nobody")
    imported = taken(referral, [old, middle, new, lost])
    assert [(flaw.row, flaw.why) for flaw in imported.flaws] == [
        ("fr-lost", "no row is 'fr-nobody'")
    ]
    assert active(referral, Need.SOLITUDE) == {"fr-new"}
    assert active(referral) == {"fr-new", "fr-lost"}
    taken(referral, [row("fr-old"), middle, new])
    assert active(referral) == {"fr-old"}, "it works again, and is served by itself"


def test_what_its_source_no_longer_has_is_proposed_to_nobody_by_its_name(
    referral: ServiceUnderTest,
) -> None:
    taken(referral, [row("fr-a"), row("fr-b")])
    taken(referral, [row("fr-b")])
    gone = referral.read(lambda session: entries.one(session, RelayId("fr-a")))
    assert gone is not None
    assert not gone.exists_on(LATER.date())


def test_a_row_that_is_none_of_hsds_is_named_by_its_field(referral: ServiceUnderTest) -> None:
    no_id, null, phone = (row(slug) for slug in ("fr-a", "fr-b", "fr-c"))
    no_id["id"] = "one of ours"
    null["url"] = None
    del phone["phones"][0]["number"]
    imported = taken(referral, [no_id, null, phone, row("fr-d")])
    assert [(flaw.row, flaw.field, flaw.why[:15]) for flaw in imported.flaws] == [
        ("fr-a", "id", "String should m"),
        ("fr-b", "url", "Input should be"),
        ("fr-c", "phones.0.number", "Field required"),
    ]
    assert active(referral) == {"fr-d"}


def test_a_list_of_data_inclusion_is_taken_like_any_other(referral: ServiceUnderTest) -> None:
    zones = read_zones()
    listed = services(200, sorted(zones), Random(3))
    for row_of_work in listed[:20]:
        row_of_work["thematiques"] = ["trouver-un-emploi--maintien-dans-lemploi"]
    listed[30]["nom"] = "x"
    reader = Inclusion({}, zones).read
    heard: list[int] = []
    imported = taken(referral, iter(listed), "inclusion", read=reader, tell=heard.append)
    assert counts(imported) == (179, 0, 0, 0)
    assert imported.skipped == 20
    assert [str(flaw) for flaw in imported.flaws] == [
        "services[30] (bench--service-30): nom: String should have at least 3 characters"
    ]
    assert heard == [200]
    assert counts(taken(referral, listed[:100], "inclusion", read=reader)) == (0, 0, 79, 100)


# --- and written out again ------------------------------------------------------------------------


def test_what_is_kept_is_written_as_it_came_and_taken_again(referral: ServiceUnderTest) -> None:
    taken(referral, ROWS)
    rows = exported(referral)
    assert rows == sorted(ROWS, key=lambda each: each["x_relay"]["slug"])
    assert counts(taken(referral, rows)) == (0, 0, len(ROWS), 0)


def test_what_people_found_out_and_what_is_closed_is_written_too(
    referral: ServiceUnderTest,
) -> None:
    taken(referral, [row("fr-a"), row("fr-b")], "one")
    taken(referral, [row("fr-c")], "another")
    taken(referral, [row("fr-a")], "one")

    for wish in (
        VerifyRelay(relay_id=RelayId("fr-a"), verified=True),
        ObserveRelay(relay_id=RelayId("fr-a"), saturated=True, lifetime_minutes=60),
    ):
        said = referral.ask(wish, "coordinator-1", Role.COORDINATOR)
        assert said.status is ReplyStatus.DONE
    checked, closed, other = exported(referral)
    assert checked["assured_date"] == NOON.date().isoformat()
    assert checked["x_relay"]["verified_at"] == NOON.isoformat()
    assert checked["x_relay"]["saturation"] == {
        "saturated": True,
        "observed_at": NOON.isoformat(),
        "lifetime_minutes": 60,
    }
    assert "coordinator-1" not in json.dumps(checked), "who checked it is nobody else's"
    assert (closed["x_relay"]["slug"], closed["status"]) == ("fr-b", "inactive")
    assert other == row("fr-c")
    assert exported(referral, "another") == [other]


def test_a_search_of_what_is_kept_finds_what_a_search_of_the_whole_file_finds(
    referral: ServiceUnderTest,
) -> None:
    taken(referral, ROWS)
    whole, dice, places = read_directory(), Random(11), sorted(DEPARTEMENTS)
    for _ in range(300):
        question = a_question(dice, places)
        part = referral.read(
            lambda session, asked=question: entries.serving(  # type: ignore[misc]
                session, looked_up(asked), asked.country, asked.departement
            )
        )
        assert search(part, question) == search(whole, question)
