"""
Every query, once.

Placeholders are `$1`, `$2`, ...: positional for PostgreSQL drivers, named for SQLite. Times are
whole milliseconds since 1970 in UTC. A query that a guard depends on is one statement.
"""

from keystead.domain.user import UserQuery

USER = "users.id, users.email, users.role, users.status, users.created_at, users.updated_at"

SESSION = """sessions.id, sessions.user_id, sessions.generation, sessions.rotated_at, sessions.salt,
    sessions.created_at, sessions.last_active_at, sessions.expires_at, sessions.ends_at,
    sessions.ip, sessions.user_agent, sessions.device, sessions.browser, sessions.os,
    sessions.place, coalesce(sessions.authenticated_at, sessions.created_at)"""
"""A version that does not know `authenticated_at` yet may still open sessions beside this one."""

CHECK = "SELECT 1 FROM users LIMIT 1"

ADD_USER = """
    INSERT INTO users
        (id, email, role, status, created_at, updated_at, password_hash, pepper_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (email) DO NOTHING
    RETURNING id
"""

FIND_USER = f"SELECT {USER} FROM users WHERE id = $1"

FIND_CREDENTIALS = f"SELECT {USER}, password_hash, pepper_id FROM users WHERE email = $1"

HAS_ADMIN = "SELECT 1 FROM users WHERE role = 'admin' LIMIT 1"

COUNT_HASHES = "SELECT count(*) FROM users WHERE pepper_id = $1"
REPLACE_PASSWORD_HASH = """
    UPDATE users SET password_hash = $3, pepper_id = $4
    WHERE id = $1 AND password_hash = $2
    RETURNING id
"""

# True of a user whose loss leaves somebody to administer the service. Said in the WHERE of the
# statement that changes the user, so that no two callers can both be right.
_NOT_LAST_ADMIN = """(
    users.role <> 'admin' OR users.status <> 'active' OR EXISTS (
        SELECT 1 FROM users AS other
        WHERE other.role = 'admin' AND other.status = 'active' AND other.id <> users.id
    )
)"""

CHANGE_ROLE = f"""
    UPDATE users SET role = $2, updated_at = $3
    WHERE id = $1 AND ($2 = 'admin' OR {_NOT_LAST_ADMIN})
    RETURNING {USER}
"""

CHANGE_STATUS = f"""
    UPDATE users SET status = $2, updated_at = $3
    WHERE id = $1 AND ($2 = 'active' OR {_NOT_LAST_ADMIN})
    RETURNING {USER}
"""

DELETE_USER = f"DELETE FROM users WHERE id = $1 AND {_NOT_LAST_ADMIN} RETURNING {USER}"

# The user must be there and active at the moment of the insert: signing in takes a while, and the
# account may have been disabled or deleted since its password was checked.
OPEN_SESSION = """
    INSERT INTO sessions
        (id, user_id, generation, rotated_at, salt, created_at, last_active_at, expires_at,
         ends_at, ip, user_agent, device, browser, os, place, authenticated_at)
    SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
    FROM users WHERE id = $2 AND status = 'active'
    RETURNING id
"""

# The new session ($2) stays, whatever its place among those of the same millisecond.
EVICT_SESSIONS = """
    DELETE FROM sessions WHERE user_id = $1 AND id <> $2 AND id NOT IN (
        SELECT id FROM sessions WHERE user_id = $1 AND id <> $2
        ORDER BY created_at DESC, id DESC LIMIT $3
    )
"""

FIND_SESSION = f"""
    SELECT {SESSION}, {USER} FROM sessions JOIN users ON users.id = sessions.user_id
    WHERE sessions.id = $1
"""

LIST_SESSIONS = f"""
    SELECT {SESSION} FROM sessions WHERE user_id = $1 AND expires_at > $2
    ORDER BY created_at DESC, id DESC
"""

TOUCH_SESSION = """
    UPDATE sessions SET last_active_at = $2, expires_at = $3 WHERE id = $1 AND last_active_at < $2
"""

RENEW_AUTHENTICATION = """
    UPDATE sessions SET authenticated_at = $2 WHERE id = $1 AND expires_at > $2 RETURNING id
"""

ROTATE_REFRESH_TOKEN = """
    UPDATE sessions
    SET generation = generation + 1, rotated_at = $3, last_active_at = $3, expires_at = $4
    WHERE id = $1 AND generation = $2 AND expires_at > $3
      AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND status = 'active')
    RETURNING id
"""

CLOSE_SESSION = "DELETE FROM sessions WHERE id = $1 RETURNING id"

CLOSE_OWN_SESSION = "DELETE FROM sessions WHERE id = $1 AND user_id = $2 RETURNING id"

CLOSE_SESSIONS = "DELETE FROM sessions WHERE user_id = $1 AND id <> $2 RETURNING id"

COUNT_SESSIONS = "SELECT count(*) FROM sessions WHERE expires_at > $1"
PURGE_EXPIRED = """
    DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
    )
    RETURNING id
"""

TAKE_LEASE = """
    INSERT INTO leases (name, holder, until) VALUES ($1, $2, $4)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE leases.holder = excluded.holder OR leases.until <= $3 OR leases.until > 2 * $4 - $3
    RETURNING name
"""

BIND_SECRETS = """
    INSERT INTO installation (name, value) VALUES ('secrets', $1) ON CONFLICT (name) DO NOTHING
"""

FIND_SECRETS = "SELECT value FROM installation WHERE name = 'secrets'"

# Moving to another database

COUNT = """
    SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM sessions WHERE expires_at > $1),
        (SELECT count(*) FROM sessions WHERE expires_at <= $1)
"""

EXPORT_USERS = f"""
    SELECT {USER}, password_hash, pepper_id FROM users WHERE id > $1 ORDER BY id LIMIT $2
"""

EXPORT_SESSIONS = f"""
    SELECT {SESSION} FROM sessions WHERE id > $1 AND expires_at > $3 ORDER BY id LIMIT $2
"""

DROP_USER = "DELETE FROM users WHERE id = $1"
FREE_ADDRESS = "DELETE FROM users WHERE email = $1 AND id <> $2"

IMPORT_USER = """
    INSERT INTO users
        (id, email, role, status, created_at, updated_at, password_hash, pepper_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (id) DO UPDATE SET
        email = excluded.email, role = excluded.role, status = excluded.status,
        created_at = excluded.created_at, updated_at = excluded.updated_at,
        password_hash = excluded.password_hash, pepper_id = excluded.pepper_id
"""

DROP_SESSION = "DELETE FROM sessions WHERE id = $1"

IMPORT_SESSION = """
    INSERT INTO sessions
        (id, user_id, generation, rotated_at, salt, created_at, last_active_at, expires_at,
         ends_at, ip, user_agent, device, browser, os, place, authenticated_at)
    SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
    FROM users WHERE id = $2
    ON CONFLICT (id) DO UPDATE SET
        user_id = excluded.user_id, generation = excluded.generation,
        rotated_at = excluded.rotated_at, salt = excluded.salt, created_at = excluded.created_at,
        last_active_at = excluded.last_active_at, expires_at = excluded.expires_at,
        ends_at = excluded.ends_at, ip = excluded.ip, user_agent = excluded.user_agent,
        device = excluded.device, browser = excluded.browser, os = excluded.os,
        place = excluded.place, authenticated_at = excluded.authenticated_at
"""

FIND_COPY = "SELECT value FROM installation WHERE name = 'copy'"

KEEP_COPY = """
    INSERT INTO installation (name, value) VALUES ('copy', $1)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""


class Postgres:
    """What PostgreSQL needs said in another way: there, others write between two statements."""

    # Two who demote each other would each see the other as the admin who is left: neither has
    # committed. Whoever comes second waits here, and sees in the next statement what the first did.
    # The rows of the admins cannot be the lock: who waited for one that is an admin's no longer holds
    # it nevertheless, and from there two can wait for each other. The number says "admin" in ASCII.
    LOCK_ADMINS = f"SELECT pg_advisory_xact_lock({int.from_bytes(b'admin')})"

    # The lock lasts until the commit. Who disables the user waits for it, and then ends this session
    # too; who signs the same user in waits for it, and then counts this session too.
    OPEN_SESSION = f"""
        {OPEN_SESSION.rpartition("RETURNING")[0].strip()}
        FOR NO KEY UPDATE RETURNING id
    """

    FIND_SESSIONS = FIND_SESSION.replace("= $1", "= ANY($1)")

    # With the columns that SQLite cannot return, those of another table, one round trip is enough.
    ROTATE_REFRESH_TOKEN = f"""
        UPDATE sessions
        SET generation = generation + 1, rotated_at = $3, last_active_at = $3, expires_at = $4
        FROM users
        WHERE sessions.id = $1 AND generation = $2 AND expires_at > $3
          AND users.id = sessions.user_id AND users.status = 'active'
        RETURNING {SESSION}, {USER}
    """

    # Locked while they are looked at: a session that is used in that very moment is over no longer.
    # What somebody else has locked is left for the next time; ARRAY(...) is evaluated once.
    PURGE_EXPIRED = """
        DELETE FROM sessions WHERE id = ANY(ARRAY(
            SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
            FOR UPDATE SKIP LOCKED
        ))
        RETURNING id
    """


def list_users(query: UserQuery) -> tuple[str, list[str | int]]:
    """
    Return the query for one page of users and its parameters.

    Every combination of filters reads a contiguous piece of one index, in the order of the
    addresses: a page costs the same among a hundred users and among a million.
    """
    conditions: list[tuple[str, str]] = []
    # One lower bound only: given two, SQLite may start at the smaller and read everything between.
    if query.after is not None and query.after >= (query.search or ""):
        conditions.append(("email >", query.after))
    elif query.search is not None:
        conditions.append(("email >=", query.search))
    if query.search is not None:
        # Everything that begins with the text lies between it and it plus the last code point.
        conditions.append(("email <", query.search + "\U0010ffff"))
    if query.role is not None:
        conditions.append(("role =", query.role.value))
    if query.status is not None:
        conditions.append(("status =", query.status.value))
    where = " AND ".join(f"{test} ${number}" for number, (test, _) in enumerate(conditions, 2))
    text = f"SELECT {USER} FROM users WHERE {where or 'true'} ORDER BY email LIMIT $1"
    return text, [query.limit, *(value for _, value in conditions)]
