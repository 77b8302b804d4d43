"""Risk's own door: who is let in, what is open, and one effect by whichever way it comes."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.risk import (
    RISK_ROLES,
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertRaised,
    RaiseAlert,
)
from contracts.vocabulary import PersonId, ProgrammeId, Role
from services.bus.testing import ServiceUnderTest
from services.bus.work import new_id
from services.risk.door import ACTS, build
from tests.risk.builders import (
    CONTACT,
    LISTENER,
    NOON,
    PROFESSIONAL,
    REGULATOR,
    SUPERVISOR,
    after,
    in_the_roster,
)
from tests.risk.doors import RiskDoor, Visitor, a_capability, settings_in

ROLES = {
    LISTENER: Role.LISTENER,
    REGULATOR: Role.REGULATOR,
    SUPERVISOR: Role.SUPERVISOR,
    PROFESSIONAL: Role.DUTY_PROFESSIONAL,
}
People = Callable[[PersonId], Visitor]


def at_the_door(
    risk: ServiceUnderTest, folder: Path, visit: Callable[[People], Coroutine[Any, Any, None]]
) -> None:
    """Run a visit; everybody has a capability."""
    settings = settings_in(folder)

    async def run() -> None:
        transport = httpx.ASGITransport(build(RiskDoor(risk), settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://risk") as http:

            def a_visitor(person: PersonId) -> Visitor:
                return Visitor(http, a_capability(folder, person, ROLES[person]))

            await visit(a_visitor)

    asyncio.run(run())


async def shown(visitor: Visitor) -> list[dict[str, Any]]:
    answer = await visitor.asks("GET", "/open-signals")
    assert answer.status_code == 200, answer.text
    signals: list[dict[str, Any]] = answer.json()["signals"]
    return signals


def test_alert_raised_here_is_seen_here_by_whom_it_concerns(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    async def visit(people: People) -> None:
        raised = await people(LISTENER).asks("POST", "/alerts", {"contact_id": CONTACT})
        assert raised.status_code == 200, raised.text
        (signal,) = await shown(people(SUPERVISOR))
        assert signal["alert_id"] == raised.json()["result"]["alert_id"]
        assert (signal["contact_id"], signal["standing"]) == (CONTACT, "open")
        assert signal["next_at"] == "2026-01-14T12:00:30Z"
        assert len(await shown(people(LISTENER))) == 1
        assert await shown(people(REGULATOR)) == await shown(people(PROFESSIONAL)) == []

    at_the_door(risk, tmp_path, visit)
    (event,) = risk.announced(AlertRaised)
    assert (event.raised_by, event.confirmed_in_contact) == (LISTENER, True)


def test_listener_sees_that_nobody_took_it_and_may_call_rescue_alone(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    risk.ask(RaiseAlert(contact_id=CONTACT), LISTENER, Role.LISTENER)

    async def alone(people: People) -> None:
        (signal,) = await shown(people(LISTENER))
        alone_now.append(signal["rescue_alone"])

    alone_now: list[bool] = []
    at_the_door(risk, tmp_path, alone)
    risk.at(after(30))
    risk.fire_deadlines()
    at_the_door(risk, tmp_path, alone)
    assert alone_now == [False, True]


def test_same_key_by_both_ways_is_one_effect(risk: ServiceUnderTest, tmp_path: Path) -> None:
    key = new_id()
    by_command = risk.ask(RaiseAlert(contact_id=CONTACT), LISTENER, Role.LISTENER, command_id=key)

    async def visit(people: People) -> None:
        again = await people(LISTENER).asks("POST", "/alerts", {"contact_id": CONTACT}, key)
        assert again.json()["result"] == by_command.result
        other = {"contact_id": CONTACT, "signals": ["SIG-PLAN"]}
        refused = await people(LISTENER).asks("POST", "/alerts", other, key)
        assert refused.json()["code"] == "repeated_with_another_body"

    at_the_door(risk, tmp_path, visit)
    assert len(risk.announced(AlertRaised)) == 1


def test_taken_here_first_the_command_gets_the_same_answer(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    reply = risk.ask(RaiseAlert(contact_id=CONTACT), LISTENER, Role.LISTENER)
    assert reply.result is not None
    alert_id, key = reply.result["alert_id"], new_id()

    async def visit(people: People) -> None:
        path = f"/alerts/{alert_id}/acknowledge"
        taken = await people(SUPERVISOR).asks("POST", path, {}, key)
        assert taken.json()["version"] == 2

    at_the_door(risk, tmp_path, visit)
    take = AcknowledgeAlert(alert_id=alert_id)
    again = risk.ask(take, SUPERVISOR, Role.SUPERVISOR, command_id=key)
    assert again.version == 2
    assert len(risk.announced(AlertAcknowledged)) == 1


def test_every_act_is_open_to_its_roles_and_refused_to_all_others(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    async def visit(people: People) -> None:
        for person, role in ROLES.items():
            for act in ACTS:
                fields = re.findall(r"{(\w+)}", act.path)
                path = act.path.format(**dict.fromkeys(fields, new_id()))
                answer = await people(person).asks("POST", path, {})
                refused = answer.json()["code"] == "role_not_permitted"
                assert refused is (role not in act.command.roles), (role, path)

    at_the_door(risk, tmp_path, visit)


def test_no_capability_but_one_that_stands_opens_the_door(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    settings = settings_in(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    settings_in(elsewhere)
    good = a_capability(tmp_path, SUPERVISOR, Role.SUPERVISOR)
    body, _, seal = good.partition(".")
    tokens = {
        "none": "",
        "nonsense": "nonsense",
        "changed": f"{body[:-2]}AA.{seal}",
        "another key": a_capability(elsewhere, SUPERVISOR, Role.SUPERVISOR),
        "another purpose": a_capability(tmp_path, SUPERVISOR, Role.SUPERVISOR, purpose="texts"),
        "expired": a_capability(tmp_path, SUPERVISOR, Role.SUPERVISOR, expires_at=NOON),
        "a role without a desk": a_capability(tmp_path, SUPERVISOR, Role.OPERATOR),
    }

    async def visit() -> None:
        transport = httpx.ASGITransport(build(RiskDoor(risk), settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://risk") as http:
            for name, token in tokens.items():
                answer = await Visitor(http, token).asks("GET", "/open-signals")
                assert answer.status_code == 401, name
            assert (await Visitor(http, good).asks("GET", "/open-signals")).status_code == 200

    asyncio.run(visit())


def test_role_the_roster_has_taken_away_opens_nothing(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    risk.deliver(in_the_roster(SUPERVISOR, Role.LISTENER), version=2)

    async def visit(people: People) -> None:
        answer = await people(SUPERVISOR).asks("GET", "/open-signals")
        assert (answer.status_code, answer.json()["code"]) == (403, "role_not_permitted")

    at_the_door(risk, tmp_path, visit)


def test_people_of_another_line_see_nothing(risk: ServiceUnderTest, tmp_path: Path) -> None:
    risk.ask(RaiseAlert(contact_id=CONTACT), LISTENER, Role.LISTENER)
    settings = settings_in(tmp_path)
    other = ProgrammeId("sos-amitie")
    token = a_capability(tmp_path, SUPERVISOR, Role.SUPERVISOR, programme=other)

    async def visit() -> None:
        transport = httpx.ASGITransport(build(RiskDoor(risk), settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://risk") as http:
            assert await shown(Visitor(http, token)) == []

    asyncio.run(visit())


BAD = {
    "not JSON": (b"{", 400, "unreadable"),
    "a list": (b"[]", 400, "unreadable"),
    "an unknown field": (
        b'{"contact_id": "%s", "why": "x"}' % CONTACT.encode(), 400, "unknown_field",
    ),
    "an unknown signal": (
        b'{"contact_id": "%s", "signals": ["SIG-X"]}' % CONTACT.encode(), 400, "invalid_field",
    ),
    "no contact": (b"{}", 400, "invalid_field"),
    "far too long": (b" " * 20_000, 413, "too_large"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "status", "code"), BAD.values(), ids=BAD.keys())
def test_bad_body_is_refused_and_changes_nothing(
    risk: ServiceUnderTest, tmp_path: Path, body: bytes, status: int, code: str
) -> None:
    async def visit(people: People) -> None:
        listener = people(LISTENER)
        headers = {"Authorization": f"Bearer {listener.token}", "Idempotency-Key": new_id()}
        answer = await listener.http.post("/alerts", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    at_the_door(risk, tmp_path, visit)
    assert risk.announced() == []


def test_every_role_with_a_capability_may_look(risk: ServiceUnderTest, tmp_path: Path) -> None:
    assert set(ROLES.values()) == RISK_ROLES

    async def visit(people: People) -> None:
        for person in ROLES:
            assert await shown(people(person)) == []

    at_the_door(risk, tmp_path, visit)


def test_without_postgres_the_door_says_so(risk: ServiceUnderTest, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)

    async def visit() -> None:
        transport = httpx.ASGITransport(build(RiskDoor(risk, away=True), settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://risk") as http:
            token = a_capability(tmp_path, SUPERVISOR, Role.SUPERVISOR)
            answer = await Visitor(http, token).asks("GET", "/open-signals")
            assert (answer.status_code, answer.json()["code"]) == (503, "ground_away")
            assert answer.headers["retry-after"] == "1"

    asyncio.run(visit())
