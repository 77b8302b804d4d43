"""The tables of intake, as of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "intake_0001"
down_revision = None

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"


def upgrade() -> None:
    """The tables of intake, as of the first release."""
    op.create_table(
        "code_key",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("month", "number"),
        schema="intake",
    )
    op.create_table(
        "contact",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("programme_version", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("offer_id", sa.Text(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("nature", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ticks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("texts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("lost_human", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("away_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_hash", sa.Text(), nullable=True),
        sa.Column("return_hash", sa.Text(), nullable=True),
        sa.Column("pass_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returnable_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pass_day", sa.Date(), nullable=True),
        sa.Column("pass_number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unread_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unanswered_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("written_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("corrections", sa.Integer(), server_default="0", nullable=False),
        sa.Column("waits_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("way_out", sa.Text(), nullable=True),
        sa.Column("way_out_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("way_out_declined", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("urgent_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN state = 'ended' THEN num_nulls(outcome, nature, ended_by, ended_at) = 0 ELSE num_nonnulls(outcome, nature, ended_by, ended_at) = 0 END",
            name="ended_wholly_or_not",
        ),
        sa.CheckConstraint(
            "state NOT IN ('with_regulator', 'with_listener') OR offer_id IS NOT NULL",
            name="held_by_an_offer",
        ),
        sa.PrimaryKeyConstraint("contact_id"),
        schema="intake",
    )
    op.create_index(
        "contact_alive",
        "contact",
        ["programme"],
        unique=False,
        schema="intake",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "contact_code",
        "contact",
        ["code_hash"],
        unique=False,
        schema="intake",
        postgresql_where=sa.text("code_hash IS NOT NULL"),
    )
    op.create_index(
        "contact_ended",
        "contact",
        ["programme", "programme_version", "ended_at"],
        unique=False,
        schema="intake",
    )
    op.create_index(
        "contact_person", "contact", ["person_id", "taken_at"], unique=False, schema="intake"
    )
    op.create_index(
        "contact_return",
        "contact",
        ["return_hash"],
        unique=False,
        schema="intake",
        postgresql_where=sa.text("return_hash IS NOT NULL"),
    )
    op.create_table(
        "contact_key",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id"),
        schema="intake",
    )
    op.create_index(
        op.f("ix_intake_contact_key_day"), "contact_key", ["day"], unique=False, schema="intake"
    )
    op.create_table(
        "duty",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("staffed", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("programme"),
        schema="intake",
    )
    op.create_table(
        "programme_version",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("manifest_sha256", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("callers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("programme", "version"),
        schema="intake",
    )
    op.create_table(
        "sealed_text",
        sa.Column("sealed_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("characters", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attention", sa.Text(), nullable=False),
        sa.Column("rule_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("sealed_id"),
        sa.UniqueConstraint("contact_id", "position"),
        schema="intake",
    )
    op.create_table(
        "slowed_return",
        sa.Column("return_hash", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("return_hash"),
        schema="intake",
    )
    op.create_table(
        "text_erasure",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=True),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("contact_id"),
        schema="intake",
    )
    op.create_table(
        "text_flag",
        sa.Column("sealed_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("attention", sa.Text(), nullable=False),
        sa.Column("rule_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("judged_by", sa.Text(), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("sealed_id"),
        schema="intake",
    )
    op.create_index(
        op.f("ix_intake_text_flag_contact_id"),
        "text_flag",
        ["contact_id"],
        unique=False,
        schema="intake",
    )
    op.create_table(
        "text_reading",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_position", sa.Integer(), nullable=False),
        sa.Column("last_position", sa.Integer(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        schema="intake",
    )
    op.create_index(
        "text_reading_of", "text_reading", ["contact_id"], unique=False, schema="intake"
    )
    op.create_table(
        "typing",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("of_caller", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", "of_caller"),
        schema="intake",
        prefixes=["UNLOGGED"],
    )
