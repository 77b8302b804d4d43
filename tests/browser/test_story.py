"""The whole story, in four browsers at once: what each person sees of it, and when."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from deploy.platform import Platform
from tests.browser.people import People, Person
from tests.browser.test_talk import answers, has_lines
from tests.browser.whole import a_whole_platform, kill

NEEDS_A_PERSON = "depuis que ma mère est partie la maison est trop grande"
#: It is never closed, and one does not stay unknown there: that is to be said before.
RELAY = "3114"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of its own: where danger has just come several times, the last listener who is
    accredited for it is kept back for the next one, and this caller is in none.
    """
    with a_whole_platform(tmp_path_factory.mktemp("story")) as running:
        yield running


def test_a_caller_is_understood_heard_protected_and_led_on(people: People) -> None:
    coordinator = people.at_desk("Anne-Lise R.")
    coordinator.page.get_by_role("link", name="Relais").click()
    coordinator.page.get_by_label("Nom, ou partie d’un nom").fill(RELAY)
    coordinator.press("Chercher")
    relay = coordinator.page.get_by_role("listitem").filter(has_text=RELAY).first
    relay.get_by_role("link", name=re.compile("^Ouvrir")).click()
    coordinator.page.get_by_role("button", name=re.compile("^Vérifié aujourd’hui")).click()
    coordinator.sees("Il est vérifié ; à revoir le")

    supervisor = people.at_desk("Hélène M.")
    supervisor.press("Commencer la permanence")
    supervisor.sees("Quitter la permanence")
    regulator = on_duty(people, "Nadia B.", "Vous êtes en régulation.")
    listener = on_duty(people, "Paul V.", "Vous êtes en écoute")
    listener.sees("Hélène M. est là, en supervision,")

    caller = people.a_caller("/sos-crise")
    caller.page.get_by_role("link", name="Écrire maintenant").click()
    caller.sees("Vous êtes dans la file.")
    caller.writes(NEEDS_A_PERSON)

    regulator.press("Prendre")
    has_lines(regulator, NEEDS_A_PERSON)
    caller.sees("Terminer l’échange")
    answers(regulator, "Je vais vous passer quelqu’un.")
    has_lines(caller, NEEDS_A_PERSON, "Je vais vous passer quelqu’un.")
    hand_over(regulator, "Sa mère est partie en mai.")
    regulator.sees("Personne n’attend.")

    listener.sees("Sa mère est partie en mai.")
    listener.press("Prendre")
    has_lines(listener, NEEDS_A_PERSON, "Je vais vous passer quelqu’un.")
    answers(listener, "Le soir surtout ?")
    has_lines(caller, NEEDS_A_PERSON, "Je vais vous passer quelqu’un.", "Le soir surtout ?")

    listener.press("Alerte")
    supervisor.sees("1 alerte que personne n’a prise")
    expect(supervisor.page).to_have_title("1 alerte non prise")
    supervisor.page.locator("#strip").get_by_role("button", name="La prendre").click()
    listener.sees("Hélène M. l’a prise.")
    expect(supervisor.page.locator("#strip")).to_have_count(0)

    lead_on(listener, caller)
    end(listener)
    caller.sees("L’échange est terminé.")
    listener.sees("L’échange est fini. Prenez un moment.")
    listener.press("C’est noté, continuer")
    listener.sees("Vous êtes en écoute")

    supervisor.page.locator("a[href^='/alertes/']").first.press("Enter")
    supervisor.sees("Vous tenez cette alerte.")
    supervisor.page.get_by_role("radio", name="La personne s’est apaisée").check()
    supervisor.press("Clore l’alerte")
    supervisor.sees("Cette alerte est close.")
    coordinator.page.get_by_role("button", name=re.compile("^Signaler un changement")).click()
    coordinator.sees("Anne-Lise R. a signalé un changement")


def on_duty(people: People, name: str, first_words: str) -> Person:
    """Somebody signs in and begins."""
    person = people.at_desk(name)
    person.press("Oui, commencer")
    person.sees(first_words)
    return person


def hand_over(regulator: Person, capsule: str) -> None:
    """Choose a priority, say the capsule back, and pass the person on."""
    regulator.page.get_by_role("radio", name=re.compile("^P3")).check()
    regulator.press("Préparer le passage")
    regulator.page.locator("#capsule-1").fill(capsule)
    agreed = regulator.page.get_by_role("group", name="Elle est d’accord ?")
    agreed.get_by_role("radio", name="oui").check()
    regulator.press("Passer à l’écoute")


def lead_on(listener: Person, caller: Person) -> None:
    """Find a relay for the person, say what is to be said, and send after their yes alone."""
    listener.page.get_by_role("link", name=re.compile("^Orienter")).click()
    listener.page.get_by_label("Besoin").select_option("detresse_psychologique")
    listener.press("Chercher")
    found = listener.page.locator("#referral .relay").filter(has_text=RELAY)
    found.get_by_role("button", name="Orienter").click()
    expect(found.get_by_text("Votre nom n’y est pas. D’accord ?")).to_be_visible()
    answers(listener, "Je peux écrire au 3114 pour vous. Votre nom n’y est pas. D’accord ?")
    caller.sees("Votre nom n’y est pas. D’accord ?")
    caller.writes("oui")
    listener.sees("oui")
    found.get_by_role("checkbox", name="c’est dit").check()
    found.get_by_role("checkbox", name="le besoin").check()
    found.get_by_role("checkbox", name="l’urgence").check()
    found.get_by_role("button", name="Elle dit oui, envoyer").click()
    expect(found.get_by_text("C’est envoyé à 3114")).to_be_visible()


def end(person: Person) -> None:
    """Both keys of an end."""
    person.page.get_by_role("link", name=re.compile("^Mettre fin")).click()
    person.press("Mettre fin")


# --- what dies meanwhile --------------------------------------------------------------------------


def test_a_talk_goes_on_when_every_service_is_killed(people: People) -> None:
    listener = on_duty(people, "Marc T.", "Vous êtes en écoute")
    caller = people.a_caller("/sos-detresse/tchat")
    listener.press("Prendre")
    caller.sees("Terminer l’échange")
    caller.writes("avant")
    has_lines(listener, "avant")
    with caller.watch.bad_answers_awaited(), listener.watch.bad_answers_awaited():
        kill(people.platform, "services")
        caller.writes("pendant")
        listener.page.locator("#reply").fill("je suis là")
        listener.sees("Connexion perdue")
        expect(listener.page.locator("#lost")).to_be_hidden(timeout=40_000)
        has_lines(listener, "avant", "pendant")
        expect(listener.page.locator("#reply")).to_have_value("je suis là")
        listener.page.locator("#reply").press("Control+Enter")
        has_lines(caller, "avant", "pendant", "je suis là")
    end(listener)
    caller.sees("L’échange est terminé.")
