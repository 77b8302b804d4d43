"""What a talk stands on is killed under it: nothing typed is lost, an alert stays where it is seen.

After each loss `verify` reads the platform, as `./just verify` does, and finds nothing wrong.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

import pytest
from playwright.sync_api import Locator, expect

from deploy.platform import Platform
from tests.browser.afterwards import send_everybody_home
from tests.browser.people import People, Person
from tests.browser.test_story import end, on_duty
from tests.browser.test_talk import CHAT, has_lines
from tests.browser.whole import a_whole_platform, kill, wrongs
from tests.running import wait_for

#: Machine time until whatever was killed is back and heard, on a slow machine.
BACK = 60_000
#: Silence after which a desk is lost: what is tried here is not that.
PATIENT_SECONDS = 60
UNTAKEN = "1 alerte que personne n’a prise"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of its own, of which the whole run is judged."""
    folder = tmp_path_factory.mktemp("ground")
    with a_whole_platform(folder, lost_after_seconds=PATIENT_SECONDS) as running:
        yield running


@dataclass(frozen=True)
class Talk:
    """A chat in which somebody is in danger."""

    caller: Person
    listener: Person
    supervisor: Person

    @classmethod
    def of(cls, people: People) -> Self:
        """The listener has raised an alert, nobody has taken it yet."""
        supervisor = people.at_desk("Anouk W.")
        supervisor.press("Commencer la permanence")
        supervisor.sees("Quitter la permanence")
        listener = on_duty(people, "Marc T.", "Vous êtes en écoute")
        caller = people.a_caller(CHAT)
        listener.press("Prendre")
        caller.sees("Terminer l’échange")
        caller.writes("avant")
        has_lines(listener, "avant")
        listener.press("Alerte")
        supervisor.sees(UNTAKEN)
        return cls(caller, listener, supervisor)

    def outlives(
        self, platform: Platform, process: str, said: list[str], alert: Locator
    ) -> list[str]:
        """A process is killed while both write; what was said until then, and what is said now.
        `alert` is seen all the while.
        """
        field = self.listener.page.locator("#reply")
        field.fill(f"je suis là, {process}")
        kill(platform, process)
        said = [*said, f"pendant, {process}"]
        self.caller.writes(said[-1])
        expect(alert).to_be_visible()
        lines = self.listener.page.locator("#lines .txt")
        expect(lines).to_have_text(said, timeout=BACK)
        expect(self.listener.page.locator("#lost")).to_be_hidden(timeout=BACK)
        expect(field).to_have_value(f"je suis là, {process}")
        said = [*said, f"je suis là, {process}"]
        until(lambda: field.press("Control+Enter"), lines.filter(has_text=said[-1]))
        expect(self.caller.page.locator("#lignes .txt")).to_have_text(said, timeout=BACK)
        expect(alert).to_be_visible()
        return said

    def is_taken(self) -> Locator:
        """The supervisor takes the alert; what the listener then sees of it."""
        taken = self.listener.page.get_by_text("Anouk W. l’a prise.")
        strip = self.supervisor.page.locator("#strip")
        until(strip.get_by_role("button", name="La prendre").click, taken)
        return taken

    def is_over(self) -> None:
        """The listener ends it, and the caller is told."""
        end(self.listener)
        expect(self.caller.page.get_by_text("L’échange est terminé.")).to_be_visible(timeout=BACK)


def until(act: Callable[[], object], seen: Locator) -> None:
    """Do it, and again as somebody does who reads that it is not done yet."""

    def done() -> bool:
        if seen.is_visible():
            return True
        act()
        try:
            expect(seen).to_be_visible(timeout=8_000)
        except AssertionError:
            return False
        return True

    wait_for(done)


def bad_answers_awaited(talk: Talk) -> ExitStack:
    """For all three: doors may fail, scripts may not."""
    stack = ExitStack()
    for person in (talk.caller, talk.listener, talk.supervisor):
        stack.enter_context(person.watch.bad_answers_awaited())
    return stack


@pytest.mark.parametrize("server", ["nats", "postgres"])
def test_a_talk_and_its_alert_outlive(people: People, platform: Platform, server: str) -> None:
    talk = Talk.of(people)
    with bad_answers_awaited(talk):
        talk.outlives(platform, server, ["avant"], talk.supervisor.page.get_by_text(UNTAKEN))
        talk.is_taken()
        talk.is_over()
        send_everybody_home(platform)
    assert wrongs(platform) == []
