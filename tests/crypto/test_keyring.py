import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from keystead.assembly import open_tools
from keystead.crypto.keyring import Keyring, derive, digest
from keystead.crypto.secrets_file import SecretsFile, SecretsFileUnusable, load_or_create
from keystead.domain.keys import KeyRefused, KeyState, KeyUse
from keystead.flows.register import register
from keystead.settings import Settings
from tests.conftest import Clock
from tests.crypto.samples import new_keyring
from tests.databases import Database, secrets_of
from tests.people import PASSWORD

FIRST_START = """
import sys
from pathlib import Path
from keystead.crypto.secrets_file import load_or_create

print("ready", flush=True)
sys.stdin.readline()
keyring = load_or_create(Path(sys.argv[1]), may_create=lambda: True)
print(keyring.fingerprint, keyring.signing_keys[0]["kid"])
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A secrets file as it is made."""
    new_keyring(tmp_path)
    return tmp_path / "secrets.json"


@pytest.fixture
def _no_umask() -> Iterator[None]:
    """The operator's umask hides nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def read(path: Path) -> Keyring:
    return load_or_create(path, may_create=lambda: False)


@pytest.mark.usefixtures("_no_umask")
def test_only_the_owner_can_read_new_secrets(tmp_path: Path) -> None:
    new_keyring(tmp_path / "new")

    assert [file.name for file in (tmp_path / "new").iterdir()] == ["secrets.json"]
    assert stat.S_IMODE((tmp_path / "new" / "secrets.json").stat().st_mode) == 0o600


def test_a_file_that_is_there_is_read_and_never_written(path: Path) -> None:
    before = path.read_bytes()

    assert new_keyring(path.parent) == read(path)

    assert path.read_bytes() == before


def test_every_installation_has_keys_of_its_own(tmp_path: Path) -> None:
    one, two = new_keyring(tmp_path, "one.json"), new_keyring(tmp_path, "two.json")

    assert one.master_keys != two.master_keys
    assert one.signing_keys != two.signing_keys
    assert one.fingerprint != two.fingerprint


def test_of_eight_processes_that_start_at_once_all_read_the_same_secrets(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secrets.json"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_START, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(8)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()

    answers = [process.communicate() for process in processes]

    assert [errors for _, errors in answers] == [b""] * 8
    assert len({answer for answer, _ in answers}) == 1
    assert [file.name for file in path.parent.iterdir()] == ["secrets.json"]
    assert answers[0][0].split()[0].decode() == read(path).fingerprint


def test_what_a_crashed_start_of_the_same_process_id_left_behind_does_no_harm(
    tmp_path: Path,
) -> None:
    # In a container the process id is the same at every start.
    (tmp_path / f".secrets.json.{os.getpid()}").write_text("half")

    assert new_keyring(tmp_path) == read(tmp_path / "secrets.json")


def test_secrets_that_are_missed_are_not_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"

    with pytest.raises(SecretsFileUnusable, match=r"secrets\.json is missing.*back-up") as refusal:
        load_or_create(path, may_create=lambda: False)

    assert "KEYSTEAD_SECRETS_FILE" in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o601, 0o777])
def test_a_file_that_others_can_touch_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)

    with pytest.raises(SecretsFileUnusable, match=f"chmod 600 {path}"):
        read(path)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_that_only_its_owner_can_touch_is_read(path: Path, mode: int) -> None:
    path.chmod(mode)

    assert read(path).newest_id == 1


def test_a_folder_is_no_secrets_file(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").mkdir(0o700)

    with pytest.raises(SecretsFileUnusable, match="cannot read"):
        read(tmp_path / "secrets.json")


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SecretsFileUnusable, match="cannot write"):
        load_or_create(tmp_path / "file" / "secrets.json", may_create=lambda: True)


async def test_secrets_of_another_database_are_refused(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    async with open_tools(settings):
        pass
    new_keyring(tmp_path, "foreign.json")
    (tmp_path / "foreign.json").rename(secrets_of(database))

    with pytest.raises(SecretsFileUnusable, match="belongs to another database"):
        async with open_tools(settings):
            pass


async def test_a_database_in_use_does_not_start_without_its_secrets(
    settings: Settings, database: Database, clock: Clock
) -> None:
    async with open_tools(settings) as tools:
        bob = await register(tools, "bob@example.com", PASSWORD, clock.now)
    secrets = secrets_of(database)
    aside = secrets.rename(secrets.with_name("aside"))

    with pytest.raises(SecretsFileUnusable, match="is missing"):
        async with open_tools(settings):
            pass

    assert not secrets.exists()
    aside.rename(secrets)
    async with open_tools(settings) as tools:
        found = await tools.store.find_credentials(bob.email)
        assert found is not None
        assert await tools.passwords.verify(PASSWORD, found.password)


def test_the_fingerprint_knows_the_oldest_key_and_reveals_nothing(keyring: Keyring) -> None:
    fingerprint = keyring.fingerprint
    rotated = Keyring({**keyring.master_keys, 2: bytes(32)}, keyring.signing_keys)

    assert len(fingerprint) == 16
    assert set(fingerprint) <= set("0123456789abcdef")
    assert rotated.fingerprint == fingerprint
    assert Keyring({1: bytes(32)}, ()).fingerprint != fingerprint
    master_key = keyring.master_keys[1]
    assert not digest(master_key.hex()).startswith(fingerprint)
    assert fingerprint not in master_key.hex()


def test_no_key_serves_two_purposes(keyring: Keyring) -> None:
    purposes = ["password pepper", "refresh token seal", "refresh token proof", "fingerprint"]

    keys = {derive(keyring.master_keys[1], purpose) for purpose in purposes}

    assert len(keys | {keyring.master_keys[1]}) == len(purposes) + 1


def test_of_operators_who_rotate_at_once_one_makes_a_key(path: Path, clock: Clock) -> None:
    now, start = clock(), clock() + timedelta(minutes=10)

    with ThreadPoolExecutor(8) as operators:
        made = [
            operators.submit(SecretsFile(path).add_key, KeyUse.SIGNING, start, now)
            for _ in range(8)
        ]

    assert [isinstance(each.exception(), KeyRefused) for each in made].count(True) == 7
    states = [line.state for line in SecretsFile(path).list_keys(now)]
    assert states.count(KeyState.NEXT) == 1
