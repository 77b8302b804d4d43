"""What a rating on RUD-3 comes to, by the rule of the protocol. The three axes are a human's.

Source: `deploy/protocol/protocol-0.1.json`, `rud3.level_rules`; a proposal that awaits clinical
approval. The surprising thing: what could not be rated never counts as low. Where urgency itself is
not known, what is known of the other two decides, and if that says nothing, nothing is concluded.
"""

from __future__ import annotations

from contracts.triage import RudRating, TriageNotes
from contracts.vocabulary import AgeBand, RiskLevel, RudValue

MINORS = frozenset({AgeBand.CHILD, AgeBand.TEEN})
_RAISED = {RiskLevel.LOW: RiskLevel.MEDIUM, RiskLevel.MEDIUM: RiskLevel.HIGH}
_AT_LEAST_MEDIUM = frozenset({RudValue.MEDIUM, RudValue.HIGH})


def level_of(notes: TriageNotes) -> RiskLevel | None:
    """The level that was rated, or else noted; None when neither was."""
    rating = notes.rating
    if rating is None or rating == _NOT_APPLICABLE:
        return notes.level_noted or (None if rating is None else RiskLevel.NOT_APPLICABLE)
    level = rud_level(rating)
    return _RAISED.get(level, level) if notes.age_band in MINORS else level


def rud_level(rating: RudRating) -> RiskLevel:
    """What the three axes come to, the age left aside."""
    risk, urgency, danger = rating.risk, rating.urgency, rating.dangerousness
    if danger is RudValue.NOT_RATEABLE and urgency in _AT_LEAST_MEDIUM:
        danger = RudValue.HIGH
    grave = risk is RudValue.HIGH or danger in _AT_LEAST_MEDIUM
    match urgency:
        case RudValue.HIGH:
            return RiskLevel.IMMINENT if danger is RudValue.HIGH else RiskLevel.HIGH
        case RudValue.MEDIUM:
            high = RudValue.HIGH in (risk, danger)
            return RiskLevel.HIGH if high else RiskLevel.MEDIUM
        case RudValue.LOW | RudValue.NOT_APPLICABLE:
            return RiskLevel.MEDIUM if grave else RiskLevel.LOW
        case RudValue.NOT_RATEABLE:
            return RiskLevel.MEDIUM if grave else RiskLevel.NOT_RATEABLE


_NOT_APPLICABLE = RudRating(
    risk=RudValue.NOT_APPLICABLE,
    urgency=RudValue.NOT_APPLICABLE,
    dangerousness=RudValue.NOT_APPLICABLE,
)
