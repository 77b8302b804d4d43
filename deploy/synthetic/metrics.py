"""Figures of the synthetic caller. Labels are closed lists; no contact is ever named."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram


class Result(StrEnum):
    """What became of one attempt."""

    ANSWERED = "answered"  #: by the robot, and ended as it should
    STOOD_ASIDE = "stood_aside"  #: callers wait, or the doors are slow: not tried, no failure
    FAILED = "failed"


class Step(StrEnum):
    """How far an attempt goes, in this order."""

    PAGE = "page"  #: the chat's page is drawn
    OPEN = "open"  #: a contact is opened
    WRITE = "write"  #: what the caller wrote was kept
    ANSWER = "answer"  #: an answer to exactly that was read
    END = "end"  #: who answered ended the contact, and the caller sees it


attempts = Counter("helpline_synthetic_attempts_total", "Attempts", ["result"])
failed_at = Counter("helpline_synthetic_failed_steps_total", "Steps that failed", ["step"])
step_seconds = Histogram(
    "helpline_synthetic_step_seconds",
    "How long each step took, machine time",
    ["step"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)
failures = Gauge("helpline_synthetic_failures_in_a_row", "Failures since the last answer")
standing_aside = Gauge("helpline_synthetic_standing_aside", "1 while callers come first")
strays = Counter("helpline_synthetic_strays_total", "People who wrote on the reserved programme")


def record_step(step: Step, seconds: float) -> None:
    """A step went through."""
    step_seconds.labels(step.value).observe(seconds)


def record_attempt(result: Result, failed: Step | None = None) -> None:
    """An attempt is over. One that stood aside is neither a failure nor the end of any."""
    attempts.labels(result.value).inc()
    standing_aside.set(float(result is Result.STOOD_ASIDE))
    if failed is not None:
        failed_at.labels(failed.value).inc()
    match result:
        case Result.ANSWERED:
            failures.set(0)
        case Result.FAILED:
            failures.inc()
        case Result.STOOD_ASIDE:
            pass


def record_stray() -> None:
    """A person wrote where nobody answers; they were told who does."""
    strays.inc()


for each in Result:  # there from the start, so that the first one is an increase
    attempts.labels(each.value)
