"""Partners hear half a year before that a type goes, wherever they look; it goes no sooner."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from contracts.asyncapi import Party, document
from contracts.catalogue import EVENTS
from contracts.compatibility import breaks
from contracts.partner import PARTNER_COMMANDS, PartnerEvent, PartnerReferralExpired
from contracts.promise import NOTICE, Deprecation, TooSoon
from contracts.schemas import FOLDER, PARTNERS, gone_early, problems, schema_of, today, write
from services.bus.decode import event_headers
from tests.contracts.test_schemas import release

SINCE = date(2026, 1, 14)
GOING = Deprecation(SINCE, SINCE + NOTICE)
PATH = "partner_referral/v1/expired.json"


class Going(PartnerReferralExpired):
    """One that goes."""

    deprecated: ClassVar = GOING


def test_half_a_year_is_the_least() -> None:
    with pytest.raises(TooSoon):
        Deprecation(SINCE, SINCE + NOTICE - timedelta(days=1))


def test_the_schema_the_document_and_each_event_say_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PartnerReferralExpired, "deprecated", GOING)
    schema = schema_of(PATH, PartnerReferralExpired)
    told = document((Party("partner", consumes=(PartnerReferralExpired,)),), "1")
    message = told["components"]["messages"]["partner_referral.expired.v1"]
    headers = event_headers({"id": "1", "type": "partner_referral.expired.v1"})

    for where in (schema, message):
        assert (where["deprecated"], where["x-gone-on"]) == (True, "2026-07-16")
    assert headers["Deprecation"] == f"@{int(datetime(2026, 1, 14, tzinfo=UTC).timestamp())}"
    assert headers["Sunset"] == "Thu, 16 Jul 2026 00:00:00 GMT"
    assert "Sunset" not in event_headers({"id": "1", "type": "partner_referral.sent.v1"})


def test_a_released_type_goes_on_its_day_and_no_sooner() -> None:
    promised = {PATH: schema_of(PATH, Going)}

    assert gone_early(promised, {}, GOING.gone_on) == ()
    assert gone_early(promised, {}, GOING.gone_on - timedelta(days=1)) == (
        "partner_referral.expired.v1: partners count on it until 2026-07-16",
    )


def test_a_released_type_that_said_nothing_does_not_go() -> None:
    promised = {PATH: schema_of(PATH, PartnerReferralExpired)}

    assert gone_early(promised, promised) == ()
    assert gone_early(promised, {}, date(2099, 1, 1)) == (
        "partner_referral.expired.v1: partners count on it until it is deprecated",
    )


def test_no_command_lets_a_released_type_go_with_its_schema(tmp_path: Path) -> None:
    write(folder=tmp_path)
    release(tmp_path, "v1.0.0")
    now = today()
    del now[PATH]
    (tmp_path / PATH).unlink()
    refusal = ("partner_referral.expired.v1: partners count on it until it is deprecated",)

    assert problems(now, tmp_path) == refusal
    assert write(now, frozenset({"partner_referral.expired.v1"}), tmp_path) == refusal


def test_a_day_that_was_promised_is_not_moved_forward() -> None:
    old = schema_of(PATH, Going)
    later, sooner = old | {"x-gone-on": "2027-01-01"}, old | {"x-gone-on": "2026-07-15"}

    assert breaks(old, later) == ()
    assert [str(each) for each in breaks(old, sooner)] == [
        "(contract): goes on 2026-07-15, was promised until 2026-07-16"
    ]


def test_whom_a_type_is_promised_to_is_in_its_schema() -> None:
    theirs = {each.type_name() for each in EVENTS if issubclass(each, PartnerEvent)}
    theirs |= {each.type_name() for each in PARTNER_COMMANDS}
    said = {each["x-type"] for each in today().values() if each.get("x-audience") == PARTNERS}

    assert said == theirs


def test_the_changelog_of_partners_names_every_type_and_every_day() -> None:
    changelog = FOLDER.with_name("CHANGELOG.md").read_text("utf-8")
    theirs = [each for each in today().values() if each.get("x-audience") == PARTNERS]

    for schema in theirs:
        assert f"`{schema['x-type']}`" in changelog
        assert schema.get("x-gone-on", "") in changelog
