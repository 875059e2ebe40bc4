"""The queries about attempts, written as those of `sql` are."""

# What an attempt makes of its counter: the number it has, when that one is forgotten, and from when
# the next is let in: 0 if at once, so that a process whose clock is behind finds it open, too.
# Whatever is forgotten was open before, so `open_at` is the only guard.
_FORGOTTEN = "attempts.expires_at <= $2"
_NUMBER = f"CASE WHEN {_FORGOTTEN} THEN 1 ELSE attempts.made + 1 END"
_EXPIRY = f"""CASE
    WHEN {_FORGOTTEN} THEN $3
    WHEN CAST($5 AS BIGINT) IS NULL THEN attempts.expires_at
    WHEN attempts.made + 1 >= $7 THEN $5
    ELSE $3 END"""

# $1 key, $2 now, $3 when this one is forgotten, $4 when the next is let in after a first one, $5 the
# end of a stop (NULL: when the first is forgotten), $6 free, $7 stop, $8 the first wait, $9 how often
# it is doubled, $10 the longest wait.
COUNT_ATTEMPT = f"""
    INSERT INTO attempts (id, made, open_at, expires_at) VALUES ($1, 1, $4, $3)
    ON CONFLICT (id) DO UPDATE SET
        made = {_NUMBER},
        expires_at = {_EXPIRY},
        open_at = CASE
            WHEN {_FORGOTTEN} THEN $4
            WHEN attempts.made + 1 >= $7 THEN {_EXPIRY}
            WHEN attempts.made + 1 < $6 THEN 0
            WHEN attempts.made + 1 - $6 >= $9 THEN $2 + $10
            ELSE $2 + (CAST($8 AS BIGINT) << CAST(attempts.made + 1 - $6 AS INTEGER))
        END
    WHERE attempts.open_at <= $2
    RETURNING made, open_at
"""

FIND_ATTEMPTS = "SELECT made, open_at FROM attempts WHERE id = $1"

TAKE_ATTEMPT_BACK = """
    UPDATE attempts SET made = made - 1, open_at = 0
    WHERE id = $1 AND made > 0 AND expires_at > $2
    RETURNING id
"""

FORGET_ATTEMPTS = "DELETE FROM attempts WHERE id = $1 RETURNING id"

PURGE_ATTEMPTS = """
    DELETE FROM attempts WHERE id IN (
        SELECT id FROM attempts WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
    )
    RETURNING id
"""

# See `sql.Postgres.PURGE_EXPIRED`.
POSTGRES_PURGE_ATTEMPTS = """
    DELETE FROM attempts WHERE id = ANY(ARRAY(
        SELECT id FROM attempts WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
        FOR UPDATE SKIP LOCKED
    ))
    RETURNING id
"""
