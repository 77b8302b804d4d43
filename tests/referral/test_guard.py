"""No address a partner gives leads to what is ours: hostile ones, names that change, redirects."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpcore
import pytest

from services.referral.partners import guard
from services.referral.partners.guard import Guard, NotDialled, address_in, not_public
from tests.authority import Authority
from tests.partner.receiver import Receiver, a_receiver
from tests.referral.hostile import FORMS, NUMBERS, PUBLIC, PUBLIC_6

NO_SECRET = "whsec_bm9ib2R5IGtub3dzIHRoaXMgc2VjcmV0IGhlcmU="
TRUSTED = ssl.create_default_context()
APLUS = "https://aplus.org/hook"


@dataclass
class Listener:
    """Takes every connection on a port of this machine and counts them; answers nothing."""

    port: int
    connections: int = 0


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        counted = Listener(server.getsockname()[1])

        def take() -> None:
            while True:
                try:
                    taken, _ = server.accept()
                except OSError:
                    return
                counted.connections += 1
                taken.close()

        threading.Thread(target=take, daemon=True).start()
        yield counted
        server.shutdown(socket.SHUT_RDWR)


class ToListener(httpcore.AnyIOBackend):
    """The world: whatever is dialled, the listener is what answers. `dialled` is what was asked."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.dialled: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.dialled.append(host)
        return await super().connect_tcp("127.0.0.1", self.port, timeout)


@dataclass
class Names:
    """A resolver whose answers are these, one after the other, the last of them for ever."""

    answers: list[list[str]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def post(url: str, names: Names, world: ToListener) -> str:
    """Why nothing was dialled, or what came of it."""
    guarded = Guard(TRUSTED, resolve=names, beneath=world)
    try:
        return str(asyncio.run(guarded.post(url, {}, b"{}")))
    except NotDialled as refused:
        return refused.why
    except httpcore.NetworkError as error:
        return type(error).__name__


HOSTILE = [(url, why) for why, urls in FORMS.items() for url in urls]


def test_the_table_is_no_shorter_than_it_says() -> None:
    assert len({url for url, _ in HOSTILE}) == len(HOSTILE)
    assert len(set(NUMBERS)) == len(NUMBERS)
    assert len(HOSTILE) + len(NUMBERS) >= 300


def test_no_hostile_address_is_resolved_or_dialled(listener: Listener) -> None:
    names, world = Names([["8.8.8.8"]]), ToListener(listener.port)
    before = listener.connections
    found = {url: post(url, names, world) for url, _ in HOSTILE}

    assert {url: why for url, why in HOSTILE if found[url] != why} == {}
    assert (names.asked, world.dialled, listener.connections) == ([], [], before)


def test_no_name_that_leads_inside_is_dialled(listener: Listener) -> None:
    world = ToListener(listener.port)
    before = listener.connections
    for number in NUMBERS:
        alone, among, behind = [number], ["8.8.8.8", number], [number, "2606:4700::1111"]
        for answer in (alone, among, behind):
            assert post(APLUS, Names([answer]), world) == "not_public", answer
    assert (world.dialled, listener.connections) == ([], before)


@pytest.mark.parametrize("number", [*PUBLIC, *PUBLIC_6])
def test_a_public_number_is_dialled_as_it_was_looked_at(listener: Listener, number: str) -> None:
    """The other side of the table: the guard is no wall, and the listener would have counted."""
    before = listener.connections
    names, world = Names([[number]]), ToListener(listener.port)

    assert post(APLUS, names, world) in ("ConnectError", "ReadError")  # it speaks no TLS
    assert (names.asked, world.dialled) == (["aplus.org"], [number])
    assert listener.connections == before + 1


def test_a_name_that_moves_inside_after_the_look_is_not_followed(listener: Listener) -> None:
    names, world = Names([["8.8.8.8"], ["127.0.0.1"]]), ToListener(listener.port)

    post(APLUS, names, world)
    assert (names.asked, world.dialled) == (["aplus.org"], ["8.8.8.8"])
    assert post(APLUS, names, world) == "not_public"  # looked at anew each time
    assert (len(names.asked), world.dialled) == (2, ["8.8.8.8"])


def test_an_alias_of_this_machine_is_what_its_numbers_are(listener: Listener) -> None:
    """A CNAME to localhost shows as its numbers: by the resolver of this machine."""

    async def alias(host: str) -> list[str]:
        found = await asyncio.get_running_loop().getaddrinfo("localhost", 443)
        return [str(where[0]) for *_, where in found]

    guarded = Guard(TRUSTED, resolve=alias, beneath=ToListener(listener.port))
    with pytest.raises(NotDialled, match="not_public"):
        asyncio.run(guarded.post(APLUS, {}, b"{}"))


def test_a_name_with_no_number_is_said_to_have_none() -> None:
    with pytest.raises(NotDialled, match="unknown_name"):
        asyncio.run(guard.resolve("no-such-name.invalid"))


def test_a_resolver_that_does_not_answer_is_not_waited_for(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "CONNECT_SECONDS", 0.05)

    async def silent(host: str) -> list[str]:
        await asyncio.sleep(30)
        return []

    guarded = Guard(TRUSTED, resolve=silent, beneath=ToListener(listener.port))
    with pytest.raises(NotDialled, match="unknown_name"):
        asyncio.run(guarded.post(APLUS, {}, b"{}"))


def test_every_ipv4_network_is_public_or_not_from_its_first_to_its_last_address() -> None:
    for network in guard._NOT_PUBLIC_4:
        assert not_public(str(network[0])), network
        assert not_public(str(network[-1])), network
    assert [each for each in (*PUBLIC, *PUBLIC_6) if not_public(each)] == []


# --- a receiver by TLS on this machine, by the allowance of development ---------------------------


HERE = "receiver.localhost"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("webhooks"))


def shown_by(authority: Authority, host: str) -> ssl.SSLContext:
    shown = authority.shows(host, (host,))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.certificate, shown.key)
    return context


def posted(receiver: Receiver, authority: Authority, here: frozenset[int] | None = None) -> int:
    trusted = ssl.create_default_context(cafile=authority.ca)
    allowed = frozenset({receiver.port}) if here is None else here
    return asyncio.run(Guard(trusted, allowed).post(receiver.url, {"x-test": "1"}, b"{}"))


@pytest.mark.parametrize("status", [204, 301, 302, 307, 308, 410, 500])
def test_an_answer_is_a_status_and_nowhere_it_points_to_is_gone(
    authority: Authority, status: int, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redirects lead to metadata here; a proxy of the environment would be the listener."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{listener.port}")
    before = listener.connections
    with a_receiver(shown_by(authority, HERE), NO_SECRET, [status]) as receiver:
        assert posted(receiver, authority) == status
    (headers,) = receiver.headers
    assert headers["host"] == f"{HERE}:{receiver.port}"
    assert listener.connections == before


def test_whoever_shows_a_certificate_of_another_name_is_told_nothing(authority: Authority) -> None:
    with a_receiver(shown_by(authority, "other.localhost"), NO_SECRET) as receiver:
        with pytest.raises(httpcore.ConnectError, match="not valid for"):
            posted(receiver, authority)
        assert receiver.headers == []


def test_whoever_shows_a_certificate_of_nobody_we_know_is_told_nothing(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    with a_receiver(shown_by(stranger, HERE), NO_SECRET) as receiver:
        with pytest.raises(httpcore.ConnectError, match=r"self-signed|unable to get"):
            posted(receiver, authority)
        assert receiver.headers == []


def test_this_machine_is_dialled_on_no_other_port_than_those_allowed(authority: Authority) -> None:
    with a_receiver(shown_by(authority, HERE), NO_SECRET) as receiver:
        for allowed in (frozenset[int](), frozenset({receiver.port + 1})):
            with pytest.raises(NotDialled):
                posted(receiver, authority, allowed)
        assert receiver.headers == []


def test_the_allowance_of_development_opens_no_other_name() -> None:
    allowed = frozenset({8443, 443})
    assert address_in("https://x.localhost:8443/", allowed).port == 8443
    for url, why in (
        ("https://aplus.org:8443/", "port"),
        ("https://a.internal:8443/", "name"),
        ("https://127.0.0.1:8443/", "form"),
    ):
        with pytest.raises(NotDialled, match=why):
            address_in(url, allowed)
    assert guard.checked(["127.0.0.1", "::1"], here=True)
    with pytest.raises(NotDialled):
        guard.checked(["127.0.0.1", "10.0.0.1"], here=True)


def test_a_receiver_that_never_answers_is_left(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "WHOLE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        trusted = ssl.create_default_context(cafile=authority.ca)
        with pytest.raises((TimeoutError, httpcore.TimeoutException)):
            asyncio.run(Guard(trusted, frozenset({port})).post(f"https://{HERE}:{port}/", {}, b""))


class HalfDead(ToListener):
    """One number of the name takes no connection, and says nothing."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        if host == "8.8.8.8":
            await asyncio.sleep(timeout or 60)
            raise httpcore.ConnectTimeout
        return await super().connect_tcp(host, port, timeout)


def test_a_number_that_says_nothing_leaves_time_for_the_next(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "CONNECT_SECONDS", 0.5)
    world = HalfDead(listener.port)
    assert post(APLUS, Names([["8.8.8.8", "8.8.4.4"]]), world) == "ConnectError"  # it hangs up
    assert world.dialled == ["8.8.4.4"]


def test_names_that_nobody_answers_for_take_no_threads_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NATS is looked up by the threads asyncio has for all: a partner's silent name must not."""
    answered = threading.Event()

    def silent(*_: object, **__: object) -> list[object]:
        answered.wait(10)
        return []

    async def walk() -> None:
        monkeypatch.setattr(socket, "getaddrinfo", silent)
        asked = [asyncio.create_task(guard.resolve("aplus.org")) for _ in range(64)]
        await asyncio.sleep(0.05)
        try:
            async with asyncio.timeout(2):
                await asyncio.to_thread(answered.is_set)
        finally:
            answered.set()
            await asyncio.gather(*asked)

    asyncio.run(walk())
