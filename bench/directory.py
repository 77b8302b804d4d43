"""Row `directory`: a directory of a whole country in Postgres: taken in, and searched.

Beside each search, in the same run, what the server alone takes for the same rows: the entries that
serve the need at the place, counted and not read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Engine, create_engine, make_url
from sqlmodel import Session

from bench.figures import Figure, percentile, spread
from bench.ground import ground_for
from bench.setting import Setting
from contracts.vocabulary import AgeBand, Channel, LanguageCode, Need, ProgrammeId
from services.bus.driver import ask
from services.referral import entries
from services.referral.directory import COMMITTED, document, read_departements
from services.referral.hsds import rows_of
from services.referral.importing import import_rows
from services.referral.question import Question, Rescue
from services.referral.search import looked_up, search

ROW = "directory"
_SEARCHES = 2000
#: As many as data·inclusion lists (2026).
_MANY = 140_000
_AT_MOST_MS = 20.0  #: DESIGN 12: p99
_MILLI = 1e3
_COUNTED = """
    SELECT count(*) FROM referral.entry
    WHERE active AND serves && %(needs)s AND places && %(places)s
"""


def measure(setting: Setting) -> list[Figure]:
    """The committed directory, then one with rows of every département."""
    dice = Random(2026)
    departements = sorted(read_departements())
    questions = [a_question(dice, departements) for _ in range(_SEARCHES)]
    committed = rows_of(document(COMMITTED / "relays.json"))
    with ground_for(setting.folder) as ground:
        owner = make_url(ground.platform.owner_dsn).set(drivername="postgresql+psycopg")
        engine = create_engine(owner)
        few = _searched(engine, questions)
        rows = _local_rows(committed, departements, dice)
        began = time.perf_counter()
        with Session(engine) as session, session.begin():
            taken = import_rows(
                session, "bench", rows, frozenset(departements), datetime.now(UTC), whole=True
            )
        seconds = time.perf_counter() - began
        with Session(engine) as session, session.begin():
            ask(session, "ANALYZE referral.entry")
        many = _searched(engine, questions)
        engine.dispose()
    return [
        few,
        Figure(ROW, "import", taken.new / seconds, "/s", f"{taken.new:,} rows in {seconds:.0f} s"),
        many,
    ]


def _searched(engine: Engine, questions: list[Question]) -> Figure:
    with Session(engine) as session:

        def found(question: Question) -> object:
            part = entries.serving(
                session, looked_up(question), question.country, question.departement
            )
            return search(part, question)

        def counted(question: Question) -> object:
            needs = [need.value for need in looked_up(question)]
            places = [question.country, f"{question.country}/{question.departement}"]
            return ask(session, _COUNTED, {"needs": needs, "places": places}).fetchone()

        rows = ask(session, "SELECT count(*) AS rows FROM referral.entry").fetchone()
        assert rows is not None
        searching, counting = _spans(found, questions), _spans(counted, questions)
    name = f"search of {rows.rows:,} rows, p99"
    aside = f"{spread(searching, 'ms')}; the server alone, counting: {spread(counting, 'ms')}"
    return Figure(ROW, name, percentile(searching, 0.99), "ms", aside, _AT_MOST_MS)


def _spans(work: Callable[[Question], object], questions: Iterable[Question]) -> list[float]:
    spans = []
    for question in questions:
        began = time.perf_counter()
        work(question)
        spans.append((time.perf_counter() - began) * _MILLI)
    return spans


def _local_rows(
    committed: list[Any], departements: list[str], dice: Random
) -> list[dict[str, Any]]:
    """Rows as a national directory would have them: each a copy that serves one département."""
    models = [
        each
        for each in committed
        if each["x_relay"]["country"] == "FR" and each["x_relay"].get("replaced_by") is None
    ]
    rows = []
    for number in range(_MANY):
        row = deepcopy(dice.choice(models))
        row["x_relay"] |= {"slug": f"fr-local-{number}", "level": "local"}
        (area, *_) = row["service_areas"]
        row["service_areas"] = [area | {"x_departements": [dice.choice(departements)]}]
        rows.append(row)
    return rows


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
