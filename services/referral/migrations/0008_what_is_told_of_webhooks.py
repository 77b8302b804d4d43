"""What is told of webhooks, and how each attempt was made."""

import sqlalchemy as sa
from alembic import op

revision = "referral_0008"
down_revision = "referral_0007"

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ()
#: Of a contraction: the number of the revision that left what goes.
needs = 0


def upgrade() -> None:
    """What is told of webhooks, and how each attempt was made."""
    op.add_column(
        "partner",
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        schema="referral",
    )
    for column in (
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("secrets", sa.ARRAY(sa.Integer()), nullable=True),
        sa.Column("dialled", sa.String(), nullable=True),
    ):
        op.add_column("webhook_attempt", column, schema="referral")
