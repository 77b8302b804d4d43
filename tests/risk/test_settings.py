"""Whom risk may dial: outside production nobody but receivers on this machine."""

import pytest

from services.bus.door import StartRefused
from services.risk.settings import Settings


def a_list(text: str) -> Settings:
    return Settings.from_environment({"HELPLINE_RISK_OUTBOUND": text})


def test_nobody_can_be_dialled_unless_somebody_was_named() -> None:
    assert Settings.from_environment({}).outbound == frozenset()
    assert not Settings().may_dial("http://127.0.0.1:9/x")


DIALLED = {
    "the receiver": ("http://127.0.0.1:8099/calls", True),
    "another port": ("http://127.0.0.1:8098/calls", False),
    "another scheme": ("https://127.0.0.1:8099/calls", False),
    "another host": ("http://127.0.0.2:8099/calls", False),
    "a user before the host": ("http://127.0.0.1:8099@192.0.2.1/calls", False),
    "a name that begins alike": ("http://127.0.0.1.example.org:8099/", False),
    "no address": ("calls", False),
}


@pytest.mark.parametrize(("address", "expected"), DIALLED.values(), ids=DIALLED.keys())
def test_only_what_was_named_is_dialled(address: str, expected: bool) -> None:
    assert a_list("http://127.0.0.1:8099").may_dial(address) is expected


@pytest.mark.parametrize(
    "origin", ["https://push.example.org", "http://localhost:8099", "http://192.0.2.1:80"]
)
def test_outside_production_nothing_but_this_machine_can_be_named(origin: str) -> None:
    with pytest.raises(StartRefused, match="outside production"):
        a_list(origin).checked(development=True)


def test_in_production_only_https_can_be_named() -> None:
    with pytest.raises(StartRefused, match="only https"):
        a_list("http://127.0.0.1:8099").checked(development=False)
    listed = a_list("https://push.example.org, https://hooks.example.org:8443")
    assert listed.checked(development=False).may_dial("https://push.example.org/send/abc")


def test_loopback_receivers_may_be_named_outside_production() -> None:
    listed = a_list("http://127.0.0.1:8099,http://[::1]:8100")
    assert listed.checked(development=True).outbound == {
        "http://127.0.0.1:8099",
        "http://[::1]:8100",
    }
