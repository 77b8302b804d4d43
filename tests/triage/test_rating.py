"""What a rating comes to, line by line of `rud3.level_rules`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.triage import RudRating, TriageNotes
from contracts.vocabulary import AgeBand, RiskLevel, RudValue
from services.triage.rating import level_of, rud_level

F, M, E, N, S = RudValue  # faible, moyen, eleve, non_evaluable, sans_objet

#: R, U, D -> level
LEVELS: dict[str, tuple[RudValue, RudValue, RudValue, RiskLevel]] = {
    "U and D high": (F, E, E, RiskLevel.IMMINENT),
    "U high, D could not be rated": (F, E, N, RiskLevel.IMMINENT),
    "U high": (F, E, F, RiskLevel.HIGH),
    "U medium, D high": (F, M, E, RiskLevel.HIGH),
    "U medium, D could not be rated": (F, M, N, RiskLevel.HIGH),
    "U medium, R high": (E, M, F, RiskLevel.HIGH),
    "U medium": (M, M, F, RiskLevel.MEDIUM),
    "U low, R high": (E, F, F, RiskLevel.MEDIUM),
    "U low, D medium": (F, F, M, RiskLevel.MEDIUM),
    "U low, D could not be rated": (M, F, N, RiskLevel.LOW),
    "all low": (F, F, F, RiskLevel.LOW),
    "none could be rated": (N, N, N, RiskLevel.NOT_RATEABLE),
    "U could not be rated, R high": (E, N, N, RiskLevel.MEDIUM),
    "U could not be rated, the others low": (F, N, F, RiskLevel.NOT_RATEABLE),
}


@pytest.mark.parametrize("name", LEVELS)
def test_level(name: str) -> None:
    risk, urgency, danger, expected = LEVELS[name]
    assert rud_level(RudRating(risk=risk, urgency=urgency, dangerousness=danger)) is expected


MINORS: dict[str, tuple[RudValue, RudValue, RudValue, RiskLevel]] = {
    "low is medium": (F, F, F, RiskLevel.MEDIUM),
    "medium is high": (M, M, F, RiskLevel.HIGH),
    "high is the ceiling": (F, E, F, RiskLevel.HIGH),
    "imminent stays": (F, E, E, RiskLevel.IMMINENT),
    "nothing is concluded of a minor either": (N, N, N, RiskLevel.NOT_RATEABLE),
}


@pytest.mark.parametrize("name", MINORS)
def test_a_minor_is_one_level_above(name: str) -> None:
    risk, urgency, danger, expected = MINORS[name]
    rating = RudRating(risk=risk, urgency=urgency, dangerousness=danger)
    assert level_of(TriageNotes(rating=rating, age_band=AgeBand.TEEN)) is expected


def test_what_was_noted_counts_where_no_axis_applies() -> None:
    nothing = RudRating(risk=S, urgency=S, dangerousness=S)
    noted = TriageNotes(rating=nothing, level_noted=RiskLevel.HIGH)
    assert level_of(noted) is RiskLevel.HIGH
    assert level_of(TriageNotes(rating=nothing)) is RiskLevel.NOT_APPLICABLE
    assert level_of(TriageNotes(level_noted=RiskLevel.LOW)) is RiskLevel.LOW
    assert level_of(TriageNotes()) is None


def test_a_rating_goes_before_what_was_noted() -> None:
    rating = RudRating(risk=M, urgency=M, dangerousness=F)
    assert level_of(TriageNotes(rating=rating, level_noted=RiskLevel.LOW)) is RiskLevel.MEDIUM


_GRAVITY = (RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH, RiskLevel.IMMINENT)


@given(st.sampled_from((F, M, E)), st.sampled_from((F, M, E)), st.sampled_from((F, M, E)))
def test_rating_an_axis_higher_never_lowers_the_level(
    r: RudValue, u: RudValue, d: RudValue
) -> None:
    level = _GRAVITY.index(rud_level(RudRating(risk=r, urgency=u, dangerousness=d)))
    higher = {F: M, M: E, E: E}
    for risk, urgency, danger in ((higher[r], u, d), (r, higher[u], d), (r, u, higher[d])):
        raised = rud_level(RudRating(risk=risk, urgency=urgency, dangerousness=danger))
        assert _GRAVITY.index(raised) >= level
