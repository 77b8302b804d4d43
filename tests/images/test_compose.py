"""deploy/compose.yaml, as Docker's own program reads it."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest

from deploy.embedded.postgres import _SETTINGS as EMBEDDED
from tests.images.composed import ASKED_FOR, rendered


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of the file."""
    found: dict[str, Any] = rendered()["services"]
    return found


@pytest.mark.parametrize("name", ASKED_FOR)
def test_what_only_the_deployer_knows_is_asked_for_by_name(name: str) -> None:
    others = {key: value for key, value in ASKED_FOR.items() if key != name}
    with pytest.raises(subprocess.CalledProcessError) as refused:
        rendered(others)
    assert f"required variable {name} is missing" in refused.value.stderr


def test_every_container_is_nobody_and_can_write_only_where_it_is_told(
    services: dict[str, Any],
) -> None:
    assert len(services) == 8
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
        assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & service.keys()
        assert all(volume["type"] == "volume" for volume in service.get("volumes", ()))


def test_doors_are_open_on_this_machine_alone(services: dict[str, Any]) -> None:
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert ports.keys() == {"services"}
    assert {port["host_ip"] for port in ports["services"]} == {"127.0.0.1"}
    assert {port["target"] for port in ports["services"]} == {8100, 8200, 8300, 9100}


def test_servers_and_jobs_cannot_dial_out(services: dict[str, Any]) -> None:
    networks = rendered()["networks"]
    assert networks["ground"]["internal"] is True
    outward = {
        name for name, service in services.items() if set(service.get("networks", ())) - {"ground"}
    }
    assert outward == {"services"}
    alone = {name for name, each in services.items() if each.get("network_mode") == "none"}
    assert alone == {"keys", "conf"}


def test_secrets_are_files_and_never_in_an_environment(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for key in service.get("environment", {}):
            assert not re.search("PASSWORD|SECRET|TOKEN|KEY", key) or key.endswith("_FILE"), name
    given = {
        name: [each["source"] for each in s.get("secrets", ())] for name, s in services.items()
    }
    assert {name: files for name, files in given.items() if files} == {
        "postgres": ["postgres-owner"],
        "tables": ["postgres-owner"],
        "services": ["oidc-client"],
    }
    assert all(
        re.search(r"/\.helpline/secrets/", each["file"]) for each in rendered()["secrets"].values()
    )


def test_keys_are_written_by_who_makes_them_and_nobody_else(services: dict[str, Any]) -> None:
    holders = {
        name: each.get("read_only", False)
        for name, service in services.items()
        for each in service.get("volumes", ())
        if each["source"] == "keys"
    }
    assert [name for name, read_only in holders.items() if not read_only] == ["keys"]
    assert "nats" not in holders
    assert "postgres" not in holders


def test_services_start_when_everything_before_them_has_ended_well(
    services: dict[str, Any],
) -> None:
    once = {"keys", "conf", "tables", "streams", "line"}
    assert {name for name, each in services.items() if each.get("restart") == "no"} == once
    for name in services.keys() - once:
        assert services[name]["restart"] == "unless-stopped"
    awaited = {
        (name, other): each["condition"]
        for name, service in services.items()
        for other, each in service.get("depends_on", {}).items()
    }
    for (_, other), condition in awaited.items():
        if other in once:
            assert condition == "service_completed_successfully"
    assert {other for name, other in awaited if name == "services"} == {"tables", "streams"}
    assert awaited["tables", "postgres"] == "service_healthy"


def test_whatever_stays_is_asked_for_its_health_or_cannot_be(services: dict[str, Any]) -> None:
    stays = {name for name, each in services.items() if each["restart"] == "unless-stopped"}
    asked = {name for name, each in services.items() if "healthcheck" in each}
    # The image of NATS holds one program: `streams` asks it instead, before the services start.
    assert stays - asked == {"nats"}
    assert any(word.startswith("--within=") for word in services["streams"]["entrypoint"])


def test_images_are_ours_or_named_by_digest(services: dict[str, Any]) -> None:
    for service in services.values():
        named = service["image"]
        assert "build" in service or re.fullmatch(r"[a-z]+:\d+@sha256:[0-9a-f]{64}", named)


def test_postgres_keeps_to_itself_what_the_embedded_one_does(services: dict[str, Any]) -> None:
    said = dict(word[2:].split("=", 1) for word in services["postgres"]["command"][1:])
    ours = {
        "password_encryption",
        "log_error_verbosity",
        "log_min_error_statement",
        "log_statement",
        "max_connections",
        "timezone",
        "log_timezone",
        "lc_messages",
        "jit",
    }
    assert said == {name: EMBEDDED[name] for name in ours}
