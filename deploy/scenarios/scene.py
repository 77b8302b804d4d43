"""One scenario as written: what a human noted, and what is expected of the rules.

The form is that of `scenarios.jsonl`, one JSON object a line. Other fields are welcome and not
read: nothing here looks at an id, a summary or a note.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from contracts.vocabulary import (
    Attention,
    Channel,
    Departement,
    LanguageCode,
    Nature,
    Need,
    Priority,
    RelayId,
    RiskLevel,
    RiskSignal,
    RudValue,
)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Caller(_Part):
    """What the person said of themselves; never asked."""

    age_band: str = "unknown"
    third_party: bool = False
    alcohol: bool = False
    alone: bool = False
    means_at_hand: bool = False
    language_barrier: bool = False
    deaf: bool = False


class Risk(_Part):
    """What a human rated, and the level they noted."""

    R: RudValue
    U: RudValue
    D: RudValue
    level: RiskLevel | None = None


class ExpectedRelay(_Part):
    """A relay that is expected, and what is done with it."""

    relay: RelayId
    mode: str = "give_number"  #: `later`: shut at that moment


class Expected(_Part):
    """The needs and the rating a human noted, and what the rules should propose."""

    need: Need
    secondary_needs: tuple[Need, ...] = ()
    risk: Risk
    priority: Priority
    attention_signal: Attention | None = None
    supervisor_informed: bool
    relays: tuple[ExpectedRelay, ...] = ()
    must_not_relays: tuple[RelayId, ...] = ()
    emergency_card_expected: bool


class Scene(_Part):
    """One scenario."""

    id: str = Field(min_length=1, max_length=40)
    programme: str
    channel: Channel
    language: LanguageCode = LanguageCode.UNKNOWN
    country: str = Field(pattern=r"^[A-Z]{2}$")
    departement: Departement | None = None
    at: AwareDatetime
    caller: Caller = Caller()
    topics: tuple[str, ...] = ()
    opening: tuple[str, ...] = ()
    signals: tuple[RiskSignal, ...] = ()
    danger_now: bool | None = None
    nature: Nature = Nature.ORDINARY
    expected: Expected


@dataclass(frozen=True)
class Unreadable:
    """A line that is no scenario."""

    line: int
    field: str
    why: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field}: {self.why}"


def read_scenes(path: Path) -> Iterator[Scene | Unreadable]:
    """Yield every scenario of a file, or what is wrong with its line. Raises OSError."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield Scene.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "line"
            yield Unreadable(number, field, first["msg"])
