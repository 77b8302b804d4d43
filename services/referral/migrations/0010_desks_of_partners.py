"""desks of partners."""

import sqlalchemy as sa
from alembic import op

revision = "referral_0010"
down_revision = "referral_0009"

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ()
#: Of a contraction: the number of the revision that left what goes.
needs = 0


def upgrade() -> None:
    """desks of partners."""
    op.create_index("handed_of_partner", "handed", ["partner"], unique=False, schema="referral")
    op.add_column(
        "partner",
        sa.Column("desk", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="referral",
    )
