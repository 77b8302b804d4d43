"""What partners are shown is the code's: the document of theirs, and the page of it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from contracts.partner import PARTNER_COMMANDS, PartnerCommand, PartnerEvent, PartnerReferralExpired
from contracts.partner_asyncapi import events_of_partners, partner_document
from contracts.promise import Deprecation
from deploy.asyncapi import FOR_PARTNERS, PAGE, everything
from deploy.partner_page import page
from tests.contracts.test_asyncapi import found_at, nodes
from tests.contracts.test_promise import GOING

THEIRS: tuple[type[PartnerEvent] | type[PartnerCommand], ...] = (
    *events_of_partners(),
    *PARTNER_COMMANDS,
)
TOLD: dict[str, Any] = json.loads(FOR_PARTNERS.read_text("utf-8"))


def test_committed_files_are_what_the_code_says() -> None:
    for file, told in everything().items():
        assert file.read_text("utf-8") == told, "run `just asyncapi`"


def test_the_document_holds_what_is_the_partners_and_nothing_of_ours() -> None:
    theirs = {each.type_name() for each in THEIRS}

    assert set(TOLD["channels"]) == {*theirs, "replies"}
    assert set(TOLD["components"]["messages"]) == {*theirs, "reply"}
    for ours_alone in ("desk.", "contact_id", "contactid", "causedby"):
        assert ours_alone not in json.dumps({k: v for k, v in TOLD.items() if k != "components"})
        assert ours_alone not in json.dumps(TOLD["components"]["messages"])
        assert ours_alone not in json.dumps(TOLD["components"]["schemas"]["EventHeaders"])


def test_every_reference_leads_somewhere_and_every_example_keeps_to_its_schema() -> None:
    for path, node in nodes(TOLD):
        if path.endswith("/$ref"):
            found_at(node, TOLD)
    for message in TOLD["components"]["messages"].values():
        schema = {**message["payload"], "components": TOLD["components"]}
        for example in message["examples"]:
            jsonschema.Draft7Validator(schema).validate(example["payload"])
        assert message["examples"]


def test_the_page_names_every_type_field_and_word() -> None:
    shown = PAGE.read_text("utf-8")
    for each in THEIRS:
        assert f'id="{each.type_name()}"' in shown
        for field in each.model_fields:
            assert f"<code>{field}</code>" in shown
    for command in PARTNER_COMMANDS:
        assert f"<code>{command.told_as}</code>" in shown
    for word in TOLD["components"]["schemas"]["Withdrawing"]["enum"]:
        assert f"<code>{word}</code>" in shown


def test_the_page_says_what_will_go_and_when(monkeypatch: pytest.MonkeyPatch) -> None:
    going: Deprecation = GOING
    monkeypatch.setattr(PartnerReferralExpired, "deprecated", going)

    shown = page(partner_document("1"))
    assert f"since {going.since}, gone on {going.gone_on}." in shown
    assert "<strong>Deprecated</strong>" not in PAGE.read_text("utf-8")


def test_what_stands_on_the_page_is_escaped() -> None:
    told = json.loads(json.dumps(TOLD))
    told["components"]["messages"]["reply"]["summary"] = "<script>alert(1)</script>"

    assert "<script>" not in page(told)
