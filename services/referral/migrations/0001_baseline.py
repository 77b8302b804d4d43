"""The tables of referral, as of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "referral_0001"
down_revision = None

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"


def upgrade() -> None:
    """The tables of referral, as of the first release."""
    op.create_table(
        "contact",
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("regulator", sa.String(), nullable=True),
        sa.Column("regulator_offer", sa.String(), nullable=True),
        sa.Column("listener", sa.String(), nullable=True),
        sa.Column("listener_offer", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("contact_id"),
        schema="referral",
    )
    op.create_table(
        "line",
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("programme_version", sa.Integer(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refers", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "programme_version"),
        schema="referral",
    )
    op.create_table(
        "referral",
        sa.Column("referral_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("relay_id", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("need", sa.String(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("departement", sa.Text(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("age_band", sa.String(), nullable=True),
        sa.Column("minor", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("partner_reference", sa.Text(), nullable=True),
        sa.Column("token_sha256", sa.String(), nullable=True),
        sa.Column("outcome_given", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("referral_id"),
        sa.UniqueConstraint("token_sha256"),
        schema="referral",
    )
    op.create_index(
        op.f("ix_referral_referral_contact_id"),
        "referral",
        ["contact_id"],
        unique=False,
        schema="referral",
    )
    op.create_table(
        "relay",
        sa.Column("relay_id", sa.String(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.String(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("saturated", sa.Boolean(), nullable=True),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("observed_by", sa.String(), nullable=True),
        sa.Column("lifetime_minutes", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("relay_id"),
        schema="referral",
    )
