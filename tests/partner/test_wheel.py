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

from contracts.canned import is_canned
from contracts.partner_check import SECRET_VARIABLE
from contracts.vocabulary import Role
from contracts.webhooks import new_secret
from deploy.desk import Doors
from deploy.partners import main as operator
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

    assert asked == {"pydantic": "", "nats-py": "partner", "nkeys": "partner", "pynacl": "partner"}
    assert told.version == ours["version"]


async def referred(scene: Scene) -> str:
    """What somebody was referred by just now, and nothing else waits."""
    async with Doors.of(scene.platform) as doors:
        await verified(doors, APLUS_RELAY)
        supervisor = await doors.session(SEEDED[Role.SUPERVISOR], Role.SUPERVISOR, PROGRAMME)
        async with scene.partner(scene.aplus) as before:  # what other tests sent to it
            await heard(before)
        return await refer(doors, supervisor, APLUS_RELAY)


async def two_lines(installed: Installed, scene: Scene, name: str, keys: Path) -> list[str]:
    """What the program said until it had answered."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "contracts.example", name, scene.platform.nats_url),
        *(str(keys / f"{name}.nk"), str(keys / f"{name}.x25519")),
        cwd=installed.folder,
        env=installed.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert program.stdout is not None
        async with asyncio.timeout(30):
            return [(await program.stdout.readline()).decode().strip() for _ in range(2)]
    finally:
        program.kill()
        await program.wait()


def test_the_program_of_the_wheel_reads_a_referral_and_answers(
    installed: Installed, scene: Scene
) -> None:
    reference = asyncio.run(referred(scene))
    said = asyncio.run(two_lines(installed, scene, "aplus", scene.aplus.seed.parent))

    assert said == [f"partner_referral.sent.v1 {reference}", f"answered {reference} done"]


def test_who_was_let_in_to_a_sandbox_has_its_first_event_at_once(
    installed: Installed, scene: Scene, tmp_path: Path
) -> None:
    """As docs/partners.md says it, from the first key on."""
    made = installed.run("-m", "contracts.partner_keys", "sandbox-aplus")
    file = tmp_path / "sandbox-aplus.yaml"
    file.write_text(f"partner: sandbox-aplus\ncalled: A+, sandbox\nrelays: []\n{made.stdout}")
    assert operator(["apply", str(file), "--run-dir", scene.platform.folder]) == 0
    said = asyncio.run(two_lines(installed, scene, "sandbox-aplus", installed.folder))

    reference = said[0].split()[-1]
    assert is_canned(reference)
    assert said == [f"partner_referral.sent.v1 {reference}", f"answered {reference} done"]
    again = installed.run("-m", "contracts.partner_keys", "sandbox-aplus")
    assert (again.returncode, again.stdout) == (1, "")
    for key in ("sandbox-aplus.nk", "sandbox-aplus.x25519"):
        assert (installed.folder / key).stat().st_mode & 0o077 == 0


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
