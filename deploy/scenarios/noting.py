"""From what a scenario says to what a regulator's screen would hold: notes and a question.

Topics are a human's words; those that stand for a note are listed here, nothing else is read from
them. Danger now is noted where the scenario says so, or where the human's own level does.
"""

from __future__ import annotations

import unicodedata

from contracts.triage import RudRating, TriageNotes
from contracts.vocabulary import (
    AgeBand,
    ForWhom,
    Nature,
    Need,
    ProgrammeId,
    RiskLevel,
    RiskSignal,
)
from deploy.scenarios.scene import Scene
from services.referral.directory.index import Directory
from services.referral.directory.question import Question, Rescue
from services.referral.directory.relay import Subject
from services.triage.rating import MINORS, level_of

#: Beginnings of words that name a product or a practice.
_SUBJECTS: dict[str, Subject] = {
    "alcool": Subject.ALCOHOL,
    "alcohol": Subject.ALCOHOL,
    "alkohol": Subject.ALCOHOL,
    "drogue": Subject.DRUGS,
    "drug": Subject.DRUGS,
    "cannabis": Subject.DRUGS,
    "cocaine": Subject.DRUGS,
    "heroine": Subject.DRUGS,
    "opiace": Subject.DRUGS,
    "stupefiant": Subject.DRUGS,
    "jeu": Subject.GAMBLING,
    "pari": Subject.GAMBLING,
    "casino": Subject.GAMBLING,
    "gambl": Subject.GAMBLING,
    "tabac": Subject.TOBACCO,
    "cigarette": Subject.TOBACCO,
    "tobacco": Subject.TOBACCO,
    "dopage": Subject.DOPING,
    "doping": Subject.DOPING,
}
#: Words that begin like one of them and mean something else.
_NOT_A_SUBJECT = ("jeune", "parisien")
_PSYCHIC = (
    "trouble_psych",
    "troubles_psych",
    "psychiatr",
    "psychose",
    "psychotique",
    "delire",
    "hallucination",
    "paranoi",
    "schizophren",
    "bouffee_delirante",
)
_DEAF = ("surdite", "sourd", "malentendant", "deaf", "gehorlos")
#: A human who notes one of these notes a danger that is on.
_DANGER_NEEDS = frozenset({Need.DANGER_IMMEDIAT, Need.URGENCE_VITALE})
_OF_THE_BODY = frozenset({Need.URGENCE_VITALE, Need.CRISE_SUICIDAIRE})
_SUICIDE_NOT_EXCLUDED = frozenset({RiskLevel.MEDIUM, RiskLevel.HIGH, RiskLevel.IMMINENT})


def notes_of(scene: Scene, *, only_rescue_answers: bool) -> TriageNotes:
    """What the regulator noted; `only_rescue_answers` is what the directory said beside it."""
    expected = scene.expected
    risk = expected.risk
    return TriageNotes(
        need=expected.need,
        also=expected.secondary_needs,
        languages=() if scene.language == "unknown" else (scene.language,),
        for_whom=ForWhom.SOMEONE_ELSEWHERE if scene.caller.third_party else ForWhom.UNKNOWN,
        departement=scene.departement,
        age_band=_age_band(scene),
        danger_now=_danger_now(scene),
        silent=scene.nature is Nature.SILENT,
        signals=_signals(scene),
        rating=RudRating(risk=risk.R, urgency=risk.U, dangerousness=risk.D),
        level_noted=risk.level,
        psychic_trouble=_speaks_of(scene, _PSYCHIC),
        language_barrier=scene.caller.language_barrier,
        only_rescue_answers=only_rescue_answers,
    )


def question_of(scene: Scene, directory: Directory) -> Question:
    """What the directory is asked: of the person in danger, at the place they are."""
    notes = notes_of(scene, only_rescue_answers=False)
    needs = (notes.need, *notes.also)
    line = _line(scene, directory)
    barrier = notes.language_barrier or not _is_listened_to(scene, line, directory)
    return Question(
        needs=needs,
        country=scene.country,
        at=scene.at,
        departement=scene.departement,
        channel=scene.channel,
        language=scene.language,
        language_barrier=barrier,
        age_band=notes.age_band,
        deaf=scene.caller.deaf or Need.SURDITE in needs or _speaks_of(scene, _DEAF),
        subjects=_subjects(scene),
        rescue=_rescue(notes),
        suicide_not_excluded=_suicide_is_not_excluded(notes),
        asks_for_doctor=notes.psychic_trouble,
        silent=notes.silent,
        line=line,
    )


def _age_band(scene: Scene) -> AgeBand | None:
    """The age that was said; of who speaks for another it counts only when one is a minor."""
    said = scene.caller.age_band
    band = AgeBand(said) if said in {band.value for band in AgeBand} else None
    return band if band in MINORS or not scene.caller.third_party else None


def _danger_now(scene: Scene) -> bool:
    if scene.danger_now is not None:
        return scene.danger_now
    expected = scene.expected
    needs = {expected.need, *expected.secondary_needs}
    return expected.risk.level is RiskLevel.IMMINENT or not _DANGER_NEEDS.isdisjoint(needs)


def _signals(scene: Scene) -> tuple[RiskSignal, ...]:
    caller = scene.caller
    said = {
        RiskSignal.MOYEN: caller.means_at_hand,
        RiskSignal.ALCOOL: caller.alcohol,
        RiskSignal.SEUL: caller.alone,
    }
    noted = (*scene.signals, *(signal for signal, so in said.items() if so))
    return tuple(dict.fromkeys(noted))


def _subjects(scene: Scene) -> frozenset[Subject]:
    named = {
        subject
        for word in _words(scene)
        for beginning, subject in _SUBJECTS.items()
        if word.startswith(beginning) and not word.startswith(_NOT_A_SUBJECT)
    }
    return frozenset(named | ({Subject.ALCOHOL} if scene.caller.alcohol else set()))


def _speaks_of(scene: Scene, beginnings: tuple[str, ...]) -> bool:
    return any(_plain(topic).startswith(beginnings) for topic in scene.topics)


def _words(scene: Scene) -> list[str]:
    return [word for topic in scene.topics for word in _plain(topic).replace("-", "_").split("_")]


def _plain(topic: str) -> str:
    letters = unicodedata.normalize("NFD", topic.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _rescue(notes: TriageNotes) -> Rescue | None:
    """Which rescue may have to be engaged: for a body, or against a danger.

    A missing child is reported to the police before any other line is asked: the line for missing
    children wants that first.
    """
    needs = (notes.need, *notes.also)
    if Need.DISPARITION_MINEUR in needs:
        return Rescue.DANGER
    imminent = notes.danger_now or level_of(notes) is RiskLevel.IMMINENT
    if not imminent:
        return None
    if Need.DANGER_IMMEDIAT in needs and Need.URGENCE_VITALE not in needs:
        return Rescue.DANGER
    return Rescue.MEDICAL if not _OF_THE_BODY.isdisjoint(needs) else Rescue.DANGER


def _suicide_is_not_excluded(notes: TriageNotes) -> bool:
    """Rated medium or more; or nobody could tell ("proposer 3114")."""
    level, rating = level_of(notes), notes.rating
    if level is RiskLevel.NOT_RATEABLE:
        return True
    rated = rating is not None and any(
        axis != "sans_objet" for axis in rating.model_dump().values()
    )
    return rated and level in _SUICIDE_NOT_EXCLUDED


def _line(scene: Scene, directory: Directory) -> ProgrammeId | None:
    """The line of ours that asks: a scenario may name its channel or country behind the line."""
    ours = {row.programme for row in directory.relays if row.programme is not None}
    named = [
        line for line in ours if scene.programme == line or scene.programme.startswith(f"{line}-")
    ]
    return max(named, key=len, default=None)


def _is_listened_to(scene: Scene, line: ProgrammeId | None, directory: Directory) -> bool:
    """Whether the line listens in the language, as far as its own row says."""
    rows = [
        row
        for row in directory.relays
        if row.programme == line and scene.channel in row.channels and row.languages
    ]
    if line is None or not rows or scene.language in ("unknown", "other"):
        return scene.language != "other"
    return any(scene.language.value in row.languages for row in rows)
