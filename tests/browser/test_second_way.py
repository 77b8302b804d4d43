"""The second way of an alert: the console is silent, risk is not, and a supervisor hears and takes.

The wire lies between one browser and the console alone, at the console's own address: to risk's
door the page is one of our desks, as it is in life.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Request, expect

from deploy.platform import Platform
from tests.browser.people import People, Person
from tests.browser.reading import barriers, too_wide
from tests.browser.wire import LOSSES, Wire
from tests.debian import chromium


@dataclass
class CutOff:
    """People whose way to the console is a wire; risk's door they reach as ever."""

    people: People
    wire: Wire


@pytest.fixture
def cut_off(browser: Browser, platform: Platform, people: People) -> Iterator[CutOff]:
    """A browser that finds the console at the near end of a wire; `people` have no wire."""
    console = urlsplit(platform.doors["console"]).netloc
    wire = Wire.to(platform.doors["console"])
    near = urlsplit(wire.door).netloc
    found = chromium()
    assert found is not None
    rule = f"--host-resolver-rules=MAP {console} {near}"
    own = browser.browser_type.launch(executable_path=found, args=["--no-sandbox", rule])
    there = People(own, platform)
    yield CutOff(there, wire)
    wire.mend()
    there.look_at_what_stays()
    troubles = there.troubles()
    people.here.extend(there.here)  # they go home together, before their browser is closed
    people.go_home()
    own.close()
    wire.take_away()
    assert troubles == []


@pytest.mark.parametrize("loss", LOSSES)
def test_an_alert_reaches_a_supervisor_whose_console_is_silent_and_is_taken_there(
    people: People, cut_off: CutOff, loss: str
) -> None:
    supervisor = cut_off.people.at_desk("Anouk W.")
    supervisor.sees("Aucune alerte n’est ouverte.")
    expect(supervisor.page.locator("#second-words")).to_be_hidden()
    listener = a_listener_in_a_talk(people)
    with supervisor.watch.bad_answers_awaited():
        LOSSES[loss](cut_off.wire)
        supervisor.sees("Les alertes sont lues par la seconde voie. Aucune n’attend.")
        listener.press("Alerte")
        strip = supervisor.page.locator("#second-strip")
        expect(strip.get_by_role("alert")).to_have_text("1 alerte que personne n’a prise")
        expect(supervisor.page).to_have_title("1 alerte non prise")
        assert sounds(supervisor)
        strip.get_by_role("button", name="La prendre").click()
        listener.sees("Anouk W. l’a prise.")
        expect(strip).to_be_hidden()
        supervisor.sees("Vous en tenez une.")
        assert not sounds(supervisor)
        cut_off.wire.mend()
        supervisor.sees("Vous la tenez")
    expect(supervisor.page.locator("#second-words")).to_be_hidden()
    expect(supervisor.page.locator("#lost")).to_be_hidden()


def test_an_alert_taken_by_somebody_else_meanwhile_is_not_left_standing(
    people: People, cut_off: CutOff
) -> None:
    supervisor = cut_off.people.at_desk("Anouk W.")
    listener = a_listener_in_a_talk(people)
    listener.press("Alerte")
    expect(supervisor.page.locator("#strip")).to_be_visible()
    with supervisor.watch.bad_answers_awaited():
        cut_off.wire.go_silent()
        expect(supervisor.page.locator("#second-strip")).to_be_visible()
        expect(supervisor.page.locator("#strip")).to_have_count(0)
        elsewhere = people.at_desk("Anouk W.")
        elsewhere.page.locator("#strip").get_by_role("button", name="La prendre").click()
        expect(supervisor.page.locator("#second-strip")).to_be_hidden()
        assert not sounds(supervisor)
        cut_off.wire.mend()
        supervisor.sees("Vous la tenez")


def test_a_key_takes_the_alert_by_the_second_way_too(people: People, cut_off: CutOff) -> None:
    supervisor = cut_off.people.at_desk("Anouk W.")
    listener = a_listener_in_a_talk(people)
    with supervisor.watch.bad_answers_awaited():
        cut_off.wire.cut()
        supervisor.sees("Aucune n’attend.")
        listener.press("Alerte")
        expect(supervisor.page.locator("#second-strip")).to_be_visible()
        assert barriers(supervisor.page) == []
        assert too_wide(supervisor.page) == []
        supervisor.page.keyboard.press("F8")
        listener.sees("Anouk W. l’a prise.")
        cut_off.wire.mend()
        supervisor.sees("Vous la tenez")


def test_a_supervisor_who_is_cut_off_is_not_counted_on_until_they_go_on(
    people: People, cut_off: CutOff
) -> None:
    listener = people.at_desk("Marc T.")
    listener.press("Oui, commencer")
    supervisor = cut_off.people.at_desk("Anouk W.")
    supervisor.press("Commencer la permanence")
    listener.sees("Anouk W. est là, en supervision,")
    with supervisor.watch.bad_answers_awaited():
        cut_off.wire.go_silent()
        absent = listener.page.get_by_text("Aucun superviseur n’est présent.")
        expect(absent).to_be_visible(timeout=25_000)
        cut_off.wire.mend()
        supervisor.sees("La connexion de ce poste s’est perdue")
    supervisor.press("Reprendre")
    listener.sees("Anouk W. est là, en supervision,")


def test_who_signed_out_in_another_tab_reads_no_alert_by_the_second_way(people: People) -> None:
    supervisor = people.at_desk("Anouk W.")
    listener = a_listener_in_a_talk(people)
    other = supervisor.another_tab("/")
    with supervisor.watch.bad_answers_awaited():
        other.get_by_role("button", name="Sortir").click()
        expect(supervisor.page.get_by_role("link", name="Entrer de nouveau")).to_be_visible()
        asked = asked_of(supervisor, people.platform.doors["risk"])
        listener.press("Alerte")
        supervisor.page.wait_for_timeout(6000)  # twice as long as a console may be silent
    assert asked == []
    expect(supervisor.page.locator("#second-strip")).to_be_hidden()
    expect(supervisor.page.locator("#second-words")).to_be_hidden()


def test_only_who_watches_alerts_asks_risk_by_themselves(people: People) -> None:
    asked: dict[str, list[str]] = {}
    for name in ("Marc T.", "Anouk W."):
        person = people.at_nobodys_desk("/entrer")
        asked[name] = asked_of(person, people.platform.doors["risk"])
        person.press(name)
        expect(person.page.locator("#desk")).to_be_visible()
    expect(people.here[-1].page.locator("#second-way")).to_have_count(1)
    people.here[-1].page.wait_for_timeout(1500)
    assert asked["Marc T."] == []
    assert asked["Anouk W."] == ["/open-signals"]


def a_listener_in_a_talk(people: People) -> Person:
    """Marc T. is with a caller by telephone."""
    listener = people.at_desk("Marc T.")
    listener.press("Oui, commencer")
    listener.sees("Personne n’attend.")
    people.a_call("sos-detresse")
    listener.press("Prendre")
    listener.sees("Vous êtes au téléphone depuis")
    return listener


def sounds(person: Person) -> bool:
    """Whether the page sounds, or would if its browser let it."""
    return bool(person.page.evaluate("Boolean(document.querySelector('[data-sounding]'))"))


def asked_of(person: Person, door: str) -> list[str]:
    """What the page will have asked of a door."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith(door) and request.method != "OPTIONS":
            asked.append(urlsplit(request.url).path)

    person.page.on("request", note)
    return asked
