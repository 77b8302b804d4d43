"""Something to send with every command a desk may send."""

from typing import Any

from contracts.anonymity import AskLift, DecideLift, ReviewLift
from contracts.care import AnswerDebrief
from contracts.contact import CorrectNature, EndContact, SlowReturns
from contracts.directory import CorrectRelay, TakeBackCorrection
from contracts.envelope import Command
from contracts.information import ExtendCard, LookUpCards, WriteCard
from contracts.partner import ApplyPartner, PlayToPartner, ReplayPartner
from contracts.referral import (
    CloseReferral,
    FindRelays,
    GiveOutcome,
    ObserveRelay,
    ProposeReferral,
    RecordAnswer,
    RecordConsent,
    VerifyRelay,
)
from contracts.report import DecideLegalReport, ProposeLegalReport
from contracts.rescue import ReportArrival, StartRescue
from contracts.risk import CloseAlert, StandDownAlert
from contracts.roster import RecordSupervision, RecordTraining
from contracts.shift import AgreeToLastMinutes, PlanShifts, SeeShifts
from contracts.text import JudgeFlag
from contracts.triage import DecideTriage
from services.bus.openapi import fields_of
from tests.console.facts import CONTACT, LINE, LISTENER, OFFER
from tests.terms import a_line


def filled(path: str) -> str:
    """An address with something in its braces."""
    known = {"relay_id": "fr-3114", "contact_id": CONTACT, "person_id": LISTENER}
    known["reference"] = "0" * 32
    # Any other name in an address is of the one form that identifiers have.
    return path.format(**{name: known.get(name, OFFER) for name in fields_of(path)})


BODIES: dict[type[Command], dict[str, Any]] = {
    DecideTriage: {"priority": "P3", "destination": "listener"},
    EndContact: {"outcome": "listened"},
    JudgeFlag: {"outcome": "unfounded"},
    FindRelays: {"needs": ["solitude"]},
    ObserveRelay: {"saturated": True},
    VerifyRelay: {"verified": True},
    CorrectRelay: {"number": "01 99 00 12 34"},
    TakeBackCorrection: {"field": "number"},
    ProposeReferral: {"relay_id": "fr-3114", "need": "solitude", "urgency": "P4"},
    RecordConsent: {"scope": ["need"]},
    RecordAnswer: {"accepted": True},
    GiveOutcome: {"outcome_token": "0" * 64, "outcome": "helped"},
    CloseReferral: {"why": "person_refused"},
    LookUpCards: {"words": ["tester"]},
    ExtendCard: {"expires_at": "2026-02-01T00:00:00Z"},
    WriteCard: {
        "card": {
            "programmes": [LINE],
            "title": "Se faire tester",
            "paragraphs": ["En pharmacie, sans rendez-vous."],
            "source": "Ministère de la Santé",
            "source_url": "https://sante.gouv.fr/",
            "source_on": "2026-01-12",
            "owner_role": "coordinator",
            "valid_from": "2026-01-13T00:00:00Z",
            "expires_at": "2026-02-01T00:00:00Z",
        }
    },
    CorrectNature: {"nature": "silent"},
    SlowReturns: {"reason": "plays_with_the_line", "hours": 2},
    StandDownAlert: {"reason": "false_alert"},
    CloseAlert: {"outcome": "calmed"},
    StartRescue: {"whom": "european", "confirmed": True},
    ReportArrival: {"arrival": "confirmed"},
    AskLift: {"reason": "cannot_say_where"},
    DecideLift: {"agree": True},
    ReviewLift: {"verdict": "justified"},
    ProposeLegalReport: {"ground": "minor_in_danger"},
    DecideLegalReport: {"make": True},
    RecordTraining: {
        "skill": "SK-DROIT",
        "organisation": "sos-amitie",
        "obtained_on": "2025-06-01",
        "valid_until": "2026-06-01",
    },
    RecordSupervision: {"kind": "group", "held_on": "2026-01-10"},
    PlanShifts: {
        "shifts": [
            {"day": "2026-01-20", "starts_at": "14:00", "ends_at": "18:00", "role": "listener"}
        ]
    },
    SeeShifts: {"day": "2026-01-20"},
    AgreeToLastMinutes: {"agrees": True},
    AnswerDebrief: {"wanted": True},
    ApplyPartner: {"partner": "aplus", "called": "Association A+", "relays": ["fr-3114"]},
    PlayToPartner: {"partner": "sandbox"},
    ReplayPartner: {"partner": "aplus", "since": "2026-01-14T11:00:00+01:00"},
}


def body_for(command: type[Command]) -> dict[str, Any]:
    """What is sent with a command beside what its address says."""
    if command.__name__ == "ApplyProgramme":
        terms = a_line().model_dump(mode="json")
        said = {"manifest_sha256": "0" * 64, "rules_version": "triage-2026.1"}
        return {"programme": LINE, "terms": terms} | said
    return BODIES.get(command, {})
