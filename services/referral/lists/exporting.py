"""The directory as it is known now, written as HSDS: what sources told and people found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from sqlmodel import Session

from services.referral.directory import entries
from services.referral.lists.hsds import write_row


def written(
    session: Session,
    head: Mapping[str, Any],
    source: str | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> Iterator[bytes]:
    """One JSON object, a row a line; `head` says what the words in it mean.

    `source`: one list only. `tell` hears how many rows were written so far.
    """
    begun = orjson.dumps({name: told for name, told in head.items() if name != "services"})
    yield begun.removesuffix(b"}") + (b"," if begun != b"{}" else b"") + b'"services":['
    between = b"\n"
    for place, relay in enumerate(entries.everything(session, source), 1):
        yield between + orjson.dumps(write_row(relay))
        between = b",\n"
        tell(place)
    yield b"\n]}\n"
