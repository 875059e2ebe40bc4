"""What the benchmark's peers are pinned to, what their hashes cost, and who takes part."""

import json
import subprocess
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from bench.__main__ import _chosen
from bench.peers.hashes import read_hash
from bench.peers.known import PEERS, keystead, pinned

FOLDER = Path(__file__).parents[2] / "bench" / "peers"
REQUIREMENTS = sorted(FOLDER.glob("*/requirements.txt"))
PACKAGES = FOLDER / "better_auth" / "package-lock.json"


@pytest.mark.parametrize(
    ("text", "shown", "is_enough"),
    [
        ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", "Argon2id m=19456,t=2,p=1", True),
        ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", "Argon2id m=65536,t=3,p=4", True),
        ("$argon2id$v=19$m=19456,t=1,p=1$c2FsdA$aGFzaA", "Argon2id m=19456,t=1,p=1", False),
        ("scrypt$N=131072,r=8,p=1", "scrypt N=131072,r=8,p=1", True),
        ("scrypt$N=16384,r=8,p=5", "scrypt N=16384,r=8,p=5", True),
        ("scrypt$N=16384,r=16,p=1", "scrypt N=16384,r=16,p=1", False),
        ("pbkdf2_sha256$600000$salt$hash", "PBKDF2-HMAC-SHA256 iterations=600000", True),
        ("pbkdf2_sha256$599999$salt$hash", "PBKDF2-HMAC-SHA256 iterations=599999", False),
        ("$2b$10$saltsaltsalt", "bcrypt cost=10", True),
        ("$2b$09$saltsaltsalt", "bcrypt cost=9", False),
    ],
)
def test_a_hash_is_held_against_what_owasp_asks_for(
    text: str, shown: str, *, is_enough: bool
) -> None:
    found = read_hash(text)

    assert (str(found), found.is_enough) == (shown, is_enough)


def test_a_hash_that_nobody_knows_is_no_hash_to_compare_with() -> None:
    with pytest.raises(ValueError, match="no known"):
        read_hash("md5$1$salt$hash")


def test_every_package_of_the_python_peers_has_one_version() -> None:
    assert len(REQUIREMENTS) == 2
    for file in REQUIREMENTS:
        assert len(pinned(file)) == len(file.read_text().splitlines()), file


def test_the_packages_of_better_auth_are_those_that_were_asked_for() -> None:
    asked = json.loads((FOLDER / "better_auth" / "package.json").read_text())["dependencies"]

    assert asked.items() <= pinned(PACKAGES).items()


def test_no_list_of_packages_names_a_registry() -> None:
    for file in [PACKAGES, *REQUIREMENTS, FOLDER / "better_auth" / ".npmrc"]:
        text = file.read_text()
        assert "resolved" not in text.replace("registry-resolved", ""), file
        assert "registry." not in text, file
        assert "index-url" not in text, file


def test_a_peer_that_is_not_installed_says_how_it_would_be(tmp_path: Path) -> None:
    peers = [replace(peer(), installed=tmp_path / "nothing", needs="") for peer in PEERS]

    assert [peer.missing for peer in peers] == [
        f"{name} left out: `make bench-peers` installs it"
        for name in ("Better Auth", "FastAPI Users", "django-allauth")
    ]


def test_a_peer_whose_interpreter_is_not_there_says_so(tmp_path: Path) -> None:
    peer = replace(PEERS[0](), installed=tmp_path, needs="no-such-program")

    assert peer.missing == "Better Auth left out: no-such-program is not installed"
    assert keystead().missing is None


def test_passwords_and_addresses_are_sent_as_each_of_them_reads_them() -> None:
    bodies = {
        peer.name: peer.sign_in("ada@example.com", "a b").partition(b"\r\n\r\n")[2]
        for peer in (keystead(), *(make() for make in PEERS))
    }

    assert json.loads(bodies["Keystead"]) == {"email": "ada@example.com", "password": "a b"}
    assert bodies["FastAPI Users"] == b"username=ada%40example.com&password=a+b"
    assert bodies["Keystead"] == bodies["Better Auth"] == bodies["django-allauth"]


def test_what_was_asked_for_holds_for_the_peers_and_the_rest_is_theirs() -> None:
    asked = Namespace(rounds=7, seconds=None, sessions=None)

    assert _chosen(asked, "peers") == {
        "rounds": 7,
        "seconds": 1,
        "sessions": [1_000, 100_000, 1_000_000],
    }
    assert _chosen(asked, "profile") == {
        "rounds": 7,
        "seconds": 2,
        "sessions": [1_000, 1_000_000],
    }


def test_the_process_that_measures_has_loaded_nothing_that_a_server_would_share_with_it() -> None:
    program = "import sys, bench.__main__; print({name.partition('.')[0] for name in sys.modules})"
    asked = [sys.executable, "-c", program]
    done = subprocess.run(asked, cwd=FOLDER.parents[1], capture_output=True, text=True, check=True)

    assert "argparse" in done.stdout
    for name in ("keystead", "pydantic", "sqlite3", "tests"):
        assert f"'{name}'" not in done.stdout
