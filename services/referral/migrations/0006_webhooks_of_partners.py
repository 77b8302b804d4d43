"""webhooks of partners."""

import sqlalchemy as sa
from alembic import op

revision = "referral_0006"
down_revision = "referral_0005"

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ()
#: Of a contraction: the number of the revision that left what goes.
needs = 0


def upgrade() -> None:
    """webhooks of partners."""
    op.create_table(
        "webhook_attempt",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "number"),
        schema="referral",
    )
    op.create_table(
        "webhook_order",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempts_before", sa.Integer(), nullable=False),
        sa.Column("try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
        schema="referral",
    )
    op.create_index(
        "webhook_orders_since",
        "webhook_order",
        ["partner", "made_at"],
        unique=False,
        schema="referral",
    )
    op.create_index(
        "webhook_orders_waiting",
        "webhook_order",
        ["partner", "position"],
        unique=False,
        schema="referral",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    for column in (
        sa.Column("webhook_url", sa.String(), nullable=True),
        sa.Column("webhook_secrets", sa.ARRAY(sa.Integer()), nullable=True),
        sa.Column("webhook_given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("webhook_given_up_why", sa.String(), nullable=True),
    ):
        op.add_column("partner", column, schema="referral")
