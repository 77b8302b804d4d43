"""Live streams through a real server and the client that `day` and `call` use."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlmodel import Session

from contracts.text import SIGNS_PURPOSE, SignsCapability
from contracts.vocabulary import ContactId, LiveState, PersonId, Role, Stage
from deploy.desk import Desk, DoorRefused, Doors, LiveMessage
from deploy.embedded.ports import spare_port
from services.bus.capability import read
from services.bus.door import ReplyUnknown
from services.bus.http import server_for
from services.bus.testing import ServiceUnderTest
from services.console.door import build
from services.console.messages import (
    Board,
    CallerWrites,
    DeskState,
    OfferShown,
    Pulse,
    SomebodyWaits,
)
from services.console.pictures import desks_by_token
from services.console.settings import Settings
from tests.console import facts
from tests.console.facts import LINE, LISTENER, NOON, OFFER, REGULATOR
from tests.console.inside import Inside, inside_door
from tests.console.scripted_door import ScriptedDoor

T = TypeVar("T")

KEY = "k" * 40
#: Short, so that heartbeats and the poll are seen within a test.
QUICK = Settings(
    development_key=KEY,
    heartbeat=timedelta(seconds=0.2),
    poll=timedelta(seconds=0.2),
    board_every=timedelta(seconds=0.05),
)


@asynccontextmanager
async def served(door: ScriptedDoor, settings: Settings = QUICK) -> AsyncIterator[Doors]:
    """The door behind a real server, and a client of it."""
    port = spare_port()
    server = server_for(build(door, settings), "127.0.0.1", port)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{port}"
    async with Doors(url, url, KEY, patience_seconds=2) as doors:
        yield doors
    server.should_exit = True
    await serving


def at_desks(door: ScriptedDoor, act: Callable[[Doors], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(30), served(door) as doors:
            await act(doors)

    asyncio.run(run())


async def heard(stream: AsyncIterator[LiveMessage], count: int) -> list[LiveMessage]:
    """The next messages of a stream, without boards, pulses and whether anybody waits."""
    messages: list[LiveMessage] = []
    while len(messages) < count:
        message = await anext(stream)
        if message.kind not in ("board", "pulse", "waiting"):
            messages.append(message)
    return messages


def test_a_desk_is_greeted_with_its_state_and_told_what_happens(door: ScriptedDoor) -> None:
    async def act(doors: Doors) -> None:
        await door.deliver(facts.made())
        desk = await doors.session(LISTENER, Role.LISTENER, LINE)
        async with aclosing(desk.live()) as stream:
            (greeting,) = await heard(stream, 1)
            state = greeting.read(DeskState)
            assert (greeting.kind, greeting.number) == ("state", 1)
            assert state.offer is not None
            assert (state.offer.offer_id, state.live.state) == (OFFER, LiveState.OFF_DUTY)
            await door.deliver(facts.taken(), version=2)
            (contact,) = await heard(stream, 1)
            assert (contact.kind, contact.number) == ("contact", 2)

    at_desks(door, act)


def test_each_desk_hears_its_own_and_nothing_else(door: ScriptedDoor) -> None:
    async def act(doors: Doors) -> None:
        listener = await doors.session(LISTENER, Role.LISTENER, LINE)
        regulator = await doors.session(REGULATOR, Role.REGULATOR, LINE)
        async with aclosing(listener.live()) as his, aclosing(regulator.live()) as hers:
            await heard(his, 1)
            await heard(hers, 1)
            await door.deliver(facts.made(Stage.REGULATOR))
            await door.deliver(facts.entered())
            (offer,), (live,) = await heard(hers, 1), await heard(his, 1)
            assert offer.read(OfferShown).offer_id == OFFER
            assert (live.kind, live.number) == ("live_state", 1)

    at_desks(door, act)


@asynccontextmanager
async def a_desk_without_a_poll(door: ScriptedDoor) -> AsyncIterator[AsyncIterator[LiveMessage]]:
    """A listener's stream which has been told how the desk is, and is woken by commits alone."""
    slow_poll = QUICK.model_copy(update={"poll": timedelta(seconds=60)})
    async with asyncio.timeout(20), served(door, slow_poll) as doors:
        desk = await doors.session(LISTENER, Role.LISTENER, LINE)
        async with aclosing(desk.live()) as stream:
            await heard(stream, 1)
            yield stream


def test_a_commit_wakes_the_stream_long_before_the_poll(door: ScriptedDoor) -> None:
    async def run() -> None:
        async with a_desk_without_a_poll(door) as stream:
            for version in range(1, 20):
                await door.deliver(facts.entered(), version=version)
                (message,) = await heard(stream, 1)
                assert message.number == version

    asyncio.run(run())


def test_a_message_that_was_long_in_coming_is_heard_before_the_next_one(door: ScriptedDoor) -> None:
    async def run() -> None:
        async with a_desk_without_a_poll(door) as stream:
            await door.deliver(facts.entered(), version=1)
            assert [each.number for each in await heard(stream, 1)] == [1]
            began_at = door.console.now()
            door.console.at(began_at - timedelta(hours=1))
            await asyncio.to_thread(door.console.deliver, facts.entered(), version=2)
            door.console.at(began_at)
            await door.deliver(facts.entered(), version=3)
            assert [each.number for each in await heard(stream, 2)] == [2, 3]

    asyncio.run(run())


def test_the_poll_finds_what_no_commit_of_this_process_told(door: ScriptedDoor) -> None:
    async def act(doors: Doors) -> None:
        desk = await doors.session(LISTENER, Role.LISTENER, LINE)
        async with aclosing(desk.live()) as stream:
            await heard(stream, 1)
            await asyncio.to_thread(door.console.deliver, facts.entered())
            (message,) = await heard(stream, 1)
            assert message.kind == "live_state"

    at_desks(door, act)


def test_a_desk_that_comes_back_misses_nothing_and_hears_nothing_twice(
    door: ScriptedDoor,
) -> None:
    async def act(doors: Doors) -> None:
        desk = await doors.session(LISTENER, Role.LISTENER, LINE)
        async with aclosing(desk.live()) as stream:
            await heard(stream, 1)
            await door.deliver(facts.made())
            await heard(stream, 1)
        await door.deliver(facts.taken(), version=2)
        await door.deliver(facts.entered(LiveState.TALKING))
        async with aclosing(desk.live()) as stream:
            messages = await heard(stream, 3)
        told = [(message.kind, message.number) for message in messages]
        assert told == [("contact", 2), ("live_state", 3), ("state", 3)]

    at_desks(door, act)


@pytest.mark.parametrize("last", [99, 2**62])
def test_a_number_never_given_is_answered_with_the_whole_desk(
    door: ScriptedDoor, last: int
) -> None:
    async def act(doors: Doors) -> None:
        await door.deliver(facts.made())
        desk = await doors.session(LISTENER, Role.LISTENER, LINE)
        desk.last_number = last
        async with aclosing(desk.live()) as stream:
            (greeting,) = await heard(stream, 1)
            assert (greeting.kind, greeting.number) == ("state", 1)

    at_desks(door, act)


def test_what_was_partly_deleted_meanwhile_is_replaced_by_the_whole_desk(
    door: ScriptedDoor,
) -> None:
    async def act(doors: Doors) -> None:
        await door.deliver(facts.made())
        await asyncio.to_thread(door.console.at, NOON + timedelta(hours=23))
        await door.deliver(facts.expired(), version=2)
        await asyncio.to_thread(door.console.at, NOON + timedelta(days=1, hours=1))
        await asyncio.to_thread(door.console.fire_deadlines)
        desk = await doors.session(LISTENER, Role.LISTENER, LINE)
        desk.last_number = 0
        async with aclosing(desk.live()) as stream:
            (greeting,) = await heard(stream, 1)
            assert (greeting.kind, greeting.number) == ("state", 2)

    at_desks(door, act)


def test_duty_professionals_stream_has_a_pulse_and_a_listeners_has_none(
    door: ScriptedDoor,
) -> None:
    professional = PersonId("professional-1")

    async def act(doors: Doors) -> None:
        await door.deliver(facts.established(professional, Role.DUTY_PROFESSIONAL))
        desk = await doors.session(professional, Role.DUTY_PROFESSIONAL, LINE)
        async with aclosing(desk.live()) as stream:
            assert (await anext(stream)).kind == "state"
            pulse = await anext(stream)
            assert (pulse.kind, pulse.number) == ("pulse", None)
            assert pulse.read(Pulse).at == NOON
        listener = await doors.session(LISTENER, Role.LISTENER, LINE)
        async with aclosing(listener.live()) as stream:
            assert [(await anext(stream)).kind for _ in range(2)] == ["state", "waiting"]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(stream), 0.5)

    at_desks(door, act)


def test_a_coordinator_sees_the_board_move_and_a_listener_that_somebody_waits(
    door: ScriptedDoor,
) -> None:
    async def act(doors: Doors) -> None:
        coordinator = await doors.session("coordinator-1", Role.COORDINATOR, LINE)
        async with aclosing(coordinator.live()) as stream:
            assert (await anext(stream)).kind == "state"
            empty = (await anext(stream)).read(Board)
            assert (empty.programme, empty.regulators.waiting) == (LINE, 0)
            await door.deliver(facts.opened())
            board = await anext(stream)
            assert (board.kind, board.number) == ("board", None)
            assert board.read(Board).regulators.waiting == 1
        listener = await doors.session(LISTENER, Role.LISTENER, LINE)
        async with aclosing(listener.live()) as stream:
            assert (await anext(stream)).kind == "state"
            assert (await anext(stream)).read(SomebodyWaits).waits is False  # but for a regulator
            await door.deliver(facts.sent_untriaged())
            assert (await anext(stream)).read(SomebodyWaits).waits is True
            another = ContactId("99999999-9999-4999-8999-999999999999")
            await door.deliver(facts.opened(another, Stage.LISTENER))
            await asyncio.sleep(0.5)  # several boards could have been sent
            for fact in (facts.ended(), facts.ended().model_copy(update={"contact_id": another})):
                await door.deliver(fact, version=2)
            assert (await anext(stream)).read(SomebodyWaits).waits is False

    at_desks(door, act)


def test_regulator_in_a_talk_sees_who_waits(door: ScriptedDoor) -> None:
    async def act(doors: Doors) -> None:
        await door.deliver(facts.opened())
        await door.deliver(facts.taken(Stage.REGULATOR))
        regulator = await doors.session(REGULATOR, Role.REGULATOR, LINE)
        async with aclosing(regulator.live()) as stream:
            assert (await anext(stream)).kind == "state"
            assert (await anext(stream)).read(Board).regulators.waiting == 0
            another = ContactId("99999999-9999-4999-8999-999999999999")
            await door.deliver(facts.opened(another))
            told = await asyncio.wait_for(anext(stream), 5)
            assert (told.kind, told.read(Board).regulators.waiting) == ("board", 1)

    at_desks(door, act)


def test_only_who_is_with_a_caller_hears_that_they_write_and_each_sign_once(
    door: ScriptedDoor,
) -> None:
    def writing(number: int) -> tuple[int, dict[str, object]]:
        sign = {"contact_id": facts.CONTACT, "person_id": LISTENER, "number": number}
        return 200, {"callers": [sign]}

    async def run() -> None:
        with inside_door() as intake:
            settings = QUICK.model_copy(update={"intake_url": intake.url})
            async with asyncio.timeout(30), served(door, settings) as doors:
                listener = await doors.session(LISTENER, Role.LISTENER, LINE)
                regulator = await doors.session(REGULATOR, Role.REGULATOR, LINE)
                async with aclosing(listener.live()) as his, aclosing(regulator.live()) as hers:
                    await heard(his, 1)
                    await heard(hers, 1)
                    for number in (1, 2):
                        intake.answers["GET", "/desk/signs"] = writing(number)
                        (sign,) = await heard(his, 1)
                        assert (sign.kind, sign.number) == ("sign", None)
                        assert sign.read(CallerWrites).contact_id == facts.CONTACT
                        await asked_twice_more(intake)
                    intake.answers["GET", "/desk/signs"] = 503, {"code": "platform_fault"}
                    await asked_twice_more(intake)
                    await door.deliver(facts.entered())
                    await door.deliver(facts.entered(person_id=REGULATOR))
                    assert [each.kind for each in await heard(his, 1)] == ["live_state"]
                    assert [each.kind for each in await heard(hers, 1)] == ["live_state"]
            shown = read(
                bytes.fromhex("17" * 32), SIGNS_PURPOSE, intake.asked[0].bearer, SignsCapability
            )
            assert shown == SignsCapability(expires_at=NOON + timedelta(minutes=1))

    asyncio.run(run())


async def asked_twice_more(intake: Inside) -> None:
    """What was told of the first answer has come by then."""
    asked = len(intake.asked)
    while len(intake.asked) < asked + 2:
        await asyncio.sleep(0.05)


def test_an_operator_has_no_desk(door: ScriptedDoor) -> None:
    async def act(doors: Doors) -> None:
        desk = await doors.session("operator-1", Role.OPERATOR, LINE)
        with pytest.raises(DoorRefused, match="role_not_permitted"):
            await anext(aiter(desk.live()))

    at_desks(door, act)


def test_a_stream_ends_with_its_session(door: ScriptedDoor) -> None:
    async def act(doors: Doors) -> None:
        desk = await doors.session(LISTENER, Role.LISTENER, LINE)
        async with aclosing(desk.live()) as stream:
            await heard(stream, 1)
            await asyncio.to_thread(door.console.at, NOON + timedelta(hours=25))
            with pytest.raises(DoorRefused, match="session_expired"):
                await heard(stream, 1)

    at_desks(door, act)


class LookingTwice(ScriptedDoor):
    """Holds the question whose session still stands while `held` is set, to open a desk in it."""

    held: asyncio.Event | None = None
    asked: asyncio.Event | None = None

    async def read(self, query: Callable[[Session], T]) -> T:
        """See Door; a request asks about one token as well, but never while this holds."""
        answer = await super().read(query)
        if self.held is not None and getattr(query, "func", None) is desks_by_token:
            held, self.held = self.held, None
            assert self.asked is not None
            self.asked.set()
            await held.wait()
        return answer


def test_a_desk_that_opens_while_sessions_are_looked_at_stays_open(
    console: ServiceUnderTest,
) -> None:
    door = LookingTwice(console)

    async def act(doors: Doors) -> None:
        first = await doors.session(LISTENER, Role.LISTENER, LINE)
        second = await doors.session(REGULATOR, Role.REGULATOR, LINE)
        async with aclosing(first.live()) as early, aclosing(second.live()) as late:
            await heard(early, 1)
            door.asked, go_on = asyncio.Event(), asyncio.Event()
            door.held = go_on
            await door.asked.wait()
            await heard(late, 1)
            go_on.set()
            await asyncio.sleep(QUICK.heartbeat.total_seconds())
            await door.deliver(facts.made())
            (message,) = await heard(early, 1)
            assert message.kind == "offer"
            await door.deliver(facts.entered(person_id=REGULATOR))
            assert [message.kind for message in await heard(late, 1)] == ["live_state"]

    at_desks(door, act)


def test_postgres_away_for_a_moment_loses_neither_message_nor_stream(door: ScriptedDoor) -> None:
    async def act(doors: Doors) -> None:
        desk = await doors.session(LISTENER, Role.LISTENER, LINE)
        async with aclosing(desk.live()) as stream:
            await heard(stream, 1)
            door.away = True
            await door.deliver(facts.made())
            await asyncio.sleep(0.3)
            door.away = False
            await heard(stream, 1)
            await door.deliver(facts.expired(), version=2)
            (message,) = await heard(stream, 1)
            # A stream that had been closed and come back would say its state first.
            assert message.kind == "offer_over"

    at_desks(door, act)


def test_one_question_serves_all_desks(door: ScriptedDoor) -> None:
    people = [PersonId(f"listener-{number}") for number in range(12)]

    async def act(doors: Doors) -> None:
        for person_id in people:
            await door.deliver(facts.established(person_id, Role.LISTENER))
        desks = [await doors.session(person_id, Role.LISTENER, LINE) for person_id in people]
        streams = [desk.live() for desk in desks]
        for stream in streams:
            await heard(stream, 1)
        before = door.reads
        for person_id in people:
            await asyncio.to_thread(door.console.deliver, facts.entered(person_id=person_id))
        async with door.committed:
            door.committed.notify_all()
        for stream in streams:
            await heard(stream, 1)
        # One wake, one question; the poll and the look at sessions may add a few of their own.
        assert door.reads - before < len(people) / 2
        for stream in streams:
            await stream.aclose()

    at_desks(door, act)


def test_a_command_without_an_answer_is_asked_again_with_the_same_key(door: ScriptedDoor) -> None:
    async def act(doors: Doors) -> None:
        desk: Desk = await doors.session(LISTENER, Role.LISTENER, LINE)
        answered, door.reply = door.reply, ReplyUnknown()
        taking = asyncio.create_task(desk.take(OFFER))
        while len(door.sent) < 2:
            await asyncio.sleep(0.01)
        door.reply = answered
        await taking
        assert len({sent.command_id for sent in door.sent}) == 1

    at_desks(door, act)
