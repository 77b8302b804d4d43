"""What a revision may do beside the version that runs, operation by operation."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from deploy.migration.judging import flaws_of_lineage
from services.bus.lineage import Lineage

_FIRST = """
import sqlalchemy as sa
from alembic import op
revision = "triage_0001"
down_revision = None
phase = "expand"
def upgrade():
    op.create_table("contact", sa.Column("id", sa.Text(), nullable=False), schema="triage")
"""
DECLARED = sa.MetaData(schema="triage")
sa.Table("contact", DECLARED, sa.Column("id", sa.Text), sa.Column("kept", sa.Text))


def flaws(
    folder: Path, does: str, phase: str = "expand", needs: int = 0, between: str = ""
) -> list[str]:
    """What is said of a second (or, with one in `between`, third) revision."""
    revisions = [_FIRST, *([between] if between else [])]
    number = len(revisions) + 1
    revisions.append(
        f'''
import sqlalchemy as sa
from alembic import op
revision = "triage_{number:04d}"
down_revision = "triage_{number - 1:04d}"
phase = "{phase}"
needs = {needs}
def upgrade():
    {does}
'''
    )
    for place, text in enumerate(revisions, start=1):
        (folder / f"{place:04d}_x.py").write_text(text)
    return flaws_of_lineage(Lineage("triage", folder), DECLARED, "triage")


LEAVES = """
revision = "triage_0002"
down_revision = "triage_0001"
phase = "expand"
leaves = ("contact.old",)
def upgrade():
    pass
"""

EXPANDS = {
    "nullable column": 'op.add_column("contact", sa.Column("a", sa.Text()), schema="triage")',
    "column with a default": 'op.add_column("contact", sa.Column("a", sa.Integer(), nullable=False,'
    ' server_default="0"), schema="triage")',
    "table": 'op.create_table("b", sa.Column("c", sa.Text(), nullable=False), schema="triage")',
    "index": 'op.create_index("i", "contact", ["id"], schema="triage")',
    "fill": 'op.execute("UPDATE triage.contact SET a = id")',
    "wider number": 'op.alter_column("contact", "a", type_=sa.BigInteger(),'
    ' existing_type=sa.Integer(), schema="triage")',
    "index that refuses nothing goes": 'op.drop_index("i", "contact", schema="triage",'
    ' postgresql_using="gin")',
    "may be empty": 'op.alter_column("contact", "a", nullable=True, schema="triage")',
}
BREAKS = {
    "drop column": 'op.drop_column("contact", "kept", schema="triage")',
    "drop table": 'op.drop_table("contact", schema="triage")',
    "rename column": 'op.alter_column("contact", "id", new_column_name="x", schema="triage")',
    "rename table": 'op.rename_table("contact", "x", schema="triage")',
    "not null": 'op.alter_column("contact", "kept", nullable=False, schema="triage")',
    "not null without default": 'op.add_column("contact", sa.Column("a", sa.Text(),'
    ' nullable=False), schema="triage")',
    "narrower number": 'op.alter_column("contact", "a", type_=sa.Integer(),'
    ' existing_type=sa.BigInteger(), schema="triage")',
    "shorter text": 'op.alter_column("contact", "a", type_=sa.String(3),'
    ' existing_type=sa.Text(), schema="triage")',
    "default gone": 'op.alter_column("contact", "a", server_default=None, schema="triage")',
    "index goes that may be unique": 'op.drop_index("i", "contact", schema="triage")',
    "unique index": 'op.create_index("i", "contact", ["id"], unique=True, schema="triage")',
    "unique": 'op.create_unique_constraint("u", "contact", ["id"], schema="triage")',
    "check": 'op.create_check_constraint("c", "contact", "id > 0", schema="triage")',
    "constraint gone": 'op.drop_constraint("c", "contact", schema="triage")',
    "any SQL": 'op.execute("ALTER TABLE triage.contact DROP COLUMN kept")',
    "rows gone": 'op.execute("DELETE FROM triage.contact")',
}


@pytest.mark.parametrize("does", EXPANDS.values(), ids=EXPANDS)
def test_what_adds_is_an_expansion(tmp_path: Path, does: str) -> None:
    assert flaws(tmp_path, does) == []


@pytest.mark.parametrize("does", BREAKS.values(), ids=BREAKS)
def test_what_the_running_version_could_not_live_with_is_refused(tmp_path: Path, does: str) -> None:
    (flaw,) = flaws(tmp_path, does)
    assert "the version that runs beside it would fail" in flaw


def test_a_contraction_takes_what_an_earlier_version_left(tmp_path: Path) -> None:
    gone = 'op.drop_column("contact", "old", schema="triage")'
    assert flaws(tmp_path, gone, "contract", needs=2, between=LEAVES) == []


def test_a_contraction_may_not_take_what_the_code_reads_or_nobody_left(tmp_path: Path) -> None:
    kept = 'op.drop_column("contact", "kept", schema="triage")'
    said = flaws(tmp_path, kept, "contract", needs=1)
    assert [flaw.partition(": ")[2] for flaw in said] == [
        "contact.kept is still read by the code",
        "contact.kept was left by no earlier revision",
    ]


def test_leaving_and_taking_are_two_releases(tmp_path: Path) -> None:
    gone = 'op.drop_column("contact", "old", schema="triage")'
    (flaw,) = flaws(tmp_path, gone, "contract", needs=1, between=LEAVES)
    assert "was left by revision 2, and it needs 1" in flaw
    (flaw, *_) = flaws(tmp_path, gone, "contract", needs=0, between=LEAVES)
    assert "needs an earlier revision" in flaw


def test_numbers_and_order_are_kept(tmp_path: Path) -> None:
    (tmp_path / "0001_x.py").write_text(_FIRST)
    (tmp_path / "0003_x.py").write_text(LEAVES)
    said = flaws_of_lineage(Lineage("triage", tmp_path), DECLARED, "triage")
    assert said == ["0003_x.py: should be number 2, called triage_0002"]
