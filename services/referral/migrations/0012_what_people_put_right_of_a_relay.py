"""What people put right of a relay, and what was done with an entry."""

import sqlalchemy as sa
from alembic import op

revision = "referral_0012"
down_revision = "referral_0011"

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ()
#: Of a contraction: the number of the revision that left what goes.
needs = 0


def upgrade() -> None:
    """What people put right of a relay, and what was done with an entry."""
    op.create_table(
        "layer",
        sa.Column("relay_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("relay_id", "field", "origin"),
        schema="referral",
    )
    op.create_table(
        "relay_act",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("relay_id", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        schema="referral",
    )
    op.create_index(
        "acts_of_a_relay",
        "relay_act",
        ["relay_id", "number"],
        unique=False,
        schema="referral",
    )
