"""`just call`: one contact through a platform that runs, and a sentence when it cannot be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import REPOSITORY, a_platform

NIGHT = "2026-01-14T23:00:00+01:00"
MORNING = "2026-01-14T11:00:00+01:00"


def call(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run `just call` against the platform of a run folder."""
    return subprocess.run(
        (
            sys.executable,
            "-m",
            "deploy.call",
            "--run-dir",
            str(folder),
            "--talk-seconds",
            "0.2",
            *more,
        ),
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.slow
def test_one_contact_goes_from_the_call_to_the_figures(postgres_folder: Path) -> None:
    with a_platform(postgres_folder, "--at", MORNING):
        told = call(postgres_folder)
    assert told.returncode == 0, told.stderr
    steps = (
        "La personne appelle",
        "Proposée à la régulation",
        "proposent P3",
        "La régulation décide",
        "La régulation est de nouveau libre",
        "Proposée à l'écoute",
        "L'écoute se termine : listened",
        "Le temps d'après est fini",
        "plus personne n'attend",
    )
    places = [told.stdout.find(step) for step in steps]
    assert -1 not in places, told.stdout
    assert places == sorted(places)


@pytest.mark.slow
def test_a_whole_contact_is_listened_to_without_a_screen(postgres_folder: Path) -> None:
    with a_platform(postgres_folder, "--at", MORNING):
        told = call(postgres_folder, "--telephone")
    assert told.returncode == 0, told.stderr
    steps = (
        "Touche 1.",
        "Vous êtes de service et disponible",
        "Le téléphone sonne",
        "Vous êtes en ligne",
        "Comment l'échange se termine-t-il",
        "L'échange est fini",
        "Vous êtes de service et disponible",
        "plus personne n'attend",
    )
    place = 0
    for step in steps:
        place = told.stdout.find(step, place)
        assert place >= 0, (step, told.stdout)


@pytest.mark.slow
def test_a_closed_line_says_its_hours_and_how_to_start_at_another(postgres_folder: Path) -> None:
    with a_platform(postgres_folder, "--at", NIGHT):
        told = call(postgres_folder)
    assert told.returncode == 1
    assert "09:00-21:00" in told.stderr
    assert "./just up --at" in told.stderr


def test_without_a_platform_it_says_how_to_start_one(tmp_path: Path) -> None:
    told = call(tmp_path)
    assert told.returncode == 1
    assert "./just up" in told.stderr
    assert "Traceback" not in told.stderr
