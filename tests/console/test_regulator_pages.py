"""The regulator's desk: who waits, and what is at hand."""

from __future__ import annotations

import pytest

from contracts.vocabulary import ContactId, LiveState, Role, Stage
from tests.console import facts
from tests.console.facts import CONTACT, LISTENER, REGULATOR
from tests.console.regulating import TRIAGE, Desk, Visiting, listened
from tests.terms import a_line

# --- who waits ------------------------------------------------------------------------------------


def test_regulator_reads_who_waits_and_since_when(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.browser.enters(REGULATOR)
        await desk.door.deliver(facts.entered(LiveState.READY, REGULATOR, Role.REGULATOR))
        quiet = (await desk.browser.get("/part")).text
        assert "Vous êtes en régulation." in quiet
        assert "La plus ancienne" not in quiet
        await desk.door.deliver(facts.opened())
        waiting = (await desk.browser.get("/part")).text
        assert "1 personne attend." in waiting
        assert "La plus ancienne depuis" in waiting
        assert "Téléphone" in waiting
        assert f'data-since="{facts.NOON.isoformat()}"' in waiting
        assert "/take" not in waiting  # one at a time, by an offer

    visiting(visit)


@pytest.mark.parametrize("opened_first", [True, False])
def test_who_says_it_is_urgent_is_shown_so_and_passes_nobody(
    visiting: Visiting, opened_first: bool
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.browser.enters(REGULATOR)
        await desk.door.deliver(facts.entered(LiveState.READY, REGULATOR, Role.REGULATOR))
        before = ContactId("99999999-9999-4999-8999-999999999999")
        await desk.door.deliver(facts.opened(before))
        later = facts.opened().model_copy(update={"opened_at": facts.later(2)})
        told = [later, facts.says_urgent()]
        for event in told if opened_first else reversed(told):
            await desk.door.deliver(event)
        rows = (await desk.browser.get("/part")).text.split('<li><span class="since"')[1:]
        assert ["c’est urgent" in row for row in rows] == [False, True]
        await desk.door.deliver(facts.made(Stage.REGULATOR))
        await desk.door.deliver(
            facts.entered(LiveState.OFFERED, REGULATOR, Role.REGULATOR), version=2
        )
        assert "c’est urgent" in (await desk.browser.get("/part")).text

    visiting(visit)


def test_who_waits_stands_beside_the_form_and_not_over_it(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        page = desk.browser.page
        assert "Personne n’attend." in page
        form = f'id="regulation-{CONTACT}" hx-morph-skip'
        assert page.index('class="waiting"') < page.index(form)
        assert form in page

    visiting(visit)


def test_line_without_regulators_says_so_to_one(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        newer = facts.published().model_copy(
            update={"terms": a_line(first_stage=Stage.LISTENER), "programme_version": 2}
        )
        await desk.door.deliver(newer, version=2)
        await desk.browser.enters(REGULATOR)
        await desk.door.deliver(facts.entered(LiveState.READY, REGULATOR, Role.REGULATOR))
        assert "n’a pas de régulation" in (await desk.browser.get("/")).text

    visiting(visit)


def test_regulator_who_listens_is_given_a_listeners_page(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.browser.enters(REGULATOR)
        await desk.door.deliver(facts.opened(first_stage=Stage.LISTENER))
        await desk.door.deliver(facts.taken(Stage.LISTENER, person_id=REGULATOR))
        await desk.door.deliver(facts.entered(LiveState.TALKING, REGULATOR, Role.REGULATOR))
        page = (await desk.browser.get("/")).text
        assert 'id="tri"' not in page
        assert f"/act/desk/contacts/{CONTACT}/alert" in page

    visiting(visit)


def test_listener_trained_to_regulate_triages(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.browser.enters(LISTENER)
        await desk.door.deliver(facts.opened())
        await desk.door.deliver(facts.taken(Stage.REGULATOR, person_id=LISTENER))
        await desk.door.deliver(facts.entered(LiveState.TALKING))
        page = (await desk.browser.get("/")).text
        assert 'id="tri"' in page
        assert "Personne n’attend." not in page  # of that line their stream tells nothing
        assert (await desk.send(TRIAGE, listened())).status_code == 204

    visiting(visit)


# --- what is at hand ------------------------------------------------------------------------------


KEYS = {
    "P1": ("F8", "P1 vitale"),
    "a child": ("Alt+Shift+E", "Enfant"),
    "silence": ("Alt+Shift+S", "Silence"),
    "a language": ("Alt+Shift+L", "Langue inconnue"),
    "the hand-over": ("Control+Enter", "Préparer le passage"),
}


@pytest.mark.parametrize(("key", "words"), KEYS.values(), ids=KEYS.keys())
def test_key_is_printed_on_its_button(visiting: Visiting, key: str, words: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        bar = desk.browser.page.split('class="verbs')[1]
        button = next(each for each in bar.split("<button")[1:] if f">{words}<" in each)
        assert f'data-key="{key}"' in button
        assert "<kbd>" in button

    visiting(visit)


def test_child_is_led_to_119_and_asked_to_consent_to_nothing(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        panel = desk.browser.page.split('id="panel-child"')[1].split("</section>")[0]
        assert panel.index("119") < panel.index("17.")
        assert "On ne fait signer ni promettre rien" in panel
        assert "<form" not in panel
        silence = desk.browser.page.split('id="panel-silence"')[1].split("</section>")[0]
        assert "data-since" not in silence  # a silence is not timed

    visiting(visit)
