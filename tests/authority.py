"""A certificate authority as long as a test, and what servers show of it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Shown:
    """Files of a server: as cert-manager lays them out in a Secret."""

    certificate: Path
    key: Path
    ca: Path


def tls_conf(shown: Shown) -> str:
    """How NATS is told to show it: TLS first, as in the cluster (k8s/components/nats-tls)."""
    return f"""\
tls {{
  cert_file: "{shown.certificate}"
  key_file: "{shown.key}"
  ca_file: "{shown.ca}"
  handshake_first: true
}}
"""


class Authority:
    """A CA of its own in `folder`; `ca` is what clients are given."""

    def __init__(self, folder: Path, name: str = "ours") -> None:
        self.folder = folder / f"ca-{name}"
        self.folder.mkdir(parents=True)
        self.ca = self.folder / "ca.crt"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(f"{name} CA")
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        public = self._key.public_key()
        self.certificate = (
            _begun(self._name, self._name, public, timedelta(days=10))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._key, SHA256())
        )
        self.ca.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def shows(
        self,
        name: str,
        hosts: tuple[str, ...] = _LOOPBACK,
        lasts: timedelta = timedelta(days=1),
    ) -> Shown:
        """A certificate for `hosts` (names or addresses), for both ends of a connection; one of
        the same name is replaced, as a renewal does. A negative time is one that is over.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _begun(_named(name), self._name, key.public_key(), lasts)
            .add_extension(x509.SubjectAlternativeName([*map(_host, hosts)]), critical=False)
            .add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                critical=False,
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, SHA256())
        )
        shown = Shown(self.folder / f"{name}.crt", self.folder / f"{name}.key", self.ca)
        shown.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
        shown.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return shown


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, lasts: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + lasts)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
