"""The lines of the protocol as rules: each speaks when the notes are of its kind.

Source: `deploy/protocol/protocol-0.1.json`, whose words each rule quotes. A proposal that awaits
clinical approval, and screens say so. What is noted raises; only a rating by who may rate lowers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contracts.triage import TriageNotes
from contracts.vocabulary import Destination, Need, Priority, RiskLevel, RiskSignal
from services.triage.rating import MINORS, level_of

# --- what the needs mean to the protocol ----------------------------------------------------------

CHILD = frozenset({Need.ENFANCE_DANGER, Need.DISPARITION_MINEUR})
VIOLENCE = frozenset({Need.VIOLENCES_CONJUGALES, Need.VIOLENCES_SEXUELLES, Need.AUTEUR_VIOLENCES})
#: "Souffrance marquée": each may be lived lightly or hardly; unheard, it is taken as hard.
DISTRESS = frozenset(
    {
        Need.DETRESSE_PSYCHOLOGIQUE,
        Need.AIDE_VICTIMES,
        Need.ADDICTIONS,
        Need.SANTE_SEXUELLE,
        Need.HEBERGEMENT_URGENCE,
        Need.HARCELEMENT_NUMERIQUE,
        Need.PARENTALITE,
        Need.DEUIL,
        Need.DEUIL_SUICIDE,
        Need.RADICALISATION,
    }
)
#: Who somebody is rather than what they live; another need that was heard tells how hard it is.
GROUPS = frozenset(
    {
        Need.MIGRANTS,
        Need.JEUNES,
        Need.ETUDIANTS,
        Need.SOIGNANTS,
        Need.AGRICULTEURS,
        Need.SURDITE,
        Need.LGBT,
    }
)
INFORMATION = frozenset(
    {
        Need.SANTE_INFORMATION,
        Need.DROITS_SANTE,
        Need.AIDE_MATERIELLE,
        Need.DEMARCHES,
        Need.COVID_INFO,
        Need.INTERPRETARIAT,
    }
)
#: Needs that a rule of their own names.
_NAMED = (
    CHILD
    | VIOLENCE
    | DISTRESS
    | GROUPS
    | INFORMATION
    | {
        Need.URGENCE_VITALE,
        Need.DANGER_IMMEDIAT,
        Need.CRISE_SUICIDAIRE,
        Need.MALTRAITANCE_VULNERABLE,
        Need.PROCHE_INQUIET,
        Need.SOLITUDE,
        Need.ECOUTE_GENERALISTE,
        Need.HORS_CADRE,
    }
)
#: Signals of somebody who may want to die (`signals_for_volunteers`).
SUICIDE_SIGNALS = frozenset(
    {
        RiskSignal.MORT,
        RiskSignal.PLAN,
        RiskSignal.MOYEN,
        RiskSignal.ADIEU,
        RiskSignal.CALME,
    }
)
#: Signals that say nothing of a danger to a child who is present.
_QUIET_SIGNALS = frozenset({RiskSignal.MINEUR, RiskSignal.PROTECTEUR, RiskSignal.SEUL})
_CONCLUDED_LOW = frozenset({RiskLevel.LOW, RiskLevel.NOT_APPLICABLE})


# --- rules ----------------------------------------------------------------------------------------


_Speaks = Callable[[TriageNotes], bool]


@dataclass(frozen=True)
class Rule:
    """One line of the protocol, applied: when it speaks, it asks for `priority` at least."""

    code: str  #: shown with the proposal; screens hold its wording
    priority: Priority
    destination: Destination
    line: str  #: where the words stand in the protocol, for instance `priorities.P1.when`
    words: str  #: the words, quoted
    speaks: _Speaks


def _vital(code: str, words: str, speaks: _Speaks) -> Rule:
    return Rule(code, Priority.P1, Destination.RESCUE, "priorities.P1.when", words, speaks)


def _listen(code: str, priority: Priority, words: str, speaks: _Speaks) -> Rule:
    line = f"priorities.{priority}.when"
    return Rule(code, priority, Destination.LISTENER, line, words, speaks)


def _inform(code: str, words: str, speaks: _Speaks, line: str = "priorities.P5.when") -> Rule:
    return Rule(code, Priority.P5, Destination.INFORMED, line, words, speaks)


def _also(code: str, source: tuple[str, str], priority: Priority, speaks: _Speaks) -> Rule:
    """A rule that rests on another line of the protocol than the priority's own `when`."""
    return Rule(code, priority, Destination.LISTENER, *source, speaks)


def heard(notes: TriageNotes) -> frozenset[Need]:
    """Every need that was noted, the main one and the others."""
    return frozenset({notes.need, *notes.also})


def _hears(*needs: Need) -> _Speaks:
    wanted = frozenset(needs)
    return lambda notes: not wanted.isdisjoint(heard(notes))


def _is_level(level: RiskLevel) -> _Speaks:
    return lambda notes: level_of(notes) is level


def _concerns_child(notes: TriageNotes) -> bool:
    return notes.age_band in MINORS or not CHILD.isdisjoint(heard(notes))


def _is_violence(notes: TriageNotes) -> bool:
    return not VIOLENCE.isdisjoint(heard(notes)) or RiskSignal.VIOLENCE in notes.signals


def _is_suicidal(notes: TriageNotes) -> bool:
    """Said or noticed, unless who may rate has found the risk low."""
    said = Need.CRISE_SUICIDAIRE in heard(notes) or not SUICIDE_SIGNALS.isdisjoint(notes.signals)
    return said and level_of(notes) not in _CONCLUDED_LOW


def _has_plan_and_means(notes: TriageNotes) -> bool:
    """A plan and the means, until who may rate has looked at them."""
    both = {RiskSignal.PLAN, RiskSignal.MOYEN} <= set(notes.signals)
    return both and level_of(notes) is None


def _child_is_exposed(notes: TriageNotes) -> bool:
    """A child who is there while something is wrong, or who has nowhere to sleep."""
    if RiskSignal.MINEUR not in notes.signals:
        return False
    outside = Need.HEBERGEMENT_URGENCE in heard(notes)
    return outside or not _QUIET_SIGNALS.issuperset(notes.signals)


def _is_distress(notes: TriageNotes) -> bool:
    """Marked suffering, or somebody of a group of whom nothing else is known."""
    needs = heard(notes)
    return not DISTRESS.isdisjoint(needs) or (
        needs <= GROUPS | {Need.UNKNOWN} and bool(needs & GROUPS)
    )


def _is_not_understood(notes: TriageNotes) -> bool:
    return notes.language_barrier and heard(notes) <= {Need.ECOUTE_GENERALISTE, Need.UNKNOWN}


def _asks_for_nothing(notes: TriageNotes) -> bool:
    """Heard or read by a human who found nothing to listen to: thanks, a word of news."""
    return (
        heard(notes) == {Need.ECOUTE_GENERALISTE}
        and level_of(notes) is RiskLevel.NOT_APPLICABLE
        and not notes.signals
    )


#: From the most urgent to the least; of those that speak the first one sets the proposal.
RULES_2026_1: tuple[Rule, ...] = (
    _vital("danger-child", "enfant en péril", lambda n: n.danger_now and _concerns_child(n)),
    _vital("danger-violence", "violence en cours", lambda n: n.danger_now and _is_violence(n)),
    _vital(
        "danger-suicide",
        "passage à l'acte imminent",
        lambda n: n.danger_now and Need.CRISE_SUICIDAIRE in heard(n),
    ),
    _vital("danger-now", "geste en cours", lambda n: n.danger_now),
    _vital("danger-named", "violence en cours", _hears(Need.DANGER_IMMEDIAT)),
    _vital("medical-emergency", "urgence médicale", _hears(Need.URGENCE_VITALE)),
    _vital("medical-signal", "urgence médicale", lambda n: RiskSignal.MEDICAL in n.signals),
    _vital("rated-imminent", "passage à l'acte imminent", _is_level(RiskLevel.IMMINENT)),
    _vital("plan-and-means", "passage à l'acte imminent", _has_plan_and_means),
    _listen(
        "rated-high",
        Priority.P2,
        "risque suicidaire moyen ou élevé sans imminence",
        _is_level(RiskLevel.HIGH),
    ),
    _listen(
        "rated-medium",
        Priority.P2,
        "risque suicidaire moyen ou élevé sans imminence",
        _is_level(RiskLevel.MEDIUM),
    ),
    _listen(
        "suicidal-crisis",
        Priority.P2,
        "risque suicidaire moyen ou élevé sans imminence",
        _is_suicidal,
    ),
    _listen("violence", Priority.P2, "violences", _is_violence),
    _listen("child-at-risk", Priority.P2, "mineur en risque", _hears(*CHILD)),
    _listen("child-exposed", Priority.P2, "mineur en risque", _child_is_exposed),
    # A child who rings alone has found nobody nearer: at risk until a human has heard more.
    _listen("minor", Priority.P2, "mineur en risque", lambda n: n.age_band in MINORS),
    _listen("abuse", Priority.P2, "maltraitance", _hears(Need.MALTRAITANCE_VULNERABLE)),
    # How worried cannot be noted, so the worry counts in full (the prudence the protocol asks for).
    _listen("worried-relative", Priority.P2, "tiers très inquiet", _hears(Need.PROCHE_INQUIET)),
    _listen(
        "silent",
        Priority.P3,
        "silence : P3 tant qu'un humain n'a pas écouté",
        lambda n: n.silent,
    ),
    # Somebody nobody on the line understands has not been heard either.
    _listen(
        "not-understood",
        Priority.P3,
        "P3 tant qu'un humain n'a pas écouté",
        _is_not_understood,
    ),
    _listen(
        "psychic-trouble",
        Priority.P3,
        "souffrance marquée, sans signe de danger",
        lambda n: n.psychic_trouble,
    ),
    _listen("distress", Priority.P3, "souffrance marquée, sans signe de danger", _is_distress),
    _also(
        "rated-low",
        ("rud3.actions.faible", "P3 ou P4"),
        Priority.P3,
        lambda n: Need.CRISE_SUICIDAIRE in heard(n),
    ),
    # P5 is an address that is given. Where there is none but an emergency number, it is no P5.
    _also(
        "nobody-to-answer-it",
        ("priorities.P5.actions", "réponse et numéro, sans écoutant"),
        Priority.P3,
        lambda n: n.only_rescue_answers,
    ),
    # Also any need that this version of the rules does not name: a safe default is never invented.
    _listen(
        "not-known",
        Priority.P3,
        "P3 tant qu'un humain n'a pas écouté",
        lambda n: _NAMED.isdisjoint(heard(n)),
    ),
    _listen("loneliness", Priority.P4, "solitude", _hears(Need.SOLITUDE)),
    _listen(
        "wants-to-talk",
        Priority.P4,
        "besoin de parler",
        lambda n: Need.ECOUTE_GENERALISTE in heard(n) and not _asks_for_nothing(n),
    ),
    # Closing within the frame is a regulator's own thought, never proposed by software.
    _also(
        "beyond-frame",
        ("natures.rule", "elle n'est jamais une priorité d'attente ni une raison de refuser"),
        Priority.P4,
        _hears(Need.HORS_CADRE),
    ),
    _inform("information", "demande d'information ou d'adresse", _hears(*INFORMATION)),
    _inform("asks-for-nothing", "régulateur seul", _asks_for_nothing, "priorities.P5.who"),
)
