"""The AsyncAPI document: the committed one is the code's, and it says everything, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from contracts.asyncapi import Party, document
from contracts.catalogue import COMMANDS, EVENTS, RESULTS
from contracts.contact import ContactOpened
from contracts.envelope import (
    CommandEnvelope,
    CommandId,
    EventEnvelope,
    SessionId,
    event_header,
)
from contracts.partner import PARTNER_COMMANDS, PartnerEvent
from contracts.schemas import resolved, schema_of
from contracts.triage import ContactTriaged, DecideTriage, ProposeTriage
from contracts.vocabulary import PersonId, ProgrammeId, Role
from deploy.asyncapi import DOCUMENT, main, todays
from services.bus.decode import ReadEvent, command_headers, event_headers
from services.registry import SERVICES
from tests.contracts.test_golden import FILES, golden, on_the_bus

COMMITTED: dict[str, Any] = json.loads(DOCUMENT.read_text("utf-8"))


def nodes(value: Any, path: str = "#") -> Iterator[tuple[str, Any]]:
    """Every node of a document with its path."""
    yield path, value
    held = value.items() if isinstance(value, dict) else ()
    for key, inner in held:
        yield from nodes(inner, f"{path}/{key}")
    for place, inner in enumerate(value if isinstance(value, list) else ()):
        yield from nodes(inner, f"{path}/{place}")


def found_at(reference: str, whole: dict[str, Any]) -> Any:
    """What a reference inside the document stands for; raises KeyError when it is nowhere."""
    node: Any = whole
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def test_committed_document_is_what_the_code_says() -> None:
    assert DOCUMENT.read_text("utf-8") == todays(), "run `just asyncapi`"
    assert main(["check"]) == 0


def test_every_reference_leads_somewhere() -> None:
    references = [node for path, node in nodes(COMMITTED) if path.endswith("/$ref")]
    assert references
    for reference in references:
        assert found_at(reference, COMMITTED) is not None


def test_reference_that_leads_nowhere_is_found() -> None:
    with pytest.raises(KeyError):
        found_at("#/components/schemas/Nowhere", COMMITTED)


def test_nothing_stands_beside_a_reference() -> None:
    for path, node in nodes(COMMITTED):
        if isinstance(node, dict) and "$ref" in node:
            assert list(node) == ["$ref"], path


def test_every_event_and_command_has_one_channel_and_one_message() -> None:
    names = {event.type_name() for event in EVENTS} | {command.type_name() for command in COMMANDS}
    replies = {"reply", *(f"{command.type_name()}.reply" for command in RESULTS)}
    assert set(COMMITTED["channels"]) == names | {"replies"}
    assert set(COMMITTED["components"]["messages"]) == names | replies
    addresses = [channel["address"] for channel in COMMITTED["channels"].values()]
    assert len(set(addresses)) == len(addresses)


def test_address_of_an_event_is_the_subject_the_bus_publishes_on() -> None:
    for name in FILES:
        headers, body = golden(name)
        read = on_the_bus(headers, body)
        assert isinstance(read, ReadEvent)
        channel = COMMITTED["channels"][headers["ce-type"]]
        assert channel["address"].format(**body) == read.event.subject()
        assert set(channel["parameters"]) == {
            part.strip("{}") for part in channel["address"].split(".") if part.startswith("{")
        }


def test_every_table_entry_is_an_operation_and_there_is_no_other() -> None:
    expected = set()
    for service in SERVICES:
        sent = [each.type_name() for each in service.publishes]
        sent += [each.type_name() for each in service.sends]
        received = [on.event.type_name() for on in service.consumes]
        received += [answer.command.type_name() for answer in service.answers]
        expected |= {f"{service.name}.send.{name}" for name in sent}
        expected |= {f"{service.name}.receive.{name}" for name in received}
    read = {event.type_name() for event in EVENTS if issubclass(event, PartnerEvent)}
    expected |= {f"partner.receive.{name}" for name in read}
    expected |= {f"partner.send.{command.type_name()}" for command in PARTNER_COMMANDS}
    assert set(COMMITTED["operations"]) == expected


def test_request_names_its_reply_on_both_sides_and_an_event_has_none() -> None:
    parties = (
        Party("intake", publishes=(ContactOpened,)),
        Party("triage", consumes=(ContactOpened,), answers=(DecideTriage, ProposeTriage)),
        Party("console", sends=(DecideTriage, ProposeTriage)),
    )
    operations = document(parties, "1")["operations"]
    replies = {
        name: [each["$ref"].rpartition("/")[2] for each in operation["reply"]["messages"]]
        for name, operation in operations.items()
        if "reply" in operation
    }
    assert replies == {
        "console.send.triage.decide.v1": ["reply"],
        "console.send.triage.propose.v1": ["triage.propose.v1.reply"],
        "triage.receive.triage.decide.v1": ["reply"],
        "triage.receive.triage.propose.v1": ["triage.propose.v1.reply"],
    }
    assert operations["intake.send.contact.opened.v1"]["action"] == "send"
    assert operations["triage.receive.contact.opened.v1"]["action"] == "receive"


def test_order_of_services_does_not_change_the_document() -> None:
    parties = (Party("b", consumes=(ContactTriaged,)), Party("a", publishes=(ContactTriaged,)))
    one, other = document(parties, "1"), document(reversed(parties), "1")
    assert json.dumps(one) == json.dumps(other)


@pytest.mark.parametrize("name", FILES)
def test_golden_event_keeps_to_the_document_headers_and_payload(name: str) -> None:
    headers, body = golden(name)
    message = COMMITTED["components"]["messages"][headers["ce-type"]]
    validator(message["headers"]).validate(headers)
    validator(message["payload"]).validate(body)


def validator(reference: dict[str, str]) -> Any:
    """A draft 7 validator for a schema of the document."""
    whole = {**reference, "components": COMMITTED["components"]}
    jsonschema.Draft7Validator.check_schema(whole)
    return jsonschema.Draft7Validator(whole)


@pytest.mark.parametrize("field", ["priority", "need", "languages"])
def test_payload_with_a_wrong_word_is_refused_through_the_references(field: str) -> None:
    headers, body = golden("contact/v1/triaged.full.json")
    wrong = {**body, field: ["nonsense"] if field == "languages" else "nonsense"}
    message = COMMITTED["components"]["messages"][headers["ce-type"]]
    assert not validator(message["payload"]).is_valid(wrong)


def test_bus_writes_the_headers_that_the_document_names() -> None:
    headers, body = golden("offer/v1/made.full.json")
    read = on_the_bus(headers, body)
    assert isinstance(read, ReadEvent)
    written = event_headers(read.envelope.model_dump(mode="json"))
    assert written == headers
    assert set(written) == set(COMMITTED["components"]["schemas"]["EventHeaders"]["properties"])
    assert {event_header(field) for field in EventEnvelope.model_fields} < set(written)


def test_edge_writes_the_headers_of_a_command_that_the_document_names() -> None:
    envelope = CommandEnvelope(
        command_id=CommandId("0d6f2e8a-5a1e-4c0d-8e55-000000000001"),
        session_id=SessionId("0d6f2e8a-5a1e-4c0d-8e55-000000000002"),
        actor=PersonId("r-02"),
        role=Role.REGULATOR,
        programme=ProgrammeId("sos-crise"),
        deadline=datetime(2026, 3, 14, 21, 6, tzinfo=UTC),
        expected_version=3,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
    written = command_headers(envelope)
    headers = COMMITTED["components"]["messages"]["triage.decide.v1"]["headers"]
    validator(headers).validate(written)
    assert set(written) == set(COMMITTED["components"]["schemas"]["CommandHeaders"]["properties"])


def test_every_message_says_which_privacy_classes_it_carries() -> None:
    for event in EVENTS:
        carried = {
            node
            for path, node in nodes(resolved(schema_of("any.json", event)))
            if path.endswith("/x-privacy")
        }
        message = COMMITTED["components"]["messages"][event.type_name()]
        assert message["x-privacy"] == sorted(carried)
