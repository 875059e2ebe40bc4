"""What is published can be installed in an empty environment, and serves there."""

import os
import shutil
import subprocess
import sys
import tarfile
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.docs.markdown import ROOT
from tests.server.running import CHEAPEST_ARGON2, answers, eventually, free_port

UV = Path(sys.prefix) / "bin" / "uv"
MINUTES = 60

pytestmark = [
    pytest.mark.only_on("sqlite", because="what is packed is the same for every database"),
    pytest.mark.timeout(6 * MINUTES),
]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the sdist, by their endings."""
    folder = tmp_path_factory.mktemp("packages")
    run("build", "--quiet", "--out-dir", str(folder), str(ROOT))
    return {".whl": next(folder.glob("*.whl")), ".gz": next(folder.glob("*.tar.gz"))}


@pytest.mark.parametrize("ending", [".whl", ".gz"])
def test_a_package_installs_and_serves_in_an_empty_environment(
    packages: dict[str, Path], ending: str, tmp_path: Path
) -> None:
    place, port = tmp_path / "environment", free_port()
    run("venv", "--quiet", "--python", sys.executable, str(place))
    run("pip", "install", "--quiet", "--python", str(place), str(packages[ending]))

    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [place / "bin" / "keystead", "serve", "--port", str(port)],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **CHEAPEST_ARGON2},
            stdout=log,
            stderr=log,
        )
    try:
        eventually(lambda: answers(port), MINUTES)
        person = {"email": "bob@example.com", "password": "correct horse battery staple"}
        url = f"http://127.0.0.1:{port}/auth"
        assert httpx.post(f"{url}/register", json=person, trust_env=False).status_code == 201
        assert httpx.post(f"{url}/login", json=person, trust_env=False).status_code == 200
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()


def test_the_sdist_holds_no_secret_and_no_database(packages: dict[str, Path]) -> None:
    with tarfile.open(packages[".gz"]) as archive:
        names = archive.getnames()

    left = [name for name in names if name.endswith((".db", ".secrets.json", ".env", ".mmdb"))]
    assert left == []
    assert any(name.endswith("crypto/common_passwords.txt.gz") for name in names)


def run(*arguments: str) -> None:
    """Run uv, whose cache has what `make install` has fetched."""
    program = str(UV) if UV.exists() else shutil.which("uv")
    assert program, "`make install` installs uv"
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=3 * MINUTES, check=False
    )
    assert done.returncode == 0, done.stderr
