"""The directory as a file: the committed one is sound, and a wrong row is named with its reason."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import Need
from services.referral.directory.committed import COMMITTED, read_departements, read_directory
from services.referral.directory.hours import Open, hours_at
from services.referral.directory.index import Directory
from services.referral.directory.relay import AgreedTransfer, Relay, Saturation, Status
from services.referral.lists.hsds import DirectoryFlawed, RowFlaw, read_relays, write_relays
from tests.referral.builders import at

DOCUMENT: dict[str, Any] = json.loads((COMMITTED / "relays.json").read_bytes())
DEPARTEMENTS = read_departements()
READ: Directory = read_directory()


def test_the_committed_directory_is_read_whole() -> None:
    assert len(READ.relays) == len(DOCUMENT["services"]) == 70
    assert len(DEPARTEMENTS) == 109


def test_what_was_read_is_written_back_as_it_was() -> None:
    assert write_relays(DOCUMENT, READ.relays) == DOCUMENT


def test_what_was_learnt_of_a_row_is_written_and_read_again() -> None:
    seen = datetime(2026, 1, 14, 15, tzinfo=UTC)
    learnt = replace(
        READ.by_slug["fr-3919"],
        verified_at=seen,
        saturation=Saturation(saturated=True, observed_at=seen, lifetime=timedelta(minutes=90)),
        transfer=AgreedTransfer("attended", "0199000000"),
    )
    written = write_relays(DOCUMENT, READ.with_row(learnt).relays)
    again = Directory(read_relays(written, DEPARTEMENTS))
    assert again.by_slug["fr-3919"] == learnt
    others = {slug: row for slug, row in again.by_slug.items() if slug != "fr-3919"}
    assert others == {slug: row for slug, row in READ.by_slug.items() if slug != "fr-3919"}


def test_conflicts_confidence_and_unknown_anonymity_are_kept() -> None:
    row = READ.by_slug["eu-116000-fr"]
    assert row.conflicts == ("ccmm.asso.fr 2015 (service-public) : lun-sam 9h-21h",)
    assert row.anonymous is None
    assert READ.by_slug["fr-3114"].conflicts == (
        "anonymous: gouvernement.fr: « non anonyme »; other pages: confidential",
    )
    assert READ.by_slug["fr-3114"].anonymous is False
    assert READ.by_slug["fr-sos-amitie"].anonymous is True


def test_no_row_is_verified_until_the_operator_says_so() -> None:
    assert [relay.slug for relay in READ.relays if relay.verified_at is not None] == []


def test_every_row_of_ours_names_its_line() -> None:
    ours = {relay.slug: relay.programme for relay in READ.relays if relay.programme is not None}
    assert set(ours.values()) == {"sos-crise", "sos-amitie", "sos-detresse"}


def first(document: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = document["services"][0]
    return row


def change(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: first(document).update(fields)


def change_ours(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: first(document)["x_relay"].update(fields)


def change_hours(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: first(document)["schedules"][0].update(fields)


def change_area(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: first(document)["service_areas"][0].update(fields)


def lose(field: str) -> Callable[[dict[str, Any]], None]:
    return lambda document: first(document).pop(field)


def twice(document: dict[str, Any]) -> None:
    document["services"].append(deepcopy(first(document)))


def in_a_ring(document: dict[str, Any]) -> None:
    one, other = document["services"][:2]
    one["x_relay"]["replaced_by"] = other["x_relay"]["slug"]
    other["x_relay"]["replaced_by"] = one["x_relay"]["slug"]


WRONG: dict[str, tuple[Callable[[dict[str, Any]], Any], tuple[tuple[str, str, str], ...]]] = {
    "no name": (lose("name"), (("fr-15", "name", "Field required"),)),
    "no extension of ours": (lose("x_relay"), (("services[0]", "x_relay", "Field required"),)),
    "a status HSDS does not know": (
        change(status="open"),
        (("fr-15", "status", "Input should be 'active', 'inactive', 'defunct' or"),),
    ),
    "a need nobody knows": (
        change_ours(needs=["bonheur"]),
        (("fr-15", "x_relay.needs.0", "Input should be 'urgence_vitale'"),),
    ),
    "no need": (change_ours(needs=[]), (("fr-15", "x_relay.needs", "at least one is expected"),)),
    "an impossible hour": (
        change_hours(opens_at="25:00"),
        (("fr-15", "schedules.0.opens_at", "String should match pattern"),),
    ),
    "contradictory hours": (
        change_hours(opens_at="20:00", closes_at="08:00"),
        (("fr-15", "schedules.0.x_crosses_midnight", "closes_at is earlier than opens_at"),),
    ),
    "a day twice": (
        change_hours(byday="MO,MO"),
        (("fr-15", "schedules.0.byday", "'MO,MO': days from MO to SU, each once"),),
    ),
    "a zone there is not": (
        change_hours(x_timezone="Europe/Lyon"),
        (("fr-15", "schedules.0.x_timezone", "there is no IANA zone 'Europe/Lyon'"),),
    ),
    "an impossible date": (
        change_hours(valid_from="2026-02-30"),
        (("fr-15", "schedules.0.valid_from", "Input should be a valid date"),),
    ),
    "dates the wrong way round": (
        change_hours(valid_from="2026-03-01", valid_to="2026-02-01"),
        (("fr-15", "schedules.0.valid_to", "before valid_from"),),
    ),
    "a département there is not": (
        change_area(x_departements=["20", "75"]),
        (("fr-15", "service_areas.0.x_departements", "there is no département '20'"),),
    ),
    "no département at all": (
        change_area(x_departements=[]),
        (("fr-15", "service_areas.0.x_departements", "empty: write null"),),
    ),
    "ages the wrong way round": (
        change(minimum_age=25, maximum_age=12),
        (("fr-15", "maximum_age", "below minimum_age"),),
    ),
    "a transfer to a row nobody verified": (
        change_ours(agreed_transfer={"mode": "attended", "number": "0199000000"}),
        (("fr-15", "x_relay.agreed_transfer", "only a verified row may be transferred to"),),
    ),
    "verified at no moment": (
        change_ours(verified_at="2026-01-14T15:00:00"),
        (("fr-15", "x_relay.verified_at", "Input should have timezone info"),),
    ),
    "a slug twice": (twice, (("fr-15", "x_relay.slug", "two rows have it"),)),
    "replaced by nobody": (
        change_ours(replaced_by="fr-nobody"),
        (("fr-15", "x_relay.replaced_by", "no row is 'fr-nobody'"),),
    ),
    "replaced by each other": (
        in_a_ring,
        (
            ("fr-15", "x_relay.replaced_by", "leads back to itself"),
            ("fr-17", "x_relay.replaced_by", "leads back to itself"),
        ),
    ),
    "no list": (
        lambda document: document.update(services={}),
        (("directory", "services", "a list of services is expected"),),
    ),
    "a row that is none": (
        lambda document: document["services"].__setitem__(0, "SAMU"),
        (("services[0]", "row", "Input should be a valid dictionary"),),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_row_is_named_with_field_and_reason(name: str) -> None:
    spoil, expected = WRONG[name]
    document = deepcopy(DOCUMENT)
    spoil(document)
    with pytest.raises(DirectoryFlawed) as caught:
        read_relays(document, DEPARTEMENTS)
    assert len(caught.value.flaws) == len(expected), str(caught.value)
    for flaw, (row, field, why) in zip(caught.value.flaws, expected, strict=True):
        assert (flaw.row, flaw.field) == (row, field)
        assert flaw.why.startswith(why)


def test_every_wrong_row_is_named_at_once() -> None:
    document = deepcopy(DOCUMENT)
    for row in document["services"][:3]:
        row["status"] = "open"
    with pytest.raises(DirectoryFlawed) as caught:
        read_relays(document, DEPARTEMENTS)
    assert [flaw.row for flaw in caught.value.flaws] == ["fr-15", "fr-17", "fr-18"]
    assert "fr-17: status: Input should be 'active'" in str(caught.value)


def test_a_file_that_is_missing_or_no_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(DirectoryFlawed, match=r"relays\.json: file: No such file"):
        read_directory(tmp_path)
    (tmp_path / "relays.json").write_text("{")
    with pytest.raises(DirectoryFlawed, match=r"relays\.json: file: no JSON"):
        read_directory(tmp_path)
    (tmp_path / "relays.json").write_text("[]")
    with pytest.raises(DirectoryFlawed, match=r"relays\.json: file: no JSON object"):
        read_directory(tmp_path)


#: HSDS writes "all day" as 00:00-23:59; its last minute is meant too.
LAST_MINUTES = {
    "a line that never closes": ("fr-15", "2026-01-13 23:59:30"),
    "a night that goes on after midnight": ("eu-116117-fr", "2026-01-13 23:59:30"),
}


@pytest.mark.parametrize("name", LAST_MINUTES)
def test_the_last_minute_of_a_day_belongs_to_it(name: str) -> None:
    slug, moment = LAST_MINUTES[name]
    assert isinstance(hours_at(READ.by_slug[slug], "phone", at(moment)), Open)


def test_a_closed_row_leads_to_the_one_that_took_its_place() -> None:
    directory = Directory(READ.relays)
    closed = directory.by_slug["fr-3020"]
    assert closed.status is Status.DEFUNCT
    found = {row.slug for row in directory.serving(Need.HARCELEMENT_NUMERIQUE, "FR", None)}
    assert found == {"fr-3018"}


def test_flaw_reads_as_a_sentence() -> None:
    assert str(RowFlaw("fr-15", "name", "Field required")) == "fr-15: name: Field required"


def test_rows_compare_by_what_they_say() -> None:
    row: Relay = READ.by_slug["fr-15"]
    assert row == replace(row, row={})
