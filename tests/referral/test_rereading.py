"""A release that reads entries in another way reads them anew, of every source, from documents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlmodel import Session

from bench.inclusion import services
from contracts.vocabulary import Need, RelayId
from deploy.directory_kept import keep_directory
from services.bus.driver import ask
from services.bus.testing import ServiceUnderTest, service_under_test
from services.referral.app import SERVICE
from services.referral.directory import entries
from services.referral.directory.committed import read_zones
from services.referral.lists.importing import import_rows
from services.referral.lists.inclusion import Inclusion
from tests.referral.lists import active, exported, row, taken
from tests.triage.builders import NOON

EARLIER = "UPDATE referral.entry SET read_as = 'earlier', known = '{}', serves = needs"


@pytest.fixture
def referral(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        keep_directory(under_test.owner_dsn)
        yield under_test


def change(it: ServiceUnderTest, statement: str) -> None:
    engine = create_engine(it.owner_dsn)
    with Session(engine) as session, session.begin():
        ask(session, statement)
    engine.dispose()


def kept(it: ServiceUnderTest) -> list[Any]:
    """Everything of every entry and of what serves."""
    everything = "SELECT * FROM referral.entry ORDER BY relay_id"
    serving = "SELECT * FROM referral.served ORDER BY need, place, relay_id"
    return it.read(
        lambda session: [ask(session, each).fetchall() for each in (everything, serving)]
    )


def read_anew(it: ServiceUnderTest) -> tuple[list[tuple[int, int]], list[str]]:
    """What a start of this release tells, and what it could not read."""
    heard: list[tuple[int, int]] = []
    done = keep_directory(it.owner_dsn, tell=lambda read, total: heard.append((read, total)))
    assert (done.new, done.changed) == (0, 0)
    return heard, [str(flaw) for flaw in done.flaws]


def test_entries_of_every_source_are_what_an_import_by_this_release_would_make_them(
    referral: ServiceUnderTest,
) -> None:
    zones = read_zones()
    engine = create_engine(referral.owner_dsn)
    with Session(engine) as session, session.begin():
        import_rows(
            session,
            "inclusion",
            services(600, sorted(zones), Random(5)),
            frozenset(zones),
            datetime(2026, 3, 1, tzinfo=UTC),
            whole=True,
            read=Inclusion({}, zones).read,
        )
    engine.dispose()
    before = kept(referral)
    change(referral, EARLIER)
    change(referral, "DELETE FROM referral.served")
    assert read_anew(referral) == ([(500, 670), (670, 670)], [])
    assert kept(referral) == before
    assert read_anew(referral) == ([], [])


def test_what_its_source_no_longer_has_stays_closed_until_it_has_it_again(
    referral: ServiceUnderTest,
) -> None:
    taken(referral, [row("fr-a"), row("fr-b")])
    taken(referral, [row("fr-b")])
    change(referral, EARLIER)
    read_anew(referral)
    assert {"fr-a", "fr-b"} & active(referral) == {"fr-b"}
    taken(referral, [row("fr-a"), row("fr-b")])
    assert {"fr-a", "fr-b"} <= active(referral)


def test_needs_of_a_closed_relay_are_served_by_its_successor_as_before(
    referral: ServiceUnderTest,
) -> None:
    old = row("fr-old", status="defunct", needs=["solitude"], replaced_by="fr-new")
    taken(referral, [row("fr-new", needs=["deuil"]), old])
    change(referral, "UPDATE referral.entry SET read_as = 'earlier'")
    read_anew(referral)
    assert "fr-new" in active(referral, Need.SOLITUDE)


def test_a_document_this_release_cannot_read_is_named_and_proposed_to_nobody(
    referral: ServiceUnderTest,
) -> None:
    taken(referral, [row("fr-a"), row("fr-b")])
    change(referral, EARLIER)
    spoil = "jsonb_set(document, '{x_relay,needs}', '[\"bonheur\"]')"
    change(referral, f"UPDATE referral.entry SET document = {spoil} WHERE relay_id = 'fr-a'")
    _, flaws = read_anew(referral)
    assert len(flaws) == 1
    assert flaws[0].startswith("fr-a: x_relay.needs.0: Input should be")
    assert {"fr-a", "fr-b"} & active(referral) == {"fr-b"}
    assert referral.read(lambda session: entries.one(session, RelayId("fr-a"))) is None
    assert "fr-a" not in {each["x_relay"]["slug"] for each in exported(referral)}
    taken(referral, [row("fr-a", anonymous=None), row("fr-b")])
    assert {"fr-a", "fr-b"} <= active(referral)
