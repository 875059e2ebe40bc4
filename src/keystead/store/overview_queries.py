"""
What an overview counts; placeholders and times as in `sql`.

Each reads a piece of one index and stops at a limit, so among a million sessions it costs what the limit
says. A place is looked up for each session of a sample.
"""


def _count(table: str, condition: str, limit: str) -> str:
    return (
        f"(SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {condition} LIMIT {limit}) AS found)"
    )


COUNT_ALL = f"""
    SELECT {_count("users", "role = 'user'", "$2")},
        {_count("users", "role = 'admin'", "$2")},
        {_count("users", "status = 'disabled'", "$2")},
        {_count("sessions", "expires_at > $1", "$2")}
"""

COUNT_AUDIT = f"SELECT {_count('audit', 'name = $1 AND id >= $2 AND id < $3', '$4')}"

SAMPLE_WHEREABOUTS = """
    SELECT ip, place FROM sessions WHERE expires_at > $1 ORDER BY expires_at DESC LIMIT $2
"""
