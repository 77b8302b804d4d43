"""What the kernel knows of processes: CPU seconds and memory, of one or of a whole tree."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True)
class Stat:
    """The fields of /proc/PID/stat that are used here; CPU in seconds."""

    parent: int
    own_seconds: float  #: user and system, all threads
    ended_children_seconds: float  #: children that ended and were waited for


def stat_from(line: str) -> Stat:
    """Read one stat line; the name in brackets may hold spaces and brackets."""
    fields = line.rpartition(")")[2].split()
    user, system, children_user, children_system = (int(field) for field in fields[11:15])
    return Stat(
        parent=int(fields[1]),
        own_seconds=(user + system) / _TICKS_PER_SECOND,
        ended_children_seconds=(children_user + children_system) / _TICKS_PER_SECOND,
    )


def cpu_seconds(roots: Iterable[int]) -> float:
    """CPU seconds so far of these processes and of all their children, ended ones included."""
    return sum(
        stat.own_seconds + stat.ended_children_seconds for _, stat in _family(roots, _read_all())
    )


def pss_mb(roots: Iterable[int]) -> float:
    """Memory of these processes and their children: pages shared by n count for 1/n each."""
    return sum(_pss_mb(pid) for pid, _ in _family(roots, _read_all()))


def rss_mb(pid: int) -> float:
    """Resident memory of one process, shared pages in full."""
    pages = int((_PROC / str(pid) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _read_all() -> dict[int, Stat]:
    found = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = stat_from((entry / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has just ended
    return found


def _family(roots: Iterable[int], stats: dict[int, Stat]) -> Iterator[tuple[int, Stat]]:
    children = defaultdict(list)
    for pid, stat in stats.items():
        children[stat.parent].append(pid)
    waiting = [pid for pid in roots if pid in stats]
    while waiting:
        pid = waiting.pop()
        yield pid, stats[pid]
        waiting.extend(children[pid])


def _pss_mb(pid: int) -> float:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    kilobytes = next((line.split()[1] for line in lines if line.startswith("Pss:")), "0")
    return int(kilobytes) * 1024 / 1e6
