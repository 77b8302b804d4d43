"""A platform with two partners, for the tests of this room."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.partner_client import Partner
from deploy.embedded.runfolder import RunFolder
from deploy.platform import Platform
from tests.partner.ground import APLUS_RELAY, BONDE_RELAY, Member, let_in
from tests.running import REPOSITORY, a_platform


@dataclass(frozen=True)
class Scene:
    """A platform with two partners."""

    platform: Platform
    aplus: Member
    bonde: Member

    def partner(self, member: Member) -> Partner:
        """A connection of one of them."""
        return Partner(member.name, self.platform.nats_url, member.seed, member.opening_key)


@pytest.fixture(scope="package")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example in JavaScript with its packages, in the versions of its lock."""
    folder = tmp_path_factory.mktemp("javascript") / "example"
    shutil.copytree(REPOSITORY / "contracts" / "javascript", folder)
    npm = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    subprocess.run(npm, cwd=folder, check=True, capture_output=True, timeout=100)
    return folder / "partner.mjs"


@pytest.fixture(scope="package")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("partners")) as scene:
        yield scene


@contextmanager
def a_scene(folder: Path) -> Iterator[Scene]:
    """A platform of its own with two partners."""
    run = RunFolder(folder / "run")
    at = ("--at", "2026-01-14T11:00:00+01:00")
    with a_platform(run.root, "--spare-ports", *at) as (_, platform):
        aplus = let_in(folder, run, "aplus", APLUS_RELAY)
        bonde = let_in(folder, run, "bonde", BONDE_RELAY)
        yield Scene(platform, aplus, bonde)
