"""Row `directory`: a directory of a whole country in Postgres: taken in, searched, read anew.

Its services are made up in the shape of data·inclusion. Beside each search, in the same run, what
the server alone takes to count the entries that serve the need at the place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, make_url
from sqlmodel import Session

from bench.figures import Figure, percentile, spread
from bench.ground import ground_for
from bench.inclusion import services
from bench.setting import Setting
from contracts.directory import LookUpRelays, RelayStanding
from contracts.looking_up import words_of
from contracts.vocabulary import AgeBand, Channel, Departement, LanguageCode, Need, ProgrammeId
from deploy.directory_kept import keep_directory
from services.bus.driver import ask
from services.referral.directory import browsing, entries
from services.referral.directory.committed import read_departements, read_zones
from services.referral.directory.question import Question, Rescue
from services.referral.directory.search import looked_up, search
from services.referral.lists.importing import Imported, import_rows
from services.referral.lists.inclusion import Inclusion

ROW = "directory"
_SEARCHES = 2000
#: As many as data·inclusion lists (2026).
_MANY = 140_000
_AT_MOST_MS = 20.0  #: DESIGN 12: p99
_MILLI = 1e3
T = TypeVar("T")
_READ_EARLIER = "UPDATE referral.entry SET read_as = 'earlier'"
_NAMES = "SELECT called FROM referral.entry ORDER BY md5(relay_id) LIMIT {most}"
#: What a database does that has no index of words.
_SCANNED = """
    SELECT relay_id FROM referral.entry WHERE lower(called) LIKE %(part)s ORDER BY called LIMIT 26
"""
_SCANS = 100
_COUNTED = """
    SELECT count(*) FROM referral.listed
    WHERE active AND serves && %(needs)s AND places && %(places)s
"""


def measure(setting: Setting) -> list[Figure]:
    """The committed directory, then one with rows of every département."""
    dice = Random(2026)
    departements = sorted(read_departements())
    questions = [a_question(dice, departements) for _ in range(_SEARCHES)]
    with ground_for(setting.folder) as ground:
        owner = make_url(ground.platform.owner_dsn).set(drivername="postgresql+psycopg")
        engine = create_engine(owner)
        few = _searched(engine, questions)
        seconds, taken = _timed(lambda: _import(engine, services(_MANY, departements, dice)))
        with Session(engine) as session, session.begin():
            ask(session, "ANALYZE referral.entry")
            ask(session, "ANALYZE referral.listed")
            ask(session, "ANALYZE referral.word")
        many = _searched(engine, questions)
        looked = _looked_up(engine, dice, departements)
        with Session(engine) as session, session.begin():
            ask(session, _READ_EARLIER)
        seconds_anew, _ = _timed(lambda: keep_directory(owner.render_as_string(False)))
        engine.dispose()
    return [
        few,
        _rate("import of data·inclusion", taken.new, seconds),
        many,
        looked,
        _rate("read anew by a release", _MANY, seconds_anew),
    ]


def _rate(name: str, rows: int, seconds: float) -> Figure:
    return Figure(ROW, name, rows / seconds, "/s", f"{rows:,} rows in {seconds:.0f} s")


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    done = work()
    return time.perf_counter() - began, done


def _import(engine: Engine, rows: list[dict[str, Any]]) -> Imported:
    zones = read_zones()
    with Session(engine) as session, session.begin():
        return import_rows(
            session,
            "bench",
            rows,
            frozenset(zones),
            datetime.now(UTC),
            whole=True,
            read=Inclusion({}, zones).read,
        )


def _searched(engine: Engine, questions: list[Question]) -> Figure:
    with Session(engine) as session:

        def found(question: Question) -> object:
            part = entries.serving(
                session,
                looked_up(question),
                question.country,
                question.departement,
                question.at.date(),
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


def _looked_up(engine: Engine, dice: Random, departements: list[str]) -> Figure:
    """Looked up by words as people type them: names, parts, slips, capitals, words all have."""
    with Session(engine) as session:
        names = [row.called for row in ask(session, _NAMES.format(most=_SEARCHES))]
        asked = [a_look_up(dice.choice(names), dice, departements) for _ in range(_SEARCHES)]
        spans = _spans(lambda question: browsing.page_of(session, question), asked)
        naive = [words_of(name)[-1] for name in dice.sample(names, _SCANS)]
        scanning = _spans(
            lambda word: ask(session, _SCANNED, {"part": f"%{word}%"}).fetchall(), naive
        )
    aside = f"{spread(spans, 'ms')}; a scan of every name: {spread(scanning, 'ms')}"
    return Figure(ROW, "look-up by words, p99", percentile(spans, 0.99), "ms", aside, _AT_MOST_MS)


def a_look_up(called: str, dice: Random, departements: list[str]) -> LookUpRelays:
    """What somebody may type who has heard of it, or browses."""
    words = called.split()
    typed = dice.choice(
        (
            called,
            called.upper(),
            words[-1],
            words[0],
            words[-1][1:],
            words[-1][: max(3, len(words[-1]) - 2)],
            f"{words[0]} {_with_a_slip(words[-1], dice)}",
            _with_a_slip(words[-1], dice),
            "",
        )
    )
    return LookUpRelays(
        words=words_of(typed),
        need=dice.choice((Need.DEMARCHES, Need.SANTE_INFORMATION, *[None] * 8)),
        departement=dice.choice((Departement(dice.choice(departements)), *[None] * 5)),
        standing=dice.choice((*RelayStanding, *[None] * 25)),
        page=dice.choice((2, 5, *[1] * 10)),
    )


def _with_a_slip(word: str, dice: Random) -> str:
    """Two letters the wrong way round, or one left out."""
    at = dice.randrange(max(1, len(word) - 1))
    swapped = word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]
    return dice.choice((swapped, word[:at] + word[at + 1 :]))


def _spans(work: Callable[[T], object], questions: Iterable[T]) -> list[float]:
    spans = []
    for question in questions:
        began = time.perf_counter()
        work(question)
        spans.append((time.perf_counter() - began) * _MILLI)
    return spans


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
