"""NATS over TLS: a service knows its server by its CA, and nobody talks it into less."""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import nats
import pytest
import uvloop
from pydantic import ValidationError

from services.bus.nats_figures import CERTIFICATE, asked, metrics_of
from services.bus.provision.__main__ import main as provision
from services.bus.provision.keys import PROVISIONER
from services.bus.provision.signed_in import signed_in
from services.bus.settings import BusSettings
from services.bus.stream import Connection
from services.bus.trust import NATS_CA_FILE, NotTrusted
from tests.authority import Authority, Shown, tls_conf
from tests.bus.live import LiveGround, a_live_ground, running, until
from tests.bus.provision_ground import TABLES, Ground, a_ground
from tests.bus.tally import TALLY
from tests.bus.test_runner import handled, published
from tests.bus.test_transact import an_opened_contact

REPOSITORY = Path(__file__).resolve().parents[2]
EX_CONFIG = 78


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trust")


@pytest.fixture(scope="module")
def ours(folder: Path) -> Authority:
    return Authority(folder)


@pytest.fixture(scope="module")
def others(folder: Path) -> Authority:
    return Authority(folder, "others")


@pytest.fixture(scope="module")
def over_tls(folder: Path, ours: Authority) -> Iterator[Ground]:
    """A server that shows a certificate of our CA."""
    shown = ours.shows("nats")
    with a_ground(folder / "nats", widen=lambda conf: conf + tls_conf(shown)) as ground:
        assert ground.url.startswith("tls://")
        yield ground


def _settings(ground: Ground, url: str, ca_file: Path | None) -> BusSettings:
    return BusSettings(
        nats_url=url,
        nats_ca_file=ca_file,
        keys_dir=ground.keys,
        postgres_host="127.0.0.1",
        postgres_port=1,
    )


WayIn = Callable[[Ground, str, Path | None], Coroutine[None, None, None]]


async def _connect(ground: Ground, url: str, ca_file: Path | None) -> None:
    """As a service does, which waits for NATS as long as it takes."""
    connection = Connection(TABLES[0], _settings(ground, url, ca_file), lambda: None)
    async with asyncio.timeout(10):
        await connection.connect()
    assert connection.connected
    await connection.close()


async def _sign_in(ground: Ground, url: str, ca_file: Path | None) -> None:
    """As the tools do."""
    os.environ[NATS_CA_FILE] = str(ca_file or "")
    try:
        async with signed_in(url, ground.keys, PROVISIONER) as client:
            await client.jetstream().streams_info()
    finally:
        del os.environ[NATS_CA_FILE]


#: Each by the loop it has: they differ in how a handshake fails.
_RUNS: dict[WayIn, Callable[[Coroutine[None, None, None]], None]] = {
    _connect: uvloop.run,
    _sign_in: asyncio.run,
}
WAYS_IN = pytest.mark.parametrize("way_in", [_connect, _sign_in])


@WAYS_IN
def test_a_server_is_believed_that_shows_a_certificate_of_the_ca(
    over_tls: Ground, ours: Authority, way_in: WayIn
) -> None:
    _RUNS[way_in](way_in(over_tls, over_tls.url, ours.ca))


@WAYS_IN
def test_a_server_of_another_ca_is_refused_by_name_of_the_variable_and_reason(
    over_tls: Ground, others: Authority, way_in: WayIn
) -> None:
    with pytest.raises(NotTrusted) as refused:
        _RUNS[way_in](way_in(over_tls, over_tls.url, others.ca))
    assert f"NATS at {over_tls.url}" in str(refused.value)
    assert "its certificate is refused: unable to get local issuer" in str(refused.value)
    assert f"{NATS_CA_FILE}: {others.ca}" in str(refused.value)


@WAYS_IN
def test_without_a_file_only_public_cas_are_believed(over_tls: Ground, way_in: WayIn) -> None:
    with pytest.raises(NotTrusted, match="HELPLINE_NATS_CA_FILE: empty, public CAs"):
        _RUNS[way_in](way_in(over_tls, over_tls.url, None))


@WAYS_IN
def test_a_server_without_tls_is_told_nothing(folder: Path, ours: Authority, way_in: WayIn) -> None:
    """Whoever stands in between could offer plain text: the key's signature would go out."""
    with a_ground(folder / f"plain{way_in.__name__}") as plain:
        url = f"tls://{urlsplit(plain.url).netloc}"
        with pytest.raises(NotTrusted, match="it does not speak TLS"):
            _RUNS[way_in](way_in(plain, url, ours.ca))


@pytest.mark.parametrize(
    ("hosts", "lasts", "said"),
    [
        (("helpline-nats",), timedelta(days=1), "certificate is not valid for '127.0.0.1'"),
        (("127.0.0.1",), timedelta(seconds=-1), "certificate has expired"),
    ],
)
def test_a_certificate_of_another_server_or_of_yesterday_is_refused(
    tmp_path: Path, hosts: tuple[str, ...], lasts: timedelta, said: str
) -> None:
    ours = Authority(tmp_path)
    shown = ours.shows("nats", hosts, lasts)
    with (
        a_ground(tmp_path / "nats", widen=lambda conf: conf + tls_conf(shown)) as ground,
        pytest.raises(NotTrusted, match=said),
    ):
        uvloop.run(_connect(ground, ground.url, ours.ca))


def test_a_client_that_speaks_plain_text_is_not_heard(over_tls: Ground) -> None:
    """It is not even told what server it has reached."""
    host = urlsplit(over_tls.url)
    with (
        socket.create_connection((str(host.hostname), host.port or 0), timeout=0.5) as plain,
        pytest.raises(TimeoutError),
    ):
        plain.recv(1)

    async def connect() -> None:
        await nats.connect(
            f"nats://{host.netloc}", allow_reconnect=False, connect_timeout=1, error_cb=_nothing
        )

    with pytest.raises((TimeoutError, nats.errors.Error)):
        asyncio.run(connect())


async def _nothing(_: Exception) -> None:
    pass


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        ("not a certificate", "holds no certificate"),
    ],
)
def test_a_ca_file_that_is_none_is_named(
    tmp_path: Path, over_tls: Ground, content: str | None, said: str
) -> None:
    file = tmp_path / "ca.crt"
    if content is not None:
        file.write_text(content)
    for way_in in (_connect, _sign_in):
        with pytest.raises(NotTrusted) as refused:
            _RUNS[way_in](way_in(over_tls, over_tls.url, file))
        assert str(refused.value) == f"{NATS_CA_FILE}: {file} {said}"


def test_a_service_that_believes_no_server_ends_with_78_and_says_why(
    tmp_path: Path, over_tls: Ground
) -> None:
    for name in ("quality.pg", "quality.nk"):
        (tmp_path / name).write_text("k" * 40)
    started = subprocess.run(
        (sys.executable, "-m", "services.run", "quality"),
        cwd=REPOSITORY,
        env={
            "PATH": os.environ["PATH"],
            "HELPLINE_NATS_URL": over_tls.url,
            NATS_CA_FILE: str(tmp_path / "nowhere"),
            "HELPLINE_POSTGRES_HOST": "127.0.0.1",
            "HELPLINE_POSTGRES_PORT": "1",
            "HELPLINE_KEYS_DIR": str(tmp_path),
            "HELPLINE_OPS_PORT": "0",
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert started.returncode == EX_CONFIG, started.stderr
    lines = [*started.stdout.splitlines(), *started.stderr.splitlines()]
    (told,) = (json.loads(line) for line in lines if "cannot start" in line)
    assert told["reason"].startswith(f"{NATS_CA_FILE}: {tmp_path / 'nowhere'} cannot be read")


def test_a_tool_says_why_and_does_not_try_for_a_minute(
    over_tls: Ground,
    others: Authority,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(NATS_CA_FILE, str(others.ca))
    said = provision(["check", "--url", over_tls.url, "--keys", str(over_tls.keys)])
    assert said == 2
    assert (
        f"its certificate is refused: unable to get local issuer certificate ({NATS_CA_FILE}"
        in (capsys.readouterr().out)
    )


def test_a_ca_for_a_plain_address_is_a_slip_of_the_pen(tmp_path: Path) -> None:
    told = {
        "HELPLINE_NATS_URL": "nats://helpline-nats:4222",
        NATS_CA_FILE: "/ca.crt",
        "HELPLINE_KEYS_DIR": str(tmp_path),
        "HELPLINE_POSTGRES_HOST": "h",
        "HELPLINE_POSTGRES_PORT": "5432",
    }
    with pytest.raises(ValidationError, match="HELPLINE_NATS_CA_FILE is for tls://"):
        BusSettings.from_environment(told)
    assert BusSettings.from_environment(told | {NATS_CA_FILE: ""}).nats_ca_file is None


Scene = Callable[[LiveGround], Awaitable[None]]


@pytest.fixture
def play(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Scene, Shown], None]:
    """Play a scene on a ground whose NATS shows a certificate."""

    async def on_ground(scene: Scene, shown: Shown) -> None:
        async with a_live_ground((TALLY,), fresh_database, tmp_path, shown) as ground:
            await scene(ground)

    def played(scene: Scene, shown: Shown) -> None:
        monkeypatch.setenv(NATS_CA_FILE, str(shown.ca))
        uvloop.run(on_ground(scene, shown))

    return played


def test_an_event_is_handled_over_tls(
    play: Callable[[Scene, Shown], None], ours: Authority
) -> None:
    async def scene(ground: LiveGround) -> None:
        async with running(ground, TALLY):
            await ground.publish(an_opened_contact())
            await until(lambda: published(ground) == 1)

    play(scene, ours.shows("events"))


def test_a_certificate_is_renewed_without_closing_a_connection(
    play: Callable[[Scene, Shown], None], ours: Authority
) -> None:
    """By the signal that reads the configuration anew: whoever comes is shown the new one."""
    shown = ours.shows("renewed")

    async def scene(ground: LiveGround) -> None:
        async with running(ground, TALLY) as service:
            await ground.publish(an_opened_contact())
            await until(lambda: handled(ground) == 1)
            before = await asyncio.to_thread(_serial, ground.nats.address.url, ours)
            assert await asyncio.to_thread(_days_told, ground) == pytest.approx(1, abs=0.1)
            ours.shows("renewed", lasts=timedelta(days=9))
            assert ground.nats.child is not None
            os.kill(ground.nats.child.pid, signal.SIGHUP)
            await until(lambda: _serial(ground.nats.address.url, ours) != before)
            assert service.healthy
            await ground.publish(an_opened_contact())
            await until(lambda: handled(ground) == 2)
            client = service._connection._broker._connection
            assert client is not None
            assert client.stats["reconnects"] == 0
            assert await asyncio.to_thread(_days_told, ground) == pytest.approx(9, abs=0.1)

    play(scene, shown)


def test_a_ca_that_was_replaced_is_read_at_the_next_connection(
    play: Callable[[Scene, Shown], None], tmp_path: Path
) -> None:
    """A service that runs goes on when the CA is another one, without being started anew."""
    first, second = Authority(tmp_path, "first"), Authority(tmp_path, "second")
    shown = first.shows("nats")

    async def scene(ground: LiveGround) -> None:
        async with running(ground, TALLY) as service:
            ground.nats.stop()
            later = second.shows("nats")
            for old, new in ((shown.certificate, later.certificate), (shown.key, later.key)):
                old.write_bytes(new.read_bytes())
            ground.nats.start()
            await asyncio.sleep(1)
            assert not service.healthy, "a server of a CA it was not given was believed"
            shown.ca.write_bytes(later.ca.read_bytes())
            await until(lambda: service.healthy)
            async with ground.signed_in_again() as back:
                await back.publish(an_opened_contact())
                await until(lambda: handled(ground) == 1)

    play(scene, shown)


def _days_told(ground: LiveGround) -> float:
    """Days until the certificate ends, by the figure an alert is made of."""
    told = asked(ground.nats.address.monitoring_url)
    (metric,) = (each for each in metrics_of(told) if each.name == CERTIFICATE.name)
    (sample,) = metric.samples
    return (sample.value - time.time()) / 86400


def _serial(url: str, authority: Authority) -> str:
    """Of the certificate a server shows whoever comes now."""
    host = urlsplit(url)
    context = ssl.create_default_context(cafile=authority.ca)
    with (
        socket.create_connection((str(host.hostname), host.port or 0), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=host.hostname) as shown,
    ):
        return str((shown.getpeercert() or {})["serialNumber"])
