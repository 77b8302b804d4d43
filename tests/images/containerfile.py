"""A Containerfile as its instructions, and what the context of a build holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "deploy/images"
FILES = {each.name: each.read_text() for each in sorted(FOLDER.glob("Containerfile*"))}
IGNORED = REPOSITORY / ".dockerignore"


@dataclass(frozen=True)
class Instruction:
    """One instruction: its keyword in capitals, and the rest on one line."""

    keyword: str
    rest: str


def instructions(text: str) -> tuple[Instruction, ...]:
    """Read them, without comments, continued lines joined."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\s*\\\n\s*", " ", kept)
    words = (line.split(None, 1) for line in joined.splitlines() if line.strip())
    return tuple(Instruction(keyword.upper(), rest.strip()) for keyword, rest in words)


def stages(text: str) -> tuple[tuple[Instruction, ...], ...]:
    """The instructions of each stage, its FROM first; the last is what is shipped."""
    found: list[list[Instruction]] = []
    for each in instructions(text):
        if each.keyword == "FROM":
            found.append([])
        if found:
            found[-1].append(each)
    return tuple(tuple(stage) for stage in found)


def in_context() -> frozenset[Path]:
    """The files a build may see, by the allow-list."""
    lines = IGNORED.read_text().splitlines()
    allowed = [REPOSITORY / line[1:] for line in lines if line.startswith("!")]
    return frozenset(file for place in allowed for file in _files(place))


def _files(place: Path) -> Iterator[Path]:
    found = place.rglob("*") if place.is_dir() else (place,)
    yield from (each for each in found if each.is_file() and each.suffix != ".pyc")
