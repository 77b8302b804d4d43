"""The rules against scenarios: ours, and those of the data where they are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import Attention, Priority
from deploy.day.options import shared_folder
from deploy.scenarios.__main__ import main
from deploy.scenarios.comparing import answer, compare
from deploy.scenarios.scene import Scene, Unreadable, read_scenes
from services.referral.directory.committed import read_directory

OURS = Path(__file__).parent / "ours.jsonl"
GIVEN = shared_folder() / "data" / "scenarios.jsonl"
DIRECTORY = read_directory()
SCENES = {
    scene.id: scene
    for path in (OURS, GIVEN)
    if path.is_file()
    for scene in read_scenes(path)
    if isinstance(scene, Scene)
}


@pytest.mark.parametrize("name", SCENES)
def test_the_rules_agree(name: str) -> None:
    scene = SCENES[name]
    assert compare(scene, answer(scene, DIRECTORY)) == ()


@pytest.mark.parametrize("name", SCENES)
def test_nothing_is_read_from_the_name_of_a_scenario(name: str) -> None:
    """Nor from the expected answers: turned round, they give the same proposal."""
    scene = SCENES[name]
    expected = scene.expected.model_copy(
        update={
            "priority": Priority.P5,
            "attention_signal": Attention.RAISE_NOW,
            "supervisor_informed": False,
            "emergency_card_expected": False,
            "relays": (),
            "must_not_relays": (),
        }
    )
    other = scene.model_copy(update={"id": "another", "expected": expected})
    assert answer(other, DIRECTORY) == answer(scene, DIRECTORY)


#: What is changed in an expectation -> the differences that must be told.
CHANGES: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "another priority": ("lyon-lonely-at-night", {"priority": "P2"}, ("priority",)),
    "a supervisor": (
        "lyon-lonely-at-night",
        {"supervisor_informed": True},
        ("supervisor informed",),
    ),
    "no card": (
        "pills-taken-in-a-chat",
        {"emergency_card_expected": False},
        ("emergency card",),
    ),
    "less attention": ("pills-taken-in-a-chat", {"attention_signal": "raise"}, ("attention",)),
    "attention to a voice": ("lyon-lonely-at-night", {"attention_signal": "none"}, ("attention",)),
    "relays the wrong way round": (
        "lyon-lonely-at-night",
        {"relays": [{"relay": "fr-69-espoir"}, {"relay": "fr-sos-amitie"}]},
        ("open relays, in order",),
    ),
    "one relay more": (
        "lyon-lonely-at-night",
        {"relays": [{"relay": "fr-sos-amitie"}, {"relay": "fr-3114"}]},
        ("open relays, in order",),
    ),
    "nobody": ("lyon-lonely-at-night", {"relays": []}, ("open relays, in order",)),
    "open what is shut": (
        "lu-violence-at-night",
        {"relays": [{"relay": "lu-violence"}], "must_not_relays": []},
        ("open relays, in order",),
    ),
    "later what is open": (
        "lu-violence-at-noon",
        {"relays": [{"relay": "lu-violence", "mode": "later"}]},
        ("relays that open later",),
    ),
    "a relay that must not appear": (
        "lyon-lonely-at-night",
        {"must_not_relays": ["fr-sos-amitie"]},
        ("relays that must not appear",),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_expectation_is_told(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    which, changed, told = CHANGES[name]
    (line,) = (each for each in OURS.read_text().splitlines() if f'"id": "{which}"' in each)
    scenario = json.loads(line)
    scenario["expected"].update(changed)
    path = tmp_path / "changed.jsonl"
    path.write_text(json.dumps(scenario))
    (scene,) = (each for each in read_scenes(path) if isinstance(each, Scene))
    assert tuple(each.what for each in compare(scene, answer(scene, DIRECTORY))) == told
    assert main([str(path)]) == 1
    printed = capsys.readouterr().out
    assert f"{which}: differs" in printed
    assert f"  {told[0]}: expected" in printed
    assert "    because " in printed
    assert "0 of 1 scenarios agree" in printed


def test_agreement_is_told_by_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(OURS)]) == 0
    count = len(OURS.read_text().splitlines())
    assert capsys.readouterr().out == f"{count} of {count} scenarios agree\n"


def test_all_tells_of_those_that_agree_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(OURS), "--all"]) == 0
    assert "now: fr-sos-amitie, fr-69-espoir" in capsys.readouterr().out


WRONG: dict[str, tuple[str, str]] = {
    "no JSON": ("{", "line 1: line: Invalid JSON"),
    "no expectation": ('{"id": "x"}', "line 1: programme: Field required"),
    "nothing": ("\n", "holds no scenario"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_cannot_be_read_is_told(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, said = WRONG[name]
    path = tmp_path / "wrong.jsonl"
    path.write_text(text)
    assert main([str(path)]) == 2
    assert said in capsys.readouterr().err


def test_a_missing_file_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([str(tmp_path / "nowhere.jsonl")]) == 2
    assert "nowhere.jsonl: name a file" in capsys.readouterr().err


def test_an_unknown_word_is_named_with_its_line(tmp_path: Path) -> None:
    scenario = json.loads(OURS.read_text().splitlines()[0])
    scenario["expected"]["need"] = "bonheur"
    path = tmp_path / "unknown.jsonl"
    path.write_text(f"\n{json.dumps(scenario)}\n")
    (unreadable,) = read_scenes(path)
    assert isinstance(unreadable, Unreadable)
    assert (unreadable.line, unreadable.field) == (2, "expected.need")
