"""Where the day stands, while it is played."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from deploy.day.play import Play

#: Machine time between two lines where there is no terminal to redraw.
_LINE_EVERY_SECONDS = 10.0


class DayBar:
    """A bar on a terminal; elsewhere a line now and then."""

    def __init__(self, terminal: Console) -> None:
        self._terminal = terminal
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), console=terminal, transient=True
        )
        self._task: TaskID | None = None
        self._next_line_at = 0.0

    def show(self, play: Play) -> None:
        """Show where a play stands."""
        if not self._terminal.is_terminal:
            self._print(play)
            return
        first, last = play.trace.first_second, play.trace.last_arrival
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task("", total=last - first)
        done = min(max(play.now - first, 0.0), last - first)
        self._bar.update(self._task, completed=done, description=play.clock_line())

    def _print(self, play: Play) -> None:
        if time.monotonic() >= self._next_line_at:
            self._next_line_at = time.monotonic() + _LINE_EVERY_SECONDS
            self._terminal.print(play.clock_line(), markup=False, soft_wrap=True)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()
