"""`just staffing`: how many listeners each hour of the week needs, and whether they are there.

From the history of a running platform where there is one, else from the manifest; what neither says
is an option, and every figure it rests on is printed with where it comes from.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from contracts.opening import open_spans
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import ProgrammeId
from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.platform import read_platform
from deploy.staffing import history
from deploy.staffing.advice import (
    Hour,
    HourAdvice,
    Line,
    People,
    Verdict,
    advise,
    judge,
    spread,
)
from deploy.staffing.erlang import Target
from deploy.staffing.patience import estimate_patience
from services.intake.manifest import Manifest
from services.intake.reader import Faulty, read_manifest

_MANIFESTS = Path(__file__).resolve().parents[1] / "programmes"
#: Four hours a week: what the federation asks of a volunteer (`outside_seeds` of the programmes).
_HOURS_A_WEEK = 4.0
#: Where nobody has left yet, patience is not known; two minutes is on the careful side of what
#: helplines and call centres report, and it is said to be assumed.
_ASSUMED_PATIENCE_SECONDS = 120.0
_DAYS = ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim.")


class NoAdvice(Exception):
    """There is nothing to advise from; the message says what is missing."""


@dataclass(frozen=True)
class Known:
    """Everything the advice rests on, and where each figure comes from."""

    calls: dict[Hour, float]
    line: Line
    people: People | None
    sources: tuple[str, ...]


def main(arguments: list[str] | None = None) -> int:
    """Print the advice; 1 when it cannot be done, 2 when there is nothing to advise from."""
    options = _options(arguments)
    try:
        known = _known(options)
    except (NoAdvice, OSError, SQLAlchemyError) as trouble:
        print(f"Pas de conseil : {trouble}", file=sys.stderr)
        return 2
    hours = tuple(advise(known.calls, known.line))
    verdict = judge(hours, known.line, known.people)
    if options.csv:
        _write_csv(options.csv, hours)
    for sentence in (*known.sources, "", *_table(hours), "", *sentences(verdict, known.line)):
        print(sentence)
    return 1 if verdict.feasible is False else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="just staffing", description=__doc__)
    parser.add_argument("--programme", required=True, help="the line, e.g. sos-crise")
    parser.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--since-days", type=_above_zero, default=28.0, help="history looked at")
    parser.add_argument("--calls-per-day", type=_above_zero, help="instead of history or manifest")
    parser.add_argument("--volunteers", type=_above_zero, help="instead of the manifest's")
    parser.add_argument("--hours-a-week", type=_above_zero, default=_HOURS_A_WEEK)
    parser.add_argument("--patience-seconds", type=_above_zero, help="instead of the estimate")
    parser.add_argument("--service-seconds", type=_above_zero, help="instead of history's")
    parser.add_argument("--within-seconds", type=_above_zero, help="instead of the manifest's")
    parser.add_argument("--answered", type=_share, default=0.8, help="share within, 0.8 by default")
    parser.add_argument("--csv", type=Path, help="also write the hours to this file")
    return parser.parse_args(arguments)


def _above_zero(written: str) -> float:
    value = float(written)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _share(written: str) -> float:
    value = float(written)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError("must be between 0 and 1, for instance 0.8")
    return value


def _known(options: argparse.Namespace) -> Known:
    terms, manifest = _manifest_of(options.programme)
    past = _past(options)
    sources: list[str] = []
    target = Target(options.answered, options.within_seconds or float(terms.answer_target_seconds))
    sources.append(
        f"Objectif : {target.answered:.0%} des personnes en {target.within_seconds:.0f} s."
    )
    calls = _calls(options, (terms, manifest), past, sources)
    service = _service_seconds(options, terms, past, sources)
    patience = _patience(options, past, sources)
    rest = (history.present_for_one(past.duty) if past else None) or 1.0
    sources.append(f"Repos : {rest:.2f} personne présente pour une qui écoute ou attend.")
    return Known(
        calls, Line(service, patience, rest, target), _people(options, manifest, sources),
        tuple(sources),
    )  # fmt: skip


def _manifest_of(programme: str) -> tuple[ProgrammeTerms, Manifest]:
    known = sorted(path.stem for path in _MANIFESTS.glob("*.yaml"))
    if programme not in known:
        raise NoAdvice(f"pas de ligne {programme} ; il y a {', '.join(known)}.")
    read = read_manifest((_MANIFESTS / f"{programme}.yaml").read_bytes())
    if isinstance(read, Faulty):
        raise NoAdvice(f"le manifeste de {programme} a des fautes : `./just programme check`.")
    return read.terms, read.manifest


def _past(options: argparse.Namespace) -> history.History | None:
    try:
        platform = read_platform(RunFolder(options.run_dir.resolve()))
    except StartRefused:
        return None
    since = datetime.now(UTC) - timedelta(days=options.since_days)
    if platform.anchor:  # a played day: its domain time is not today's
        since = datetime.fromisoformat(platform.anchor) - timedelta(days=options.since_days)
    line = ProgrammeId(options.programme)
    past = history.read_history(platform.owner_dsn, Path(platform.keys), line, since)
    return past if past.contacts else None


def _calls(
    options: argparse.Namespace,
    written: tuple[ProgrammeTerms, Manifest],
    past: history.History | None,
    sources: list[str],
) -> dict[Hour, float]:
    """Calls of each hour of the week; without history they are spread evenly over open hours."""
    terms, manifest = written
    lived = history.calls_by_hour(past.contacts, ZoneInfo(terms.timezone)) if past else {}
    shape = lived or _open_hours(terms)
    fact = getattr(manifest.facts, "capacity_calls_per_day", None)
    a_day = options.calls_per_day or (None if lived or fact is None else float(fact.value))
    if a_day:
        whose = "option" if options.calls_per_day else "manifeste, avec sa source"
        how = "comme l'historique" if lived else "également sur les heures ouvertes"
        sources.append(f"Appels : {a_day:,.0f} par jour ({whose}), répartis {how}.")
        return spread(a_day, shape)
    if not lived:
        raise NoAdvice("ni historique ni volume au manifeste ; dites --calls-per-day N.")
    sources.append(f"Appels : historique, {len(past.contacts) if past else 0} contacts.")
    return lived


def _open_hours(terms: ProgrammeTerms) -> dict[Hour, float]:
    """The part of each hour of an ordinary week in which the line is open."""
    zone = ZoneInfo(terms.timezone)
    monday = datetime(2026, 6, 8, tzinfo=zone)  # no holiday and no change of clocks near it
    shape: dict[Hour, float] = {}
    spans = open_spans(
        terms.timetable, terms.channels, monday.date() - timedelta(days=1),
        monday.date() + timedelta(days=6),
    )  # fmt: skip
    for hour in range(168):
        begin = monday + timedelta(hours=hour)
        end = begin + timedelta(hours=1)
        within = (min(s.closes, end) - max(s.opens, begin) for s in spans)
        part = sum((max(each, timedelta()) for each in within), timedelta()) / timedelta(hours=1)
        if part > 0:
            shape[hour] = part
    return shape


def _service_seconds(
    options: argparse.Namespace,
    terms: ProgrammeTerms,
    past: history.History | None,
    sources: list[str],
) -> float:
    lived = history.service_seconds_of(past) if past else None
    if options.service_seconds:
        seconds, whose = options.service_seconds, "option"
    elif lived:
        seconds, whose = lived, "historique, temps d'après compris"
    elif terms.talk_guidance_minutes:
        seconds, whose = 60 * sum(terms.talk_guidance_minutes) / 2, "milieu du repère du manifeste"
    else:
        raise NoAdvice("durée d'un échange inconnue ; dites --service-seconds N.")
    sources.append(f"Durée d'un échange : {seconds / 60:.1f} min ({whose}).")
    return float(seconds)


def _patience(
    options: argparse.Namespace, past: history.History | None, sources: list[str]
) -> float:
    if options.patience_seconds:
        sources.append(f"Patience moyenne : {options.patience_seconds:.0f} s (option).")
        return float(options.patience_seconds)
    found = estimate_patience(history.waits_of(past.contacts)) if past else None
    if found is None:
        sources.append(
            f"Patience moyenne : {_ASSUMED_PATIENCE_SECONDS:.0f} s, SUPPOSÉE "
            "(trop peu de départs pour l'estimer)."
        )
        return _ASSUMED_PATIENCE_SECONDS
    sources.append(
        f"Patience moyenne : {found.mean_seconds:.0f} s, entre {found.low_seconds:.0f} et "
        f"{found.high_seconds:.0f} s ({found.left} départs, attentes servies censurées)."
    )
    return found.mean_seconds


def _people(options: argparse.Namespace, manifest: Manifest, sources: list[str]) -> People | None:
    fact = getattr(manifest.facts, "volunteers", None)
    count = options.volunteers or (fact.value if fact is not None else None)
    if not isinstance(count, int | float):
        sources.append("Bénévoles : nombre inconnu ; dites --volunteers N.")
        return None
    people = People(int(count), options.hours_a_week)
    whose = "option" if options.volunteers else "manifeste, avec sa source"
    sources.append(
        f"Bénévoles : {people.volunteers} ({whose}), {people.hours_a_week:g} h par semaine chacun."
    )
    return people


def _table(hours: tuple[HourAdvice, ...]) -> Iterator[str]:
    yield "jour  heure  appels  écoutants  dans l'objectif  abandons  occupation  attente moy."
    for each in hours:
        listeners = "impossible" if each.listeners is None else f"{each.listeners:>9}"
        made = each.made
        rest = "" if made is None else (
            f"{made.served_within:>15.1%}  {made.abandoned:>8.1%}  {made.occupancy:>10.1%}"
            f"  {made.mean_wait_seconds:>9.1f} s"
        )  # fmt: skip
        day, clock = _DAYS[each.hour // 24], f"{each.hour % 24:02d} h"
        yield f"{day:<5} {clock:>5}  {each.calls:>6.1f}  {listeners}  {rest}".rstrip()


def sentences(verdict: Verdict, line: Line) -> Iterator[str]:
    """The verdict, with the arithmetic shown."""
    calls, minutes = verdict.calls_a_week, line.service_seconds / 60
    yield (
        f"{calls:,.0f} appels par semaine x {minutes:.1f} min = {verdict.talk_hours:,.0f} h "
        "d'écoute par semaine, sans une minute d'attente ni de repos."
    )
    if verdict.needed_hours is not None:
        yield f"Pour l'objectif : {verdict.needed_hours:,.0f} h de présence par semaine."
    if verdict.there is None:
        return
    there = verdict.there
    yield (
        f"Présence possible : {there.volunteers} bénévoles x {there.hours_a_week:g} h = "
        f"{there.hours:,.0f} h par semaine."
    )
    if verdict.feasible:
        yield "FAISABLE."
        return
    needed = verdict.needed_hours or verdict.talk_hours
    possible = verdict.calls_possible_a_week or 0.0
    yield (
        f"INFAISABLE : il manque {needed - there.hours:,.0f} h par semaine. Avec "
        f"{there.hours:,.0f} h on écoute au plus {possible / 7:,.0f} appels par jour ; pour tous "
        f"il faudrait {needed / there.hours_a_week:,.0f} bénévoles, ou "
        f"{needed / there.volunteers:.1f} h par semaine de chacun."
    )


def _write_csv(path: Path, hours: tuple[HourAdvice, ...]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["weekday", "hour", "calls", "listeners", "served_within", "abandoned"])
        for each in hours:
            made = each.made
            rows.writerow(
                [
                    each.hour // 24 + 1,
                    each.hour % 24,
                    f"{each.calls:.2f}",
                    "" if each.listeners is None else each.listeners,
                    "" if made is None else f"{made.served_within:.4f}",
                    "" if made is None else f"{made.abandoned:.4f}",
                ]
            )
