"""Every page and every state of one, in the order somebody comes to see them.

The one place where a new page is added: `yield` it where it is seen, and it is tried in each
language, light and dark, at each size, and its picture is taken. Buttons are found by what they do
and not by their words, which are those of the language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from playwright.sync_api import Page, expect

from tests.browser.people import People, Person

#: What the page is called, and the page.
Seen = Iterator[tuple[str, Page]]


def somebody_looks_at_the_lines(people: People) -> Seen:
    """What a caller reads before a word is said."""
    caller = people.a_caller("/")
    yield "the lines", caller.page
    caller.go("/sos-detresse")
    yield "a line where nobody is", caller.page
    _does(people.at_desk("Marc T."), "/duty/start", "ready")
    caller.go("/sos-detresse")
    expect(caller.page.locator("a.choice.first[href^='/sos-detresse/tchat']")).to_be_visible()
    yield "a line that is open", caller.page
    caller.go("/sos-nuit")
    yield "a line that is closed", caller.page
    caller.go("/sos-amitie/qui-vous-repond")
    yield "who answers, what is kept", caller.page
    with caller.watch.bad_answers_awaited():
        caller.go("/sos-nulle-part")
    yield "an address nobody knows", caller.page


def a_listener_takes_a_call(people: People) -> Seen:
    """From the door to the rest, by telephone."""
    newcomer = people.at_nobodys_desk("/entrer")
    yield "who comes in", newcomer.page
    listener = people.at_desk("Marc T.")
    yield "before duty", listener.page
    listener.go("/affichage")
    yield "how a desk looks", listener.page
    listener.go("/")
    _does(listener, "/duty/start", "ready")
    yield "free", listener.page
    people.a_call("sos-detresse")
    _is(listener, "offered")
    yield "an offer by telephone", listener.page
    _does(listener, "/take", "talking")
    yield "a talk by telephone", listener.page
    listener.page.locator("form[action$='/alert'] button").click()
    expect(listener.page.locator(".alertbox")).to_be_visible()
    yield "an alert nobody holds yet", listener.page
    listener.page.locator("[data-key='Alt+Shift+C']").click()
    expect(listener.page.locator("#cadre")).to_be_visible()
    yield "the frame of a talk", listener.page
    listener.page.locator("[data-key='Alt+Shift+F']").click()
    expect(listener.page.locator("#fin")).to_be_visible()
    yield "before an end", listener.page
    listener.page.locator("form[action$='/end'] button").click()
    expect(listener.page.locator("#told button")).to_be_visible()
    yield "an end that can be taken back", listener.page
    _is(listener, "wrapping_up")
    yield "after a talk", listener.page
    _does(listener, "/finish", "ready")
    _does(listener, "/pause", "paused")
    yield "a pause", listener.page
    with listener.watch.bad_answers_awaited():
        listener.go("/nulle-part")
    yield "an address of the console nobody knows", listener.page


def somebody_leaves_a_message(people: People) -> Seen:
    """The message box, from the first word to the last."""
    caller = people.a_caller("/sos-detresse/message")
    yield "the message box", caller.page
    caller.page.locator("#m").fill("Je n’arrive plus à dormir depuis des semaines.")
    _sends(caller)
    words = caller.page.locator("#mots")
    code = " ".join(words.locator("span").all_inner_texts())
    assert len(code.split()) == 4
    yield "a message has come", caller.page
    caller.go("/sos-detresse/reponse")
    yield "the words of a message are asked for", caller.page
    with caller.watch.bad_answers_awaited():
        caller.page.locator("#c").fill("quatre mots tout faux")
        _sends(caller)
    expect(caller.page.locator(".note[role=status]")).to_be_visible()
    yield "words that open nothing", caller.page
    caller.page.locator("#c").fill(code)
    _sends(caller)
    yield "a message without an answer", caller.page
    caller.page.locator("#m").fill("Et le bruit de la rue me réveille.")
    _sends(caller)
    expect(caller.page.locator(".lines li")).to_have_count(2)
    yield "a message with something added", caller.page
    caller.page.locator("form.sheet button").click()
    expect(caller.page.locator("form.sheet")).to_have_count(0)
    yield "a message that was erased", caller.page


def _sends(caller: Person) -> None:
    caller.page.locator("main form button[type=submit]").first.click()


def others_come_on_duty(people: People) -> Seen:
    """Desks of those who are in no contact."""
    for name, role in (
        ("Karim O.", "operator"),
        ("Anne-Lise R.", "coordinator"),
        ("Dr S. Lemoine", "duty professional"),
        ("Nadia B.", "regulator"),
    ):
        yield f"desk of the {role}", people.at_desk(name).page


def _does(person: Person, act: str, then: str) -> None:
    """Press the button of an act, and wait until the desk is in a state."""
    person.page.locator(f"form[action$='{act}'] button").first.click()
    _is(person, then)


def _is(person: Person, live: str) -> None:
    expect(person.page.locator(f"#desk[data-live='{live}']")).to_be_visible()


STORIES: tuple[Callable[[People], Seen], ...] = (
    somebody_looks_at_the_lines,
    a_listener_takes_a_call,
    somebody_leaves_a_message,
    others_come_on_duty,
)
