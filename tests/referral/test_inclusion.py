"""Services of data·inclusion, read as relays: their facts, what stays unknown, what is left out."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from data_inclusion.schema.v1 import Thematique

from bench.inclusion import services
from contracts.vocabulary import Need
from services.referral.directory.committed import read_zones
from services.referral.directory.hours import Doubt, NotKnown, Open, Shut, hours_at
from services.referral.directory.relay import Area, Confidence, Kind, Level, OnHolidays, Relay
from services.referral.lists.hsds import DirectoryFlawed, RowFlaw, write_row
from services.referral.lists.inclusion import Inclusion, read_structures, slug_of
from services.referral.lists.inclusion_themes import THEMES
from services.referral.lists.lines import rows_in
from services.referral.lists.standard import breaches
from tests.referral.builders import at

ZONES = read_zones()
DEPARTEMENTS = frozenset(ZONES)
ALIMENTATION = "equipement-et-alimentation--alimentation"
STRUCTURE: dict[str, Any] = {
    "source": "essai",
    "id": "essai--maison",
    "nom": "Maison des Tilleuls",
    "date_maj": "2025-11-03",
    "code_insee": "69383",
    "code_postal": "69003",
    "commune": "Lyon",
    "telephone": "04 99 00 12 34",
    "courriel": "contact@tilleuls.example",
    "horaires_accueil": "Mo-Fr 09:00-12:00; PH off",
}
SERVICE: dict[str, Any] = {
    "source": "essai",
    "structure_id": "essai--maison",
    "id": "essai--colis",
    "nom": "Colis alimentaires",
    "description": "Un colis par semaine.",
    "date_maj": "2025-12-01",
    "thematiques": [ALIMENTATION],
    "publics": ["tous-publics"],
    "frais": "gratuit",
    "zone_eligibilite": ["69"],
    "modes_accueil": ["en-presentiel"],
    "lien_mobilisation": "https://tilleuls.example/colis",
}


def read(place: int = 0, structure: dict[str, Any] | None = None, **changed: Any) -> Any:
    """The service with other facts, of that structure with other facts."""
    told = [STRUCTURE | (structure or {})]
    return Inclusion(read_structures(told), ZONES).read(place, SERVICE | changed, DEPARTEMENTS)


def relay(**changed: Any) -> Relay:
    found = read(**changed)
    assert isinstance(found, Relay), found
    return found


def test_facts_of_a_service_are_those_of_its_relay() -> None:
    found = relay()
    assert (found.name, found.kind, found.level) == (
        "Colis alimentaires",
        Kind.SOCIAL,
        Level.DEPARTMENTAL,
    )
    assert found.needs == (Need.AIDE_MATERIELLE,)
    assert found.areas == (Area("FR", frozenset({"69"}), None),)
    assert found.channels == {"phone", "email", "web_form", "in_person"}
    assert found.on_holidays is OnHolidays.CLOSED
    row = found.row
    assert row["phones"][0]["number"] == "+33499001234"
    assert row["cost_options"][0]["amount"] == 0
    assert row["url"] == "https://tilleuls.example/colis"
    assert row["organization"]["name"] == "Maison des Tilleuls"
    assert row["x_relay"]["source"] == ["data·inclusion, essai: essai--colis"]
    assert row["x_relay"]["source_updated_on"] == "2025-12-01"
    assert row["last_modified"] == "2025-12-01T00:00:00Z"


def test_it_arrives_unverified_and_nothing_is_guessed() -> None:
    found = relay()
    assert found.verified_at is None
    assert found.anonymous is None
    assert found.confidence is Confidence.MEDIUM
    assert found.confidence_hours is Confidence.LOW


def test_doors_are_open_to_the_clock_of_the_place() -> None:
    assert isinstance(hours_at(relay(), "in_person", at("2026-01-14 09:30")), Open)
    assert isinstance(hours_at(relay(), "in_person", at("2026-01-14 13:00")), Shut)
    there = relay(zone_eligibilite=["974"])
    assert isinstance(hours_at(there, "in_person", at("2026-01-14 11:30", "Indian/Reunion")), Open)
    own = relay(horaires_accueil="Jan-Mar Mo 09:00-12:00")
    assert hours_at(own, "phone", at("2026-01-14 09:30")) == NotKnown(Doubt.NO_HOURS)
    assert own.row["x_relay"]["hours_told"] == "Jan-Mar Mo 09:00-12:00"


PLACES: dict[str, tuple[dict[str, Any], Level, set[tuple[str | None, str | None]]]] = {
    "the country, by its name": ({"zone_eligibilite": ["france"]}, Level.NATIONAL, {(None, None)}),
    "the country, by its code": ({"zone_eligibilite": ["99100"]}, Level.NATIONAL, {(None, None)}),
    "a region, as its départements": (
        {"zone_eligibilite": ["2A", "2B"]},
        Level.REGIONAL,
        {("2A", None), ("2B", None)},
    ),
    "a commune": ({"zone_eligibilite": ["2B033"]}, Level.LOCAL, {("2B", "2B033")}),
    "a commune overseas": ({"zone_eligibilite": ["97411"]}, Level.LOCAL, {("974", "97411")}),
    "a commune of a département that is served whole": (
        {"zone_eligibilite": ["69", "69383"]},
        Level.DEPARTMENTAL,
        {("69", None)},
    ),
    "communes that joined: where it is, to be checked": (
        {"zone_eligibilite": ["200046977"]},
        Level.LOCAL,
        {("69", "69383")},
    ),
    "nowhere said: where it is, to be checked": (
        {"zone_eligibilite": None, "code_insee": "01004"},
        Level.LOCAL,
        {("01", "01004")},
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_it_serves_where_codes_of_insee_say(name: str) -> None:
    changed, level, expected = PLACES[name]
    found = relay(**changed)
    assert found.level is level
    served = {
        (departement, commune)
        for area in found.areas
        for departement in area.departements or [None]
        for commune in area.communes or [None]
    }
    assert served == expected


WRONG: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "no name": ({"nom": None}, ("nom", "Input should be a valid string")),
    "a theme there is not": ({"thematiques": ["bonheur"]}, ("thematiques.0", "Input should be")),
    "of tomorrow": ({"date_maj": "2999-01-01"}, ("date_maj", "Value error")),
    "no such structure": (
        {"structure_id": "essai--autre"},
        ("structure_id", "no structure is 'essai--autre'"),
    ),
    "a département there is not": (
        {"zone_eligibilite": ["96"]},
        ("service_areas.0.x_departements", "there is no département '96'"),
    ),
    "another country": ({"zone_eligibilite": ["99109"]}, ("zone_eligibilite", "is another")),
    "a postcode alone": (
        {"zone_eligibilite": None, "code_postal": "69003", "structure": {"code_insee": None}},
        ("zone_eligibilite", "no département, commune or country of INSEE"),
    ),
    "no number": ({"telephone": "demander Paul"}, ("telephone", "no number that could")),
    "no way to it": (
        {
            "modes_accueil": None,
            "lien_mobilisation": None,
            "structure": {"telephone": None, "courriel": None},
        },
        ("telephone", "nobody could reach it"),
    ),
    "a wrong structure": (
        {"structure": {"siret": "123"}},
        ("structure_id", "its structure is wrong: siret: String should have at least 14"),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_read_is_named_with_place_id_field_and_reason(name: str) -> None:
    changed, (field, why) = WRONG[name]
    (flaw,) = read(41, **changed)
    assert (flaw.row, flaw.field) == (slug_of("essai--colis"), field)
    assert flaw.why.startswith(why)
    assert str(flaw).startswith(f"services[41] (essai--colis): {field}: {why}")
    assert "Paul" not in str(flaw), "a flaw is written into a file: what was wrong stays out of it"


def test_a_row_that_is_none_is_named_by_its_line() -> None:
    reader = Inclusion({}, ZONES, lines=True)
    (flaw,) = reader.read(6, b"not json", DEPARTEMENTS)  # type: ignore[misc]
    assert str(flaw).startswith("line 7: row: no JSON")


def test_what_helps_nobody_in_distress_is_skipped_and_no_flaw() -> None:
    assert read(thematiques=["mobilite--preparer-un-permis"]) is None
    assert read(thematiques=None) is None
    both = relay(thematiques=["mobilite--preparer-un-permis", "sante--sante-mentale"])
    assert both.needs == (Need.DETRESSE_PSYCHOLOGIQUE,)


def test_every_theme_that_is_read_is_a_need_and_the_most_urgent_comes_first() -> None:
    assert set(THEMES) < set(Thematique)
    needs = relay(thematiques=[theme.value for theme in reversed(THEMES)]).needs
    assert needs == tuple(dict.fromkeys(need for need, _ in THEMES.values()))


def test_mediation_is_not_offered_to_somebody_who_is_beaten() -> None:
    found = relay(thematiques=["famille--surmonter-conflits-separation-violence"])
    assert Need.VIOLENCES_CONJUGALES not in found.needs


def test_a_service_for_one_group_alone_is_first_of_all_for_it() -> None:
    assert relay(publics=["etudiants"]).needs[0] is Need.ETUDIANTS
    assert relay(publics=["etudiants", "seniors"]).needs == (Need.AIDE_MATERIELLE,)
    assert relay(publics=["femmes"]).row["eligibility_description"] == "Femmes"


MAILS = {
    "contact@tilleuls.example": True,
    "ccas.lyon@ville.example": True,
    "accueil-tilleuls@ville.example": True,
    "jeanne.martin@tilleuls.example": False,
    "contact.martin@tilleuls.example": False,
    "jmartin@tilleuls.example": False,
    "tilleuls69@ville.example": False,
}


@pytest.mark.parametrize("mail", MAILS)
def test_an_address_is_kept_only_where_every_word_of_it_is_a_desks(mail: str) -> None:
    found = relay(structure={"courriel": None}, courriel=mail)
    assert ("email" in found.row) is MAILS[mail]
    assert (mail in json.dumps(write_row(found))) is MAILS[mail]


def test_the_name_of_a_contact_is_kept_nowhere() -> None:
    assert "Martin" not in json.dumps(relay(contact_nom_prenom="Jeanne Martin").row)


def test_names_are_the_same_every_time_and_of_one_service_each() -> None:
    assert relay().slug == relay(nom="Autre nom").slug == slug_of("essai--colis")
    long = "producteur--" + "identifiant-tres-long-" * 4
    names = {slug_of(each) for each in ("A--1", "a--1", "a-1", long + "1", long + "2")}
    assert len(names) == 5
    assert all(len(each) <= 44 for each in names)


def test_a_thousand_invented_services_are_all_rows_of_hsds() -> None:
    reader = Inclusion({}, ZONES)
    seen = Counter[str]()
    for place, row in enumerate(services(1000, sorted(ZONES), Random(7))):
        found = reader.read(place, row, DEPARTEMENTS)
        assert isinstance(found, Relay), found
        assert list(breaches(found.row)) == []
        seen[found.level] += 1
    assert set(seen) == {"national", "regional", "departmental", "local", "territorial"}


# --- in a file ------------------------------------------------------------------------------------


def test_services_stand_in_a_list_an_object_or_a_line_each(tmp_path: Path) -> None:
    file = tmp_path / "services.json"
    file.write_text(json.dumps([SERVICE, SERVICE]))
    listed = rows_in(file, "services")
    assert (list(listed.rows), listed.total, listed.lines) == ([SERVICE, SERVICE], 2, False)
    file.write_text(json.dumps({"services": [SERVICE], "structures": [STRUCTURE]}, indent=1))
    listed = rows_in(file, "services")
    assert (list(listed.rows), listed.beside["structures"]) == ([SERVICE], [STRUCTURE])
    file.write_text(f"{json.dumps(SERVICE)}\n{{ bad\n{json.dumps(SERVICE)}\n")
    listed = rows_in(file, "services")
    assert (list(listed.rows), listed.total) == ([SERVICE, b"{ bad\n", SERVICE], 3)
    assert listed.lines


def test_a_file_without_services_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "services.json"
    for content, why in (("{ bad", "no JSON"), ('{"other": 1}', "a list of services is expected")):
        file.write_text(content)
        with pytest.raises(DirectoryFlawed, match=why):
            rows_in(file, "services")
    with pytest.raises(DirectoryFlawed, match="No such file"):
        rows_in(tmp_path / "none.json", "services")


def test_flaw_tells_where_its_row_stands() -> None:
    assert str(RowFlaw("fr-a", "nom", "missing", "line 7 (a--1)")) == "line 7 (a--1): nom: missing"
