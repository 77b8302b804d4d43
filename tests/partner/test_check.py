"""The conformance kit: the receiver that is shown passes, each fault fails the line it is of."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.canned import is_canned
from contracts.partner_check import SECRET_VARIABLE, Line, check, main
from contracts.partner_endpoint import NoAddress, endpoint
from contracts.partner_trials import HUGE_BYTES
from contracts.receiver import Receiver as Shown
from contracts.receiver import Take
from contracts.vocabulary import Need
from contracts.webhooks import new_secret, signature
from tests.authority import Authority
from tests.partner.receiver import Receiver, listening
from tests.referral.test_guard import shown_by

SECRET = new_secret()
ALL = 17
Headers = dict[str, str]


def lines(take: Take, longest: int = 2 * HUGE_BYTES, within_seconds: float = 5) -> list[Line]:
    with listening(take, longest=longest) as port:
        trusted = ssl.create_default_context()
        receiver = endpoint(f"http://localhost:{port}/", trusted, within_seconds * 4)
        return list(check(receiver, SECRET, within_seconds))


def failed(found: list[Line]) -> list[str]:
    return [each.name for each in found if each.why]


def test_the_receiver_partners_are_shown_passes_and_works_on_each_once() -> None:
    worked_on: list[dict[str, Any]] = []

    class Working(Receiver):
        def work_on(self, event: dict[str, Any]) -> None:
            worked_on.append(event)

    receiver = Working(SECRET)
    with listening(receiver.take) as port:
        found = list(check(endpoint(f"http://localhost:{port}/", _trusted(), 10), SECRET))

    assert [str(each) for each in found if each.why] == []
    assert len(found) == ALL
    assert len(receiver.seen) == len(worked_on) + 1  # one came again
    assert all(is_canned(each["data"]["reference"]) for each in worked_on)
    assert {each["data"]["partner"] for each in worked_on} == {"sandbox"}


def test_what_partners_are_shown_verifies_as_the_official_package_does() -> None:
    assert failed(lines(Shown(SECRET).take)) == []


def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


# --- each fault once ------------------------------------------------------------------------------


def event_of(body: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(body))
    except ValueError:
        return {"type": "", "data": {}}


def only(headers: Headers, **changed: str) -> Headers:
    return headers | {name.replace("_", "-"): value for name, value in changed.items()}


def looks_at_one_signature(good: Take, headers: Headers, body: bytes) -> int:
    first = headers.get("webhook-signature", "").partition(" ")[0]
    return good(only(headers, webhook_signature=first), body)


def believes_what_is_not_signed(good: Take, headers: Headers, body: bytes) -> int:
    unsigned = "webhook-signature" not in headers and body.strip()
    return 204 if unsigned else good(headers, body)


def looks_whether_there_is_a_signature(good: Take, headers: Headers, body: bytes) -> int:
    event = event_of(body)
    fresh = abs(int(headers.get("webhook-timestamp", 0)) - time.time()) < 300
    whole = event.get("id") == headers.get("webhook-id") and b"zz-sandbox" in body
    return 204 if fresh and whole else good(headers, body)


def believes_the_body(good: Take, headers: Headers, body: bytes) -> int:
    return 204 if b"zz-another" in body else good(headers, body)


def believes_the_id(good: Take, headers: Headers, body: bytes) -> int:
    signed_as = event_of(body).get("id")
    return good(only(headers, webhook_id=str(signed_as)) if signed_as else headers, body)


def looks_at_no_clock(good: Take, headers: Headers, body: bytes, *, sooner: bool) -> int:
    at = int(headers.get("webhook-timestamp", 0))
    off = at > time.time() + 60 if sooner else at < time.time() - 60
    expected = signature(SECRET, headers.get("webhook-id", ""), at, body)
    return 204 if off and headers.get("webhook-signature") == expected else good(headers, body)


def takes_its_time_once(seconds: float) -> Any:
    slow = [seconds]

    def broken(good: Take, headers: Headers, body: bytes) -> int:
        time.sleep(slow.pop() if slow else 0)
        return good(headers, body)

    return broken


def refuses(unless: Callable[[Headers, dict[str, Any], bytes], bool], status: int) -> Any:
    def broken(good: Take, headers: Headers, body: bytes) -> int:
        answer = good(headers, body)
        return answer if answer >= 400 or unless(headers, event_of(body), body) else status

    return broken


def says(status: int) -> Callable[..., int]:
    return lambda *_: status


def again() -> Any:
    seen: set[str] = set()

    def unless(headers: Headers, event: dict[str, Any], body: bytes) -> bool:
        known = event["id"] in seen
        seen.add(event["id"])
        return not known

    return refuses(unless, 409)


KNOWN = {f"partner_referral.{fact}.v1" for fact in ("sent", "expired", "withdrawn")}
FAULTS: dict[str, Any] = {
    "no redirect": says(307),
    "content type": refuses(lambda h, _, __: h["content-type"] == "application/json", 415),
    "signed": refuses(lambda _, event, __: event["type"] != "partner_referral.withdrawn.v1", 422),
    "again": again(),
    "two signatures": looks_at_one_signature,
    "unknown type": refuses(lambda _, event, __: event["type"] in KNOWN, 422),
    "unknown field": refuses(lambda _, event, __: "a_field_to_come" not in event["data"], 422),
    "long": refuses(lambda _, __, body: len(body) < 32 * 1024, 413),
    "not signed": believes_what_is_not_signed,
    "wrong signature": looks_whether_there_is_a_signature,
    "changed": believes_the_body,
    "another id": believes_the_id,
    "too old": lambda *given: looks_at_no_clock(*given, sooner=False),
    "too new": lambda *given: looks_at_no_clock(*given, sooner=True),
    "huge": lambda good, headers, body: 500 if len(body) > 1024**2 else good(headers, body),
    "in time": takes_its_time_once(0.8),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_fails_its_line_and_no_other(fault: str) -> None:
    good = Receiver(SECRET).take
    within_seconds = 0.4 if fault == "in time" else 5
    found = lines(lambda *given: FAULTS[fault](good, *given), within_seconds=within_seconds)

    assert failed(found) == [fault], [str(each) for each in found]


def test_every_line_but_that_it_is_reached_has_its_fault() -> None:
    found = lines(Receiver(SECRET).take)

    assert {each.name for each in found} == {"reached", *FAULTS}


def test_another_secret_is_said_at_once() -> None:
    found = lines(Receiver(new_secret()).take)

    assert failed(found) == ["signed"]
    assert "Is it this secret?" in found[-1].why


def test_who_verifies_nothing_fails_all_that_is_hostile() -> None:
    found = lines(says(204))

    hostile = ["not signed", "wrong signature", "changed", "another id", "too old", "too new"]
    assert failed(found) == [*hostile, "huge"]


# --- as a command ---------------------------------------------------------------------------------


def test_a_receiver_behind_tls_passes_by_its_ca(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = Authority(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    with listening(Receiver(SECRET).take, shown_by(authority, "receiver.localhost")) as port:
        here = (f"https://receiver.localhost:{port}/hooks", "--secret-file", str(secret))
        assert main([*here, "--ca", str(authority.ca)]) == 0
        assert f"{ALL} of {ALL} passed." in capsys.readouterr().out
        assert main(here) == 1
        assert "its certificate is not valid" in capsys.readouterr().out


def test_nobody_there_and_nowhere_to_post_are_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    assert main([f"http://127.0.0.1:{port}/"]) == 1
    assert "FAIL  reached" in capsys.readouterr().out
    assert main(["http://partner.example/hooks"]) == 1
    assert "FAIL  address" in capsys.readouterr().out


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/",
        "https://192.0.2.7/",
        "https://hooks.example.org:8443/",
        "https://hooks.example.org/?token=x",
        "https://user@hooks.example.org/",
        "https://[::1",
        "ftp://localhost/",
        "https://localhost/?x",
    ],
)
def test_what_the_platform_would_not_post_to_is_no_address(url: str) -> None:
    with pytest.raises(NoAddress):
        endpoint(url, _trusted(), 1)


@pytest.mark.parametrize("said", ["", "whsec_", "secret", "whsec_%%%"])
def test_without_a_secret_nothing_begins(
    said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, said)

    assert main(["http://localhost:1/"]) == 2
    assert SECRET_VARIABLE in capsys.readouterr().err


def test_what_is_posted_is_of_nobody() -> None:
    receiver = Receiver(SECRET)
    lines(receiver.take)

    events = list(receiver.events.values())
    assert {each["programme"] for each in events} == {"sandbox"}
    assert {each["data"].get("need") for each in events} <= {None, Need.DEUIL.value}
