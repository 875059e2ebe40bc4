"""Several processes open one new file at the same time."""

import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

from tests.store.sqlite_files import open_sqlite, rows_of

REPOSITORY = Path(__file__).parents[2]
FIRST_START = """
import asyncio, json, sys
from pathlib import Path
from keystead.domain.user import PasswordHash
from keystead.store.sqlite import SqliteStore
from tests.store.samples import new_user

async def start():
    sys.stdin.readline()
    store = SqliteStore(Path(sys.argv[1]))
    await store.open()
    outcome = await store.add_user(new_user("admin@example.com"), PasswordHash("x", 1), record=None)
    await store.close()
    return outcome

print("ready", flush=True)
print(json.dumps(asyncio.run(start())))
"""


async def test_a_new_file_that_another_process_is_making_is_waited_for(file: Path) -> None:
    neighbour = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    with closing(neighbour):
        neighbour.execute("BEGIN IMMEDIATE")
        # Opening blocks this thread, so another one has to let go.
        leaving = threading.Timer(0.1, neighbour.execute, ["ROLLBACK"])
        leaving.start()
        async with open_sqlite(file) as store:
            assert await store.find_fingerprint() is None
        leaving.join()


def test_of_several_processes_that_start_at_once_one_makes_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keystead.db"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_START, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=REPOSITORY,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"

    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    answers = [process.communicate() for process in processes]

    assert [errors for _, errors in answers] == [b""] * 4
    assert sorted(json.loads(answer) for answer, _ in answers) == [False, False, False, True]
    assert len(rows_of(path, "SELECT version_num FROM alembic_version")) == 1
