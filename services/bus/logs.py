"""JSON lines, one per piece of work, written by the bus: ids and verdicts, never payloads.

Third-party loggers are held at WARNING and their messages replaced by their logger's name and the
kind of error: a stock line once printed a payload (DESIGN 6).
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import orjson

_OURS = "services"


class JsonLines(logging.Formatter):
    """One JSON object per line; fields come from `extra={"facts": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        ours = record.name.split(".")[0] in (_OURS, "deploy")
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage() if ours else "third-party message withheld",
        }
        facts = getattr(record, "facts", None)
        if ours and facts:
            line |= facts
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["raised_at"] = _raised_at(record.exc_info[1])
        return orjson.dumps(line, default=str).decode()


def _raised_at(error: BaseException | None) -> str:
    """Where an error was raised; its text may hold values and is left out."""
    where = "?"
    trace = error.__traceback__ if error else None
    while trace is not None:
        where = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return where


def start_logs(level: int = logging.INFO) -> None:
    """Send every log line of this process to stderr as JSON."""
    # What our lines do not show is not looked up (the logging HOWTO, "Optimization").
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(level)
    logging.getLogger("deploy").setLevel(level)
