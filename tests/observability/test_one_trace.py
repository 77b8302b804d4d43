"""A contact can be followed: one trace from the door to quality, and log lines that name it."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from contracts.vocabulary import ContactId
from tests.deploy.test_call import MORNING, call
from tests.observability.otlp import Received, a_collector
from tests.running import REPOSITORY, a_platform, wait_for

SCHEMA = json.loads((REPOSITORY / "observability/log.schema.json").read_text())
THE_END = ("helpline-quality", "on contact.ended.v1")


@pytest.mark.slow
def test_a_contact_is_one_trace_from_the_door_to_quality(
    postgres_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_collector() as (endpoint, received):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        monkeypatch.setenv("HELPLINE_TRACE_EXPORTER", "otlp")
        monkeypatch.setenv("HELPLINE_TRACE_RATIO", "1")
        with a_platform(postgres_folder, "--at", MORNING) as (_, platform):
            told = call(postgres_folder)
            assert told.returncode == 0, told.stderr
            wait_for(lambda: THE_END in [name_of(each) for each in received])
            logs = Path(platform.logs)
    (contact,) = {each.trace_id for each in received if name_of(each) == THE_END}
    of_contact = [each for each in received if each.trace_id == contact]
    _holds_together(of_contact)
    _says_nothing_of_the_caller(received)
    _is_found_in_the_logs(logs, contact)


def name_of(received: Received) -> tuple[str, str]:
    return received.service, received.span.name


def _holds_together(spans: list[Received]) -> None:
    """From the door on, by what people on duty pressed, to the figures."""
    names = {name_of(each) for each in spans}
    assert names >= {
        ("helpline-intake", "answer at the door"),
        ("helpline-triage", "on contact.opened.v1"),
        ("helpline-assignment", "on contact.opened.v1"),
        ("helpline-console", "send triage.decide.v1"),
        ("helpline-triage", "answer triage.decide.v1"),
        ("helpline-assignment", "on contact.triaged.v1"),
        THE_END,
    }
    ids = {each.span.span_id for each in spans}
    assert {each.span.parent_span_id for each in spans} - ids <= {b""}
    first = min(spans, key=lambda each: each.span.start_time_unix_nano)
    assert name_of(first) == ("helpline-intake", "answer at the door")


def _says_nothing_of_the_caller(spans: list[Received]) -> None:
    assert {each.key for one in spans for each in one.span.attributes} <= {"helpline.kept"}
    assert not [one for one in spans if one.span.events]


def _is_found_in_the_logs(logs: Path, trace_id: str) -> None:
    lines = [
        json.loads(line)
        for log in logs.glob("*.log")
        for line in log.read_text().splitlines()
        if line.startswith('{"at"')
    ]
    check = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
    assert [problem.message for line in lines for problem in check.iter_errors(line)] == []
    of_contact = [line for line in lines if _of(line, trace_id)]
    assert {line["service"] for line in of_contact} >= {"triage", "assignment", "quality"}
    assert {line["trace"].split("-")[1] for line in of_contact} == {trace_id}


def _of(line: dict[str, Any], trace_id: str) -> bool:
    contact: ContactId | None = line.get("contact")
    return contact is not None and contact.replace("-", "") == trace_id
