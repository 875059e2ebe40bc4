"""Attempts: counters of what may not be tried too often."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table. An older version does not look at it and can go on."""
    op.create_table(
        "attempts",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("made", sa.Integer, nullable=False),
        sa.Column("open_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("attempts_by_expiry", "attempts", ["expires_at"])


def downgrade() -> None:
    """Forget what was counted."""
    op.drop_table("attempts")
