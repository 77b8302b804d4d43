"""`just relays`, as somebody at a terminal uses it."""

import json
from pathlib import Path

import pytest

from deploy.relays import main
from services.referral.directory.committed import COMMITTED


def test_the_committed_directory_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "70 rows are sound; 0 verified, 26 with unknown anonymity\n"


def test_a_wrong_row_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads((COMMITTED / "relays.json").read_bytes())
    document["services"][3]["x_relay"]["needs"] = ["bonheur"]
    (tmp_path / "relays.json").write_text(json.dumps(document))
    (tmp_path / "departements.json").write_bytes((COMMITTED / "departements.json").read_bytes())
    assert main(["--folder", str(tmp_path), "check"]) == 1
    assert "eu-112-fr: x_relay.needs.0: Input should be" in capsys.readouterr().err


def test_what_is_exported_is_read_again_as_it_was(tmp_path: Path) -> None:
    assert main(["export", str(tmp_path / "relays.json")]) == 0
    again = json.loads((tmp_path / "relays.json").read_bytes())
    assert again == json.loads((COMMITTED / "relays.json").read_bytes())


def test_somebody_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["find", "solitude", "--departement", "974", "--at", "2026-02-10T12:00:00+04:00"]
    assert main(asked) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("now:\n  fr-sos-amitie (number): need; against it unverified\n")
    assert "fr-solitud-ecoute (later, opens 2026-02-10 14:00 UTC)" in printed


def test_a_departement_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["find", "solitude", "--departement", "20"]) == 1
    assert capsys.readouterr().err == "there is no département '20'\n"


def test_a_list_is_held_against_a_schema_that_somebody_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published = tmp_path / "service.json"
    published.write_text(json.dumps({"properties": {"url": {"format": "uuid"}}}))
    assert main(["export", str(tmp_path / "list.json")]) == 0
    assert main(["check", str(tmp_path / "list.json"), "--schema", str(published)]) == 1
    told = capsys.readouterr()
    assert "eu-116000-fr: url: 'https://www.116000enfantsdisparus.fr' is not a 'uuid'" in told.err
    published.write_text(json.dumps({"required": ["id", "name", "status"]}))
    assert main(["check", "--schema", str(published)]) == 0
    assert "70 rows held against service.json: 0 breaches" in capsys.readouterr().out
