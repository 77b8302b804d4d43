"""Posts to partners, after the commit that ordered it: a loop that needs no NATS.

Each event has one id at every attempt, so twice is harmless. A partner's secret is kept nowhere: it
is derived from one key of ours, the partner's name and a number, so no table, backup or file of a
partner holds it, and the next number is another secret.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpcore
import httpx
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from contracts.webhooks import (
    CONTENT_TYPE,
    SECRET_BYTES,
    USER_AGENT,
    secret_of,
    signed_headers,
    structured,
)
from services.bus.decode import going_headers
from services.bus.door import Door, GroundAway
from services.bus.sealing import WrongKey, key_from
from services.bus.tasks import ended
from services.bus.work import derived_id
from services.referral.partners import webhooks
from services.referral.partners.guard import Guard, NotDialled, Note
from services.referral.partners.posting import Attempt, keep_attempt
from services.referral.settings import SETTINGS, Settings

log = logging.getLogger(__name__)

WEBHOOK_KEY = "referral-webhook.key"
_TRY_AGAIN_SECONDS = 1.0
#: Above what an attempt may take: a post in hand is not taken up by another process.
_HOLD_SECONDS = 30.0


def secret_for(key: bytes, partner: str, number: int) -> str:
    """The secret of a partner by its number: the same whenever it is asked for."""
    info = f"webhook/{partner}/{number}".encode()
    return secret_of(HKDF(SHA256(), SECRET_BYTES, salt=None, info=info).derive(key))


class Postman:
    """Posts for one process."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._settings = settings.checked(door.development)
        self._guard = Guard(_trusted(settings.receivers_ca_file), settings.receivers_here)

    async def carry_out_for_ever(self) -> None:
        """Look for what is to be posted, twice a second and whenever a post has ended.

        Each partner is waited for alone: one whose receiver is slow holds up nobody else.
        Never raises.
        """
        on_their_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                began = await self._begun()
                on_their_way = {each for each in (*on_their_way, *began) if not each.done()}
                pause = self._settings.look_every_seconds
                if on_their_way:
                    await asyncio.wait(
                        on_their_way, timeout=pause, return_when=asyncio.FIRST_COMPLETED
                    )
                else:
                    await asyncio.sleep(pause)
        finally:
            await ended(on_their_way)

    async def _begun(self) -> list[asyncio.Task[None]]:
        try:
            return await self._begin()
        except GroundAway:
            await asyncio.sleep(_TRY_AGAIN_SECONDS)
        except (OSError, WrongKey) as error:  # orders wait, and their gauge tells
            log.error("no key to sign webhooks with", extra={"facts": _kind(error)})
            await asyncio.sleep(_TRY_AGAIN_SECONDS * 10)
        except Exception as error:
            log.exception("webhooks could not be posted", extra={"facts": _kind(error)})
            await asyncio.sleep(_TRY_AGAIN_SECONDS)
        return []

    async def carry_out(self) -> int:
        """Post everything that is to be posted now, partners side by side; how much there was.

        Raises OSError or WrongKey without a key to sign with: nothing is taken up then.
        """
        began = await self._begin()
        await asyncio.gather(*began)
        return len(began)

    async def _begin(self) -> list[asyncio.Task[None]]:
        key = key_from(self._settings.keys_dir / WEBHOOK_KEY)
        posts = await self._door.read(partial(webhooks.take_up, hold_seconds=_HOLD_SECONDS))
        return [asyncio.create_task(self._post(post, key)) for post in posts]

    async def _post(self, post: webhooks.Post, key: bytes) -> None:
        """Post one and keep what came of it; unkept, it is posted again once it is held no more."""
        began = time.monotonic()
        dialled: list[str] = []
        status, failure = await self._answer_to(post, key, dialled.append)
        attempt = Attempt(
            number=post.number,
            milliseconds=int((time.monotonic() - began) * 1000),
            chance=random.random(),
            status=status,
            failure=failure,
            signed_at=datetime.fromtimestamp(int(post.machine_seconds), UTC),
            secrets=post.secrets,
            dialled=dialled[-1] if dialled else None,
        )
        facts = {"event": post.event_id, "partner": post.partner, "attempt": post.number}
        request = derived_id("webhook", post.event_id, str(post.number))
        keep = partial(keep_attempt, post.event_id, attempt)
        try:
            await self._door.answer(request, "webhook", keep)
        except GroundAway:
            log.warning("what came of a webhook is not kept yet", extra={"facts": facts})
        except Exception as error:
            log.exception("webhook could not be kept", extra={"facts": facts | _kind(error)})
        else:
            log.info("webhook posted", extra={"facts": facts | {"answer": attempt.answer}})

    async def _answer_to(
        self, post: webhooks.Post, key: bytes, note: Note
    ) -> tuple[int | None, str | None]:
        """The status of the answer, or the kind of the failure: never an address."""
        body = structured(post.envelope, post.body)
        secrets = [secret_for(key, post.partner, number) for number in post.secrets]
        headers = {
            "content-type": CONTENT_TYPE,
            "user-agent": USER_AGENT,
            **going_headers(str(post.envelope["type"])),
            **signed_headers(secrets, post.event_id, int(post.machine_seconds), body),
        }
        try:
            return await self._guard.post(post.url, headers, body, note), None
        except NotDialled as refused:
            return None, refused.why
        except (TimeoutError, httpcore.TimeoutException):
            return None, "no_answer_in_time"
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            return None, type(error).__name__.lower()
        except Exception as error:  # ours: an attempt all the same, with its pause behind it
            facts = {"event": post.event_id, "partner": post.partner}
            log.exception("webhook could not be posted", extra={"facts": facts | _kind(error)})
            return None, "fault"


async def post_to_partners(door: Door, settings: Settings = SETTINGS) -> None:
    """Referral's errands: for as long as it runs."""
    await Postman(door, settings).carry_out_for_ever()


def _trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Public CAs, whatever the environment says; in development those of a file."""
    if ca_file is None:
        return httpx.create_ssl_context(trust_env=False)
    return ssl.create_default_context(cafile=ca_file)


def _kind(error: Exception) -> dict[str, str]:
    return {"error": type(error).__name__}
