"""A session ends half an hour after the shift, and never while a contact or an alert is theirs."""

import json
import re
from collections.abc import Iterator
from datetime import datetime

import psycopg
import pytest
from playwright.sync_api import expect
from sqlalchemy import make_url

from deploy.platform import Platform
from deploy.start import PEOPLE
from services.bus.database import set_clock
from tests.browser.afterwards import say
from tests.browser.people import People, Person
from tests.browser.whole import a_whole_platform, answers, kill
from tests.running import wait_for

TYPED = "12 rue de l’Exemple"
#: The shift ends at half past three; domain time then goes on until this.
LONG_AFTER = datetime.fromisoformat("2026-01-14T16:30:00+01:00")
ON_SHIFT = {"dev-regulator": "regulator", "dev-supervisor": "supervisor"}
_ON_SHIFT = "SELECT person_id FROM console.eligibility WHERE shift_ends_at IS NOT NULL"
OVER = "Votre permanence est terminée"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of its own, whose time is moved."""
    folder = tmp_path_factory.mktemp("shift")
    with a_whole_platform(folder, lost_after_seconds=60) as running:
        yield running


def test_a_session_outlives_its_shift_as_long_as_somebody_needs_it(
    people: People, platform: Platform
) -> None:
    plan_until_half_past_three(platform)
    supervisor = people.at_desk("Hélène M.")
    supervisor.press("Commencer la permanence")
    supervisor.sees("Quitter la permanence")
    regulator = people.at_desk("Nadia B.")
    regulator.press("Oui, commencer")
    regulator.sees("Vous êtes en régulation.")
    call = people.a_call("sos-crise")
    regulator.press("Prendre")
    expect(regulator.page.locator("#for-whom input").first).to_be_focused()
    regulator.page.keyboard.press("F8")
    supervisor.page.locator("#strip").get_by_role("button", name="La prendre").click()
    regulator.sees("Hélène M. l’a prise.")
    regulator.page.locator("#card-place").fill(TYPED)

    with regulator.watch.bad_answers_awaited(), supervisor.watch.bad_answers_awaited():
        time_passes(platform)
        call.hang_up()
        expect(regulator.page.locator("#desk[data-live='talking']")).to_have_count(0)
        for person in (regulator, supervisor):  # the alert is hers who raised it, and who holds it
            expect(person.page.locator("#lost")).to_be_hidden(timeout=60_000)
            tab = person.another_tab("/")
            expect(tab.locator("#desk")).to_be_visible()
            tab.close()
            expect(person.page.get_by_text(OVER)).to_have_count(0)

        supervisor.page.locator("a[href^='/alertes/']").first.click()
        supervisor.page.get_by_role("radio", name="La personne s’est apaisée").check()
        supervisor.press("Clore l’alerte")
        for person in (supervisor, regulator):
            expect(person.page.get_by_text(OVER)).to_be_visible(timeout=60_000)
        supervisor.page.close()
        regulator.page.get_by_role("link", name="Entrer de nouveau").click()
        regulator.page.get_by_role("button", name=re.compile("Paul V.")).click()
        regulator.sees("Paul V.")
        nothing_is_left(regulator)
        regulator.page.go_back()
        regulator.page.go_back()
        nothing_is_left(regulator)


def nothing_is_left(person: Person) -> None:
    """Whoever comes next reads nothing of what was typed before."""
    expect(person.page.locator("body")).to_be_visible()
    fields = person.page.locator("input, textarea").all()
    assert TYPED not in [each.input_value() for each in fields if each.is_editable()]
    assert TYPED not in person.page.content()


def plan_until_half_past_three(platform: Platform) -> None:
    """The coordinator plans a shift that has begun."""
    everybody = json.loads(PEOPLE.read_text())
    coordinator = next(each for each in everybody if each["person_id"] == "dev-coordinator")
    hours = {"day": "2026-01-14", "starts_at": "14:30", "ends_at": "15:30"}
    shifts = [hours | {"role": role, "person_id": name} for name, role in ON_SHIFT.items()]
    say(platform, coordinator, "coordinator/shifts", {"shifts": shifts}).raise_for_status()
    with psycopg.connect(platform.owner_dsn, autocommit=True) as ledger:
        wait_for(lambda: ledger.execute(_ON_SHIFT).rowcount == len(shifts))


def time_passes(platform: Platform) -> None:
    """It is long after the shift. Services that run on would trust the old time for a minute."""
    owner = make_url(platform.owner_dsn).set(drivername="postgresql+psycopg")
    set_clock(owner.render_as_string(hide_password=False), LONG_AFTER, 1.0, development=True)
    kill(platform, "services")
    wait_for(lambda: all(answers(platform, door) for door in platform.doors))
