"""`just status`: the public status page of a line, by hand or from the synthetic caller's figures.

`say chat|voice|everything`, `again` (it still is), `clear`, `check` (1 when the promised word
is late), `follow --figures URL`. The files are in `--to`: put them where they
survive the platform.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from deploy.status import standing as said
from deploy.status.page import Line, ManifestFaulty, line_of, publish
from deploy.status.standing import By, Out, Standing

#: Of the demonstration's lines, one that answers by telephone and by chat.
_MANIFEST = Path(__file__).resolve().parents[1] / "programmes" / "sos-detresse.yaml"
_STANDING = "standing.json"
_FOLLOW_EVERY_SECONDS = 30.0


def figures_in(exposed: str) -> tuple[int, bool]:
    """Failures in a row, and whether the last attempt was one that was answered.

    From what the synthetic caller tells at /metrics; ValueError when it is not that.
    """
    told = r"^(helpline_synthetic_\w+)(?:\{\})? ([0-9.e+]+)$"
    found = dict(re.findall(told, exposed, re.MULTILINE))
    try:
        failures = int(float(found["helpline_synthetic_failures_in_a_row"]))
        aside = float(found["helpline_synthetic_standing_aside"]) > 0
    except KeyError as missing:
        raise ValueError(f"no figures of the synthetic caller: {missing}") from None
    made = re.search(r'attempts_total\{result="answered"\} ([0-9.e+]+)', exposed)
    return failures, not aside and failures == 0 and made is not None and float(made[1]) > 0


def _say(folder: Path, line: Line, now: Standing) -> None:
    said.write(folder / _STANDING, now)
    pages = publish(folder, line, now)
    word = f"{now.out}, written at {now.said_at:%H:%M} UTC by {now.by}"
    next_word = now.next_word_at
    promised = "" if next_word is None else f"; next word by {next_word:%H:%M} UTC"
    print(f"{word}{promised}: {pages[0]}", flush=True)


def _follow(folder: Path, line: Line, figures: str, times: int | None) -> int:
    made = 0
    while times is None or made < times:
        made += 1
        now = datetime.now(UTC)
        try:
            with urllib.request.urlopen(figures, timeout=5) as answer:  # noqa: S310 the operator's
                failures, answered = figures_in(answer.read().decode())
        except (OSError, urllib.error.URLError, ValueError) as lost:
            # Without figures nothing is known of the line: nothing is said, and nothing taken back.
            print(f"No figures: {lost}", file=sys.stderr, flush=True)
        else:
            next_word = said.heard(said.read(folder / _STANDING), failures, answered, now)
            if next_word is not None:
                _say(folder, line, next_word)
        if times is None or made < times:
            time.sleep(_FOLLOW_EVERY_SECONDS)
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Do one thing; 1 when `check` finds a promise broken, 2 when it cannot be done."""
    parser = argparse.ArgumentParser(prog="just status", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("verb", choices=("say", "again", "clear", "check", "follow"))
    parser.add_argument("out", nargs="?", choices=[each for each in Out if each is not Out.NOTHING])
    parser.add_argument("--to", type=Path, default=Path("build/status"), help="folder of the files")
    parser.add_argument("--manifest", type=Path, default=_MANIFEST, help="of the line")
    parser.add_argument("--figures", default="http://127.0.0.1:9200/metrics", help="for follow")
    parser.add_argument("--times", type=int, help="looks of follow; for ever when not said")
    asked = parser.parse_args(arguments)
    now, folder = datetime.now(UTC), asked.to
    try:
        before = said.read(folder / _STANDING)
        if asked.verb == "check":
            late = before is not None and before.is_late(now)
            print("The promised word is late." if late else "No word is owed.")
            return 1 if late else 0
        line = line_of(asked.manifest)
        if not line.chat and (asked.verb == "follow" or asked.out in (Out.CHAT, Out.VOICE)):
            raise ValueError(f"{line.name} has no chat, say everything or nothing of it")
        folder.mkdir(parents=True, exist_ok=True)
        if asked.verb == "follow":
            return _follow(folder, line, asked.figures, asked.times)
        if asked.verb == "say" and asked.out is None:
            parser.error("say what: chat, voice or everything")
        out = Out(asked.out) if asked.out else Out.NOTHING
        if asked.verb == "again":
            out = before.out if before is not None else Out.NOTHING
        _say(folder, line, said.say(before, out, now, By.HAND))
    except (ManifestFaulty, OSError, ValueError) as wrong:
        print(f"The status page cannot be written: {wrong}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
