"""From one server to three while contacts arrive: nothing lost, nothing twice, and a way back."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from nats.js import JetStreamContext

from contracts.contact import ContactOpened
from contracts.envelope import Reply, Stream, done
from deploy.embedded.nats import EmbeddedNats
from deploy.migrate.moving import Move, NotMoved
from deploy.migrate.snapshot import NotCopied, a_snapshot, names
from deploy.migrate.standing import read
from deploy.rollout.three import Three, begin, leave
from services.bus.figures import COPIED_AT
from services.bus.provision.copied import note_copied
from services.bus.provision.declared import ADVISORY, PERMANENT, declare
from services.bus.provision.drift import drift
from services.bus.provision.keys import PROVISIONER
from services.bus.provision.signed_in import signed_in
from services.bus.runner import RunningService
from services.bus.work import Work
from tests.bus.live import LiveGround, a_live_ground, running, until
from tests.bus.tally import TALLY, Tally
from tests.bus.test_transact import an_opened_contact

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
TABLES = (TALLY,)
#: Of the last copy of the old server's streams.
NIGHT = datetime(2026, 1, 14, 3, 50, tzinfo=UTC)


@dataclass
class Callers:
    """Contacts that arrive all the while, at whichever service is there."""

    door: RunningService | None = None
    accepted: int = 0
    slowest_seconds: float = 0.0
    refused: list[str] = field(default_factory=list)

    async def arrive(self) -> None:
        """One contact each 20 ms, until cancelled."""
        while True:
            while self.door is None:
                await asyncio.sleep(0.005)
            began = time.monotonic()
            try:
                opening = partial(_open, an_opened_contact())
                await self.door.answer(str(uuid4()), "", opening)
            except Exception as error:  # noqa: BLE001 - whatever a caller is told but yes
                self.refused.append(repr(error))
            else:
                self.accepted += 1
                self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)
            await asyncio.sleep(0.02)


def _open(event: ContactOpened, work: Work) -> Reply:
    row = Tally(contact_id=event.contact_id, programme=event.programme)
    work.session.add(row)
    work.announce(event, of=row)
    return done(row.version)


@dataclass
class Scene:
    """The old server with the tally's streams, and three new ones."""

    ground: LiveGround
    three: Three
    said: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def a_move(self, **changed: Any) -> AsyncIterator[Move]:
        """A move from the old server to the new ones."""
        settings = self.ground.settings
        async with (
            signed_in(settings.nats_url, settings.keys_dir, PROVISIONER) as source,
            signed_in(self.three.urls[0], settings.keys_dir, PROVISIONER) as target,
        ):
            yield replace(Move(source, target, TABLES, self.said.append), **changed)

    @property
    def grown(self) -> LiveGround:
        """The same ground on the new servers."""
        there = self.ground.settings.model_copy(update={"nats_url": self.three.urls[0]})
        return replace(self.ground, settings=there)

    async def restart_in_turn(
        self, service: RunningService, servers: Sequence[EmbeddedNats]
    ) -> None:
        """Each server leaves as a lame duck and comes back, while contacts arrive."""
        async with callers() as there:
            there.door = service
            for server in servers:
                await until(partial(self._goes_on, there, there.accepted + 20))
                await leave(server)
                await begin(server)
            more = there.accepted + 20
            await until(lambda: there.accepted > more)
            there.door = None
            await asyncio.sleep(0.1)
            await all_handled_once(self, there)

    def _goes_on(self, there: Callers, more: int) -> bool:
        return there.accepted > more and unpublished(self) < 5

    def count(self, query: str) -> int:
        """One number from the database."""
        return self.ground.count(query)


Play = Callable[[Callable[[Scene], Any]], None]


@pytest.fixture
def play(fresh_database: str, tmp_path: Path) -> Play:
    """Play a scene on one old server and three new ones."""

    async def on_ground(scene: Callable[[Scene], Any]) -> None:
        async with a_live_ground(TABLES, fresh_database, tmp_path) as ground:
            three = Three(tmp_path, TABLES, ground.settings.keys_dir)
            try:
                await three.begin()
                await scene(Scene(ground, three))
            finally:
                three.stop()

    return lambda scene: asyncio.run(on_ground(scene))


@asynccontextmanager
async def callers() -> AsyncIterator[Callers]:
    there = Callers()
    arriving = asyncio.create_task(there.arrive())
    try:
        yield there
    finally:
        arriving.cancel()
        await asyncio.gather(arriving, return_exceptions=True)


async def noted(js: JetStreamContext) -> str:
    """When the last copy was made, as the server that holds the streams tells."""
    return str(((await js.stream_info(ADVISORY)).config.metadata or {})[COPIED_AT])


def unpublished(scene: Scene) -> int:
    return scene.count("SELECT count(*) FROM intake.outbox WHERE published_at IS NULL")


async def all_handled_once(scene: Scene, there: Callers) -> None:
    """Each accepted contact was counted once, and each row is where it was stamped."""
    await until(
        lambda: (
            unpublished(scene) == 0
            and scene.count("SELECT count(*) FROM intake.tally WHERE seen = 0") == 0
        ),
        60,
    )
    assert there.refused == []
    assert scene.count("SELECT count(*) FROM intake.tally") == there.accepted > 0
    assert scene.count("SELECT count(*) FROM intake.tally WHERE seen <> 1") == 0


async def every_row_is_where_it_was_stamped(scene: Scene, url: str) -> None:
    rows = scene.count("SELECT count(DISTINCT stream_sequence) FROM intake.outbox")
    assert rows == scene.count("SELECT count(*) FROM intake.outbox")
    async with signed_in(url, scene.ground.settings.keys_dir, PROVISIONER) as client:
        stream = (await read(client.jetstream())).streams[Stream.CONTACT]
        assert (stream.messages, stream.last_sequence) == (rows, rows)


def test_one_server_becomes_three_while_contacts_arrive(
    play: Play, record_property: Callable[[str, object], None]
) -> None:
    async def scene(it: Scene) -> None:
        async with callers() as there:
            async with running(it.ground, TALLY) as old:
                there.door = old
                await until(lambda: there.accepted > 100)
                before = there.accepted
                began = time.monotonic()
                async with it.a_move() as move:
                    moved = await move.make()
                    held = await read(move.target.jetstream())
                    assert await drift(move.target.jetstream(), TABLES, PERMANENT) == ()
                assert there.accepted > before, "callers were kept waiting"
                there.door = None
            it.ground.nats.stop()
            async with running(it.grown, TALLY) as new:
                there.door = new
                last = held.streams[Stream.CONTACT].last_sequence
                await until(lambda: _newest(it) > last)
                pause = time.monotonic() - began
                more = there.accepted + 50
                await until(lambda: there.accepted > more)
                there.door = None
                await asyncio.sleep(0.1)
                await all_handled_once(it, there)
        await every_row_is_where_it_was_stamped(it, it.three.urls[1])
        record_property(
            "figure",
            f"{there.accepted} contacts, 0 lost, 0 twice; {moved.standing.messages} events "
            f"moved; held back for {moved.held_seconds:.1f} s, {pause:.1f} s until the next "
            f"event was on the new servers; slowest answer {there.slowest_seconds:.2f} s",
        )

    play(scene)


def _newest(it: Scene) -> int:
    return it.count("SELECT coalesce(max(stream_sequence), 0) FROM intake.outbox")


def test_a_move_that_was_killed_is_made_by_running_it_again(play: Play) -> None:
    async def scene(it: Scene) -> None:
        async with running(it.ground, TALLY) as old, callers() as there:
            there.door = old
            await until(lambda: there.accepted > 20)
            async with it.a_move() as move:
                await note_copied(move.source.jetstream(), NIGHT)
                # As after kill -9 half-way: events held back, one stream copied, nobody to release.
                await move._hold()
                await move._copy(await move._drained())
            async with it.a_move() as move:
                moved = await move.make()
            assert any("made anew" in line for line in it.said)
            there.door = None
        async with it.a_move() as move:
            assert await read(move.target.jetstream()) == moved.standing
            assert await noted(move.target.jetstream()) == NIGHT.isoformat()
            await move.plan()  # and once more, before anybody reads there

    play(scene)


def test_a_move_that_was_killed_while_a_stream_was_restored_is_made_by_running_it_again(
    play: Play,
) -> None:
    async def scene(it: Scene) -> None:
        await it.ground.publish(an_opened_contact())
        async with it.a_move(drain_within=timedelta(0)) as move:
            async with a_snapshot(move.source, Stream.CONTACT) as taken:
                config = replace(declare(TABLES, PERMANENT).streams[0], num_replicas=1)
                wanted = json.dumps({"config": config.as_dict(), "state": taken.told["state"]})
                place = f"$JS.API.STREAM.RESTORE.{Stream.CONTACT}"
                answer = await move.target.request(place, wanted.encode(), 5)
                assert "deliver_subject" in json.loads(answer.data)
            assert await move.target.jetstream().streams_info() == []
            assert await names(move.target) == {Stream.CONTACT}
            moved = await move.make()
        assert moved.standing.messages == 1

    play(scene)


def test_after_a_failed_copy_the_old_server_takes_events_again(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> int:
        raise NotCopied("CONTACT: as a test wants.")

    monkeypatch.setattr("deploy.migrate.moving.copy_stream", breaks)

    async def scene(it: Scene) -> None:
        async with running(it.ground, TALLY) as old, callers() as there:
            there.door = old
            await until(lambda: there.accepted > 20)
            async with it.a_move() as move:
                await note_copied(move.source.jetstream(), NIGHT)
                with pytest.raises(NotCopied):
                    await move.make()
            there.door = None
            await asyncio.sleep(0.1)
            await all_handled_once(it, there)
        assert await drift(it.ground.js, TABLES) == ()
        assert await noted(it.ground.js) == NIGHT.isoformat()

    play(scene)


def test_new_servers_that_hold_something_are_refused_and_keep_it(play: Play) -> None:
    async def scene(it: Scene) -> None:
        async with it.a_move() as move:
            await move.target.jetstream().add_stream(name="CONTACT", subjects=["kept.>"])
            with pytest.raises(NotMoved, match="not empty: CONTACT"):
                await move.make()
            kept = await move.target.jetstream().stream_info("CONTACT")
            assert kept.config.subjects == ["kept.>"]
        assert await drift(it.ground.js, TABLES) == ()

    play(scene)


def test_new_servers_in_use_are_refused(play: Play) -> None:
    async def scene(it: Scene) -> None:
        async with it.a_move() as move:
            await move.make()
            async with running(it.grown, TALLY):
                await asyncio.sleep(1)
                with pytest.raises(NotMoved, match="in use already"):
                    await move.make()
                with pytest.raises(NotMoved, match="in use already"):
                    await move.give_back()

    play(scene)


def test_new_servers_without_a_whole_cluster_are_refused(play: Play) -> None:
    async def scene(it: Scene) -> None:
        it.three.servers[2].kill_immediately()
        await asyncio.sleep(1)
        async with it.a_move() as move:
            with pytest.raises(NotMoved, match="no quorum"):
                await move.make()
        assert await drift(it.ground.js, TABLES) == ()

    play(scene)


def test_what_nobody_could_handle_yet_comes_again_on_the_new_servers(play: Play) -> None:
    async def scene(it: Scene) -> None:
        await it.ground.publish(an_opened_contact())
        async with it.a_move(drain_within=timedelta(seconds=0.2)) as move:
            moved = await move.make()
        assert moved.left_waiting == 1
        async with running(it.grown, TALLY):
            await until(lambda: it.count("SELECT count(*) FROM intake.tally WHERE seen = 1") == 1)

    play(scene)


def test_each_of_three_servers_leaves_as_a_lame_duck_and_comes_back_while_contacts_arrive(
    play: Play,
) -> None:
    async def scene(it: Scene) -> None:
        async with it.a_move() as move:
            await move.make()
        async with running(it.grown, TALLY) as service:
            await it.restart_in_turn(service, it.three.servers)
        await every_row_is_where_it_was_stamped(it, it.three.urls[0])

    play(scene)


def test_a_lone_server_leaves_as_a_lame_duck_and_comes_back_while_contacts_arrive(
    play: Play,
) -> None:
    async def scene(it: Scene) -> None:
        async with running(it.ground, TALLY) as service:
            await it.restart_in_turn(service, [it.ground.nats])
        await every_row_is_where_it_was_stamped(it, it.ground.settings.nats_url)

    play(scene)
