"""Referrals reach their partner whatever is killed meanwhile; the checker finds nothing amiss."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.partner import PartnerReferralSent
from contracts.partner_client import Partner
from contracts.vocabulary import Role
from deploy.desk import Doors
from deploy.embedded.runfolder import RunFolder
from deploy.platform import Platform, read_platform
from deploy.seeds import PROGRAMME, SEEDED
from deploy.verify.command import main as verify
from tests.partner.ground import APLUS_RELAY, BONDE_RELAY, let_in, refer, verified
from tests.running import a_platform

#: What is killed, after so many referrals.
KILLED = {2: "services", 5: "nats", 8: "postgres"}
MANY = 11


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    run = RunFolder(tmp_path / "run")
    with a_platform(run.root, "--spare-ports", "--at", "2026-01-14T11:00:00+01:00"):
        yield run


def here(run: RunFolder) -> Platform:
    return read_platform(run, even_starting=True)


def test_nothing_is_lost_or_misled_whatever_is_killed(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    members = [
        let_in(tmp_path, run, name, relay)
        for name, relay in (("aplus", APLUS_RELAY), ("bonde", BONDE_RELAY))
    ]
    received: dict[str, list[str]] = {member.name: [] for member in members}

    async def read(name: str, partner: Partner) -> None:
        async for told in partner:
            if isinstance(told.event, PartnerReferralSent):
                received[name].append(told.event.reference)

    async def send_all() -> dict[str, list[str]]:
        sent: dict[str, list[str]] = {member.name: [] for member in members}
        async with Doors.of(here(run), patience_seconds=60) as doors:
            await verified(doors, APLUS_RELAY, BONDE_RELAY)
            supervisor = await doors.session(SEEDED[Role.SUPERVISOR], Role.SUPERVISOR, PROGRAMME)
            for number in range(MANY):
                if number in KILLED:
                    os.kill(here(run).pids[KILLED[number]], signal.SIGKILL)
                member = members[number % 2]
                sent[member.name].append(await refer(doors, supervisor, member.relay))
        return sent

    async def walk() -> dict[str, list[str]]:
        url = here(run).nats_url
        reading = []
        partners = [Partner(each.name, url, each.seed, each.opening_key) for each in members]
        for member, partner in zip(members, partners, strict=True):
            await partner.__aenter__()
            reading.append(asyncio.create_task(read(member.name, partner)))
        try:
            sent = await send_all()
            for _ in range(600):
                if all(set(sent[name]) == set(received[name]) for name in sent):
                    break
                await asyncio.sleep(0.1)
            return sent
        finally:
            for task in reading:
                task.cancel()
            for partner in partners:
                await partner.__aexit__(None, None, None)

    sent = asyncio.run(walk())
    assert {name: set(each) for name, each in received.items()} == {
        name: set(each) for name, each in sent.items()
    }
    capsys.readouterr()
    assert verify(["--run-dir", str(run.root)]) == 0, capsys.readouterr().out
