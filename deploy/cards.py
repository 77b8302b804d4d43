"""`just cards`: check a list of information cards, or take it into a running platform.

`check FILE` names every card that is wrong. `import FILE` takes the others; what was refused is
told with its reason, and the exit code is 1. The list of the demonstration,
`deploy/information/sos-crise.yaml`, says how one is written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy import create_engine, text
from sqlmodel import Session

from contracts.information import InformationCard
from contracts.vocabulary import Departement, LanguageCode, PersonId, ProgrammeId, Role
from deploy.as_service import service_dsn
from deploy.embedded.runfolder import DEFAULT_FOLDER
from deploy.embedded.trouble import StartRefused
from services.referral.cards.importing import CardFlaw, CardsImported, Listed, import_cards
from services.referral.cards.rules import judge_card

#: Cards of the demonstration, beside its lines.
DEMONSTRATION = Path(__file__).resolve().parent / "information" / "sos-crise.yaml"

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,60}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Row(_Strict):
    """A card as a person writes it."""

    key: _Name
    title: str
    text: str  #: paragraphs with an empty line between
    source: str
    source_url: str
    source_on: date
    owner_role: Role | None = None
    owner_id: PersonId | None = None
    valid_from: date | None = None  #: empty: from the import on
    expires_on: date | None = None  #: its last day
    holds_days: int | None = Field(default=None, ge=1, le=366)  #: instead: so long from its import
    departements: tuple[Departement, ...] = ()
    language: LanguageCode = LanguageCode.FR


class _List(_Strict):
    """A list of cards."""

    format: Annotated[str, StringConstraints(pattern=r"^helpline-cards/1$")]
    name: _Name
    programmes: tuple[ProgrammeId, ...]
    timezone: str = "Europe/Paris"
    cards: tuple[Any, ...]


class ListUnfit(Exception):
    """A list of cards cannot be read."""


@dataclass(frozen=True)
class CardList:
    """A list as it was read: its cards, and those that are wrong."""

    name: str
    listed: tuple[Listed, ...]
    flaws: tuple[CardFlaw, ...]


def read_list(file: Path, now: datetime) -> CardList:
    """Read a list; `now` is domain time. Raises ListUnfit; a card that is wrong is a flaw."""
    try:
        whole = _List.model_validate(yaml.safe_load(file.read_text("utf-8")))
        zone = ZoneInfo(whole.timezone)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ZoneInfoNotFoundError) as error:
        raise ListUnfit(f"{file}: {error}") from None
    except ValidationError as error:
        raise ListUnfit(f"{file}: {_first(error)}") from None
    listed, flaws, keys = [], [], set()
    for place, row in enumerate(whole.cards, start=1):
        key = str(row.get("key", f"card {place}")) if isinstance(row, Mapping) else f"card {place}"
        try:
            card = _card(_Row.model_validate(row), whole.programmes, zone, now)
        except ValidationError as error:
            flaws.append(CardFlaw(key, _first(error)))
            continue
        except OverflowError:
            flaws.append(CardFlaw(key, "holds beyond the calendar"))
            continue
        if card.key in keys:
            flaws.append(CardFlaw(key, "stands there twice"))
            continue
        keys.add(card.key)
        listed.append(card)
    return CardList(whole.name, tuple(listed), tuple(flaws))


def _card(row: _Row, programmes: tuple[ProgrammeId, ...], zone: ZoneInfo, now: datetime) -> Listed:
    start = now if row.valid_from is None else datetime.combine(row.valid_from, time(), zone)
    end = start + timedelta(days=row.holds_days or 0)
    if row.expires_on is not None:
        end = datetime.combine(row.expires_on + timedelta(days=1), time(), zone)
    card = InformationCard(
        programmes=programmes,
        title=row.title,
        paragraphs=tuple(_paragraphs(row.text)),
        source=row.source,
        source_url=row.source_url,
        source_on=row.source_on.isoformat(),
        owner_role=row.owner_role,
        owner_id=row.owner_id,
        valid_from=start,
        expires_at=end,
        departements=row.departements,
        language=row.language,
    )
    return Listed(row.key, card, dated_on_arrival=row.expires_on is None or row.valid_from is None)


def _paragraphs(written: str) -> Iterator[str]:
    for each in written.split("\n\n"):
        if each.strip():
            yield " ".join(each.split())


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"


def take(dsn: str, file: Path) -> CardsImported:
    """Take a list into the database; raises ListUnfit. Cards that are wrong are told, not taken."""
    engine = create_engine(dsn, hide_parameters=True)
    try:
        with Session(engine) as session, session.begin():
            now: datetime = session.execute(text("SELECT public.helpline_now()")).scalar_one()
            read = read_list(file, now)
            taken = import_cards(session, read.name, read.listed, now)
    finally:
        engine.dispose()
    return CardsImported(taken.new, taken.changed, taken.unchanged, (*read.flaws, *taken.flaws))


def main(arguments: list[str] | None = None) -> int:
    """Check or import a list; 1 when a card was wrong."""
    options = _options(arguments)
    try:
        if options.verb == "check":
            return _check(options.file)
        taken = take(service_dsn("referral", options.run_dir), options.file)
    except (ListUnfit, StartRefused) as refused:
        print(refused, file=sys.stderr)
        return 1
    print(
        f"{taken.new} new, {taken.changed} changed, {taken.unchanged} as they were,"
        f" {len(taken.flaws)} refused"
    )
    return _tell(taken.flaws)


def _check(file: Path) -> int:
    now = datetime.now(UTC)
    read = read_list(file, now)
    judged = ((each.key, judge_card(each.card, now)) for each in read.listed)
    wrong = [CardFlaw(key, f"{no.field}: {no.why.value}") for key, no in judged if no is not None]
    flaws = (*read.flaws, *wrong)
    print(f"{len(read.listed) - len(wrong)} cards are sound, {len(flaws)} are not")
    return _tell(flaws)


def _tell(flaws: tuple[CardFlaw, ...]) -> int:
    for flaw in flaws:
        print(flaw, file=sys.stderr)
    return 1 if flaws else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="just cards", description="Information cards.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("check", help="name every card that is wrong").add_argument("file", type=Path)
    taking = verbs.add_parser("import", help="take a list into a running platform")
    taking.add_argument("file", type=Path)
    taking.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
