"""Webhooks: signed as the specification says, naming the call and nothing of the case."""

import base64
import hmac

import orjson

from contracts.risk import AlertId, CallWay, DutyCallId
from contracts.vocabulary import PersonId, ProgrammeId
from contracts.webhooks import new_secret, signature
from services.risk.duty import CallToMake
from services.risk.webhook import letter

CALL = CallToMake(
    call_id=DutyCallId("7e2d9c4a-1b5f-4e3a-8c6d-2f4a6b8c0d1e"),
    alert_id=AlertId("5d1c7f2e-6a3b-4c8d-9e0f-1a2b3c4d5e6f"),
    programme=ProgrammeId("sos-crise"),
    person_id=PersonId("professional-1"),
    way=CallWay.WEBHOOK,
    number=1,
    left_seconds=42.5,
    machine_seconds=1614265330.7,
    sealed=None,
)


def test_signature_is_that_of_the_published_vector() -> None:
    signed = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_letter_names_the_call_and_nothing_of_the_case() -> None:
    sent = letter(CALL, new_secret())
    assert orjson.loads(sent.body) == {
        "type": "duty_call.called",
        "timestamp": "2021-02-25T15:02:10+00:00",
        "data": {"call_id": CALL.call_id, "alert_id": CALL.alert_id},
    }


def test_receiver_checks_it_with_the_secret_it_was_told() -> None:
    secret = new_secret()
    sent = letter(CALL, secret)
    signed = f"{CALL.call_id}.1614265330.".encode() + sent.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert sent.headers["webhook-signature"] == f"v1,{expected}"
    assert len(key) == 32


def test_every_attempt_of_a_call_has_the_same_id() -> None:
    secret = new_secret()
    ids = {letter(CALL, secret).headers["webhook-id"] for _ in range(2)}
    assert ids == {CALL.call_id}
