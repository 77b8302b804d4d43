"""The embedded NATS server, tried on real servers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest

from deploy.embedded.nats import EmbeddedNats
from deploy.embedded.trouble import StartRefused
from tests.servers import an_open_nats


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedNats]:
    """A server of the test's own, at fixed ports; stopped afterwards."""
    server = an_open_nats(tmp_path)
    yield server
    server.stop()


def test_streams_and_address_are_there_after_kill_9(own_server: EmbeddedNats) -> None:
    before = own_server.start()
    asyncio.run(_publish_acknowledged(before.url, 20))
    own_server.kill_immediately()

    after = own_server.start()
    assert after == before
    assert asyncio.run(_stored(after.url)) == 20


def test_server_without_its_accounts_does_not_start(own_server: EmbeddedNats) -> None:
    (own_server.config.parent / "server.conf").unlink()
    with pytest.raises(StartRefused, match=r"server\.conf"):
        own_server.start()


def test_broken_accounts_are_explained_with_their_line(own_server: EmbeddedNats) -> None:
    (own_server.config.parent / "server.conf").write_text("accounts {\n  A: { users: [ {user\n")
    with pytest.raises(StartRefused, match=r"server\.conf"):
        own_server.start()


def test_second_server_on_the_same_streams_is_refused(own_server: EmbeddedNats) -> None:
    own_server.start()
    assert own_server.child is not None
    second = EmbeddedNats(own_server.config, own_server.ports_folder, own_server.log)
    second.old_server_patience = own_server.old_server_patience / 100
    with pytest.raises(StartRefused, match=f"process {own_server.child.pid}"):
        second.start()


def test_missing_binary_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_BIN", str(tmp_path / "nowhere"))
    with pytest.raises(StartRefused, match=r"\$NATS_BIN is .*nowhere"):
        EmbeddedNats(tmp_path / "nats.conf", tmp_path, tmp_path / "nats.log")


async def _publish_acknowledged(url: str, count: int) -> None:
    client = await nats.connect(url)
    stream = client.jetstream()
    await stream.add_stream(name="KEPT", subjects=["kept.>"])
    for number in range(count):
        await stream.publish(f"kept.{number}", b"x", stream="KEPT")
    await client.close()


async def _stored(url: str) -> int:
    client = await nats.connect(url)
    state = (await client.jetstream().stream_info("KEPT")).state
    await client.close()
    return int(state.messages)
