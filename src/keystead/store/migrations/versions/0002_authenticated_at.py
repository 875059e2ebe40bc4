"""When a session's owner last proved the password."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Null stands for `created_at`: in old rows, and in those of older code."""
    op.add_column("sessions", sa.Column("authenticated_at", sa.BigInteger))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("sessions", "authenticated_at")
