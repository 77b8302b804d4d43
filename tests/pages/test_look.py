"""How a page looks travels in its address, and a wrong address turns nobody away."""

import pytest

from contracts.vocabulary import LanguageCode
from services.pages.look import Look, Size, Theme, look_in, query_of

FR, EN, DE, LB = LanguageCode.FR, LanguageCode.EN, LanguageCode.DE, LanguageCode.LB


@pytest.mark.parametrize("language", [FR, EN, DE])
@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("size", Size)
def test_look_comes_back_from_its_address(language: LanguageCode, theme: Theme, size: Size) -> None:
    look = Look(language, theme, size)
    query = dict(each.split("=") for each in query_of(look, FR)[1:].split("&") if each)
    assert look_in(query, "", (FR, EN, DE)) == look


def test_usual_look_needs_nothing_in_the_address() -> None:
    assert query_of(Look(), FR) == ""
    assert Look().classes == ""
    assert Look(theme=Theme.DARK, size=Size.LARGE).classes == "sombre grand"


ACCEPTED = {
    "first we have": ("pt-BR,pt;q=0.9,de;q=0.8,en;q=0.7", DE),
    "none we have": ("ja,zh", FR),
    "none given": ("", FR),
    "not a list at all": (";;;,\x00,-", FR),
}


@pytest.mark.parametrize(("header", "language"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_language_is_the_browsers_first_that_we_have(header: str, language: LanguageCode) -> None:
    assert look_in({}, header, (FR, EN, DE)).language is language


def test_address_passes_before_the_browser_and_nonsense_before_nothing() -> None:
    asked = look_in({"langue": "en", "theme": "rose", "taille": ""}, "de", (FR, EN, DE))
    assert asked == Look(EN)
    assert look_in({"langue": "lb"}, "de", (FR, EN, DE)).language is DE
