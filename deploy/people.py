"""`just people FILE --programme LINE`: import the people of a line from a table into its roster.

As the coordinator, through the console's door. The development session it opens for that exists in
development only. People the table does not name stay as they are.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.desk import DoorRefused, Doors, DoorSilent
from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.line.people import read_people
from deploy.line.unfit import Unfit
from deploy.platform import Platform, read_platform
from deploy.seeds import import_people


def main(arguments: Sequence[str] | None = None) -> int:
    """Import; 0 when every row was taken, 1 with a sentence when none was."""
    parser = argparse.ArgumentParser(prog="just people", description="Import people of a line.")
    parser.add_argument("file", type=Path, metavar="FILE", help="a table like people.csv")
    parser.add_argument("--programme", required=True, help="identifier of the line")
    parser.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    options = parser.parse_args(arguments)
    try:
        content = options.file.read_text(encoding="utf-8")
        platform = read_platform(RunFolder(options.run_dir.resolve()))
        told = asyncio.run(_import(platform, options.programme, content))
    except (Unfit, StartRefused, DoorRefused, DoorSilent) as why:
        return _fail(options.file, str(why))
    except UnicodeDecodeError:
        return _fail(options.file, "is not UTF-8 text")
    except OSError as error:
        return _fail(options.file, f"{error.filename}: {error.strerror}")
    print(f"{options.programme}: {told}")
    return 0


async def _import(platform: Platform, programme: str, content: str) -> str:
    async with Doors.of(platform) as doors:
        line = await doors.line(programme)
        people = read_people(content, line["timezone"])
        await import_people(doors, programme, people)
    entrance = f"{platform.doors['console']}/entrer"
    return f"{len(people)} people are in the roster. They come in at {entrance}"


def _fail(file: Path, why: str) -> int:
    print(f"{file}: nobody was imported. {why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
