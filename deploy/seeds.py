"""The demonstration: its lines put into force, its people in the roster, sessions for them.

`python -m deploy.seeds` goes through the doors of a running platform, as an operator and a
coordinator would, and prints one token each for a regulator, a listener, a supervisor, a duty
professional, a coordinator and an operator. Development only: the provider that opens these
sessions exists nowhere else.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from contracts.roster import Accreditation, Qualification, Volunteer
from contracts.vocabulary import Channel, LanguageCode, Need, PersonId, ProgrammeId, Role
from deploy.desk import Desk, DoorRefused, Doors, DoorSilent
from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.partner_desks import demonstration_file, with_a_key
from deploy.platform import Platform, platform_here, read_platform
from deploy.start import PEOPLE
from services.bus.provision.partners import PartnersFlawed, read_partner
from services.intake import programme

PROGRAMME = "sos-crise"
_PROGRAMMES = Path(__file__).resolve().parent / "programmes"


@dataclass(frozen=True)
class Invented:
    """Somebody of the demonstration."""

    person_id: PersonId
    name: str
    role: Role
    programme: ProgrammeId


def invented_people() -> tuple[Invented, ...]:
    """Everybody of the demonstration, on every line."""
    return tuple(
        Invented(
            PersonId(each["person_id"]),
            each["name"],
            Role(each["role"]),
            ProgrammeId(each["programme"]),
        )
        for each in json.loads(PEOPLE.read_text())
        if "role" in each
    )


#: Who the printed sessions are for: the first of each role on the line of the demonstration.
SEEDED: dict[Role, PersonId] = {
    each.role: each.person_id for each in reversed(invented_people()) if each.programme == PROGRAMME
}

#: Whose roles the roster gives; the others are vouched for by whoever signs them in.
_IN_THE_ROSTER = (Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR, Role.DUTY_PROFESSIONAL)

#: Far away on purpose: a platform may be started at any domain time.
_NEVER_LAPSES = datetime(2100, 1, 1, tzinfo=UTC)
#: Long enough for any experience a line asks for first.
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def a_volunteer(person_id: PersonId, role: Role) -> Volunteer:
    """A volunteer of the demonstration: every channel, every need, French and English."""
    return Volunteer(
        person_id=person_id,
        qualification=Qualification(
            roles=(role,),
            languages=(LanguageCode.FR, LanguageCode.EN),
            topics=tuple(need for need in Need if need is not Need.UNKNOWN),
            accreditations=tuple(
                Accreditation(channel=channel, level=3, valid_until=_NEVER_LAPSES, since=_LONG_AGO)
                for channel in Channel
            ),
        ),
    )


async def import_people(doors: Doors, programme: str, people: Iterable[Volunteer]) -> Desk:
    """Put people into the roster of a line; the coordinator's desk that did it."""
    coordinator = await doors.session(SEEDED[Role.COORDINATOR], Role.COORDINATOR, programme)
    await coordinator.import_volunteers(people)
    return coordinator


async def seed_sessions(doors: Doors, programme: str = PROGRAMME) -> dict[Role, Desk]:
    """Put the seeded people into the roster and open a session for each.

    The line must be in force (or come into force within ten seconds). Raises DoorRefused or
    DoorSilent.
    """
    for line in {each.programme for each in invented_people()}:
        volunteers = [
            a_volunteer(each.person_id, each.role)
            for each in invented_people()
            if each.programme == line and each.role in _IN_THE_ROSTER
        ]
        await import_people(doors, line, volunteers)
    return {
        role: await doors.session(person_id, role, programme) for role, person_id in SEEDED.items()
    }


async def let_partner_in(run: RunFolder, platform: Platform) -> None:
    """Have referral take in the partner of the demonstration, as its file is; NATS has it already.

    Raises DoorRefused, DoorSilent, PartnersFlawed.
    """
    manifest = with_a_key(run, read_partner(demonstration_file(run)))
    async with Doors.of(platform) as doors:
        operator = await doors.session(SEEDED[Role.OPERATOR], Role.OPERATOR, PROGRAMME)
        await operator.apply_partner(manifest)


def apply_programmes(run: RunFolder) -> int:
    """Put every line of the repository into force; 1 when one was refused."""
    manifests = sorted(str(path) for path in _PROGRAMMES.glob("*.yaml"))
    return max(programme.main(["apply", path, "--run-dir", str(run.root)]) for path in manifests)


async def _print_sessions(platform: Platform, programme: str) -> None:
    async with Doors.of(platform) as doors:
        terminal = Console(highlight=False)
        terminal.print(f"People of the demonstration, at {platform.doors['console']}/entrer:")
        for each in invented_people():
            line = f"  {each.name:<16} {each.role:<18} {each.programme}"
            terminal.print(line, markup=False)
        for each in json.loads(PEOPLE.read_text()):
            if "partner" in each:
                terminal.print(
                    f"  {each['name']:<16} {'partner':<18} {each['partner']}", markup=False
                )
        terminal.print("For programs:")
        for role, desk in (await seed_sessions(doors, programme)).items():
            line = f"  {role:<18} {desk.person_id:<16} Authorization: Bearer {desk.token}"
            terminal.print(line, markup=False, soft_wrap=True)


def main(arguments: list[str] | None = None) -> int:
    """Print the sessions; 1 with a sentence when they cannot be opened."""
    parser = argparse.ArgumentParser(description="Print sessions for the people of the demo.")
    parser.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument(
        "--here",
        action="store_true",
        help="the platform whose container this runs in; its lines are in force",
    )
    parser.add_argument("--programme", default=PROGRAMME)
    options = parser.parse_args(arguments)
    run = RunFolder(options.run_dir.resolve())
    if not options.here and apply_programmes(run) != 0:
        return 1
    try:
        platform = platform_here() if options.here else read_platform(run, even_starting=True)
        asyncio.run(_print_sessions(platform, options.programme))
        if not options.here:
            asyncio.run(let_partner_in(run, platform))
    except (StartRefused, DoorRefused, DoorSilent, PartnersFlawed, OSError) as trouble:
        print(f"No sessions: {trouble}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
