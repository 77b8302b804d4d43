"""Row `directory`: searching the directory of relays, beside a naive scan of its JSON.

The scan does less (no hours, no order, no reasons): it only looks which rows serve the need in the
country. It is what the search must not fall behind as the directory grows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from bench.figures import Figure, percentile, spread
from bench.setting import Setting
from contracts.vocabulary import AgeBand, Channel, LanguageCode, Need, ProgrammeId, RelayId
from services.referral.directory import read_departements, read_directory
from services.referral.index import Directory
from services.referral.question import Question, Rescue
from services.referral.relay import Area, Level, Relay
from services.referral.search import search

ROW = "directory"
_SEARCHES = 2000
_SCANS = 20
_MANY = 20_000
_AT_MOST_MS = 20.0  #: DESIGN 12 and issue 3: p99
_MILLI = 1e3


def measure(_: Setting) -> list[Figure]:
    """The committed directory; then the same with rows of every département, 20,000 in all."""
    dice = Random(2026)
    committed = read_directory()
    departements = sorted(read_departements())
    few = _scan_of([relay.row for relay in committed.relays])
    grown = Directory((*committed.relays, *_local_rows(committed, departements, dice)))
    many = _scan_of([_row(relay) for relay in grown.relays])
    questions = [a_question(dice, departements) for _ in range(_SEARCHES)]
    return [
        _figure(committed, few, questions),
        _figure(grown, many, questions),
    ]


def _figure(
    directory: Directory, scan: Callable[[Question], object], questions: list[Question]
) -> Figure:
    searching = _spans(lambda question: search(directory, question), questions)
    scanning = percentile(_spans(scan, questions[:_SCANS]), 0.5)
    name = f"search of {len(directory.relays):,} rows, p99"
    aside = f"{spread(searching, 'ms')}; naive scan of the JSON p50 {scanning:.2g} ms"
    return Figure(ROW, name, percentile(searching, 0.99), "ms", aside, _AT_MOST_MS)


def _spans(work: Callable[[Question], object], questions: Iterable[Question]) -> list[float]:
    spans = []
    for question in questions:
        began = time.perf_counter()
        work(question)
        spans.append((time.perf_counter() - began) * _MILLI)
    return spans


def _scan_of(rows: list[Any]) -> Callable[[Question], object]:
    document = json.dumps(rows)

    def scan(question: Question) -> object:
        wanted = {need.value for need in question.needs}
        return [
            row["name"]
            for row in json.loads(document)
            if wanted & set(row["x_relay"]["needs"])
            and row["x_relay"]["country"] == question.country
        ]

    return scan


def _local_rows(directory: Directory, departements: list[str], dice: Random) -> list[Relay]:
    """Rows as a national directory would have them: each a copy that serves one département."""
    models = [
        each for each in directory.relays if each.country == "FR" and each.replaced_by is None
    ]
    return [
        replace(
            dice.choice(models),
            slug=RelayId(f"fr-local-{number}"),
            level=Level.LOCAL,
            areas=(Area("FR", frozenset({dice.choice(departements)}), None),),
        )
        for number in range(_MANY - len(directory.relays))
    ]


def _row(relay: Relay) -> dict[str, Any]:
    return {**relay.row, "x_relay": {**relay.row["x_relay"], "slug": relay.slug}}


def a_question(dice: Random, departements: list[str]) -> Question:
    """What a regulator might ask at any hour of 2026."""
    needs = [need for need in Need if need is not Need.UNKNOWN]
    return Question(
        needs=tuple(dice.sample(needs, dice.choice((1, 1, 2, 3)))),
        country=dice.choice(("FR", "FR", "FR", "LU")),
        departement=dice.choice([None, *departements]),
        at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=dice.randrange(525_600)),
        channel=dice.choice(tuple(Channel)),
        language=dice.choice(
            (LanguageCode.FR, LanguageCode.FR, LanguageCode.UNKNOWN, *LanguageCode)
        ),
        age_band=dice.choice((None, *AgeBand)),
        rescue=dice.choice((None, None, None, *Rescue)),
        suicide_not_excluded=dice.random() < 0.2,
        line=ProgrammeId("sos-crise"),
    )
