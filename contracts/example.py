"""A partner's program in Python: it reads what is for it, takes each referral up, and goes on.

    python -m contracts.example aplus tls://nats.example.org:4222 aplus.nk aplus.x25519

Copy it and put what your organisation does with a referral in the place of the answer.
"""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from nats.errors import Error as NatsError

from contracts.partner import PartnerReferralSent, is_sandbox
from contracts.partner_client import NoKey, Partner


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
    logging.basicConfig(format="%(message)s")
    parser = argparse.ArgumentParser(
        prog="python -m contracts.example", description="Read what is for a partner, and answer."
    )
    parser.add_argument("name", help="of the partner")
    parser.add_argument("url", help="of NATS")
    parser.add_argument("seed", type=Path, help="file of its nkey")
    parser.add_argument("opening_key", type=Path, help="file of its X25519 key")
    asked = parser.parse_args()
    try:
        asyncio.run(read(asked.name, asked.url, asked.seed, asked.opening_key))
    except KeyboardInterrupt:
        sys.exit(130)
    except TimeoutError:
        sys.exit(f"{asked.url}: nobody answers. Is {asked.name} let in, under this name?")
    except (NoKey, ValueError) as why:
        sys.exit(str(why))
    except NatsError as why:
        sys.exit(f"{asked.url}: {why}")
