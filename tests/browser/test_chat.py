"""The chat of callers in a real browser: nothing typed is lost, repeated or left behind."""

import contextlib
import re

import pytest
from playwright.sync_api import Error, Route, expect

from tests.browser.people import TELEPHONE, Device, People, Person
from tests.browser.wire import LOSSES

LINE = "/sos-detresse"


def a_caller_in_the_chat(people: People, device: Device | None = None) -> Person:
    """One click from the first page of a line."""
    caller = people.a_caller(LINE, device)
    caller.page.locator(f"a.choice[href^='{LINE}/tchat']").first.click()
    expect(caller.page.locator("#ecrire")).to_be_visible()
    return caller


def a_listener_in_it(people: People) -> Person:
    """Marc T. is on duty, and takes the chat when it is offered."""
    listener = people.at_desk("Marc T.")
    listener.press("Oui, commencer")
    listener.press("Prendre")
    expect(listener.page.locator("#write")).to_be_visible()
    return listener


def write(caller: Person, said: str) -> None:
    caller.page.locator("#m").fill(said)
    caller.page.locator("#ecrire button[type=submit]").click()


def answer(listener: Person, said: str) -> None:
    listener.page.locator("#reply").fill(said)
    listener.page.locator("#write button[type=submit]").click()


def lines_of(person: Person) -> list[str]:
    return person.page.locator("ol.lines .txt").all_inner_texts()


#: A line whose answer was lost is sent again after the page's own fifteen seconds.
SENT_AGAIN_MS = 45_000


def has_lines(caller: Person, *said: str) -> None:
    """These lines and no other, in this order, all of them sent."""
    expect(caller.page.locator("ol.lines .txt")).to_have_text(list(said))
    for who in caller.page.locator("ol.lines li.me .who").all():
        expect(who).to_have_text("Vous, envoyé", timeout=SENT_AGAIN_MS)


def words_of(caller: Person) -> str:
    return caller.page.locator(".said [data-code]").inner_text()


def test_what_is_written_while_waiting_is_read_and_answered(people: People) -> None:
    caller = a_caller_in_the_chat(people, Device(size=TELEPHONE))
    write(caller, "Bonsoir <b>vous</b>")
    has_lines(caller, "Bonsoir <b>vous</b>")
    listener = a_listener_in_it(people)
    listener.sees("Bonsoir <b>vous</b>")
    answer(listener, "Bonsoir, je vous lis.")
    has_lines(caller, "Bonsoir <b>vous</b>", "Bonsoir, je vous lis.")
    caller.sees("Un écoutant est avec vous.")
    assert "Marc" not in caller.page.content()
    assert caller.page.title() == "Page"


def test_what_is_typed_and_not_sent_leaves_with_nobody(people: People) -> None:
    caller = a_caller_in_the_chat(people)
    sent: list[str] = []
    caller.page.on("request", lambda request: sent.append(request.post_data or ""))
    caller.page.locator("#m").press_sequentially("jamais envoyé")
    caller.page.wait_for_timeout(500)
    assert not [each for each in sent if "jamais" in each]


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_network_neither_loses_nor_repeats_a_line(people: People, loss: str) -> None:
    caller = a_caller_in_the_chat(people, Device(on_a_wire=True))
    write(caller, "un")
    has_lines(caller, "un")
    with caller.watch.bad_answers_awaited():
        LOSSES[loss](caller.wire)
        write(caller, "deux")
        expect(caller.page.get_by_text("Vous, pas encore envoyé")).to_be_visible(timeout=60_000)
        caller.wire.mend()
        has_lines(caller, "un", "deux")
    expect(caller.page.get_by_text("Connexion perdue").first).to_be_hidden()


def test_a_network_that_stays_away_is_said_with_the_hour_the_place_is_kept_until(
    people: People,
) -> None:
    caller = a_caller_in_the_chat(people, Device(on_a_wire=True))
    with caller.watch.bad_answers_awaited():
        caller.wire.cut()
        expect(caller.page.get_by_role("heading", name="pas fini")).to_be_visible(timeout=60_000)
        said = caller.page.locator("#heure").inner_text()
        assert re.fullmatch(r"1[5-9]\sh\s\d\d", said)
        caller.wire.mend()
        expect(caller.page.locator("#attente")).to_be_visible(timeout=30_000)


def test_a_reload_opens_no_second_contact_and_three_words_bring_all_of_it_back(
    people: People,
) -> None:
    caller = a_caller_in_the_chat(people)
    write(caller, "avant")
    has_lines(caller, "avant")
    words = words_of(caller)
    opened: list[str] = []
    caller.page.on("request", lambda each: opened.append(f"{each.method} {each.url}"))
    caller.page.reload()
    caller.sees("Cette page a été rechargée.")
    assert not [each for each in opened if re.search("POST .*/contacts$", each)]
    caller.page.locator("#c").fill(words.upper())
    caller.press("Reprendre l’échange")
    has_lines(caller, "avant")
    assert words_of(caller) != words


def test_who_takes_it_up_elsewhere_leaves_the_first_page_without_a_word_of_it(
    people: People,
) -> None:
    caller = a_caller_in_the_chat(people)
    words = words_of(caller)
    other = people.a_caller(f"{LINE}/tchat")
    other.page.reload()
    other.page.locator("#c").fill(words)
    caller.page.locator("#m").fill("ici encore")
    with caller.watch.bad_answers_awaited():
        other.press("Reprendre l’échange")
        expect(other.page.locator("#ecrire")).to_be_visible()
        caller.sees("L’échange a été repris ailleurs.")
    expect(caller.page.locator("#garde")).to_have_value("ici encore")
    expect(other.page.locator("ol.lines li")).to_have_count(0)


def test_an_end_needs_two_keys_and_everything_can_be_erased(people: People) -> None:
    caller = a_caller_in_the_chat(people)
    write(caller, "à oublier")
    has_lines(caller, "à oublier")
    caller.page.locator("#m").fill("resté au bord")
    caller.press("Quitter la file")
    caller.press("Oui, terminer")
    expect(caller.page.get_by_role("heading", name="L’échange est terminé.")).to_be_focused()
    assert "à oublier" not in caller.page.locator("main").inner_text()
    expect(caller.page.locator("#garde")).to_have_value("resté au bord")
    caller.press("Tout effacer maintenant")
    caller.sees("Tout est effacé chez nous.")


def test_urgency_is_said_once_and_stays_said(people: People) -> None:
    caller = a_caller_in_the_chat(people)
    caller.page.locator("#urgent").check(force=True)
    caller.sees("C’est dit aux personnes qui répondent.")
    expect(caller.page.locator("#urgent")).to_be_disabled()


def test_without_a_script_the_chat_leads_to_the_message_box(people: People) -> None:
    caller = people.a_caller(f"{LINE}/tchat", Device(scripts=False))
    caller.page.get_by_role("link", name="Laisser un message").click()
    caller.sees("À savoir avant d’écrire")


def test_the_keyboard_alone_is_enough(people: People) -> None:
    caller = a_caller_in_the_chat(people)
    caller.page.locator("#m").focus()
    caller.page.keyboard.type("au clavier")
    caller.page.keyboard.press("Control+Enter")
    has_lines(caller, "au clavier")
    expect(caller.page.locator("#m")).to_be_focused()


#: What the door tells whoever was heard and waits; assignment offers it after minutes.
AN_OFFER = {
    "way_out": "return_pass",
    "valid_until": "2026-01-14T15:30:00Z",
    "partner": None,
    "wordings": [{"language": "fr", "words": "Vous pouvez revenir ce soir avec un code."}],
}


def test_a_way_out_is_offered_in_words_and_taken_by_a_yes_alone(people: People) -> None:
    caller = people.a_caller(LINE)

    def offering(route: Route) -> None:
        with contextlib.suppress(Error):  # the page has gone meanwhile
            told = route.fetch()
            route.fulfill(response=told, json={**told.json(), "way_out": AN_OFFER})

    def giving(route: Route) -> None:
        assert route.request.post_data_json == {"way_out": "return_pass", "accepts": True}
        told = {"digits": "4711", "valid_until": "2026-01-14T21:00:00Z"}
        route.fulfill(json={"return_pass": told, "partner": None, "state": "ended"})

    caller.page.route("**/texts?*", offering)
    caller.page.route("**/way-out", giving)
    caller.page.locator(f"a.choice[href^='{LINE}/tchat']").first.click()
    caller.sees("Vous pouvez revenir ce soir avec un code.")
    caller.press("Oui, je préfère cela")
    caller.sees("4 7 1 1")
    expect(caller.page.locator("#passe-heure")).to_have_text("22 h 00")
    expect(caller.page.get_by_role("heading", name="L’échange est terminé.")).to_be_visible()
