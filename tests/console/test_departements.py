"""A département is typed by code or by name, and never taken from a postcode."""

import pytest

from services.bus.body import Flaw
from services.console.departements import code_of, places

TYPED = {
    "its code": ("31", "31"),
    "the choice of the list": ("31 · Haute-Garonne", "31"),
    "its name": ("Haute-Garonne", "31"),
    "its name without accent or hyphen": ("cote d'or", "21"),
    "a letter of Corsica": ("2a", "2A"),
    "overseas": ("la réunion", "974"),
}


@pytest.mark.parametrize(("typed", "code"), TYPED.values(), ids=TYPED.keys())
def test_departement_is_found_by_code_or_name(typed: str, code: str) -> None:
    assert code_of(typed, "notes.departement") == code


@pytest.mark.parametrize("typed", ["31000", "31 000", "20", "Toulouse", "x" * 300])
def test_postcode_or_town_is_no_departement(typed: str) -> None:
    with pytest.raises(Flaw) as refused:
        code_of(typed, "notes.departement")
    assert refused.value.field == "notes.departement"


def test_every_departement_is_in_the_list_once() -> None:
    codes = [place.code for place in places()]
    assert len(codes) == len(set(codes)) >= 101
