"""Asks the caller's edge for the one thing it holds in its memory: the number, for a while.

It is passed on to who calls rescue and kept nowhere. The edge of telephony comes with telephony;
until then what answers here in tests is a stand-in, declared as one (tests/risk/stand_in_edge.py).
"""

from __future__ import annotations

from typing import Annotated

import httpx

from contracts.anonymity import LiftId
from contracts.envelope import Contract
from contracts.privacy import ops
from contracts.vocabulary import ContactId
from services.bus import capability
from services.risk.settings import Settings

#: What the edge is shown is signed for this alone.
EDGE_PURPOSE = "caller edge"


class EdgeSilent(Exception):
    """There is no edge, or it does not answer: what it holds is not known."""


class EdgeAsked(Contract):
    """What the edge is shown: that this lift was decided, for this contact."""

    lift_id: Annotated[LiftId, ops("The lift")]
    contact_id: Annotated[ContactId, ops("The contact")]


async def number_of(settings: Settings, asked: EdgeAsked) -> str | None:
    """What the edge holds of a caller; None: nothing (a chat, or the time is over).

    Raises EdgeSilent.
    """
    if not settings.edge_url:
        raise EdgeSilent
    shown = capability.sign(capability.key_in(settings.keys_dir), EDGE_PURPOSE, asked)
    url = f"{settings.edge_url}/contacts/{asked.contact_id}/caller"
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=3) as client:
            answer = await client.get(url, headers={"Authorization": f"Bearer {shown}"})
    except httpx.HTTPError:
        raise EdgeSilent from None
    if answer.status_code == 404:
        return None
    if answer.status_code != 200:
        raise EdgeSilent
    return str(answer.json()["number"])
