import os
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from tests.places.databases import city_archive, city_database
from tests.places.maxmind import MaxMind, serve


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def one_certificate(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Spare every client the 30 ms of loading all of them: nothing here is encrypted."""
    end = "-----END CERTIFICATE-----\n"
    first = Path(certifi.where()).read_text().partition(end)[0] + end
    path = tmp_path_factory.getbasetemp() / "one.pem"
    path.write_text(first)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "geo"
    folder.mkdir()
    return folder


@pytest.fixture
def target(folder: Path, tmp_path: Path) -> Path:
    """An old database in place: it says Rome, where the new one says London."""
    target = folder / "GeoLite2-City.mmdb"
    target.write_bytes(city_database(tmp_path, "Rome"))
    os.utime(target, (0, 0))
    return target


@pytest.fixture
def maxmind(tmp_path: Path) -> Iterator[MaxMind]:
    with serve(MaxMind(city_archive(city_database(tmp_path)))) as maxmind:
        yield maxmind
