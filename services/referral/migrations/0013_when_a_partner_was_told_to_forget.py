"""When a partner was told to forget a referral."""

import sqlalchemy as sa
from alembic import op

revision = "referral_0013"
down_revision = "referral_0012"

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ()
#: Of a contraction: the number of the revision that left what goes.
needs = 0


def upgrade() -> None:
    """When a partner was told to forget a referral."""
    op.add_column(
        "handed",
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        schema="referral",
    )
