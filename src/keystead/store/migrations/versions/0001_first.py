"""Users, sessions, leases and what belongs to the installation."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Compared by code point, as SQLite does it: pages and searches are ranges of these columns."""


def upgrade() -> None:
    """Make the four tables. Times are whole milliseconds since 1970 in UTC."""
    op.create_table(
        "users",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("email", KEY, nullable=False, unique=True),
        sa.Column("role", KEY, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("pepper_id", sa.Integer),
        sqlite_with_rowid=False,
    )
    op.create_index("users_by_role", "users", ["role", "email"])
    op.create_index("users_by_status", "users", ["status", "email"])
    op.create_index("users_by_role_and_status", "users", ["role", "status", "email"])
    op.create_table(
        "sessions",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("user_id", KEY, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("rotated_at", sa.BigInteger),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_active_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("ip", sa.Text),
        sa.Column("user_agent", sa.Text),
        sa.Column("device", sa.Text),
        sa.Column("browser", sa.Text),
        sa.Column("os", sa.Text),
        sa.Column("place", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_index("sessions_of_user", "sessions", ["user_id", "created_at", "id"])
    op.create_index("sessions_by_expiry", "sessions", ["expires_at"])
    op.create_table(
        "leases",
        sa.Column("name", KEY, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "installation",
        sa.Column("name", KEY, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """There is nothing before this."""
    for table in ("installation", "leases", "sessions", "users"):
        op.drop_table(table)
