"""A partner's program in Python: it reads what is for it, takes each referral up, and goes on.

    python -m contracts.example aplus tls://nats.example.org:4222 aplus.nk aplus.x25519

Copy it and put what your organisation does with a referral in the place of the answer.
"""

import asyncio
import sys
from pathlib import Path

from contracts.partner import PartnerReferralSent, is_sandbox
from contracts.partner_client import Partner


async def read(name: str, url: str, seed: Path, opening_key: Path) -> None:
    """Until somebody stops it."""
    async with Partner(name, url, seed, opening_key) as partner:
        if is_sandbox(name):
            await partner.play()  # a referral of nobody
        async for told in partner:
            print(told.event.type_name(), told.event.reference, flush=True)  # noqa: T201
            if isinstance(told.event, PartnerReferralSent):
                reply = await partner.answer(told.event.reference, accepted=True)
                print("answered", told.event.reference, reply.status, flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(read(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])))
