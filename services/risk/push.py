"""Web Push to a browser: RFC 8030, the sender named by VAPID (RFC 8292).

Without a payload: a push service would learn nothing from one (RFC 8291), and there is nothing to
say but "look at your desk". So nothing has to be encrypted, and nothing of the case leaves.
"""

from __future__ import annotations

import base64

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.risk.duty import CallToMake
from services.risk.settings import origin_of
from services.risk.webhook import Letter

_CURVE = ec.SECP256R1()
#: Order of the curve, less one (SEC 2, secp256r1).
_SCALARS = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 - 1
_COORDINATE_BYTES = 32
#: A token stands for 24 h at most (RFC 8292, 2); twelve hours leave room for clocks that differ.
_TOKEN_SECONDS = 12 * 3600


class Sender:
    """Who sends pushes: a key, and whom a push service may write to about them."""

    def __init__(self, key: bytes, contact: str = "") -> None:
        scalar = int.from_bytes(key) % _SCALARS + 1
        self._private = ec.derive_private_key(scalar, _CURVE)
        self._contact = contact

    @property
    def public_key(self) -> str:
        """What a browser needs to subscribe (`applicationServerKey`)."""
        point = self._private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        return _text(point)

    def token(self, address: str, machine_seconds: float) -> str:
        """A signed token for one push service, by the machine's time."""
        parts = origin_of(address)
        default = {"https": ":443", "http": ":80"}[parts.partition(":")[0]]
        claims = {"aud": parts.removesuffix(default), "exp": int(machine_seconds) + _TOKEN_SECONDS}
        if self._contact:
            claims["sub"] = self._contact
        head = _text(orjson.dumps({"typ": "JWT", "alg": "ES256"}))
        signed = f"{head}.{_text(orjson.dumps(claims))}"
        der = self._private.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(der)
        raw = r.to_bytes(_COORDINATE_BYTES) + s.to_bytes(_COORDINATE_BYTES)
        return f"{signed}.{_text(raw)}"

    def letter(self, call: CallToMake, address: str) -> Letter:
        """The push of a call: kept by the push service no longer than the call stands."""
        token = self.token(address, call.machine_seconds)
        headers = {
            "ttl": str(max(int(call.left_seconds), 0)),
            "urgency": "high",
            "authorization": f"vapid t={token}, k={self.public_key}",
        }
        return Letter(headers, b"")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
