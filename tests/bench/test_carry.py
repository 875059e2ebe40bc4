"""How rows of a peer's SQLite file come to PostgreSQL."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from bench.peers.carry import carry
from tests.databases import Database
from tests.databases.postgres_server import find_programs

pytestmark = pytest.mark.only_on("postgres", because="it is where they are carried to")

IN_THE_FILE = """
CREATE TABLE "user" (id TEXT, "isAdmin" INTEGER, seen TEXT);
CREATE TABLE visit (id INTEGER PRIMARY KEY, "user" TEXT REFERENCES "user", said TEXT);
"""
ON_THE_SERVER = """
CREATE TABLE "user" (id uuid PRIMARY KEY, "isAdmin" boolean, seen timestamptz);
CREATE TABLE visit (id serial PRIMARY KEY, "user" uuid REFERENCES "user", said text);
INSERT INTO visit VALUES (1, NULL, 'of before');
"""
WHO = "00000000-0000-4000-8000-000000000001"
ODD = "tab\t, line\n, \\N and \\t"


def test_values_arrive_as_what_they_are_and_numbers_go_on(
    database: Database, tmp_path: Path
) -> None:
    psql = find_programs() / "psql"
    ask(psql, database.url, ON_THE_SERVER)
    with closing(sqlite3.connect(tmp_path / "peer.db")) as db:
        db.executescript(IN_THE_FILE)
        db.execute("INSERT INTO visit VALUES (7, ?, ?), (8, ?, NULL)", (WHO, ODD, WHO))
        db.execute('INSERT INTO "user" VALUES (?, 1, ?)', (WHO, "2026-01-02 03:04:05.678"))
        db.commit()

    carry(tmp_path / "peer.db", psql, database.url)

    asked = 'SELECT "isAdmin", seen AT TIME ZONE \'UTC\' FROM "user"'
    assert ask(psql, database.url, asked) == "t|2026-01-02 03:04:05.678"
    assert ask(psql, database.url, "SELECT said FROM visit WHERE id = 7") == ODD
    assert ask(psql, database.url, "SELECT said IS NULL FROM visit WHERE id = 8") == "t"
    assert ask(psql, database.url, "INSERT INTO visit DEFAULT VALUES RETURNING id") == "9"


def ask(psql: Path, url: str, statement: str) -> str:
    command = [str(psql), url, "-v", "ON_ERROR_STOP=1", "-qtAc", statement]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.rstrip("\n")
