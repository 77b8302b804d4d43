"""What is out, who said so, and by when somebody has to speak again. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from deploy.embedded.runfolder import write_atomically

#: While something is out, no word is older than this.
NEXT_WORD_WITHIN = timedelta(minutes=30)
#: A program that still sees it speaks again this long before.
EARLIER = timedelta(minutes=5)
#: Attempts of the synthetic caller that fail in a row before the page says so; as its alert.
FAILURES = 3


class Out(StrEnum):
    """What callers cannot use."""

    NOTHING = "nothing"
    CHAT = "chat"
    VOICE = "voice"
    EVERYTHING = "everything"


class By(StrEnum):
    """Who said so. What a human said, only a human takes back."""

    HAND = "hand"
    ROBOT = "robot"


@dataclass(frozen=True)
class Standing:
    """What the page says; moments are real time, UTC."""

    out: Out
    said_at: datetime
    since: datetime | None = None  #: of the outage
    by: By = By.HAND

    @property
    def next_word_at(self) -> datetime | None:
        """By when something is said again; None while nothing is out."""
        return None if self.out is Out.NOTHING else self.said_at + NEXT_WORD_WITHIN

    def is_late(self, now: datetime) -> bool:
        """Whether the promised word has not come."""
        return self.next_word_at is not None and now > self.next_word_at


def say(before: Standing | None, out: Out, now: datetime, by: By = By.HAND) -> Standing:
    """Say what is out now; an outage keeps its beginning, whatever its extent becomes."""
    began = before.since if before is not None and before.out is not Out.NOTHING else None
    return Standing(out, now, None if out is Out.NOTHING else began or now, by)


def heard(before: Standing | None, failures: int, answered: bool, now: datetime) -> Standing | None:
    """What the synthetic caller's figures change; None: nothing.

    `failures` in a row, and whether the last attempt was `answered` (one that stood aside was
    neither). It speaks of the chat alone: that is all it tries. The first answer of all makes the
    page that callers are led to.
    """
    if before is None:
        if answered and failures == 0:
            return say(None, Out.NOTHING, now, By.ROBOT)
        before = Standing(Out.NOTHING, now, None, By.ROBOT)
    if failures >= FAILURES and before.out is Out.NOTHING:
        return say(before, Out.CHAT, now, By.ROBOT)
    if before.by is not By.ROBOT or before.out is Out.NOTHING:
        return None
    if answered and failures == 0:
        return say(before, Out.NOTHING, now, By.ROBOT)
    due = before.said_at + NEXT_WORD_WITHIN - EARLIER
    return replace(before, said_at=now) if now >= due else None


def read(file: Path) -> Standing | None:
    """What was said last; None when nobody has said anything. ValueError when it is unreadable."""
    try:
        told = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    since = told["since"]
    return Standing(
        Out(told["out"]),
        datetime.fromisoformat(told["said_at"]),
        None if since is None else datetime.fromisoformat(since),
        By(told["by"]),
    )


def write(file: Path, standing: Standing) -> None:
    """Keep it, in one step."""
    told = {
        "out": standing.out,
        "said_at": standing.said_at.isoformat(),
        "since": None if standing.since is None else standing.since.isoformat(),
        "by": standing.by,
    }
    write_atomically(file, json.dumps(told, indent=2) + "\n")
