"""Each key is tried on every subject of the others, on a real server: all refused, its own allowed.

What is allowed is said here a second time, from the tables and not from the code under test.
"""

import asyncio
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from contracts.catalogue import COMMANDS, EVENTS
from contracts.envelope import Event, Stream
from deploy.embedded.nats import SERVER_FILE
from services.bus.provision.apply import apply
from services.bus.provision.keys import CHECKER, PROVISIONER, ensure_keys, key_names
from services.bus.provision.permissions import Permissions, permissions_of, server_conf
from services.bus.provision.signed_in import signed_in
from services.bus.table import Service
from services.registry import SERVICES
from tests.bus.provision_ground import TABLES, Ground, a_ground, a_service, applied

#: Both the tables of these tests, one service of each kind, and those that run.
SHAPES = {"one of each kind": TABLES, "as they run": SERVICES}

#: Everything JetStream can be asked about a stream, but for looking.
CHANGING = (
    *(f"$JS.API.STREAM.{verb}.CONTACT" for verb in ("CREATE", "UPDATE", "DELETE", "PURGE")),
    *(f"$JS.API.STREAM.{verb}.CONTACT" for verb in ("MSG.DELETE", "SNAPSHOT", "RESTORE")),
    "$JS.API.STREAM.CREATE.MINE",
    "$JS.API.STREAM.LEADER.STEPDOWN.CONTACT",
    "$JS.API.ACCOUNT.PURGE.HELPLINE",
    "$JS.API.CONSUMER.CREATE.CONTACT",
    "$JS.API.CONSUMER.CREATE.CONTACT.mine",
    "$JS.API.CONSUMER.CREATE.CONTACT.mine.helpline.contact.opened.v1.>".replace(">", "x"),
    "$JS.API.CONSUMER.DURABLE.CREATE.CONTACT.mine",
)
LOOKING = (
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.INFO.CONTACT",
    "$JS.API.STREAM.MSG.GET.CONTACT",
    "$JS.API.DIRECT.GET.CONTACT",
    "$JS.API.CONSUMER.NAMES.CONTACT",
    "$JS.API.CONSUMER.LIST.CONTACT",
)
ELSEWHERE = (
    "$JS.API.INFO",
    "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.CONTACT.triage-contact",
    "$SYS.REQ.SERVER.PING",
    "$SYS.REQ.ACCOUNT.PING.CONNZ",
    "partner.aplus.referral.sent.v1.x",
    "anything",
)


@dataclass(frozen=True)
class Platform:
    """A running server and the tables its accounts come from."""

    ground: Ground
    tables: tuple[Service, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Everyone who has a key."""
        return key_names(self.tables)

    @property
    def durables(self) -> tuple[tuple[str, str], ...]:
        """Stream and name of every durable."""
        return tuple((s.value, each.durable(s)) for each in self.tables for s in each.streams())


@pytest.fixture(scope="module", params=SHAPES.values(), ids=list(SHAPES))
def platform(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    with a_ground(tmp_path_factory.mktemp("least"), request.param) as running:
        asyncio.run(running.as_provisioner(lambda js: apply(js, request.param)))
        yield Platform(running, request.param)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with a_ground(tmp_path_factory.mktemp("one")) as running:
        asyncio.run(running.as_provisioner(applied))
        yield running


@dataclass(frozen=True)
class Tried:
    """What the server refused of what was tried."""

    published: frozenset[str]
    refused_publish: frozenset[str]
    refused_subscribe: frozenset[str]


def said_by(name: str, event: type[Event]) -> str:
    """A subject of an event that ends with who tried."""
    return event.subject_filter().replace("*", "aplus").replace(">", f"sos-crise.by-{name}")


def subjects_to_publish(platform: Platform, name: str) -> tuple[str, ...]:
    """Every subject of the platform, one example of each; events end with who tried."""
    return (
        *(said_by(name, event) for event in EVENTS),
        *(command.subject() for command in COMMANDS),
        *(f"_INBOX_{other}.reply.x" for other in platform.names),
        *(f"$JS.ACK.{stream}.{durable}.1.1.1.1.0" for stream, durable in platform.durables),
        *(
            f"$JS.API.CONSUMER.{verb}.{stream}.{durable}"
            for stream, durable in platform.durables
            for verb in ("MSG.NEXT", "INFO", "DELETE", "PAUSE", "RESET", "UNPIN")
        ),
        *CHANGING,
        *LOOKING,
        *ELSEWHERE,
    )


def subjects_to_hear(platform: Platform) -> tuple[str, ...]:
    """Every place where something is to be heard."""
    return (
        *(f"_INBOX_{name}.>" for name in platform.names),
        *(f"desk.{name}.>" for name in platform.names),
        *(event.subject_filter() for event in EVENTS),
        *(">", "desk.>", "helpline.>", "_INBOX.>", "*.>", "$JS.>", "$JS.ACK.>", "$SYS.>"),
        "$JS.EVENT.ADVISORY.>",
    )


def may_publish(service: Service) -> set[str]:
    """What the table of a service allows, of `subjects_to_publish`."""
    places = [(stream.value, service.durable(stream)) for stream in service.streams()]
    return {
        *(said_by(service.name, event) for event in service.publishes),
        *(command.subject() for command in service.sends),
        *(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}" for stream, durable in places),
        *(f"$JS.API.CONSUMER.INFO.{stream}.{durable}" for stream, durable in places),
        *(f"$JS.ACK.{stream}.{durable}.1.1.1.1.0" for stream, durable in places),
    }


def may_hear(service: Service) -> set[str]:
    """What the table of a service allows, of `subjects_to_hear`."""
    desk = {f"desk.{service.name}.>"} if service.answers else set()
    return desk | {f"_INBOX_{service.name}.>"}


async def try_everything(platform: Platform, name: str) -> Tried:
    """Sign in as `name`, publish and subscribe on every subject, return what was refused."""
    refusals: list[str] = []
    client = await platform.ground.signed_in(name, lambda error: refusals.append(str(error)))
    published = subjects_to_publish(platform, name)
    for subject in published:
        # An empty API request changes nothing, whoever sends it.
        await client.publish(subject, b"", reply=f"_INBOX_{name}.tried")
    for subject in subjects_to_hear(platform):
        await client.subscribe(subject)
        await client.subscribe(subject, queue="others")
    await heard_out(client, refusals)
    await client.close()
    hearing = subjects_to_hear(platform)
    alone = set(_named(refusals, r'subscription to "([^"]*)"$', hearing))
    in_a_group = set(_named(refusals, r'subscription to "([^"]*)" using queue', hearing))
    return Tried(
        frozenset(published),
        frozenset(_named(refusals, r'publish to "(.*)"', published)),
        frozenset(alone & in_a_group),
    )


async def heard_out(client: Client, refusals: list[str]) -> None:
    """Wait until all refusals are in: they come in order, and nobody may say this last word.

    A flush is not enough: its answer may overtake what was written before.
    """
    await client.publish("the.last.word", b"")
    for _ in range(500):
        if any("the.last.word" in refusal for refusal in refusals):
            refusals[:] = [refusal for refusal in refusals if "the.last.word" not in refusal]
            return
        await asyncio.sleep(0.01)
    pytest.fail("the server did not answer")


def _named(refusals: list[str], pattern: str, tried: tuple[str, ...]) -> Iterator[str]:
    """Find the subjects named in refusals; nats-py hands them over in lower case."""
    by_lower = {subject.lower(): subject for subject in tried}
    for refusal in refusals:
        found = re.search(pattern, refusal)
        if found:
            yield by_lower[found.group(1)]


def test_each_service_is_refused_every_subject_of_the_others(platform: Platform) -> None:
    for service in platform.tables:
        tried = asyncio.run(try_everything(platform, service.name))

        assert tried.published - tried.refused_publish == may_publish(service), service.name
        heard = set(subjects_to_hear(platform)) - tried.refused_subscribe
        assert heard == may_hear(service), service.name
        own = {said_by(service.name, event) for event in service.publishes}
        assert asyncio.run(stored_by(platform.ground, service.name, len(own))) == own


async def stored_by(ground: Ground, name: str, at_least: int) -> set[str]:
    """Return the subjects of the events `name` got into the streams, once `at_least` are there.

    A stream stores what it took after the server went on to the next publication.
    """

    async def subjects(js: JetStreamContext) -> set[str]:
        found: set[str] = set()
        for _ in range(500):
            found = await stored(js)
            if len(found) >= at_least:
                break
            await asyncio.sleep(0.01)
        return found

    async def stored(js: JetStreamContext) -> set[str]:
        found: set[str] = set()
        for stream in Stream:
            info = await js.stream_info(stream.value, subjects_filter=">")
            found |= {s for s in info.state.subjects or {} if s.endswith(f".by-{name}")}
        return found

    return await ground.as_provisioner(subjects)


def test_checker_may_look_and_nothing_else(platform: Platform) -> None:
    tried = asyncio.run(try_everything(platform, CHECKER))

    looks = {f"$JS.API.CONSUMER.INFO.{stream}.{durable}" for stream, durable in platform.durables}
    assert tried.published - tried.refused_publish == looks | set(LOOKING)
    assert set(subjects_to_hear(platform)) - tried.refused_subscribe == {"_INBOX_checker.>"}


def test_provisioner_may_use_jetstream_and_no_event_or_command(platform: Platform) -> None:
    refusals: list[str] = []

    async def try_some() -> None:
        note = refusals.append
        client = await platform.ground.signed_in(PROVISIONER, lambda error: note(str(error)))
        every = subjects_to_publish(platform, PROVISIONER)
        subjects = [subject for subject in every if not subject.startswith("$JS.API")]
        for subject in subjects:
            await client.publish(subject, b"")
        await heard_out(client, refusals)
        await client.close()
        assert len(refusals) == len(subjects)

    asyncio.run(try_some())


def test_nobody_enters_without_a_key(ground: Ground) -> None:
    async def enter() -> None:
        client = Client()
        await client.connect(ground.url, allow_reconnect=False)

    with pytest.raises(Exception, match="Authorization Violation"):
        asyncio.run(enter())


def test_event_is_published_read_and_acknowledged_with_the_keys_alone(ground: Ground) -> None:
    async def cross() -> tuple[str, list[str]]:
        refusals: list[str] = []
        intake = await ground.signed_in("intake", lambda error: refusals.append(str(error)))
        quality = await ground.signed_in("quality", lambda error: refusals.append(str(error)))
        subject = "helpline.contact.opened.v1.sos-crise.crossing"
        await intake.jetstream().publish(subject, b"{}", stream="CONTACT", timeout=2)
        subscription = await quality.jetstream().pull_subscribe(
            "", durable="quality-contact", stream="CONTACT"
        )
        subjects = []
        for message in await subscription.fetch(64, timeout=2):
            await message.in_progress()
            await message.ack_sync(timeout=2)
            subjects.append(message.subject)
        await intake.close()
        await quality.close()
        assert subject in subjects
        return subject, refusals

    assert asyncio.run(cross())[1] == []


def test_command_is_answered_once_and_only_to_who_asked(ground: Ground) -> None:
    async def ask() -> tuple[bytes, list[str]]:
        refusals: list[str] = []
        console = await ground.signed_in("console", lambda error: refusals.append(str(error)))
        triage = await ground.signed_in("triage", lambda error: refusals.append(str(error)))

        async def answer(message: Msg) -> None:
            await message.respond(b"decided")
            await message.respond(b"and again")

        await triage.subscribe("desk.triage.>", queue="triage", cb=answer)
        await triage.flush()
        reply = await console.request("desk.triage.decide.v1", b"{}", timeout=2)
        await heard_out(triage, refusals)
        await console.close()
        await triage.close()
        return reply.data, refusals

    reply, refusals = asyncio.run(ask())
    assert reply == b"decided"
    assert [refusal for refusal in refusals if "_inbox_console" in refusal] == refusals
    assert len(refusals) == 1


def test_service_that_only_answers_may_answer_and_publish_nothing(tmp_path: Path) -> None:
    mute = a_service("mute", answers=tuple(c for c in COMMANDS if c.service == "roster")[:1])
    edge = a_service("edge", sends=COMMANDS)

    async def ask(ground: Ground) -> tuple[bytes, list[str]]:
        refusals: list[str] = []
        asker = await ground.signed_in("edge", lambda error: refusals.append(str(error)))
        answerer = await ground.signed_in("mute", lambda error: refusals.append(str(error)))

        async def answer(message: Msg) -> None:
            await message.respond(b"done")

        await answerer.subscribe("desk.mute.>", cb=answer)
        await answerer.publish("anything", b"")
        await heard_out(answerer, refusals)
        # No contract names `mute`: the edge of this test is let ask it, below.
        reply = await asker.request("desk.mute.ask.v1", b"", timeout=2)
        await asker.close()
        await answerer.close()
        return reply.data, refusals

    def let_edge_ask(conf: str) -> str:
        return conf.replace('"desk.roster.import_volunteers.v1"', '"desk.mute.ask.v1"', 1)

    assert permissions_of(mute) == Permissions((), ("desk.mute.>", "_INBOX_mute.>"), answers=True)
    with a_ground(tmp_path, (mute, edge), widen=let_edge_ask) as ground:
        reply, refusals = asyncio.run(ask(ground))
    assert reply == b"done"
    assert len(refusals) == 1
    assert '"anything"' in refusals[0]


def test_a_widened_permission_is_noticed(tmp_path: Path) -> None:
    """The guard above was seen red this way, and stays so: quality may suddenly close contacts."""
    quality = next(service for service in TABLES if service.name == "quality")
    own, wider = '"helpline.hour.counted.v1.>"', '"helpline.>"'
    with a_ground(tmp_path, widen=lambda conf: conf.replace(own, wider)) as ground:
        asyncio.run(ground.as_provisioner(applied))
        tried = asyncio.run(try_everything(Platform(ground, TABLES), "quality"))
        stored = asyncio.run(stored_by(ground, "quality", len(EVENTS)))

    too_much = tried.published - tried.refused_publish - may_publish(quality)
    assert "helpline.contact.ended.v1.sos-crise.by-quality" in too_much
    assert "helpline.contact.ended.v1.sos-crise.by-quality" in stored


async def refused_soon(ground: Ground, name: str) -> None:
    """Wait until the key of `name` opens no door; fails after five seconds."""
    for _ in range(100):
        if not await enters(ground, name):
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"{name} still enters")


async def enters(ground: Ground, name: str) -> bool:
    """Say whether `name` may sign in."""
    try:
        async with signed_in(ground.url, ground.keys, name):
            return True
    except ConnectionResetError:
        return False  # the server has closed before its reason was read
    except nats.errors.Error as refused:
        return "Authorization Violation" not in str(refused)


def test_keys_of_others_open_no_door_after_a_service_is_gone(tmp_path: Path) -> None:
    """Taking a service out of the tables closes its door at the next reload, and no other."""

    async def stay(ground: Ground) -> None:
        await ground.as_provisioner(applied)
        intake = await ground.signed_in("intake", lambda _: None)
        left = tuple(service for service in TABLES if service.name != "quality")
        conf = server_conf(left, ensure_keys(ground.keys, left), tmp_path)
        (tmp_path / SERVER_FILE).write_text(conf)
        assert ground.server.child is not None
        ground.server.child.send_signal(signal.SIGHUP)
        await refused_soon(ground, "quality")
        await intake.jetstream().publish(
            "helpline.contact.opened.v1.sos-crise.after", b"{}", stream="CONTACT", timeout=2
        )
        assert intake.stats["reconnects"] == 0
        await intake.close()

    with a_ground(tmp_path) as ground:
        asyncio.run(stay(ground))
