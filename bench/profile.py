"""Where the time goes, per function, while a block runs: py-spy looks at the services from outside.

py-spy is no dependency of ours; without it there is a sentence and no profile.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

_LOOKS_PER_SECOND = 200
_SHOWN = 40


@contextmanager
def profiled(pids: Sequence[int], folder: Path) -> Iterator[None]:
    """Sample these processes for the length of the block, then print the profile.

    The stacks stay in `folder`, one file for each process, for a flame graph.
    """
    py_spy = shutil.which("py-spy") or shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if py_spy is None:
        Console(stderr=True).print("No profile: `uv pip install py-spy` first.")
        yield
        return
    outs = [folder / f"profile-{pid}.raw" for pid in pids]
    with ExitStack() as stack:
        for pid, out in zip(pids, outs, strict=True):
            stack.enter_context(_sampling(py_spy, pid, out))
        yield
    _print([line for out in outs for line in out.read_text().splitlines()])


@contextmanager
def _sampling(py_spy: str, pid: int, out: Path) -> Iterator[None]:
    command = (
        py_spy, "record", "--pid", str(pid), "--gil", "--format", "raw", "--output", str(out),
        "--rate", str(_LOOKS_PER_SECOND), "--duration", "unlimited",
    )  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as looking:
        try:
            yield
        finally:
            looking.send_signal(signal.SIGINT)


def folded(lines: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """Samples by function: at work itself, and at work or waiting for what it called.

    Lines are stacks as py-spy writes them: `outer (file:1);inner (file:2) 17`.
    """
    itself: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        frames = [frame.rpartition(":")[0] + ")" for frame in stack.split(";")]
        itself[frames[-1]] += int(count)
        for frame in set(frames):
            within[frame] += int(count)
    return itself, within


def _print(lines: list[str]) -> None:
    itself, within = folded(lines)
    total = max(sum(itself.values()), 1)
    terminal = Console(highlight=False)
    for title, counts in (("itself", itself), ("with what it called", within)):
        terminal.print(f"CPU by function, {title} ({total} looks)")
        for frame, count in counts.most_common(_SHOWN):
            terminal.print(f"{count / total:6.1%}  {frame}", markup=False)
