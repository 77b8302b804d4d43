"""A published edition of activity as people take it away: a CSV and a picture (SVG).

Both come from the edition alone, so that what an operator writes with `just share` and what a
coordinator downloads are the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.activity import ActivityEdition
from contracts.vocabulary import ActivityKind
from services.console.pages import PAGES
from services.pages.look import Look

#: Columns of the CSV, in this order; a new one comes at the end (docs/activity-sharing.md).
COLUMNS = (
    "programme",
    "period",
    "of",
    "first_day",
    "last_day",
    "timezone",
    "edition",
    "published_at",
    "days_left_out",
    "table",
    "word",
    "contacts",
    "withheld",
)

#: Words in the order of things; of other kinds the largest figure comes first.
_IN_ORDER = {
    ActivityKind.ANSWER: ("in_target", "later", "abandoned", "unanswered"),
    ActivityKind.HOUR: tuple(f"h{hour:02d}" for hour in range(24)),
    ActivityKind.WEEKDAY: (
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    ),
    ActivityKind.DURATION: (
        "under_5_min", "from_5_min", "from_15_min", "from_30_min", "from_60_min", "no_talk",
        "abandoned", "unanswered",
    ),
    ActivityKind.PRIORITY: ("p1", "p2", "p3", "p4", "p5", "not_said", "abandoned", "unanswered"),
}  # fmt: skip

#: Drawn as columns; of these also what counts nobody has its place.
_PROFILES = frozenset({ActivityKind.HOUR, ActivityKind.WEEKDAY})

_WIDTH, _LONGEST = 360, 290
_ROW, _FOOT, _TALLEST = 48, 28, 96


def csv_of(edition: ActivityEdition) -> str:
    """RFC 4180, a figure a row; `contacts` is empty where it is withheld, `withheld` says so."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    head = (
        edition.programme,
        edition.period.value,
        edition.of,
        edition.first_day,
        edition.last_day,
        edition.timezone,
        edition.edition,
        edition.published_at.isoformat(),
        edition.days_left_out,
    )
    rows.writerow((*head, "contacts", "all", edition.contacts, "no"))
    for each in edition.figures:
        withheld = each.contacts is None
        count = "" if withheld else each.contacts
        rows.writerow((*head, each.kind.value, each.word, count, "yes" if withheld else "no"))
    return written.getvalue()


def name_of(edition: ActivityEdition, ending: str) -> str:
    """What the file is called: `sos-crise-2026-01-edition-1.csv`."""
    return f"{edition.programme}-{edition.of}-edition-{edition.edition}.{ending}"


def chart_of(edition: ActivityEdition, look: Look) -> str:
    """Every table as a picture of its own, one under the other, in one SVG with a title."""
    panels = panels_of(edition)
    placed, top = [], 74
    for panel in panels:
        placed.append((panel, top))
        top += panel.height + 54
    values = {"edition": edition, "placed": placed, "height": top}
    return PAGES.html("activity_chart.html", look, **values).lstrip()


@dataclass(frozen=True)
class Bar:
    """One figure of a panel; lengths are in the panel's own units."""

    word: str
    contacts: int | None  #: None is withheld
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Panel:
    """One table as a picture: rows, or the columns of a profile."""

    kind: ActivityKind
    is_profile: bool
    height: int
    bars: tuple[Bar, ...]
    withheld: int  #: what the withheld figures are together

    @property
    def width(self) -> int:
        """As wide as every panel."""
        return _WIDTH


def panels_of(edition: ActivityEdition) -> tuple[Panel, ...]:
    """The tables of an edition, in the order in which they are read."""
    return tuple(panel for kind in ActivityKind if (panel := _panel(edition, kind)) is not None)


def answered_of(edition: ActivityEdition) -> int | None:
    """How many contacts a human took; None where that cannot be told."""
    counts = {
        each.word: each.contacts for each in edition.figures if each.kind is ActivityKind.ANSWER
    }
    if not counts:
        return None
    heard = [counts.get(word, 0) for word in ("in_target", "later")]
    unheard = [counts.get(word, 0) for word in ("abandoned", "unanswered")]
    if all(count is not None for count in unheard):
        return edition.contacts - sum(count or 0 for count in unheard)
    return None if None in heard else sum(count or 0 for count in heard)


def _panel(edition: ActivityEdition, kind: ActivityKind) -> Panel | None:
    counts = {each.word: each.contacts for each in edition.figures if each.kind is kind}
    if not counts:
        return None
    is_profile = kind in _PROFILES
    words = _ordered(kind, counts)
    most = max((count for count in counts.values() if count), default=1)
    together = 0
    if None in counts.values() and kind is not ActivityKind.RELAY_OUTCOME:
        together = edition.contacts - sum(count or 0 for count in counts.values())
    draw = _columns if is_profile else _rows
    bars = draw(words, counts, most)
    height = _TALLEST + _FOOT if is_profile else _ROW * len(bars)
    return Panel(kind, is_profile, height, bars, together)


def _ordered(kind: ActivityKind, counts: dict[str, int | None]) -> Sequence[str]:
    if kind in _PROFILES:
        return _IN_ORDER[kind]
    known = _IN_ORDER.get(kind, ())
    others = sorted(set(counts) - set(known), key=lambda word: (-(counts[word] or 0), word))
    return [word for word in known if word in counts] + others


def _rows(words: Sequence[str], counts: dict[str, int | None], most: int) -> tuple[Bar, ...]:
    return tuple(
        Bar(word, counts[word], 0, _ROW * n, round(_LONGEST * (counts[word] or 0) / most, 1), 12)
        for n, word in enumerate(words)
    )


def _columns(words: Sequence[str], counts: dict[str, int | None], most: int) -> tuple[Bar, ...]:
    step = _WIDTH / len(words)
    bars = []
    for n, word in enumerate(words):
        count = counts.get(word, 0)
        height = round(_TALLEST * (count or 0) / most, 1)
        width = round(step * 0.72, 1)
        bars.append(Bar(word, count, round(step * n, 1), _TALLEST - height, width, height))
    return tuple(bars)
