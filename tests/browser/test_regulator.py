"""A regulator's minute, with the keyboard alone: nobody has a hand free for a mouse."""

import pytest
from playwright.sync_api import Dialog, expect

from tests.browser.people import SMALL_TELEPHONE, Device, People, Person
from tests.browser.wire import Held


def a_regulator_in_a_call(people: People) -> Person:
    """On duty, and a call taken by key."""
    regulator = people.at_desk("Nadia B.")
    regulator.press("Oui, commencer")
    regulator.sees("Vous êtes en régulation.")
    people.a_call("sos-crise")
    regulator.sees("Voulez-vous répondre ?")
    regulator.page.keyboard.press("Control+Enter")
    expect(regulator.page.locator("#for-whom input").first).to_be_focused()
    return regulator


def test_triage_of_a_minute_needs_six_stops_and_no_mouse(people: People) -> None:
    listener = people.at_desk("Paul V.")
    listener.press("Oui, commencer")
    listener.sees("Personne n’attend.")
    regulator = a_regulator_in_a_call(people)
    page, keys = regulator.page, regulator.page.keyboard
    keys.press("Space")
    stops = []
    for pressed in ("Violences conj", None, "31", None, None):
        keys.press("Tab")
        stops.append(page.evaluate("document.activeElement.name"))
        if pressed is not None:
            keys.type(pressed)
    assert stops == [
        "notes.need",
        "notes.languages[]",
        "notes.departement",
        "notes.age_band",
        "priority",
    ]
    expect(page.locator("[data-takes=P2]")).to_be_visible()
    keys.press("Alt+Shift+R")
    expect(page.locator("input[name=priority][value=P2]")).to_be_checked()
    keys.press("Control+Enter")
    expect(page.locator("#capsule-1")).to_be_focused()
    keys.type("Parle bas.")
    with regulator.watch.bad_answers_awaited():
        keys.press("Control+Enter")
        regulator.sees("La capsule n'a pas encore été dite")
    expect(page.locator("[name=agreed][value=yes]")).to_be_focused()
    keys.press("Space")
    keys.press("Control+Enter")
    regulator.sees("Vous êtes en régulation.")
    listener.sees("Voulez-vous l’écouter ?")
    listener.page.keyboard.press("Control+Enter")
    expect(listener.page.locator("#capsule li")).to_have_text("Parle bas.")


def test_one_key_sends_p1_and_opens_the_card(people: People) -> None:
    regulator = a_regulator_in_a_call(people)
    regulator.page.keyboard.press("F8")
    expect(regulator.page.locator("#card-place")).to_be_focused()
    regulator.sees("Alerte, P1 vitale")
    regulator.page.keyboard.type("12 rue de l’Exemple")
    expect(regulator.page.locator("#phrase")).to_contain_text(
        "12 rue de l’Exemple, pas encore relu"
    )
    regulator.page.keyboard.press("Control+Enter")
    regulator.sees("Carte scellée")
    regulator.page.reload()
    expect(regulator.page.locator("#card-place")).to_have_value("12 rue de l’Exemple")


def test_what_is_typed_stays_when_somebody_else_begins_to_wait(people: People) -> None:
    regulator = a_regulator_in_a_call(people)
    page = regulator.page
    page.locator("#place").fill("Haute-Garo")
    page.keyboard.press("Alt+Shift+E")
    expect(page.locator("#panel-child-title")).to_be_focused()
    people.a_call("sos-crise")
    expect(page.locator(".waiting .wait li")).to_have_count(1)
    expect(page.locator("#place")).to_have_value("Haute-Garo")
    expect(page.locator("#panel-child")).to_be_visible()
    expect(page.locator("#panel-child-title")).to_be_focused()
    expect(page.locator("input[name=priority][value=P2]")).to_be_checked()
    page.keyboard.press("Alt+Shift+E")
    expect(page.locator("#panel-child")).to_be_hidden()


def test_priority_alone_is_asked_for(people: People) -> None:
    regulator = a_regulator_in_a_call(people)
    regulator.page.keyboard.press("Control+Enter")
    regulator.sees("choisissez une priorité")
    expect(regulator.page.locator("#priority input").first).to_be_focused()


def test_language_somebody_recognises_is_chosen_in_the_form(people: People) -> None:
    regulator = a_regulator_in_a_call(people)
    page = regulator.page
    page.keyboard.press("Alt+Shift+L")
    barrier = page.locator("[name='notes.language_barrier']")
    expect(barrier).to_be_checked()
    page.locator("[data-language=it]").click()  # nobody of the line listens in it
    expect(page.locator("[name='notes.languages[]'][value=it]")).to_be_checked()
    expect(barrier).to_be_checked()
    page.locator("[data-language=fr]").click()
    expect(barrier).not_to_be_checked()


NOTED_BY_KEY = {
    "a child": ("Alt+Shift+E", "[name='notes.signals[]'][value=SIG-MINEUR]"),
    "a silence": ("Alt+Shift+S", "[name='notes.silent']"),
    "a language": ("Alt+Shift+L", "[name='notes.language_barrier']"),
}


@pytest.mark.parametrize(("key", "note"), NOTED_BY_KEY.values(), ids=NOTED_BY_KEY.keys())
def test_slip_of_a_key_that_is_closed_at_once_leaves_no_note(
    people: People, key: str, note: str
) -> None:
    regulator = a_regulator_in_a_call(people)
    page = regulator.page
    page.locator("#priority input[value=P4]").check(force=True)
    page.keyboard.press(key)
    page.keyboard.press(key)
    regulator.sees("Panneau refermé aussitôt")
    expect(page.locator(note)).not_to_be_checked()
    expect(page.locator("#priority input[value=P4]")).to_be_checked()
    page.wait_for_timeout(300)
    page.reload()
    expect(page.locator("#priority input[value=P4]")).to_be_checked()
    expect(page.locator(note)).not_to_be_checked()


def test_what_is_chosen_while_an_earlier_choice_is_on_its_way_is_kept_too(people: People) -> None:
    regulator = a_regulator_in_a_call(people)
    page = regulator.page
    first = Held(page, "**/noted")
    with page.expect_request("**/noted"):
        page.locator("#priority input[value=P4]").check(force=True)
    page.locator("#priority input[value=P3]").check(force=True)
    with page.expect_response("**/noted"):
        first.let_go()
    page.wait_for_timeout(500)
    page.reload()
    expect(page.locator("#priority input[value=P3]")).to_be_checked()


def test_note_of_a_panel_stays_once_it_was_read_or_used_or_another_was_opened(
    people: People,
) -> None:
    regulator = a_regulator_in_a_call(people)
    page = regulator.page
    page.keyboard.press("Alt+Shift+L")
    page.wait_for_timeout(2_100)
    page.keyboard.press("Alt+Shift+L")
    expect(page.locator("[name='notes.language_barrier']")).to_be_checked()
    page.keyboard.press("Alt+Shift+E")
    page.keyboard.press("Alt+Shift+S")
    page.locator("input[name=silence-hurt][value=no]").check(force=True)
    page.keyboard.press("Alt+Shift+S")
    expect(page.locator("#panel-silence")).to_be_hidden()
    expect(page.locator("[name='notes.signals[]'][value=SIG-MINEUR]")).to_be_checked()
    expect(page.locator("#priority input[value=P2]")).to_be_checked()
    expect(page.locator("[name='notes.silent']")).to_be_checked()


def test_reload_in_the_middle_of_a_triage_keeps_what_was_chosen(people: People) -> None:
    regulator = a_regulator_in_a_call(people)
    page = regulator.page
    page.keyboard.press("Space")
    page.locator("#need").select_option("violences_conjugales")
    page.locator("#place").fill("31")
    page.locator("#priority input[value=P2]").check(force=True)
    page.locator("#signs summary").click()
    page.locator("[name='notes.signals[]'][value=SIG-MINEUR]").check(force=True)
    page.wait_for_timeout(300)
    page.reload()
    expect(page.locator("#for-whom input[value=self]")).to_be_checked()
    expect(page.locator("#need")).to_have_value("violences_conjugales")
    expect(page.locator("#place")).to_have_value("31 · Haute-Garonne")
    expect(page.locator("#priority input[value=P2]")).to_be_checked()
    expect(page.locator("[name='notes.signals[]'][value=SIG-MINEUR]")).to_be_visible()
    expect(page.locator("[name='notes.signals[]'][value=SIG-MINEUR]")).to_be_checked()
    expect(page.locator("[data-takes]")).to_be_visible()  # the rules have read them, too
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    regulator.sees("Vous êtes en régulation.")
    people.a_call("sos-crise")
    regulator.sees("Voulez-vous répondre ?")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#for-whom input").first).to_be_focused()
    chosen = "#for-whom input:checked, #priority input:checked, #signs input:checked"
    assert page.locator(chosen).count() == 0


def test_capsule_that_is_typed_is_asked_about_before_the_page_is_left(people: People) -> None:
    regulator = a_regulator_in_a_call(people)
    page = regulator.page
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.keyboard.press("Space")
    page.locator("#priority input[value=P4]").check(force=True)
    page.keyboard.press("Control+Enter")
    page.keyboard.type("Parle bas.")
    page.evaluate("setTimeout(() => location.reload(), 0)")
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    expect(page.locator("#capsule-1")).to_have_value("Parle bas.")
    page.locator("[name=agreed][value=yes]").check(force=True)
    page.keyboard.press("Control+Enter")
    regulator.sees("Vous êtes en régulation.")
    page.reload()
    regulator.sees("Vous êtes en régulation.")
    assert asked == ["beforeunload"]


def test_what_has_the_focus_is_in_sight_on_a_telephone_in_a_chat(people: People) -> None:
    regulator = people.at_desk("Nadia B.", Device(size=SMALL_TELEPHONE))
    page = regulator.page
    regulator.press("Oui, commencer")
    caller = people.a_caller("/sos-crise/tchat")
    caller.sees("Vous pouvez déjà écrire")
    caller.writes("je ne sais pas par où commencer, c’est long à dire")
    regulator.sees("Voulez-vous répondre ?")
    page.keyboard.press("Control+Enter")
    regulator.sees("je ne sais pas par où commencer")
    for place in ("#for-whom input", "#capsule-1"):
        expect(page.locator(place).first).to_be_focused()
        top, bottom, bar = page.evaluate(
            """() => {
              const box = document.activeElement.getBoundingClientRect();
              const verbs = document.querySelector(".verbs").getBoundingClientRect();
              return [box.top, box.bottom, verbs.top];
            }"""
        )
        assert 0 <= top < bottom <= bar
        page.locator("#priority input[value=P3]").evaluate("(each) => { each.checked = true; }")
        page.keyboard.press("Control+Enter")
