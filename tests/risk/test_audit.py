"""The audit chain: any change breaks it, nothing is added out of turn, roles are in it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from contracts.vocabulary import PersonId, Role
from services.bus.testing import ServiceUnderTest
from services.risk.audit import BEGINNING, AuditEntry, Link, append, first_break, hash_of
from tests.risk.builders import NOON, SUPERVISOR, after, in_the_roster

ENTRY = AuditEntry(NOON, "export", "sos-crise", SUPERVISOR, "supervisor", "x", "at_risk_reports")


def a_chain(length: int = 4) -> list[Link]:
    links: list[Link] = []
    previous = BEGINNING
    for number in range(1, length + 1):
        entry = replace(ENTRY, at=after(number), subject=f"x-{number}")
        links.append(Link(number, entry, previous, hash_of(number, entry, previous)))
        previous = links[-1].hash
    return links


def read(risk: ServiceUnderTest) -> list[Link]:
    with risk.session() as session:
        rows = session.execute(text("SELECT * FROM risk.audit ORDER BY number")).all()
    return [
        Link(
            row.number,
            AuditEntry(
                row.at, row.kind, row.programme, row.actor, row.role, row.subject, row.reason
            ),
            row.previous,
            row.hash,
        )
        for row in rows
    ]


def test_chain_as_it_was_written_verifies() -> None:
    assert first_break(a_chain()) is None
    assert first_break([]) is None


@pytest.mark.parametrize("field", ["at", "kind", "programme", "actor", "role", "subject", "reason"])
def test_any_field_that_is_changed_breaks_it_there(field: str) -> None:
    links = a_chain()
    other = after(99) if field == "at" else "other"
    links[1] = replace(links[1], entry=replace(links[1].entry, **{field: other}))  # type: ignore[arg-type]
    assert first_break(links) == 2


def test_entry_that_is_missing_moved_or_made_anew_breaks_it() -> None:
    links = a_chain()
    assert first_break([*links[:1], *links[2:]]) == 2
    assert first_break([links[1], links[0], *links[2:]]) == 1
    forged = replace(links[1].entry, actor="other")
    anew = replace(links[1], entry=forged, hash=hash_of(2, forged, links[0].hash))
    assert first_break([links[0], anew, *links[2:]]) == 3


def test_entries_added_at_once_make_one_chain(empty: ServiceUnderTest) -> None:
    def add(number: int) -> None:
        with empty.session() as session, session.begin():
            append(session, replace(ENTRY, subject=f"x-{number}"))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(12)))
    links = read(empty)
    assert len(links) == 12
    assert first_break(links) is None


def test_role_given_and_taken_away_is_in_the_chain_and_the_same_again_is_not(
    empty: ServiceUnderTest,
) -> None:
    person = PersonId("somebody")
    for version, roles in enumerate(
        ((Role.LISTENER,), (Role.LISTENER,), (Role.LISTENER, Role.SUPERVISOR), ()), start=1
    ):
        empty.deliver(in_the_roster(person, *roles), version=version)
    links = read(empty)
    assert first_break(links) is None
    assert [link.entry.reason for link in links] == [
        "none -> listener",
        "listener -> listener,supervisor",
        "listener,supervisor -> none",
    ]
    assert {(link.entry.kind, link.entry.subject) for link in links} == {("role_change", person)}
