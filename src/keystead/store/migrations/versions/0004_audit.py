"""The audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Compared by code point, as SQLite does it: pages are ranges of these columns."""

UNSEALED, UNTRIMMED = sa.text("seq IS NULL"), sa.text("salt IS NOT NULL")
"""What is still to be done something with: a few seconds' worth, and that of the last weeks."""


def upgrade() -> None:
    """Make the table. Nothing refers to users: what is recorded of them outlives them."""
    op.create_table(
        "audit",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("actor", KEY),
        sa.Column("subject", KEY),
        sa.Column("session", sa.Text),
        sa.Column("ended", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("network", sa.Text),
        sa.Column("ip", sa.Text),
        sa.Column("user_agent", sa.Text),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("key_id", sa.Integer, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sa.Column("seq", sa.BigInteger, unique=True),
        sa.Column("chain", sa.LargeBinary),
        sqlite_with_rowid=False,
    )
    op.create_index("audit_by_actor", "audit", ["actor", "id"])
    op.create_index("audit_by_subject", "audit", ["subject", "id"])
    op.create_index("audit_by_name", "audit", ["name", "id"])
    op.create_index(
        "audit_unsealed", "audit", ["id"], sqlite_where=UNSEALED, postgresql_where=UNSEALED
    )
    op.create_index(
        "audit_untrimmed", "audit", ["at"], sqlite_where=UNTRIMMED, postgresql_where=UNTRIMMED
    )


def downgrade() -> None:
    """Drop the table, and what is recorded."""
    op.drop_table("audit")
