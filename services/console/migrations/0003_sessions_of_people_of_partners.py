"""sessions of people of partners."""

import sqlalchemy as sa
from alembic import op

revision = "console_0003"
down_revision = "console_0002"

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ()
#: Of a contraction: the number of the revision that left what goes.
needs = 0


def upgrade() -> None:
    """sessions of people of partners."""
    op.create_table(
        "partner_session",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256"),
        schema="console",
    )
