"""
A peer's rows on PostgreSQL: carried there from its SQLite file, into tables that it made itself.

Each value is carried as text and read by the type of its column there, which is how a person would
do it with two command-line programs.
"""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
"""Of COPY's text format: https://www.postgresql.org/docs/current/sql-copy.html."""

AS_IT_IS = {"PGOPTIONS": "-c session_replication_role=replica -c timezone=UTC"}
"""No key is checked while some rows are there and others are not."""

COUNT_ON = """
SELECT format('SELECT setval(pg_get_serial_sequence(%L, %L), max(%I)) FROM %I HAVING max(%I) > 0',
    quote_ident(table_name), column_name, column_name, table_name, column_name)
FROM information_schema.columns
WHERE table_schema = 'public' AND (is_identity = 'YES' OR column_default LIKE 'nextval(%') \\gexec
ANALYZE
"""
"""Numbers that are given out go on behind those that are taken."""


def carry(file: Path, psql: Path, url: str) -> None:
    """
    Replace what the tables at *url* hold by what those of *file* hold.

    Raises: CalledProcessError: a table is not there, or takes no such value.
    """
    with closing(sqlite3.connect(file)) as db:
        for (table,) in db.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ):
            columns = ", ".join(
                f'"{row[1]}"' for row in db.execute(f'PRAGMA table_info("{table}")')
            )
            copy = f'DELETE FROM "{table}"; COPY "{table}" ({columns}) FROM STDIN'  # noqa: S608 - tables and columns of its own file.
            _run([psql, url, "-qc", copy], _lines(db, table))
    _run([psql, url, "-q"], iter([COUNT_ON]))


def _lines(db: sqlite3.Connection, table: str) -> Iterator[str]:
    for row in db.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - a table of its own file.
        yield "\t".join(map(_text, row)) + "\n"


def _text(value: str | float | None) -> str:
    return "\\N" if value is None else str(value).translate(ESCAPES)


def _run(command: list[str | Path], lines: Iterator[str]) -> None:
    full = [command[0], "-v", "ON_ERROR_STOP=1", "-o", os.devnull, *command[1:]]
    with subprocess.Popen(
        full, stdin=subprocess.PIPE, text=True, env=os.environ | AS_IT_IS
    ) as psql:
        assert psql.stdin
        psql.stdin.writelines(lines)
    if psql.returncode:
        raise subprocess.CalledProcessError(psql.returncode, full)
