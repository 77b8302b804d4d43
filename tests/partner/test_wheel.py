"""What a partner installs: it stands alone, and its program of twenty lines answers a referral."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

from contracts.partner_check import SECRET_VARIABLE
from contracts.vocabulary import Role
from contracts.webhooks import new_secret
from deploy.desk import Doors
from deploy.seeds import PROGRAMME, SEEDED
from tests.partner.conftest import Scene
from tests.partner.ground import APLUS_RELAY, heard, refer, verified
from tests.partner.wheel import Installed, install_wheel
from tests.running import REPOSITORY

#: Modules of the wheel, one by one, with every import of the room or the platform noticed.
_IMPORT_ALL = """
import importlib, pathlib, sys
import contracts
for file in sorted(pathlib.Path(contracts.__file__).parent.glob("*.py")):
    importlib.import_module(f"contracts.{file.stem}")
print(contracts.__file__)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install_wheel(tmp_path_factory.mktemp("wheel"))


def metadata(installed: Installed) -> Distribution:
    (folder,) = installed.folder.glob("*.dist-info")
    return PathDistribution(folder)


def test_the_wheel_stands_without_the_platform(installed: Installed) -> None:
    ran = installed.run("-c", _IMPORT_ALL)

    assert ran.returncode == 0, ran.stderr
    where, loaded = ran.stdout.splitlines()
    assert where.startswith(str(installed.folder))
    assert not {"services", "deploy", "tests"} & set(loaded.split())


def test_the_wheel_asks_for_what_it_imports_and_has_the_platforms_version(
    installed: Installed,
) -> None:
    told = metadata(installed)
    asked = {
        re.split(r"[<>=; ]", each)[0]: each.partition("extra == ")[2].strip("'\"")
        for each in told.requires or ()
    }
    ours = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]

    partner = dict.fromkeys(("nats-py", "nkeys", "pynacl"), "partner")
    assert asked == {"pydantic": "", **partner, "standardwebhooks": "webhook"}
    assert told.version == ours["version"]


async def first_answer(installed: Installed, scene: Scene) -> tuple[str, list[str]]:
    """What somebody was referred by, and what the program said until it had answered."""
    async with Doors.of(scene.platform) as doors:
        await verified(doors, APLUS_RELAY)
        supervisor = await doors.session(SEEDED[Role.SUPERVISOR], Role.SUPERVISOR, PROGRAMME)
        async with scene.partner(scene.aplus) as before:  # what other tests sent to it
            await heard(before)
        reference = await refer(doors, supervisor, APLUS_RELAY)
    aplus = scene.aplus
    keys = (str(aplus.seed), str(aplus.opening_key))
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "contracts.example", "aplus", scene.platform.nats_url, *keys),
        cwd=installed.folder,
        env=installed.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert program.stdout is not None
        async with asyncio.timeout(30):
            said = [(await program.stdout.readline()).decode().strip() for _ in range(2)]
    finally:
        program.kill()
        await program.wait()
    return reference, said


def test_the_program_of_the_wheel_reads_a_referral_and_answers(
    installed: Installed, scene: Scene
) -> None:
    reference, said = asyncio.run(first_answer(installed, scene))

    assert said == [f"partner_referral.sent.v1 {reference}", f"answered {reference} done"]


def test_the_kit_of_the_wheel_tries_a_receiver_of_the_wheel(installed: Installed) -> None:
    secret = new_secret()
    receiver = subprocess.Popen(
        (sys.executable, "-u", "-m", "contracts.receiver", "0"),
        cwd=installed.folder,
        env=installed.environment | {SECRET_VARIABLE: secret},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert receiver.stdout is not None
        port = receiver.stdout.readline().split()[-1]
        check = ("-m", "contracts.partner_check", f"http://localhost:{port}/")
        passed = installed.run(*check, **{SECRET_VARIABLE: secret})
        another = installed.run(*check, **{SECRET_VARIABLE: new_secret()})
    finally:
        receiver.kill()
        receiver.wait()

    assert (passed.returncode, another.returncode) == (0, 1), passed.stdout + passed.stderr
    assert passed.stdout.endswith("17 of 17 passed.\n")


def test_the_packed_files_are_all_there(installed: Installed) -> None:
    room = REPOSITORY / "contracts"
    inside = installed.folder / "contracts"
    wanted = {Path("py.typed"), Path("javascript/partner.mjs")}
    wanted |= {each.relative_to(room) for each in room.rglob("schemas/**/*.json")}
    wanted |= {each.relative_to(room) for each in room.glob("*.py")}

    assert {each for each in wanted if not (inside / each).is_file()} == set()
