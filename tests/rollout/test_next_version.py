"""The next version of a rehearsal is one as the rules want it."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.migration.judging import flaws_of_lineage
from deploy.rollout.next_version import BREAKS, MARK, copied, make_broken, make_next
from deploy.start import REPOSITORY
from services.bus.lineage import lineages_of
from services.intake.rows import tables


def test_the_next_version_knows_more_and_its_revisions_are_expansions(tmp_path: Path) -> None:
    make_next(copied(REPOSITORY, tmp_path))
    asked = (
        "from contracts.contact import ContactOpened; from services.intake.rows import ContactRow;"
        "print(ContactOpened.model_fields, ContactRow.model_fields)"
    )
    told = subprocess.run(
        (sys.executable, "-c", asked),
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.count(f"'{MARK}'") == 2
    for now, then in zip(
        lineages_of("intake"), lineages_of("intake", tmp_path / "services"), strict=True
    ):
        assert then.head == now.head + 1
        assert flaws_of_lineage(then, tables, "intake") == []


@pytest.mark.parametrize("how", BREAKS)
def test_a_version_can_be_broken_on_purpose(tmp_path: Path, how: str) -> None:
    make_broken(copied(REPOSITORY, tmp_path), how)
    for file in ("services/run.py", "services/bus/transact.py"):
        compile((tmp_path / file).read_text(), file, "exec")
