"""Who may ask what at this door: one table, which the pages ask and a test goes through row by row.

A new page is a row here; without one it answers nobody. Commands carry their roles themselves
(`contracts/`), the door lists what else programs ask (`door.role_table`).
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts.activity import SeeActivity
from contracts.anonymity import DecideLift
from contracts.directory import CorrectRelay, LookUpRelays, SeeRelay
from contracts.information import LookUpCards, SeeCards, WriteCard
from contracts.referral import (
    CloseReferral,
    FindRelays,
    ProposeReferral,
    SendReferral,
)
from contracts.report import DecideLegalReport, ProposeLegalReport
from contracts.rescue import StartRescue
from contracts.risk import RISK_ROLES, AcknowledgeAlert, RaiseAlert
from contracts.roster import SeeVolunteers
from contracts.shift import PlanShifts
from contracts.text import TEXT_ROLES
from contracts.triage import DecideTriage, ProposeTriage
from contracts.vocabulary import Role
from contracts.withdrawal import WithdrawConsent

EVERYBODY = frozenset(Role)

#: Who reads a talk along.
SUPERVISES = frozenset({Role.SUPERVISOR})

#: At-risk reports, as risk's door lets them be read.
READS_REPORTS = frozenset({Role.SUPERVISOR, Role.DUTY_PROFESSIONAL})


@dataclass(frozen=True)
class Entry:
    """One address and who may ask it."""

    method: str
    path: str  #: with its fields in braces
    roles: frozenset[Role] | None  #: None: who has no session too


#: What partners read and may ask: the page, and the same for a program (contracts/).
CONTRACT = ("/contrat/partner.html", "/contrat/partner.asyncapi.json")

PAGES: tuple[Entry, ...] = (
    Entry("GET", "/", EVERYBODY),
    Entry("GET", "/part", EVERYBODY),
    Entry("GET", "/talk/{contact_id}", TEXT_ROLES),
    Entry("POST", "/talk/{contact_id}", TEXT_ROLES),
    Entry("POST", "/talk/{contact_id}/sign", TEXT_ROLES),
    Entry("GET", "/capsule/{contact_id}", TEXT_ROLES),
    Entry("GET", "/alertes/{alert_id}", AcknowledgeAlert.roles),
    Entry("POST", "/secours/{contact_id}", StartRescue.roles),
    Entry("POST", "/triage/{contact_id}", DecideTriage.roles),
    Entry("POST", "/triage/{contact_id}/noted", DecideTriage.roles),
    Entry("POST", "/triage/{contact_id}/proposal", ProposeTriage.roles),
    Entry("POST", "/refer/{contact_id}", ProposeReferral.roles),
    Entry("POST", "/referral/{referral_id}/yes", SendReferral.roles),
    Entry("POST", "/referral/{referral_id}/no", CloseReferral.roles),
    Entry("POST", "/relays/{contact_id}", FindRelays.roles & DecideTriage.roles),
    Entry("POST", "/vital/{contact_id}", RaiseAlert.roles & DecideTriage.roles),
    Entry("GET", "/card/{contact_id}", RISK_ROLES),
    Entry("POST", "/card/{contact_id}", RISK_ROLES),
    Entry("POST", "/card/{contact_id}/rescue", StartRescue.roles),
    Entry("GET", "/a-faire", DecideLift.roles),
    Entry("GET", "/fiches/{report_id}", READS_REPORTS),
    Entry("POST", "/fiches/{report_id}", READS_REPORTS),
    Entry("GET", "/fiches/{report_id}/ecrire", RISK_ROLES),
    Entry("POST", "/fiches/{report_id}/ecrire", RISK_ROLES),
    Entry("GET", "/signaler/{contact_id}", ProposeLegalReport.roles),
    Entry("POST", "/signaler/{contact_id}", ProposeLegalReport.roles),
    Entry("GET", "/signalements/{report_id}", DecideLegalReport.roles),
    Entry("POST", "/signalements/{report_id}", DecideLegalReport.roles),
    Entry("POST", "/signalements/{report_id}/mots", DecideLegalReport.roles),
    Entry("GET", "/relais", LookUpRelays.roles),
    Entry("POST", "/relais", LookUpRelays.roles),
    Entry("GET", "/relais/{relay_id}", SeeRelay.roles),
    Entry("POST", "/relais/{relay_id}", CorrectRelay.roles),
    Entry("GET", "/activite", SeeActivity.roles),
    Entry("GET", "/activite/tableau", SeeActivity.roles),
    Entry("GET", "/activite/graphique", SeeActivity.roles),
    Entry("GET", "/informations", SeeCards.roles),
    Entry("POST", "/informations", WriteCard.roles),
    Entry("GET", "/informations/{card_id}", SeeCards.roles),
    Entry("POST", "/informations/{card_id}", WriteCard.roles),
    Entry("POST", "/informations/{card_id}/prolonger", WriteCard.roles),
    Entry("POST", "/chercher-une-fiche", LookUpCards.roles),
    Entry("GET", "/retirer-un-accord", WithdrawConsent.roles),
    Entry("POST", "/retirer-un-accord", WithdrawConsent.roles),
    Entry("GET", "/semaine", PlanShifts.roles),
    Entry("POST", "/semaine/plages", PlanShifts.roles),
    Entry("GET", "/benevoles", SeeVolunteers.roles),
    Entry("GET", "/benevoles/{person_id}", SeeVolunteers.roles),
    Entry("GET", "/lire-avec/{contact_id}", SUPERVISES),
    Entry("POST", "/lire-avec/{contact_id}", SUPERVISES),
    Entry("POST", "/lire-avec/{contact_id}/fin", SUPERVISES),
    Entry("GET", "/affichage", EVERYBODY),
    Entry("POST", "/affichage", EVERYBODY),
    Entry("POST", "/sortir", EVERYBODY),
    Entry("GET", "/aide", EVERYBODY),
    Entry("GET", "/accessibilite", None),
    Entry("GET", "/entrer", None),
    Entry("POST", "/entrer", None),
    Entry("GET", "/entrer/compte", None),
    Entry("GET", "/entrer/retour", None),
    Entry("GET", "/entrer/role", None),
    Entry("POST", "/entrer/role", None),
    Entry("GET", "/entrer/quitter", None),
    *(Entry("GET", path, None) for path in CONTRACT),
)

#: Where the pages of partners begin; nobody of ours reads them, and a partner's people no other.
PARTNER_HOME = "/partenaire"

PARTNER_PAGES: tuple[Entry, ...] = tuple(
    Entry(method, PARTNER_HOME + path, frozenset())
    for method, path in (
        ("GET", ""),
        ("GET", "/{reference}"),
        ("POST", "/{reference}/ouvrir"),
        ("POST", "/{reference}/reponse"),
        ("POST", "/{reference}/suite"),
        ("POST", "/complet/{relay_id}"),
        ("POST", "/sortir"),
    )
)

#: Where a button of a page sends its command; who may press it, the command says.
ACT = "/act"


class PageWithoutRoles(Exception):
    """A page is missing in `role_table.PAGES`, so it answers nobody."""


_ROLES = {(entry.method, entry.path): entry.roles for entry in PAGES}


def roles_of_page(method: str, path: str) -> frozenset[Role]:
    """Who may see a page; PageWithoutRoles when nobody has said."""
    try:
        return _ROLES[method, path] or frozenset()
    except KeyError:
        raise PageWithoutRoles(f"{method} {path}") from None
