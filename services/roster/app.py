"""The roster, whole: what it answers, publishes and waits for."""

from datetime import timedelta

from contracts.roster import EligibilityEstablished, ImportVolunteers
from services.bus.table import Answer, Due, Service
from services.roster import handlers
from services.roster.settings import SETTINGS
from services.roster.store import tables

SERVICE = Service(
    name="roster",
    tables=tables,
    answers=(Answer(ImportVolunteers, handlers.on_import_volunteers),),
    publishes=(EligibilityEstablished,),
    deadlines=(Due("lapse", handlers.on_lapse_due),),
    workers=SETTINGS.workers,
    statement_timeout=timedelta(seconds=5),  # an import of 200 rows; nobody waits on the line
)
