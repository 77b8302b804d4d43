"""What is shipped, by name, hash and licence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.images.licences import LOOKED_AT, NATS, SHIPPED, Licensed, licences_of, names_in, report
from deploy.images.sbom import entry, write_sbom

LOCK = Path(__file__).resolve().parents[2] / "requirements.txt"


def test_somebody_has_looked_at_every_licence_of_what_is_shipped() -> None:
    packages = licences_of((*names_in(SHIPPED), NATS))
    assert len(packages) > 40
    assert {each.name: each.not_looked_at for each in packages if each.not_looked_at} == {}
    # And nothing is excused that is not there: the next version may have another licence.
    assert {(each.name, one) for each in packages for one in each.licences} >= LOOKED_AT.keys()
    assert all(f"| {each.name} | {each.version} |" in report(packages) for each in packages)


@pytest.mark.parametrize(
    ("says", "unknown"),
    {
        "MIT": set(),
        "Apache-2.0 OR BSD-3-Clause": set(),
        "GPL-3.0-only OR MIT": set(),
        "MIT AND GPL-3.0-only": {"GPL-3.0-only"},
        "MIT License; GNU Affero General Public License v3": {
            "GNU Affero General Public License v3"
        },
        "MPL-2.0 AND (Apache-2.0 OR MIT)": {"MPL-2.0"},
        "UNKNOWN": {"UNKNOWN"},
    }.items(),
)
def test_licence_counts_when_it_must_be_kept(says: str, unknown: set[str]) -> None:
    assert Licensed("a-package", "1", says).not_looked_at == unknown


def test_bill_of_materials_names_each_package_with_its_hashes(tmp_path: Path) -> None:
    into = tmp_path / "sbom.json"
    write_sbom(SHIPPED.read_text(), into)
    bill = json.loads(into.read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert {each["name"] for each in bill["components"]} == set(names_in(SHIPPED))
    for each in bill["components"]:
        assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
        hashes = [one for where in each["externalReferences"] for one in where["hashes"]]
        assert hashes
        assert all(one["content"] in SHIPPED.read_text() for one in hashes)


def test_bill_of_materials_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("first", "again"):
        write_sbom(entry(LOCK, NATS), tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "again").read_bytes()
