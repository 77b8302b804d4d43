"""Triage on a real database: what it keeps, what it answers, what it announces."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path

import pytest

from contracts.assignment import OfferWithdrawn
from contracts.contact import ContactEnded
from contracts.envelope import Event, Reply, ReplyStatus
from contracts.triage import ContactTriaged, DecideTriage, ProposeTriage, TriageNotes
from contracts.vocabulary import (
    AgeBand,
    ContactId,
    Departement,
    Destination,
    ForWhom,
    LanguageCode,
    Need,
    Priority,
    Refusal,
    Role,
    Stage,
)
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.transact import Verdict
from services.bus.work import new_id
from services.triage.app import SERVICE
from services.triage.store import ContactRow
from tests.triage.builders import (
    CONTACT,
    NOON,
    a_command,
    a_contact_sent_untriaged,
    a_published_programme,
    a_take,
    a_withdrawal,
    an_ended_contact,
    an_opened_contact,
)


@pytest.fixture
def triage(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


@pytest.fixture
def held(triage: ServiceUnderTest) -> ServiceUnderTest:
    """A contact is with regulator-1."""
    for event in (a_published_programme(), an_opened_contact(), a_take()):
        triage.deliver(event)
    return triage


def status(reply: Reply) -> ReplyStatus | Refusal | None:
    return reply.refusal if reply.status is ReplyStatus.REFUSED else reply.status


def test_decision_is_kept_and_announced_with_all_that_consumers_need(
    held: ServiceUnderTest,
) -> None:
    wish = DecideTriage(
        contact_id=CONTACT,
        priority=Priority.P2,
        destination=Destination.LISTENER,
        notes=TriageNotes(
            need=Need.SOLITUDE,
            languages=(LanguageCode.AR, LanguageCode.FR),
            for_whom=ForWhom.SELF,
            departement=Departement("2A"),
            age_band=AgeBand.A75_PLUS,
        ),
    )
    reply = held.ask(wish, "regulator-1", Role.REGULATOR)
    assert (reply.status, reply.version) == (ReplyStatus.DONE, 1)
    (announced,) = held.announced(ContactTriaged)
    opened = an_opened_contact()
    assert announced == ContactTriaged(
        contact_id=CONTACT,
        programme=opened.programme,
        programme_version=opened.programme_version,
        channel=opened.channel,
        opened_at=opened.opened_at,
        priority=Priority.P2,
        destination=Destination.LISTENER,
        need=wish.notes.need,
        languages=wish.notes.languages,
        for_whom=wish.notes.for_whom,
        departement=wish.notes.departement,
        age_band=wish.notes.age_band,
        decided_by=a_take().person_id,
        decided_at=announced.decided_at,
        proposed_priority=Priority.P4,
        rules_version="triage-2026.1",
    )
    row = held.read(lambda session: session.get_one(ContactRow, CONTACT))
    assert (row.priority, row.destination, row.version) == ("P2", "listener", 1)


BEFORE_A_DECISION = (a_published_programme(), an_opened_contact(), a_take())


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_events_may_come_in_any_order(triage: ServiceUnderTest, order: tuple[int, ...]) -> None:
    for place in order:
        reply = triage.ask(a_command(), "regulator-1", Role.REGULATOR)
        assert status(reply) is ReplyStatus.NOT_YET
        triage.deliver(BEFORE_A_DECISION[place])
    assert status(triage.ask(a_command(), "regulator-1", Role.REGULATOR)) is ReplyStatus.DONE


def test_command_that_came_too_early_takes_effect_with_the_same_id(
    triage: ServiceUnderTest,
) -> None:
    same = "22222222-2222-4222-8222-222222222222"
    early = triage.ask(a_command(), "regulator-1", Role.REGULATOR, command_id=same)
    assert status(early) is ReplyStatus.NOT_YET
    for event in BEFORE_A_DECISION:
        triage.deliver(event)
    for _ in range(2):  # and a repeat gets the same reply
        reply = triage.ask(a_command(), "regulator-1", Role.REGULATOR, command_id=same)
        assert (status(reply), reply.version) == (ReplyStatus.DONE, 1)
    assert len(triage.announced(ContactTriaged)) == 1


REFUSED_AFTER: dict[str, tuple[tuple[Event, ...], str, Role, Refusal | ReplyStatus]] = {
    "somebody else asks": ((), "regulator-2", Role.REGULATOR, Refusal.NOT_YOURS),
    "a coordinator asks": ((), "coordinator-1", Role.COORDINATOR, Refusal.ROLE_NOT_PERMITTED),
    "the contact ended": (
        (an_ended_contact(),),
        "regulator-1",
        Role.REGULATOR,
        Refusal.CONTACT_OVER,
    ),
    "the desk fell silent": (
        (a_withdrawal(),),
        "regulator-1",
        Role.REGULATOR,
        ReplyStatus.NOT_YET,
    ),
    "the desk fell silent and nobody else took it": (
        (a_withdrawal(), a_contact_sent_untriaged()),
        "regulator-1",
        Role.REGULATOR,
        Refusal.WRONG_STATE,
    ),
    "the next one took it": (
        (a_withdrawal(), a_take("regulator-2", after_seconds=9)),
        "regulator-1",
        Role.REGULATOR,
        Refusal.NOT_YOURS,
    ),
    "the next one took it, told in the wrong order": (
        (a_take("regulator-2", after_seconds=9), a_withdrawal()),
        "regulator-1",
        Role.REGULATOR,
        Refusal.NOT_YOURS,
    ),
    "a listener took it": (
        (a_take("listener-1", Stage.LISTENER, after_seconds=30),),
        "regulator-1",
        Role.REGULATOR,
        Refusal.WRONG_STATE,
    ),
}


@pytest.mark.parametrize("name", REFUSED_AFTER)
def test_nothing_is_decided_when(held: ServiceUnderTest, name: str) -> None:
    events, actor, role, expected = REFUSED_AFTER[name]
    for event in events:
        later = isinstance(event, (ContactEnded, OfferWithdrawn))
        held.deliver(event, version=2 if later else 1)
    assert status(held.ask(a_command(), actor, role)) is expected
    assert held.announced() == []


def test_older_take_that_arrives_last_does_not_hold(triage: ServiceUnderTest) -> None:
    for event in (
        a_published_programme(),
        an_opened_contact(),
        a_take("regulator-2", after_seconds=9),
        a_take("regulator-1", after_seconds=5),
    ):
        triage.deliver(event)
    first = triage.ask(a_command(), "regulator-1", Role.REGULATOR)
    assert status(first) is Refusal.NOT_YOURS
    assert status(triage.ask(a_command(), "regulator-2", Role.REGULATOR)) is ReplyStatus.DONE


def test_contact_heard_of_only_by_its_end_is_over(triage: ServiceUnderTest) -> None:
    triage.deliver(an_ended_contact(), version=2)
    triage.deliver(an_opened_contact(), version=1)
    reply = triage.ask(a_command(), "regulator-1", Role.REGULATOR)
    assert status(reply) is Refusal.CONTACT_OVER


def test_contact_keeps_the_version_of_the_line_it_began_with(triage: ServiceUnderTest) -> None:
    triage.deliver(a_published_programme(2, Need.DEUIL), version=2)
    triage.deliver(a_published_programme(1, Need.SOLITUDE), version=1)
    triage.deliver(an_opened_contact(programme_version=1))
    triage.deliver(a_take())
    refused = triage.ask(a_command(need=Need.DEUIL), "regulator-1", Role.REGULATOR)
    assert (refused.refusal, refused.field) == (Refusal.INVALID_FIELD, "notes.need")
    taken = triage.ask(a_command(need=Need.SOLITUDE), "regulator-1", Role.REGULATOR)
    assert status(taken) is ReplyStatus.DONE


def test_decision_put_right_is_a_new_version(held: ServiceUnderTest) -> None:
    for priority in (Priority.P4, Priority.P4, Priority.P2):
        assert status(held.ask(a_command(priority), "regulator-1", Role.REGULATOR)) is (
            ReplyStatus.DONE
        )
    assert [event.priority for event in held.announced(ContactTriaged)] == ["P4", "P2"]
    stale = held.ask(a_command(Priority.P5), "regulator-1", Role.REGULATOR, expected_version=1)
    assert status(stale) is Refusal.STALE_VERSION


def test_supervisor_decides_in_place_of_the_holder(held: ServiceUnderTest) -> None:
    assert status(held.ask(a_command(), "supervisor-1", Role.SUPERVISOR)) is ReplyStatus.DONE
    (announced,) = held.announced(ContactTriaged)
    assert announced.decided_by == "supervisor-1"


def test_listener_gone_the_holder_may_decide_again(held: ServiceUnderTest) -> None:
    held.ask(a_command(), "regulator-1", Role.REGULATOR)
    held.deliver(a_take("listener-1", Stage.LISTENER, after_seconds=30))
    held.deliver(a_withdrawal("listener-1", Stage.LISTENER, after_seconds=40), version=2)
    reply = held.ask(a_command(Priority.P1), "regulator-1", Role.REGULATOR)
    assert status(reply) is ReplyStatus.DONE


def test_proposal_explains_and_changes_nothing(held: ServiceUnderTest) -> None:
    wish = ProposeTriage(contact_id=CONTACT, notes=TriageNotes(silent=True))
    reply = held.ask(wish, "regulator-1", Role.REGULATOR)
    assert reply.result == {
        "priority": "P3",
        "destination": "listener",
        "reasons": ["silent", "not-known"],
        "rules_version": "triage-2026.1",
        "supervisor_informed": False,
        "emergency_card": False,
        "rated_level": None,
    }
    assert reply.version == 0
    assert held.announced() == []


def test_proposal_after_a_decision_keeps_what_the_human_set(held: ServiceUnderTest) -> None:
    held.ask(a_command(Priority.P1, Destination.RESCUE), "regulator-1", Role.REGULATOR)
    wish = ProposeTriage(contact_id=CONTACT, notes=TriageNotes(need=Need.SOLITUDE))
    reply = held.ask(wish, "regulator-1", Role.REGULATOR)
    assert reply.result is not None
    assert (reply.result["priority"], reply.result["destination"]) == ("P1", "rescue")
    assert reply.result["reasons"][0] == "human-set-higher"


def test_proposal_for_an_unknown_contact_is_awaited(triage: ServiceUnderTest) -> None:
    wish = ProposeTriage(contact_id=CONTACT)
    assert status(triage.ask(wish, "regulator-1", Role.REGULATOR)) is ReplyStatus.NOT_YET


def test_two_workers_that_meet_a_contact_at_once_keep_both_facts(triage: ServiceUnderTest) -> None:
    triage.deliver(a_published_programme())
    contacts = [ContactId(new_id()) for _ in range(10)]
    events = [
        event.model_copy(update={"contact_id": contact})
        for contact in contacts
        for event in (an_opened_contact(), a_take())
    ]
    with ThreadPoolExecutor(2) as workers:
        verdicts = [
            each.verdict
            for each in workers.map(
                lambda e: triage.deliver(e, aggregate=f"contact:{new_id()}"), events
            )
        ]
    assert set(verdicts) == {Verdict.HANDLED}
    for contact in contacts:
        wish = a_command().model_copy(update={"contact_id": contact})
        assert status(triage.ask(wish, "regulator-1", Role.REGULATOR)) is ReplyStatus.DONE
