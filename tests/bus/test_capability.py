"""A capability opens what it was signed for, by who holds the key, and nothing else."""

import secrets
from pathlib import Path

import pytest

from contracts.text import TextCapability
from contracts.vocabulary import ContactId, PersonId, ProgrammeId, Role
from services.bus.capability import KEY_FILE, KeyMissing, key_from_environment, key_in, read, sign
from tests.intake.conftest import NOON

KEY = secrets.token_bytes(32)
SAID = TextCapability(
    contact_id=ContactId("3b241101-e2bb-4255-8caf-4136c566a962"),
    person_id=PersonId("v-bruno"),
    role=Role.LISTENER,
    programme=ProgrammeId("sos-crise"),
    expires_at=NOON,
)


def test_what_was_signed_is_read() -> None:
    assert read(KEY, "texts", sign(KEY, "texts", SAID), TextCapability) == SAID


def test_another_key_or_purpose_reads_nothing() -> None:
    token = sign(KEY, "texts", SAID)
    assert read(secrets.token_bytes(32), "texts", token, TextCapability) is None
    assert read(KEY, "audit", token, TextCapability) is None


def test_no_part_of_it_can_be_changed() -> None:
    token = sign(KEY, "texts", SAID)
    body, seal = token.split(".")
    other = sign(KEY, "texts", SAID.model_copy(update={"role": Role.SUPERVISOR})).split(".")[0]
    for forged in (f"{other}.{seal}", f"{body}.", body, f"{body}.{seal[:-2]}AA", "", ".", "é.é"):
        assert read(KEY, "texts", forged, TextCapability) is None


def test_one_without_end_is_not_looked_at() -> None:
    assert read(KEY, "texts", "A" * 100_000, TextCapability) is None


@pytest.mark.parametrize("held", [None, "", "zz", "00" * 16])
def test_a_key_that_is_none_is_missing(tmp_path: Path, held: str | None) -> None:
    if held is not None:
        (tmp_path / KEY_FILE).write_text(held)
    with pytest.raises(KeyMissing):
        key_in(tmp_path)
    with pytest.raises(KeyMissing):
        key_from_environment({})
