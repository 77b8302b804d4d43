"""The report as one HTML file that needs nothing else, and as CSV. In French: boards read it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from deploy.report.cells import OTHERS, SMALLEST_SHOWN
from deploy.report.tables import Report, Table

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #202124; background: #fff; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .9rem; text-align: right; border-bottom: 1px solid #e0e0e0; }
td:first-child, th:first-child { text-align: left; } svg { width: 100%; height: auto; }
.note { color: #5f6368; font-size: .9rem; } .total { font-size: 2.2rem; margin: .6rem 0; }
"""
_TITLES = {
    "outcome": "Comment les contacts se sont terminés",
    "answer": "En combien de temps un premier humain a répondu",
    "nature": "Nature, dite par un humain après l'écoute",
    "talk": "Durée d'écoute au regard du repère de la ligne (jamais par personne)",
    "alert": "En combien de temps un humain a pris une alerte (la plus tardive du contact)",
    "written": "Messages : première lecture et réponse, aux délais de la ligne",
    "referral": "Orientations : pourquoi la dernière du contact est close",
    "relay_outcome": "Ce que sont devenues les personnes orientées (dit par jeton aveugle)",
    "hour_need": "Besoin rencontré ou non, heure par heure",
    "part": "Au fil du temps",
    "region": "Par région de la personne",
    "organisation": "Par association de rattachement du lieu de la personne",
}
_WORDS = {
    OTHERS: "autres (regroupés)",
    "total": "total",
    "contacts": "contacts",
    "not_said": "non dit",
    "not_ended": "en cours",
    "listened": "écoutés",
    "referred": "orientés",
    "informed_by_regulator": "informés par la régulation",
    "answered_in_writing": "répondus par écrit",
    "transferred_to_relay": "transférés à un relais",
    "transferred_to_emergency": "transférés aux secours",
    "overflowed": "basculés vers une autre ligne",
    "abandoned_unheard": "partis avant tout humain",
    "abandoned_after_human": "partis entre deux humains",
    "return_pass_given": "reprise de rang donnée",
    "closed_hours": "hors horaires",
    "closed_within_frame": "clos dans le cadre",
    "dropped": "coupés",
    "in_target": "dans l'objectif",
    "later": "plus tard",
    "no_human": "sans humain",
    "ordinary": "ordinaire",
    "silent": "silencieux",
    "repeated": "répété",
    "third_party": "pour un tiers",
    "wrong_number": "faux numéro",
    "beyond_frame": "hors cadre",
    "test": "essai",
    "below": "plus court",
    "within": "dans le repère",
    "above": "plus long",
    "no_talk": "sans écoute",
    "in_30_s": "en 30 s",
    "in_90_s": "en 90 s",
    "not_yet": "pas encore prise",
    "no_alert": "sans alerte",
    "answered_on_time": "lus et répondus à temps",
    "read_late": "lus tard, répondus à temps",
    "answered_late": "répondus tard",
    "unanswered": "sans réponse écrite",
    "no_message": "sans message",
    "taken_up": "reçues par le relais",
    "not_taken_up": "sans suite au relais",
    "person_refused": "refusées par la personne",
    "consent_withdrawn": "consentement retiré",
    "by_mistake": "faites par erreur",
    "no_referral": "sans orientation close",
    "helped": "aidées",
    "waiting": "en attente",
    "not_reached": "relais non joint",
    "sent_elsewhere": "orientées ailleurs",
    "refused_by_person": "ont refusé",
    "met": "quelqu'un a répondu",
    "abandoned": "parti sans réponse",
}
_COLOUR, _OTHER_COLOUR = "#1d4e89", "#9aa0a6"


@dataclass(frozen=True)
class Head:
    """What a report is of."""

    line: str
    period: str
    zone: str


def in_french(word: str) -> str:
    """A word as boards read it; names of places and dates are themselves."""
    return _WORDS.get(word, word)


def page_of(head: Head, report: Report) -> str:
    """The whole page."""
    return "\n".join(_page(head, report))


def _page(head: Head, report: Report) -> Iterator[str]:
    title = f"{escape(head.line)}, {escape(head.period)}"
    yield '<!doctype html><html lang="fr"><head><meta charset="utf-8">'
    yield f"<title>{title}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{title}</h1><p class='note'>Heures : {escape(head.zone)}. "
    yield f"Aucun chiffre ne porte sur moins de {SMALLEST_SHOWN} contacts ; ce qui est plus petit "
    yield "est regroupé ou masqué (·), avec ce qui permettrait de le retrouver.</p>"
    if report.total is None:
        yield f"<p class='total'>Moins de {SMALLEST_SHOWN} contacts : rien n'est publié.</p>"
    else:
        yield f"<p class='total'>{_number(report.total)} contacts</p>"
    if report.left_out:
        yield f"<p class='note'>{report.left_out} période(s) de moins de {SMALLEST_SHOWN} contacts "
        yield "n'y sont pas comptées.</p>"
    for table in report.tables:
        yield f"<h2>{escape(_TITLES[table.name])}</h2>{_picture(table)}{_html(table)}"
        if table.step > 1:
            yield "<p class='note'>Chiffres arrondis à la dizaine inférieure.</p>"
    yield "</body></html>"


def _number(value: int | None) -> str:
    return "·" if value is None else f"{value:,}".replace(",", "\u202f")


def _html(table: Table) -> str:
    heads = "".join(f"<th>{escape(in_french(word))}</th>" for word in ("", *table.columns))
    rows = "".join(
        f"<tr><td>{escape(in_french(row))}</td>"
        + "".join(f"<td>{_number(value)}</td>" for value in values)
        + "</tr>"
        for row, values in table.rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _picture(table: Table) -> str:
    """Bars of what is shown in the last column: contacts, or the totals of rows."""
    rows = [(row, values[-1] or 0) for row, values in table.rows if row != "total"]
    figure = Figure(figsize=(9, 0.6 + 0.3 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    names = [in_french(row) for row, _ in rows]
    colours = [_OTHER_COLOUR if row == OTHERS else _COLOUR for row, _ in rows]
    axes.barh(range(len(rows)), [value for _, value in rows], color=colours)
    axes.set_yticks(range(len(rows)), names)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.spines[["top", "right"]].set_visible(False)
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return re.sub(r"^.*?(?=<svg)", "", drawn.getvalue(), flags=re.DOTALL)


def write_csv(path: Path, report: Report) -> None:
    """Every value in a line of its own; an empty one is withheld."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["table", "row", "column", "contacts"])
        for table in report.tables:
            for row, values in table.rows:
                for column, value in zip(table.columns, values, strict=True):
                    rows.writerow([table.name, row, column, "" if value is None else value])
