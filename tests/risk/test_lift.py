"""Lifting anonymity: two people, or one and a life; shown once, kept nowhere, reviewed."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from contracts.anonymity import (
    AskLift,
    DecideLift,
    LiftAgreed,
    LiftAsked,
    LiftId,
    LiftReason,
    LiftReviewed,
    LiftReviewMissed,
    LiftShown,
    LiftVerdict,
    ReviewLift,
)
from contracts.envelope import Reply, ReplyStatus
from contracts.vocabulary import PersonId, Refusal, Role
from services.bus.door import StartRefused
from services.bus.testing import ServiceUnderTest
from services.bus.work import new_id
from services.risk.domain import Asker, ContactKnown, MayNot
from services.risk.door import build
from services.risk.lift import (
    Agreed,
    Lift,
    LiftState,
    Refused,
    alone_from,
    judge_lift,
    may_ask,
    may_review,
    may_see,
)
from services.risk.lifting import begin_showing
from services.risk.settings import Settings
from tests.risk.builders import (
    CONTACT,
    LINE,
    LISTENER,
    NOON,
    PROFESSIONAL,
    REGULATOR,
    SUPERVISOR,
    after,
)
from tests.risk.doors import RiskDoor, Visitor, a_capability, settings_in
from tests.risk.stand_in_edge import A_NUMBER, a_stand_in_edge
from tests.risk.test_door import ROLES, People
from tests.risk.test_handlers import status

BY_REGULATOR = Asker(REGULATOR, Role.REGULATOR, LINE)
BY_SUPERVISOR = Asker(SUPERVISOR, Role.SUPERVISOR, LINE)
BY_LISTENER = Asker(LISTENER, Role.LISTENER, LINE)


def a_lift(**changes: Any) -> Lift:
    lift = Lift(LINE, REGULATOR, Role.REGULATOR, NOON, life_at_stake=True)
    return replace(lift, **changes)


# --- decisions ------------------------------------------------------------------------------------


def test_second_person_decides_at_once() -> None:
    assert judge_lift(a_lift(), BY_SUPERVISOR, True, after(1)) == Agreed(alone=False)
    assert judge_lift(a_lift(), BY_SUPERVISOR, False, after(1)) == Refused()


def test_one_goes_alone_after_a_minute_with_a_life_at_stake_and_is_reviewed_within_a_day() -> None:
    needed = MayNot(Refusal.SECOND_PERSON_NEEDED)
    assert judge_lift(a_lift(), BY_REGULATOR, True, after(59)) == needed
    alone = judge_lift(a_lift(), BY_REGULATOR, True, after(60))
    assert alone == Agreed(alone=True, review_by=after(60 + 24 * 3600))


def test_without_a_life_at_stake_and_for_a_listener_there_is_no_going_alone() -> None:
    needed = MayNot(Refusal.SECOND_PERSON_NEEDED)
    calm = a_lift(life_at_stake=False)
    assert judge_lift(calm, BY_REGULATOR, True, after(10_000)) == needed
    theirs = a_lift(asked_by=LISTENER, asked_as=Role.LISTENER)
    assert judge_lift(theirs, BY_LISTENER, True, after(10_000)) == needed
    assert alone_from(BY_LISTENER, True, NOON) is None
    assert alone_from(BY_REGULATOR, True, NOON) == after(60)


@pytest.mark.parametrize("state", [s for s in LiftState if s is not LiftState.ASKED])
def test_what_was_decided_is_not_decided_again(state: LiftState) -> None:
    outcome = judge_lift(a_lift(state=state), BY_SUPERVISOR, True, after(1))
    assert outcome == MayNot(Refusal.WRONG_STATE)


def test_it_is_shown_to_the_two_who_decided_and_once() -> None:
    agreed = a_lift(state=LiftState.AGREED, agreed_by=SUPERVISOR)
    assert may_see(agreed, BY_REGULATOR) is may_see(agreed, BY_SUPERVISOR) is None
    assert may_see(agreed, BY_LISTENER) == MayNot(Refusal.NOT_YOURS)
    for state in (LiftState.ASKED, LiftState.SHOWING, LiftState.SHOWN, LiftState.REFUSED):
        outcome = may_see(replace(agreed, state=state), BY_REGULATOR)
        assert outcome == MayNot(Refusal.WRONG_STATE)


def test_who_went_alone_does_not_review_themselves() -> None:
    alone = a_lift(state=LiftState.AGREED, agreed_by=REGULATOR, alone=True)
    themselves = Asker(REGULATOR, Role.SUPERVISOR, LINE)
    assert may_review(alone, themselves) == MayNot(Refusal.SECOND_PERSON_NEEDED)
    assert may_review(alone, BY_SUPERVISOR) is None
    again = may_review(replace(alone, reviewed=True), BY_SUPERVISOR)
    assert again == MayNot(Refusal.WRONG_STATE)


def test_listener_elsewhere_may_not_ask() -> None:
    known = ContactKnown(LINE, (LISTENER,))
    stranger = Asker(PersonId("listener-2"), Role.LISTENER, LINE)
    assert may_ask(BY_LISTENER, known) is None
    assert may_ask(stranger, known) == MayNot(Refusal.NOT_YOURS, "contact_id")


# --- on a database --------------------------------------------------------------------------------


def asked(risk: ServiceUnderTest, person: PersonId = REGULATOR, life: bool = True) -> LiftId:
    wish = AskLift(contact_id=CONTACT, reason=LiftReason.CANNOT_SAY_WHERE, life_at_stake=life)
    reply = risk.ask(wish, person, ROLES[person])
    assert reply.result is not None
    return LiftId(reply.result["lift_id"])


def decided(
    risk: ServiceUnderTest, id: LiftId, person: PersonId = SUPERVISOR, agree: bool = True
) -> Reply:
    return risk.ask(DecideLift(lift_id=id, agree=agree), person, ROLES[person])


def chain(risk: ServiceUnderTest) -> list[tuple[str, str, str]]:
    with risk.session() as session:
        rows = session.execute(
            text("SELECT kind, actor, subject FROM risk.audit WHERE kind LIKE 'lift%' ORDER BY 1")
        )
        return [(row[0], row[1], row[2]) for row in rows]


def with_an_edge(
    risk: ServiceUnderTest,
    settings: Settings,
    visit: Callable[[People], Coroutine[Any, Any, None]],
) -> None:
    import asyncio

    async def run() -> None:
        transport = httpx.ASGITransport(build(RiskDoor(risk), settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://risk") as http:

            def a_visitor(person: PersonId) -> Visitor:
                return Visitor(http, a_capability(settings.keys_dir, person, ROLES[person]))

            await visit(a_visitor)

    asyncio.run(run())


def test_number_is_shown_once_and_is_nowhere_afterwards(
    risk: ServiceUnderTest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    id = asked(risk)
    decided(risk, id)

    async def visit(people: People) -> None:
        path = f"/lifts/{id}/number"
        assert (await people(LISTENER).asks("POST", path)).status_code == 403
        shown = await people(REGULATOR).asks("POST", path)
        assert shown.json() == {"found": True, "number": A_NUMBER}
        assert shown.headers["cache-control"] == "no-store"
        again = await people(SUPERVISOR).asks("POST", path)
        assert (again.status_code, again.json()["code"]) == (409, "wrong_state")

    keys = settings_in(tmp_path).keys_dir
    with a_stand_in_edge(keys, {CONTACT: A_NUMBER}) as edge, caplog.at_level("DEBUG"):
        settings = settings_in(tmp_path).model_copy(update={"edge_url": edge.url})
        with_an_edge(risk, settings, visit)
        assert edge.asked == [CONTACT]
    (event,) = risk.announced(LiftShown)
    assert (event.shown_to, event.found) == (REGULATOR, True)
    with risk.session() as session:
        tables = session.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'risk'")
        ).scalars()
        dump = "".join(
            str(row)
            for table in list(tables)
            for row in session.execute(text(f"SELECT t::text FROM risk.{table} t"))
        )
    assert id in dump
    assert A_NUMBER not in dump
    assert not any(A_NUMBER in str(record.__dict__) for record in caplog.records)


def test_edge_that_holds_nothing_says_so_and_that_was_the_showing(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    id = asked(risk)
    decided(risk, id)

    async def visit(people: People) -> None:
        shown = await people(REGULATOR).asks("POST", f"/lifts/{id}/number")
        assert shown.json() == {"found": False, "number": None}

    with a_stand_in_edge(settings_in(tmp_path).keys_dir, {}) as edge:
        settings = settings_in(tmp_path).model_copy(update={"edge_url": edge.url})
        with_an_edge(risk, settings, visit)
    assert [event.found for event in risk.announced(LiftShown)] == [False]


def test_edge_that_is_silent_costs_no_showing(risk: ServiceUnderTest, tmp_path: Path) -> None:
    id = asked(risk)
    decided(risk, id)

    async def visit(people: People) -> None:
        path = f"/lifts/{id}/number"
        edge.broken = True
        silent = await people(REGULATOR).asks("POST", path)
        assert (silent.status_code, silent.json()["code"]) == (503, "edge_silent")
        edge.broken = False
        assert (await people(REGULATOR).asks("POST", path)).json()["number"] == A_NUMBER

    with a_stand_in_edge(settings_in(tmp_path).keys_dir, {CONTACT: A_NUMBER}) as edge:
        settings = settings_in(tmp_path).model_copy(update={"edge_url": edge.url})
        with_an_edge(risk, settings, visit)


def test_showing_that_died_before_its_answer_can_be_asked_for_again(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    id = asked(risk)
    decided(risk, id)
    begun = risk.request(partial(begin_showing, id, Asker(REGULATOR, Role.REGULATOR, LINE)))
    assert status(begun) is ReplyStatus.DONE
    codes = []

    async def visit(people: People) -> None:
        codes.append((await people(REGULATOR).asks("POST", f"/lifts/{id}/number")).status_code)

    with a_stand_in_edge(settings_in(tmp_path).keys_dir, {CONTACT: A_NUMBER}) as edge:
        settings = settings_in(tmp_path).model_copy(update={"edge_url": edge.url})
        for seconds in (29, 30):
            risk.at(after(seconds))
            risk.fire_deadlines()
            with_an_edge(risk, settings, visit)
    assert codes == [409, 200]


def test_nothing_is_shown_before_it_was_decided(risk: ServiceUnderTest, tmp_path: Path) -> None:
    id = asked(risk)

    async def visit(people: People) -> None:
        early = await people(REGULATOR).asks("POST", f"/lifts/{id}/number")
        assert early.status_code == 409
        unknown = await people(REGULATOR).asks("POST", f"/lifts/{new_id()}/number")
        assert unknown.status_code == 404

    with a_stand_in_edge(settings_in(tmp_path).keys_dir, {CONTACT: A_NUMBER}) as edge:
        settings = settings_in(tmp_path).model_copy(update={"edge_url": edge.url})
        with_an_edge(risk, settings, visit)
        assert edge.asked == []


def test_one_alone_is_reviewed_by_somebody_else_or_the_day_says_so(risk: ServiceUnderTest) -> None:
    id = asked(risk)
    early = decided(risk, id, REGULATOR)
    assert status(early) is Refusal.SECOND_PERSON_NEEDED
    risk.at(after(60))
    assert status(decided(risk, id, REGULATOR)) is ReplyStatus.DONE
    (agreed,) = risk.announced(LiftAgreed)
    assert (agreed.alone, agreed.review_by) == (True, after(60 + 24 * 3600))
    risk.at(after(60 + 24 * 3600))
    risk.fire_deadlines()
    (missed,) = risk.announced(LiftReviewMissed)
    review = ReviewLift(lift_id=id, verdict=LiftVerdict.JUSTIFIED)
    assert status(risk.ask(review, SUPERVISOR, Role.SUPERVISOR)) is ReplyStatus.DONE
    assert [event.verdict for event in risk.announced(LiftReviewed)] == [LiftVerdict.JUSTIFIED]
    assert missed.missed_at == after(60 + 24 * 3600)
    assert [kind for kind, _, _ in chain(risk)] == [
        "lift_alone",
        "lift_asked",
        "lift_review_missed",
        "lift_reviewed",
    ]


def test_every_step_is_in_the_audit_with_who_and_what(risk: ServiceUnderTest) -> None:
    id = asked(risk, LISTENER)
    decided(risk, id, SUPERVISOR, agree=False)
    assert chain(risk) == [("lift_asked", LISTENER, id), ("lift_refused", SUPERVISOR, id)]
    assert risk.announced(LiftAsked)[0].alone_from is None


def test_refused_command_leaves_nothing_in_the_audit(risk: ServiceUnderTest) -> None:
    id = asked(risk, life=False)
    risk.at(after(120))
    assert status(decided(risk, id, REGULATOR)) is Refusal.SECOND_PERSON_NEEDED
    assert [kind for kind, _, _ in chain(risk)] == ["lift_asked"]


def test_edge_elsewhere_cannot_be_named_outside_production() -> None:
    with pytest.raises(StartRefused):
        Settings(edge_url="http://192.0.2.7:80").checked(development=True)
    assert PROFESSIONAL in ROLES
