"""The lines of the repository, with what a test cannot wait for set aside.

A listener rests after four contacts in a row; in these tests people listen to more than that in a
minute, so a break is over as soon as it begins. They speak every language of the pages, so that no
caller waits until somebody speaks theirs; regulators can be reached by chat, because that is what a
browser can do. Everything else is as it is shipped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from contracts.roster import Volunteer
from contracts.vocabulary import LanguageCode, Role
from deploy.desk import Doors
from deploy.platform import Platform
from deploy.seeds import a_volunteer, import_people, invented_people
from services.intake import programme
from services.pages.words import COMPLETE, DRAFTS
from tests.running import REPOSITORY

_SHIPPED = REPOSITORY / "deploy" / "programmes"
_IN_THE_ROSTER = (Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR, Role.DUTY_PROFESSIONAL)
_WITH_PEOPLE = ("sos-amitie", "sos-crise", "sos-detresse")

#: The line on which regulators answer first; here it has a chat as well.
WITH_REGULATORS = "sos-crise"

#: A line whose doors are closed at the hour of the tests, by every channel.
CLOSED = "sos-nuit"
_AT_NIGHT = {
    "timezone": "Europe/Paris",
    "rules": [
        {
            "byday": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"],
            "opens_at": "21:00",
            "closes_at": "22:00",
        }
    ],
}


def apply_lines(run_dir: Path, lost_after_seconds: int | None = None) -> None:
    """Put them into force on the platform of a run folder; None: a desk is lost as soon as shipped,
    which is too soon where servers are killed on a slow machine.
    """
    for line in _WITH_PEOPLE:
        manifest = _read(line)
        manifest["assumed"]["rest"]["break_seconds"]["value"] = 0
        if lost_after_seconds is not None:
            manifest["assumed"]["times"]["heartbeat_lost_seconds"]["value"] = lost_after_seconds
        if line == WITH_REGULATORS:
            manifest["facts"]["channels"]["value"] = ["phone", "chat"]
            manifest["assumed"]["writing"] = _read("sos-detresse")["assumed"]["writing"]
        _apply(manifest, line, run_dir)
    _apply(_closed(_read("sos-crise")), CLOSED, run_dir)


async def teach_languages(platform: Platform) -> None:
    """Let everybody of the roster speak each language of callers' pages."""
    async with Doors.of(platform) as doors:
        for line in _WITH_PEOPLE:
            known = [each for each in invented_people() if each.programme == line]
            volunteers = [
                _speaking(a_volunteer(each.person_id, each.role), (*COMPLETE, *DRAFTS))
                for each in known
                if each.role in _IN_THE_ROSTER
            ]
            await import_people(doors, line, volunteers)


def _speaking(volunteer: Volunteer, languages: tuple[LanguageCode, ...]) -> Volunteer:
    qualification = volunteer.qualification.model_copy(update={"languages": languages})
    return volunteer.model_copy(update={"qualification": qualification})


def _closed(manifest: dict[str, Any]) -> dict[str, Any]:
    manifest |= {"programme": CLOSED}
    manifest["facts"]["name"]["value"] = "SOS Nuit"
    manifest["facts"]["phone_number"]["value"] = "01 99 00 00 10"  # kept for fiction
    manifest["facts"]["opening"]["value"] = _AT_NIGHT
    return manifest


def _read(line: str) -> dict[str, Any]:
    manifest: dict[str, Any] = yaml.safe_load((_SHIPPED / f"{line}.yaml").read_text())
    return manifest


def _apply(manifest: dict[str, Any], line: str, run_dir: Path) -> None:
    file = run_dir / f"{line}.yaml"
    file.write_text(yaml.safe_dump(manifest, allow_unicode=True))
    assert programme.main(["apply", str(file), "--run-dir", str(run_dir)]) == 0
