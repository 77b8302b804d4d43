"""May this code work on these tables: behind, level, ahead, and left behind."""

from pathlib import Path

import pytest

from services.bus.lineage import Lineage, Standing, TablesDiffer, judge_tables, lineages_of
from services.registry import SERVICES


def a_lineage(folder: Path, head: int) -> Lineage:
    for number in range(1, head + 1):
        (folder / f"{number:04d}_x.py").write_text("")
    return Lineage("triage", folder)


def test_tables_as_the_code_knows_them_will_do(tmp_path: Path) -> None:
    judge_tables("triage", {("triage", "triage"): Standing(2)}, [a_lineage(tmp_path, 2)])


def test_tables_older_than_the_code_are_refused_with_what_to_run(tmp_path: Path) -> None:
    for found in ({("triage", "triage"): Standing(1)}, {}):
        with pytest.raises(TablesDiffer, match=r"this version needs 2.*deploy\.tables"):
            judge_tables("triage", found, [a_lineage(tmp_path, 2)])


def test_tables_ahead_by_an_expansion_will_do(tmp_path: Path) -> None:
    judge_tables("triage", {("triage", "triage"): Standing(9)}, [a_lineage(tmp_path, 2)])


def test_tables_that_lost_what_the_code_reads_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TablesDiffer, match="start a newer version"):
        judge_tables("triage", {("triage", "triage"): Standing(4, 3)}, [a_lineage(tmp_path, 2)])
    judge_tables("triage", {("triage", "triage"): Standing(4, 2)}, [a_lineage(tmp_path, 2)])


def test_every_service_has_a_lineage_and_shares_the_ledgers() -> None:
    for service in SERVICES:
        ledger, own = lineages_of(service.name)
        assert (ledger.name, own.name) == ("ledger", service.name)
        assert ledger.head >= 1
        assert own.head >= 1
