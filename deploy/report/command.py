"""`just report daily|monthly|annual`: the report of a line, from the running platform's figures."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from contracts.programme import ProgrammeTerms
from contracts.vocabulary import ProgrammeId
from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.platform import Platform, read_platform
from deploy.report.counted import Lens
from deploy.report.page import Head, page_of, write_csv
from deploy.report.tables import RelayTold, Wish, report_of
from deploy.verify.ledger import checker_url
from services.intake.reader import Faulty, read_manifest
from services.quality import store
from services.quality.facts import ContactFacts

_MANIFESTS = Path(__file__).resolve().parents[1] / "programmes"


class NoReport(Exception):
    """There is no report; the message says why."""


def main(arguments: list[str] | None = None) -> int:
    """Write the report and say where; 1 with a sentence when there is none."""
    options = _options(arguments)
    try:
        platform = read_platform(RunFolder(options.run_dir.resolve()))
        written = _write(options, platform)
    except (NoReport, StartRefused, SQLAlchemyError, OSError) as trouble:
        print(f"Pas de rapport : {trouble}", file=sys.stderr)
        return 1
    for path in written:
        print(path)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="just report", description=__doc__)
    parser.add_argument("length", choices=("daily", "monthly", "annual"))
    parser.add_argument("--programme", required=True, help="the line, e.g. sos-crise")
    parser.add_argument("--date", required=True, type=_a_day, help="a day in it, YYYY-MM-DD")
    parser.add_argument("--by", choices=("region", "organisation"))
    parser.add_argument("--out", type=Path, default=Path("reports"))
    parser.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    return parser.parse_args(arguments)


def _a_day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{written} is no day of the calendar") from None


def days_of(length: str, day: date) -> tuple[date, date]:
    """The first day of the day, month or year around a day, and the first one after it."""
    if length == "daily":
        return day, day + timedelta(days=1)
    if length == "monthly":
        first = day.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1)
    return date(day.year, 1, 1), date(day.year + 1, 1, 1)


def _write(options: argparse.Namespace, platform: Platform) -> tuple[Path, Path]:
    terms = _terms(options.programme)
    first, after = days_of(options.length, options.date)
    read = _read(platform, ProgrammeId(options.programme), terms, (first, after))
    wish = wish_of(options.length, options.by, read.lens)
    report = report_of(read.contacts, read.lens, wish, read.relays)
    period = {"daily": f"{first}", "monthly": f"{first:%Y-%m}", "annual": f"{first:%Y}"}
    name = f"{options.programme}-{period[options.length]}"
    name += f"-{options.by}" if options.by else ""
    options.out.mkdir(parents=True, exist_ok=True)
    page, table = options.out / f"{name}.html", options.out / f"{name}.csv"
    head = Head(terms.name, period[options.length], terms.timezone)
    page.write_text(page_of(head, report), encoding="utf-8")
    write_csv(table, report)
    return page, table


def wish_of(length: str, by: str | None, lens: Lens) -> Wish:
    """What a report is asked for: a month is made of days, a year of months."""
    parts = {
        "daily": None,
        "monthly": lambda moment: f"{lens.day_at(moment)}",
        "annual": lambda moment: f"{lens.day_at(moment):%Y-%m}",
    }
    looks = {"region": lens.region, "organisation": lens.organisation}
    return Wish(part=parts[length], by=looks.get(by or ""), by_name=by or "")


def _terms(programme: str) -> ProgrammeTerms:
    known = sorted(path.stem for path in _MANIFESTS.glob("*.yaml"))
    if programme not in known:
        raise NoReport(f"pas de ligne {programme} ; il y a {', '.join(known)}.")
    read = read_manifest((_MANIFESTS / f"{programme}.yaml").read_bytes())
    if isinstance(read, Faulty):
        raise NoReport(f"le manifeste de {programme} a des fautes : `./just programme check`.")
    return read.terms


@dataclass(frozen=True)
class Read:
    """What a report is made of."""

    lens: Lens
    contacts: list[ContactFacts]
    relays: list[RelayTold]


def _read(
    platform: Platform, programme: ProgrammeId, terms: ProgrammeTerms, days: tuple[date, date]
) -> Read:
    """The contacts opened on these days where the line is, that have ended; what relays told."""
    zone = ZoneInfo(terms.timezone)
    first, after = (datetime.combine(day, time(), zone).astimezone(UTC) for day in days)
    engine = create_engine(checker_url(platform.owner_dsn, Path(platform.keys)))
    try:
        with Session(engine) as session:
            targets = store.targets_of(session, programme)
            lens = Lens(terms, targets, store.guidance_of(session, programme))
            ended = store.ended_since(session, programme, first)
            told = store.relay_outcomes_between(session, programme, first, after)
            contacts = [f for f in ended if f.opened_at and f.opened_at < after]
            return Read(lens, contacts, [(hour, word.value, count) for hour, word, count in told])
    finally:
        engine.dispose()
