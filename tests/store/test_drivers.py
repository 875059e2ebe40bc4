"""Each driver is loaded by those who use it, and by nobody else."""

import subprocess
import sys

import pytest

LOADED = """
import sys
from keystead.store import open_store
open_store(sys.argv[1], 5)
print(*sorted({"asyncpg", "bson", "pymongo", "sqlalchemy"} & sys.modules.keys()))
"""


@pytest.mark.parametrize(
    ("url", "drivers"),
    [("sqlite:///keystead.db", ""), ("mongodb://localhost/keystead", "bson pymongo")],
)
def test_a_store_loads_its_own_driver_only(url: str, drivers: str) -> None:
    ran = subprocess.run([sys.executable, "-c", LOADED, url], capture_output=True, check=True)

    assert ran.stdout.decode().strip() == drivers
