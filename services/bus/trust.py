"""Whom a process believes to be NATS or Postgres: whoever shows a certificate of the CA it has.

Over TLS nothing is said before the certificate is read, so nobody on the way can talk a client into
plain text: `tls://` is never less. The variables are of our own and not OpenSSL's SSL_CERT_FILE,
which would take every public CA from what speaks to the issuer of accounts.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

import psycopg
from sqlalchemy.exc import DBAPIError

NATS_CA_FILE = "HELPLINE_NATS_CA_FILE"
POSTGRES_CA_FILE = "HELPLINE_POSTGRES_CA_FILE"

#: How OpenSSL calls an answer that is no TLS at all.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})
#: How libpq says that it believes no server (fe-secure-openssl.c, fe-connect.c).
_LIBPQ = ("certificate", "server does not support SSL")


class NotTrusted(Exception):
    """No server can be believed; the message names the variable and the reason."""


def nats_tls(url: str, ca_file: Path | None) -> ssl.SSLContext | None:
    """How to know the server of `url` (`nats://` is plain: None); without a file, by public CAs.

    Raises NotTrusted when the file cannot be read or holds no certificate.
    """
    if not url.startswith("tls://"):
        return None
    if ca_file is None:
        return ssl.create_default_context()
    expect_certificates(NATS_CA_FILE, ca_file)
    return ssl.create_default_context(cafile=ca_file)


def nats_not_trusted(url: str, ca_file: Path | str | None, why: str) -> NotTrusted:
    """What is said of a server that is not believed."""
    return NotTrusted(f"NATS at {url}: {why} ({NATS_CA_FILE}: {ca_file or 'empty, public CAs'})")


def postgres_not_trusted(host: str, ca_file: Path | str | None, why: str) -> NotTrusted:
    """What is said of a database that is not believed."""
    return NotTrusted(f"Postgres at {host}: {why} ({POSTGRES_CA_FILE}: {ca_file or 'empty'})")


def expect_certificates(variable: str, file: Path) -> None:
    """Raise NotTrusted, naming the variable, unless the file can be read and holds certificates."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except ssl.SSLError:
        raise NotTrusted(f"{variable}: {file} holds no certificate") from None
    except OSError as error:
        raise NotTrusted(f"{variable}: {file} cannot be read: {error.strerror}") from None


def postgres_tls(ca_file: Path | None) -> Mapping[str, str]:
    """What to tell libpq: with a file, the server's name and certificate are asked for; or nothing.

    It reads the file anew at each connection.
    """
    return {} if ca_file is None else {"sslmode": "verify-full", "sslrootcert": str(ca_file)}


def distrust(error: BaseException | None) -> str | None:
    """Why a server was not believed, in words; None when the failure is another one."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return "it does not speak TLS"
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.OperationalError):
        said = str(cause).partition("\n")[0]
        if any(each in said for each in _LIBPQ):
            return said.rpartition(" failed: ")[2]
    return None
