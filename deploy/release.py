"""`python -m deploy.release MANIFEST...`: puts lines into force over the bus, at each release.

It signs in to NATS with a key of its own that may send one command, `ApplyProgramme`, and read the
answer: no session, no door, no manifest mounted into a service. The very same manifest again
changes nothing, so a Job may be tried as often as it takes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import nats.errors
from nats.aio.client import Client
from sqlalchemy import MetaData

from contracts.envelope import CommandEnvelope, CommandId, Reply, ReplyStatus, SessionId
from contracts.programme import ApplyProgramme
from contracts.vocabulary import PersonId, ProgrammeId, Role
from services.bus.decode import command_headers
from services.bus.provision.signed_in import signed_in
from services.bus.table import Service
from services.bus.trust import NotTrusted
from services.intake.programme import described
from services.intake.reader import Faulty, Sound, read_manifest
from services.registry import SERVICES

#: Who applies: an edge that sends one command and nothing else. Its key goes into the Job alone.
RELEASE = Service(name="release", tables=MetaData(), sends=(ApplyProgramme,))
#: Everybody who has a key in a cluster.
TABLES = (*SERVICES, RELEASE)
#: As whom the audit knows what a release put into force.
_ACTOR = PersonId("release")
_ASKED_FOR = timedelta(seconds=10)
_PAUSE_SECONDS = 0.5


class NotApplied(Exception):
    """A manifest was not put into force; the message says why."""


async def apply_over_bus(client: Client, sound: Sound, patience: timedelta) -> Reply:
    """Ask intake until it answers, at most `patience` of machine time; raises NotApplied.

    The deadline is the machine's: domain time runs like it wherever this is used.
    """
    command = ApplyProgramme(
        programme=sound.manifest.programme,
        manifest_sha256=sound.sha256,
        rules_version=sound.manifest.rules_version,
        terms=sound.terms,
        callers=sound.callers,
    )
    command_id, session_id = CommandId(str(uuid4())), SessionId(str(uuid4()))
    give_up_at = time.monotonic() + patience.total_seconds()
    said = "intake does not answer"
    while time.monotonic() < give_up_at:
        headers = command_headers(_envelope(command.programme, command_id, session_id))
        try:
            answer = await client.request(
                command.subject(), command.model_dump_json().encode(), 5, headers=headers
            )
        except (nats.errors.NoRespondersError, nats.errors.TimeoutError):
            said = "intake does not answer"
        else:
            reply = Reply.model_validate_json(answer.data, extra="ignore")
            if reply.status is ReplyStatus.DONE:
                return reply
            if reply.status is ReplyStatus.REFUSED:
                raise NotApplied(f"refused: {reply.refusal} {reply.field or ''}".rstrip())
            said = "intake cannot do it yet"
        await asyncio.sleep(_PAUSE_SECONDS)
    raise NotApplied(said)


def _envelope(
    programme: ProgrammeId, command_id: CommandId, session_id: SessionId
) -> CommandEnvelope:
    return CommandEnvelope(
        command_id=command_id,
        session_id=session_id,
        actor=_ACTOR,
        role=Role.OPERATOR,
        programme=programme,
        deadline=datetime.now(UTC) + _ASKED_FOR,
    )


async def _apply_all(files: Sequence[tuple[Path, Sound]], url: str, keys: Path) -> int:
    failed = 0
    async with signed_in(url, keys, RELEASE.name) as client:
        for file, sound in files:
            try:
                reply = await apply_over_bus(client, sound, timedelta(minutes=2))
            except NotApplied as why:
                print(f"{file}: not applied. {why}")
                failed = 1
            else:
                print(f"{file}: {sound.manifest.programme} version {reply.version} is in force.")
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; 0 when every manifest is in force, 1 when one is faulty or was not applied."""
    parser = argparse.ArgumentParser(prog="release", description="Put lines into force.")
    parser.add_argument("files", nargs="+", type=Path, metavar="MANIFEST")
    files: Sequence[Path] = parser.parse_args(arguments).files
    read = [(file, read_manifest(file.read_bytes())) for file in files]
    for file, found in read:
        if isinstance(found, Faulty):
            print(*(described(file, fault) for fault in found.faults), sep="\n")
    sound = [(file, found) for file, found in read if isinstance(found, Sound)]
    if len(sound) < len(files):
        return 1
    url, keys = os.environ["HELPLINE_NATS_URL"], Path(os.environ["HELPLINE_KEYS_DIR"])
    try:
        return asyncio.run(_apply_all(sound, url, keys))
    except NotTrusted as why:
        print(why)
        return 1
    except (nats.errors.Error, OSError) as away:
        print(f"NATS does not answer ({type(away).__name__}).")
        return 1


if __name__ == "__main__":
    sys.exit(main())
