"""What serves a need at a place, how entries were read, and what other sources tell."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "referral_0004"
down_revision = "referral_0003"

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ()
#: Of a contraction: the number of the revision that left what goes.
needs = 0


def upgrade() -> None:
    """What serves a need at a place, how entries were read, and what other sources tell."""
    op.create_table(
        "served",
        sa.Column("need", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("relay_id", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("need", "place", "rank", "relay_id"),
        schema="referral",
    )
    op.create_index(
        op.f("ix_referral_served_relay_id"), "served", ["relay_id"], unique=False, schema="referral"
    )
    op.add_column("entry", sa.Column("last_day", sa.Date(), nullable=True), schema="referral")
    op.add_column(
        "entry",
        sa.Column("read_as", sa.Text(), server_default="", nullable=False),
        schema="referral",
    )
    op.create_table(
        "told",
        sa.Column("relay_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("says", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("relay_id", "source"),
        schema="referral",
    )
    for name in ("numbers", "differing"):
        op.add_column(
            "entry",
            sa.Column(name, sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
            schema="referral",
        )
    op.add_column(
        "entry",
        sa.Column("says", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        schema="referral",
    )
