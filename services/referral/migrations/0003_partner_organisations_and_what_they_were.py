"""Partner organisations and what they were handed."""

import sqlalchemy as sa
from alembic import op

revision = "referral_0003"
down_revision = "referral_0002"

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ()
#: Of a contraction: the number of the revision that left what goes.
needs = 0


def upgrade() -> None:
    """Partner organisations and what they were handed."""
    op.create_table(
        "handed",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("referral_id", sa.Text(), nullable=False),
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("reference"),
        schema="referral",
    )
    op.create_index(
        "handed_awaited",
        "handed",
        ["partner"],
        unique=False,
        schema="referral",
        postgresql_where=sa.text("received_at IS NULL"),
    )
    op.create_index(
        op.f("ix_referral_handed_referral_id"),
        "handed",
        ["referral_id"],
        unique=False,
        schema="referral",
    )
    op.create_table(
        "partner",
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("called", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("relays", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("subscribes", sa.Boolean(), nullable=False),
        sa.Column("sealing_key", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("partner"),
        schema="referral",
    )
    op.create_index(
        "partner_of_relay",
        "partner",
        ["relays"],
        unique=False,
        schema="referral",
        postgresql_using="gin",
        postgresql_where=sa.text("state = 'active'"),
    )
