"""A client of the public doors, for `call`, `day` and tests: one caller's side, many desks.

It knows nothing but HTTP: no database, no bus. What has no answer is asked again with the same
key, so that a command takes effect once, through restarts and lost connections alike.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

import httpx
import orjson

from contracts.envelope import Contract
from contracts.partner import ApplyPartner, PlayToPartner, ReplayPartner
from contracts.programme import ApplyProgramme
from contracts.roster import Volunteer
from contracts.triage import TriageNotes, TriageProposal
from contracts.vocabulary import (
    Channel,
    ContactId,
    Destination,
    LanguageCode,
    LeaveReason,
    Nature,
    Outcome,
    PersonId,
    Priority,
    ProgrammeId,
    Role,
)
from deploy.platform import Platform

M = TypeVar("M", bound=Contract)

#: Shorter than the server's five seconds, so that we do not write into a connection it just closed.
_KEEP_ALIVE_SECONDS = 3.0

#: A stream says something every ten seconds; three missed are a lost connection.
_STREAM_SILENCE_SECONDS = 35.0

#: Statuses after which the same request, with the same key, may have another answer.
_ASK_AGAIN = frozenset({502, 503, 504})

_ABSENT: dict[str, Any] = {}


class DoorRefused(Exception):
    """A door answered no."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("code") or problem.get("refusal") or "unknown")
        self.field = problem.get("field")
        super().__init__(f"{status} {self.code}: {problem.get('detail', '')}")


class DoorSilent(Exception):
    """No door answered in time, whatever was tried."""


@dataclass(frozen=True)
class LiveMessage:
    """A message of a desk's stream; `seen_at` is `time.monotonic()` when it was read."""

    kind: str
    number: int | None
    body: dict[str, Any]
    seen_at: float

    def read(self, model: type[M]) -> M:
        """The body as one of `services.console.messages`."""
        return model.model_validate_json(orjson.dumps(self.body), extra="ignore")


@dataclass
class Doors:
    """The doors of one platform. Use as `async with Doors(...) as doors`.

    `patience_seconds`: how long a request without an answer is asked again (machine time).
    """

    intake_url: str
    console_url: str
    development_key: str = ""
    patience_seconds: float = 15.0
    risk_url: str = ""
    _http: httpx.AsyncClient = field(init=False, repr=False)
    _streams: httpx.AsyncClient = field(init=False, repr=False)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack, repr=False)

    @classmethod
    def of(cls, platform: Platform, patience_seconds: float = 15.0) -> Doors:
        """The doors of a running platform; OSError when its development key cannot be read."""
        key = (Path(platform.keys) / "development.key").read_text().strip()
        doors = platform.doors
        return cls(doors["intake"], doors["console"], key, patience_seconds, doors["risk"])

    async def __aenter__(self) -> Self:
        """Open the connections, two pools: streams last for hours, commands must not wait."""
        limits = httpx.Limits(
            max_connections=None,
            max_keepalive_connections=64,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
        )
        # Proxies and netrc of the surroundings are no business of ours: the doors are local.
        self._http = httpx.AsyncClient(limits=limits, timeout=10, trust_env=False)
        silence = httpx.Timeout(5, read=_STREAM_SILENCE_SECONDS)
        self._streams = httpx.AsyncClient(limits=limits, timeout=silence, trust_env=False)
        await self._stack.enter_async_context(self._http)
        await self._stack.enter_async_context(self._streams)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._stack.aclose()

    async def ask(
        self,
        method: str,
        url: str,
        body: object = None,
        headers: Mapping[str, str] = _ABSENT,
    ) -> dict[str, Any]:
        """Send a request until it has an answer; DoorRefused when the answer is no.

        Only for requests that may be repeated: reads, and those that carry a key.
        """
        content = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": "application/json", **headers}
        until = time.monotonic() + self.patience_seconds
        wait_seconds = 0.05
        while True:
            said: Exception
            try:
                answer = await self.send(method, url, content, headers)
                if answer.status_code not in _ASK_AGAIN:
                    return _read(answer)
                said = DoorRefused(answer.status_code, _problem(answer))
            except httpx.TransportError as lost:
                said = lost
            if time.monotonic() + wait_seconds > until:
                raise DoorSilent(f"{method} {url}: {type(said).__name__} {said}") from said
            await asyncio.sleep(wait_seconds * random.uniform(0.5, 1))
            wait_seconds = min(wait_seconds * 2, 1.0)

    async def send(
        self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        """Send a request once; httpx.TransportError when it has no answer."""
        return await self._http.request(method, url, content=content, headers=headers)

    async def open_contact(
        self,
        programme: str,
        channel: Channel = Channel.PHONE,
        language: LanguageCode = LanguageCode.UNKNOWN,
    ) -> Caller:
        """Reach a line; DoorRefused (`closed`, with `opens_at`) when its door is closed."""
        body = {"programme": programme, "channel": channel, "language": language}
        told = await self.ask("POST", f"{self.intake_url}/contacts", body, _a_key())
        return Caller(self, ContactId(told["contact_id"]), told["token"], told)

    async def line(self, programme: str) -> dict[str, Any]:
        """What a line is and whether it is open; DoorRefused (`unknown_programme`)."""
        return await self.ask("GET", f"{self.intake_url}/programmes/{programme}")

    async def session(
        self, person_id: str, role: Role, programme: str, wait_seconds: float = 10.0
    ) -> Desk:
        """Open a session with the development key.

        A person or line just made known may still be on its way to the console: it is asked again
        for `wait_seconds`. DoorRefused when it stays unknown or the role is not theirs.
        """
        wanted = {
            "development_key": self.development_key,
            "person_id": person_id,
            "role": role,
            "programme": programme,
        }
        url = f"{self.console_url}/development/sessions"
        until = time.monotonic() + wait_seconds
        while True:
            try:
                told = await self.ask("POST", url, wanted)
            except DoorRefused as refused:
                on_its_way = refused.code in ("unknown_person", "unknown_programme")
                if not on_its_way or time.monotonic() > until:
                    raise
                await asyncio.sleep(0.1)
                continue
            return Desk(self, told["token"], PersonId(person_id), role, ProgrammeId(programme))

    def stream(self, headers: Mapping[str, str]) -> Any:
        """The raw response of a live stream, as a context."""
        return self._streams.stream("GET", f"{self.console_url}/desk/live", headers=headers)


@dataclass
class Caller:
    """The caller's side of one contact."""

    doors: Doors
    contact_id: ContactId
    token: str = field(repr=False)
    opened: dict[str, Any]  #: the door's first answer: state, opened_at, emergency numbers

    async def leave(self, reason: LeaveReason = LeaveReason.HUNG_UP) -> dict[str, Any]:
        """Leave the line; leaving a contact that has ended changes nothing."""
        return await self.doors.ask(
            "POST", f"{self._url}/leave", {"reason": reason}, self._headers | _a_key()
        )

    async def look(self) -> dict[str, Any]:
        """Where the contact is, as its caller may know."""
        return await self.doors.ask("GET", self._url, headers=self._headers)

    @property
    def _url(self) -> str:
        return f"{self.doors.intake_url}/contacts/{self.contact_id}"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class Desk:
    """One person's desk, with their session. Commands raise DoorRefused and DoorSilent."""

    doors: Doors
    token: str = field(repr=False)
    person_id: PersonId
    role: Role
    programme: ProgrammeId
    last_number: int | None = None  #: of the last message read from the stream

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def post(self, path: str, body: object = None, key: str | None = None) -> dict[str, Any]:
        """Send a command: `version` and `result` of what was done."""
        headers = self._authorization | ({"Idempotency-Key": key} if key else _a_key())
        return await self.doors.ask("POST", f"{self.doors.console_url}{path}", body or {}, headers)

    async def start_duty(self) -> None:
        """I am here."""
        await self.post("/desk/duty/start")

    async def end_duty(self) -> None:
        """I go."""
        await self.post("/desk/duty/end")

    async def pause(self) -> None:
        """Offer me nothing for now."""
        await self.post("/desk/duty/pause")

    async def resume(self) -> None:
        """I am ready again."""
        await self.post("/desk/duty/resume")

    async def beat_heart(self) -> None:
        """My desk is there; one try, the next beat follows anyway."""
        await self.post("/desk/heartbeat")

    async def keep_beating(self, every_seconds: float = 3.0) -> None:
        """Beat until cancelled, through whatever happens to the doors."""
        while True:
            with suppress(DoorSilent, DoorRefused):
                await self.beat_heart()
            await asyncio.sleep(every_seconds)

    async def take(self, offer_id: str) -> None:
        """I take this contact."""
        await self.post(f"/desk/offers/{offer_id}/take")

    async def decline(self, offer_id: str) -> None:
        """Not this one."""
        await self.post(f"/desk/offers/{offer_id}/decline")

    async def propose(self, contact_id: str, notes: TriageNotes) -> TriageProposal:
        """What the rules would propose."""
        body = {"notes": notes.model_dump(mode="json")}
        told = await self.post(f"/desk/contacts/{contact_id}/proposal", body)
        return TriageProposal.model_validate_json(orjson.dumps(told["result"]), extra="ignore")

    async def triage(
        self, contact_id: str, priority: Priority, destination: Destination, notes: TriageNotes
    ) -> None:
        """I send the contact on."""
        body = {
            "priority": priority,
            "destination": destination,
            "notes": notes.model_dump(mode="json"),
        }
        await self.post(f"/desk/contacts/{contact_id}/triage", body)

    async def end(
        self, contact_id: str, outcome: Outcome, nature: Nature = Nature.ORDINARY
    ) -> None:
        """I end the contact I am in."""
        await self.post(f"/desk/contacts/{contact_id}/end", {"outcome": outcome, "nature": nature})

    async def finish_wrap_up(self, hard: bool = False) -> None:
        """I have finished after the last contact."""
        await self.post("/desk/wrap-up/finish", {"hard": hard})

    async def import_volunteers(self, volunteers: Iterable[Volunteer]) -> int:
        """Coordinator: add or replace volunteers; how many."""
        rows = [volunteer.model_dump(mode="json") for volunteer in volunteers]
        told = await self.post("/coordinator/volunteers", rows)
        return int(told["result"]["volunteers"])

    async def apply_programme(self, command: ApplyProgramme) -> dict[str, Any]:
        """Operator: put a line into force."""
        return await self.post("/operator/programmes", command.model_dump(mode="json"))

    async def replay_partner(self, replay: ReplayPartner) -> dict[str, Any]:
        """Post to a partner again what it was told since."""
        body = replay.model_dump(mode="json")
        return await self.post("/operator/partners/replay", body)

    async def play_to_partner(self, wish: PlayToPartner) -> dict[str, Any]:
        """Operator: have a referral of nobody sent to a partner's sandbox."""
        return await self.post("/operator/partners/play", wish.model_dump(mode="json"))

    async def apply_partner(self, manifest: ApplyPartner) -> dict[str, Any]:
        """Operator: let a partner in as its file says, or let it go."""
        return await self.post("/operator/partners", manifest.model_dump(mode="json"))

    async def live(self) -> AsyncGenerator[LiveMessage, None]:
        """The desk's stream, through lost connections; ends with DoorRefused when the session does.

        Each connection ends its greeting with `state`, the whole desk; after a reconnection what
        was missed comes before it.
        """
        wait_seconds = 0.1
        while True:
            headers = dict(self._authorization)
            if self.last_number is not None:
                headers["Last-Event-ID"] = str(self.last_number)
            try:
                async with self.doors.stream(headers) as response:
                    if response.status_code not in (200, *_ASK_AGAIN):
                        await response.aread()
                        raise DoorRefused(response.status_code, _problem(response))
                    async for message in _messages(response):
                        wait_seconds = 0.1
                        if message.number is not None:
                            self.last_number = message.number
                        if message.kind == "session_over":
                            raise DoorRefused(401, {"code": message.body["reason"]})
                        yield message
            except httpx.TransportError:
                pass
            await asyncio.sleep(wait_seconds * random.uniform(0.5, 1))
            wait_seconds = min(wait_seconds * 2, 2.0)


async def _messages(response: httpx.Response) -> AsyncIterator[LiveMessage]:
    """Split a stream into messages; comment lines and answers that are no stream hold none."""
    if response.status_code != 200:
        return
    pending = b""
    async for chunk in response.aiter_raw():
        seen_at = time.monotonic()
        *whole, pending = (pending + chunk).split(b"\n\n")
        for block in whole:
            message = _message(block, seen_at)
            if message is not None:
                yield message


def _message(block: bytes, seen_at: float) -> LiveMessage | None:
    fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if not line.startswith(b":"))
    if b"data" not in fields:
        return None
    number = fields.get(b"id")
    return LiveMessage(
        kind=fields[b"event"].decode(),
        number=None if number is None else int(number),
        body=orjson.loads(fields[b"data"]),
        seen_at=seen_at,
    )


def _a_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def _read(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_success:
        told: dict[str, Any] = orjson.loads(answer.content) if answer.content else {}
        return told
    raise DoorRefused(answer.status_code, _problem(answer))


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        problem = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return problem if isinstance(problem, dict) else {}
