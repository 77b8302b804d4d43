"""Every page and every state of one, in the order somebody comes to see them.

The one place where a new page is added: `yield` it where it is seen, and it is tried in each
language, light and dark, at each size, and its picture is taken. Buttons are found by what they do
and not by their words, which are those of the language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from playwright.sync_api import Page, Response, expect

from tests.browser.people import People, Person
from tests.browser.referring import its_relay_is_verified, somebody_is_referred
from tests.browser.shared import a_month_is_published

#: What the page is called, and the page.
Seen = Iterator[tuple[str, Page]]


def somebody_looks_at_the_lines(people: People) -> Seen:
    """What a caller reads before a word is said."""
    caller = people.a_caller("/")
    yield "the lines", caller.page
    caller.go("/sos-detresse")
    yield "a line where nobody is", caller.page
    _comes(people, "Marc T.")
    caller.go("/sos-detresse")
    expect(caller.page.locator("a.choice.first[href^='/sos-detresse/tchat']")).to_be_visible()
    yield "a line that is open", caller.page
    caller.go("/sos-nuit")
    yield "a line that is closed", caller.page
    caller.go("/sos-amitie/qui-vous-repond")
    yield "who answers, what is kept", caller.page
    caller.go("/sos-detresse/retirer-un-accord")
    caller.page.locator("#c").fill("1234 5678 9016")
    with caller.watch.bad_answers_awaited():
        _sends(caller)
        expect(caller.page.locator(".note[role=status]")).to_be_visible()
        caller.page.wait_for_load_state("networkidle")
    yield "a consent to take back, a digit wrong", caller.page
    caller.page.locator("#c").fill("1234 5678 9015")
    _sends(caller)
    expect(caller.page.locator("main form")).to_have_count(0)
    yield "a consent was taken back", caller.page
    with caller.watch.bad_answers_awaited():
        caller.go("/sos-nulle-part")
    yield "an address nobody knows", caller.page


def a_listener_takes_a_call(people: People) -> Seen:
    """From the door to the rest, by telephone."""
    listener, supervisor = people.at_desk("Marc T."), people.at_desk("Anouk W.")
    yield from _before_duty(people, listener)
    people.a_call("sos-detresse")
    _is(listener, "offered")
    yield "an offer by telephone", listener.page
    _does(listener, "/take", "talking")
    yield "a talk by telephone", listener.page
    yield from _an_alert(listener, supervisor)
    yield from _the_steps_of_a_talk(listener)
    yield from _after_a_talk(listener)
    supervisor.go("/a-faire")
    yield "what a supervisor is to see to", supervisor.page


def _before_duty(people: People, listener: Person) -> Seen:
    yield "who comes in", people.at_nobodys_desk("/entrer").page
    yield "before duty", listener.page
    listener.go("/affichage")
    yield "how a desk looks", listener.page
    listener.go("/")
    _does(listener, "/duty/start", "ready")
    yield "free", listener.page


def _an_alert(listener: Person, supervisor: Person) -> Seen:
    _raises_an_alert(listener)
    yield "an alert nobody holds yet", listener.page
    expect(supervisor.page.locator("#strip")).to_be_visible()
    yield "a supervisor with an open alert", supervisor.page
    _takes_it(supervisor)
    expect(listener.page.locator(".alertbox")).to_contain_text("Anouk W.")
    yield "an alert that is held", listener.page
    yield "a supervisor who holds an alert", supervisor.page
    supervisor.page.locator("a[href^='/alertes/']").first.click()
    yield "an alert", supervisor.page


def _the_steps_of_a_talk(listener: Person) -> Seen:
    listener.page.locator("[data-key='Alt+Shift+C']").click()
    expect(listener.page.locator("#cadre")).to_be_visible()
    yield "the frame of a talk", listener.page
    listener.page.locator("[data-key='Alt+Shift+O']").click()
    listener.page.locator("#refer-need").select_option("detresse_psychologique")
    listener.page.locator("#refer form button").click()
    expect(listener.page.locator("#referral")).not_to_be_empty()
    yield "relays for a person", listener.page
    listener.page.locator("[data-key='Alt+Shift+F']").click()
    expect(listener.page.locator("#fin")).to_be_visible()
    yield "before an end", listener.page
    _ends(listener)
    expect(listener.page.locator("#told button")).to_be_visible()
    yield "an end that can be taken back", listener.page


def _after_a_talk(listener: Person) -> Seen:
    _is(listener, "wrapping_up")
    yield "after a talk", listener.page
    _does(listener, "/finish", "ready")
    _does(listener, "/pause", "paused")
    yield "a pause", listener.page
    listener.go("/aide")
    yield "the guide of the first minute", listener.page
    listener.go("/retirer-un-accord")
    yield "a consent to take back at a desk", listener.page
    listener.page.locator("#code").fill("1234 5678 9016")
    with listener.page.expect_response(_is_drawn_anew):
        listener.page.locator("main form button").click()
    expect(listener.page.locator("#faute")).to_be_visible()
    expect(listener.page.locator("#code")).to_be_focused()
    yield "a consent to take back at a desk, a digit wrong", listener.page
    listener.go("/accessibilite")
    yield "how accessible the pages are", listener.page
    with listener.watch.bad_answers_awaited():
        listener.go("/nulle-part")
    yield "an address of the console nobody knows", listener.page


def _is_drawn_anew(answer: Response) -> bool:
    return answer.request.method == "GET" and answer.url.endswith("/retirer-un-accord")


def what_is_written_after_danger(people: People) -> Seen:
    """The report of who listened, its reader, and a legal report."""
    listener, supervisor = _comes(people, "Marc T."), people.at_desk("Anouk W.")
    people.a_call("sos-detresse")
    _does(listener, "/take", "talking")
    _raises_an_alert(listener)
    _takes_it(supervisor)
    _ends(listener)
    _is(listener, "wrapping_up")
    to_write = listener.page.locator("a[href$='/ecrire']").last  # of this talk: it is due last
    expect(to_write).to_be_visible()
    report = str(to_write.get_attribute("href")).removesuffix("/ecrire")
    yield "after a talk with an alert", listener.page
    _does(listener, "/finish", "ready")
    yield "free, with a report to write", listener.page
    to_write.click()
    yield "a report to write", listener.page
    listener.page.locator("input[value='SIG-SEUL']").check()
    listener.page.locator("#what-happened").fill("Une rupture, le silence, puis une voisine.")
    listener.page.locator("form[data-asks] button").click()
    expect(listener.page.locator("#ecrire .said")).to_be_visible()
    yield "a report that is sealed", listener.page
    supervisor.go("/a-faire")
    supervisor.page.locator(f"#fiches a[href='{report}']").click()
    yield "a report to read", supervisor.page
    supervisor.page.locator("#mots button").click()
    expect(supervisor.page.locator("#mots .written")).to_be_visible()
    yield "the words of a report", supervisor.page
    supervisor.page.locator("a[href^='/signaler/']").click()
    yield "a legal report to propose", supervisor.page
    supervisor.page.locator("input[name=ground]").first.check()
    supervisor.page.locator("#words").fill("Un enfant de neuf ans dit dormir dehors depuis lundi.")
    supervisor.page.locator("form[data-asks] button").click()
    expect(supervisor.page.locator("#proposer .said")).to_be_visible()
    yield "a legal report that is proposed", supervisor.page
    supervisor.page.locator("#proposer a").click()
    yield "a legal report to decide", supervisor.page


def two_people_chat(people: People) -> Seen:
    """From the waiting line to the end, with the wire cut once and the page reloaded once."""
    caller = people.a_caller("/sos-detresse/tchat", replace(people.device, on_a_wire=True))
    _chat_is(caller, "waiting")
    yield "a chat that waits", caller.page
    listener = _comes(people, "Marc T.", then="offered")
    yield "an offer of a chat", listener.page
    _does(listener, "/take", "talking")
    _chat_is(caller, "talking")
    caller.writes("Bonsoir. Je ne sais pas par où commencer.")
    expect(listener.page.locator("#lines li")).to_have_count(1)
    listener.page.locator("#reply").fill("Par où vous voulez. Il n’y a pas d’ordre.")
    listener.page.locator("#write button").click()
    expect(caller.page.locator("#lignes li")).to_have_count(2)
    yield "a chat, for the caller", caller.page
    yield "a chat, for the listener", listener.page
    code = caller.page.locator("[data-when='talking'] [data-code]").inner_text()
    with caller.watch.bad_answers_awaited():
        caller.wire.cut()
        _chat_is(caller, "lost")
        yield "a chat whose line is lost", caller.page
        caller.wire.mend()
        _chat_is(caller, "talking")
    caller.page.reload()
    _chat_is(caller, "asking")
    yield "a chat that was reloaded", caller.page
    caller.page.locator("#c").fill(code)
    caller.page.locator("#revenir button").click()
    _chat_is(caller, "talking")
    expect(caller.page.locator("#lignes li")).to_have_count(2)
    caller.page.locator("#finir").click()
    yield "before the end of a chat", caller.page
    caller.page.locator("#finir-oui").click()
    _chat_is(caller, "ended")
    yield "the end of a chat", caller.page


def _chat_is(caller: Person, state: str) -> None:
    """Wait until a chat shows one of its states: the heading that stands for it alone."""
    shown = caller.page.locator(f"[data-when='{state}']:has(h1):visible")
    expect(shown.first).to_be_visible()


def a_regulator_has_a_minute(people: People) -> Seen:
    """From who waits to the emergency card."""
    regulator = _comes(people, "Nadia B.")
    yield "free to regulate", regulator.page
    _looks_up(regulator, "numéro vert")
    yield "a card that was looked up", regulator.page
    people.a_call("sos-crise")
    _is(regulator, "offered")
    yield "an offer to regulate", regulator.page
    _does(regulator, "/take", "talking")
    people.a_call("sos-crise")
    page = regulator.page
    page.locator("#need").select_option("violences_conjugales")
    expect(page.locator("[data-takes]")).to_be_visible()
    expect(page.locator(".relay").first).to_be_visible()
    expect(page.locator(".waiting .wait li").first).to_be_attached()
    yield "the minute of triage", page
    yield from _a_consent_is_asked_for(people, page)
    _looks_up(regulator, "dormir")
    yield "a card to read in a talk", page
    for key, name in (("E", "child"), ("S", "silence"), ("L", "language")):
        page.keyboard.press(f"Alt+Shift+{key}")
        expect(page.locator(f"#panel-{name}")).to_be_visible()
        yield f"the panel of a {name}", page
    page.keyboard.press("Alt+Shift+L")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#capsule-1")).to_be_focused()
    yield "the capsule, said back", page
    page.keyboard.press("F8")
    expect(page.locator("#card-place")).to_be_visible()
    expect(page.locator(".alertbox")).to_be_visible()
    yield "the emergency card", page
    page.locator("button[formaction$='/rescue']").click()
    expect(page.locator("#rescue form").first).to_be_visible()
    yield "rescue was called", page


def _a_consent_is_asked_for(people: People, page: Page) -> Seen:
    """It stays while the regulator notes on, and no key but its button says yes."""
    its_relay_is_verified(people.platform)
    page.locator("#need").select_option("ecoute_generaliste")
    relay = page.locator("[data-relay='fr-croix-rouge-ecoute']")
    relay.locator("form button").click()
    expect(relay.locator("[data-lands]")).to_be_focused()
    relay.locator("textarea").fill("Awa, 06 39 98 12 34")
    relay.locator("input[value='need']").press("Enter")
    yield "a consent that is asked for", page
    page.locator("#need").select_option("violences_conjugales")
    expect(page.locator("[data-relay='fr-3919']")).to_be_visible()
    expect(relay.locator("textarea")).to_have_value("Awa, 06 39 98 12 34")
    relay.locator("form[action$='/no'] button").click()
    expect(relay.locator("form")).to_have_count(0)
    page.locator("#for-whom input").first.focus()


def somebody_leaves_a_message(people: People) -> Seen:
    """The message box, from the first word to the last."""
    caller = people.a_caller("/sos-detresse/message")
    yield "the message box", caller.page
    caller.page.locator("#m").fill("Je n’arrive plus à dormir depuis des semaines.")
    _sends(caller)
    words = caller.page.locator("#mots span")
    expect(words).to_have_count(4)
    code = " ".join(words.all_inner_texts())
    yield "a message has come", caller.page
    caller.go("/sos-detresse/reponse")
    yield "the words of a message are asked for", caller.page
    with caller.watch.bad_answers_awaited():
        caller.page.locator("#c").fill("quatre mots tout faux")
        _sends(caller)
        expect(caller.page.locator(".note[role=status]")).to_be_visible()
        caller.page.wait_for_load_state("networkidle")
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


def a_coordinator_looks_at_the_week(people: People) -> Seen:
    """Holes, the week, the volunteers, one of them."""
    coordinator = people.at_desk("Anne-Lise R.")
    coordinator.go("/semaine")
    yield "the week", coordinator.page
    coordinator.go("/benevoles")
    yield "the volunteers", coordinator.page
    coordinator.page.locator("a[href^='/benevoles/']").first.click()
    yield "a volunteer", coordinator.page
    coordinator.go("/activite")
    yield "activity, nothing published", coordinator.page
    with a_month_is_published(people.platform):
        coordinator.go("/activite")
        yield "activity of a month, revised", coordinator.page


def a_coordinator_keeps_the_directory(people: People) -> Seen:
    """Looked through, one entry put right and verified; the next test finds it as it was."""
    coordinator = people.at_desk("Anne-Lise R.")
    page = coordinator.page
    coordinator.go("/relais")
    yield "relays to verify", page
    page.locator("#mots").fill("suicide ecoute")
    page.locator("form[role=search] button").click()
    yield "relays that were looked for", page
    page.locator("#relais-fr-suicide-ecoute a").click()
    yield "a relay and its sources", page
    page.locator("#corriger summary").click()
    page.locator("#number").fill("01 99 00 12 34")
    page.locator("#hours").fill("lundi au vendredi 9h-18h")
    yield "a relay that is put right", page
    page.locator("#corriger button").click()
    undo = page.locator("form[action$='/take-back'] button")
    expect(undo).to_have_count(2)
    checked = page.locator("form[action$='/verify'] button")
    checked.first.click()
    expect(checked).to_have_count(2)
    yield "a relay put right and verified", page
    checked.last.click()
    expect(checked).to_have_count(1)
    for left in (1, 0):
        undo.first.click()
        expect(undo).to_have_count(left)


def a_coordinator_keeps_cards(people: People) -> Seen:
    """What a line answers to questions of fact."""
    coordinator = people.at_desk("Anne-Lise R.")
    coordinator.go("/informations")
    page = coordinator.page
    page.locator("#nouvelle summary").click()
    yield "information cards, and the form of a new one", page
    page.locator("li[id^='fiche-'] a").first.click()
    page.locator("#modifier summary").click()
    yield "an information card", page


def _looks_up(person: Person, words: str) -> None:
    person.page.locator("#info-words").fill(words)
    person.page.locator("form[role=search] button").click()
    expect(person.page.locator("article.fact").first).to_be_visible()


def _comes(people: People, name: str, then: str = "ready") -> Person:
    """Somebody signs in and comes on duty."""
    person = people.at_desk(name)
    _does(person, "/duty/start", then)
    return person


def _does(person: Person, act: str, then: str) -> None:
    """Press the button of an act, and wait until the desk is in a state."""
    person.page.locator(f"form[action$='{act}'] button").first.click()
    _is(person, then)


def _raises_an_alert(person: Person) -> None:
    person.page.locator("form[action$='/alert'] button").click()
    expect(person.page.locator(".alertbox")).to_be_visible()


def _takes_it(supervisor: Person) -> None:
    supervisor.page.locator("#strip form[action$='/acknowledge'] button").click()


def _ends(person: Person) -> None:
    """Both keys of an end; the first may be pressed already."""
    ending = person.page.locator("form[action$='/end'] button")
    if not ending.is_visible():
        person.page.locator("[data-key='Alt+Shift+F']").click()
    ending.click()


def _is(person: Person, live: str) -> None:
    expect(person.page.locator(f"#desk[data-live='{live}']")).to_be_visible()


def a_partner_answers(people: People) -> Seen:
    """From what waits for a partner to what became of the person, and how long it is full."""
    reference = somebody_is_referred(people.platform)
    member = people.at_nobodys_desk("/entrer")
    member.page.locator("button[value='dev-partner']").click()
    of_this = f"/partenaire/{reference}"
    expect(member.page.locator(f"form[action='{of_this}/ouvrir']")).to_be_visible()
    yield "what waits for a partner", member.page
    member.go(of_this)
    yield "a referral nobody has opened", member.page
    member.page.locator(f"form[action='{of_this}/ouvrir'] button").click()
    expect(member.page.locator("dl.facts")).to_be_visible()
    yield "a referral at its partner's", member.page
    member.page.locator("a[href$='etape=decliner']").click()
    yield "a referral about to be declined", member.page
    member.go(of_this)
    member.page.locator("form[action$='/reponse'] button").click()
    expect(member.page.locator("#suite-dite")).to_be_visible()
    yield "a referral that is taken up", member.page
    member.page.locator("#suite-dite label").first.click()
    member.page.locator("#suite-dite button").click()
    expect(member.page.locator("#suite-dite")).to_have_count(0)
    yield "a referral whose outcome is told", member.page
    member.go("/partenaire")
    member.page.locator("form[id^='complet-'] button").click()
    expect(member.page.locator(".tag.hatch")).to_be_visible()
    yield "a partner that is full", member.page
    member.page.locator("form[action*='/complet/'] button").last.click()
    expect(member.page.locator(".tag.hatch")).to_have_count(0)
    with member.watch.bad_answers_awaited():
        member.go("/")
    yield "a partner at a page of ours", member.page


Story = Callable[[People], Seen]

#: Read in a file of tests each, so that they are read side by side.
OF_CALLERS: tuple[Story, ...] = (
    somebody_looks_at_the_lines,
    two_people_chat,
    somebody_leaves_a_message,
)
OF_LISTENERS: tuple[Story, ...] = (a_listener_takes_a_call, others_come_on_duty)
OF_OTHERS: tuple[Story, ...] = (
    a_regulator_has_a_minute,
    a_coordinator_looks_at_the_week,
    a_coordinator_keeps_the_directory,
    a_coordinator_keeps_cards,
    what_is_written_after_danger,
    a_partner_answers,
)
