"""`just judge TRACE`: the assignment decision alone, on a recorded day, in virtual time.

TRACE is a folder, or the name of one beside the judge (`pressday`, `detresse`). The same `choose`
decides live. Return passes and partner lines are proposed, and each counts as accepted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.day.judged import Judge, JudgeFailed
from deploy.day.options import shared_folder

#: What of a score is shown, with the words for it.
_SHOWN = {
    "cost_per_call": "cost per call",
    "answered": "answered",
    "abandoned": "abandoned",
    "overflow": "took a way out",
    "sl20": "within 20 s",
    "mean_wait": "mean wait (s)",
    "skill_mismatch": "topic mismatch",
    "rest_violations": "rest breaches",
    "lang_mismatch": "language mismatches",
    "sent_away_at_risk": "at risk sent away",
    "jain_load": "evenness of load",
    "valid": "valid log",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, score, print; 1 when the log is not valid."""
    parser = argparse.ArgumentParser(prog="just judge", description=__doc__)
    parser.add_argument("trace", metavar="TRACE")
    parser.add_argument("--no-way-out", action="store_true", help="propose no way out")
    read = parser.parse_args(arguments)
    named = read.trace
    folder = Path(named) if Path(named).is_dir() else shared_folder() / "judge/traces" / named
    if not (folder / "arrivals.csv").exists():
        print(f"No trace in {folder}: give a folder, or set HELPLINE_SHARED.", file=sys.stderr)
        return 2
    try:
        score = Judge(shared_folder() / "judge").play_policy(folder, way_out=not read.no_way_out)
    except JudgeFailed as why:
        print(f"The judge gave no score: {why}", file=sys.stderr)
        return 2
    table = Table(title=f"{folder.name}: {score['calls']} calls", show_header=False)
    for key, words in _SHOWN.items():
        value = score[key]
        table.add_row(words, f"{value:.4g}" if isinstance(value, float) else str(value))
    Console().print(table)
    return 0 if score["valid"] else 1


if __name__ == "__main__":
    sys.exit(main())
