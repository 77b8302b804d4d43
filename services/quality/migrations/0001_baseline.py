"""The tables of quality, as of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "quality_0001"
down_revision = None

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"


def upgrade() -> None:
    """The tables of quality, as of the first release."""
    op.create_table(
        "contact",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("programme_version", sa.Integer(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("priority", sa.String(), nullable=True),
        sa.Column("destination", sa.String(), nullable=True),
        sa.Column("untriaged_priority", sa.String(), nullable=True),
        sa.Column("takes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("nature", sa.String(), nullable=True),
        sa.Column("departement", sa.String(), nullable=True),
        sa.Column("marks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("last_sign_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("news", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id"),
        schema="quality",
    )
    op.create_index(
        "contact_live",
        "contact",
        ["programme"],
        unique=False,
        schema="quality",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "contact_of_hour", "contact", ["programme", "opened_at"], unique=False, schema="quality"
    )
    op.create_table(
        "duty",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready", sa.Interval(), nullable=False),
        sa.Column("busy", sa.Interval(), nullable=False),
        sa.Column("resting", sa.Interval(), nullable=False),
        sa.Column("paused", sa.Interval(), nullable=False),
        sa.Column("rests_given", sa.Integer(), nullable=False),
        sa.Column("news", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "hour"),
        schema="quality",
    )
    op.create_table(
        "hour",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("answered_in_target", sa.Integer(), nullable=False),
        sa.Column("listened", sa.Integer(), nullable=False),
        sa.Column("abandoned", sa.Integer(), nullable=False),
        sa.Column("abandoned_after_triage", sa.Integer(), nullable=False),
        sa.Column("ready", sa.Interval(), nullable=False),
        sa.Column("busy", sa.Interval(), nullable=False),
        sa.Column("resting", sa.Interval(), nullable=False),
        sa.Column("paused", sa.Interval(), nullable=False),
        sa.Column("rests_given", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "hour"),
        schema="quality",
    )
    op.create_table(
        "outcome",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "hour", "outcome"),
        schema="quality",
    )
    op.create_table(
        "relay_outcome",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "hour", "outcome"),
        schema="quality",
    )
    op.create_table(
        "tally",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "hour", "kind", "word"),
        schema="quality",
    )
    op.create_table(
        "target",
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("programme_version", sa.Integer(), nullable=False),
        sa.Column("answer_target_seconds", sa.Integer(), nullable=False),
        sa.Column("talk_minutes_min", sa.Integer(), nullable=True),
        sa.Column("talk_minutes_max", sa.Integer(), nullable=True),
        sa.Column("first_reading_minutes", sa.Integer(), nullable=False),
        sa.Column("answered_within_hours", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "programme_version"),
        schema="quality",
    )
    op.create_table(
        "wait",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("upper_seconds", sa.Float(precision=53), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("total", sa.Interval(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "hour", "stage", "priority", "upper_seconds"),
        schema="quality",
    )
