"""Every service there is. Adding one here is the last step of CONTRIBUTING.md, "a service"."""

from services.assignment.app import SERVICE as ASSIGNMENT
from services.bus.table import Service
from services.console.app import SERVICE as CONSOLE
from services.intake.app import SERVICE as INTAKE
from services.quality.app import SERVICE as QUALITY
from services.referral.app import SERVICE as REFERRAL
from services.risk.app import SERVICE as RISK
from services.roster.app import SERVICE as ROSTER
from services.triage.app import SERVICE as TRIAGE

SERVICES: tuple[Service, ...] = (
    INTAKE,
    TRIAGE,
    ASSIGNMENT,
    ROSTER,
    CONSOLE,
    QUALITY,
    REFERRAL,
    RISK,
)
