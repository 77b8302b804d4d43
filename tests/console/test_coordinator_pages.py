"""The coordinator's pages: the week with its holes, the volunteers, who was paused."""

import html
import re
from datetime import timedelta

import pytest

from contracts.envelope import Contract, done, refused
from contracts.programme import RosterTerms
from contracts.roster import (
    Due,
    DueKind,
    RecordSupervision,
    RecordTraining,
    SeeVolunteers,
    VolunteerSeen,
    VolunteersSeen,
)
from contracts.shift import CancelShift, HourLacking, PlanShifts, SeeShifts, ShiftSeen, ShiftsSeen
from contracts.vocabulary import (
    Channel,
    Hole,
    LiveState,
    LiveStateReason,
    PersonId,
    Refusal,
    Role,
    ShiftId,
    SkillCode,
)
from tests.console import facts
from tests.console.desks import COORDINATOR, TRAINER, Comes, at_desks
from tests.console.facts import LISTENER, NOON
from tests.console.scripted_door import ScriptedDoor

SHIFT = ShiftId("88888888-8888-4888-8888-888888888888")
HOLE = HourLacking(hour=NOON + timedelta(hours=5), missing=(Hole.NOBODY_TO_REGULATE,))
PLANNED = ShiftSeen(
    shift_id=SHIFT,
    role=Role.LISTENER,
    starts_at=NOON,
    ends_at=NOON + timedelta(hours=3),
    person_id=LISTENER,
)


def answer(door: ScriptedDoor, result: Contract) -> None:
    door.reply = done(result=result)


def a_volunteer(*dues: Due) -> VolunteerSeen:
    held = facts.established(LISTENER, Role.LISTENER).qualification
    return VolunteerSeen(person_id=LISTENER, qualification=held, dues=dues)


def due(days: float, **what: object) -> Due:
    at = NOON + timedelta(days=days)
    said = what or {"kind": DueKind.ACCREDITATION, "channel": Channel.PHONE}
    return Due.model_validate({**said, "due_at": at, "lapses_at": at + timedelta(days=10)})


def test_coordinator_comes_to_the_week_and_a_trainer_to_the_volunteers(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        assert (await (await comes(COORDINATOR)).get("/")).headers["location"] == "/semaine"
        assert (await (await comes(TRAINER)).get("/")).headers["location"] == "/benevoles"

    at_desks(door, visit)


def test_holes_come_first_then_the_calendar(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        answer(door, ShiftsSeen(shifts=(PLANNED,), lacking=(HOLE,)))
        page = (await browser.get("/semaine")).text
        assert "1 trou cette semaine. Le premier : mercredi 14 janvier, 18\N{NO-BREAK SPACE}h." in (
            re.sub(r"\s*\n\s*", " ", page)
        )
        assert page.index("1 trou") < page.index('class="week"')
        assert "sans régulation" in page
        assert page.count('class="hole"') == 1
        assert 'tabindex="0" role="region"' in page
        assert door.sent[-1].command == SeeShifts(day="2026-01-12", days=7)
        answer(door, ShiftsSeen(shifts=()))
        terms = facts.published().terms.model_copy(update={"roster": RosterTerms()})
        planned = {"programme_version": 2, "terms": terms}
        await door.deliver(facts.published().model_copy(update=planned), version=2)
        page = (await browser.get("/semaine?jour=2026-02-01")).text
        assert "Aucun trou cette semaine." in page
        assert "Rien n’est planifié" in page
        assert door.sent[-1].command == SeeShifts(day="2026-01-26", days=7)

    at_desks(door, visit)


def test_line_that_does_not_say_whom_it_needs_is_not_said_to_lack_nobody(
    door: ScriptedDoor,
) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        answer(door, ShiftsSeen(shifts=()))
        page = (await browser.get("/semaine")).text
        assert "Aucun trou" not in page
        assert "un trou ne peut pas être vu d’ici" in page

    at_desks(door, visit)


def test_a_day_that_is_none_is_refused(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        assert (await browser.get("/semaine?jour=demain")).status_code == 400
        assert door.sent == []

    at_desks(door, visit)


def test_week_that_one_answer_does_not_hold_is_asked_for_day_by_day(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        answer(door, ShiftsSeen(shifts=(PLANNED,), more=True))
        page = (await browser.get("/semaine")).text
        asked = [each.command for each in door.sent]
        assert asked[1:] == [SeeShifts(day=f"2026-01-{day}", days=1) for day in range(12, 19)]
        assert page.count(f"/act/coordinator/shifts/{SHIFT}/cancel") == 2  # one form
        assert "plus de plages que cette page" in page

    at_desks(door, visit)


def test_hole_leads_to_a_form_that_knows_its_hour(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        answer(door, ShiftsSeen(shifts=(), lacking=(HOLE,)))
        page = (await browser.get("/semaine")).text
        path, *_ = re.findall(r'href="(/semaine\?jour=[^#"]*heure[^#"]*)#planifier"', page)
        page = (await browser.get(path.replace("&amp;", "&"))).text
        assert 'name="starts_at" type="time" value="18:00"' in page
        wanted = {"day": "2026-01-14", "starts_at": "18:00", "ends_at": "21:00"}
        fields = browser.button() | wanted | {"role": "regulator", "person_id": ""}
        assert (await browser.post("/semaine/plages", fields)).status_code == 303
        sent = door.sent[-1].command
        assert isinstance(sent, PlanShifts)
        (shift,) = sent.shifts
        assert (shift.starts_at, shift.ends_at) == ("18:00", "21:00")
        assert (shift.role, shift.person_id) == (Role.REGULATOR, None)

    at_desks(door, visit)


NOES = {
    Refusal.NIGHT_LIMIT: (409, "Cette plage dépasse ses limites de nuit."),
    Refusal.NOT_ELIGIBLE: (403, "Cette personne ne peut pas tenir ce rôle"),
    Refusal.ACCREDITATION_LAPSED: (403, "L'habilitation de cette personne n'est plus à jour."),
}


@pytest.mark.parametrize("refusal", NOES)
def test_rosters_no_is_said_of_who_was_planned(door: ScriptedDoor, refusal: Refusal) -> None:
    status, words = NOES[refusal]

    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        answer(door, ShiftsSeen(shifts=()))
        await browser.get("/semaine")
        door.reply = refused(refusal, "shifts.0.person_id")
        wanted = {"day": "2026-01-14", "starts_at": "22:00", "ends_at": "06:00"}
        fields = browser.button() | wanted | {"role": "listener", "person_id": LISTENER}
        said = await browser.post("/semaine/plages", fields, hx_request="true")
        assert said.status_code == status
        assert words in html.unescape(said.text)

    at_desks(door, visit)


def test_field_that_is_wrong_is_named_as_the_form_names_it(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        await browser.get("/semaine")
        fields = {"day": "2026-01-20", "starts_at": "14:00", "ends_at": "soon", "role": "listener"}
        told = await browser.post("/semaine/plages", browser.button() | fields, hx_request="true")
        assert told.status_code == 400
        assert "À corriger : la fin." in html.unescape(told.text)
        whole = await browser.post("/semaine/plages", browser.button() | fields)
        assert "À corriger : la fin." in html.unescape(whole.text)

    at_desks(door, visit)


def test_shift_is_cancelled_from_the_page(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        answer(door, ShiftsSeen(shifts=(PLANNED,)))
        await browser.get("/semaine")
        await browser.post(f"/act/coordinator/shifts/{SHIFT}/cancel", browser.button())
        assert door.sent[-1].command == CancelShift(shift_id=SHIFT)

    at_desks(door, visit)


def test_who_missed_offers_is_told_of_kindly_and_who_paused_is_not_told_of(
    door: ScriptedDoor,
) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        answer(door, ShiftsSeen(shifts=()))
        await door.deliver(facts.entered(LiveState.PAUSED))
        assert "Personne n’a été mis en pause." in (await browser.get("/semaine")).text
        missed = {"reason": LiveStateReason.TWO_MISSED_OFFERS, "missed_offers": 2}
        await door.deliver(facts.entered(LiveState.PAUSED).model_copy(update=missed), version=2)
        page = (await browser.get("/semaine")).text
        assert f"<b>{LISTENER}</b>, en pause depuis 13" in page
        assert "Souvent un son coupé." in page

    at_desks(door, visit)


def test_what_comes_to_its_end_is_first_and_what_is_far_is_not(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        training = {"kind": DueKind.TRAINING, "skill": SkillCode("SK-DROIT")}
        answer(door, VolunteersSeen(volunteers=(a_volunteer(due(-3), due(12, **training)),)))
        page = (await browser.get("/benevoles")).text
        assert "2 choses arrivent à terme dans les trente jours." in page
        assert "écoute au téléphone" in page
        assert "à terme depuis le 11 janvier 2026" in page
        assert "formation SK-DROIT" in page
        answer(door, VolunteersSeen(volunteers=(a_volunteer(due(31)),)))
        page = (await browser.get("/benevoles")).text
        assert "Rien n’arrive à terme dans les trente jours." in page
        assert f"/benevoles/{LISTENER}" in page

    at_desks(door, visit)


def test_training_and_supervision_are_noted_on_a_volunteers_page(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(TRAINER)
        answer(door, VolunteersSeen(volunteers=(a_volunteer(due(12)),)))
        page = await browser.get(f"/benevoles/{LISTENER}")
        assert door.sent[-1].command == SeeVolunteers(person_id=LISTENER)
        assert "jusqu’au 26 janvier 2026" in page.text
        path = f"/act/coordinator/volunteers/{LISTENER}"
        module = {"skill": "SK-DROIT", "organisation": "sos-crise"}
        days = {"obtained_on": "2026-01-10", "valid_until": "2027-01-10"}
        await browser.post(f"{path}/trainings", browser.button() | module | days)
        assert door.sent[-1].command.type_name() == RecordTraining.type_name()
        held = {"kind": "group", "held_on": "2026-01-10"}
        await browser.post(f"{path}/supervisions", browser.button() | held)
        assert door.sent[-1].command.type_name() == RecordSupervision.type_name()
        door.reply = refused(Refusal.UNKNOWN_PERSON, "person_id")
        assert (await browser.get("/benevoles/nobody")).status_code == 404

    at_desks(door, visit)


SHIFT_WANTED = {"day": "2026-01-14", "starts_at": "18:00", "ends_at": "21:00", "role": "listener"}
TRAINING = {"skill": "SK-DROIT", "organisation": "sos-crise"}
VOLUNTEER = f"/coordinator/volunteers/{LISTENER}"
#: A page, where one of its buttons sends, and what.
PRESSES: dict[str, tuple[str, str, dict[str, str]]] = {
    "a shift": ("/semaine", "/semaine/plages", SHIFT_WANTED),
    "a shift's end": ("/semaine", f"/act/coordinator/shifts/{SHIFT}/cancel", {}),
    "a training": (
        f"/benevoles/{LISTENER}",
        f"/act{VOLUNTEER}/trainings",
        TRAINING | {"obtained_on": "2026-01-10", "valid_until": "2027-01-10"},
    ),
    "a supervision": (
        f"/benevoles/{LISTENER}",
        f"/act{VOLUNTEER}/supervisions",
        {"kind": "group", "held_on": "2026-01-10"},
    ),
}


@pytest.mark.parametrize(("page", "path", "fields"), PRESSES.values(), ids=PRESSES.keys())
def test_press_in_a_later_drawing_is_another_one_though_nothing_was_told_meanwhile(
    door: ScriptedDoor, page: str, path: str, fields: dict[str, str]
) -> None:
    seen = {"/semaine": ShiftsSeen(shifts=(PLANNED,))}

    async def visit(comes: Comes) -> None:
        browser = await comes(COORDINATOR)
        answer(door, seen.get(page, VolunteersSeen(volunteers=(a_volunteer(due(12)),))))
        for _ in range(2):
            await browser.get(page)
            for _ in range(2):
                pressed = await browser.post(path, browser.button() | fields, hx_request="true")
                assert pressed.status_code == 204
        questions = (SeeShifts, SeeVolunteers)
        keys = [each.command_id for each in door.sent if not isinstance(each.command, questions)]
        assert len(keys) == 4
        assert (keys[0], keys[2]) == (keys[1], keys[3])
        assert keys[0] != keys[2]

    at_desks(door, visit)


def test_listeners_have_none_of_these_pages(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(PersonId(LISTENER))
        for path in ("/semaine", "/benevoles", f"/benevoles/{LISTENER}"):
            assert (await browser.get(path)).status_code == 403, path
        assert door.sent == []

    at_desks(door, visit)
