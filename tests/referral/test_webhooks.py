"""Webhooks of partners, from the referral that is sent to a receiver that verifies, over TLS."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select
from standardwebhooks import Webhook, WebhookVerificationError

from contracts.envelope import Reply, ReplyStatus, Stream
from contracts.partner import (
    PartnerReferralExpired,
    PartnerReferralSent,
    PartnerReferralWithdrawn,
    PartnerWebhookGivenUp,
    PartnerWebhookSeenTo,
    ReplayPartner,
)
from contracts.promise import Deprecation
from contracts.referral import CloseReferral, ReferralExpired, VerifyRelay
from contracts.vocabulary import (
    PartnerState,
    ReferralClosing,
    ReferralId,
    Refusal,
    RelayId,
    Role,
    WebhookEnd,
)
from deploy.ground import make_key
from services.bus.door import StartRefused
from services.bus.provision.declared import SCALES
from services.bus.sealing import key_from
from services.bus.tasks import ended
from services.bus.testing import ServiceUnderTest
from services.referral import metrics
from services.referral.partners import webhooks
from services.referral.partners.partners import PartnerRow
from services.referral.partners.posting import PAUSES, Attempt, keep_attempt, pause_after
from services.referral.partners.postman import WEBHOOK_KEY, Postman, secret_for
from services.referral.partners.webhooks import WebhookAttemptRow, WebhookOrderRow
from services.referral.settings import Settings
from tests.authority import Authority
from tests.partner.receiver import Receiver, a_receiver, listening
from tests.referral.test_guard import HERE, shown_by
from tests.referral.test_handing import APLUS, OTHER, applied, sent, told
from tests.referral.test_handlers import PROPOSE, a_line_that, status
from tests.risk.doors import RiskDoor
from tests.triage.builders import CONTACT, LINE, NOON


@dataclass
class Scene:
    """A partner with a webhook alone, its receiver, and a postman."""

    referral: ServiceUnderTest
    receiver: Receiver
    settings: Settings

    @property
    def key(self) -> bytes:
        return key_from(self.settings.keys_dir / WEBHOOK_KEY)

    def apply(self, **fields: Any) -> Reply:
        known = {"nats_keys": (), "webhook": {"url": self.receiver.url}}
        return applied(self.referral, **known | fields)

    def carry_out(self) -> int:
        """Post what is to be posted now, one after the other, until nothing is left."""

        async def run() -> int:
            postman = Postman(RiskDoor(self.referral, service="referral"), self.settings)
            posted = 0
            while count := await postman.carry_out():
                posted += count
            return posted

        return asyncio.run(run())

    def answers(self) -> list[str]:
        query = select(WebhookAttemptRow).order_by(WebhookAttemptRow.number)  # type: ignore[arg-type]
        return self.referral.read(lambda session: [row.answer for row in session.exec(query)])

    def states(self) -> list[str]:
        query = select(WebhookOrderRow).order_by(WebhookOrderRow.position)  # type: ignore[arg-type]
        return self.referral.read(lambda session: [row.state for row in session.exec(query)])

    def given_up(self) -> str | None:
        def why(session: Any) -> str | None:
            row = session.get(PartnerRow, APLUS)
            assert row is not None
            return row.webhook_given_up_why if row.webhook_given_up_at else None

        return self.referral.read(why)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("webhooks"))


@pytest.fixture(scope="module")
def shown(authority: Authority) -> ssl.SSLContext:
    return shown_by(authority, HERE)


@pytest.fixture
def scene(
    held: ServiceUnderTest, tmp_path: Path, authority: Authority, shown: ssl.SSLContext
) -> Iterator[Scene]:
    make_key(tmp_path / WEBHOOK_KEY)
    secret = secret_for(key_from(tmp_path / WEBHOOK_KEY), APLUS, 1)
    with a_receiver(shown, secret) as receiver:
        settings = Settings(
            receivers_here=frozenset({receiver.port}),
            receivers_ca_file=authority.ca,
            keys_dir=tmp_path,
        )
        made = Scene(held, receiver, settings)
        assert made.apply().status is ReplyStatus.DONE
        yield made


def test_a_type_that_will_go_says_so_at_each_post(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = Deprecation(date(2026, 1, 14), date(2026, 8, 1))
    monkeypatch.setattr(PartnerReferralSent, "deprecated", going)
    sent(scene.referral)
    assert scene.carry_out() == 1

    (headers,) = scene.receiver.headers
    assert headers["sunset"] == "Sat, 01 Aug 2026 00:00:00 GMT"
    assert headers["deprecation"] == going.headers["Deprecation"]


def test_a_receiver_has_the_very_event_signed_and_once(scene: Scene) -> None:
    sent(scene.referral)
    assert scene.carry_out() == 1
    assert scene.carry_out() == 0

    event = told(scene.referral)
    (body,) = scene.receiver.events.values()
    with scene.referral.session() as session:
        row = session.execute(
            text("SELECT envelope, body FROM referral.outbox WHERE stream = 'PARTNER'")
        ).one()
    assert body["data"] == json.loads(row.body) == event.model_dump(mode="json")
    assert (body["id"], body["type"]) == (row.envelope["id"], PartnerReferralSent.type_name())
    assert (body["specversion"], body["subject"]) == ("1.0", row.envelope["aggregate"])
    (headers,) = scene.receiver.headers
    assert headers["webhook-id"] == body["id"]
    assert headers["content-type"] == "application/cloudevents+json"
    assert CONTACT not in json.dumps(body)
    assert (scene.answers(), scene.states(), scene.receiver.refused) == (["2xx"], ["delivered"], 0)


def test_what_is_changed_on_the_way_or_signed_by_another_is_refused(scene: Scene) -> None:
    """The receiver is no wall of ours: it has to say no when it should."""
    sent(scene.referral)
    scene.receiver.secret = secret_for(scene.key, "bonde", 1)
    scene.carry_out()
    assert (scene.receiver.refused, scene.answers()) == (1, ["4xx"])


def test_two_secrets_sign_while_a_partner_changes_its_own(scene: Scene) -> None:
    scene.apply(webhook={"url": scene.receiver.url, "secrets": (1, 2)})
    sent(scene.referral)
    scene.carry_out()

    (headers,) = scene.receiver.headers
    (event,) = scene.receiver.events.values()
    assert len(headers["webhook-signature"].split(" ")) == 2
    body = json.dumps(event)
    for number in (1, 2):
        webhook = Webhook(secret_for(scene.key, APLUS, number))
        with pytest.raises(WebhookVerificationError):
            webhook.verify(body, headers)  # written anew it is not the body that was signed
    scene.receiver.secret = secret_for(scene.key, APLUS, 2)
    replay(scene)
    scene.carry_out()
    assert scene.receiver.refused == 0
    assert len(scene.receiver.seen) == 2


def test_secrets_differ_by_partner_and_number_and_stand_in_no_table(scene: Scene) -> None:
    found = {secret_for(scene.key, name, n) for name in ("aplus", "bonde") for n in (1, 2)}
    assert len(found) == 4
    sent(scene.referral)
    scene.carry_out()
    with scene.referral.session() as session:
        names = session.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema='referral'")
        ).all()
        dump = "".join(
            str(session.execute(text(f'SELECT to_jsonb(t)::text FROM referral."{name}" t')).all())
            for (name,) in names
        )
    assert "whsec_" not in dump
    assert not any(secret.removeprefix("whsec_") in dump for secret in found)


def replay(scene: Scene, since: timedelta = timedelta(0)) -> Reply:
    command = ReplayPartner(partner=APLUS, since=NOON + since)
    return scene.referral.ask(command, "operator-1", Role.OPERATOR)


def test_one_that_fails_is_tried_again_with_the_same_id_and_others_wait_behind_it(
    scene: Scene,
) -> None:
    scene.receiver.statuses = [503, 302]
    sent(scene.referral)
    scene.referral.at(NOON + timedelta(hours=4))
    scene.referral.fire_deadlines()  # a second event: it has expired
    assert scene.carry_out() == 1
    assert scene.carry_out() == 0  # not before its pause, and nothing passes it
    scene.referral.at(NOON + timedelta(hours=4, seconds=6))
    assert scene.carry_out() == 1
    scene.referral.at(NOON + timedelta(hours=4, minutes=6))
    assert scene.carry_out() == 2

    first = scene.receiver.seen[0]
    assert scene.receiver.seen[:3] == [first] * 3
    types = [event["type"] for event in scene.receiver.events.values()]
    assert types == [PartnerReferralSent.type_name(), PartnerReferralExpired.type_name()]
    assert sorted(scene.answers()) == ["2xx", "2xx", "3xx", "5xx"]


def test_pauses_grow_over_three_days_and_end() -> None:
    middle = [pause_after(n, 0.5) for n in range(1, 11)]
    assert middle == [*PAUSES, None]
    assert timedelta(days=3) < sum(PAUSES, timedelta()) < timedelta(days=3, hours=5)
    low, high = pause_after(3, 0.0), pause_after(3, 1.0)
    assert (low, high) == (timedelta(minutes=27), timedelta(minutes=33))


def test_one_that_is_gone_is_given_up_and_people_look_for_somebody_else(scene: Scene) -> None:
    scene.receiver.statuses = [410]
    referral_id, _ = sent(scene.referral)
    scene.carry_out()
    assert scene.given_up() == "gone"
    scene.referral.fire_deadlines()
    (expired,) = scene.referral.announced(ReferralExpired)
    assert expired.referral_id == referral_id
    scene.referral.read(scene.referral.service.standing or (lambda _: None))
    assert metrics.dead._value.get() == 1
    assert scene.carry_out() == 0

    _, reply = sent(scene.referral)  # nobody is told, so people have the token
    assert reply.result is not None
    assert reply.result["outcome_token"]
    assert replay(scene).status is ReplyStatus.DONE
    assert scene.given_up() is None
    assert scene.carry_out() == 2  # sent, and expired
    assert len(scene.receiver.events) == 2


def test_a_receiver_away_for_three_days_is_given_up(scene: Scene) -> None:
    scene.receiver.statuses = [500] * 20
    sent(scene.referral)
    moment = NOON
    for attempt in range(1, 11):
        assert scene.given_up() is None
        assert scene.carry_out() == 1, attempt
        moment += timedelta(hours=27)
        scene.referral.at(moment)
    assert scene.given_up() == "no_answer"
    assert scene.carry_out() == 0
    assert scene.apply().status is ReplyStatus.DONE  # its file applied again: tried again
    assert scene.given_up() is None
    for _ in range(9):  # over three days, and not once
        assert scene.carry_out() == 1
        moment += timedelta(hours=27)
        scene.referral.at(moment)
    assert scene.given_up() is None


def test_what_waits_for_its_pause_is_tried_at_once_where_its_file_says_now(scene: Scene) -> None:
    scene.apply(webhook={"url": "https://receiver.localhost/hook"})
    sent(scene.referral)
    for moment in (NOON, NOON + timedelta(minutes=1), NOON + timedelta(hours=1)):
        scene.referral.at(moment)
        scene.carry_out()
    assert scene.answers() == ["name"] * 3
    assert scene.carry_out() == 0
    scene.apply()
    assert scene.carry_out() == 1
    assert len(scene.receiver.events) == 1


def test_each_line_is_told_of_a_webhook_that_is_given_up_until_somebody_sees_to_it(
    scene: Scene,
) -> None:
    scene.referral.deliver(a_line_that(refers=True))
    scene.receiver.statuses = [410, 410]
    sent(scene.referral)
    scene.carry_out()
    (told,) = scene.referral.announced(PartnerWebhookGivenUp)
    assert (told.partner, told.programme, told.called) == (APLUS, LINE, "Association A+")
    assert (told.why, told.told_otherwise) == (WebhookEnd.GONE, False)

    replay(scene)
    (seen_to,) = scene.referral.announced(PartnerWebhookSeenTo)
    assert (seen_to.partner, seen_to.programme) == (APLUS, LINE)
    replay(scene)  # it was not given up: nothing is to be told
    scene.carry_out()
    assert len(scene.referral.announced(PartnerWebhookGivenUp)) == 2
    scene.apply(state=PartnerState.LEFT)  # nobody is asked any more what happened
    assert len(scene.referral.announced(PartnerWebhookSeenTo)) == 2
    scene.apply()
    scene.receiver.statuses = [410]
    sent(scene.referral)
    scene.carry_out()
    assert versions_of(scene, f"partner_webhook:{APLUS}") == [1, 2, 3, 4, 5]


def test_a_line_that_refers_nobody_is_told_of_no_webhook(scene: Scene) -> None:
    scene.receiver.statuses = [410]
    sent(scene.referral)
    scene.referral.deliver(a_line_that(refers=False))
    scene.carry_out()
    assert scene.given_up() == "gone"
    assert scene.referral.announced(PartnerWebhookGivenUp) == []


def versions_of(scene: Scene, aggregate: str) -> list[int]:
    with scene.referral.session() as session:
        rows = session.execute(
            text(
                "SELECT (envelope->>'version')::int FROM referral.outbox"
                " WHERE envelope->>'aggregate' = :aggregate ORDER BY 1"
            ),
            {"aggregate": aggregate},
        )
        return [version for (version,) in rows]


def test_each_attempt_says_how_it_was_signed_and_what_kind_of_address_was_dialled(
    scene: Scene,
) -> None:
    scene.apply(webhook={"url": scene.receiver.url, "secrets": (2, 3)})
    scene.receiver.statuses = [503]
    sent(scene.referral)
    scene.carry_out()
    scene.apply(webhook={"url": "https://receiver.localhost/hook"})
    scene.referral.at(NOON + timedelta(seconds=6))
    scene.carry_out()
    query = select(WebhookAttemptRow).order_by(WebhookAttemptRow.number)  # type: ignore[arg-type]
    first, second = scene.referral.read(lambda session: session.exec(query).all())
    assert (first.secrets, first.dialled) == ([2, 3], "here")
    (headers,) = scene.receiver.headers
    assert first.signed_at is not None
    assert first.signed_at.timestamp() == int(headers["webhook-timestamp"])
    assert (second.secrets, second.dialled) == ([1], None)


def test_a_replay_posts_again_what_was_told_since_and_nothing_older(scene: Scene) -> None:
    sent(scene.referral)
    scene.carry_out()
    scene.referral.at(NOON + timedelta(hours=4))
    scene.referral.fire_deadlines()
    scene.carry_out()
    older, newer = scene.receiver.seen
    replay(scene, timedelta(hours=2))
    scene.carry_out()
    assert scene.receiver.seen == [older, newer, newer]
    assert len(scene.receiver.events) == 2
    unknown = ReplayPartner(partner="nobody", since=NOON)  # type: ignore[arg-type]
    refused = scene.referral.ask(unknown, "operator-1", Role.OPERATOR)
    assert status(refused) is Refusal.INVALID_FIELD


def take_back(scene: Scene, referral_id: ReferralId) -> None:
    why = ReferralClosing.CONSENT_WITHDRAWN
    close = CloseReferral(referral_id=referral_id, why=why)
    scene.referral.ask(close, "supervisor-1", Role.SUPERVISOR)


def types_posted(scene: Scene) -> list[str]:
    return [event["type"] for event in scene.receiver.events.values()]


def test_what_was_taken_back_before_it_got_through_is_not_posted_any_more(scene: Scene) -> None:
    """Of a yes that is over nothing leaves; that it is over does: an attempt may have arrived."""
    scene.receiver.statuses = [503]
    referral_id, _ = sent(scene.referral)
    scene.carry_out()
    take_back(scene, referral_id)
    scene.referral.at(NOON + timedelta(minutes=1))
    scene.carry_out()
    assert types_posted(scene) == [PartnerReferralWithdrawn.type_name()]
    replay(scene)
    scene.carry_out()
    assert types_posted(scene) == [PartnerReferralWithdrawn.type_name()]


def test_a_replay_posts_nothing_again_that_was_taken_back(scene: Scene) -> None:
    referral_id, _ = sent(scene.referral)
    scene.carry_out()
    take_back(scene, referral_id)
    scene.carry_out()
    first, forget = scene.receiver.seen
    replay(scene)
    scene.carry_out()
    assert scene.receiver.seen == [first, forget, forget]


def test_what_is_taken_back_while_it_is_on_its_way_is_posted_once(scene: Scene) -> None:
    referral_id, _ = sent(scene.referral)
    with scene.referral.lane.autocommit() as session:
        (post,) = webhooks.take_up(session, 60)
    take_back(scene, referral_id)
    attempt = Attempt(number=1, milliseconds=1, chance=0.5, status=204)
    scene.referral.request(partial(keep_attempt, post.event_id, attempt))
    assert scene.states() == [webhooks.TAKEN_BACK, webhooks.WAITING]


def test_a_slow_receiver_holds_up_no_other_partner(
    scene: Scene, authority: Authority, shown: ssl.SSLContext
) -> None:
    """aplus answers nothing until the end; bonde has all of its own meanwhile."""
    answers_at_last = threading.Event()

    def slow(_: dict[str, str], __: bytes) -> int:
        answers_at_last.wait(10)
        return 204

    async def walk(settings: Settings, reached: Callable[[], bool]) -> None:
        postman = Postman(RiskDoor(scene.referral, service="referral"), settings)
        posting = asyncio.create_task(postman.carry_out_for_ever())
        try:
            async with asyncio.timeout(5):
                while not reached():
                    await asyncio.sleep(0.02)
        finally:
            answers_at_last.set()
            await ended([posting])

    quick = a_receiver(shown, secret_for(scene.key, OTHER, 1))
    with quick as bonde, listening(slow, shown) as port:
        scene.apply(webhook={"url": f"https://receiver.localhost:{port}/"})
        told_by = {"nats_keys": (), "webhook": {"url": bonde.url}}
        applied(scene.referral, partner=OTHER, relays=(RelayId("fr-119"),), **told_by)
        sent(scene.referral)
        verify = VerifyRelay(relay_id=RelayId("fr-119"), verified=True)
        scene.referral.ask(verify, "coordinator-1", Role.COORDINATOR)
        for _ in range(3):
            sent(scene.referral, PROPOSE.model_copy(update={"relay_id": RelayId("fr-119")}))
        ports = frozenset({port, bonde.port})
        settings = scene.settings.model_copy(update={"receivers_here": ports})
        asyncio.run(walk(settings, lambda: len(bonde.events) == 3))


def kept(scene: Scene) -> tuple[int, int]:
    """How many orders and attempts there are."""
    return len(scene.states()), len(scene.answers())


def test_posts_are_forgotten_with_their_stream_and_not_before(scene: Scene) -> None:
    sent(scene.referral)
    scene.carry_out()
    scene.referral.at(NOON + timedelta(hours=4))
    scene.referral.fire_deadlines()  # it has expired: another post
    scene.carry_out()
    scene.referral.at(NOON + timedelta(days=30))
    scene.referral.fire_deadlines()
    assert kept(scene) == (2, 2)
    scene.referral.at(NOON + timedelta(days=30, hours=1))
    scene.referral.fire_deadlines()
    assert kept(scene) == (1, 1)
    replay(scene)
    assert scene.carry_out() == 1  # the older one is posted to nobody again
    scene.referral.at(NOON + timedelta(days=30, hours=5))
    scene.referral.fire_deadlines()
    assert kept(scene) == (0, 0)
    assert webhooks.OLD_POSTS not in {kind for kind, _ in scene.referral.deadlines()}


def test_a_post_in_hand_is_not_forgotten_under_whoever_has_it(scene: Scene) -> None:
    sent(scene.referral)
    scene.referral.at(NOON + timedelta(days=31))
    with scene.referral.lane.autocommit() as session:
        (post,) = webhooks.take_up(session, 60)
    scene.referral.fire_deadlines()
    assert kept(scene) == (2, 0)  # and one that tells that it has expired
    attempt = Attempt(number=1, milliseconds=1, chance=0.5, status=204)
    keep = partial(keep_attempt, post.event_id, attempt)
    scene.referral.request(keep)
    scene.referral.at(NOON + timedelta(days=31, minutes=2))
    scene.referral.fire_deadlines()
    assert kept(scene) == (1, 0)


def test_posts_are_kept_for_as_long_as_partners_read_them() -> None:
    kept = {scale.keeping[Stream.PARTNER].max_age for scale in SCALES.values()}
    assert kept == {webhooks.KEPT_FOR}


def test_no_address_and_no_word_of_an_event_is_logged(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.receiver.statuses = [500]
    with caplog.at_level("DEBUG"):
        sent(scene.referral)
        scene.carry_out()
    ours = [r for r in caplog.records if r.name.startswith("services.referral")]
    assert ours
    for record in ours:
        assert "receiver" not in str(record.__dict__.get("facts"))
        assert "need" not in str(record.__dict__.get("facts"))


def test_a_partner_without_a_webhook_is_not_posted_to(scene: Scene) -> None:
    scene.apply(webhook=None, relays=(RelayId("fr-119"),))
    sent(scene.referral)
    assert scene.states() == []


def test_an_inside_address_is_never_posted_to_and_says_why(scene: Scene) -> None:
    scene.apply(webhook={"url": "https://receiver.localhost/hook"})
    sent(scene.referral)
    scene.carry_out()
    assert scene.answers() == ["name"]
    assert scene.receiver.headers == []


def test_without_a_key_nothing_is_taken_up(scene: Scene) -> None:
    sent(scene.referral)
    (scene.settings.keys_dir / WEBHOOK_KEY).unlink()
    with pytest.raises(FileNotFoundError):
        scene.carry_out()
    assert (scene.states(), scene.answers()) == (["waiting"], [])


@pytest.mark.parametrize(
    "given", [{"receivers_here": "8443"}, {"receivers_ca_file": "ca.crt"}], ids=str
)
def test_production_does_not_start_with_the_allowances_of_development(
    given: dict[str, str],
) -> None:
    settings = Settings.model_validate(given)
    assert settings.checked(development=True) is settings
    with pytest.raises(StartRefused):
        settings.checked(development=False)
