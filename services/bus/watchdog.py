"""Exits the process when it can no longer do its work, so that a fresh one takes over.

A *thread*: a pull loop without a connection can starve the event loop until even SIGTERM goes
unheard (DESIGN 6).
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time

log = logging.getLogger(__name__)

EXIT_CODE = 70  #: EX_SOFTWARE; the supervisor restarts the process


def exit_now(reason: str, service: str) -> None:
    """Say why and leave at once; everything that matters is committed or will be redelivered."""
    log.critical(
        "leaving so that a fresh process takes over",
        extra={"facts": {"reason": reason, "service": service}},
    )
    logging.shutdown()
    os._exit(EXIT_CODE)


class Watchdog:
    """Watches the event loop of this process."""

    def __init__(self, stuck_after_seconds: float) -> None:
        self._stuck_after_seconds = stuck_after_seconds
        self._beat = time.monotonic()
        self._stopped = threading.Event()

    async def beat_for_ever(self) -> None:
        """Show, twice a second, that the loop turns."""
        while True:
            self._beat = time.monotonic()
            await asyncio.sleep(0.5)

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Stop watching: the process is leaving by itself."""
        self._stopped.set()

    def _watch(self) -> None:
        last_look = time.monotonic()
        while not self._stopped.wait(0.5):
            now = time.monotonic()
            if (
                now - last_look > 2
            ):  # the whole process slept (SIGSTOP, suspend): not the loop's fault
                self._beat = now
            last_look = now
            if now - self._beat > self._stuck_after_seconds:
                exit_now("event loop stuck", "all of this process")
