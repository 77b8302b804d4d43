"""Web Push: a sender a push service can name (RFC 8292), and no payload at all."""

import base64
from dataclasses import replace

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from contracts.risk import CallWay
from services.risk.push import Sender
from tests.risk.test_webhook import CALL

SENDER = Sender(b"\x07" * 32, "mailto:risk@example.org")
PUSH = replace(CALL, way=CallWay.PUSH)


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_push_has_no_payload_is_urgent_and_is_not_kept_longer_than_the_call() -> None:
    sent = SENDER.letter(PUSH, "https://push.example.org/send/abc")
    assert sent.body == b""
    assert (sent.headers["ttl"], sent.headers["urgency"]) == ("42", "high")


def test_token_is_for_that_push_service_expires_and_verifies_with_the_key_it_names() -> None:
    sent = SENDER.letter(PUSH, "https://push.example.org/send/abc")
    scheme, _, fields = sent.headers["authorization"].partition(" ")
    named = dict(part.strip().split("=", 1) for part in fields.split(","))
    assert scheme == "vapid"
    assert named["k"] == SENDER.public_key
    head, claims, signed = named["t"].split(".")
    assert orjson.loads(decoded(head)) == {"typ": "JWT", "alg": "ES256"}
    said = orjson.loads(decoded(claims))
    assert (said["aud"], said["sub"]) == ("https://push.example.org", "mailto:risk@example.org")
    assert 0 < said["exp"] - PUSH.machine_seconds <= 24 * 3600
    raw = decoded(signed)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(named["k"]))
    point.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))


def test_origin_keeps_a_port_that_is_not_the_usual_one() -> None:
    token = SENDER.token("http://127.0.0.1:8099/x", 0)
    assert orjson.loads(decoded(token.split(".")[1]))["aud"] == "http://127.0.0.1:8099"
