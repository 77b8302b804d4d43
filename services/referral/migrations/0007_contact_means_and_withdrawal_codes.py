"""contact means and withdrawal codes."""

import sqlalchemy as sa
from alembic import op

revision = "referral_0007"
down_revision = "referral_0006"

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ()
#: Of a contraction: the number of the revision that left what goes.
needs = 0


def upgrade() -> None:
    """contact means and withdrawal codes."""
    op.add_column(
        "referral", sa.Column("contact_means", sa.Text(), nullable=True), schema="referral"
    )
    op.add_column(
        "referral", sa.Column("withdrawal_sha256", sa.String(), nullable=True), schema="referral"
    )
    op.create_index(
        "ix_referral_referral_withdrawal_sha256",
        "referral",
        ["withdrawal_sha256"],
        unique=False,
        schema="referral",
    )
