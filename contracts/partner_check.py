"""Tries a partner's own webhook: `python -m contracts.partner_check URL`, or `just partner-check`.

It posts what the platform posts, signed as the platform signs, and what somebody else could post.
Line by line it says what passed, what failed and why; 0 when all passed, 1 when not, 2 when it
could not begin. The secret comes from a file or from HELPLINE_WEBHOOK_SECRET, never from the
command line, where everybody on the machine could read it. What it posts is of nobody
(contracts/canned.py): its line is called `sandbox`, its references begin with eight zeros.
"""

from __future__ import annotations

import argparse
import base64
import os
import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from contracts.partner_endpoint import Answer, Endpoint, NoAddress, endpoint
from contracts.partner_trials import REFUSED, TAKEN, Kit, a_body
from contracts.webhooks import CONTENT_TYPE, secret_of

WITHIN_SECONDS = 15.0  #: in which an answer must be there
SECRET_VARIABLE = "HELPLINE_WEBHOOK_SECRET"


@dataclass(frozen=True)
class Line:
    """What came of one trial. Without `why` it passed."""

    name: str
    said: str
    why: str = ""

    def __str__(self) -> str:
        if self.why:
            return f"FAIL  {self.name:<18} {self.said}: {self.why}"
        return f"ok    {self.name:<18} {self.said}"


def check(
    receiver: Endpoint, secret: str, within_seconds: float = WITHIN_SECONDS
) -> Iterator[Line]:
    """Try everything; each line as soon as it is known. It stops where the rest would fail too."""
    kit = Kit(receiver, secret)
    first = kit.signed(a_body())
    yield from _ways_in(kit, first)
    if not first.taken and kit.content_type == CONTENT_TYPE:
        return
    for name, (try_it, why) in TAKEN.items():
        answer = try_it(kit)
        yield _judged(name, answer, answer.taken, f"say 2xx: {why}")
    for name, (try_it, why) in REFUSED.items():
        answer = try_it(kit)
        turned_away = answer.refused or (name == "huge" and answer.hung_up)
        yield _judged(name, answer, turned_away, f"say 4xx: {why}")
    slowest = max(kit.took)
    late = (
        f"answer within {within_seconds:.0f} s, work afterwards" if slowest > within_seconds else ""
    )
    yield Line("in time", f"{slowest * 1000:.0f} ms at the most", late)


def _ways_in(kit: Kit, first: Answer) -> Iterator[Line]:
    """Whether anything gets in at all; what is wrong when it does not."""
    if first.status is None:
        yield Line("reached", str(first), "nothing can be posted")
        return
    yield Line("reached", f"{first.seconds * 1000:.0f} ms")
    if 300 <= first.status < 400:
        yield Line("no redirect", str(first), "we follow none; give us the address it leads to")
        return
    yield Line("no redirect", "answers itself")
    if not first.taken:
        kit.content_type = "application/json"
        if kit.signed(a_body()).taken:
            yield Line("content type", str(first), f"take {CONTENT_TYPE}, as you take JSON")
            return
        kit.content_type = CONTENT_TYPE
        yield Line(
            "signed", str(first), "say 2xx: it is ours. Is it this secret? Nothing else tried"
        )
        return
    yield Line("content type", CONTENT_TYPE)


def _judged(name: str, answer: Answer, passed: bool, why: str) -> Line:
    return Line(name, str(answer), "" if passed else why)


# --- as a command ---------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point."""
    asked = _options(arguments)
    try:
        secret = _secret(asked.secret_file)
        trusted = ssl.create_default_context(cafile=asked.ca)
        receiver = endpoint(asked.url, trusted, asked.within * 2)
    except ssl.SSLError:
        sys.stderr.write(f"{asked.ca}: no certificate (PEM) is in it.\n")
        return 2
    except OSError as why:
        sys.stderr.write(f"{why.filename or asked.ca}: {why.strerror}.\n")
        return 2
    except ValueError as why:
        sys.stderr.write(f"{why}\n")
        return 2
    except NoAddress as why:
        sys.stdout.write(f"{Line('address', asked.url, str(why))}\n")
        return 1
    failed = tried = 0
    try:
        for line in check(receiver, secret, asked.within):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
            tried, failed = tried + 1, failed + bool(line.why)
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(f"{tried - failed} of {tried} passed.\n")
    return 1 if failed else 0


def _secret(file: Path | None) -> str:
    """The secret; ValueError when there is none or it is none."""
    said = os.environ.get(SECRET_VARIABLE, "") if file is None else file.read_text("latin-1")
    secret = said.strip()
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not key or secret_of(key) != secret:
        where = SECRET_VARIABLE if file is None else file
        raise ValueError(f"{where}: no secret is there. It begins with whsec_.")
    return secret


def _seconds(said: str) -> float:
    with suppress(ValueError):
        if 0.1 <= (seconds := float(said)) <= 600:
            return seconds
    raise argparse.ArgumentTypeError("from 0.1 to 600 seconds")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="partner_check", description="Try a partner's webhook.")
    parser.add_argument("url", metavar="URL", help="where it listens; http on this machine alone")
    parser.add_argument(
        "--secret-file", type=Path, metavar="FILE", help=f"else it is in {SECRET_VARIABLE}"
    )
    parser.add_argument("--ca", type=Path, metavar="FILE", help="trust this CA (PEM), for trials")
    parser.add_argument(
        "--within", type=_seconds, default=WITHIN_SECONDS, metavar="SECONDS", help="to answer in"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
