"""A partner reads what is for it and answers, and reaches nothing else: tried over all pairs.

Two doors stand one behind the other: what its key may say, and what is exported to its account at
all. The second is tried with the first one taken away.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import nats
import nats.errors
import nkeys
import pytest
import yaml
from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.partner import DESK_COMMANDS, is_sandbox
from contracts.partner_client import Partner as PartnerClient
from deploy.embedded.nats import SERVER_FILE
from deploy.partners import take_up_accounts
from services.bus.provision.apply import Consent, apply
from services.bus.provision.drift import drift
from services.bus.provision.keys import ensure_keys
from services.bus.provision.partners import (
    PartnersFlawed,
    account_conf,
    read_partner,
    read_partners,
)
from services.bus.provision.permissions import server_conf
from services.bus.table import Partner, Table
from services.registry import SERVICES
from tests.bus.provision_ground import Ground, a_ground
from tests.bus.test_least_privilege import CHANGING, ELSEWHERE, LOOKING, heard_out

NAMES = ("aplus", "bonde", "cordee")


def a_key(name: str) -> nkeys.KeyPair:
    """The key of a partner of these tests: the same for the same name."""
    seed = nkeys.encode_seed(name.ljust(32, ".").encode(), nkeys.PREFIX_BYTE_USER)
    return nkeys.from_seed(bytearray(seed))


def public(name: str) -> str:
    return bytes(a_key(name).public_key).decode()


PARTNERS = tuple(Partner(name, (public(name),)) for name in NAMES)
EVERYBODY: tuple[Table, ...] = (*SERVICES, *PARTNERS)
REFERENCE = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with a_ground(tmp_path_factory.mktemp("partners"), EVERYBODY) as running:
        asyncio.run(running.as_provisioner(lambda js: apply(js, EVERYBODY)))
        yield running


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The same, but that a partner's key may say and hear anything in its own account."""

    def widen(conf: str) -> str:
        at = conf.index('"PARTNER-')
        return conf[:at] + re.sub(r", permissions: .*}} }", " }", conf[at:])

    with a_ground(tmp_path_factory.mktemp("unguarded"), EVERYBODY, widen) as running:
        asyncio.run(running.as_provisioner(lambda js: apply(js, EVERYBODY)))
        yield running


@asynccontextmanager
async def signed_in(
    ground: Ground, name: str, note: Callable[[Exception], None] = lambda _: None
) -> AsyncIterator[Client]:
    """A partner's own connection, as any client of NATS makes it."""

    async def noted(error: Exception) -> None:
        note(error)

    key = a_key(name)
    client = await nats.connect(
        ground.url, nkeys_seed_str=key.seed.decode(), error_cb=noted, allow_reconnect=False
    )
    try:
        yield client
    finally:
        await client.close()


def subject_for(name: str, last: str = REFERENCE) -> str:
    return f"partner.{name}.partner_referral.sent.v1.{last}"


async def sent(ground: Ground, *subjects: str) -> None:
    """Have referral publish there, as it does."""
    client = await ground.signed_in("referral", lambda _: None)
    for subject in subjects:
        await client.jetstream().publish(subject, subject.encode(), stream="PARTNER")
    await client.close()


async def read_all(client: Client, name: str) -> list[Msg]:
    """Everything the partner's durable has for it, acknowledged."""
    subscription = await client.jetstream().pull_subscribe_bind(f"partner-{name}", "PARTNER")
    found: list[Msg] = []
    try:
        while True:
            for message in await subscription.fetch(10, timeout=1):
                await message.ack_sync(timeout=10)
                found.append(message)
    except TimeoutError:
        return found


def test_each_partner_receives_its_own_and_nothing_else(ground: Ground) -> None:
    async def read(name: str) -> list[str]:
        async with signed_in(ground, name) as client:
            return [message.subject for message in await read_all(client, name)]

    asyncio.run(sent(ground, *(subject_for(name) for name in NAMES)))
    assert {name: asyncio.run(read(name)) for name in NAMES} == {
        name: [subject_for(name)] for name in NAMES
    }
    assert {name: asyncio.run(read(name)) for name in NAMES} == {name: [] for name in NAMES}


def test_what_is_not_acknowledged_waits_while_the_partner_is_away(ground: Ground) -> None:
    async def leave_and_return() -> list[str]:
        async with signed_in(ground, "aplus") as client:
            subscription = await client.jetstream().pull_subscribe_bind("partner-aplus", "PARTNER")
            await sent(ground, subject_for("aplus", "in-hand"))
            await (await subscription.fetch(1, timeout=5))[0].nak()
        await sent(ground, subject_for("aplus", "later"))
        async with signed_in(ground, "aplus") as client:
            return [message.subject for message in await read_all(client, "aplus")]

    assert asyncio.run(leave_and_return()) == [
        subject_for("aplus", "in-hand"),
        subject_for("aplus", "later"),
    ]


def test_an_answer_arrives_as_its_own_whatever_the_message_says(ground: Ground) -> None:
    async def ask() -> tuple[list[str], bytes]:
        service = await ground.signed_in("referral", lambda _: None)
        heard: list[str] = []

        async def answer(message: Msg) -> None:
            heard.append(message.subject)
            await message.respond(b"heard")

        await service.subscribe("desk.referral.>", cb=answer)
        await service.flush()
        async with signed_in(ground, "aplus") as client:
            forged = {"actor": "supervisor-1", "role": "supervisor"}
            reply = await client.request("answer.v1", b"{}", timeout=5, headers=forged)
        await service.close()
        return heard, reply.data

    assert asyncio.run(ask()) == (["desk.referral.partner_answer.v1.aplus"], b"heard")


async def of_a_type_to_come(ground: Ground) -> int:
    """Have referral tell aplus something that no client of today knows; its place."""
    client = await ground.signed_in("referral", lambda _: None)
    headers = {"ce-type": "partner_referral.moved.v9", "ce-id": "some-id"}
    told = await client.jetstream().publish(
        subject_for("aplus"), b"{}", stream="PARTNER", headers=headers
    )
    await client.close()
    return told.seq


def test_what_a_client_does_not_know_holds_nothing_back(
    ground: Ground, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is acknowledged, and said by its type: else what follows counts as not received."""
    seed = tmp_path / "aplus.nk"
    seed.write_bytes(a_key("aplus").seed)

    async def read() -> None:
        async with PartnerClient("aplus", ground.url, seed) as partner:
            with suppress(TimeoutError):
                await asyncio.wait_for(anext(aiter(partner)), 1)

    place = asyncio.run(of_a_type_to_come(ground))
    asyncio.run(read())
    assert asyncio.run(standing(ground))["partner-aplus"] == place
    assert [each.getMessage() for each in caplog.records] == [
        "passed over, of a type this version does not know: partner_referral.moved.v9"
    ]


# --- what it may not ------------------------------------------------------------------------------


def ways_of(name: str) -> set[str]:
    """What a partner may say, from what was promised and not from the code under test."""
    return {
        f"$JS.API.CONSUMER.MSG.NEXT.PARTNER.partner-{name}",
        f"$JS.ACK.PARTNER.partner-{name}.1.1.1.1.0",
        "answer.v1",
        "outcome.v1",
        "saturation.v1",
        "entry.v1",
    }


def test_a_sandbox_may_ask_to_be_played_to_and_nobody_else() -> None:
    played = "desk.referral.partner_play.v1"
    sandbox, real = (account_conf(Partner(name, ("U",))) for name in ("sandbox-aplus", "aplus"))

    assert f'{played}.sandbox-aplus" }}, to: "sandbox.v1"' in sandbox
    assert "sandbox" not in real
    assert is_sandbox("sandbox")
    assert not any(map(is_sandbox, ("sandboxes", "a-sandbox", "aplus")))


#: What it says in its own account, as everybody calls it there.
SAID = {"answer.v1", "outcome.v1", "saturation.v1", "entry.v1"}


def of_the_stream(subject: str) -> str:
    return subject.replace("CONTACT", "PARTNER")


def probes(name: str, other: str) -> tuple[str, ...]:
    """Everything a partner could try: its own ways, another's, ours, JetStream's, the server's."""
    verbs = ("MSG.NEXT", "INFO", "DELETE", "PAUSE", "RESET", "UNPIN", "CREATE", "DURABLE.CREATE")
    return (
        *ways_of(name),
        *(ways_of(other) - SAID),
        *(f"$JS.API.CONSUMER.{verb}.PARTNER.partner-{other}" for verb in verbs),
        *(f"$JS.API.CONSUMER.{verb}.PARTNER.partner-{name}" for verb in verbs[1:]),
        *(command.subject_of(each) for each in (name, other) for command in DESK_COMMANDS),
        *(command.subject() for command in DESK_COMMANDS),
        subject_for(other),
        subject_for(name),
        "helpline.referral.sent.v1.sos-crise.x",
        "desk.intake.end_contact.v1",
        "sandbox.v1",
        "_INBOX.somebody.else",
        "_INBOX_referral.x",
        *CHANGING,
        *LOOKING,
        *map(of_the_stream, (*CHANGING, *LOOKING)),
        *ELSEWHERE,
    )


EARS = (
    *(">", "*", "*.>", "partner.>", "helpline.>", "desk.>", "$JS.>", "$SYS.>", "$JS.EVENT.>"),
    *("_INBOX_referral.>", *SAID, "$JS.EVENT.ADVISORY.>", "$JS.EVENT.METRIC.>"),
)

PAIRS = tuple(permutations(NAMES, 2))


def ears(other: str) -> tuple[str, ...]:
    """Everywhere something is to be heard that is not for a partner."""
    return (*EARS, f"partner.{other}.>", f"desk.referral.*.*.{other}")


@dataclass(frozen=True)
class Tried:
    """What the server let somebody say and hear."""

    said: set[str]
    heard: set[str]


async def try_everything(ground: Ground, name: str, other: str) -> Tried:
    refusals: list[str] = []
    async with signed_in(ground, name, lambda error: refusals.append(str(error))) as client:
        for subject in probes(name, other):
            await client.publish(subject, b"", reply="_INBOX.tried")
        for subject in ears(other):
            await client.subscribe(subject)
        await heard_out(client, refusals)
    refused = " ".join(refusals)
    return Tried(
        {each for each in probes(name, other) if f'publish to "{each.lower()}"' not in refused},
        {each for each in ears(other) if f'subscription to "{each.lower()}"' not in refused},
    )


@pytest.mark.parametrize(("name", "other"), PAIRS)
def test_a_partners_key_may_say_five_things_and_hear_its_inbox(
    ground: Ground, name: str, other: str
) -> None:
    tried = asyncio.run(try_everything(ground, name, other))

    assert tried == Tried(said=ways_of(name), heard=set())


async def reached(client: Client, subject: str) -> bool:
    """Whether anybody answers a probe.

    The account's own, empty JetStream says of anything that it is an error, and the server's
    monitoring tells an account of its own one connection: that is nobody.
    """
    try:
        reply = await client.request(subject, b"", timeout=0.5)
    except (nats.errors.NoRespondersError, nats.errors.TimeoutError):
        return False
    told = json.loads(reply.data) if reply.data.startswith(b"{") else {}
    return "error" not in told and told.get("data", {}).get("num_connections") != 1


@dataclass(frozen=True)
class Reached:
    """What an account left to itself gets out of everything it tries."""

    answered: set[str]
    heard: set[str]
    left_to_the_other: list[str]  #: what the other's durable had, and has


async def try_without_a_guard(ground: Ground, name: str, other: str) -> Reached:
    heard: set[str] = set()
    tried = probes(name, other)

    async def hear(message: Msg) -> None:
        if f'"PARTNER-{name.upper()}"'.encode() not in message.data:  # of its own vain tries
            heard.add(message.subject)

    async def answer(message: Msg) -> None:
        await message.respond(b"heard")

    service = await ground.signed_in("referral", lambda _: None)
    await service.subscribe("desk.referral.>", cb=answer)
    await service.flush()
    async with signed_in(ground, name) as client, signed_in(ground, other) as another:
        await client.subscribe(">", cb=hear)
        await client.flush()
        await another.request("answer.v1", b"{}", timeout=5)
        await read_all(another, other)
        await sent(ground, subject_for(name), subject_for(other, "untouched"))
        answers = await asyncio.gather(*(reached(client, subject) for subject in tried))
        left = [message.subject for message in await read_all(another, other)]
    await service.close()
    return Reached(
        {subject for subject, answered in zip(tried, answers, strict=True) if answered},
        {each for each in heard if not each.startswith("_INBOX.") and each not in tried},
        left,
    )


@pytest.mark.parametrize(("name", "other"), PAIRS)
def test_an_account_reaches_nothing_of_another_whatever_its_key_may(
    unguarded: Ground, name: str, other: str
) -> None:
    """Without its own permissions: nobody answers, but at its own desk, and nothing is heard."""
    found = asyncio.run(try_without_a_guard(unguarded, name, other))

    assert SAID <= found.answered <= ways_of(name)
    assert found.heard == set()
    assert found.left_to_the_other == [subject_for(other, "untouched")]
    assert asyncio.run(unguarded.as_provisioner(lambda js: drift(js, EVERYBODY))) == ()


async def standing(ground: Ground) -> dict[str, int]:
    """How far each partner's durable has been acknowledged."""

    async def look(js: nats.js.JetStreamContext) -> dict[str, int]:
        infos = await js.consumers_info("PARTNER")
        return {info.name: info.ack_floor.stream_seq for info in infos if info.ack_floor}

    return await ground.as_provisioner(look)


def test_a_partner_that_is_let_to_anothers_durable_is_noticed(tmp_path: Path) -> None:
    """The guards above were seen red this way, and stay so."""

    def widen(conf: str) -> str:
        return conf.replace("PARTNER.partner-aplus", "PARTNER.partner-bonde")

    with a_ground(tmp_path, EVERYBODY, widen) as spoilt:
        asyncio.run(spoilt.as_provisioner(lambda js: apply(js, EVERYBODY)))
        tried = asyncio.run(try_everything(spoilt, "aplus", "bonde"))

    assert "$JS.API.CONSUMER.MSG.NEXT.PARTNER.partner-bonde" in tried.said


# --- coming and going -----------------------------------------------------------------------------


async def changed(ground: Ground, partners: tuple[Partner, ...]) -> None:
    """Have the running server take up other accounts, as an operator has it do."""
    tables: tuple[Table, ...] = (*SERVICES, *partners)
    conf = server_conf(tables, ensure_keys(ground.keys, tables), ground.keys.parent)
    (ground.keys.parent / SERVER_FILE).write_text(conf)
    assert ground.server.child is not None
    await take_up_accounts(ground.server.address.monitoring_url, ground.server.child.pid)


async def enters(ground: Ground, name: str) -> bool:
    try:
        async with signed_in(ground, name):
            return True
    except nats.errors.Error:
        return False


def soon(ground: Ground, name: str, wanted: bool) -> bool:
    """Whether a key opens the door, or no longer does, within five seconds."""
    for _ in range(100):
        if asyncio.run(enters(ground, name)) is wanted:
            return True
        time.sleep(0.05)
    return False


def test_a_key_is_changed_for_another_without_a_moment_closed(tmp_path: Path) -> None:
    old, new = public("aplus"), public("aplus-new")
    with a_ground(tmp_path, EVERYBODY) as ground:
        asyncio.run(ground.as_provisioner(lambda js: apply(js, EVERYBODY)))
        asyncio.run(changed(ground, (Partner("aplus", (old, new)),)))
        assert soon(ground, "aplus-new", wanted=True)
        assert asyncio.run(enters(ground, "aplus"))
        asyncio.run(changed(ground, (Partner("aplus", (new,)),)))
        assert soon(ground, "aplus", wanted=False)

        asyncio.run(sent(ground, subject_for("aplus")))

        async def read() -> list[str]:
            async with signed_in(ground, "aplus-new") as client:
                return [message.subject for message in await read_all(client, "aplus")]

        assert asyncio.run(read()) == [subject_for("aplus")]


def test_who_leaves_is_put_out_and_its_durable_goes_with_the_operators_word(tmp_path: Path) -> None:
    with a_ground(tmp_path, EVERYBODY) as ground:
        asyncio.run(ground.as_provisioner(lambda js: apply(js, EVERYBODY)))

        async def is_put_out() -> None:
            gone = asyncio.Event()

            async def closed() -> None:
                gone.set()

            seed = a_key("aplus").seed.decode()
            await nats.connect(
                ground.url, nkeys_seed_str=seed, allow_reconnect=False, closed_cb=closed
            )
            await changed(ground, PARTNERS[1:])
            await asyncio.wait_for(gone.wait(), 5)

        asyncio.run(is_put_out())
        assert not asyncio.run(enters(ground, "aplus"))
        assert asyncio.run(enters(ground, "bonde"))

        left: tuple[Table, ...] = (*SERVICES, *PARTNERS[1:])
        allowed = Consent(remove_durables=True)
        asyncio.run(ground.as_provisioner(lambda js: apply(js, left, consent=allowed)))
        assert "partner-aplus" not in asyncio.run(standing(ground))


# --- the files ------------------------------------------------------------------------------------


KEY = "UBH25RKJ662GL7HEBYX4OFMGK24WMAK4AP4I3MSIHEK5IPXX67BKHJSG"


def a_file(folder: Path, name: str = "aplus", /, **fields: object) -> Path:
    written: dict[str, object] = {
        "partner": name,
        "called": "Association A+",
        "relays": ["fr-aplus"],
        **fields,
    }
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(written))
    return file


def test_partners_are_read_from_their_files(tmp_path: Path) -> None:
    a_file(tmp_path, nats_keys=[public("aplus")])
    a_file(tmp_path, "bonde", nats_keys=[public("bonde")], state="left")
    a_file(tmp_path, "cordee")
    a_file(tmp_path, "damier", desk=True)
    a_file(tmp_path, "ecluse", desk=True, state="left")

    assert read_partners(tmp_path) == (
        Partner("aplus", (public("aplus"),)),
        Partner("damier", (), desk=True),
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"partner": "other"}, "aplus.yaml: partner: it is 'other'; call the file other.yaml"),
        ({"nats_keys": ["SUSEED"]}, "aplus.yaml: nats_keys.0: expected: public halves of nkeys"),
        ({"nats_keys": ["U" + "A" * 55]}, "aplus.yaml: nats_keys.0: it is mistyped"),
        ({"nats_keys": [KEY, KEY]}, "aplus.yaml: nats_keys: one stands there twice"),
        ({"sealing_key": "A" * 43 + "="}, "aplus.yaml: sealing_key: it is nobody's key"),
        ({"phone": 1}, "aplus.yaml: phone: there is no field of this name"),
        ({"called": None, "phone": 1}, "aplus.yaml: called: Input should be a valid string\n"),
        ({"relays": 3}, "aplus.yaml: relays: Input should be a valid array"),
    ],
)
def test_a_flawed_file_says_where_and_why(
    tmp_path: Path, fields: dict[str, object], said: str
) -> None:
    file = a_file(tmp_path, **fields)
    file.rename(tmp_path / "aplus.yaml")

    with pytest.raises(PartnersFlawed, match=re.escape(said)):
        read_partners(tmp_path)


def test_a_sandbox_that_stands_for_relays_is_flawed(tmp_path: Path) -> None:
    with pytest.raises(PartnersFlawed, match="relays: a sandbox stands for none"):
        read_partner(a_file(tmp_path, "sandbox-aplus"))
    assert read_partner(a_file(tmp_path, "sandbox-aplus", relays=[])).relays == ()


def test_a_file_that_is_no_yaml_says_so(tmp_path: Path) -> None:
    (tmp_path / "aplus.yaml").write_text("partner: [\n")

    with pytest.raises(PartnersFlawed, match=r"aplus\.yaml: line 2: expected the node content"):
        read_partners(tmp_path)


def test_a_key_signs_in_for_one_partner_alone(tmp_path: Path) -> None:
    a_file(tmp_path, nats_keys=[KEY])
    a_file(tmp_path, "bonde", nats_keys=[KEY], state="left")
    assert [each.name for each in read_partners(tmp_path)] == ["aplus"]
    a_file(tmp_path, "bonde", nats_keys=[KEY])

    with pytest.raises(PartnersFlawed, match=r"bonde\.yaml: nats_keys: .* signs in for aplus"):
        read_partners(tmp_path)
