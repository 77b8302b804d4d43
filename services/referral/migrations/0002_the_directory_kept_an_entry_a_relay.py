"""The directory, kept: an entry a relay."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "referral_0002"
down_revision = "referral_0001"

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ()
#: Of a contraction: the number of the revision that left what goes.
needs = 0


def upgrade() -> None:
    """The directory, kept: an entry a relay."""
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public")  # a trusted one
    op.create_table(
        "entry",
        sa.Column("relay_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("known", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("near", sa.Boolean(), nullable=False),
        sa.Column("surety", sa.Integer(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("called", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("needs", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("serves", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("places", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("replaced_by", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("relay_id"),
        schema="referral",
    )
    op.create_index(
        "entry_serving",
        "entry",
        ["serves", "places"],
        unique=False,
        schema="referral",
        postgresql_using="gin",
        postgresql_where=sa.text("active"),
    )
    op.create_index(
        "entry_words",
        "entry",
        ["words"],
        unique=False,
        schema="referral",
        postgresql_using="gin",
        postgresql_ops={"words": "gin_trgm_ops"},
    )
    op.create_index(
        op.f("ix_referral_entry_source"), "entry", ["source"], unique=False, schema="referral"
    )
