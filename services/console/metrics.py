"""What the console counts: requests, sessions, streams and what went down them."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from contracts.vocabulary import Role
from services.console.messages import MessageKind

_REQUESTS = Counter(
    "helpline_console_requests_total", "Commands asked at the door", ("command", "status")
)
_SESSIONS = Counter("helpline_console_sessions_total", "Sessions opened", ("role",))
_SIGN_INS = Counter(
    "helpline_console_sign_ins_total", "Sign-ins through the issuer, by outcome", ("outcome",)
)
_STREAMS = Gauge("helpline_console_streams_open", "Live streams of desks")
_MESSAGES = Counter("helpline_console_messages_total", "Messages sent to desks", ("kind",))
_STREAMS_LOST = Counter(
    "helpline_console_streams_lost_total", "Streams closed because their reader was too slow"
)
_BEATS = Counter(
    "helpline_console_beats_total", "Words to assignment of all desks heard from", ("outcome",)
)
_WAKES = Histogram(
    "helpline_console_fanout_seconds",
    "From a wake of the streams to their messages handed over",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1),
)


def record_request(command: str, status: int) -> None:
    """A command was answered at the door with this HTTP status."""
    _REQUESTS.labels(command, str(status)).inc()


def record_session_opened(role: Role) -> None:
    """A session was opened."""
    _SESSIONS.labels(role.value).inc()


#: Outcome of a sign-in that did not fail; the others are `oidc.Failure`.
SIGNED_IN = "signed_in"


def expect_sign_ins(failures: Iterable[str]) -> None:
    """Let sign-ins be counted from 0, where there is an issuer: one born at 5 has not increased."""
    for outcome in (SIGNED_IN, *failures):
        _SIGN_INS.labels(outcome)


def record_sign_in(outcome: str) -> None:
    """Somebody came back from the issuer, or could not be sent there."""
    _SIGN_INS.labels(outcome).inc()


def record_streams(count: int) -> None:
    """So many streams are open now."""
    _STREAMS.set(count)


def record_message(kind: MessageKind, streams: int = 1) -> None:
    """A message was handed to so many streams."""
    _MESSAGES.labels(kind.value).inc(streams)


def record_stream_lost() -> None:
    """A stream was closed because its reader did not keep up."""
    _STREAMS_LOST.inc()


def record_beat(*, told: bool) -> None:
    """Assignment was told of desks heard from, or could not be told."""
    _BEATS.labels("told" if told else "failed").inc()


for _outcome in ("told", "failed"):
    _BEATS.labels(_outcome)


def record_wake(seconds: float) -> None:
    """One look at the ledger for all open desks took so long."""
    _WAKES.observe(seconds)
