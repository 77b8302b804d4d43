"""For a partner's engineer: read what is for you, answer it, and miss nothing while you are away.

    async with Partner("aplus", url, Path("aplus.nk"), Path("aplus.x25519")) as partner:
        async for told in partner:
            if isinstance(told.event, PartnerReferralSent):
                await partner.answer(told.event.reference, accepted=True)

Each event is acknowledged when the next one is asked for: one whose handling failed comes again
after half a minute, with the same id. Needs the extra `partner` (nats-py, nkeys, PyNaCl).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import nats
import nkeys
from nats.aio.client import Client
from nats.js.client import JetStreamContext

from contracts.catalogue import EVENTS
from contracts.envelope import Reply
from contracts.partner import (
    AnswerReferral,
    PartnerCommand,
    PartnerEvent,
    PlayReferral,
    TellOutcome,
    TellSaturation,
    UpdateEntry,
)
from contracts.privacy import LARGEST_COUNT
from contracts.sealing import opened
from contracts.vocabulary import (
    ON_THE_BUS,
    PartnerReference,
    RelayId,
    RelayOutcome,
    SandboxStory,
    SealedBox,
)

log = logging.getLogger(__name__)

_EVENTS = {each.type_name(): each for each in EVENTS if issubclass(each, PartnerEvent)}
#: A request that went with a lost connection is made again after this.
_WAIT_SECONDS = 5.0


class NoKey(LookupError):
    """A file of a key cannot be read, or holds none: the message names it."""


@dataclass(frozen=True)
class Told:
    """Something you are told. The same `id` again is the same event: handle it once."""

    id: str
    event: PartnerEvent
    traceparent: str | None


class Partner:
    """Your connection. It is made anew by itself as often as it is lost."""

    def __init__(self, name: str, url: str, seed: Path, opening_key: Path | None = None) -> None:
        """`seed`: file of your nkey; `opening_key`: file of your X25519 key, base64."""
        self._name, self._url, self._seed = name, url, seed
        self._opening_key = opening_key
        self._said = ""  #: what was logged last

    async def __aenter__(self) -> Self:
        """Connect; while NATS is away, or does not know the key yet, it is tried again and logged.

        Raises NoKey.
        """
        _check_seed(self._seed)
        self._client: Client = await nats.connect(
            self._url,
            name=f"partner {self._name}",
            nkeys_seed=str(self._seed),
            max_reconnect_attempts=-1,
            error_cb=self._log,
        )
        return self

    async def _log(self, error: Exception) -> None:
        """Say it once, and not every two seconds."""
        said = str(error) or type(error).__name__
        if said != self._said:
            log.warning("NATS: %s", said)
            if "authorization violation" in said.lower():
                log.warning("is the public half of %s in the file that was applied?", self._seed)
            if "permissions violation" in said.lower():
                log.warning("is this key that of %s?", self._name)
        self._said = said

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.close()

    async def __aiter__(self) -> AsyncIterator[Told]:
        """What is for you, the oldest first, and then as it comes; it never ends by itself.

        An event of a type this version does not know is acknowledged and logged by its type: left
        lying it would hold back, in our books, everything that came after it.
        """
        durable = f"partner-{self._name}"
        reading: JetStreamContext.PullSubscription = (
            await self._client.jetstream().pull_subscribe_bind(durable, "PARTNER")
        )
        while True:
            try:
                (message,) = await reading.fetch(1, timeout=_WAIT_SECONDS)
            except TimeoutError:
                continue
            told = _read(message.headers or {}, message.data)
            if told is not None:
                yield told
            await message.ack()

    async def answer(self, reference: PartnerReference, *, accepted: bool) -> Reply:
        """Take a referral up, or decline it; the same answer again changes nothing.

        Raises TimeoutError when nobody answered: ask again.
        """
        return await self._ask(AnswerReferral(reference=reference, accepted=accepted))

    async def tell_outcome(self, outcome_token: str, outcome: RelayOutcome) -> Reply:
        """Say what became of somebody; a token works once."""
        return await self._ask(TellOutcome(outcome_token=outcome_token, outcome=outcome))

    async def tell_saturation(self, relay_id: RelayId, full_until: datetime | None) -> Reply:
        """Say until when a service of yours can take nobody; None: it can take people again."""
        saturated = full_until is not None
        wish = TellSaturation(relay_id=relay_id, saturated=saturated, until=full_until)
        return await self._ask(wish)

    async def update_entry(self, entry: UpdateEntry) -> Reply:
        """Say of a service of yours how it is reached; only what is filled in changes.

        Raises TimeoutError when nobody answered: ask again with the same `said_at`.
        """
        return await self._ask(entry)

    async def play(self, story: SandboxStory = SandboxStory.SENT) -> Reply:
        """In a sandbox account: have a referral of nobody sent to you."""
        number = secrets.randbelow(LARGEST_COUNT) + 1
        return await self._ask(PlayReferral(story=story, number=number))

    def open(self, sealed: str) -> str:
        """Open what was sealed to your key.

        Raises NoKey, and `contracts.sealing.CannotOpen` if it was not.
        """
        if self._opening_key is None:
            raise NoKey("no key was given to open it with")
        try:
            key = self._opening_key.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NoKey(f"{self._opening_key}: {error}") from None
        return opened(SealedBox(sealed), key)

    async def _ask(self, command: PartnerCommand) -> Reply:
        body = command.model_dump_json().encode()
        reply = await self._client.request(command.told_as, body, timeout=5)
        return Reply.model_validate_json(reply.data, extra="ignore")


def _check_seed(seed: Path) -> None:
    try:
        nkeys.from_seed(bytearray(seed.read_bytes().strip())).wipe()
    except OSError as error:
        raise NoKey(f"{seed}: {error.strerror or 'it cannot be read'}") from None
    except Exception:  # noqa: BLE001 - nkeys raises what comes to hand
        raise NoKey(f"{seed}: no seed of an nkey (SU...) is in it") from None


def _read(headers: Mapping[str, str], body: bytes) -> Told | None:
    named = headers.get("ce-type", "")
    model = _EVENTS.get(named)
    if model is None:
        log.warning("passed over, of a type this version does not know: %s", named)
        return None
    event = model.model_validate_json(body, extra="ignore", context=ON_THE_BUS)
    return Told(headers["ce-id"], event, headers.get("ce-traceparent"))
