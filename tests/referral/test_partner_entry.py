"""A partner says how its own service is reached: over lists, under ours, and of no other's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.directory import CorrectRelay, RelayField, TakeBackCorrection
from contracts.envelope import Reply, ReplyStatus
from contracts.partner import ApplyPartner, UpdateEntry
from contracts.referral import FindRelays
from contracts.vocabulary import Need, PartnerId, PartnerState, Refusal, RelayId, Role
from services.bus.decode import ReadCommand, read_command
from services.bus.testing import ServiceUnderTest, service_under_test
from services.referral.app import SERVICE
from tests.referral.lists import row, taken
from tests.referral.test_browsing import told
from tests.triage.builders import NOON

APLUS, OTHER = PartnerId("aplus"), PartnerId("bonde")
A, B = RelayId("fr-a"), RelayId("fr-b")
NUMBER, OURS = "0199001234", "+33199005678"


@pytest.fixture
def standing(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    """Each of two partners stands for an entry."""
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        taken(under_test, [row(A, conflicts=[]), row(B, conflicts=[])], "one")
        for partner, relay in ((APLUS, A), (OTHER, B)):
            apply(under_test, partner, relay)
        yield under_test


def apply(it: ServiceUnderTest, partner: PartnerId, relay: RelayId, **more: Any) -> None:
    manifest = ApplyPartner(partner=partner, called="Association", relays=(relay,), **more)
    assert it.ask(manifest, "operator-1", Role.OPERATOR).status is ReplyStatus.DONE


def says(it: ServiceUnderTest, relay: RelayId = A, by: PartnerId = APLUS, **said: Any) -> Reply:
    wish = {"relay_id": relay, "said_at": NOON}
    return it.ask_as(by, UpdateEntry.model_validate(wish | said))


def number_told(it: ServiceUnderTest) -> list[tuple[str, str, bool]]:
    (field,) = (each for each in told(it, A).fields if each.field is RelayField.NUMBER)
    return [(each.source, each.said, each.holds) for each in field.tellings]


def test_what_a_partner_says_holds_over_lists_and_under_what_we_found_out(
    standing: ServiceUnderTest,
) -> None:
    assert says(standing, number="01 99 00 12 34").status is ReplyStatus.DONE
    assert number_told(standing) == [("partner", NUMBER, True), ("one", "3114", False)]
    taken(standing, [row(A, conflicts=[], anonymous=True), row(B, conflicts=[])], "one")
    assert told(standing, A).number == NUMBER  # an import takes nothing away
    ours = CorrectRelay(relay_id=A, number=OURS)
    standing.ask(ours, "coordinator-1", Role.COORDINATOR)
    says(standing, number="0199009999")
    assert number_told(standing) == [
        ("ours", OURS, True),
        ("partner", "0199009999", False),
        ("one", "3114", False),
    ]
    assert told(standing, A).number == OURS
    back = TakeBackCorrection(relay_id=A, field=RelayField.NUMBER)
    standing.ask(back, "coordinator-1", Role.COORDINATOR)
    assert told(standing, A).number == "0199009999"
    assert told(standing, A).acts[-1].by == "partner-aplus"


def against(it: ServiceUnderTest) -> dict[str, list[str]]:
    wish = FindRelays(needs=(Need.CRISE_SUICIDAIRE,))
    result = it.ask(wish, "regulator-1", Role.REGULATOR).result
    assert result is not None
    return {each["relay_id"]: each["against"] for each in result["now"]}


def test_a_partner_shuts_for_some_days_and_opens_earlier(standing: ServiceUnderTest) -> None:
    says(standing, closed_until="2026-01-20")
    assert set(against(standing)) == {B}
    says(standing, closed_until="2026-01-13")
    assert set(against(standing)) == {A, B}


def test_the_same_said_again_later_is_another_wish() -> None:
    """A wish's identifier is made of what it says, and each is carried out once."""

    def heard(clock: str) -> str:
        wish = {"relay_id": A, "said_at": clock, "number": NUMBER}
        read = read_command(UpdateEntry.subject_of(APLUS), {}, json.dumps(wish).encode())
        assert isinstance(read, ReadCommand)
        return read.envelope.command_id

    assert heard("2026-01-14T11:00:00Z") != heard("2026-01-14T15:00:00Z")
    with pytest.raises(ValidationError):
        UpdateEntry.model_validate({"relay_id": A, "number": NUMBER})


def test_another_partners_entry_is_not_there(standing: ServiceUnderTest) -> None:
    before = told(standing, B)
    for relay in (B, RelayId("fr-x")):
        reply = says(standing, relay, number=NUMBER)
        assert (reply.refusal, reply.field) == (Refusal.UNKNOWN_RELAY, "relay_id")
    assert told(standing, B) == before


def test_who_has_left_says_nothing_more(standing: ServiceUnderTest) -> None:
    apply(standing, APLUS, A, state=PartnerState.LEFT)
    assert says(standing, number=NUMBER).refusal is Refusal.UNKNOWN_RELAY


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"number": "by letter"}, "number"),
        ({"hours": "the mornings"}, "hours"),
        ({"closed_until": "2026-02-30"}, "closed_until"),
        ({}, "number"),
    ],
)
def test_what_is_not_sound_is_refused_by_its_name(
    standing: ServiceUnderTest, said: dict[str, Any], field: str
) -> None:
    before = told(standing, A)
    reply = says(standing, **said)
    assert (reply.refusal, reply.field) == (Refusal.INVALID_FIELD, field)
    assert told(standing, A) == before


def test_a_person_of_ours_may_not_speak_for_a_partner(standing: ServiceUnderTest) -> None:
    wish = UpdateEntry(relay_id=A, said_at=NOON, number=NUMBER)
    reply = standing.ask(wish, "coordinator-1", Role.COORDINATOR)
    assert reply.refusal is Refusal.ROLE_NOT_PERMITTED
