"""What a listener's desk says by itself: whether a supervisor is there, and why one is paused."""

import pytest
from playwright.sync_api import expect

from tests.browser.people import Device, People, Person
from tests.browser.wire import LOSSES

NOBODY = "Aucun superviseur n’est présent."


def test_a_supervisor_who_comes_or_goes_is_on_a_listeners_desk_at_once(people: People) -> None:
    listener = people.at_desk("Marc T.")
    listener.press("Oui, commencer")
    listener.sees(NOBODY)
    supervisor = people.at_desk("Anouk W.")
    supervisor.press("Commencer la permanence")
    listener.sees("Anouk W. est là, en supervision,")
    expect(listener.page.get_by_text(NOBODY)).to_have_count(0)
    supervisor.press("Quitter la permanence")
    listener.sees(NOBODY)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_listener_whose_network_was_lost_reads_why_they_are_paused_and_goes_on_by_one_key(
    people: People, loss: str
) -> None:
    listener = people.at_desk("Marc T.", Device(on_a_wire=True))
    listener.press("Oui, commencer")
    listener.sees("Personne n’attend.")
    is_lost_until_it_is_paused(people, listener, loss)
    listener.sees("La connexion de ce poste s’est perdue, la pause est venue d’elle-même.")
    expect(listener.page.locator("#lost")).to_be_hidden()
    people.a_call("sos-detresse")
    listener.page.keyboard.press("Control+Enter")
    listener.sees("Voulez-vous l’écouter ?")


def is_lost_until_it_is_paused(people: People, listener: Person, loss: str) -> None:
    """Lose the wire until assignment has paused them, and mend it."""
    supervisor = people.at_desk("Anouk W.")
    paused = supervisor.page.locator(".board div", has_text="en pause").locator("b")
    with listener.watch.bad_answers_awaited():
        LOSSES[loss](listener.wire)
        listener.sees("Connexion perdue")
        expect(paused.first).to_have_text("1", timeout=25_000)
        listener.wire.mend()
        expect(listener.page.locator("#lost")).to_be_hidden()
