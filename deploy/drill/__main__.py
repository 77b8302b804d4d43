"""`just drill NAME...`: provoke alerts, one platform each; `all`, `--list`, `--write`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import httpx
import psycopg

from deploy.desk import DoorRefused, DoorSilent
from deploy.drill.drills import DRILLS
from deploy.drill.playing import EVERY_SECONDS, FASTER, Played, play
from deploy.drill.table import TABLE, written
from deploy.embedded.trouble import StartRefused
from deploy.seat import CallFailed

_NOT_PLAYED = (
    *(StartRefused, CallFailed, DoorRefused, DoorSilent, OSError, psycopg.Error),
    *(httpx.HTTPError, AssertionError),
)


def _say(played: Played) -> None:
    if played.page is None or played.after is None:
        print(f"  it did not fire; told meanwhile: {', '.join(sorted(played.others)) or 'nothing'}")
        return
    page = played.page
    print(f"  fired and told after {played.after:.1f} s to {page.receiver}: {page.summary}")
    print(f"  runbook: {page.runbook}")
    for each in played.typed:
        print(f"  {'works' if each.works else 'BROKEN'}: {each.what} -> {each.came}")


def _play_and_say(name: str) -> Played | None:
    """What came of it; None when it could not be played."""
    drill = DRILLS[name]
    print(
        f"{name}: {drill.does} (asked each {EVERY_SECONDS} s, `for` divided by {FASTER}, "
        f"domain time x{drill.rate}).",
        flush=True,
    )
    try:
        played = play(name)
    except _NOT_PLAYED as trouble:
        print(f"  it could not be played: {type(trouble).__name__} {trouble}")
        return None
    _say(played)
    sys.stdout.flush()
    return played


def main(arguments: list[str] | None = None) -> int:
    """Play what is named; 1 when one did not fire or a runbook's command does not work."""
    parser = argparse.ArgumentParser(prog="just drill", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="alerts; `all` is every one")
    parser.add_argument("--list", action="store_true", dest="listed")
    parser.add_argument("--write", type=Path, nargs="?", const=TABLE, help="a table of what came")
    asked = parser.parse_args(arguments)
    if asked.listed or not asked.names:
        for name, each in DRILLS.items():
            print(f"{name:<28} {each.does}")
        return 0
    names = list(DRILLS) if asked.names == ["all"] else asked.names
    unknown = [name for name in names if name not in DRILLS]
    if unknown:
        print(f"No drill: {', '.join(unknown)}. `just drill --list` names them.", file=sys.stderr)
        return 2
    played = {name: _play_and_say(name) for name in names}
    failed = [name for name, each in played.items() if each is None or not each.well]
    if asked.write is not None:
        written(asked.write, [each for each in played.values() if each is not None])
        print(f"Written: {asked.write}")
    print(
        f"{len(names) - len(failed)} of {len(names)} went as they should."
        + (f" Not: {', '.join(failed)}." if failed else "")
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
