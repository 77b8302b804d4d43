"""`just relays`: check a directory of relays, ask it, write it out as HSDS, or take a list in.

`check [FILE]` names every row that is wrong, of a list or of the directory that is deployed, with
`--schema` by the schema Open Referral publishes too; `find NEED... [--departement D] [--at MOMENT]`
asks as a regulator would. `export FILE` writes the deployed rows, `--running` those of a running
platform with what its people found out. `import FILE --source NAME` takes a list into a running
platform, of HSDS or (`--format data-inclusion`) of services as data·inclusion writes them: rows
that are wrong are left out and named in `FILE.refused.txt`; whatever that source told before and
no longer has is closed, unless `--part`. Exit code 1: something is wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from contracts.vocabulary import AgeBand, Channel, LanguageCode, Need
from deploy.embedded.runfolder import DEFAULT_FOLDER
from deploy.relay_lists import (
    HSDS,
    INCLUSION,
    MOST_SHOWN,
    breaches_of,
    export_running,
    import_list,
)
from services.referral.directory.committed import (
    COMMITTED,
    document,
    read_departements,
    read_directory,
)
from services.referral.directory.index import Directory
from services.referral.directory.proposal import Proposal
from services.referral.directory.question import Question, Rescue
from services.referral.directory.search import search
from services.referral.directory.served import RELEASE
from services.referral.lists.hsds import (
    DirectoryFlawed,
    read_relays,
    reckonable,
    rows_of,
    write_relays,
)


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
            return _check(options, departements)
        case "export" if options.running:
            return export_running(options)
        case "export":
            return _export(directory, options.folder, options.file)
        case "import":
            return import_list(options, departements)
        case _:
            if options.departement not in {None, *departements}:
                print(f"there is no département {options.departement!r}", file=sys.stderr)
                return 1
            return _find(directory, _question(options))


def _check(options: argparse.Namespace, departements: frozenset[str]) -> int:
    try:
        read = document(options.file or options.folder / "relays.json")
        relays = read_relays(read, departements)
        breaches = list(breaches_of(options.schema, rows_of(read))) if options.schema else []
    except DirectoryFlawed as flawed:
        print(flawed, file=sys.stderr)
        return 1
    for breach in breaches[:MOST_SHOWN]:
        print(breach, file=sys.stderr)
    if options.schema is not None:
        print(f"{len(relays)} rows held against {options.schema.name}: {len(breaches)} breaches")
    verified = sum(relay.verified_at is not None for relay in relays)
    unknown = sum(relay.anonymous is None for relay in relays)
    print(f"{len(relays)} rows are sound; {verified} verified, {unknown} with unknown anonymity")
    return 1 if breaches else 0


def _export(directory: Directory, folder: Path, file: Path) -> int:
    document = json.loads((folder / "relays.json").read_bytes())
    written = json.dumps(write_relays(document, directory.relays), ensure_ascii=False, indent=1)
    try:
        file.write_text(written + "\n", encoding="utf-8")
    except OSError as error:
        print(f"{file}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{len(directory.relays)} rows written to {file.name}")
    return 0


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
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{written!r}: expected 2026-01-14T11:00+01:00") from None
    try:
        reckonable(moment)
    except ValueError as why:
        raise argparse.ArgumentTypeError(f"{written!r}: {why}") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _source(written: str) -> str:
    if re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,59}", written) is None or written == RELEASE:
        raise argparse.ArgumentTypeError(
            f"letters, digits, . _ and -, 60 at the most, and not {RELEASE!r}"
        )
    return written


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="just relays", description="The directory of relays.")
    parser.add_argument("--folder", type=Path, default=COMMITTED, help="default: the committed one")
    verbs = parser.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("check", help="name every row that is wrong")
    check.add_argument("file", type=Path, nargs="?", help="a list of HSDS; default: the deployed")
    check.add_argument("--schema", type=Path, help="HSDS 3's schema/compiled/service.json")
    taking = verbs.add_parser("import", help="take a list into a running platform")
    taking.add_argument("file", type=Path)
    taking.add_argument(
        "--source", type=_source, required=True, help="whose list it is, for instance soliguide"
    )
    taking.add_argument("--format", choices=(HSDS, INCLUSION), default=HSDS)
    taking.add_argument("--structures", type=Path, help="of data·inclusion, where apart from FILE")
    taking.add_argument("--part", action="store_true", help="the source has more than these")
    taking.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    export = verbs.add_parser("export", help="write the rows as HSDS")
    export.add_argument("file", type=Path)
    export.add_argument("--running", action="store_true", help="what a running platform knows")
    export.add_argument("--source", help="with --running: one list only; default: all")
    export.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
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
