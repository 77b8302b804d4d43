"""The table of DESIGN 6 on real servers: what FastStream and JetStream do when left alone."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from prometheus_client import Gauge
from sqlmodel import Session

from contracts.envelope import Stream
from services.bus import consumer as consumer_module
from services.bus import metrics, scrape
from services.bus import stream as stream_module
from services.bus.driver import ask, only
from services.bus.logs import JsonLines
from services.bus.ops import ops_app
from services.bus.runner import DurableMissing, RunningService
from services.bus.table import Service
from tests.bus.live import LiveGround, a_live_ground, running, until
from tests.bus.tally import PLANTED, TALLY
from tests.bus.test_transact import an_opened_contact

#: In the shape of nothing of ours: if it shows up anywhere, a payload has leaked.
CANARY = "0639980000"
AN_ENVELOPE = {
    "ce-id": "11111111-1111-4111-8111-111111111111",
    "ce-type": "contact.opened.v1",
    "ce-source": "intake",
    "ce-time": "2020-04-06T12:00:00Z",
    "ce-subject": "contact:11111111-1111-4111-8111-111111111111",
    "ce-version": "1",
    "ce-programme": "sos-crise",
}
Scene = Callable[[LiveGround], Awaitable[None]]


@pytest.fixture
def play(fresh_database: str, tmp_path: Path) -> Callable[[Scene], None]:
    """Play a scene on a ground provisioned for the tally."""

    async def on_ground(scene: Scene, tables: tuple[Service, ...]) -> None:
        async with a_live_ground(tables, fresh_database, tmp_path) as ground:
            await scene(ground)

    return lambda scene: asyncio.run(on_ground(scene, (TALLY,)))


def handled(ground: LiveGround) -> int:
    return ground.count("SELECT count(*) FROM intake.tally")


def parked(ground: LiveGround, reason: str) -> int:
    return ground.count(f"SELECT count(*) FROM intake.parked WHERE reason = '{reason}'")


def published(ground: LiveGround) -> int:
    return ground.count("SELECT count(*) FROM intake.outbox WHERE published_at IS NOT NULL")


async def pending(ground: LiveGround) -> int:
    info = await ground.js.consumer_info("CONTACT", TALLY.durable(Stream.CONTACT))
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


def test_event_is_handled_answered_and_stamped(play: Callable[[Scene], None]) -> None:
    async def scene(ground: LiveGround) -> None:
        async with running(ground, TALLY):
            await ground.publish(an_opened_contact())
            await until(lambda: published(ground) == 1)
        assert await pending(ground) == 0

    play(scene)


def test_failing_handler_is_tried_again_with_pauses_then_parked(
    play: Callable[[Scene], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("services.bus.failure._PAUSES_SECONDS", (0.05, 0.1, 0.2))
    monkeypatch.setattr("services.bus.failure.TRIED_FOR", timedelta(seconds=2))
    opened, other = an_opened_contact(), an_opened_contact()

    async def scene(ground: LiveGround) -> None:
        PLANTED[opened.contact_id] = RuntimeError(CANARY)
        try:
            async with running(ground, TALLY):
                begun = time.monotonic()
                await ground.publish(opened)
                await ground.publish(other)
                await until(lambda: parked(ground, "handler_failed") == 1)
                assert time.monotonic() - begun > 2, "a release may be taken back within that time"
                attempts = sum(record.message == "handler failed" for record in caplog.records)
                # Of 0.15 s and then 0.2 s each, a fifth shorter by jitter.
                assert 8 <= attempts <= 15, "without pauses a server is hammered"
                await until(lambda: handled(ground) == 1)
            info = await ground.js.consumer_info("CONTACT", TALLY.durable(Stream.CONTACT))
            assert info.num_redelivered in (0, None)
            assert await pending(ground) == 0
        finally:
            del PLANTED[opened.contact_id]

    play(scene)
    lines = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert "handler failed" in lines
    assert CANARY not in lines, "what an exception says may hold a value"


async def figures_of(service: RunningService) -> str:
    transport = httpx.ASGITransport(ops_app([service]))
    async with httpx.AsyncClient(transport=transport, base_url="http://ops") as http:
        return (await http.get("/metrics")).text


def test_a_scrape_tells_what_is_parked_now(
    play: Callable[[Scene], None],
) -> None:
    async def scene(ground: LiveGround) -> None:
        async with running(ground, TALLY) as service:
            found = await figures_of(service)
            assert 'helpline_bus_parked_messages{service="intake"} 0.0' in found
            assert 'helpline_bus_outbox_age_seconds{service="intake"} 0.0' in found
            good = an_opened_contact()
            await ground.publish_raw(good.subject(), b"{not json", AN_ENVELOPE)
            await until(lambda: parked(ground, "json_invalid") == 1)
            found = await figures_of(service)
            assert 'helpline_bus_parked_messages{service="intake"} 1.0' in found

    play(scene)


KNOWN = Gauge("helpline_intake_known_contacts", "Of the tally, in one scene", ["kind"])


def count_known(session: Session) -> None:
    metrics.set_all(KNOWN, {("any",): only(ask(session, "SELECT count(*) FROM intake.tally"))[0]})


@pytest.mark.parametrize(
    ("locked", "silent", "gone", "there"),
    [
        ("tally", "standing", "helpline_intake_known_contacts", "helpline_bus_parked_messages"),
        ("parked", "ledger", "helpline_bus_parked_messages", "helpline_intake_known_contacts"),
    ],
)
def test_a_scrape_answers_beside_a_locked_table_and_says_what_could_not_be_read(
    play: Callable[[Scene], None],
    fresh_database: str,
    locked: str,
    silent: str,
    gone: str,
    there: str,
) -> None:
    def read(figures: str, question: str) -> bool:
        told = f'helpline_bus_figures_read{{question="{question}",service="intake"}}'
        return f"{told} 1.0" in figures

    async def scene(ground: LiveGround) -> None:
        async with running(ground, replace(TALLY, standing=count_known)) as service:
            before = await figures_of(service)
            with psycopg.connect(fresh_database) as other:
                other.execute(f"LOCK TABLE intake.{locked} IN ACCESS EXCLUSIVE MODE".encode())
                begun = time.monotonic()
                during = await figures_of(service)
                took = time.monotonic() - begun
            after = await figures_of(service)
        assert took < scrape._PATIENCE_SECONDS, (
            "it is the statement that gives up, and frees its thread"
        )
        for figures, answered in ((before, True), (during, False), (after, True)):
            assert (f"\n{gone}{{" in figures) is answered
            assert f"\n{there}{{" in figures
            assert read(figures, silent) is answered
            assert sum(read(figures, each) for each in ("ledger", "standing")) == 1 + answered

    play(scene)


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        pytest.param(b"{not json " + CANARY.encode(), {}, "json_invalid", id="malformed"),
        pytest.param(b'{"contact_id": "' + CANARY.encode() + b'"}', {}, None, id="wrong field"),
        pytest.param(b"{}", {"ce-type": "contact.opened.v9"}, "wrong_version", id="other version"),
        pytest.param(b"{}", {"ce-id": CANARY}, "string_pattern_mismatch", id="no id"),
        pytest.param(b"{}", {"ce-source": "triage"}, "not_its_publisher", id="forged source"),
        pytest.param(b"{}", {"ce-type": "contact.ended.v1"}, "subject_differs", id="forged type"),
    ],
)
def test_unreadable_message_is_parked_at_once_and_leaks_nothing(
    play: Callable[[Scene], None],
    caplog: pytest.LogCaptureFixture,
    body: bytes,
    headers: dict[str, str],
    reason: str | None,
) -> None:
    caplog.set_level(logging.DEBUG)

    async def scene(ground: LiveGround) -> None:
        good = an_opened_contact()
        envelope = AN_ENVELOPE | headers
        async with running(ground, TALLY):
            await ground.publish_raw(good.subject(), body, envelope)
            await ground.publish(good)
            await until(lambda: ground.count("SELECT count(*) FROM intake.parked") == 1)
            await until(lambda: handled(ground) == 1)
        assert reason is None or parked(ground, reason) == 1
        rows = ground.count(
            f"SELECT count(*) FROM intake.parked p WHERE to_jsonb(p)::text LIKE '%{CANARY}%'"
        )
        assert rows == 0, "the parked row says where the message is, never what it holds"

    play(scene)
    lines = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert "message parked" in lines
    assert CANARY not in lines


def test_unknown_field_on_the_bus_is_ignored_and_counted(
    play: Callable[[Scene], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_keys_seen", set())  # other tests' keys are told apart too

    async def scene(ground: LiveGround) -> None:
        opened = an_opened_contact()
        body = opened.model_dump_json().replace("{", '{"brand_new": 1, ', 1)
        async with running(ground, TALLY):
            id = await ground.publish(an_opened_contact())
            assert id
            await ground.publish_raw(opened.subject(), body.encode(), AN_ENVELOPE)
            await until(lambda: handled(ground) == 2)

    before = metrics.ignored.labels("contact.opened.v1", "brand_new")._value.get()
    play(scene)
    assert metrics.ignored.labels("contact.opened.v1", "brand_new")._value.get() == before + 1


def test_start_of_a_service_leaves_stored_events_alone(play: Callable[[Scene], None]) -> None:
    async def scene(ground: LiveGround) -> None:
        for _ in range(100):
            await ground.publish(an_opened_contact())
        before = (await ground.js.stream_info("CONTACT")).config
        async with running(ground, TALLY):
            await until(lambda: handled(ground) == 100)
        info = await ground.js.stream_info("CONTACT")
        assert info.config == before
        assert info.state.messages >= 100

    play(scene)


def test_service_refuses_to_start_on_a_durable_that_differs(play: Callable[[Scene], None]) -> None:
    async def scene(ground: LiveGround) -> None:
        await ground.js.delete_consumer("CONTACT", TALLY.durable(Stream.CONTACT))
        with pytest.raises(DurableMissing, match="provision apply"):
            async with running(ground, TALLY):
                pass

    play(scene)


def test_nats_away_for_more_tries_than_the_client_gives_by_default(
    play: Callable[[Scene], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """nats-py gives up for ever after 60 tries; here they are a hundredth of a second apart."""
    monkeypatch.setattr(stream_module, "_any_server_soon", lambda servers, _: (servers[0], 0.01))

    async def scene(ground: LiveGround) -> None:
        async with running(ground, TALLY) as service:
            await ground.publish(an_opened_contact())
            await until(lambda: published(ground) == 1)
            ground.nats.kill_immediately()
            await asyncio.sleep(3)
            assert not service.healthy
            ground.nats.start()
            async with ground.signed_in_again() as back:
                await back.publish(an_opened_contact())
                await until(lambda: published(ground) == 2)
            assert service.healthy

    play(scene)


def test_outbox_row_not_acknowledged_is_forwarded_later(play: Callable[[Scene], None]) -> None:
    """A process killed between commit and publish leaves such a row behind."""

    async def scene(ground: LiveGround) -> None:
        async with running(ground, TALLY) as service:
            service._forwarder.publish = _never  # type: ignore[method-assign]
            await ground.publish(an_opened_contact())
            await until(lambda: published(ground) == 1)
        stored = await ground.js.stream_info("CONTACT")
        assert stored.state.messages == 2

    play(scene)


async def _never(announced: object) -> None:
    """Publish nothing, as a process that was killed."""


def test_each_publish_waits_for_the_streams_acknowledgement(play: Callable[[Scene], None]) -> None:
    async def scene(ground: LiveGround) -> None:
        async with running(ground, TALLY):
            await ground.publish(an_opened_contact())
            await until(lambda: published(ground) == 1)
        number = ground.count("SELECT stream_sequence FROM intake.outbox")
        message = await ground.js.get_msg("CONTACT", seq=number)
        assert message.headers is not None
        assert message.headers["ce-type"] == "contact.ended.v1"
        assert message.headers["Nats-Msg-Id"] == message.headers["ce-id"]

    play(scene)


def test_metrics_carry_the_durable_never_a_subject(play: Callable[[Scene], None]) -> None:
    async def scene(ground: LiveGround) -> None:
        opened = an_opened_contact()
        async with running(ground, TALLY):
            await ground.publish(opened)
            await until(lambda: handled(ground) == 1)
        from prometheus_client import generate_latest

        figures = generate_latest().decode()
        assert 'durable="intake-contact"' in figures
        assert opened.contact_id not in figures
        assert "helpline.contact" not in figures

    play(scene)


def test_trace_goes_through_the_outbox(play: Callable[[Scene], None]) -> None:
    opened = an_opened_contact()
    trace = f"00-{opened.contact_id.replace('-', '')}-b7ad6b7169203331-00"

    async def scene(ground: LiveGround) -> None:
        async with running(ground, TALLY):
            await ground.publish(opened, headers={"ce-traceparent": trace})
            await until(lambda: published(ground) == 1)
        same = ground.count(
            f"SELECT count(*) FROM intake.outbox WHERE envelope->>'traceparent' = '{trace}'"
        )
        assert same == 1

    play(scene)


def test_postgres_away_stops_the_fetching_and_counts_no_failure(
    play: Callable[[Scene], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[int] = []
    monkeypatch.setattr(
        consumer_module, "answer_to_failure", lambda count, _: failures.append(count)
    )

    async def scene(ground: LiveGround) -> None:
        async with running(ground, TALLY) as service:
            lane = service._consumers[Stream.CONTACT]._lane
            await asyncio.to_thread(_cut_off, ground, lane)
            await ground.publish(an_opened_contact())
            await asyncio.sleep(1.5)
            assert not service.healthy
            await asyncio.to_thread(_let_in, ground)
            await until(lambda: handled(ground) == 1)

    play(scene)
    assert failures == []


def _cut_off(ground: LiveGround, lane: object) -> None:
    """Refuse the service's role, as a Postgres that is down does, and drop its connections."""
    _as_owner(ground, "ALTER ROLE helpline_intake NOLOGIN")
    _as_owner(
        ground,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'helpline_intake'",
    )


def _let_in(ground: LiveGround) -> None:
    _as_owner(ground, "ALTER ROLE helpline_intake LOGIN")


def _as_owner(ground: LiveGround, statement: str) -> None:
    from sqlalchemy import create_engine, text

    engine = create_engine(ground.owner_dsn)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
