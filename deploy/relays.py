"""`just relays`: check a directory of relays, ask it, write it out as HSDS, or take a list in.

`check` names every row that is wrong; `find NEED... [--departement D] [--at MOMENT]` asks as a
regulator would; `export FILE` writes the rows as they were read. `import FILE --source NAME` takes
a list of HSDS into a running platform: rows that are wrong are left out and named in
`FILE.refused.txt`; whatever that source told before and no longer has is closed, unless `--part`.
Exit code 1: something is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import create_engine, make_url
from sqlmodel import Session

from contracts.vocabulary import AgeBand, Channel, LanguageCode, Need
from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.platform import read_platform
from services.bus.settings import BusSettings
from services.referral.directory import COMMITTED, document, read_departements, read_directory
from services.referral.hsds import DirectoryFlawed, rows_of, write_relays
from services.referral.importing import import_rows
from services.referral.index import Directory
from services.referral.proposal import Proposal
from services.referral.question import Question, Rescue
from services.referral.search import search

#: Flaws of an import that are shown; all of them are written down.
_SHOWN = 20


def main(arguments: list[str] | None = None) -> int:
    """Do what is asked with a directory."""
    options = _options(arguments)
    try:
        directory, departements = read_directory(options.folder), read_departements(options.folder)
    except DirectoryFlawed as flawed:
        print(flawed, file=sys.stderr)
        return 1
    match options.verb:
        case "check":
            return _check(directory)
        case "export":
            return _export(directory, options.folder, options.file)
        case "import":
            return _import(options, departements)
        case _:
            if options.departement not in {None, *departements}:
                print(f"there is no département {options.departement!r}", file=sys.stderr)
                return 1
            return _find(directory, _question(options))


def _check(directory: Directory) -> int:
    verified = sum(relay.verified_at is not None for relay in directory.relays)
    unknown = sum(relay.anonymous is None for relay in directory.relays)
    print(
        f"{len(directory.relays)} rows are sound; {verified} verified,"
        f" {unknown} with unknown anonymity"
    )
    return 0


def _export(directory: Directory, folder: Path, file: Path) -> int:
    document = json.loads((folder / "relays.json").read_bytes())
    written = json.dumps(write_relays(document, directory.relays), ensure_ascii=False, indent=1)
    file.write_text(written + "\n", encoding="utf-8")
    print(f"{len(directory.relays)} rows written to {file.name}")
    return 0


def _import(options: argparse.Namespace, departements: frozenset[str]) -> int:
    try:
        rows = rows_of(document(options.file))
        dsn = _referral_dsn(options.run_dir)
    except (DirectoryFlawed, StartRefused) as refused:
        print(refused, file=sys.stderr)
        return 1
    engine = create_engine(dsn, hide_parameters=True)
    with _progress() as progress, Session(engine) as session, session.begin():
        bar = progress.add_task(options.source, total=len(rows))
        taken = import_rows(
            session,
            options.source,
            rows,
            departements,
            datetime.now(UTC),
            whole=not options.part,
            tell=lambda read: progress.update(bar, completed=read),
        )
    engine.dispose()
    print(
        f"{taken.new} new, {taken.changed} changed, {taken.unchanged} as they were,"
        f" {taken.closed} closed, {len(taken.flaws)} flaws"
    )
    if not taken.flaws:
        return 0
    refused_file = options.file.with_name(f"{options.file.name}.refused.txt")
    refused_file.write_text("".join(f"{flaw}\n" for flaw in taken.flaws), encoding="utf-8")
    for flaw in taken.flaws[:_SHOWN]:
        print(flaw, file=sys.stderr)
    print(f"All of them are in {refused_file}.", file=sys.stderr)
    return 1


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))


def _referral_dsn(run_dir: Path) -> str:
    """The database as referral: in its container by its settings, otherwise a platform here."""
    if "HELPLINE_POSTGRES_HOST" in os.environ:
        return BusSettings.from_environment().dsn("referral")
    platform = read_platform(RunFolder(run_dir), even_starting=True)
    password = (Path(platform.keys) / "referral.pg").read_text().strip()
    owner = make_url(platform.owner_dsn).set(drivername="postgresql+psycopg")
    return owner.set(username="helpline_referral", password=password).render_as_string(
        hide_password=False
    )


def _find(directory: Directory, question: Question) -> int:
    found = search(directory, question)
    for title, proposals in (("now", found.now), ("later", found.later)):
        print(f"{title}:" + ("" if proposals else " nobody"))
        for proposal in proposals:
            print(_line(proposal))
    if found.no_second_choice:
        print("no second choice is known")
    return 0


def _line(proposal: Proposal) -> str:
    opens = "" if proposal.opens_at is None else f", opens {proposal.opens_at:%Y-%m-%d %H:%M} UTC"
    against = f"; against it {', '.join(proposal.against)}" if proposal.against else ""
    return f"  {proposal.relay.slug} ({proposal.mode}{opens}): {', '.join(proposal.why)}{against}"


def _question(options: argparse.Namespace) -> Question:
    return Question(
        needs=tuple(options.needs),
        country=options.country,
        departement=options.departement,
        at=options.at,
        channel=options.channel,
        language=options.language,
        age_band=options.age,
        rescue=options.rescue,
    )


def _moment(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="just relays", description="The directory of relays.")
    parser.add_argument("--folder", type=Path, default=COMMITTED, help="default: the committed one")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("check", help="name every row that is wrong")
    taking = verbs.add_parser("import", help="take a list of HSDS into a running platform")
    taking.add_argument("file", type=Path)
    taking.add_argument("--source", required=True, help="whose list it is, for instance soliguide")
    taking.add_argument("--part", action="store_true", help="the source has more than these")
    taking.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    export = verbs.add_parser("export", help="write the rows as HSDS")
    export.add_argument("file", type=Path)
    find = verbs.add_parser("find", help="ask as a regulator would")
    find.add_argument("needs", nargs="+", type=Need, metavar="NEED")
    find.add_argument("--country", default="FR")
    find.add_argument("--departement", metavar="CODE", help="of the person in danger")
    find.add_argument("--at", type=_moment, default=datetime.now(UTC), metavar="MOMENT")
    find.add_argument("--channel", type=Channel, default=Channel.PHONE)
    find.add_argument("--language", type=LanguageCode, default=LanguageCode.UNKNOWN)
    find.add_argument("--age", type=AgeBand, metavar="BAND", help="for instance 15-17")
    find.add_argument("--rescue", type=Rescue, help="medical or danger: it is happening now")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
