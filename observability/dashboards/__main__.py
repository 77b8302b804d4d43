"""`./just dashboards [check]`: write the JSON of every dashboard, or say which differs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from observability.dashboards.nats import NATS
from observability.dashboards.night_wall import NIGHT_WALL
from observability.dashboards.panels import Board, written
from observability.dashboards.partners import PARTNERS
from observability.dashboards.postgres import POSTGRES
from observability.dashboards.quality import QUALITY
from observability.dashboards.services import SERVICES
from observability.dashboards.slos import SLOS

FOLDER = Path(__file__).parent
BOARDS: tuple[Board, ...] = (NIGHT_WALL, QUALITY, PARTNERS, SERVICES, NATS, POSTGRES, SLOS)


def files() -> Mapping[Path, str]:
    """Each file of the folder as it should be."""
    return {FOLDER / f"{board.uid}.json": written(board) for board in BOARDS}


def main(arguments: Sequence[str]) -> int:
    """Write, or with `check` compare; 1 when a file differs, is missing or belongs to no board."""
    wanted = files()
    if list(arguments) != ["check"]:
        for file, text in wanted.items():
            file.write_text(text, "utf-8")
        return 0
    there = {file: file.read_text("utf-8") for file in FOLDER.glob("*.json")}
    wrong = sorted(
        file.name for file in wanted.keys() | there.keys() if wanted.get(file) != there.get(file)
    )
    for name in wrong:
        print(f"{name} is not what the code says: ./just dashboards")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
