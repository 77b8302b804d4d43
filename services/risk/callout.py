"""Carries calls to the duty professional out, after the commit that ordered them.

A loop like the bus's forwarder, without NATS: it takes up what is to be called now, dials, and
keeps what came of it. Each call has one id at every attempt, so twice is harmless; what has lapsed,
or is not wanted any more, is not taken up.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial

import httpx
import orjson

from contracts.risk import CallWay
from services.bus.door import Door, GroundAway
from services.bus.sealing import WrongKey, key_from, opened
from services.bus.work import derived_id
from services.risk import duty, webhook
from services.risk.calling import Attempt, keep_attempt
from services.risk.duty import CallToMake, place_of
from services.risk.push import Sender
from services.risk.settings import SETTINGS, Settings

log = logging.getLogger(__name__)

SEAL_KEY, PUSH_KEY = "risk-seal.key", "risk-push.key"
_TRY_AGAIN_SECONDS = 1.0
#: Above what an attempt may take: a call in hand is not taken up by another process.
_HOLD_SECONDS = 15.0


class Callout:
    """Dials for one process."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._settings = settings.checked(door.development)
        self._seal_key = key_from(settings.keys_dir / SEAL_KEY)
        self._sender = Sender(key_from(settings.keys_dir / PUSH_KEY), settings.push_contact)
        self._client = httpx.AsyncClient(
            trust_env=False, follow_redirects=False, timeout=settings.answer_within_seconds
        )

    async def carry_out_for_ever(self) -> None:
        """Look for calls to make, five times a second; never raises."""
        async with self._client:
            while True:
                await asyncio.sleep(self._settings.look_every_seconds)
                try:
                    await self.carry_out()
                except GroundAway:
                    await asyncio.sleep(_TRY_AGAIN_SECONDS)
                except Exception as error:
                    log.exception("calls could not be made", extra={"facts": _kind(error)})
                    await asyncio.sleep(_TRY_AGAIN_SECONDS)

    async def carry_out(self) -> int:
        """Make every call that is to be made now, side by side; how many there were."""
        take_up = partial(duty.take_up_calls, hold_seconds=_HOLD_SECONDS)
        calls = await self._door.read(take_up)
        await asyncio.gather(*(self._make(call) for call in calls))
        return len(calls)

    async def _make(self, call: CallToMake) -> None:
        began = time.monotonic()
        status, failure = await self._dial(call)
        took = int((time.monotonic() - began) * 1000)
        attempt = Attempt(call.number, took, status, failure)
        key = derived_id("attempt", call.call_id, str(call.number))
        await self._door.answer(key, "attempt", partial(keep_attempt, call.call_id, attempt))
        facts = {"call": call.call_id, "way": call.way.value, "attempt": call.number}
        log.info("duty call tried", extra={"facts": facts | {"status": status, "failure": failure}})

    async def _dial(self, call: CallToMake) -> tuple[int | None, str | None]:
        """The status of the answer, or the kind of the failure: never an address."""
        if call.sealed is None:
            return None, "address_taken_away"
        try:
            place = place_of(call.programme, call.person_id, call.way)
            reach = orjson.loads(opened(self._seal_key, call.sealed, place))
        except WrongKey:
            return None, "sealed_by_another_key"
        if not self._settings.may_dial(reach["address"]):
            return None, "not_allowed_to_dial"
        if call.way is CallWay.WEBHOOK:
            letter = webhook.letter(call, reach["secret"])
        else:
            letter = self._sender.letter(call, reach["address"])
        within = min(self._settings.answer_within_seconds, max(call.left_seconds, 0.1))
        try:
            async with asyncio.timeout(within):
                async with self._client.stream(
                    "POST", reach["address"], content=letter.body, headers=letter.headers
                ) as answer:  # what it says beside its status is not read
                    return answer.status_code, None
        except TimeoutError:
            return None, "no_answer_in_time"
        except httpx.HTTPError as error:
            return None, type(error).__name__.lower()


async def carry_out_calls(door: Door, settings: Settings = SETTINGS) -> None:
    """Risk's errands: for as long as it runs."""
    await Callout(door, settings).carry_out_for_ever()


def _kind(error: Exception) -> dict[str, str]:
    return {"error": type(error).__name__}
