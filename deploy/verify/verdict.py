"""What a check finds: how much it looked at, and what is not as promised."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """One thing that is not as promised: what, and where to look. Ids and closed words only."""

    what: str
    ids: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return " ".join((self.what, *(f"{name}={value}" for name, value in self.ids)))


def violation(what: str, **ids: object) -> Violation:
    """A violation; `ids` by the name of what they identify."""
    return Violation(what, tuple((name, str(value)) for name, value in ids.items()))


@dataclass(frozen=True)
class Checked:
    """The outcome of one invariant. `not_checked` says what is missing to judge it (all of it)."""

    count: int
    violations: tuple[Violation, ...] = ()
    not_checked: str | None = None
