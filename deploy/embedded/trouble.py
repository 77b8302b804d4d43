"""The one way the embedded runtime says no: what is wrong, and what the person can do about it."""


class StartRefused(Exception):
    """The platform cannot start."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}\n{remedy}")
        self.problem = problem
        self.remedy = remedy


#: What servers and the kernel write in a log, and what it means for the person at the terminal.
_KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        "No space left on device",
        "The disk is full.",
        "Free some space (df -h), or choose another disk with --run-dir.",
    ),
    (
        "ddress already in use",
        "A port is taken by another program.",
        "See who holds it with `ss -ltnp`, stop it, and start again.",
    ),
    (
        "Permission denied",
        "A folder cannot be read or written by the server.",
        "Give the run folder back to who started it first, or choose another with --run-dir.",
    ),
    (
        "has wrong ownership",
        "The database folder belongs to somebody else.",
        "Start as the person who started it first, or choose another folder with --run-dir.",
    ),
    (
        "are incompatible with server",
        "The database folder was made by another version of Postgres.",
        "Point $PG_BIN at that version, or choose another folder with --run-dir.",
    ),
    (
        "error while loading shared libraries",
        "The server lacks a system library.",
        "Install the library named in the log.",
    ),
)


def known_trouble(log_tail: str) -> tuple[str, str] | None:
    """Return what a log's last lines mean and what can be done, if we know one of them."""
    for mark, problem, remedy in _KNOWN:
        if mark in log_tail:
            return problem, remedy
    return None


def explain(log_tail: str, fallback: str) -> StartRefused:
    """Turn the last lines of a server's log into a refusal somebody can act on.

    `fallback` says what failed when no line is known; the log's last lines are shown either way.
    """
    shown = "\n".join(f"  | {line}" for line in log_tail.strip().splitlines()[-6:])
    known = known_trouble(log_tail)
    if known is not None:
        problem, remedy = known
        return StartRefused(f"{problem}\n{shown}", remedy)
    return StartRefused(f"{fallback}\n{shown}", "The log named above says more.")
