"""`just programme`: manifests are checked offline and applied through the console's door."""

import json
from pathlib import Path

import httpx
import pytest

from contracts.programme import ApplyProgramme
from services.intake.programme import (
    NotApplied,
    RunningPlatform,
    apply_manifest,
    find_platform,
    main,
)
from services.intake.reader import Sound, read_manifest
from tests.intake.manifests import SHIPPED, broken

PLATFORM = RunningPlatform("http://console", "a key of the development provider")


def the_shipped_line() -> Sound:
    read = read_manifest(SHIPPED.read_bytes())
    assert isinstance(read, Sound)
    return read


class Console:
    """Plays the console's door; `answers` are given to applications in turn."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.applied: list[ApplyProgramme] = []
        self.keys: list[str] = []
        self.client = httpx.Client(
            base_url=PLATFORM.console, transport=httpx.MockTransport(self._answer)
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/development/sessions":
            asked = json.loads(request.content)
            assert asked["development_key"] == PLATFORM.development_key
            assert asked["role"] == "operator"
            return httpx.Response(201, json={"token": "a-token"})
        assert request.url.path == "/operator/programmes"
        assert request.headers["authorization"] == "Bearer a-token"
        self.applied.append(ApplyProgramme.model_validate_json(request.content))
        self.keys.append(request.headers["idempotency-key"])
        return self.answers.pop(0)


def done(version: int, *, already_so: bool = False) -> httpx.Response:
    result = {
        "programme_version": version,
        "effective_at": "2020-11-02T11:00:00Z",
        "already_so": already_so,
    }
    return httpx.Response(200, json={"version": version, "result": result})


def test_check_says_that_a_manifest_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(SHIPPED)]) == 0
    assert "sound. sos-crise (SOS CRISE, FR): phone; fr, en, ar, es, pt;" in capsys.readouterr().out


def test_check_names_file_line_field_and_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faulty = tmp_path / "ligne.yaml"
    faulty.write_bytes(broken("programme: ligne-essai", "programme: ligne-essai\ncolour: blue"))
    assert main(["check", str(SHIPPED), str(faulty)]) == 1
    assert f"{faulty}:3: colour: is not a field of a manifest\n" in capsys.readouterr().out


def test_check_of_a_file_that_is_not_there_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path / "none.yaml")]) == 1
    assert capsys.readouterr().out.endswith(
        "none.yaml: cannot be read: No such file or directory\n"
    )


def test_apply_does_not_send_a_faulty_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faulty = tmp_path / "ligne.yaml"
    faulty.write_bytes(broken("rules_version: triage-2026.1", "rules_version: latest"))
    assert main(["apply", str(faulty), "--run-dir", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "rules_version" in said
    assert "No platform" not in said


def test_apply_without_a_platform_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apply", str(SHIPPED), "--run-dir", str(tmp_path)]) == 1
    assert f"No platform runs in {tmp_path}. Start one with" in capsys.readouterr().out


def test_the_platform_and_its_key_are_found_where_up_wrote_them(tmp_path: Path) -> None:
    (tmp_path / "development.key").write_text("secret\n")
    written = {"keys": str(tmp_path), "doors": {"console": "http://127.0.0.1:8200"}}
    (tmp_path / "platform.json").write_text(json.dumps(written))
    assert find_platform(tmp_path) == RunningPlatform("http://127.0.0.1:8200", "secret")


def test_apply_sends_what_the_manifest_says_as_the_operator() -> None:
    console, line = Console(done(1)), the_shipped_line()
    said = apply_manifest(line, None, PLATFORM, console.client)
    assert said == "sos-crise: version 1 is applied, effective from 2020-11-02T11:00:00Z."
    assert [command.terms for command in console.applied] == [line.terms]
    assert [command.manifest_sha256 for command in console.applied] == [line.sha256]


def test_apply_says_when_it_was_so_already() -> None:
    console = Console(done(3, already_so=True))
    said = apply_manifest(the_shipped_line(), None, PLATFORM, console.client)
    assert "version 3 was in force already" in said


def test_apply_asks_again_with_the_same_key_while_the_platform_catches_its_breath() -> None:
    console = Console(httpx.Response(503, json={"code": "ground_away"}), done(1))
    apply_manifest(the_shipped_line(), None, PLATFORM, console.client)
    assert len(console.keys) == 2
    assert len(set(console.keys)) == 1


def test_a_number_that_is_another_lines_is_told_with_what_to_do() -> None:
    problem = {"code": "invalid_field", "field": "callers.numbers", "detail": "Un champ est faux."}
    console = Console(httpx.Response(400, json=problem))
    with pytest.raises(NotApplied, match="apply the other with an until_day first"):
        apply_manifest(the_shipped_line(), None, PLATFORM, console.client)


def test_a_refusal_is_told_with_its_field() -> None:
    problem = {"code": "invalid_field", "field": "effective_at", "detail": "Un champ est faux."}
    console = Console(httpx.Response(400, json=problem))
    with pytest.raises(NotApplied, match=r"400 invalid_field \(effective_at\): Un champ est faux"):
        apply_manifest(the_shipped_line(), None, PLATFORM, console.client)
