"""`just share LINE --period month --month 2026-01 --to FOLDER`: publish activity, as files.

The first time it publishes the period; ever after it writes the same files again. `--revise` counts
the period anew and publishes what has moved as another edition. Exit code 1: nothing was published,
and why. Of a container it is asked as the service quality, by the settings of the bus.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from contracts.activity import ActivityEdition
from contracts.vocabulary import LanguageCode, Period, ProgrammeId
from deploy.as_service import service_dsn
from deploy.embedded.runfolder import DEFAULT_FOLDER
from deploy.embedded.trouble import StartRefused
from services.console.activity_files import chart_of, csv_of, name_of
from services.pages.look import Look
from services.quality.editions import Asked, NotPublished, publish
from services.quality.periods import days_of
from services.quality.sharing import Withheld

_WHY = {
    NotPublished.UNKNOWN_LINE: "no version of this line with a zone is known to quality",
    NotPublished.NOT_OVER: "it is not over, or not for three days yet: its last messages wait",
    NotPublished.FORGOTTEN: "contacts of it are forgotten: its retention is over",
    NotPublished.NOT_COUNTED: "hours of it are not counted yet",
    NotPublished.NOT_PUBLISHED_YET: "there is no edition to revise",
    Withheld.TOO_FEW: "it has fewer than ten contacts",
    Withheld.TOO_SMALL_A_DIFFERENCE: "beside what was published it would uncover fewer than ten",
    Withheld.NOTHING_MOVED: "nothing has moved since the last edition",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish and write; say where."""
    options = _options(arguments)
    try:
        asked = Asked(ProgrammeId(options.programme), options.period, options.of, options.revise)
        days_of(asked.period, asked.of)  # ValueError when there is none of this name
        published = _published(asked, options.run_dir)
    except (ValueError, StartRefused, OSError) as why:
        return _fail(str(why))
    except SQLAlchemyError as error:
        return _fail(f"the database did not take it ({type(error).__name__})")
    if not isinstance(published, ActivityEdition):
        return _fail(_WHY[published])
    print(f"{published.programme} {published.of}: edition {published.edition} stands")
    for path in write(published, options.to, Look(options.language)) if options.to else ():
        print(path)
    return 0


def write(edition: ActivityEdition, folder: Path, look: Look) -> list[Path]:
    """Write an edition as CSV and as a picture; returns both files."""
    folder.mkdir(parents=True, exist_ok=True)
    table, chart = (folder / name_of(edition, ending) for ending in ("csv", "svg"))
    table.write_bytes(csv_of(edition).encode())
    chart.write_text(chart_of(edition, look), encoding="utf-8")
    return [table, chart]


def _published(asked: Asked, run_dir: Path) -> ActivityEdition | Withheld | NotPublished:
    engine = create_engine(service_dsn("quality", run_dir.resolve()), hide_parameters=True)
    try:
        with Session(engine) as session, session.begin():
            now: datetime = session.execute(text("SELECT public.helpline_now()")).scalar_one()
            return publish(session, asked, now)
    finally:
        engine.dispose()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="just share", description="Publish a line's activity.")
    parser.add_argument("programme", help="the line, for instance sos-crise")
    parser.add_argument("--period", type=Period, required=True, choices=list(Period))
    for each in Period:
        parser.add_argument(f"--{each.value}", help=_HELP[each], metavar="WHICH")
    parser.add_argument("--revise", action="store_true", help="count anew, as another edition")
    parser.add_argument("--to", type=Path, help="folder of the files; without it none are written")
    parser.add_argument("--language", type=LanguageCode, default=LanguageCode.FR)
    parser.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    options = parser.parse_args(arguments)
    options.of = getattr(options, options.period.value)
    if options.of is None:
        parser.error(f"which {options.period.value}? --{options.period.value} WHICH")
    return options


_HELP = {
    Period.DAY: "2026-01-14",
    Period.WEEK: "2026-W03, from Monday to Sunday",
    Period.MONTH: "2026-01",
    Period.QUARTER: "2026-Q1",
    Period.YEAR: "2026",
}


def _fail(why: str) -> int:
    print(f"Nothing was published: {why}.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
