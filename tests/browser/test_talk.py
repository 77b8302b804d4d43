"""What two people write to each other arrives, once, in order, as text, and nowhere but there."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Request, expect

from tests.browser.people import Device, People, Person
from tests.browser.wire import LOSSES

CHAT = "/sos-detresse/tchat"


@pytest.fixture
def caller(people: People) -> Person:
    """Somebody who waits in the chat, on a wire that can be cut."""
    caller = people.a_caller(CHAT, Device(on_a_wire=True))
    caller.sees("Vous pouvez déjà écrire")
    return caller


@pytest.fixture
def listener(people: People, caller: Person) -> Person:
    """Who took the chat of the caller."""
    listener = people.at_desk("Marc T.", Device(on_a_wire=True))
    listener.press("Oui, commencer")
    listener.press("Prendre")
    listener.sees("Vous êtes en conversation depuis")
    expect(caller.page.locator("#tchat")).to_contain_text("Un écoutant est avec vous.")
    caller.sees("Terminer l’échange")
    return listener


def lines_of(person: Person) -> list[str]:
    """The texts a person has before them, in order."""
    return person.page.locator(".lines .txt").all_inner_texts()


def has_lines(person: Person, *lines: str | re.Pattern[str]) -> None:
    """These lines and no other, soon."""
    expect(person.page.locator("#lines .txt, #lignes .txt")).to_have_text(list(lines))


def answers(listener: Person, text: str) -> None:
    listener.page.locator("#reply").fill(text)
    listener.page.keyboard.press("Control+Enter")


# --- a lost line ----------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
def test_what_a_caller_writes_while_the_line_is_lost_arrives_once(
    caller: Person, listener: Person, loss: str
) -> None:
    caller.writes("avant")
    has_lines(listener, "avant")
    with caller.watch.bad_answers_awaited():
        LOSSES[loss](caller.wire)
        caller.writes("pendant")
        answers(listener, "je suis là")
        caller.page.wait_for_timeout(1500)
        expect(caller.page.locator(".who", has_text="Vous").last).to_contain_text(
            re.compile("envoi…|pas encore envoyé")
        )
        caller.wire.mend()
        expect(caller.page.locator("#lignes li")).to_have_count(3)
        caller.writes("après")
        has_lines(listener, "avant", "je suis là", "pendant", "après")
        has_lines(caller, "avant", "je suis là", "pendant", "après")


@pytest.mark.parametrize("loss", LOSSES)
def test_what_a_listener_writes_while_the_line_is_lost_stays_in_its_field(
    caller: Person, listener: Person, loss: str
) -> None:
    with listener.watch.bad_answers_awaited():
        LOSSES[loss](listener.wire)
        answers(listener, "je vous lis")
        listener.sees("Connexion perdue")
        expect(listener.page.locator("#reply")).to_have_value("je vous lis")
        caller.writes("vous êtes là ?")
        listener.wire.mend()
        expect(listener.page.locator("#lost")).to_be_hidden()
        has_lines(listener, "vous êtes là ?")
        answers(listener, "je vous lis")
        has_lines(caller, "vous êtes là ?", "je vous lis")
        has_lines(listener, "vous êtes là ?", "je vous lis")


def test_a_caller_with_no_more_page_is_kept_their_place_and_comes_back_elsewhere(
    people: People, caller: Person, listener: Person
) -> None:
    caller.writes("je reviens")
    has_lines(listener, "je reviens")
    words = caller.page.locator("[data-when='talking'] [data-code]").inner_text()
    elsewhere = people.a_caller(CHAT)
    elsewhere.sees("Vous pouvez déjà écrire")
    elsewhere.writes("d’abord ici")
    has_lines(elsewhere, "d’abord ici")
    elsewhere.page.get_by_text("Revenir avec trois mots").click()
    elsewhere.page.locator("#c").fill("trois mauvais mots")
    with elsewhere.watch.bad_answers_awaited():
        elsewhere.press("Reprendre l’échange")
        elsewhere.sees("Ces trois mots n’ouvrent pas d’échange en cours.")
    elsewhere.page.locator("#c").fill(words)
    with caller.watch.bad_answers_awaited():
        elsewhere.press("Reprendre l’échange")
        has_lines(elsewhere, "je reviens")
        expect(elsewhere.page.locator("#m")).to_have_value("d’abord ici")
        elsewhere.writes("d’un autre appareil")
        has_lines(listener, "je reviens", "d’un autre appareil")
        taken_up = caller.page.get_by_text("L’échange a été repris ailleurs.")
        expect(taken_up).to_be_visible(timeout=3_000)


def test_a_caller_whose_listener_is_gone_is_told_that_somebody_comes_back(
    people: People, caller: Person, listener: Person
) -> None:
    caller.writes("il y a quelqu’un")
    has_lines(listener, "il y a quelqu’un")
    listener.page.close()
    expect(caller.page.get_by_text("Quelqu’un revient")).to_be_visible(timeout=40_000)
    back = people.at_desk("Marc T.")
    back.press("Reprendre")
    back.press("Prendre")
    has_lines(back, "il y a quelqu’un")


# --- what is written ------------------------------------------------------------------------------

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)> & « <b>gras</b> »"


def test_a_script_in_a_line_is_read_as_text_on_both_sides(caller: Person, listener: Person) -> None:
    caller.writes(SCRIPT)
    answers(listener, SCRIPT)
    for person in (caller, listener):
        has_lines(person, SCRIPT, SCRIPT)
        assert person.page.locator(".lines img, .lines b, .lines script").count() == 0


def test_ten_thousand_letters_arrive_whole(caller: Person, listener: Person) -> None:
    text = "dix mille " * 1000
    caller.writes(text)
    expect(listener.page.locator("#lines .txt")).to_have_text(text.strip())


def test_a_line_that_is_too_long_stays_with_who_wrote_it(caller: Person, listener: Person) -> None:
    text = "x" * 10_001
    with caller.watch.bad_answers_awaited():
        caller.writes(text)
        caller.sees("pas envoyé : trop long ou vide")
        expect(caller.page.locator("#m")).to_have_value(text)
    has_lines(listener)


def test_fifty_lines_in_a_second_all_arrive_in_their_order(
    caller: Person, listener: Person
) -> None:
    caller.page.evaluate(
        """() => {
          for (let number = 1; number <= 50; number += 1) {
            document.getElementById("m").value = `ligne ${number}`;
            document.querySelector("#ecrire button[type=submit]").click();
          }
        }"""
    )
    wanted = [f"ligne {number}" for number in range(1, 51)]
    expect(listener.page.locator("#lines .txt")).to_have_text(wanted, timeout=60_000)
    expect(caller.page.locator("#lignes .txt")).to_have_text(wanted)


def test_nothing_that_is_typed_leaves_before_it_is_sent(caller: Person, listener: Person) -> None:
    said: list[str] = []
    for person in (caller, listener):
        person.page.on("request", noting(said))
    caller.page.locator("#m").press_sequentially("jamais envoyé", delay=20)
    listener.page.locator("#reply").press_sequentially("jamais répondu", delay=20)
    caller.page.wait_for_timeout(1000)
    for sign in ("/typing", "/sign"):
        assert any(each.split()[0].endswith(sign) for each in said)
    assert not any("jamais" in each for each in said)


def test_each_side_sees_that_the_other_writes_and_it_goes_by_itself(
    caller: Person, listener: Person
) -> None:
    at_desk, at_home = listener.page.locator("#sign"), caller.page.locator("#ecrit")
    caller.page.locator("#m").press_sequentially("peut-être", delay=20)
    expect(at_desk).to_have_text("La personne écrit…")
    expect(at_home).to_be_empty()
    listener.page.locator("#reply").press_sequentially("je suis là", delay=20)
    expect(at_home).to_have_text("Un écoutant écrit…")
    expect(at_desk).to_be_empty(timeout=12_000)
    expect(at_home).to_be_empty(timeout=12_000)
    answers(listener, "je suis là")
    caller.page.locator("#m").press_sequentially("merci", delay=20)
    expect(at_desk).to_have_text("La personne écrit…")
    caller.writes("merci")
    has_lines(listener, "je suis là", "merci")
    expect(at_desk).to_be_empty(timeout=2_000)


def test_a_sign_that_comes_behind_its_own_line_is_not_shown(
    caller: Person, listener: Person
) -> None:
    sign = listener.page.locator("#sign")
    with caller.page.expect_response(re.compile("/typing$")) as given:
        caller.writes("merci")  # a line is told at once, a sign within a second
    assert given.value.ok
    has_lines(listener, "merci")
    listener.page.wait_for_timeout(2_500)
    assert sign.inner_text() == ""
    caller.page.wait_for_timeout(3_000)  # a page gives no sign more often than every five seconds
    caller.page.locator("#m").press_sequentially("et aussi", delay=20)
    expect(sign).to_have_text("La personne écrit…")


def test_a_line_is_added_to_a_desk_that_is_not_drawn_anew_for_it(
    caller: Person, listener: Person
) -> None:
    caller.writes("un")
    has_lines(listener, "un")
    listener.page.wait_for_timeout(1_500)  # what the take changed is drawn by then
    drawn: list[str] = []
    listener.page.on("request", lambda asked: drawn.append(asked.url))
    caller.writes("deux")
    has_lines(listener, "un", "deux")
    listener.page.wait_for_timeout(1_000)
    assert [each for each in drawn if each.endswith("/part")] == []


def test_a_side_that_goes_on_writing_is_announced_once_and_asks_seldom(
    caller: Person, listener: Person
) -> None:
    sign = listener.page.locator("#sign")
    sign.evaluate(
        """(place) => {
          window.changes = 0;
          new MutationObserver(() => { window.changes += 1; }).observe(place, {childList: true});
        }"""
    )
    given: list[str] = []
    listener.page.on("request", noting(given))
    began = listener.page.evaluate("performance.now()")
    for _ in range(40):
        caller.page.locator("#m").press_sequentially("mot ", delay=10)
        listener.page.locator("#reply").press_sequentially("mot ", delay=10)
        caller.page.wait_for_timeout(150)
    seconds = (listener.page.evaluate("performance.now()") - began) / 1000
    expect(sign).to_have_text("La personne écrit…")
    assert listener.page.evaluate("window.changes") == 1
    signs = [each for each in given if each.split()[0].endswith("/sign")]
    assert 1 <= len(signs) <= seconds / 3 + 1
    assert not any("mot" in each for each in signs)


def noting(said: list[str]) -> Callable[[Request], None]:
    def note(request: Request) -> None:
        if request.method == "POST":
            said.append(f"{request.url} {request.post_data or ''}")

    return note


def test_a_double_click_on_send_sends_one_line(caller: Person, listener: Person) -> None:
    caller.page.locator("#m").fill("une fois")
    caller.page.locator("#ecrire button[type=submit]").dblclick()
    listener.page.locator("#reply").fill("une fois aussi")
    listener.page.locator("#write button").dblclick()
    has_lines(caller, "une fois", "une fois aussi")
    has_lines(listener, "une fois", "une fois aussi")


# --- leaving --------------------------------------------------------------------------------------


def test_who_leaves_in_a_hurry_leaves_no_line_behind_back(caller: Person, listener: Person) -> None:
    caller.writes("quelqu’un entre")
    has_lines(listener, "quelqu’un entre")
    caller.page.keyboard.press("Escape")
    caller.page.keyboard.press("Escape")
    expect(caller.page).to_have_url("about:blank")
    caller.page.go_back(wait_until="commit")
    expect(caller.page).to_have_url("about:blank")


# --- without scripts ------------------------------------------------------------------------------


def test_without_scripts_the_chat_leads_to_a_message_that_is_sent_read_and_erased(
    people: People,
) -> None:
    caller = people.a_caller(CHAT, Device(scripts=False))
    caller.sees("ce navigateur n’a pas JavaScript ou le refuse")
    expect(caller.page.get_by_role("heading", name="Un instant")).to_be_hidden()
    caller.page.get_by_role("link", name="Laisser un message").click()
    caller.page.get_by_label("Votre message").fill("sans script")
    caller.press("Envoyer le message")
    caller.sees("Votre message est arrivé.")
    caller.press("Ajouter quelque chose")
    caller.sees("sans script")
    caller.press("Tout effacer maintenant")
    caller.sees("Tout est effacé.")
