"""The tables of assignment, as of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "assignment_0001"
down_revision = None

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"


def upgrade() -> None:
    """The tables of assignment, as of the first release."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "contact",
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=True),
        sa.Column("need", sa.String(), nullable=False),
        sa.Column("languages", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("departement", sa.String(), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("front", sa.Boolean(), nullable=False),
        sa.Column("untriaged", sa.Boolean(), nullable=False),
        sa.Column("declined_by", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.String(), nullable=True),
        sa.Column("sought", sa.String(), nullable=True),
        sa.Column("slowed", sa.Boolean(), nullable=False),
        sa.Column("obstacles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("heard", sa.Boolean(), nullable=False),
        sa.Column("was_at_risk", sa.Boolean(), nullable=False),
        sa.Column("way_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id"),
        schema="assignment",
    )
    op.create_index(
        "contact_in_line",
        "contact",
        ["programme"],
        unique=False,
        schema="assignment",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "urgent_contact_joined",
        "contact",
        ["programme", "joined_at"],
        unique=False,
        schema="assignment",
        postgresql_where=sa.text("priority IN ('P1', 'P2')"),
    )
    op.create_table(
        "eligibility",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shift_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepts_last_minutes", sa.Boolean(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("qualification", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "programme"),
        schema="assignment",
    )
    op.create_table(
        "line",
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("staffed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme"),
        schema="assignment",
    )
    op.create_table(
        "offer",
        sa.Column("offer_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reasons", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("rules_version", sa.String(), nullable=False),
        sa.Column("eligibility_version", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("person_id"), "="),
            (sa.literal_column("((channel = 'phone')::int)"), "<>"),
            where=sa.text("state IN ('open', 'taken')"),
            using="gist",
            name="voice_excludes_writing",
        ),
        sa.CheckConstraint(
            "place BETWEEN 0 AND CASE channel WHEN 'phone' THEN 0 ELSE 3 END",
            name="one_place_by_telephone",
        ),
        sa.CheckConstraint(
            "(person_id = 'synthetic-robot') = (programme = 'synthetic')",
            name="robot_meets_nobody_offered",
        ),
        sa.PrimaryKeyConstraint("offer_id"),
        schema="assignment",
    )
    op.create_index(
        "one_live_offer_per_contact",
        "offer",
        ["contact_id"],
        unique=True,
        schema="assignment",
        postgresql_where=sa.text("state IN ('open', 'taken')"),
    )
    op.create_index(
        "one_live_offer_per_place",
        "offer",
        ["person_id", "place"],
        unique=True,
        schema="assignment",
        postgresql_where=sa.text("state IN ('open', 'taken')"),
    )
    op.create_table(
        "person",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=True),
        sa.Column("offer_id", sa.String(), nullable=True),
        sa.Column("held", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("wish", sa.String(), nullable=True),
        sa.Column("missed_offers", sa.Integer(), nullable=False),
        sa.Column("consecutive_contacts", sa.Integer(), nullable=False),
        sa.Column("wrapped_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rest_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("out_of_sight", sa.Boolean(), nullable=False),
        sa.Column(
            "last_beat",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(person_id = 'synthetic-robot') = (programme = 'synthetic')",
            name="robot_meets_nobody",
        ),
        sa.PrimaryKeyConstraint("person_id"),
        schema="assignment",
    )
    op.create_index(
        "person_on_duty",
        "person",
        ["programme"],
        unique=False,
        schema="assignment",
        postgresql_where=sa.text("state <> 'off_duty'"),
    )
    op.create_table(
        "terms",
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("programme_version", sa.Integer(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rules_version", sa.String(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("programme", "programme_version"),
        schema="assignment",
    )
