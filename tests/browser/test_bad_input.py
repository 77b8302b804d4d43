"""What should never be sent is sent all the same: who sends it is told, nobody else notices."""

import re
from dataclasses import dataclass
from typing import Self

import pytest
from playwright.sync_api import expect

from services.console.sessions import COOKIE
from tests.browser.people import Device, People, Person
from tests.browser.test_regulator import a_regulator_in_a_call
from tests.browser.test_story import hand_over, on_duty
from tests.browser.test_talk import CHAT, answers, has_lines
from tests.browser.wire import Held
from tests.running import wait_for

SECRET = "à vous seule"
OUTSIDE = re.compile("/entrer$")


@pytest.fixture
def listener(people: People) -> Person:
    """Marc T. listens."""
    listener = people.at_desk("Marc T.")
    listener.press("Oui, commencer")
    listener.sees("Vous êtes en écoute")
    return listener


@pytest.fixture
def caller(people: People, listener: Person) -> Person:
    """Whose chat the listener took."""
    caller = people.a_caller(CHAT)
    listener.press("Prendre")
    caller.sees("Terminer l’échange")
    caller.writes(SECRET)
    has_lines(listener, SECRET)
    return caller


# --- who it is ------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["x" * 43, "", "%00é"])
def test_a_forged_session_leads_to_the_door(people: People, token: str) -> None:
    forger = people.at_nobodys_desk("/entrer")
    forger.page.context.set_extra_http_headers({"Cookie": f"{COOKIE}={token}"})
    forger.go("/")
    expect(forger.page).to_have_url(OUTSIDE)


#: What is posted; None: nothing is.
Fields = dict[str, str] | None

ANOTHERS = """
async ([address, fields]) => {
  const word = document.getElementById("desk").dataset.word;
  const body = fields && new URLSearchParams({page_word: word, once: crypto.randomUUID(),
    ...fields});
  const answer = await fetch(address,
    {method: body ? "POST" : "GET", headers: {"HX-Request": "true"}, body});
  return `${answer.status} ${await answer.text()}`;
}
"""
#: An address, what is posted there, and how it is answered.
WITH_ANOTHERS_CONTACT: dict[str, tuple[str, Fields, str]] = {
    "to read it": ("/talk/CONTACT?after=0", None, "403"),
    "to write in it": (
        "/talk/CONTACT",
        {"text": "bonsoir", "kind": "line", "after": "0"},
        "403",
    ),
    "to read its capsule": ("/capsule/CONTACT", None, "410"),
    "to end it": ("/act/desk/contacts/CONTACT/end", {"outcome": "listened"}, "403"),
}


@dataclass(frozen=True)
class Chat:
    """A chat of a line on which two listen."""

    caller: Person
    holder: Person
    other: Person

    @classmethod
    def of(cls, people: People) -> Self:
        """One of them was handed it, with a capsule."""
        both = [on_duty(people, name, "Vous êtes en écoute") for name in ("Paul V.", "Lucie G.")]
        regulator = on_duty(people, "Nadia B.", "Vous êtes en régulation.")
        caller = people.a_caller("/sos-crise/tchat")
        regulator.press("Prendre")
        caller.sees("Terminer l’échange")
        caller.writes(SECRET)
        has_lines(regulator, SECRET)
        hand_over(regulator, SECRET)
        wait_for(lambda: any(map(is_offered, both)))
        holder, other = both if is_offered(both[0]) else reversed(both)
        holder.press("Prendre")
        has_lines(holder, SECRET)
        caller.sees("Un écoutant est avec vous.")
        return cls(caller, holder, other)

    def asked_by_the_other(self, people: People, address: str, fields: Fields) -> str:
        """How it is answered."""
        asked = [address.replace("CONTACT", people.calls[-1].contact_id), fields]
        with self.other.watch.bad_answers_awaited():
            return str(self.other.page.evaluate(ANOTHERS, asked))


def is_offered(person: Person) -> bool:
    return person.page.get_by_text("Voulez-vous l’écouter ?").first.is_visible()


def test_a_contact_of_somebody_else_is_closed_to_a_desk_of_the_same_line(people: People) -> None:
    chat = Chat.of(people)
    said = {
        wish: chat.asked_by_the_other(people, address, fields)
        for wish, (address, fields, _) in WITH_ANOTHERS_CONTACT.items()
    }
    wanted = {wish: answered for wish, (_, _, answered) in WITH_ANOTHERS_CONTACT.items()}
    assert {wish: each.split()[0] for wish, each in said.items()} == wanted
    assert not any(SECRET in each for each in said.values())
    answers(chat.holder, "toujours là")
    has_lines(chat.caller, SECRET, "toujours là")


def test_who_is_not_in_a_talk_is_not_shown_to_write_in_it(people: People) -> None:
    chat = Chat.of(people)
    sign = chat.caller.page.locator("#ecrit")
    assert chat.asked_by_the_other(people, "/talk/CONTACT/sign", {}) == "204 "
    chat.caller.page.wait_for_timeout(2_500)  # a sign is told within a second
    assert sign.inner_text() == ""
    chat.holder.page.locator("#reply").press_sequentially("là", delay=20)
    expect(sign).to_have_text("Un écoutant écrit…")


def test_a_form_of_an_older_session_changes_nothing_and_says_what_to_do(people: People) -> None:
    older = people.at_desk("Marc T.", Device(scripts=False))
    newer = older.another_tab("/entrer")
    newer.get_by_role("button", name="Marc T.").click()
    expect(newer.locator("#desk")).to_be_visible()
    with older.watch.bad_answers_awaited():
        older.press("Oui, commencer")
        older.sees("Rechargez la page ; rien n'a été changé.")
    older.page.get_by_role("link", name="Revenir au poste").click()
    with older.page.expect_navigation():
        older.press("Oui, commencer")
    wait_for(lambda: is_on_duty(older))


def is_on_duty(person: Person) -> bool:
    """Whether it is, once a page without scripts is loaded anew."""
    person.page.reload()
    return person.page.get_by_text("Vous êtes en écoute").first.is_visible()


# --- once -----------------------------------------------------------------------------------------


def test_of_two_desks_that_take_one_offer_one_has_it_and_the_other_is_told_kindly(
    people: People, listener: Person
) -> None:
    elsewhere = people.at_desk("Marc T.")
    people.a_call("sos-detresse")
    elsewhere.sees("Voulez-vous l’écouter ?")
    news = Held(elsewhere.page, "**/part")  # it does not see yet what the other one does
    listener.press("Prendre")
    listener.sees("Vous êtes au téléphone depuis")
    with elsewhere.watch.bad_answers_awaited():
        elsewhere.press("Prendre")
        elsewhere.sees("rien ne vous est reproché")
        news.let_go()
        elsewhere.sees("Vous êtes au téléphone depuis")


# --- what is written ------------------------------------------------------------------------------


def test_a_reply_that_is_too_long_stays_with_who_wrote_it(caller: Person, listener: Person) -> None:
    text = "x" * 10_001
    with listener.watch.bad_answers_awaited():
        answers(listener, text)
        listener.sees("Pas encore envoyé : votre texte reste ici.")
    expect(listener.page.locator("#reply")).to_have_value(text)
    has_lines(caller, SECRET)


def test_help_that_is_too_long_stays_whole_and_is_said_by_how_much(
    caller: Person, listener: Person
) -> None:
    text, field = "x" * 10_002, listener.page.locator("#help-text")
    field.fill(text)
    listener.sees("Lettres en trop : 2.")
    with listener.watch.bad_answers_awaited():
        listener.press("Demander")
        listener.sees("À corriger : le texte, 2 lettres en trop.")
    expect(field).to_have_value(text)
    field.fill(text[2:])
    expect(listener.page.get_by_text("Lettres en trop :")).to_be_hidden()
    listener.press("Demander")
    expect(listener.page.locator("#help-lines li")).to_contain_text(text[2:])
    expect(field).to_have_value("")
    expect(listener.page.get_by_text("À corriger")).to_be_hidden()
    has_lines(caller, SECRET)


def test_card_that_is_too_long_stays_whole_and_holds_no_call_for_rescue_up(people: People) -> None:
    regulator, place = a_regulator_in_a_call(people), "12 rue de l’Exemple, " * 15
    regulator.page.keyboard.press("F8")
    field = regulator.page.locator("#card-place")
    expect(field).to_be_focused()
    field.fill(place)
    regulator.sees("Lettres en trop : 15.")
    with regulator.watch.bad_answers_awaited():
        regulator.press("Envoyer la carte")
        regulator.sees("À corriger : le lieu, 15 lettres en trop.")
    expect(field).to_have_value(place)
    regulator.press("J’appelle ces secours")
    regulator.sees("vous appelez le")
    expect(field).to_have_value(place)


# --- a clock that is wrong ------------------------------------------------------------------------

#: A device whose clock is an hour fast, or slow.
AN_HOUR_OFF = """
(() => {
  const Right = Date, hour = SIGN 3600000;
  globalThis.Date = class extends Right {
    constructor(...given) { if (given.length) { super(...given); } else { super(Date.now()); } }
    static now() { return Right.now() + hour; }
  };
})();
"""


@pytest.mark.parametrize("sign", ["+", "-"])
def test_a_clock_that_is_an_hour_off_moves_nothing_that_is_shown(
    people: People, listener: Person, sign: str
) -> None:
    off = AN_HOUR_OFF.replace("SIGN", sign)
    listener.page.add_init_script(off)
    listener.page.reload()
    caller = people.a_caller("/sos-detresse", Device(on_a_wire=True))
    right = caller.page.evaluate("Date.now()")
    caller.page.add_init_script(off)
    caller.go(CHAT)
    assert abs(caller.page.evaluate("Date.now()") - right) > 3_000_000
    listener.press("Prendre")
    waited = listener.page.locator("h1 [data-since]")
    expect(waited).to_have_text(re.compile(r"^0:\d\d$"))  # not 60 minutes, and not for ever 0:00
    expect(waited).not_to_have_text("0:00")
    caller.sees("Terminer l’échange")
    begins = caller.page.locator("#tchat").get_attribute("data-now")
    with caller.watch.bad_answers_awaited():
        caller.wire.cut()
        expect(caller.page.get_by_role("heading", name="pas fini")).to_be_visible(timeout=60_000)
        said = caller.page.locator("#heure").inner_text()
        caller.wire.mend()
    assert minutes_until(said, begins) in range(9, 13)  # the place is kept for ten


def minutes_until(said: str, begins: str | None) -> int:
    """From the moment (ms) at which the page began to the hour it says, of the line's day."""
    assert begins is not None
    hours, minutes = map(int, re.findall(r"\d+", said))
    began = (int(begins) // 60_000 + 60) % (24 * 60)  # winter in Paris
    return hours * 60 + minutes - began
