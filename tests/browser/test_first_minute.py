"""People who never saw a desk do what it is for, by what its pages say and nothing else."""

import pytest

from tests.browser.newcomer import Newcomer
from tests.browser.people import People


def comes_in(people: People, name: str) -> Newcomer:
    """Somebody finds their own name at the door."""
    newcomer = Newcomer(people.at_nobodys_desk("/entrer").page)
    newcomer.reads("Qui entre ?")
    newcomer.presses(name)
    newcomer.reads("Aide")
    return newcomer


def test_a_newcomer_listens_signals_and_goes(people: People) -> None:
    listener = comes_in(people, "Marc T.")
    guide = listener.finds_in_the_guide()
    begin, take, alert, end, noted, leave = (
        _told(guide, words)
        for words in ("Oui, commencer", "Prendre", "Alerte", "Mettre fin", "C’est noté", "Quitter")
    )

    listener.reads("Avez-vous entendu le son ?")
    listener.presses("Jouer le son")
    listener.presses(begin)
    listener.reads("Vous êtes en écoute")
    assert "attend" in listener.heading()

    people.a_call("sos-detresse")
    listener.reads("Voulez-vous l’écouter ?")
    listener.presses(take)
    listener.reads("Vous êtes au téléphone depuis")
    listener.presses(alert)
    listener.reads("Votre alerte, non prise")
    listener.presses(end)
    listener.reads("Mettre fin à l’échange ?")
    listener.presses(end)
    listener.reads("Annuler")
    listener.reads("L’échange est fini. Prenez un moment.")
    listener.reads("Une fiche est à écrire")
    listener.presses(noted)
    listener.reads("Vous êtes en écoute")
    listener.presses(leave)
    listener.reads("Avez-vous entendu le son ?")


def test_a_newcomer_understands_a_person_and_hands_over(people: People) -> None:
    regulator = comes_in(people, "Nadia B.")
    guide = regulator.finds_in_the_guide()
    begin, take, prepare, hand_over, leave = (
        _told(guide, words)
        for words in ("Oui, commencer", "Prendre", "Préparer", "Passer à l’écoute", "Quitter")
    )
    regulator.presses(begin)
    regulator.reads("Vous êtes en régulation.")

    people.a_call("sos-crise")
    regulator.reads("Voulez-vous répondre ?")
    regulator.presses(take)
    regulator.reads("vous décidez, le reste peut rester vide")
    regulator.chooses("P3", of="Priorité")
    regulator.presses(prepare)
    regulator.reads("Elle est d’accord ?")
    regulator.chooses("oui", of="Elle est d’accord ?")
    regulator.presses(hand_over)
    regulator.reads("Vous êtes en régulation.")
    regulator.presses(leave)
    regulator.reads("Avez-vous entendu le son ?")


def test_a_newcomer_takes_an_alert_and_says_how_it_ended(people: People) -> None:
    supervisor = comes_in(people, "Anouk W.")
    guide = supervisor.finds_in_the_guide()
    begin, take, over, leave = (
        _told(guide, words)
        for words in ("Commencer", "La prendre", "Clore l’alerte", "Quitter la permanence")
    )
    supervisor.presses(begin)
    supervisor.reads("Aucune alerte n’est ouverte.")

    listener = comes_in(people, "Marc T.")
    listener.presses("Oui, commencer")
    people.a_call("sos-detresse")
    listener.presses("Prendre")
    listener.presses("Alerte")
    supervisor.reads("1 alerte que personne n’a prise")
    supervisor.presses(take)
    listener.reads("Anouk W. l’a prise.")
    supervisor.reads("Vous la tenez")
    supervisor.presses("Ouvrir")
    supervisor.reads("Vous tenez cette alerte.")
    supervisor.chooses("La personne s’est apaisée", of="Elle est finie")
    supervisor.presses(over)
    supervisor.reads("Cette alerte est close.")
    supervisor.presses("Revenir au poste")
    supervisor.presses(leave)
    supervisor.reads(begin)


@pytest.mark.parametrize("name", ["Anne-Lise R.", "Karim O.", "Dr S. Lemoine"])
def test_every_desk_says_what_it_is_for_and_what_to_do_next(people: People, name: str) -> None:
    newcomer = comes_in(people, name)
    assert newcomer.heading().endswith(".")
    for words in newcomer.finds_in_the_guide():
        if words != "Affichage":
            newcomer.presses(words)
            newcomer.reads("Aide")


def _told(guide: list[str], words: str) -> str:
    """What the guide calls it."""
    found = [each for each in guide if each.startswith(words)]
    assert found, f"the guide does not say « {words} »: {guide}"
    return found[0]
