"""Who somebody is and what is open to them, from what their issuer says."""

from typing import Any

import pytest

from contracts.vocabulary import PartnerId, PersonId, ProgrammeId, Role
from services.console.claims import (
    LONGEST_NAME,
    MOST_ROLES,
    ClaimFault,
    ClaimNames,
    ClaimRefused,
    Person,
    open_to,
    person_of,
)

NAMES = ClaimNames()
CRISE = ProgrammeId("sos-crise")
AMITIE = ProgrammeId("sos-amitie")
HELENE = PersonId("v00017")


def said(**claims: Any) -> dict[str, Any]:
    return {"sub": "4b0f2a52", "helpline_person": "v00017", "name": "Hélène M."} | claims


def test_a_person_is_who_the_issuer_says_with_the_name_and_roles_it_says() -> None:
    claims = said(helpline_roles=["sos-crise:coordinator", "sos-amitie:operator"])
    assert person_of(claims, NAMES) == Person(
        HELENE,
        "Hélène M.",
        frozenset({(CRISE, Role.COORDINATOR), (AMITIE, Role.OPERATOR)}),
    )


def test_claims_are_read_under_the_names_the_organisation_gave_them() -> None:
    claims = {
        "https://assoc.example/id": "v00017",
        "pseudo": "Hélène",
        "groups": "sos-crise:trainer",
    }
    names = ClaimNames("https://assoc.example/id", "groups", "pseudo")
    assert person_of(claims, names) == Person(HELENE, "Hélène", frozenset({(CRISE, Role.TRAINER)}))


NAMELESS: dict[str, dict[str, Any]] = {
    "not said": {"helpline_person": "v00017"},
    "empty": said(name="  "),
    "null": said(name=None, helpline_roles=None),
}


@pytest.mark.parametrize("case", NAMELESS)
def test_who_has_neither_name_nor_roles_signs_in_all_the_same(case: str) -> None:
    assert person_of(NAMELESS[case], NAMES) == Person(HELENE, None)


def test_a_name_is_one_line() -> None:
    person = person_of(said(name=" Hélène\n  M. "), NAMES)
    assert isinstance(person, Person)
    assert person.name == "Hélène M."


REFUSED: dict[str, tuple[dict[str, Any], str, ClaimFault]] = {
    "nobody": ({"name": "Hélène M."}, "helpline_person", ClaimFault.MISSING),
    "null": (said(helpline_person=None), "helpline_person", ClaimFault.MISSING),
    "an address": (said(helpline_person="h@assoc.example"), "helpline_person", ClaimFault.UNKNOWN),
    "a number": (said(helpline_person=17), "helpline_person", ClaimFault.UNKNOWN),
    "a list": (said(helpline_person=["v00017"]), "helpline_person", ClaimFault.UNKNOWN),
    "a name that is none": (said(name={"given": "Hélène"}), "name", ClaimFault.UNKNOWN),
    "a long name": (said(name="x" * (LONGEST_NAME + 1)), "name", ClaimFault.UNKNOWN),
    "a name that turns the page around": (said(name="H\u202e.M"), "name", ClaimFault.UNKNOWN),
    "a role no line has": (
        said(helpline_roles=["sos-crise:king"]),
        "helpline_roles",
        ClaimFault.UNKNOWN,
    ),
    "a role of no line": (
        said(helpline_roles=["coordinator"]),
        "helpline_roles",
        ClaimFault.UNKNOWN,
    ),
    "a role the roster gives": (
        said(helpline_roles=["sos-crise:listener"]),
        "helpline_roles",
        ClaimFault.UNKNOWN,
    ),
    "one wrong among right ones": (
        said(helpline_roles=["sos-crise:coordinator", 7]),
        "helpline_roles",
        ClaimFault.UNKNOWN,
    ),
    "roles that are no list": (
        said(helpline_roles={"sos-crise": "coordinator"}),
        "helpline_roles",
        ClaimFault.UNKNOWN,
    ),
    "roles without end": (
        said(helpline_roles=["sos-crise:coordinator"] * (MOST_ROLES + 1)),
        "helpline_roles",
        ClaimFault.UNKNOWN,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_missing_or_unknown_is_refused_with_the_name_of_its_claim(case: str) -> None:
    claims, claim, fault = REFUSED[case]
    assert person_of(claims, NAMES) == ClaimRefused(claim, fault)


def opened(
    vouched: set[tuple[ProgrammeId, Role]],
    held: dict[ProgrammeId, set[Role]],
    lines: set[ProgrammeId],
) -> list[tuple[ProgrammeId, Role]]:
    sessions = open_to(Person(HELENE, "Hélène M.", frozenset(vouched)), held, lines)
    assert {(one.person_id, one.name) for one in sessions} <= {(HELENE, "Hélène M.")}
    return [(one.programme, one.role) for one in sessions]


def test_what_is_open_is_what_the_roster_gives_and_the_issuer_vouches_for() -> None:
    held = {CRISE: {Role.LISTENER, Role.SUPERVISOR}}
    found = opened({(AMITIE, Role.COORDINATOR)}, held, {CRISE, AMITIE})
    assert found == [
        (AMITIE, Role.COORDINATOR),
        (CRISE, Role.LISTENER),
        (CRISE, Role.SUPERVISOR),
    ]


def test_nothing_is_open_to_who_holds_nothing() -> None:
    assert opened(set(), {}, {CRISE}) == []
    assert opened(set(), {CRISE: set()}, {CRISE}) == []


def test_of_a_line_not_in_force_only_its_operator_can_enter() -> None:
    vouched = {(AMITIE, Role.COORDINATOR), (AMITIE, Role.OPERATOR)}
    assert opened(vouched, {AMITIE: {Role.LISTENER}}, {CRISE}) == [(AMITIE, Role.OPERATOR)]


def test_the_roster_has_no_say_in_roles_it_does_not_give() -> None:
    assert opened(set(), {CRISE: {Role.OPERATOR, Role.TRAINER}}, {CRISE}) == []


def test_somebody_of_a_partner_is_nobody_of_ours() -> None:
    person = person_of(said(helpline_partner="aplus"), NAMES)
    assert person == Person(HELENE, "Hélène M.", partner=PartnerId("aplus"))


OF_PARTNERS: dict[str, dict[str, Any]] = {
    "and has a role of ours": said(helpline_partner="aplus", helpline_roles="sos-crise:operator"),
    "of two": said(helpline_partner=["aplus", "bonde"]),
    "of no name": said(helpline_partner="A+ !"),
    "empty": said(helpline_partner=""),
}


@pytest.mark.parametrize("case", OF_PARTNERS)
def test_a_partner_claim_that_is_unclear_lets_nobody_in(case: str) -> None:
    refused = ClaimRefused("helpline_partner", ClaimFault.UNKNOWN)
    assert person_of(OF_PARTNERS[case], NAMES) == refused
