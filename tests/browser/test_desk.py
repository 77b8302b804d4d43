"""A desk does what it says, once, whatever is pressed, torn off or closed meanwhile."""

import re

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.people import Device, People, Person
from tests.browser.wire import LOSSES, Held

#: The desk draws itself anew, as it does whenever its stream says something.
SOMETHING_CHANGES = "document.dispatchEvent(new Event('desk:again'))"


def test_who_has_only_a_keyboard_goes_on_duty_takes_signals_and_ends(people: People) -> None:
    listener = people.at_desk("Marc T.")
    keys = listener.page.keyboard
    keys.press("Control+Enter")
    listener.sees("Personne n’attend.")
    people.a_call("sos-detresse")
    listener.sees("Voulez-vous l’écouter ?")
    expect(listener.page.get_by_role("heading", name="Voulez-vous l’écouter ?")).to_be_focused()
    keys.press("Control+Enter")
    listener.sees("Vous êtes au téléphone depuis")
    keys.press("F8")
    listener.sees("Votre alerte, non prise")


def test_who_is_not_offered_the_person_who_waits_reads_that_somebody_does_and_why(
    people: People,
) -> None:
    listener = a_listener_on_duty(people)
    call = people.a_call("sos-detresse")
    listener.press("Passer")
    listener.sees("Quelqu’un attend.")
    listener.sees("vous restez libre pour qui en aurait plus besoin")
    expect(listener.page.get_by_text("Personne n’attend.")).to_be_hidden()
    drawn: list[str] = []
    listener.page.on("request", lambda request: drawn.append(request.url))
    call.hang_up()
    listener.sees("Personne n’attend.")
    expect(listener.page.get_by_text("Quelqu’un attend.")).to_be_hidden()
    # The stream said so: free desks do not all draw themselves anew.
    assert [each for each in drawn if each.endswith("/part")] == []


def test_a_double_click_on_take_is_sent_and_done_once(people: People) -> None:
    listener = a_listener_on_duty(people)
    sent = requests_of(listener.page, "/take")
    people.a_call("sos-detresse")
    listener.page.get_by_role("button", name="Prendre l’appel").dblclick()
    listener.sees("Vous êtes au téléphone depuis")
    assert nothing_was_refused(listener)
    assert len(sent) <= 2
    listener.page.reload()
    listener.sees("Vous êtes au téléphone depuis")


def test_a_pass_can_be_taken_back(people: People) -> None:
    listener = a_listener_on_duty(people)
    sent = requests_of(listener.page, "/decline")
    people.a_call("sos-detresse")
    listener.press("Passer")
    listener.press("Annuler")
    listener.press("Prendre")
    listener.sees("Vous êtes au téléphone depuis")
    assert sent == []


def test_two_tabs_of_a_desk_show_the_same(people: People) -> None:
    listener = a_listener_on_duty(people)
    other = listener.another_tab("/")
    people.a_call("sos-detresse")
    expect(other.get_by_role("button", name="Prendre")).to_be_visible()
    listener.press("Prendre")
    expect(other.get_by_text("Vous êtes au téléphone depuis")).to_be_visible()


def test_back_and_reload_find_the_desk_as_it_is(people: People) -> None:
    listener = a_listener_on_duty(people)
    listener.page.get_by_role("link", name="Affichage").click()
    listener.sees("Votre poste, comme il vous convient")
    people.a_call("sos-detresse")
    listener.page.go_back()
    listener.sees("Voulez-vous l’écouter ?")
    listener.page.reload()
    listener.sees("Voulez-vous l’écouter ?")


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_network_is_said_in_words_and_is_over_by_itself(people: People, loss: str) -> None:
    people.device = Device(on_a_wire=True)
    listener = a_listener_on_duty(people)
    with listener.watch.bad_answers_awaited():
        LOSSES[loss](listener.wire)
        listener.sees("Connexion perdue")
        people.a_call("sos-detresse")
        listener.wire.mend()
        listener.sees("Voulez-vous l’écouter ?")
    expect(listener.page.locator("#lost")).to_be_hidden()


def test_a_desk_whose_wire_was_silent_for_a_while_finds_it_again_by_itself(people: People) -> None:
    people.device = Device(on_a_wire=True)
    listener = a_listener_on_duty(people)
    with listener.watch.bad_answers_awaited():
        listener.wire.go_silent()
        listener.sees("Connexion perdue")
        listener.wire.speak_again()
        expect(listener.page.locator("#lost")).to_be_hidden()


def test_a_step_somebody_turns_to_is_not_taken_back_by_an_older_drawing(people: People) -> None:
    listener = a_listener_on_duty(people)
    people.a_call("sos-detresse")
    listener.press("Prendre")
    listener.sees("Vous êtes au téléphone depuis")
    page = listener.page
    older = Held(page, "**/part")
    with page.expect_request("**/part"):
        page.evaluate(SOMETHING_CHANGES)
    page.get_by_role("link", name="Mettre fin").click()
    ending = page.get_by_role("button", name="Mettre fin")
    expect(ending).to_be_visible()
    page.evaluate(SOMETHING_CHANGES)
    with page.expect_response(re.compile("etape=fin$")):  # what is asked once the older has come
        older.let_go()
    expect(ending).to_be_visible()


def test_who_signed_out_in_another_tab_is_asked_to_come_in_again(people: People) -> None:
    listener = people.at_desk("Marc T.")
    other = listener.another_tab("/")
    other.get_by_role("button", name="Sortir").click()
    expect(other).to_have_url(re.compile("/entrer$"))
    with listener.watch.bad_answers_awaited():
        listener.press("Oui, commencer")
        expect(listener.page.get_by_role("link", name="Entrer de nouveau")).to_be_visible()


def test_what_is_planned_cancelled_and_planned_again_is_planned(people: People) -> None:
    coordinator = people.at_desk("Anne-Lise R.")
    page = coordinator.page
    page.locator("#plan-from").fill("22:00")
    page.locator("#plan-to").fill("23:00")
    planned = page.locator("details li", has_text=re.compile("22\\sh.*23\\sh"))
    sent = requests_of(page, "/semaine/plages")
    for times in (1, 2):
        page.get_by_role("button", name="Planifier").dblclick()  # the first click alone is one
        expect(planned).to_have_count(1)
        assert len(sent) == times
        page.get_by_text("Toutes les plages de la semaine").click()
        planned.get_by_role("button").click()
        expect(planned).to_have_count(0)


def a_listener_on_duty(people: People) -> Person:
    """Marc T. listens."""
    listener = people.at_desk("Marc T.")
    listener.press("Oui, commencer")
    listener.sees("Personne n’attend.")
    return listener


def requests_of(page: Page, ending: str) -> list[str]:
    """What the page will have sent to addresses of this ending."""
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith(ending):
            sent.append(request.url)

    page.on("request", note)
    return sent


def nothing_was_refused(person: Person) -> bool:
    """Whether the desk has nothing to explain."""
    return not person.page.locator("#told").inner_text().strip()
