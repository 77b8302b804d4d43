"""The example in JavaScript for a partner's engineer, as it is shipped, on a platform that runs."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from contracts.partner_check import SECRET_VARIABLE
from contracts.partner_check import main as check
from contracts.vocabulary import Role
from contracts.webhooks import new_secret
from deploy.desk import Doors
from deploy.seeds import PROGRAMME, SEEDED
from tests.debian import NODE
from tests.partner.conftest import Scene
from tests.partner.ground import BONDE_RELAY, heard, lines_of, refer, verified


def test_the_receiver_passes_the_conformance_kit(
    example: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, new_secret())
    receiver = subprocess.Popen(
        (str(NODE), str(example.with_name("receiver.mjs")), "0"), stdout=subprocess.PIPE, text=True
    )
    try:
        assert receiver.stdout is not None
        port = receiver.stdout.readline().split()[-1]
        assert check([f"http://127.0.0.1:{port}/"]) == 0, capsys.readouterr().out
    finally:
        receiver.kill()
        receiver.wait()


def test_the_example_reads_its_own_answers_and_misses_nothing(scene: Scene, example: Path) -> None:
    async def walk() -> None:
        async with Doors.of(scene.platform) as doors:
            await verified(doors, BONDE_RELAY)
            supervisor = await doors.session(SEEDED[Role.SUPERVISOR], Role.SUPERVISOR, PROGRAMME)
            async with scene.partner(scene.bonde) as before:  # what other tests sent to it
                await heard(before)
            for _ in range(2):
                first = await refer(doors, supervisor, BONDE_RELAY)
                second = await refer(doors, supervisor, BONDE_RELAY)
                said = await lines_of(example, scene.platform, scene.bonde, 4)
                assert [each["reference"] for each in said[::2]] == [first, second]
                assert [each["reply"] for each in said[1::2]] == [{"status": "done"}] * 2

    asyncio.run(walk())
