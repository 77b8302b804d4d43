"""How long partners may count on a contract: what is to go says so at least half a year before.

It stands on the contract (`deprecated`), goes with its schema, with AsyncAPI and, as headers, with
every event of it; `contracts.schemas` refuses to let a released one go before its date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime

NOTICE = timedelta(days=183)


class TooSoon(ValueError):
    """A contract of partners goes at least half a year after that was said."""


@dataclass(frozen=True)
class Deprecation:
    """A contract that will go; what is to be read in its place is in its changelog."""

    since: date
    gone_on: date

    def __post_init__(self) -> None:
        if self.gone_on - self.since < NOTICE:
            raise TooSoon(f"{self.gone_on} is less than {NOTICE.days} days after {self.since}")

    @property
    def headers(self) -> dict[str, str]:
        """`Deprecation` (RFC 9745) and `Sunset` (RFC 8594)."""
        gone = datetime.combine(self.gone_on, time(), UTC)
        since = datetime.combine(self.since, time(), UTC)
        return {
            "Deprecation": f"@{int(since.timestamp())}",
            "Sunset": format_datetime(gone, usegmt=True),
        }

    @property
    def in_schema(self) -> dict[str, str | bool]:
        """What a schema says of it."""
        return {
            "deprecated": True,
            "x-deprecated-since": self.since.isoformat(),
            "x-gone-on": self.gone_on.isoformat(),
        }
