"""What a person types stays words, whatever the words are."""

import pytest

from contracts.rescue import RescueService, StartRescue
from services.bus.body import Flaw
from services.pages.forms import contract_of, fields_of

CONTACT = "11111111-1111-4111-8111-111111111111"


def test_typed_true_is_a_word() -> None:
    typed = [("text", "true"), ("capsule[]", "false"), ("notes.place", "true"), ("empty", "")]
    assert fields_of(typed) == {"text": "true", "capsule": ["false"], "notes": {"place": "true"}}


def test_button_says_true_where_a_contract_wants_nothing_else() -> None:
    said = {"contact_id": CONTACT, "whom": "medical", "confirmed": "true"}
    assert contract_of(StartRescue, said).whom is RescueService.MEDICAL
    with pytest.raises(Flaw, match="invalid_field"):
        contract_of(StartRescue, said | {"confirmed": "false"})
