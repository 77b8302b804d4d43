"""Streams saved at night and brought back: the drill, on real servers."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from contracts.envelope import Stream
from deploy.embedded.nats import EmbeddedNats
from deploy.migrate.snapshot import NotCopied, a_snapshot, restore
from deploy.migrate.standing import differences, read
from deploy.streams import main, newest, outdated, restore_streams, save_streams
from services.bus.figures import COPIED_AT
from services.bus.provision.apply import apply
from services.bus.provision.declared import ADVISORY
from services.bus.provision.drift import drift
from services.bus.provision.keys import PROVISIONER
from services.bus.provision.signed_in import signed_in
from tests.bus.live import a_live_ground, running, until
from tests.bus.tally import TALLY
from tests.bus.test_transact import an_opened_contact

TABLES = (TALLY,)
NIGHT = datetime(2026, 1, 14, 3, 30, tzinfo=UTC)
pytestmark = pytest.mark.slow


def test_lost_streams_come_back_with_the_place_of_every_reader(
    fresh_database: str, tmp_path: Path
) -> None:
    async def drill() -> None:
        async with a_live_ground(TABLES, fresh_database, tmp_path) as ground:
            keys = ground.settings.keys_dir
            async with running(ground, TALLY):
                for _ in range(40):
                    await ground.publish(an_opened_contact())
                await until(lambda: ground.count("SELECT count(*) FROM intake.tally") == 40)
            async with signed_in(ground.settings.nats_url, keys, PROVISIONER) as client:
                before = await read(client.jetstream())
                copy = await save_streams(client, tmp_path / "copies", NIGHT)
                await client.jetstream().delete_stream(Stream.CONTACT)
            url = ("--url", ground.settings.nats_url, "--keys", str(keys))
            assert await asyncio.to_thread(main, [*url, "restore", "--from", str(copy.parent)]) == 0
            async with signed_in(ground.settings.nats_url, keys, PROVISIONER) as client:
                assert differences(before, await read(client.jetstream())) == ()
            assert await drift(ground.js, TABLES) == ()
            async with running(ground, TALLY):
                await ground.publish(an_opened_contact())
                await until(lambda: ground.count("SELECT count(*) FROM intake.tally") == 41)
            assert ground.count("SELECT count(*) FROM intake.tally WHERE seen <> 1") == 0

    asyncio.run(drill())


def test_copy_is_noted_on_the_server_and_the_note_outlives_a_release(
    fresh_database: str, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with a_live_ground(TABLES, fresh_database, tmp_path) as ground:
            keys, url = ground.settings.keys_dir, ground.settings.nats_url
            words = ["--url", url, "--keys", str(keys), "save", "--into", str(tmp_path / "copies")]
            assert await asyncio.to_thread(main, words) == 0
            async with signed_in(url, keys, PROVISIONER) as client:
                js = client.jetstream()
                noted = await _noted(js)
                assert noted[:13] in newest(tmp_path / "copies").name
                declared = (await js.stream_info(ADVISORY)).config
                # A release before this one declared less.
                await js.update_stream(replace(declared, max_bytes=1024))
                await apply(js, TABLES)
                assert await drift(js, TABLES) == ()
                assert await _noted(js) == noted

    asyncio.run(scene())


async def _noted(js: JetStreamContext) -> str:
    return str(((await js.stream_info(ADVISORY)).config.metadata or {})[COPIED_AT])


def test_a_copy_that_is_not_whole_is_refused(fresh_database: str, tmp_path: Path) -> None:
    async def scene() -> None:
        async with (
            a_live_ground(TABLES, fresh_database, tmp_path) as ground,
            signed_in(ground.settings.nats_url, ground.settings.keys_dir, PROVISIONER) as client,
        ):
            for _ in range(40):
                await ground.publish(an_opened_contact())
            copy = await save_streams(client, tmp_path / "copies", NIGHT)
            half = copy.with_name(copy.name + ".half")
            shutil.copytree(copy, half)
            with pytest.raises(NotCopied, match="not a whole copy"):
                await restore_streams(client, half)
            await client.jetstream().delete_stream(Stream.CONTACT)
            file = copy / f"{Stream.CONTACT.value}.pieces"
            file.write_bytes(file.read_bytes()[:-100])
            with pytest.raises(NotCopied, match=Stream.CONTACT.value):
                await restore_streams(client, copy)
            names = [info.config.name for info in await client.jetstream().streams_info()]
            assert Stream.CONTACT.value not in names

    asyncio.run(scene())


#: What a server of a cluster said to whom its first answer had not reached.
STALLED = b"""{"type": "io.nats.jetstream.api.v1.stream_restore_response", "deliver_subject": "",
"error": {"code": 500, "err_code": 10062,
"description": "restore failed: restore for stream 'HELPLINE > HEARD' is stalled"}}"""


@pytest.mark.parametrize(("stalled", "copied"), [(1, True), (99, False)])
def test_a_server_that_waited_for_pieces_in_vain_is_asked_again_and_not_for_ever(
    nats_server: EmbeddedNats, monkeypatch: pytest.MonkeyPatch, stalled: int, copied: bool
) -> None:
    async def scene() -> None:
        client = await nats.connect(nats_server.address.url)
        ask = client.request
        asked: list[str] = []

        async def stalls(subject: str, payload: bytes, timeout: float) -> Msg:
            if ".RESTORE.HEARD" in subject:
                asked.append(subject)
                if len(asked) <= stalled:
                    return Msg(client, data=STALLED)
            return await ask(subject, payload, timeout)

        js, (told, pieces) = client.jetstream(), await _a_stream_that_was(client)
        monkeypatch.setattr(client, "request", stalls)
        restoring = restore(client, told["config"], told["state"], _each(pieces))
        if copied:
            await restoring
            assert (await js.get_msg("HEARD", 1)).data == b"once"
            await js.delete_stream("HEARD")
        else:
            with pytest.raises(NotCopied, match="is stalled"):
                await restoring
        await client.close()

    asyncio.run(scene())


def test_a_stream_that_is_there_is_restored_though_nobody_heard_its_server_say_so(
    nats_server: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        client = await nats.connect(nats_server.address.url)
        ask = client.request

        async def lost(subject: str, payload: bytes, timeout: float) -> Msg:
            answer = await ask(subject, payload, timeout)
            if subject.startswith("$JS.SNAPSHOT.RESTORE.") and not payload:
                raise nats.errors.TimeoutError
            return answer

        js, (told, pieces) = client.jetstream(), await _a_stream_that_was(client)
        monkeypatch.setattr(client, "request", lost)
        await restore(client, told["config"], told["state"], _each(pieces))
        assert (await js.get_msg("HEARD", 1)).data == b"once"
        await js.delete_stream("HEARD")
        await client.close()

    asyncio.run(scene())


async def _a_stream_that_was(client: Client) -> tuple[dict[str, Any], list[bytes]]:
    """What was told of the stream HEARD, with one message, and its pieces; it is gone."""
    js = client.jetstream()
    await js.add_stream(StreamConfig("HEARD", subjects=["heard"]))
    await js.publish("heard", b"once")
    async with a_snapshot(client, "HEARD") as taken:
        pieces = [piece async for piece in taken.pieces()]
    await js.delete_stream("HEARD")
    return taken.told, pieces


async def _each(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def test_copies_are_kept_for_as_long_as_is_said(tmp_path: Path) -> None:
    for name in ("2026-01-06T0330", "2026-01-07T0330", "2026-01-07T0330.half", "2026-01-14T0330"):
        (tmp_path / f"helpline-streams-{name}").mkdir()
    (tmp_path / "something-else").mkdir()
    old = outdated(tmp_path, datetime(2026, 1, 7, 3, 30, tzinfo=UTC))
    assert [each.name for each in old] == ["helpline-streams-2026-01-06T0330"]
    shutil.rmtree(tmp_path / "helpline-streams-2026-01-14T0330")
    assert newest(tmp_path).name == "helpline-streams-2026-01-07T0330"
