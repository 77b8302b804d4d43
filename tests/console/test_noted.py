"""What a regulator has noted so far: there after a reload, gone with the contact."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from contracts.envelope import Event
from contracts.vocabulary import Destination, LiveState, OfferId, Stage
from tests.console import facts
from tests.console.facts import LISTENER
from tests.console.regulating import NOTED, SCRIPTS, Desk, Visiting

HALFWAY: dict[str, object] = {
    "notes.for_whom": "self",
    "notes.need": "solitude",
    "notes.languages[]": ["fr", "pt"],
    "notes.departement": "31 · Haute-Garonne",
    "notes.age_band": "25-34",
    "notes.signals[]": ["SIG-MINEUR"],
    "notes.danger_now": "true",
    "priority": "P2",
    "destination": "informed",
}
CHOSEN = (
    'name="notes.for_whom" value="self" checked',
    'value="solitude" selected',
    'name="notes.languages[]" value="fr" checked',
    'name="notes.languages[]" value="pt" checked',
    'name="notes.departement" value="31 · Haute-Garonne"',
    'name="notes.age_band" value="25-34" checked',
    'name="notes.signals[]" value="SIG-MINEUR" checked',
    'name="notes.danger_now" value="true" checked',
    'name="priority" value="P2" checked',
    'name="destination" value="informed" checked',
    'id="signs" open',
)


def kept_notes(desk: Desk) -> list[str]:
    """Everything the console keeps of notes, as text."""
    query = text("SELECT noted::text FROM console.noted AS noted")
    return [
        str(row[0]) for row in desk.door.console.read(lambda session: session.execute(query).all())
    ]


def test_what_is_chosen_is_there_after_a_reload_and_on_another_device(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        assert (await desk.send(NOTED, HALFWAY)).status_code == 204
        page = (await desk.browser.get("/")).text
        assert [each for each in CHOSEN if each not in page] == []
        await desk.send(NOTED, {"priority": "P3"})  # the newest counts, whole
        page = (await desk.browser.get("/")).text
        assert [each for each in CHOSEN if each in page] == []
        assert 'name="priority" value="P3" checked' in page

    visiting(visit)


def test_nothing_that_was_typed_is_kept_with_the_notes(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        typed = {"capsule[]": ["Parle bas."], "agreed": "yes", "notes.departement": "Haute-Garo"}
        assert (await desk.send(NOTED, {**HALFWAY, **typed})).status_code == 204
        [kept] = kept_notes(desk)
        assert "Parle" not in kept
        assert "Garo" not in kept
        assert "solitude" in kept

    visiting(visit)


GOES_ON = {
    "handed over": lambda: facts.triaged(),
    "informed": lambda: facts.triaged(Destination.INFORMED),
    "sent on untriaged": lambda: facts.sent_untriaged(),
    "over": lambda: facts.ended(),
}


@pytest.mark.parametrize("event", GOES_ON.values(), ids=GOES_ON.keys())
def test_notes_are_gone_when_the_contact_goes_on_and_none_are_kept_after(
    visiting: Visiting, event: Callable[[], Event]
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        await desk.send(NOTED, HALFWAY)
        assert len(kept_notes(desk)) == 1
        button = desk.browser.button()
        await desk.door.deliver(event(), version=2)
        assert kept_notes(desk) == []
        late = await desk.browser.post(NOTED, {**button, "priority": "P2"}, **SCRIPTS)
        assert late.status_code == 204
        assert kept_notes(desk) == []

    visiting(visit)


def test_notes_stay_while_rescue_is_on_its_way(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        await desk.send(NOTED, HALFWAY)
        await desk.door.deliver(facts.triaged(Destination.RESCUE))
        assert len(kept_notes(desk)) == 1

    visiting(visit)


def test_notes_are_of_who_has_the_contact_and_shown_to_nobody_else(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        await desk.send(NOTED, HALFWAY)
        await desk.browser.enters(LISTENER)
        await desk.browser.get("/")
        assert (await desk.send(NOTED, {"priority": "P5"})).status_code == 204
        [kept] = kept_notes(desk)
        assert "P5" not in kept
        await desk.door.deliver(facts.withdrawn(stage=Stage.REGULATOR, was_taken=True))
        again = OfferId("77777777-7777-4777-8777-777777777777")
        await desk.door.deliver(facts.taken(Stage.REGULATOR, again, LISTENER))
        await desk.door.deliver(facts.entered(LiveState.TALKING))
        page = (await desk.browser.get("/")).text
        assert 'id="tri"' in page
        assert [each for each in CHOSEN if each in page] == []

    visiting(visit)
