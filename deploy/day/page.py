"""The day as one HTML file that needs nothing else: no script, no other file, no network."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from deploy.day.pictures import pictures
from deploy.day.report import TABLES, sentences
from deploy.day.results import Results

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
       color: #202124; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; }
table { border-collapse: collapse; } td, th { padding: .15rem .8rem; text-align: right;
       border-bottom: 1px solid #e0e0e0; } td:first-child, th:first-child { text-align: left; }
svg { width: 100%; height: auto; } pre { background: #f6f6f4; padding: .8rem; overflow-x: auto; }
.wrong { color: #b23a48; font-weight: 600; } .well { color: #2f6b3a; font-weight: 600; }
"""


def write_page(results: Results) -> Path:
    """Write `report.html` beside the log and return its path."""
    path = results.run.out / "report.html"
    path.write_text("\n".join(_page(results)), encoding="utf-8")
    return path


def _page(results: Results) -> Iterator[str]:
    name = escape(str(results.run.trace.meta.get("name", "day")))
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f"<title>{name}, played</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{name}: {len(results.run.trace.calls)} calls at {results.run.speed:g}x</h1>"
    yield from _verdict(results)
    for title, svg in pictures(results):
        yield f"<h2>{escape(title)}</h2>{svg}"
    for title, heads, rows in TABLES:
        filled = list(rows(results))
        if filled:
            yield f"<h2>{escape(title)}</h2>{_table(heads, filled)}"
    yield "<h2>In words</h2><ul>"
    yield from (f"<li>{escape(sentence)}</li>" for sentence in sentences(results))
    yield f"</ul><h2>Invariants</h2><pre>{escape(results.checked.said)}</pre></body></html>"


def _verdict(results: Results) -> Iterator[str]:
    complaints = results.complaints()
    if not complaints:
        yield '<p class="well">Nothing is wrong.</p>'
    yield from (f'<p class="wrong">{escape(complaint)}</p>' for complaint in complaints)


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
