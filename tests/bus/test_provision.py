"""What provisioning declares, how a real server is brought there, and that nothing is lost."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from nats.js import JetStreamContext
from nats.js.api import (
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import APIError

from contracts.catalogue import EVENTS
from contracts.contact import ContactEnded, ContactOpened
from contracts.envelope import Event
from services.bus.provision.apply import NO_CONSENT, Consent, Refused, apply
from services.bus.provision.declared import ADVISORY, PERMANENT, PILOT, Keeping, Scale, declare
from services.bus.provision.drift import Difference, drift, drift_of
from services.bus.table import On, Service
from tests.bus.provision_ground import TABLES, Ground, a_ground, by_hand, never

STORED = 100
LATER = "2100-01-01T00:00:00Z"


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """A server of the test's own, with accounts and nothing in it."""
    with a_ground(tmp_path) as running:
        yield running


def service_named(name: str) -> Service:
    """One of the tables."""
    return next(service for service in TABLES if service.name == name)


def tables_with(changed: Service) -> tuple[Service, ...]:
    """The tables, with one service changed."""
    return tuple(changed if service.name == changed.name else service for service in TABLES)


def consuming(service: Service, *events: type[Event]) -> Service:
    """The same service, reading exactly these."""
    return replace(service, consumes=tuple(On(event, never) for event in events))


def keeping(stream: str, kept: Keeping) -> Scale:
    """The pilot, with one stream kept otherwise."""
    return replace(PILOT, keeping=MappingProxyType({**PILOT.keeping, stream: kept}))


def a_hundred_events(ground: Ground) -> None:
    """Have intake open and end fifty contacts."""

    async def publish() -> None:
        intake = await ground.signed_in("intake", _fail)
        for number in range(STORED // 2):
            for fact in ("opened", "ended"):
                await intake.jetstream().publish(
                    f"helpline.contact.{fact}.v1.sos-crise.{number}", b"{}", stream="CONTACT"
                )
        await intake.close()

    asyncio.run(publish())


def read_by(ground: Ground, service: str, count: int) -> list[str]:
    """Have a service read and acknowledge up to `count` events of CONTACT; their facts."""

    async def read() -> list[str]:
        client = await ground.signed_in(service, _fail)
        subscription = await client.jetstream().pull_subscribe(
            "", durable=f"{service}-contact", stream="CONTACT"
        )
        messages = await subscription.fetch(count, timeout=2)
        for message in messages:
            await message.ack_sync()
        await client.close()
        return [message.subject.removeprefix("helpline.contact.") for message in messages]

    return asyncio.run(read())


def _fail(error: Exception) -> None:
    raise AssertionError(f"the server refused: {error}")


def provision(
    ground: Ground,
    tables: tuple[Service, ...] = TABLES,
    scale: Scale = PILOT,
    consent: Consent = NO_CONSENT,
) -> tuple[Difference, ...]:
    """Run `apply` as the provisioner."""
    return asyncio.run(ground.as_provisioner(lambda js: apply(js, tables, scale, consent)))


def differences(ground: Ground, tables: tuple[Service, ...] = TABLES) -> list[str]:
    """Run `drift` as the provisioner; one sentence each."""
    found = asyncio.run(ground.as_provisioner(lambda js: drift(js, tables)))
    return [str(difference) for difference in found]


def stored(ground: Ground) -> int:
    """How many events CONTACT holds."""
    info = asyncio.run(ground.as_provisioner(lambda js: js.stream_info("CONTACT")))
    return info.state.messages


# --- declared -------------------------------------------------------------------------------------


def test_every_event_of_the_catalogue_is_kept_in_its_stream_and_in_no_other() -> None:
    places: dict[str, set[str]] = {}
    for stream in declare(TABLES).streams:
        for subject in stream.subjects or ():
            places.setdefault(subject, set()).add(str(stream.name))

    for event in EVENTS:
        assert places[event.subject_filter()] == {event.stream.value}


def test_streams_refuse_when_full_and_forget_by_age_only() -> None:
    for stream in declare(TABLES).streams:
        kept = PILOT.keeping[str(stream.name)]
        assert (stream.retention, stream.discard) == (RetentionPolicy.LIMITS, DiscardPolicy.NEW)
        assert (stream.max_bytes, stream.max_age) == (kept.max_bytes, kept.max_age.total_seconds())
        assert (stream.max_msgs, stream.max_msgs_per_subject) == (-1, -1)
        assert (stream.deny_delete, stream.deny_purge) == (True, True)
        assert (stream.storage, stream.duplicate_window) == (StorageType.FILE, 120)


@pytest.mark.parametrize("scale", [PILOT, PERMANENT], ids=lambda scale: scale.name)
def test_streams_fit_into_the_store(scale: Scale) -> None:
    reserved = sum(kept.max_bytes for kept in scale.keeping.values())
    assert reserved <= 0.9 * scale.store_bytes
    assert {stream.num_replicas for stream in declare(TABLES, scale).streams} == {scale.replicas}


def test_durable_is_what_the_table_says() -> None:
    triage = next(d for d in declare(TABLES).durables if d.name == "triage-contact")

    assert triage.stream == "CONTACT"
    assert triage.config.filter_subjects == ["helpline.contact.opened.v1.>"]
    assert triage.config.ack_wait == service_named("triage").ack_wait().total_seconds()
    assert triage.config.max_deliver == -1
    assert triage.config.inactive_threshold is None
    assert triage.config.deliver_subject is None


# --- apply ----------------------------------------------------------------------------------------


def test_apply_creates_what_is_missing_and_then_changes_nothing(ground: Ground) -> None:
    assert len(differences(ground)) == len(provision(ground)) > 10
    assert differences(ground) == []
    assert provision(ground) == ()


def test_stored_events_survive_apply_twice_and_a_changed_limit(ground: Ground) -> None:
    provision(ground)
    a_hundred_events(ground)
    read = read_by(ground, "quality", 30)

    provision(ground)
    smaller = keeping("CONTACT", Keeping(512 * 1024**2, timedelta(days=120)))
    changed = provision(ground, scale=smaller)
    provision(ground, scale=smaller)

    assert {difference.field for difference in changed} == {"max_bytes", "max_age"}
    assert stored(ground) == STORED
    assert read + read_by(ground, "quality", STORED - 30) == [
        f"{fact}.v1.sos-crise.{number}" for number in range(50) for fact in ("opened", "ended")
    ]


def test_rewritten_stream_is_named_field_by_field_and_put_back(ground: Ground) -> None:
    provision(ground)
    a_hundred_events(ground)

    async def rewrite(js: JetStreamContext) -> None:
        config = (await js.stream_info("CONTACT")).config
        await js.update_stream(config.evolve(max_msgs=1000, discard="old", max_age=0))

    by_hand(ground, rewrite)

    assert differences(ground) == [
        "CONTACT discard: declared 'new', live 'old'",
        "CONTACT max_age: declared 7776000.0, live None",
        "CONTACT max_msgs: declared -1, live 1000",
    ]
    provision(ground, consent=Consent(drop_events=True))
    assert differences(ground) == []
    assert stored(ground) == STORED


def test_limit_below_what_is_stored_is_refused_before_anything_changes(ground: Ground) -> None:
    provision(ground)
    a_hundred_events(ground)
    cases = {
        "max_bytes": keeping("CONTACT", Keeping(1000, timedelta(days=90))),
        "max_age": keeping("CONTACT", Keeping(1024**3, timedelta(seconds=1))),
    }
    for field, scale in cases.items():
        with pytest.raises(Refused, match=rf"CONTACT {field}.*--drop-events"):
            provision(ground, (service_named("intake"),), scale)
    assert differences(ground) == []
    assert stored(ground) == STORED

    provision(ground, scale=cases["max_bytes"], consent=Consent(drop_events=True))
    provision(ground)
    assert stored(ground) == STORED


def test_changed_durable_is_updated_and_keeps_its_place(ground: Ground) -> None:
    provision(ground)
    a_hundred_events(ground)
    read_by(ground, "quality", 30)
    slower = replace(service_named("quality"), statement_timeout=timedelta(seconds=5))

    assert "quality-contact ack_wait: declared 10.5, live 4.5" in "".join(
        differences(ground, tables_with(slower))
    )
    provision(ground, tables_with(slower))

    assert differences(ground, tables_with(slower)) == []
    assert read_by(ground, "quality", 1) == ["opened.v1.sos-crise.15"]


def test_event_newly_consumed_is_delivered_from_the_first_stored_one(ground: Ground) -> None:
    """Left alone, the server gives an existing durable only what is stored after the change."""
    before = consuming(service_named("quality"), ContactOpened)
    after = consuming(before, ContactOpened, ContactEnded)
    provision(ground, tables_with(before))
    a_hundred_events(ground)
    assert len(read_by(ground, "quality", 50)) == 50

    provision(ground, tables_with(after))

    assert differences(ground, tables_with(after)) == []
    ended = [fact for fact in read_by(ground, "quality", STORED) if fact.startswith("ended")]
    assert ended == [f"ended.v1.sos-crise.{number}" for number in range(50)]


def test_change_cut_short_is_finished_by_the_next_apply(ground: Ground) -> None:
    before = consuming(service_named("quality"), ContactOpened)
    provision(ground, tables_with(before))
    a_hundred_events(ground)
    read_by(ground, "quality", 50)

    async def pause_widen_and_die(js: JetStreamContext) -> None:
        await js.pause_consumer("CONTACT", "quality-contact", LATER)
        config = (await js.consumer_info("CONTACT", "quality-contact")).config
        both = [ContactOpened.subject_filter(), ContactEnded.subject_filter()]
        await js.add_consumer("CONTACT", config.evolve(filter_subjects=both))

    by_hand(ground, pause_widen_and_die)
    after = tables_with(consuming(before, ContactOpened, ContactEnded))
    assert any("quality-contact paused" in line for line in differences(ground, after))

    provision(ground, after)

    assert differences(ground, after) == []
    assert "ended.v1.sos-crise.0" in read_by(ground, "quality", STORED)


def test_durable_nobody_declares_is_named_and_removed_only_when_told(ground: Ground) -> None:
    provision(ground)
    left = tuple(service for service in TABLES if service.name != "quality")
    named = [
        "ASSIGNMENT/quality-assignment existence: declared None, live 'present'",
        "CONTACT/quality-contact existence: declared None, live 'present'",
    ]

    assert differences(ground, left) == named
    provision(ground, left)
    assert differences(ground, left) == named
    provision(ground, left, consent=Consent(remove_durables=True))
    assert differences(ground, left) == []


def test_stream_nobody_declares_is_named_and_never_removed(ground: Ground) -> None:
    provision(ground)
    by_hand(ground, lambda js: js.add_stream(name="MINE", subjects=["mine.>"], max_bytes=1000))

    provision(ground, consent=Consent(remove_durables=True, drop_events=True))

    assert differences(ground) == ["MINE existence: declared None, live 'present'"]


def test_what_the_server_cannot_change_is_refused_by_name(ground: Ground) -> None:
    async def push(js: JetStreamContext) -> None:
        await js.delete_consumer("CONTACT", "quality-contact")
        config = ConsumerConfig(durable_name="quality-contact", deliver_policy=DeliverPolicy.NEW)
        await js.add_consumer("CONTACT", config, name="quality-contact")

    provision(ground)
    by_hand(ground, push)

    with pytest.raises(Refused, match=r"CONTACT/quality-contact deliver_policy.*server refuses"):
        provision(ground)


def test_events_cannot_be_deleted_or_purged_even_by_the_provisioner(ground: Ground) -> None:
    provision(ground)
    a_hundred_events(ground)

    for attempt in (lambda js: js.delete_msg("CONTACT", 1), lambda js: js.purge_stream("CONTACT")):
        with pytest.raises(APIError):
            by_hand(ground, attempt)
    assert stored(ground) == STORED


def test_terminated_message_leaves_an_advisory(ground: Ground) -> None:
    provision(ground)
    a_hundred_events(ground)

    async def give_up() -> None:
        client = await ground.signed_in("quality", _fail)
        subscription = await client.jetstream().pull_subscribe(
            "", durable="quality-contact", stream="CONTACT"
        )
        (message,) = await subscription.fetch(1, timeout=2)
        await message.term()
        await client.flush()
        await client.close()

    async def advisories(js: JetStreamContext) -> int:
        for _ in range(100):
            kept = (await js.stream_info(ADVISORY)).state.messages
            if kept:
                return kept
            await asyncio.sleep(0.02)
        return 0

    asyncio.run(give_up())
    assert asyncio.run(ground.as_provisioner(advisories)) == 1


def test_service_sees_the_drift_of_its_own_durables_with_its_own_key(ground: Ground) -> None:
    provision(ground)

    async def look() -> list[str]:
        client = await ground.signed_in("quality", _fail)
        found = await drift_of(client.jetstream(), service_named("quality"))
        await client.close()
        return [str(difference) for difference in found]

    assert asyncio.run(look()) == []
    by_hand(ground, lambda js: js.delete_consumer("CONTACT", "quality-contact"))
    assert asyncio.run(look()) == [
        "CONTACT/quality-contact existence: declared 'present', live None"
    ]


def test_stream_config_is_never_shared_between_two_calls() -> None:
    """nats-py's values can be changed: one caller must not spoil the next."""
    first: StreamConfig = declare(TABLES).streams[0]
    first.max_bytes = 1
    assert declare(TABLES).streams[0].max_bytes != 1
