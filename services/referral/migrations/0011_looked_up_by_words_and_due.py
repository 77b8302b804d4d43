"""The directory looked up by words, and until when each verification holds."""

import sqlalchemy as sa
from alembic import op

revision = "referral_0011"
down_revision = "referral_0010"

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ("entry.near", "entry.words")
#: Of a contraction: the number of the revision that left what goes.
needs = 0


def upgrade() -> None:
    """The directory looked up by words, and until when each verification holds."""
    op.create_table(
        "word",
        sa.Column("word", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("word"),
        schema="referral",
    )
    op.create_index(
        "word_parts",
        "word",
        ["word"],
        unique=False,
        schema="referral",
        postgresql_using="gin",
        postgresql_ops={"word": "gin_trgm_ops"},
    )
    for column in (
        sa.Column("sought", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("holds_days", sa.Integer(), server_default="180", nullable=False),
        sa.Column("contradicts", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("corrected", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("holds_until", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("entry", column, schema="referral")
    # What was verified before holds until the release has read the entries anew.
    op.execute(
        "UPDATE referral.entry AS e SET holds_until = CASE WHEN r.withdrawn IS NOT TRUE"
        " THEN coalesce(r.verified_at, e.verified_at) + interval '180 days' END"
        " FROM referral.entry AS was LEFT JOIN referral.relay AS r USING (relay_id)"
        " WHERE e.relay_id = was.relay_id"
    )
    for name in ("near", "words"):
        op.alter_column("entry", name, nullable=True, schema="referral")
    for name in ("entry_words", "entry_serving"):
        op.drop_index(name, table_name="entry", schema="referral", postgresql_using="gin")
    op.create_table(
        "listed",
        sa.Column("relay_id", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("holds_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("mixed", sa.Integer(), nullable=False),
        sa.Column("differs", sa.Boolean(), nullable=False),
        sa.Column("corrected", sa.Boolean(), nullable=False),
        sa.Column("sought", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("serves", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("places", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("relay_id"),
        schema="referral",
    )
    for name, columns in {"sought": ["sought"], "serving": ["serves", "places"]}.items():
        op.create_index(
            f"listed_{name}",
            "listed",
            columns,
            unique=False,
            schema="referral",
            postgresql_using="gin",
        )
    for name, then in {"in_order": "called", "mixed": "mixed"}.items():
        op.create_index(
            f"listed_{name}",
            "listed",
            [
                sa.text("country"),
                sa.text("active DESC"),
                sa.text("holds_until NULLS FIRST"),
                sa.text(then),
                sa.text("relay_id"),
            ],
            unique=False,
            schema="referral",
        )
    few = {
        "verified": "holds_until IS NOT NULL",
        "differing": "differs",
        "corrected": "corrected",
        "closed": "NOT active OR last_day IS NOT NULL",
    }
    for name, condition in few.items():
        op.create_index(
            f"listed_{name}",
            "listed",
            ["country", "called"],
            unique=False,
            schema="referral",
            postgresql_where=sa.text(condition),
        )
