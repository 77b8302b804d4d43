"""The tables of console, as of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "console_0001"
down_revision = None

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"


def upgrade() -> None:
    """The tables of console, as of the first release."""
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("raised_by", sa.String(), nullable=False),
        sa.Column("held_by", sa.String(), nullable=True),
        sa.Column("shown", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("alert_id"),
        schema="console",
    )
    op.create_index(
        "alert_not_over",
        "alert",
        ["programme"],
        unique=False,
        schema="console",
        postgresql_where=sa.text("standing IN ('open', 'taken')"),
    )
    op.create_table(
        "alert_told",
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "person_id"),
        schema="console",
    )
    op.create_table(
        "contact",
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("first_stage", sa.String(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("regulator_offer", sa.String(), nullable=True),
        sa.Column("regulator_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_on_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("destination", sa.String(), nullable=True),
        sa.Column("listener_offer", sa.String(), nullable=True),
        sa.Column("listener_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("priority", sa.String(), nullable=True),
        sa.Column("urgent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("contact_id"),
        schema="console",
    )
    op.create_index(
        "contact_ended",
        "contact",
        ["ended_at"],
        unique=False,
        schema="console",
        postgresql_where=sa.text("state = 'ended'"),
    )
    op.create_index(
        "contact_live",
        "contact",
        ["programme", "state"],
        unique=False,
        schema="console",
        postgresql_where=sa.text("state <> 'ended'"),
    )
    op.create_table(
        "debrief",
        sa.Column("debrief_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("debrief_id"),
        schema="console",
    )
    op.create_index(
        op.f("ix_console_debrief_person_id"),
        "debrief",
        ["person_id"],
        unique=False,
        schema="console",
    )
    op.create_index(
        op.f("ix_console_debrief_programme"),
        "debrief",
        ["programme"],
        unique=False,
        schema="console",
    )
    op.create_table(
        "desk",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("live_state", sa.String(), nullable=False),
        sa.Column(
            "live", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "offer", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "contact", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "held",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
        schema="console",
    )
    op.create_index(
        "desk_on_duty", "desk", ["programme", "role", "live_state"], unique=False, schema="console"
    )
    op.create_table(
        "desk_message",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "number"),
        schema="console",
    )
    op.create_index("desk_message_at", "desk_message", ["at"], unique=False, schema="console")
    op.create_table(
        "eligibility",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("shift_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("person_id", "programme"),
        schema="console",
    )
    op.create_table(
        "help",
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id"),
        schema="console",
    )
    op.create_index(
        op.f("ix_console_help_programme"), "help", ["programme"], unique=False, schema="console"
    )
    op.create_table(
        "hole",
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("missing", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("programme", "hour"),
        schema="console",
    )
    op.create_table(
        "hour",
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("programme", "hour"),
        schema="console",
    )
    op.create_table(
        "matter",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("matter_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("alert_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.Column("said", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("kind", "matter_id"),
        schema="console",
    )
    op.create_index(
        "matter_of_alert",
        "matter",
        ["alert_id"],
        unique=False,
        schema="console",
        postgresql_where=sa.text("alert_id IS NOT NULL"),
    )
    op.create_index(
        "matter_open",
        "matter",
        ["programme", "since"],
        unique=False,
        schema="console",
        postgresql_where=sa.text("NOT over"),
    )
    op.create_table(
        "noted",
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("noted", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("with_capsule", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id"),
        schema="console",
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "offer",
        sa.Column("offer_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column(
            "shown", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.PrimaryKeyConstraint("offer_id"),
        schema="console",
    )
    op.create_index("offer_of_contact", "offer", ["contact_id"], unique=False, schema="console")
    op.create_table(
        "programme",
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("programme_version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("programme"),
        schema="console",
    )
    op.create_table(
        "reading_with",
        sa.Column("reading_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("reading_id"),
        schema="console",
    )
    op.create_index(
        "reading_with_contact", "reading_with", ["contact_id"], unique=False, schema="console"
    )
    op.create_index(
        "reading_with_open",
        "reading_with",
        ["contact_id"],
        unique=False,
        schema="console",
        postgresql_where=sa.text("over_at IS NULL"),
    )
    op.create_table(
        "session",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("token_sha256"),
        schema="console",
    )
    op.create_table(
        "staff",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
        schema="console",
    )
