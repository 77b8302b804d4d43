"""What is played to sandboxes of partners."""

import sqlalchemy as sa
from alembic import op

revision = "referral_0009"
down_revision = "referral_0008"

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ()
#: Of a contraction: the number of the revision that left what goes.
needs = 0


def upgrade() -> None:
    """what is played to sandboxes of partners."""
    op.create_table(
        "played",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("story", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("played_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("outcome_given", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("reference"),
        sa.UniqueConstraint("token_sha256"),
        schema="referral",
    )
    op.create_index(
        op.f("ix_referral_played_partner"), "played", ["partner"], unique=False, schema="referral"
    )
