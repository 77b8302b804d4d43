"""`just scenarios [FILE]`: compare the rules with scenarios, say every difference and why.

Exit code: 0 they agree, 1 they differ somewhere, 2 the file cannot be read.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deploy.day.options import shared_folder
from deploy.scenarios.comparing import Answer, answer, compare
from deploy.scenarios.scene import Scene, Unreadable, read_scenes
from services.referral.directory.committed import read_directory
from services.referral.directory.index import Directory
from services.referral.lists.hsds import DirectoryFlawed


def main(arguments: list[str] | None = None) -> int:
    """Play every scenario of the file."""
    options = _options(arguments)
    path = options.file or shared_folder() / "data" / "scenarios.jsonl"
    try:
        directory, scenes = read_directory(), list(read_scenes(path))
    except FileNotFoundError:
        print(f"No scenarios in {path}: name a file, or set HELPLINE_SHARED.", file=sys.stderr)
        return 2
    except (OSError, UnicodeDecodeError) as trouble:
        print(f"{path.name} cannot be read: {trouble}", file=sys.stderr)
        return 2
    except DirectoryFlawed as flawed:
        print(f"the directory of relays cannot be read:\n{flawed}", file=sys.stderr)
        return 2
    wrong = [scene for scene in scenes if isinstance(scene, Unreadable)]
    if wrong or not scenes:
        print("\n".join(map(str, wrong)) or f"{path.name} holds no scenario", file=sys.stderr)
        return 2
    return _play([scene for scene in scenes if isinstance(scene, Scene)], options.all, directory)


def _play(scenes: list[Scene], everything: bool, directory: Directory) -> int:
    agreeing = 0
    for scene in scenes:
        given = answer(scene, directory)
        differences = compare(scene, given)
        agreeing += not differences
        if differences or everything:
            print(f"{scene.id}: {'differs' if differences else 'agrees'}")
        for each in differences:
            print(f"  {each.what}: expected {each.expected}; proposed {each.proposed}")
            print(f"    because {each.because}")
        if everything:
            print(_told(given))
    print(f"{agreeing} of {len(scenes)} scenarios agree")
    return int(agreeing < len(scenes))


def _told(given: Answer) -> str:
    proposal = given.proposal
    attention = "not read" if given.reading is None else given.reading.level
    now, later = (
        ", ".join(each.relay.slug for each in part) or "nobody"
        for part in (given.found.now, given.found.later)
    )
    return (
        f"  {proposal.priority} by {', '.join(proposal.reasons)}; attention {attention}\n"
        f"  now: {now}\n  later: {later}"
    )


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="just scenarios", description="Compare the rules.")
    parser.add_argument("file", nargs="?", type=Path, help="default: the scenarios of the data")
    parser.add_argument("--all", action="store_true", help="tell of those that agree as well")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
