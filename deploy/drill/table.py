"""What came of the drills, as a page: how each alert was provoked, and when somebody was told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from deploy.drill.drills import DRILLS
from deploy.drill.playing import EVERY_SECONDS, FASTER, Played
from deploy.drill.runbooks import ACTS, commands_in
from deploy.start import REPOSITORY

TABLE = REPOSITORY / "docs" / "drills.md"
_HEAD = f"""# Drills: every alert, provoked

Written by `./just drill all --write`, which plays each on a platform of its own with a real
Prometheus and Alertmanager; nothing goes out of the machine. Prometheus asks each {EVERY_SECONDS} s
and what an alert waits for (`for`) is divided by {FASTER}: somebody is told sooner than at night
by that much. Thresholds and windows are those of the night; domain time passes as said. "Typed" is
what the runbook has an engineer ask and type while the alert stands and after it, and how much of
it worked; "left" is what only a human decides to type.

| alert | provoked by | domain time | told after | receiver | typed |
|---|---|---|---|---|---|
"""


def row_of(played: Played) -> str:
    """One line of the table."""
    drill = DRILLS[played.name]
    if played.page is None or played.after is None:
        told, receiver = "never", ""
    else:
        told, receiver = f"{played.after:.0f} s", played.page.receiver
    left = sum(each.mark == ACTS for each in commands_in(played.name))
    works = sum(each.works for each in played.typed)
    typed = f"{works} of {len(played.typed)}" + (f", {left} left" if left else "")
    shape = ", a process each" if drill.apart else ""
    return (
        f"| [{played.name}](../observability/runbooks/{played.name}.md) | {drill.does}{shape} "
        f"| x{drill.rate} | {told} | {receiver} | {typed} |\n"
    )


def rows_in(page: Path) -> dict[str, str]:
    """The lines of a page by their alert; none when there is no page yet."""
    told = page.read_text("utf-8") if page.exists() else ""
    return {found[1]: found[0] for found in re.finditer(r"^\| \[(\w+)\].*\n", told, re.MULTILINE)}


def written(into: Path, played: Sequence[Played]) -> None:
    """Write the page: these anew, and what it said of the others; whose alert is gone goes."""
    rows = rows_in(into) | {each.name: row_of(each) for each in played}
    into.write_text(_HEAD + "".join(rows[name] for name in DRILLS if name in rows), "utf-8")
