"""The directory as people browse it: found by words as they are written, listed, and seen whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.directory import (
    MOST_LISTED,
    LookUpRelays,
    RelayField,
    RelaysListed,
    RelayStanding,
    RelayTold,
    SeeRelay,
)
from contracts.envelope import ReplyStatus
from contracts.looking_up import words_of
from contracts.partner import ApplyPartner
from contracts.referral import FindRelays, ObserveRelay, VerifyRelay
from contracts.vocabulary import Departement, Need, PartnerId, Refusal, RelayId, Role
from services.bus.testing import ServiceUnderTest, service_under_test
from services.referral.app import SERVICE
from services.referral.directory.relay import Kind
from services.referral.settings import Settings
from tests.referral.builders import RELAY
from tests.referral.lists import ROWS, row, taken
from tests.triage.builders import NOON

NUMBER = "+33199001234"


@pytest.fixture
def empty(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


def page(it: ServiceUnderTest, typed: str = "", **asked: Any) -> RelaysListed:
    wish = LookUpRelays(words=words_of(typed), **asked)
    reply = it.ask(wish, "coordinator-1", Role.COORDINATOR)
    assert reply.status is ReplyStatus.DONE, reply
    return RelaysListed.model_validate(reply.result)


def listed(it: ServiceUnderTest, typed: str = "", **asked: Any) -> list[str]:
    return [each.relay_id for each in page(it, typed, **asked).relays]


def told(it: ServiceUnderTest, slug: str = RELAY) -> RelayTold:
    reply = it.ask(SeeRelay(relay_id=RelayId(slug)), "listener-1", Role.LISTENER)
    return RelayTold.model_validate(reply.result)


def verify(it: ServiceUnderTest, slug: str, verified: bool = True) -> None:
    wish = VerifyRelay(relay_id=RelayId(slug), verified=verified)
    assert it.ask(wish, "coordinator-1", Role.COORDINATOR).status is ReplyStatus.DONE


# --- by words -------------------------------------------------------------------------------------

TYPED = {
    "without accents": "sos amitie",
    "in capitals": "SOS AMITIÉ",
    "as it is written": "SOS Amitié",
    "a part of a word": "amit",
    "the middle of one": "miti",
    "with a slip": "sos amtie",
    "another slip": "SOS amitier",
    "in another order": "amitié sos",
}


@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED.keys())
def test_an_entry_is_found_however_it_is_written(referral: ServiceUnderTest, typed: str) -> None:
    assert "fr-sos-amitie" in listed(referral, typed)


def test_every_word_has_to_be_in_a_name(referral: ServiceUnderTest) -> None:
    assert "fr-sos-amitie" not in listed(referral, "sos amitie cancer")
    assert listed(referral, "zzzzqqqq") == []


def test_a_short_number_finds_its_line(referral: ServiceUnderTest) -> None:
    assert listed(referral, "3114")[0] == "fr-3114"
    assert listed(referral, "le 3020") == ["fr-3020"]  # defunct, and still looked up


def test_whole_words_come_before_parts_of_others(empty: ServiceUnderTest) -> None:
    rows = [row("fr-a"), row("fr-b")]
    rows[0]["name"], rows[1]["name"] = "Amitiés lointaines", "Vieille amitié"
    taken(empty, rows)
    assert listed(empty, "amitie") == ["fr-b", "fr-a"]


# --- listed ---------------------------------------------------------------------------------------


def test_a_list_has_pages_and_no_entry_twice(referral: ServiceUnderTest) -> None:
    first, second = page(referral), page(referral, page=2)
    assert (len(first.relays), first.more) == (MOST_LISTED, True)
    ids = [each.relay_id for each in (*first.relays, *second.relays)]
    assert len(set(ids)) == len(ids)
    french = [each for each in ROWS if each["x_relay"]["country"] == "FR"]
    pages = -(-len(french) // MOST_LISTED)
    assert not page(referral, page=pages).more
    assert listed(referral, page=pages + 1) == []


def test_a_list_is_narrowed_to_a_need_and_a_place(empty: ServiceUnderTest) -> None:
    near = row("fr-a", needs=["demarches"])
    near["service_areas"][0]["x_departements"] = ["75"]
    far = row("fr-b", needs=["demarches"])
    far["service_areas"][0]["x_departements"] = ["31"]
    taken(empty, [near, far, row("fr-c", needs=["demarches"]), row("fr-d", needs=["solitude"])])
    assert listed(empty, need=Need.DEMARCHES) == ["fr-a", "fr-b", "fr-c"]
    paris = listed(empty, need=Need.DEMARCHES, departement=Departement("75"))
    assert paris == ["fr-a", "fr-c"]
    assert listed(empty, "suicide", need=Need.SOLITUDE) == ["fr-d"]


def test_a_list_is_narrowed_to_how_an_entry_stands(empty: ServiceUnderTest) -> None:
    taken(
        empty,
        [
            row("fr-a", conflicts=[]),
            row("fr-b", conflicts=[]),
            row("fr-c", conflicts=["two say otherwise"]),
            row("fr-d", status="defunct", conflicts=[]),
            row("fr-e", conflicts=[], valid_to="2026-01-01"),
        ],
    )
    verify(empty, "fr-a")
    assert listed(empty, standing=RelayStanding.VERIFIED) == ["fr-a"]
    assert listed(empty, standing=RelayStanding.TO_VERIFY) == ["fr-b", "fr-c", "fr-e"]
    assert listed(empty, standing=RelayStanding.DIFFERING) == ["fr-c"]
    assert listed(empty, standing=RelayStanding.CLOSED) == ["fr-e", "fr-d"]
    assert listed(empty, standing=RelayStanding.CORRECTED) == []


def test_who_only_reads_may_look_and_a_trainer_may_not(referral: ServiceUnderTest) -> None:
    for role in (Role.LISTENER, Role.REGULATOR, Role.SUPERVISOR):
        assert referral.ask(LookUpRelays(), "p-1", role).status is ReplyStatus.DONE
    for wish in (LookUpRelays(), SeeRelay(relay_id=RELAY)):
        reply = referral.ask(wish, "trainer-1", Role.TRAINER)
        assert reply.refusal is Refusal.ROLE_NOT_PERMITTED


# --- due ------------------------------------------------------------------------------------------


def test_a_verification_holds_for_a_while_and_is_to_be_done_again(
    referral: ServiceUnderTest,
) -> None:
    verify(referral, RELAY)
    (entry,) = (each for each in page(referral, "3114").relays if each.relay_id == RELAY)
    assert entry.holds_until == NOON + timedelta(days=90)  # a crisis line
    assert proposed(referral)[RELAY] == (True, False)
    referral.at(NOON + timedelta(days=90))
    (entry,) = (each for each in page(referral, "3114").relays if each.relay_id == RELAY)
    assert entry.holds_until is None
    assert proposed(referral)[RELAY] == (False, True)
    assert RELAY in listed(referral, "3114", standing=RelayStanding.TO_VERIFY)
    seen = told(referral)
    assert (seen.verified_at, seen.verified_by) == (NOON, "coordinator-1")  # kept, all the same
    verify(referral, RELAY)
    assert proposed(referral)[RELAY] == (True, False)


def proposed(it: ServiceUnderTest) -> dict[str, tuple[bool, bool]]:
    """Of each relay a search proposes, whether it is verified, and told to be to verify."""
    wish = FindRelays(needs=(Need.CRISE_SUICIDAIRE,))
    result = it.ask(wish, "regulator-1", Role.REGULATOR).result
    assert result is not None
    return {
        each["relay_id"]: (each["verified"], "unverified" in each["against"])
        for each in result["now"]
    }


def test_how_long_it_holds_is_said_by_kind_and_otherwise_for_all() -> None:
    said = {"HELPLINE_REFERRAL_HOLDS_DAYS": "200", "HELPLINE_REFERRAL_HOLDS_DAYS_OF": "crisis=30"}
    settings = Settings.from_environment(said)
    assert (settings.holds_days, settings.holds_days_of) == (200, {Kind.CRISIS: 30})


def test_what_is_due_is_listed_before_what_holds(empty: ServiceUnderTest) -> None:
    taken(empty, [row("fr-a"), row("fr-b"), row("fr-c")])
    verify(empty, "fr-a")
    empty.at(NOON + timedelta(days=1))
    verify(empty, "fr-b")
    assert listed(empty) == ["fr-c", "fr-a", "fr-b"]


def test_relays_of_another_country_are_not_listed(referral: ServiceUnderTest) -> None:
    assert {each[:2] for each in listed(referral, country="LU")} == {"lu"}


# --- one ------------------------------------------------------------------------------------------


def test_an_entry_says_who_says_what_and_where_they_differ(empty: ServiceUnderTest) -> None:
    own, other = row("fr-a", conflicts=[]), row("fr-a", conflicts=[], always_open=False)
    own["phones"][0]["number"] = "01 99 00 12 34"
    other["phones"][0]["number"] = NUMBER
    other["schedules"][0] |= {"opens_at": "09:00", "closes_at": "18:00"}
    taken(empty, [own], "one")
    taken(empty, [other], "another")
    seen = told(empty, "fr-a")
    assert (seen.belongs_to, seen.number) == ("one", "0199001234")
    fields = {each.field: each for each in seen.fields}
    number = fields[RelayField.NUMBER]
    assert number.differs
    assert [(each.source, each.said, each.holds) for each in number.tellings] == [
        ("one", "0199001234", True),
        ("another", NUMBER, False),
    ]
    hours = [each.said for each in fields[RelayField.HOURS].tellings]
    assert hours == [
        "MO,TU,WE,TH,FR,SA,SU 00:00-24:00",
        "MO,TU,WE,TH,FR,SA,SU 09:00-18:00",
    ]
    assert not fields[RelayField.STATUS].differs
    assert seen.conflicts == ("another: hours (phone) MO,TU,WE,TH,FR,SA,SU 09:00-18:00",)


def test_an_entry_says_what_was_seen_who_stands_for_it_and_what_stands_in(
    referral: ServiceUnderTest,
) -> None:
    observed = ObserveRelay(relay_id=RELAY, saturated=True, lifetime_minutes=30)
    referral.ask(observed, "listener-1", Role.LISTENER)
    partner = ApplyPartner(partner=PartnerId("aplus"), called="Association A+", relays=(RELAY,))
    referral.ask(partner, "operator-1", Role.OPERATOR)
    seen = told(referral)
    assert seen.partner == "Association A+"
    assert seen.saturation is not None
    assert (seen.saturation.saturated, seen.saturation.observed_by) == (True, "listener-1")
    assert seen.saturation.holds_until == NOON + timedelta(minutes=30)
    gone = told(referral, "fr-3020")
    assert (gone.status, gone.proposed, gone.successor) == ("defunct", False, "fr-3018")
    assert gone.successor_called is not None


def test_an_entry_nobody_knows_is_refused(referral: ServiceUnderTest) -> None:
    reply = referral.ask(SeeRelay(relay_id=RelayId("fr-x")), "listener-1", Role.LISTENER)
    assert (reply.refusal, reply.field) == (Refusal.UNKNOWN_RELAY, "relay_id")


def test_every_committed_entry_can_be_listed_and_seen(referral: ServiceUnderTest) -> None:
    for each in ROWS:
        seen = told(referral, each["x_relay"]["slug"])
        assert seen.called == each["name"]
