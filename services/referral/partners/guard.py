"""Dials a partner's webhook, and nothing else: no address inside, no other name, no redirect.

Whoever chooses an address we dial could have us dial our own servers (SSRF). So an address is held
to a narrow form before anything is resolved; the name is resolved once; every number it has must be
public; and the connection goes to a number that was looked at, never to the name again, which could
lead elsewhere by then (DNS rebinding). The certificate is still that of the name.

httpcore and not httpx: it has the place for this (a network backend) and follows no redirect, reads
no proxy from the environment and no netrc. Numbers: IANA's registries of special-purpose addresses
(IPv4 and IPv6, read 2026-01) and what clouds answer on beside them.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address

import httpcore

from contracts.vocabulary import LONGEST_WEBHOOK_URL, WEBHOOK_URL

PORT = 443
CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 15.0

_FORM = re.compile(WEBHOOK_URL, re.ASCII)
_LONGEST_NAME = 253
#: RFC 6761: whatever ends so is this machine, whoever is asked.
_HERE = ".localhost"
#: Names that are never a partner's, whatever number they have: RFC 6761, 6762, 7686, 8375, 9476,
#: what ICANN keeps for networks inside, and a cluster's own (`svc.cluster.local`).
_INSIDE = (
    *(_HERE, ".local", ".internal", ".intranet", ".private", ".corp", ".home", ".lan"),
    *(".arpa", ".onion", ".alt", ".test", ".example", ".invalid"),
)

_NOT_PUBLIC_4 = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's NAT; Alibaba's metadata
        "127.0.0.0/8",  # this machine
        "168.63.129.16/32",  # Azure's host, seen from its machines
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols; Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
#: Of IPv6 only this is given out at all. Mapped, translated (NAT64), unique local, link-local,
#: site-local, multicast and unspecified addresses lie outside.
_GIVEN_OUT_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # protocols: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # 6bone, given back
        "3fff::/20",  # documentation
    )
)
#: ISATAP: the last 64 bits hold an IPv4 address, in whatever network (RFC 5214).
_ISATAP = (0x00005EFE, 0x02005EFE)

#: Threads of its own: a name nobody answers for keeps one for half a minute, and by those asyncio
#: has for everybody the way to NATS is looked up.
_NAMES = ThreadPoolExecutor(8, thread_name_prefix="names of partners")

#: Told what was connected to: `public`, `here` (development), `inside`.
Note = Callable[[str], None]
Resolve = Callable[[str], Awaitable[Iterable[str]]]


class NotDialled(Exception):
    """Nothing was connected to; `why` is a word of ours."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Address:
    """Where a webhook is posted."""

    host: str
    port: int
    path: str

    @property
    def url(self) -> httpcore.URL:
        """The same, as httpcore wants it."""
        return httpcore.URL(
            scheme=b"https",
            host=self.host.encode("ascii"),
            port=None if self.port == PORT else self.port,
            target=(self.path or "/").encode("ascii"),
        )


def address_in(url: str, here: frozenset[int] = frozenset()) -> Address:
    """Read an address; `here`: ports of this machine that may be dialled too (development).

    Raises NotDialled: `form`, `name`, `port`.
    """
    if len(url) > LONGEST_WEBHOOK_URL or _FORM.fullmatch(url) is None:
        raise NotDialled("form")
    authority, slash, path = url.removeprefix("https://").partition("/")
    host, _, port_said = authority.partition(":")
    port = int(port_said or PORT)
    if len(host) > _LONGEST_NAME or {".", ".."} & set(path.split("/")):
        raise NotDialled("form")
    if host.endswith(_INSIDE) and not _may_be_here(host, port, here):
        raise NotDialled("name")
    if port != PORT and not _may_be_here(host, port, here):
        raise NotDialled("port")
    return Address(host, port, slash + path)


def _may_be_here(host: str, port: int, here: frozenset[int]) -> bool:
    return host.endswith(_HERE) and port in here


def not_public(number: str) -> bool:
    """Whether a number is anything but a public address of one machine."""
    try:
        address = ip_address(number)
    except ValueError:
        return True
    if address.version == 4:
        return any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None or address not in _GIVEN_OUT_6:
        return True
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return True
    return any(address in network for network in _NOT_PUBLIC_6)


def checked(numbers: Iterable[str], *, here: bool = False) -> tuple[str, ...]:
    """The numbers of a name, if each of them may be dialled; `here`: each is this machine instead.

    Raises NotDialled: `unknown_name`, `not_public`.
    """
    found = tuple(dict.fromkeys(numbers))
    if not found:
        raise NotDialled("unknown_name")
    refused = _not_here if here else not_public
    if any(refused(each) for each in found):
        raise NotDialled("not_public")
    return found


def _not_here(number: str) -> bool:
    try:
        return not ip_address(number).is_loopback
    except ValueError:
        return True


async def resolve(host: str) -> list[str]:
    """Every number of a name; raises NotDialled when it has none.

    With a dot at its end: what the machine would try behind it (`search` of resolv.conf, a
    cluster's own names) is never meant.
    """
    if host.endswith(_HERE):
        return ["127.0.0.1"]
    try:
        asked = partial(socket.getaddrinfo, f"{host}.", PORT, proto=socket.IPPROTO_TCP)
        found = await asyncio.get_running_loop().run_in_executor(_NAMES, asked)
    except OSError:
        raise NotDialled("unknown_name") from None
    return [str(where[0]) for *_, where in found]


class _ToNumbersLookedAt(httpcore.AsyncNetworkBackend):
    """Connects to a number of the name that was looked at just now; never to the name."""

    def __init__(
        self, resolve: Resolve, here: frozenset[int], beneath: httpcore.AsyncNetworkBackend
    ) -> None:
        self._resolve = resolve
        self._here = here
        self._beneath = beneath

    async def connect_tcp(  # noqa: PLR0913 - as httpcore has it
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve once, look at every number, and take the first that answers."""
        give_up_at = time.monotonic() + (CONNECT_SECONDS if timeout is None else timeout)
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + CONNECT_SECONDS):
                found = await self._resolve(host)
        except TimeoutError:
            raise NotDialled("unknown_name") from None
        numbers = checked(found, here=_may_be_here(host, port, self._here))
        failed: Exception = httpcore.ConnectTimeout()
        for place, number in enumerate(numbers):
            left = give_up_at - time.monotonic()
            if left <= 0:
                break
            left /= len(numbers) - place  # one that says nothing leaves time for the others
            try:
                return await self._beneath.connect_tcp(
                    number, port, left, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - it is no way to a partner
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """No partner is in a file."""
        raise NotDialled("form")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._beneath.sleep(seconds)


class _Noting(httpcore.AsyncNetworkBackend):
    """Tells what kind of address a connection led to, as the connection itself has it."""

    def __init__(self, way: httpcore.AsyncNetworkBackend, note: Note) -> None:
        self._way = way
        self._note = note

    async def connect_tcp(  # noqa: PLR0913 - as httpcore has it
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect, and tell to what."""
        stream = await self._way.connect_tcp(host, port, timeout, local_address, socket_options)
        self._note(kind_of(str(stream.get_extra_info("server_addr")[0])))
        return stream

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._way.sleep(seconds)


def kind_of(number: str) -> str:
    """What kind of address a number is: `public`, `here` for this machine, `inside`."""
    if not not_public(number):
        return "public"
    return "inside" if _not_here(number) else "here"


def _to_nobody(kind: str) -> None:
    """What was connected to is of no interest."""


class Guard:
    """Posts to addresses of partners, each on a connection of its own."""

    def __init__(
        self,
        trusted: ssl.SSLContext,
        here: frozenset[int] = frozenset(),
        resolve: Resolve = resolve,
        beneath: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._here = here
        self._trusted = trusted
        self._way = _ToNumbersLookedAt(resolve, here, beneath or httpcore.AnyIOBackend())

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, note: Note = _to_nobody
    ) -> int:
        """Post, and return the status of the answer; nothing else of it is read.

        `note` is told what was connected to, if anything was.

        Raises NotDialled when nothing was connected to, TimeoutError, httpcore's exceptions.
        """
        address = address_in(url, self._here)
        timeout = {"connect": CONNECT_SECONDS, "read": WHOLE_SECONDS, "write": WHOLE_SECONDS}
        async with (
            asyncio.timeout(WHOLE_SECONDS),
            httpcore.AsyncConnectionPool(
                ssl_context=self._trusted,
                max_keepalive_connections=0,
                http2=False,
                retries=0,
                network_backend=_Noting(self._way, note),
            ) as pool,
            pool.stream(
                "POST",
                address.url,
                headers=list(headers.items()),
                content=body,
                extensions={"timeout": timeout},
            ) as answer,
        ):
            return answer.status
