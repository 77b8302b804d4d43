"""A matter need not be of a contact."""

import sqlalchemy as sa
from alembic import op

revision = "console_0002"
down_revision = "console_0001"

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ()
#: Of a contraction: the number of the revision that left what goes.
needs = 0


def upgrade() -> None:
    """A matter need not be of a contact."""
    op.alter_column(
        "matter", "contact_id", existing_type=sa.VARCHAR(), nullable=True, schema="console"
    )
